// SPDX-License-Identifier: Apache-2.0
// oct_dma_in: L2 -> L1 copies and fills. Read bursts run ahead over job borders; one read beat and
// one L1 line per cycle. A job is done when its last line was written.
// Test: tb/unit/dma/oct_dma_test.cpp.
`include "oct_assert.svh"

module oct_dma_in
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

  output axi_rd_req_t              axi_o,
  input  axi_rd_rsp_t              axi_i,
  input  logic                     timeout_i,     // the R beat answers a time-out

  output l1_line_req_t             l1_o,
  input  logic [LineLanes-1:0]     l1_ready_i,
  input  logic                     other_valid_i,  // DMA-out will ask for this bank group next
  input  logic [GroupIdxWidth-1:0] other_group_i,

  output logic ev_busy_o, ev_beat_o, ev_line_o, ev_wait_l2_o, ev_wait_l1_o, ev_refused_o
);
  localparam int unsigned Slots = 5;

  logic        done_valid_q;
  cause_e      done_cause_q;
  logic [31:0] done_addr_q;

  assign done_o = '{valid: done_valid_q, cause: done_cause_q, addr: done_addr_q};

  // ---- Jobs ----------------------------------------------------------------------------------
  ptr_t                 wr_ptr, end_q, step_q, ars_q, restart_ptr;
  xfer_t [JobSlots-1:0] jobs;
  logic                 jobs_idle, stop, drain_q, flush_q, flushed, drained;

  oct_dma_jobs #(.Fill(1'b1)) u_jobs (
    .clk_i, .rst_ni, .clear_i(clear_i || drain_q), .l2_offset_i,
    .job_valid_i, .job_ready_o, .job_i,
    .end_ptr_i(end_q), .wr_ptr_o(wr_ptr), .jobs_o(jobs), .idle_o(jobs_idle)
  );

  // `drain`: everything is dropped. `flush`: a read failed while its job's bursts were still being
  // sent; they end here, and the walkers go on with the next job. Both wait for the beats owed.
  beats_t owed_q;
  assign drained     = owed_q == '0;
  assign flushed     = flush_q && drained;
  assign stop        = clear_i || drain_q || flush_q;
  assign restart_ptr = (clear_i || drain_q) ? '0 : step_q + 1'b1;
  assign idle_o      = jobs_idle && drained && !done_valid_q;

  // ---- Read bursts: ars_q is the first job with bursts not yet sent -----------------------------
  burst_t  burst;
  logic    burst_valid, burst_take, ar_valid_q, r_take;
  axi_ax_t ar_q;

  oct_dma_bursts u_bursts (
    .clk_i, .rst_ni, .restart_i(stop), .restart_ptr_i(restart_ptr), .wr_ptr_i(wr_ptr),
    .jobs_i(jobs), .valid_o(burst_valid), .ready_i(burst_take), .burst_o(burst)
  );

  assign burst_take = burst_valid && !stop && (burst.null_ ||
      ((!ar_valid_q || axi_i.ar_ready) && owed_q <= beats_t'(MaxBeats - BurstBeats)));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ar_valid_q <= 1'b0;
      owed_q     <= '0;
    end else begin
      if (burst_take && !burst.null_) ar_valid_q <= 1'b1;
      else if (axi_i.ar_ready)        ar_valid_q <= 1'b0;
      if ((burst_take && !burst.null_) || r_take) begin
        owed_q <= owed_q + ((burst_take && !burst.null_) ? beats_t'(burst.len) + 1'b1 : '0)
                         - beats_t'(r_take);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (burst_take && !burst.null_) begin
      ar_q <= '{id: AxiIdDma, addr: {burst.line, 6'b0}, len: 8'(burst.len), size: 3'd6};
    end
  end

  // ---- Read data: one register -----------------------------------------------------------------
  logic                 beat_valid_q, beat_err_q, beat_timeout_q, beat_dec_q, beat_pop, r_ready;
  logic [LineWidth-1:0] beat_q;

  assign r_ready = stop || !beat_valid_q || beat_pop;
  assign r_take  = axi_i.r_valid && r_ready;
  assign axi_o   = '{ar_valid: ar_valid_q, ar: ar_q, r_ready: r_ready};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)      beat_valid_q <= 1'b0;
    else if (stop)    beat_valid_q <= 1'b0;
    else if (r_ready) beat_valid_q <= axi_i.r_valid;
  end

  always_ff @(posedge clk_i) begin
    if (r_take) begin
      beat_q         <= axi_i.r.data;
      beat_err_q     <= axi_i.r.resp[1] || timeout_i;
      beat_dec_q     <= axi_i.r.resp[0];
      beat_timeout_q <= timeout_i;
    end
  end

  // ---- Steps -----------------------------------------------------------------------------------
  step_t                             step;
  logic                              step_valid, take, bad, kill, hold;
  logic [LineWidth-1:0]              data;
  logic [$clog2(Slots)-1:0]          next_slot;
  logic [Slots-1:0]                  full, release_slots;
  logic [Slots-1:0][LineWidth-1:0]   slot_data;
  logic [Slots-1:0][LineBytes-1:0]   slot_be;
  logic [Slots-1:0][L1LineWidth-1:0] slot_line;
  tag_t [Slots-1:0]                  slot_tag;

  oct_dma_steps u_steps (
    .clk_i, .rst_ni, .restart_i(stop), .restart_ptr_i(restart_ptr), .wr_ptr_i(wr_ptr),
    .jobs_i(jobs), .valid_o(step_valid), .ready_i(take), .step_o(step)
  );

  always_comb begin
    data = beat_q;
    if (step.fill) data = {LineBytes/4{jobs[step_q[TagWidth-1:0]].l2_addr}};
  end

  oct_dma_align #(.Slots(Slots)) u_align (
    .clk_i, .rst_ni, .drop_i(clear_i || drain_q), .drop_idx_i('0),
    .step_valid_i(step_valid), .step_i(step), .tag_i(step_q[TagWidth-1:0]), .kill_i(kill),
    .hold_i(hold), .take_o(take), .data_valid_i(beat_valid_q), .data_i(data),
    .next_o(next_slot), .full_o(full), .data_o(slot_data), .be_o(slot_be), .line_o(slot_line),
    .tag_o(slot_tag), .release_i(release_slots)
  );

  // The first error of a job is kept until the job ends; its later bytes go nowhere.
  logic        err_q;
  tag_t        err_tag_q;
  cause_e      err_cause_q;
  logic [31:0] err_addr_q;

  assign bad      = step_valid && !step.null_ && !step.fill && beat_valid_q && beat_err_q;
  assign kill     = bad || (err_q && err_tag_q == step_q[TagWidth-1:0]);
  assign hold     = stop || (bad && err_q && err_tag_q != step_q[TagWidth-1:0]);
  assign beat_pop = take && !step.null_ && !step.fill;

  // ---- L1: any full slot may be written next, so avoid the bank group that DMA-out uses. --------
  oct_dma_l1wr #(.Slots(Slots)) u_l1wr (
    .clk_i, .rst_ni, .clear_i(clear_i || drain_q),
    .next_i(next_slot), .full_i(full), .data_i(slot_data), .be_i(slot_be), .line_i(slot_line),
    .release_o(release_slots), .other_valid_i, .other_group_i,
    .l1_o, .l1_ready_i, .refused_o(ev_refused_o)
  );

  // ---- The end of a job ------------------------------------------------------------------------
  logic        done, err_here;
  xfer_t       end_job;

  assign end_job  = jobs[end_q[TagWidth-1:0]];
  assign err_here = err_q && err_tag_q == end_q[TagWidth-1:0];

  always_comb begin
    done = end_q != step_q;
    for (int unsigned k = 0; k < Slots; k++) begin
      if (full[k] && slot_tag[k] == end_q[TagWidth-1:0]) done = 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      drain_q      <= 1'b0;
      flush_q      <= 1'b0;
      err_q        <= 1'b0;
      end_q        <= '0;
      step_q       <= '0;
      ars_q        <= '0;
      done_valid_q <= 1'b0;
    end else if (clear_i || drain_q) begin
      drain_q      <= clear_i || !drained;
      flush_q      <= 1'b0;
      err_q        <= 1'b0;
      end_q        <= '0;
      step_q       <= '0;
      ars_q        <= '0;
      done_valid_q <= 1'b0;
    end else begin
      done_valid_q <= done;
      if (done) begin
        end_q <= end_q + 1'b1;
        if (err_here) err_q <= 1'b0;
      end
      if (burst_take && burst.last) ars_q <= ars_q + 1'b1;
      if (take && step.last) step_q <= step_q + 1'b1;
      if (take && bad && !err_q) begin
        err_q   <= 1'b1;
        flush_q <= ars_q == step_q;
      end
      if (flushed) begin
        flush_q <= 1'b0;
        step_q  <= step_q + 1'b1;
        ars_q   <= step_q + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (take && bad && !err_q) begin
      err_tag_q   <= step_q[TagWidth-1:0];
      err_addr_q  <= {step.src, 6'b0};
      err_cause_q <= beat_timeout_q ? CauseAxiTimeout
                                    : beat_dec_q ? CauseAxiDecErr : CauseAxiSlvErr;
    end
    if (done) begin
      done_cause_q <= err_here ? err_cause_q : cause_e'({4'b0, end_job.cause});
      done_addr_q  <= err_here ? err_addr_q : (end_job.cause != '0) ? end_job.l2_addr : '0;
    end
  end

  assign ev_busy_o    = end_q != wr_ptr;
  assign ev_beat_o    = r_take;
  assign ev_line_o    = release_slots != '0;
  assign ev_wait_l2_o = step_valid && !step.null_ && !step.fill && !beat_valid_q;
  assign ev_wait_l1_o = step_valid && beat_valid_q && !take;

  logic unused;
  assign unused = ^{1'b0, axi_i, jobs, end_job};

  `OCT_ASSERT(BeatsOwed_A, r_take |-> owed_q != '0)
endmodule
