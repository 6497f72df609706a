// SPDX-License-Identifier: Apache-2.0
// oct_tcdm_xbar: who gets which bank of L1 in this cycle. In every bank a line goes before a word port,
// that before a narrow port; oct_tcdm_rescue bounds everybody's wait. A bank is granted alone: lanes of
// a line and ports of the engine do not wait for one another. Grants are combinational; what may hold a
// bank back (an AMO's lock, a privileged master) lies in flip-flops.
// Test: tb/unit/tcdm/oct_tcdm_test.cpp. Proof: formal/memory/tcdm_xbar.sv.
`include "oct_assert.svh"

module oct_tcdm_xbar
  import oct_tcdm_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic                              clk_i,
  input  logic                              rst_ni,
  input  logic                              clear_i,       // grants nothing, forgets locks
  output logic                              idle_o,        // no bank is locked

  input  narrow_req_t  [NumNarrow-1:0]      narrow_i,
  input  l1_word_req_t [NumWord-1:0]        word_i,
  input  l1_line_req_t [NumLine-1:0]        line_i,

  output logic [NumNarrow-1:0]              narrow_ready_o,
  output logic [NumWord-1:0]                word_ready_o,
  output logic [NumLine-1:0][LineLanes-1:0] line_ready_o,

  output banks_t [NumNarrow-1:0]            narrow_gnt_o,  // one-hot or zero
  output banks_t [NumWord-1:0]              word_gnt_o,
  output banks_t [NumLine-1:0]              line_gnt_o,    // up to eight banks of one group
  output bank_idx_t [NumMasters-1:0]        bank_o,        // bank asked for; a line's first bank
  output tcdm_events_t                      events_o
);
  localparam int unsigned OrderWidth = 8;

  banks_t [NumNarrow-1:0] narrow_ask;
  banks_t [NumWord-1:0]   word_ask;
  banks_t [NumLine-1:0]   line_ask;
  banks_t                 line_any, line_taken, word_any, hold, held, lock_d, lock_q, lock2_q,
      unused_any;
  logic [NumMasters-1:0]  vip, lost;
  logic [NumLine-1:0][LineLanes-1:0] line_mask;
  logic [OrderWidth-1:0]  order_q;
  logic [NumLine-1:0][1:0] line_age_q;
  logic [NumLine-1:0]     line_first;
  logic                   line_lead, asked;

  // ---- Who asks for which bank ---------------------------------------------------------------
  assign held = lock_q | lock2_q;

  always_comb begin
    bank_o = '0;
    asked  = 1'b0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      narrow_ask[m] = '0;
      if (narrow_i[m].valid && !clear_i) begin
        bank_o[m]     = l1_bank(narrow_i[m].word);
        narrow_ask[m] = (banks_t'(1) << bank_o[m]) &
            ~(narrow_i[m].owner ? '0 : held | (vip[m] ? '0 : hold));
        asked         = 1'b1;
      end
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      word_ask[m] = '0;
      if (word_i[m].valid && !clear_i) begin
        bank_o[NumNarrow+m] = l1_bank(word_i[m].word);
        word_ask[m] = (banks_t'(1) << bank_o[NumNarrow+m]) &
            ~(held | (vip[NumNarrow+m] ? '0 : hold));
        asked       = 1'b1;
      end
    end
    for (int unsigned m = 0; m < NumLine; m++) begin
      line_ask[m]  = '0;
      line_mask[m] = '0;
      if (line_i[m].mask != '0 && !clear_i) begin
        line_mask[m] = line_i[m].mask;
        bank_o[NumNarrow+NumWord+m] = l1_bank({line_i[m].line, 3'd0});
        for (int unsigned g = 0; g < NumGroups; g++) begin
          if (bank_o[NumNarrow+NumWord+m][BankIdxWidth-1:3] == GroupIdxWidth'(g)) begin
            line_ask[m][LineLanes*g +: LineLanes] = line_i[m].mask;
          end
        end
        line_ask[m] = line_ask[m] & ~(held | (vip[NumNarrow+NumWord+m] ? '0 : hold));
        asked       = 1'b1;
      end
    end
  end

  // ---- One of each class, then one of the classes ------------------------------------------------
  // A fresh line yields to words, whose streams have mostly moved on to other banks one cycle later; a
  // line refused LinePatience times, or of a stream that falls behind, goes first. So both keep their
  // rates where the banks allow it.
  always_comb begin
    line_any   = line_ask[0] | line_ask[1];
    line_taken = (line_first[0] ? line_ask[0] : '0) | (line_first[1] ? line_ask[1] : '0);
    line_lead  = (line_first[0] == line_first[1]) ? order_q[0] : line_first[1];
    line_gnt_o[0] = line_ask[0] & ~((line_first[0] ? '0 : word_any) | (line_lead ?
        line_ask[1] : '0));
    line_gnt_o[1] = line_ask[1] & ~((line_first[1] ? '0 : word_any) | (line_lead ? '0 :
        line_ask[0]));
  end

  oct_tcdm_arb #(.N(NumWord)) u_word (
    .req_i   (word_ask),
    .taken_i (line_taken),
    .order_i (order_q[$clog2(NumWord)-1:0]),
    .gnt_o   (word_gnt_o),
    .any_o   (word_any)
  );

  oct_tcdm_arb #(.N(NumNarrow)) u_narrow (
    .req_i   (narrow_ask),
    .taken_i (line_any | word_any),
    .order_i (order_q[$clog2(NumNarrow)-1:0]),
    .gnt_o   (narrow_gnt_o),
    .any_o   (unused_any)
  );

  // ---- Answers to the masters --------------------------------------------------------------------
  always_comb begin
    lost = '0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      narrow_ready_o[m] = narrow_gnt_o[m] != '0;
      lost[m]           = narrow_i[m].valid && !clear_i && !narrow_ready_o[m];
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      word_ready_o[m]   = word_gnt_o[m] != '0;
      lost[NumNarrow+m] = word_i[m].valid && !clear_i && !word_ready_o[m];
    end
    for (int unsigned m = 0; m < NumLine; m++) begin
      line_ready_o[m] = '0;
      for (int unsigned g = 0; g < NumGroups; g++) begin
        line_ready_o[m] = line_ready_o[m] | line_gnt_o[m][LineLanes*g +: LineLanes];
      end
      lost[NumNarrow+NumWord+m] = (line_mask[m] & ~line_ready_o[m]) != '0;
    end
  end

  oct_tcdm_rescue u_rescue (
    .clk_i, .rst_ni, .clear_i,
    .lost_i (lost),
    .bank_i (bank_o),
    .vip_o  (vip),
    .hold_o (hold)
  );

  // ---- Locks, the order of rivals, counters ------------------------------------------------------
  always_comb begin
    lock_d = '0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      if (narrow_i[m].lock) lock_d = lock_d | narrow_gnt_o[m];
    end
  end
  assign idle_o = held == '0;

  always_comb begin
    for (int unsigned m = 0; m < NumLine; m++) begin
      line_first[m] = line_age_q[m] == 2'(LinePatience) || line_i[m].urgent;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      lock_q   <= '0;
      lock2_q  <= '0;
      order_q  <= '1;
      line_age_q <= '0;
      events_o <= '0;
    end else if (asked || events_o != '0 || !idle_o) begin
      lock_q  <= clear_i ? '0 : lock_d;
      lock2_q <= clear_i ? '0 : lock_q;
      for (int unsigned m = 0; m < NumLine; m++) begin
        if (!lost[NumNarrow+NumWord+m]) line_age_q[m] <= '0;
        else if (line_age_q[m] != 2'(LinePatience)) line_age_q[m] <= line_age_q[m] + 1'b1;
      end
      // A shift register with feedback x^8 + x^6 + x^5 + x^4 + 1 never is zero and repeats after 255.
      order_q <= {order_q[6:0], order_q[7] ^ order_q[5] ^ order_q[4] ^ order_q[3]};
      events_o.narrow_granted <= $bits(events_o.narrow_granted)'($countones(narrow_ready_o));
      events_o.narrow_refused <= $bits(events_o.narrow_refused)'($countones(lost[0 +: NumNarrow]));
      events_o.word_granted   <= $bits(events_o.word_granted)'($countones(word_ready_o));
      events_o.word_refused   <=
          $bits(events_o.word_refused)'($countones(lost[NumNarrow +: NumWord]));
      events_o.line_granted   <= $bits(events_o.line_granted)'($countones(line_ready_o));
      events_o.line_refused   <=
          $bits(events_o.line_refused)'($countones(line_mask & ~line_ready_o));
    end
  end

  // ---- Every bank serves one master; the owner of a lock always gets its bank ----------------------
`ifndef OCT_NO_ASSERT
  banks_t once, twice;
  logic   owner_refused;
  always_comb begin
    once          = '0;
    twice         = '0;
    owner_refused = 1'b0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      twice = twice | (once & narrow_gnt_o[m]);
      once  = once | narrow_gnt_o[m];
      if (narrow_i[m].valid && narrow_i[m].owner && !narrow_ready_o[m]) owner_refused = !clear_i;
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      twice = twice | (once & word_gnt_o[m]);
      once  = once | word_gnt_o[m];
    end
    for (int unsigned m = 0; m < NumLine; m++) begin
      twice = twice | (once & line_gnt_o[m]);
      once  = once | line_gnt_o[m];
    end
  end
  `OCT_ASSERT(OneMasterPerBank_A, twice == '0)
  `OCT_ASSERT(OwnerServed_A, !owner_refused)
`endif
endmodule
