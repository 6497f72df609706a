// SPDX-License-Identifier: Apache-2.0
// oct_queue_emit: what the jobs of one queue will signal when they end. Jobs end in order; those
// that never reach the unit (no-operation, skipped, malformed) wait here for their turn, so a queue
// signals in its own order. A failed job poisons instead.
// done_i -> sem_req_o in the same cycle. Test: tb/unit/periph/oct_queues_test.cpp.
`include "oct_assert.svh"

module oct_queue_emit
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              clear_i,

  input  logic              push_i,       // a job leaves the head; only while room_o
  output logic              room_o,
  input  logic              push_auto_i,  // it ends by itself
  input  logic              push_fail_i,  // and has failed
  input  signal_t [1:0]     push_sig_i,
  input  logic [15:0]       push_tag_i,

  input  logic              done_i,       // the unit's oldest job ended
  input  logic              done_fail_i,
  output logic [15:0]       done_tag_o,   // its tag

  output logic              sem_valid_o,
  output sem_op_e           sem_op_o,
  output logic [5:0]        sem_idx_o,
  output logic [7:0]        sem_add_o,
  input  logic              sem_grant_i,

  output logic [2:0]        count_o       // jobs that have not signalled yet
);
  localparam int unsigned PtrWidth = $clog2(InFlight);

  typedef struct packed {
    logic          is_auto;
    logic          fail;
    signal_t [1:0] sig;
  } entry_t;

  entry_t              mem_q [InFlight];
  logic [15:0]         tag_q [InFlight];   // of the jobs in the unit only
  logic [InFlight-1:0] res_q;              // how they ended: failed
  logic [PtrWidth-1:0] wr_q, rd_q, tag_wr_q, tag_rd_q, res_rd_q;
  logic [2:0]          count_q, res_count_q;
  logic                second_q;           // signal 0 of the oldest is out

  entry_t              head;
  logic                ended, failed, last, pop;
  signal_t             sig;

  assign room_o     = count_q != 3'(InFlight);
  assign count_o    = count_q;
  assign done_tag_o = tag_q[tag_rd_q];
  assign head       = mem_q[rd_q];

  // A result that arrives in this very cycle counts already.
  assign ended  = count_q != '0 && (head.is_auto || res_count_q != '0 || done_i);
  assign failed = head.is_auto ? head.fail : (res_count_q != '0 ? res_q[res_rd_q] : done_fail_i);

  // Signal 0 if enabled and not out yet, then signal 1.
  assign sig         = (head.sig[0].enable && !second_q) ? head.sig[0] : head.sig[1];
  assign last        = second_q || !head.sig[0].enable || !head.sig[1].enable;
  logic unused_rsvd;
  assign unused_rsvd = sig.rsvd;
  assign sem_valid_o = ended && sig.enable;
  assign sem_op_o    = failed ? SemPoison : SemAdd;
  assign sem_idx_o   = sig.sem;
  assign sem_add_o   = sig.add;
  assign pop         = ended && (!sig.enable || (sem_grant_i && last));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wr_q        <= '0;
      rd_q        <= '0;
      tag_wr_q    <= '0;
      tag_rd_q    <= '0;
      res_rd_q    <= '0;
      count_q     <= '0;
      res_count_q <= '0;
      second_q    <= 1'b0;
    end else if (clear_i) begin
      wr_q        <= '0;
      rd_q        <= '0;
      tag_wr_q    <= '0;
      tag_rd_q    <= '0;
      res_rd_q    <= '0;
      count_q     <= '0;
      res_count_q <= '0;
      second_q    <= 1'b0;
    end else if (push_i || count_q != '0) begin
      if (push_i) wr_q <= wr_q + 1'b1;
      if (push_i && !push_auto_i) tag_wr_q <= tag_wr_q + 1'b1;
      if (done_i) tag_rd_q <= tag_rd_q + 1'b1;
      if (pop) begin
        rd_q     <= rd_q + 1'b1;
        second_q <= 1'b0;
        if (!head.is_auto) res_rd_q <= res_rd_q + 1'b1;
      end else if (sem_valid_o && sem_grant_i) begin
        second_q <= 1'b1;
      end
      count_q     <= count_q + 3'(push_i) - 3'(pop);
      res_count_q <= res_count_q + 3'(done_i) - 3'(pop && !head.is_auto);
    end
  end

  always_ff @(posedge clk_i) begin
    if (push_i) begin
      mem_q[wr_q] <= '{is_auto: push_auto_i, fail: push_fail_i, sig: push_sig_i};
      if (!push_auto_i) tag_q[tag_wr_q] <= push_tag_i;
    end
    if (done_i) res_q[tag_rd_q] <= done_fail_i;
  end

  `OCT_ASSERT(PushRoom_A, push_i |-> room_o)
  `OCT_ASSERT(DoneKnown_A, done_i && !clear_i |-> tag_wr_q != tag_rd_q || res_count_q < count_q)
endmodule
