// SPDX-License-Identifier: Apache-2.0
// oct_queue_errors: the record of the first error, dead queues, and the flush that clears both.
// error_clear_i starts it: no new jobs, the queues are emptied, and when the jobs under way have
// ended, semaphores, poison and record are cleared. Test: tb/unit/periph/oct_queues_test.cpp.
module oct_queue_errors
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       clear_i,

  input  logic                       fetch_fail_i,   // a read of descriptors
  input  logic [2:0]                 fail_queue_i,
  input  logic [31:0]                fail_addr_i,
  input  logic                       bell_bad_i,     // a doorbell beyond the ring
  input  logic [2:0]                 bell_queue_i,
  input  logic [31:0]                bell_field_i,
  input  logic                       load_bad_i,     // a malformed descriptor
  input  error_t                     load_error_i,
  input  error_t                     ext_error_i,
  input  job_done_t [NumQueues-1:0]  done_i,
  input  logic [NumQueues-1:0][15:0] done_tag_i,

  input  logic                       error_clear_i,  // one cycle
  input  logic                       quiet_i,        // no job, no signal, no read is under way
  input  logic                       ring_busy_i,
  input  logic                       poisoned_i,     // poison_all_o is done in this cycle

  output logic [NumQueues-1:0]       dead_o,
  output logic [NumQueues-1:0]       flush_o,        // empty these queues, start nothing
  output logic                       flushing_o,
  output logic                       flush_end_o,    // reset the semaphores
  output logic                       poison_all_o,
  output error_t                     error_o,
  output logic                       error_event_o   // one cycle
);
  error_t               error_q, first_error;
  logic                 error_event_q, flush_q, poison_all_q;
  logic [NumQueues-1:0] dead_q, dying;
  logic [1:0]           quiet_q;

  assign dead_o        = dead_q;
  assign flush_o       = dead_q | {NumQueues{clear_i || flush_q}};
  assign flushing_o    = flush_q;
  assign poison_all_o  = poison_all_q;
  assign error_o       = error_q;
  assign error_event_o = error_event_q;
  // The last signals leave two cycles before the semaphores are reset.
  assign flush_end_o   = flush_q && quiet_q == 2'd3 && !ring_busy_i;

  // A read or a doorbell that fails loses descriptors whose signals nobody knows: the queue dies
  // and every semaphore is poisoned, so that whoever waits for them is skipped.
  always_comb begin
    dying = '0;
    if (fetch_fail_i) dying[fail_queue_i] = 1'b1;
    if (bell_bad_i)   dying[bell_queue_i] = 1'b1;
  end

  always_comb begin
    first_error = '0;
    if (fetch_fail_i) begin
      first_error = '{valid: 1'b1, qid: fail_queue_i, tag: '0, cause: CauseFetch,
                      addr: fail_addr_i};
    end else if (bell_bad_i) begin
      first_error = '{valid: 1'b1, qid: bell_queue_i, tag: '0, cause: CauseBadField,
                      addr: bell_field_i};
    end else if (load_bad_i) begin
      first_error = load_error_i;
    end else if (ext_error_i.valid) begin
      first_error = ext_error_i;
    end
    for (int unsigned q = 0; q < NumQueues; q++) begin
      if (done_i[q].valid && done_i[q].cause != CauseNone) begin
        first_error = '{valid: 1'b1, qid: 3'(q), tag: done_tag_i[q], cause: done_i[q].cause,
                        addr: done_i[q].addr};
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      error_q       <= '0;
      error_event_q <= 1'b0;
      flush_q       <= 1'b0;
      dead_q        <= '0;
      poison_all_q  <= 1'b0;
      quiet_q       <= '0;
    end else if (clear_i || flush_end_o) begin
      error_q       <= '0;
      error_event_q <= 1'b0;
      flush_q       <= 1'b0;
      dead_q        <= '0;
      poison_all_q  <= 1'b0;
      quiet_q       <= '0;
    end else begin
      if (error_event_q) error_event_q <= 1'b0;
      if (first_error.valid && !error_q.valid) begin
        error_q       <= first_error;
        error_event_q <= 1'b1;
      end
      if (dying != '0) begin
        dead_q       <= dead_q | dying;
        poison_all_q <= 1'b1;
      end else if (poison_all_q && poisoned_i) begin
        poison_all_q <= 1'b0;
      end
      if (error_clear_i) flush_q <= 1'b1;
      if (flush_q) quiet_q <= quiet_i ? quiet_q + 1'b1 : '0;
    end
  end
endmodule
