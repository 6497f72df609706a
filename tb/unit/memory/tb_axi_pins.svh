// SPDX-License-Identifier: Apache-2.0
// The flat pins m_axi_mem_* of a test bench's top, and their connection to the internal structs.
`define TB_AXI_PORTS \
  output logic         m_axi_mem_awvalid, \
  output logic [3:0]   m_axi_mem_awid, \
  output logic [31:0]  m_axi_mem_awaddr, \
  output logic [7:0]   m_axi_mem_awlen, \
  output logic [2:0]   m_axi_mem_awsize, \
  output logic [1:0]   m_axi_mem_awburst, \
  input  logic         m_axi_mem_awready, \
  output logic         m_axi_mem_wvalid, \
  output logic [511:0] m_axi_mem_wdata, \
  output logic [63:0]  m_axi_mem_wstrb, \
  output logic         m_axi_mem_wlast, \
  input  logic         m_axi_mem_wready, \
  input  logic         m_axi_mem_bvalid, \
  input  logic [3:0]   m_axi_mem_bid, \
  input  logic [1:0]   m_axi_mem_bresp, \
  output logic         m_axi_mem_bready, \
  output logic         m_axi_mem_arvalid, \
  output logic [3:0]   m_axi_mem_arid, \
  output logic [31:0]  m_axi_mem_araddr, \
  output logic [7:0]   m_axi_mem_arlen, \
  output logic [2:0]   m_axi_mem_arsize, \
  output logic [1:0]   m_axi_mem_arburst, \
  input  logic         m_axi_mem_arready, \
  input  logic         m_axi_mem_rvalid, \
  input  logic [3:0]   m_axi_mem_rid, \
  input  logic [511:0] m_axi_mem_rdata, \
  input  logic [1:0]   m_axi_mem_rresp, \
  input  logic         m_axi_mem_rlast, \
  output logic         m_axi_mem_rready

`define TB_AXI_WIRES(rd_req, rd_rsp, wr_req, wr_rsp) \
  assign m_axi_mem_awvalid = wr_req.aw_valid; \
  assign m_axi_mem_awid    = wr_req.aw.id; \
  assign m_axi_mem_awaddr  = wr_req.aw.addr; \
  assign m_axi_mem_awlen   = wr_req.aw.len; \
  assign m_axi_mem_awsize  = wr_req.aw.size; \
  assign m_axi_mem_awburst = 2'b01; \
  assign m_axi_mem_wvalid  = wr_req.w_valid; \
  assign m_axi_mem_wdata   = wr_req.w.data; \
  assign m_axi_mem_wstrb   = wr_req.w.strb; \
  assign m_axi_mem_wlast   = wr_req.w.last; \
  assign m_axi_mem_bready  = wr_req.b_ready; \
  assign m_axi_mem_arvalid = rd_req.ar_valid; \
  assign m_axi_mem_arid    = rd_req.ar.id; \
  assign m_axi_mem_araddr  = rd_req.ar.addr; \
  assign m_axi_mem_arlen   = rd_req.ar.len; \
  assign m_axi_mem_arsize  = rd_req.ar.size; \
  assign m_axi_mem_arburst = 2'b01; \
  assign m_axi_mem_rready  = rd_req.r_ready; \
  assign rd_rsp = '{ar_ready: m_axi_mem_arready, r_valid: m_axi_mem_rvalid, \
                    r: '{id: m_axi_mem_rid, data: m_axi_mem_rdata, resp: m_axi_mem_rresp, \
                         last: m_axi_mem_rlast}}; \
  assign wr_rsp = '{aw_ready: m_axi_mem_awready, w_ready: m_axi_mem_wready, \
                    b_valid: m_axi_mem_bvalid, b: '{id: m_axi_mem_bid, resp: m_axi_mem_bresp}};
