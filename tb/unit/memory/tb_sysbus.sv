// SPDX-License-Identifier: Apache-2.0
// tb_sysbus: oct_sysbus and oct_l2_bridge as in the cluster, masters and register port as flat
// vectors.
`include "tb/unit/memory/tb_axi_pins.svh"

// Vectors are as wide as the largest machine needs.
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off UNDRIVEN */
module tb_sysbus
  import oct_cluster_pkg::*;
  import oct_l2_pkg::*;
(
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              clear_i,
  output logic              idle_o,

  input  logic [15:0]       valid_i,
  input  logic [15:0][31:0] addr_i,
  input  logic [15:0]       we_i,
  input  logic [15:0][3:0]  be_i,
  input  logic [15:0][31:0] wdata_i,
  output logic [15:0]       ready_o,
  output logic [15:0]       answer_o,
  output logic [15:0]       err_o,
  output logic [15:0][31:0] rdata_o,

  output logic              reg_valid_o,
  output logic [31:0]       reg_addr_o,
  output logic              reg_we_o,
  output logic [3:0]        reg_be_o,
  output logic [31:0]       reg_wdata_o,
  input  logic              reg_ready_i,
  input  logic              reg_answer_i,
  input  logic              reg_err_i,
  input  logic [31:0]       reg_rdata_i,
  `TB_AXI_PORTS
);
  data_req_t [NumMasters-1:0] req;
  data_rsp_t [NumMasters-1:0] rsp;
  data_req_t   reg_req, l2_req;
  master_t     l2_master;
  logic        l2_ready, sys_idle, bridge_idle;
  l2_ans_t     l2_load, l2_store;
  logic [31:0] l2_rdata;
  axi_rd_req_t rd_req;
  axi_rd_rsp_t rd_rsp;
  axi_wr_req_t wr_req;
  axi_wr_rsp_t wr_rsp;

  always_comb begin
    {ready_o, answer_o, err_o, rdata_o} = '0;
    for (int i = 0; i < NumMasters; i++) begin
      req[i] = '{valid: valid_i[i], addr: addr_i[i], we: we_i[i], be: be_i[i], wdata: wdata_i[i],
                 amo: AmoNone};
      {ready_o[i], answer_o[i], err_o[i], rdata_o[i]} = rsp[i];
    end
  end
  assign {reg_valid_o, reg_addr_o, reg_we_o, reg_be_o, reg_wdata_o} =
         {reg_req.valid, reg_req.addr, reg_req.we, reg_req.be, reg_req.wdata};

  oct_sysbus u_sysbus (
    .clk_i, .rst_ni, .clear_i, .idle_o(sys_idle), .req_i(req), .rsp_o(rsp),
    .reg_req_o(reg_req),
    .reg_rsp_i('{ready: reg_ready_i, valid: reg_answer_i, err: reg_err_i, rdata: reg_rdata_i}),
    .l2_req_o(l2_req), .l2_master_o(l2_master), .l2_ready_i(l2_ready),
    .l2_load_i(l2_load), .l2_rdata_i(l2_rdata), .l2_store_i(l2_store)
  );
  oct_l2_bridge u_bridge (
    .clk_i, .rst_ni, .idle_o(bridge_idle), .req_i(l2_req), .master_i(l2_master), .ready_o(l2_ready),
    .load_o(l2_load), .rdata_o(l2_rdata), .store_o(l2_store),
    .rd_req_o(rd_req), .rd_rsp_i(rd_rsp), .wr_req_o(wr_req), .wr_rsp_i(wr_rsp)
  );
  assign idle_o = sys_idle && bridge_idle;

  `TB_AXI_WIRES(rd_req, rd_rsp, wr_req, wr_rsp)
endmodule
