// SPDX-License-Identifier: Apache-2.0
// tb_dma: oct_dma with its jobs and L1 ports as plain vectors.
module tb_dma
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_dma_pkg::*;
(
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         clear_i,
  output logic         idle_o,
  input  logic [31:0]  l2_offset_i,

  // 0: DMA-in, 1: DMA-out. A job: op, l2, l1, row_bytes, {count2, count1}, four strides.
  input  logic [1:0]              job_valid_i,
  output logic [1:0]              job_ready_o,
  input  logic [1:0][8:0][31:0]   job_i,
  output logic [1:0]              done_o,
  output logic [1:0][7:0]         cause_o,
  output logic [1:0][31:0]        addr_o,

  output axi_rd_req_t  axi_rd_o,
  input  axi_rd_rsp_t  axi_rd_i,
  input  logic         axi_rd_timeout_i,
  output axi_wr_req_t  axi_wr_o,
  input  axi_wr_rsp_t  axi_wr_i,
  input  logic         axi_wr_timeout_i,

  output logic [1:0][7:0]   l1_mask_o,
  output logic [1:0]        l1_we_o,
  output logic [1:0][31:0]  l1_line_o,
  output logic [1:0][31:0]  l1_group_o,
  output logic [63:0]       l1_be_o,
  output logic [511:0]      l1_wdata_o,
  input  logic [1:0][7:0]   l1_ready_i,
  input  logic [7:0]        l1_rvalid_i,
  input  logic [511:0]      l1_rdata_i,
  output logic [11:0]       events_o
);
  dma_job_t     [1:0] jobs;
  job_done_t    [1:0] done;
  l1_line_req_t [1:0] l1_req;
  l1_line_rsp_t [1:0] l1_rsp;
  logic unused;

  always_comb begin
    for (int unsigned i = 0; i < 2; i++) begin
      jobs[i] = '{op: job_i[i][0][7:0], tag: 16'd0, l2_addr: job_i[i][1], l1_addr: job_i[i][2],
                  row_bytes: job_i[i][3], count1: job_i[i][4][15:0], count2: job_i[i][4][31:16],
                  l2_stride1: job_i[i][5], l2_stride2: job_i[i][6],
                  l1_stride1: job_i[i][7], l1_stride2: job_i[i][8]};
      done_o[i]     = done[i].valid;
      cause_o[i]    = done[i].cause;
      addr_o[i]     = done[i].addr;
      l1_mask_o[i]  = l1_req[i].mask;
      l1_we_o[i]    = l1_req[i].we;
      l1_line_o[i]  = 32'(l1_req[i].line);
      l1_group_o[i] = 32'(l1_group(l1_req[i].line));
      l1_rsp[i]     = '{ready: l1_ready_i[i], valid: (i == 1) ? l1_rvalid_i : '0, rdata: l1_rdata_i};
    end
  end
  assign l1_be_o    = l1_req[0].be;
  assign l1_wdata_o = l1_req[0].wdata;
  assign unused     = ^{l1_req[1].be, l1_req[1].wdata, job_i[0][0][31:8], job_i[1][0][31:8]};

  oct_dma u_dma (
    .clk_i, .rst_ni, .clear_i, .idle_o, .l2_offset_i,
    .in_job_valid_i(job_valid_i[0]), .in_job_ready_o(job_ready_o[0]), .in_job_i(jobs[0]),
    .in_done_o(done[0]),
    .out_job_valid_i(job_valid_i[1]), .out_job_ready_o(job_ready_o[1]), .out_job_i(jobs[1]),
    .out_done_o(done[1]),
    .axi_rd_o, .axi_rd_i, .axi_rd_timeout_i, .axi_wr_o, .axi_wr_i, .axi_wr_timeout_i,
    .l1_o(l1_req), .l1_i(l1_rsp), .events_o
  );
endmodule
