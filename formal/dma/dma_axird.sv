// SPDX-License-Identifier: Apache-2.0
// dma_axird: the read channels of DMA-in obey AXI and lose nothing, whatever bursts there are, also when it
// is stopped at any moment: an address stands until it is taken and its burst is allowed; the beats owed are
// those asked for and not yet delivered, never more than the DMA may have outstanding; a beat that was taken
// lies in the register unchanged until it is used, and none is taken over it. What is assumed of bursts is
// proved in dma_bursts. What jobs, steps and lines of L1 are is left out: it is arbitrary. For ever.
// @files pkg/oct_cluster_pkg.sv pkg/oct_job_pkg.sv dma/oct_dma_pkg.sv dma/oct_dma_rows.sv dma/oct_dma_jobs.sv dma/oct_dma_bursts.sv dma/oct_dma_steps.sv dma/oct_dma_align.sv dma/oct_dma_l1wr.sv dma/oct_dma_in.sv formal/dma/axi_rules.sv
// @box oct_dma_jobs
// @box oct_dma_bursts
// @box oct_dma_steps
// @box oct_dma_align
// @box oct_dma_l1wr
// @prove induction 2 cvc5
// @bug rtl/dma/oct_dma_in.sv :: ((!ar_valid_q || axi_i.ar_ready) && owed_q :: (owed_q
// @bug rtl/dma/oct_dma_in.sv :: else if (axi_i.ar_ready)        ar_valid_q <= 1'b0; :: else if (axi_i.ar_ready || stop) ar_valid_q <= 1'b0;
// @bug rtl/dma/oct_dma_in.sv :: - beats_t'(r_take); :: - beats_t'(r_take && !stop);
// @bug rtl/dma/oct_dma_in.sv :: owed_q <= beats_t'(MaxBeats - BurstBeats) :: owed_q <= beats_t'(MaxBeats)
// @bug rtl/dma/oct_dma_in.sv :: assign r_ready = stop || !beat_valid_q || beat_pop; :: assign r_ready = 1'b1;
module dma_axird
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_dma_pkg::*;
(
  input logic                     clk_i,
  input logic                     rst_ni,
  input logic                     clear_i,
  input logic [31:0]              l2_offset_i,
  input logic                     job_valid_i,
  input dma_job_t                 job_i,
  input axi_rd_rsp_t              rd_rsp_i,
  input logic                     timeout_i,
  input logic [LineLanes-1:0]     l1_ready_i,
  input logic                     other_valid_i,
  input logic [GroupIdxWidth-1:0] other_group_i
);
  axi_rd_req_t  rd_req;
  l1_line_req_t l1;
  job_done_t    done;
  logic         idle, job_ready;
  logic [5:0]   events;

  oct_dma_in u_in (
    .clk_i, .rst_ni, .clear_i, .idle_o(idle), .l2_offset_i, .job_valid_i, .job_ready_o(job_ready), .job_i,
    .done_o(done), .axi_o(rd_req), .axi_i(rd_rsp_i), .timeout_i, .l1_o(l1), .l1_ready_i, .other_valid_i,
    .other_group_i, .ev_busy_o(events[0]), .ev_beat_o(events[1]), .ev_line_o(events[2]),
    .ev_wait_l2_o(events[3]), .ev_wait_l1_o(events[4]), .ev_refused_o(events[5])
  );

  axi_rules #(.MaxBeats(DmaBurstBeats), .Write(1'b0)) u_rules (
    .clk_i, .rst_ni, .rd_req_i(rd_req), .rd_rsp_i, .wr_req_i('0), .wr_rsp_i('0), .follow_i('0)
  );

  // Of the data one bit of each lane is followed.
  logic                 started_q = 1'b0, kept_q, taken_q;
  logic [LineLanes-1:0] in_bits, bits, bits_q, in_q;
  always_comb begin
    for (int unsigned i = 0; i < LineLanes; i++) begin
      in_bits[i] = rd_rsp_i.r.data[64*i];
      bits[i]    = u_in.beat_q[64*i];
    end
  end
  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    bits_q    <= bits;
    in_q      <= in_bits;
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      kept_q  <= 1'b0;
      taken_q <= 1'b0;
    end else begin
      kept_q  <= u_in.beat_valid_q && !u_in.beat_pop && !u_in.stop;
      taken_q <= rd_rsp_i.r_valid && rd_req.r_ready && !u_in.stop;
    end
  end

  always_comb begin
    assume (rst_ni == started_q);
    if (u_in.burst_valid && !u_in.burst.null_) begin
      assume (32'(u_in.burst.len) < BurstBeats);
      assume ({1'b0, u_in.burst.line[5:0]} + 7'(u_in.burst.len) < 7'd64);
    end
    if (rst_ni) begin
      Owed_A: assert (10'(u_in.owed_q) ==
                      u_rules.due_q + (rd_req.ar_valid ? 10'(rd_req.ar.len) + 10'd1 : 10'd0));
      Most_A: assert (32'(u_in.owed_q) <= MaxBeats);
      if (rd_req.ar_valid) Len_A: assert (32'(rd_req.ar.len) < BurstBeats);
      if (kept_q) Kept_A: assert (u_in.beat_valid_q && bits == bits_q);
      if (taken_q) Taken_A: assert (u_in.beat_valid_q && bits == in_q);
      Never_A: assert (!(kept_q && taken_q));
    end
  end
endmodule
