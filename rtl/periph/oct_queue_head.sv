// SPDX-License-Identifier: Apache-2.0
// oct_queue_head: the descriptor at the head of one queue. Its waits follow every access to their
// semaphores; job_valid_o comes from a flip-flop, one cycle after the news that fulfils the last
// wait. Test: tb/unit/periph/oct_queues_test.cpp.
`include "oct_assert.svh"

module oct_queue_head
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
#(
  parameter int unsigned PayPairs = 4  // payload registers, in pairs of words from w4 on
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      clear_i,   // drops everything
  input  logic                      flush_i,   // drops what is not offered yet

  input  logic                      load_sel_i,
  input  load_t                     load_i,
  output logic                      want_o,    // empty: load the next descriptor
  input  sem_news_t                 news_i,

  output logic                      job_valid_o,
  input  logic                      job_ready_i,
  output logic [7:0]                op_o,
  output logic [64*PayPairs-1:0]    words_o,

  input  logic                      room_i,    // of oct_queue_emit
  output logic                      push_o,
  output logic                      push_auto_o,
  output logic                      push_fail_o,
  output signal_t [1:0]             sig_o,
  output logic [15:0]               tag_o,

  output logic                      leave_o,   // the descriptor counts as consumed
  output logic                      leave_two_o,
  output head_status_t              status_o   // in_flight is not set here
);
  logic                   valid_q, offered_q, bad_q, two_q;
  logic [7:0]             op_q;
  logic [15:0]            tag_q;
  logic [64*PayPairs-1:0] words_q;
  signal_t [1:0]          sig_q;
  logic [1:0]             en_q, ok_q, poison_q, ok_d, poison_d;
  logic [1:0][5:0]        sem_q;
  logic [1:0][15:0]       wanted_q, found_q;
  logic [1:0]             hit;
  logic                   startable, skip;
  logic                   unused_sel;
  assign unused_sel = ^load_i.sel;

  // ---- Waits ---------------------------------------------------------------------------------
  always_comb begin
    logic signed [15:0] ahead;
    ok_d     = ok_q;
    poison_d = poison_q;
    hit      = '0;
    ahead    = '0;
    if (news_i.valid) begin
      for (int unsigned i = 0; i < 2; i++) begin
        ahead  = news_i.value - wanted_q[i];
        hit[i] = en_q[i] && news_i.sem == sem_q[i] && !news_i.all;
        if (hit[i]) begin
          ok_d[i]     = ahead >= 0;
          poison_d[i] = news_i.poison;
        end
        if (news_i.all && en_q[i]) poison_d[i] = 1'b1;
      end
    end
  end

  assign startable = valid_q && !offered_q && room_i && !bad_q && op_q != OpNop;
  // What never reaches the unit: malformed, poisoned, or nothing to do.
  assign skip      = valid_q && !offered_q && room_i &&
                     (bad_q || poison_q != '0 || (op_q == OpNop && ok_q == '1));

  assign job_valid_o = offered_q;
  assign push_o      = skip || (offered_q && job_ready_i);
  assign push_auto_o = skip;
  assign push_fail_o = bad_q || poison_q != '0;
  assign sig_o       = sig_q;
  assign tag_o       = tag_q;
  assign op_o        = op_q;
  assign words_o     = words_q;
  assign want_o      = !valid_q;
  assign leave_two_o = two_q;

  logic offer;
  assign offer   = startable && !skip && ok_d == '1 && poison_d == '0 && !flush_i;
  assign leave_o = (offer || skip) && !flush_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q   <= 1'b0;
      offered_q <= 1'b0;
      en_q      <= '0;
    end else if (clear_i) begin
      valid_q   <= 1'b0;
      offered_q <= 1'b0;
      en_q      <= '0;
    end else if (load_sel_i) begin
      if (load_i.write && load_i.pair == 4'd0) en_q <= {1'b0, load_i.data[63]};
      if (load_i.write && load_i.pair == 4'd1) en_q[1] <= load_i.data[31];
      if (load_i.finish) valid_q <= 1'b1;
    end else if (valid_q) begin
      if (offer) offered_q <= 1'b1;
      if (push_o || (flush_i && !offered_q)) begin
        valid_q   <= 1'b0;
        offered_q <= 1'b0;
        en_q      <= '0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (news_i.valid) begin
      ok_q     <= ok_d;
      poison_q <= poison_d;
      if (hit[0]) found_q[0] <= news_i.value;
      if (hit[1]) found_q[1] <= news_i.value;
    end
    if (load_sel_i && load_i.write) begin
      if (load_i.pair == 4'd0) begin
        op_q        <= load_i.data[7:0];
        tag_q       <= load_i.data[31:16];
        wanted_q[0] <= load_i.data[47:32];
        sem_q[0]    <= load_i.data[53:48];
        ok_q[0]     <= !load_i.data[63];
        poison_q    <= '0;
        if (PayPairs > 4) words_q <= '0;  // an engine job of one unit reads zeros above it
      end
      if (load_i.pair == 4'd1) begin
        wanted_q[1] <= load_i.data[15:0];
        sem_q[1]    <= load_i.data[21:16];
        ok_q[1]     <= !load_i.data[31];
        sig_q       <= load_i.data[63:32];
      end
      for (int unsigned p = 0; p < PayPairs; p++) begin
        if (load_i.pair == 4'(p + 2)) words_q[64*p+:64] <= load_i.data;
      end
    end
    if (load_sel_i && load_i.finish) begin
      bad_q <= load_i.bad;
      two_q <= load_i.two;
    end
  end

  // ---- Status: the wait that is missing, wait 0 first ------------------------------------------
  logic which;
  assign which = ok_q[0];
  always_comb begin
    status_o           = '0;
    status_o.valid     = valid_q;
    status_o.waiting   = valid_q && !offered_q && ok_q != '1;
    status_o.offered   = offered_q;
    status_o.poisoned  = valid_q && poison_q != '0;
    status_o.op        = op_q;
    status_o.tag       = tag_q;
    status_o.which     = which;
    status_o.sem       = sem_q[which];
    status_o.wanted    = wanted_q[which];
    status_o.found     = found_q[which];
  end

  `OCT_ASSERT_STREAM(JobHeld_A, job_valid_o, job_ready_i || clear_i, {op_q, tag_q, words_q})
endmodule
