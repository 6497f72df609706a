// SPDX-License-Identifier: Apache-2.0
// oct_dma_out: L1 -> L2 copies. One L1 line and one write beat per cycle; lines of the next job are
// read while the last one's answers are still to come. A job is done with its last write response.
// Test: tb/unit/dma/oct_dma_test.cpp.
module oct_dma_out
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_dma_pkg::*;
(
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     clear_i,
  output logic                     idle_o,
  input  logic [31:0]              l2_offset_i,

  input  logic                     job_valid_i,
  output logic                     job_ready_o,
  input  dma_job_t                 job_i,
  output job_done_t                done_o,

  output axi_wr_req_t              axi_o,
  input  axi_wr_rsp_t              axi_i,
  input  logic                     timeout_i,     // the write response answers a time-out

  output l1_line_req_t             l1_o,
  input  l1_line_rsp_t             l1_i,
  output logic                     next_valid_o,  // the bank group asked for in the next cycle
  output logic [GroupIdxWidth-1:0] next_group_o,

  output logic ev_busy_o, ev_beat_o, ev_line_o, ev_wait_l2_o, ev_wait_l1_o, ev_refused_o
);
  localparam int unsigned Slots = 3;

  logic        done_valid_q;
  cause_e      done_cause_q;
  logic [31:0] done_addr_q;

  assign done_o = '{valid: done_valid_q, cause: done_cause_q, addr: done_addr_q};

  // ---- Jobs ----------------------------------------------------------------------------------
  ptr_t                 wr_ptr, end_q, aws_q, restart_ptr;
  xfer_t [JobSlots-1:0] jobs;
  logic                 jobs_idle, stop, strobes_off, drain_q, flush_q, flushed, drained;

  oct_dma_jobs #(.Fill(1'b0)) u_jobs (
    .clk_i, .rst_ni, .clear_i(clear_i || drain_q), .l2_offset_i,
    .job_valid_i, .job_ready_o, .job_i,
    .end_ptr_i(end_q), .wr_ptr_o(wr_ptr), .jobs_o(jobs), .idle_o(jobs_idle)
  );

  // `drain`: everything is dropped. `flush`: a write failed while its job's bursts were still being
  // announced; the job ends here. Both wait for what is owed on the bus.
  assign flushed     = flush_q && drained;
  assign stop        = clear_i || strobes_off;
  assign strobes_off = drain_q || flush_q;
  assign restart_ptr = (clear_i || drain_q) ? '0 : end_q + 1'b1;
  assign idle_o      = jobs_idle && drained && !done_valid_q;

  // ---- L1 -> slots -------------------------------------------------------------------------------
  step_t                             step;
  logic                              step_valid, take, line_valid;
  logic [LineWidth-1:0]              line_data;
  logic [1:0]                        head_q, next_slot;
  logic [Slots-1:0]                  full, release_slots;
  logic [Slots-1:0][LineWidth-1:0]   slot_data;
  logic [Slots-1:0][LineBytes-1:0]   slot_be;
  logic [Slots-1:0][L1LineWidth-1:0] slot_line;
  tag_t [Slots-1:0]                  slot_tag;
  logic                              w_pop;

  oct_dma_l1rd u_l1rd (
    .clk_i, .rst_ni, .restart_i(stop), .restart_ptr_i(restart_ptr), .wr_ptr_i(wr_ptr),
    .jobs_i(jobs), .l1_o, .l1_i, .next_valid_o, .next_group_o,
    .data_valid_o(line_valid), .data_o(line_data), .data_pop_i(take && !step.null_),
    .line_o(ev_line_o), .refused_o(ev_refused_o)
  );

  oct_dma_steps #(.Out(1'b1)) u_steps (
    .clk_i, .rst_ni, .restart_i(stop), .restart_ptr_i(restart_ptr), .wr_ptr_i(wr_ptr),
    .jobs_i(jobs), .valid_o(step_valid), .ready_i(take), .step_o(step)
  );

  oct_dma_align #(.Slots(Slots)) u_align (
    .clk_i, .rst_ni, .drop_i(stop), .drop_idx_i(head_q),
    .step_valid_i(step_valid), .step_i(step), .tag_i('0), .kill_i(1'b0), .hold_i(stop),
    .take_o(take), .data_valid_i(line_valid), .data_i(line_data),
    .next_o(next_slot), .full_o(full), .data_o(slot_data), .be_o(slot_be), .line_o(slot_line),
    .tag_o(slot_tag), .release_i(release_slots)
  );

  // ---- Slots -> L2, in order. A beat offered must not change, so a drop leaves head_q alone. -----
  burst_t burst, answer;
  logic   burst_valid, burst_take, answer_valid, answer_take, b_take;

  always_comb begin
    release_slots = '0;
    if (w_pop) release_slots[head_q] = 1'b1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)             head_q <= '0;
    else if (w_pop && !stop) head_q <= (head_q == 2'(Slots - 1)) ? '0 : head_q + 1'b1;
  end

  oct_dma_bursts u_bursts (
    .clk_i, .rst_ni, .restart_i(stop), .restart_ptr_i(restart_ptr), .wr_ptr_i(wr_ptr),
    .jobs_i(jobs), .valid_o(burst_valid), .ready_i(burst_take), .burst_o(burst)
  );

  oct_dma_axiwr u_axiwr (
    .clk_i, .rst_ni, .stop_i(stop), .strobes_off_i(strobes_off), .drained_o(drained),
    .burst_valid_i(burst_valid), .burst_take_o(burst_take), .burst_i(burst),
    .data_valid_i(full[head_q]), .data_i(slot_data[head_q]), .strb_i(slot_be[head_q]),
    .data_pop_o(w_pop), .b_ready_i(answer_valid && !answer.null_), .b_take_o(b_take),
    .axi_o, .aw_ready_i(axi_i.aw_ready), .w_ready_i(axi_i.w_ready), .b_valid_i(axi_i.b_valid)
  );

  // ---- Answers: the same walk again says which burst is answered and where a job ends ------------
  oct_dma_bursts u_answers (
    .clk_i, .rst_ni, .restart_i(stop), .restart_ptr_i(restart_ptr), .wr_ptr_i(wr_ptr),
    .jobs_i(jobs), .valid_o(answer_valid), .ready_i(answer_take), .burst_o(answer)
  );

  logic        bad, done, err_q;
  cause_e      cause, err_cause_q;
  logic [31:0] err_addr_q;
  xfer_t       end_job;

  assign end_job     = jobs[end_q[TagWidth-1:0]];
  assign answer_take = answer_valid && !stop && (answer.null_ || b_take);
  assign bad         = answer_take && !answer.null_ && (axi_i.b.resp[1] || timeout_i);
  assign done        = (answer_take && answer.last) || flushed;
  assign cause       = timeout_i ? CauseAxiTimeout :
                       axi_i.b.resp[0] ? CauseAxiDecErr : CauseAxiSlvErr;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      drain_q      <= 1'b0;
      flush_q      <= 1'b0;
      err_q        <= 1'b0;
      end_q        <= '0;
      aws_q        <= '0;
      done_valid_q <= 1'b0;
    end else if (clear_i || drain_q) begin
      drain_q      <= clear_i || !drained;
      flush_q      <= 1'b0;
      err_q        <= 1'b0;
      end_q        <= '0;
      aws_q        <= '0;
      done_valid_q <= 1'b0;
    end else begin
      done_valid_q <= done;
      if (done)     end_q <= end_q + 1'b1;
      if (done)     err_q <= 1'b0;
      else if (bad) err_q <= 1'b1;
      if (burst_take && burst.last) aws_q <= aws_q + 1'b1;
      if (bad && aws_q == end_q) flush_q <= 1'b1;
      if (flushed) begin
        flush_q <= 1'b0;
        aws_q   <= end_q + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (bad && !err_q) begin
      err_cause_q <= cause;
      err_addr_q  <= {answer.line, 6'b0};
    end
    if (done) begin
      done_cause_q <= err_q ? err_cause_q : bad ? cause : cause_e'({4'b0, end_job.cause});
      done_addr_q  <= err_q ? err_addr_q : bad ? {answer.line, 6'b0}
                                         : (end_job.cause != '0) ? end_job.l2_addr : '0;
    end
  end

  assign ev_busy_o    = end_q != wr_ptr;
  assign ev_beat_o    = axi_o.w_valid && axi_i.w_ready;
  assign ev_wait_l2_o = full[head_q] && !ev_beat_o;
  assign ev_wait_l1_o = step_valid && !step.null_ && !line_valid;

  logic unused;
  assign unused = ^{1'b0, axi_i, jobs, step, end_job, answer, next_slot, slot_line, slot_tag};
endmodule
