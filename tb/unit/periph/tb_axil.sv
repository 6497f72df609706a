// SPDX-License-Identifier: Apache-2.0
// oct_axil with the pin names of oct_top and a flat data bus.
module tb_axil (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        s_axi_ctrl_awvalid,
  output logic        s_axi_ctrl_awready,
  input  logic [23:0] s_axi_ctrl_awaddr,
  input  logic [2:0]  s_axi_ctrl_awprot,
  input  logic        s_axi_ctrl_wvalid,
  output logic        s_axi_ctrl_wready,
  input  logic [31:0] s_axi_ctrl_wdata,
  input  logic [3:0]  s_axi_ctrl_wstrb,
  output logic        s_axi_ctrl_bvalid,
  input  logic        s_axi_ctrl_bready,
  output logic [1:0]  s_axi_ctrl_bresp,
  input  logic        s_axi_ctrl_arvalid,
  output logic        s_axi_ctrl_arready,
  input  logic [23:0] s_axi_ctrl_araddr,
  input  logic [2:0]  s_axi_ctrl_arprot,
  output logic        s_axi_ctrl_rvalid,
  input  logic        s_axi_ctrl_rready,
  output logic [31:0] s_axi_ctrl_rdata,
  output logic [1:0]  s_axi_ctrl_rresp,

  output logic        req_valid_o,
  output logic [31:0] req_addr_o,
  output logic        req_we_o,
  output logic [3:0]  req_be_o,
  output logic [31:0] req_wdata_o,
  input  logic        rsp_ready_i,
  input  logic        rsp_valid_i,
  input  logic        rsp_err_i,
  input  logic [31:0] rsp_rdata_i
);
  import oct_cluster_pkg::*;
  data_req_t req;
  data_rsp_t rsp;

  oct_axil u_axil (
    .clk_i, .rst_ni,
    .aw_valid_i(s_axi_ctrl_awvalid), .aw_ready_o(s_axi_ctrl_awready), .aw_addr_i(s_axi_ctrl_awaddr),
    .w_valid_i(s_axi_ctrl_wvalid), .w_ready_o(s_axi_ctrl_wready), .w_data_i(s_axi_ctrl_wdata),
    .w_strb_i(s_axi_ctrl_wstrb), .b_valid_o(s_axi_ctrl_bvalid), .b_ready_i(s_axi_ctrl_bready),
    .b_resp_o(s_axi_ctrl_bresp), .ar_valid_i(s_axi_ctrl_arvalid), .ar_ready_o(s_axi_ctrl_arready),
    .ar_addr_i(s_axi_ctrl_araddr), .r_valid_o(s_axi_ctrl_rvalid), .r_ready_i(s_axi_ctrl_rready),
    .r_data_o(s_axi_ctrl_rdata), .r_resp_o(s_axi_ctrl_rresp),
    .data_req_o(req), .data_rsp_i(rsp)
  );
  assign req_valid_o = req.valid;
  assign req_addr_o  = req.addr;
  assign req_we_o    = req.we;
  assign req_be_o    = req.be;
  assign req_wdata_o = req.wdata;
  assign rsp = '{ready: rsp_ready_i, valid: rsp_valid_i, err: rsp_err_i, rdata: rsp_rdata_i};

  logic unused;
  assign unused = ^{s_axi_ctrl_awprot, s_axi_ctrl_arprot, req.amo};
endmodule
