// SPDX-License-Identifier: Apache-2.0
// oct_dma: DMA-in (L2 -> L1, and fills) and DMA-out (L1 -> L2), both at once and independent. Up to
// 3-D strided, any byte alignment, 64 bytes per cycle and direction.
// Page: docs/architecture/dma.md. Test: tb/unit/dma/oct_dma_test.cpp.
module oct_dma
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_dma_pkg::*;
(
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               clear_i,
  output logic               idle_o,
  input  logic [31:0]        l2_offset_i,      // added to every L2 address; change only while idle

  input  logic               in_job_valid_i,   // DMA-in
  output logic               in_job_ready_o,
  input  dma_job_t           in_job_i,
  output job_done_t          in_done_o,

  input  logic               out_job_valid_i,  // DMA-out
  output logic               out_job_ready_o,
  input  dma_job_t           out_job_i,
  output job_done_t          out_done_o,

  output axi_rd_req_t        axi_rd_o,
  input  axi_rd_rsp_t        axi_rd_i,
  input  logic               axi_rd_timeout_i,  // with r_valid: the beat answers a time-out
  output axi_wr_req_t        axi_wr_o,
  input  axi_wr_rsp_t        axi_wr_i,
  input  logic               axi_wr_timeout_i,  // with b_valid: the response answers a time-out

  output l1_line_req_t [1:0] l1_o,             // 0: writes of DMA-in, 1: reads of DMA-out
  input  l1_line_rsp_t [1:0] l1_i,

  output dma_events_t        events_o
);
  logic                     in_idle, out_idle, next_valid;
  logic [GroupIdxWidth-1:0] next_group;
  dma_events_t              events;

  assign idle_o = in_idle && out_idle;

  oct_dma_in u_in (
    .clk_i, .rst_ni, .clear_i, .idle_o(in_idle), .l2_offset_i,
    .job_valid_i(in_job_valid_i), .job_ready_o(in_job_ready_o), .job_i(in_job_i),
    .done_o(in_done_o), .axi_o(axi_rd_o), .axi_i(axi_rd_i), .timeout_i(axi_rd_timeout_i),
    .l1_o(l1_o[0]), .l1_ready_i(l1_i[0].ready),
    .other_valid_i(next_valid), .other_group_i(next_group),
    .ev_busy_o(events.in_busy), .ev_beat_o(events.in_beat), .ev_line_o(events.in_line),
    .ev_wait_l2_o(events.in_wait_l2), .ev_wait_l1_o(events.in_wait_l1),
    .ev_refused_o(events.in_refused)
  );

  oct_dma_out u_out (
    .clk_i, .rst_ni, .clear_i, .idle_o(out_idle), .l2_offset_i,
    .job_valid_i(out_job_valid_i), .job_ready_o(out_job_ready_o), .job_i(out_job_i),
    .done_o(out_done_o), .axi_o(axi_wr_o), .axi_i(axi_wr_i), .timeout_i(axi_wr_timeout_i),
    .l1_o(l1_o[1]), .l1_i(l1_i[1]), .next_valid_o(next_valid), .next_group_o(next_group),
    .ev_busy_o(events.out_busy), .ev_beat_o(events.out_beat), .ev_line_o(events.out_line),
    .ev_wait_l2_o(events.out_wait_l2), .ev_wait_l1_o(events.out_wait_l1),
    .ev_refused_o(events.out_refused)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                                events_o <= '0;
    else if (events != '0 || events_o != '0) events_o <= events;
  end

  logic unused;
  assign unused = ^{1'b0, l1_i[0].valid, l1_i[0].rdata};
endmodule
