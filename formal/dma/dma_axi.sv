// SPDX-License-Identifier: Apache-2.0
// dma_axi: oct_dma obeys the rules of AXI at its ports, whatever jobs, L1, memory and clear_i do,
// and idle_o is never shown while a transaction is under way.
module dma_axi
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_dma_pkg::*;
(
  input logic               clk_i,
  input logic               rst_ni,
  input logic               clear_i,
  input logic [1:0]         job_valid_i,
  input dma_job_t [1:0]     job_i,
  input logic [31:0]        l2_offset_i,
  input axi_rd_rsp_t        rd_rsp_i,
  input axi_wr_rsp_t        wr_rsp_i,
  input logic [1:0]         timeout_i,
  input l1_line_rsp_t [1:0] l1_rsp_i
);
  axi_rd_req_t rd_req;
  axi_wr_req_t wr_req;
  logic        idle;
  logic [1:0]  ready;
  job_done_t   [1:0] done;
  l1_line_req_t [1:0] l1_req;
  dma_events_t events;

  oct_dma u_dma (
    .clk_i, .rst_ni, .clear_i, .idle_o(idle), .l2_offset_i,
    .in_job_valid_i(job_valid_i[0]), .in_job_ready_o(ready[0]), .in_job_i(job_i[0]),
    .in_done_o(done[0]),
    .out_job_valid_i(job_valid_i[1]), .out_job_ready_o(ready[1]), .out_job_i(job_i[1]),
    .out_done_o(done[1]),
    .axi_rd_o(rd_req), .axi_rd_i(rd_rsp_i), .axi_rd_timeout_i(timeout_i[0]),
    .axi_wr_o(wr_req), .axi_wr_i(wr_rsp_i), .axi_wr_timeout_i(timeout_i[1]),
    .l1_o(l1_req), .l1_i(l1_rsp_i), .events_o(events)
  );

  axi_rules #(.MaxBeats(DmaBurstBeats)) u_rules (
    .clk_i, .rst_ni, .rd_req_i(rd_req), .rd_rsp_i, .wr_req_i(wr_req), .wr_rsp_i
  );

  // Reset in the first cycle, never again.
  logic started_q = 1'b0;
  always_ff @(posedge clk_i) started_q <= 1'b1;
  always_comb begin
    assume (rst_ni == started_q);
    if (rst_ni && idle) begin
      IdleAr_A: assert (!rd_req.ar_valid && u_rules.due_q == '0);
      IdleAw_A: assert (!wr_req.aw_valid && !wr_req.w_valid);
      IdleB_A:  assert (u_rules.aw_count_q == u_rules.b_count_q);
    end
    // The proof is not empty: a burst of each kind ends within the depth.
    WriteEnds_C: cover (rst_ni && u_rules.b_count_q == 4'd1);
    ReadEnds_C:  cover (rst_ni && done[0].valid && u_rules.due_q == '0 && events.in_line);
  end
endmodule
