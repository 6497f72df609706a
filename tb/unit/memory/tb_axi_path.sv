// SPDX-License-Identifier: Apache-2.0
// tb_axi_path: oct_axi_mux and oct_axi_guard as in the cluster; clients as flat vectors, one
// element per client (reads: icache, cores, queue, DMA; writes: cores, DMA).
`include "tb/unit/memory/tb_axi_pins.svh"

// Every client gets the same R and B payload; one copy is looked at.
/* verilator lint_off UNUSEDSIGNAL */
module tb_axi_path
  import oct_cluster_pkg::*;
(
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,
  output logic             idle_o,
  input  logic [31:0]      timeout_i,

  input  logic [3:0]       ar_valid_i,
  input  logic [3:0][31:0] ar_addr_i,
  input  logic [3:0][7:0]  ar_len_i,
  output logic [3:0]       ar_ready_o,
  output logic [3:0]       r_valid_o,
  output logic [511:0]     r_data_o,
  output logic [1:0]       r_resp_o,
  output logic             r_last_o,
  input  logic [3:0]       r_ready_i,

  input  logic [1:0]       aw_valid_i,
  input  logic [1:0][31:0] aw_addr_i,
  input  logic [1:0][7:0]  aw_len_i,
  output logic [1:0]       aw_ready_o,
  input  logic [1:0]       w_valid_i,
  input  logic [511:0]     w_data0_i,
  input  logic [511:0]     w_data1_i,
  input  logic [63:0]      w_strb0_i,
  input  logic [63:0]      w_strb1_i,
  input  logic [1:0]       w_last_i,
  output logic [1:0]       w_ready_o,
  output logic [1:0]       b_valid_o,
  output logic [1:0]       b_resp_o,
  input  logic [1:0]       b_ready_i,

  output logic             timeout_o,
  output logic [31:0]      timeout_addr_o,
  output logic             timeout_write_o,
  output logic             timed_out_o,

  `TB_AXI_PORTS
);
  axi_rd_req_t [3:0] rd_req;
  axi_rd_rsp_t rd_rsp0, rd_rsp1, rd_rsp2, rd_rsp3;
  axi_wr_req_t wr_req0, wr_req1, x_wr_req, m_wr_req;
  axi_wr_rsp_t wr_rsp0, wr_rsp1, x_wr_rsp, m_wr_rsp;
  axi_rd_req_t x_rd_req, m_rd_req;
  axi_rd_rsp_t x_rd_rsp, m_rd_rsp;
  logic        mux_idle, guard_idle;

  always_comb begin
    for (int i = 0; i < 4; i++) begin
      rd_req[i] = '{ar_valid: ar_valid_i[i], r_ready: r_ready_i[i],
                    ar: '{id: 4'(i), addr: ar_addr_i[i], len: ar_len_i[i], size: 3'd6}};
    end
  end
  assign ar_ready_o = {rd_rsp3.ar_ready, rd_rsp2.ar_ready, rd_rsp1.ar_ready, rd_rsp0.ar_ready};
  assign r_valid_o  = {rd_rsp3.r_valid, rd_rsp2.r_valid, rd_rsp1.r_valid, rd_rsp0.r_valid};
  assign r_data_o   = rd_rsp3.r.data;
  assign r_resp_o   = rd_rsp3.r.resp;
  assign r_last_o   = rd_rsp3.r.last;

  assign wr_req0 = '{aw_valid: aw_valid_i[0], w_valid: w_valid_i[0], b_ready: b_ready_i[0],
                     aw: '{id: AxiIdCores, addr: aw_addr_i[0], len: aw_len_i[0], size: 3'd6},
                     w: '{data: w_data0_i, strb: w_strb0_i, last: w_last_i[0]}};
  assign wr_req1 = '{aw_valid: aw_valid_i[1], w_valid: w_valid_i[1], b_ready: b_ready_i[1],
                     aw: '{id: AxiIdDma, addr: aw_addr_i[1], len: aw_len_i[1], size: 3'd6},
                     w: '{data: w_data1_i, strb: w_strb1_i, last: w_last_i[1]}};
  assign aw_ready_o = {wr_rsp1.aw_ready, wr_rsp0.aw_ready};
  assign w_ready_o  = {wr_rsp1.w_ready, wr_rsp0.w_ready};
  assign b_valid_o  = {wr_rsp1.b_valid, wr_rsp0.b_valid};
  assign b_resp_o   = wr_rsp1.b.resp;

  oct_axi_mux u_mux (
    .clk_i, .rst_ni, .idle_o(mux_idle),
    .icache_rd_req_i(rd_req[0]), .icache_rd_rsp_o(rd_rsp0),
    .cores_rd_req_i(rd_req[1]), .cores_rd_rsp_o(rd_rsp1),
    .queue_rd_req_i(rd_req[2]), .queue_rd_rsp_o(rd_rsp2),
    .dma_rd_req_i(rd_req[3]), .dma_rd_rsp_o(rd_rsp3),
    .cores_wr_req_i(wr_req0), .cores_wr_rsp_o(wr_rsp0),
    .dma_wr_req_i(wr_req1), .dma_wr_rsp_o(wr_rsp1),
    .m_rd_req_o(x_rd_req), .m_rd_rsp_i(x_rd_rsp), .m_wr_req_o(x_wr_req), .m_wr_rsp_i(x_wr_rsp)
  );
  oct_axi_guard u_guard (
    .clk_i, .rst_ni, .clear_i, .idle_o(guard_idle), .timeout_i,
    .rd_req_i(x_rd_req), .rd_rsp_o(x_rd_rsp), .wr_req_i(x_wr_req), .wr_rsp_o(x_wr_rsp),
    .m_rd_req_o(m_rd_req), .m_rd_rsp_i(m_rd_rsp), .m_wr_req_o(m_wr_req), .m_wr_rsp_i(m_wr_rsp),
    .timeout_o, .timeout_addr_o, .timeout_write_o, .timed_out_o
  );
  assign idle_o = mux_idle && guard_idle;

  `TB_AXI_WIRES(m_rd_req, m_rd_rsp, m_wr_req, m_wr_rsp)
endmodule
