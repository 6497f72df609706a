// SPDX-License-Identifier: Apache-2.0
// oct_top: the cluster behind flat pins: clock and reset entry, an AXI4 manager to L2, an AXI4-Lite
// subordinate for the host. All outputs leave from flip-flops, all inputs but ready and valid of the
// handshakes enter one. Ports and rules: docs/architecture/interfaces.md. Test: tb/system.
module oct_top
  import oct_cluster_pkg::*;
(
  input  logic         clk_i,
  input  logic         rst_ni,            // asynchronous; released synchronously inside
  input  logic         test_en_i,         // scan mode: reset straight from rst_ni
  output logic         irq_o,             // level

  input  logic [31:0]  boot_addr_i,       // where cores start while BOOT_ADDR is 0
  input  logic [31:0]  hart_id_base_i,    // of worker 0; both static while cores run

  output logic         m_axi_mem_awvalid,
  input  logic         m_axi_mem_awready,
  output logic [3:0]   m_axi_mem_awid,
  output logic [31:0]  m_axi_mem_awaddr,
  output logic [7:0]   m_axi_mem_awlen,
  output logic [2:0]   m_axi_mem_awsize,
  output logic [1:0]   m_axi_mem_awburst,
  output logic [3:0]   m_axi_mem_awcache,
  output logic [2:0]   m_axi_mem_awprot,
  output logic         m_axi_mem_wvalid,
  input  logic         m_axi_mem_wready,
  output logic [511:0] m_axi_mem_wdata,
  output logic [63:0]  m_axi_mem_wstrb,
  output logic         m_axi_mem_wlast,
  input  logic         m_axi_mem_bvalid,
  output logic         m_axi_mem_bready,
  input  logic [3:0]   m_axi_mem_bid,
  input  logic [1:0]   m_axi_mem_bresp,
  output logic         m_axi_mem_arvalid,
  input  logic         m_axi_mem_arready,
  output logic [3:0]   m_axi_mem_arid,
  output logic [31:0]  m_axi_mem_araddr,
  output logic [7:0]   m_axi_mem_arlen,
  output logic [2:0]   m_axi_mem_arsize,
  output logic [1:0]   m_axi_mem_arburst,
  output logic [3:0]   m_axi_mem_arcache,
  output logic [2:0]   m_axi_mem_arprot,
  input  logic         m_axi_mem_rvalid,
  output logic         m_axi_mem_rready,
  input  logic [3:0]   m_axi_mem_rid,
  input  logic [511:0] m_axi_mem_rdata,
  input  logic [1:0]   m_axi_mem_rresp,
  input  logic         m_axi_mem_rlast,

  input  logic         s_axi_ctrl_awvalid,
  output logic         s_axi_ctrl_awready,
  input  logic [23:0]  s_axi_ctrl_awaddr,
  input  logic [2:0]   s_axi_ctrl_awprot,
  input  logic         s_axi_ctrl_wvalid,
  output logic         s_axi_ctrl_wready,
  input  logic [31:0]  s_axi_ctrl_wdata,
  input  logic [3:0]   s_axi_ctrl_wstrb,
  output logic         s_axi_ctrl_bvalid,
  input  logic         s_axi_ctrl_bready,
  output logic [1:0]   s_axi_ctrl_bresp,
  input  logic         s_axi_ctrl_arvalid,
  output logic         s_axi_ctrl_arready,
  input  logic [23:0]  s_axi_ctrl_araddr,
  input  logic [2:0]   s_axi_ctrl_arprot,
  output logic         s_axi_ctrl_rvalid,
  input  logic         s_axi_ctrl_rready,
  output logic [31:0]  s_axi_ctrl_rdata,
  output logic [1:0]   s_axi_ctrl_rresp
);
  logic        rst_n;
  logic [31:0] boot_addr_q, hart_id_base_q;
  axi_rd_req_t rd_req;
  axi_rd_rsp_t rd_rsp;
  axi_wr_req_t wr_req;
  axi_wr_rsp_t wr_rsp;
  data_req_t   host_req;
  data_rsp_t   host_rsp;

  oct_tech_rst_sync u_rst_sync (.clk_i, .rst_ni, .test_en_i, .rst_no(rst_n));

  always_ff @(posedge clk_i) begin
    boot_addr_q    <= boot_addr_i;
    hart_id_base_q <= hart_id_base_i;
  end

  oct_axil u_axil (
    .clk_i,
    .rst_ni    (rst_n),
    .aw_valid_i(s_axi_ctrl_awvalid),
    .aw_ready_o(s_axi_ctrl_awready),
    .aw_addr_i (s_axi_ctrl_awaddr),
    .w_valid_i (s_axi_ctrl_wvalid),
    .w_ready_o (s_axi_ctrl_wready),
    .w_data_i  (s_axi_ctrl_wdata),
    .w_strb_i  (s_axi_ctrl_wstrb),
    .b_valid_o (s_axi_ctrl_bvalid),
    .b_ready_i (s_axi_ctrl_bready),
    .b_resp_o  (s_axi_ctrl_bresp),
    .ar_valid_i(s_axi_ctrl_arvalid),
    .ar_ready_o(s_axi_ctrl_arready),
    .ar_addr_i (s_axi_ctrl_araddr),
    .r_valid_o (s_axi_ctrl_rvalid),
    .r_ready_i (s_axi_ctrl_rready),
    .r_data_o  (s_axi_ctrl_rdata),
    .r_resp_o  (s_axi_ctrl_rresp),
    .data_req_o(host_req),
    .data_rsp_i(host_rsp)
  );

  oct_cluster u_cluster (
    .clk_i,
    .rst_ni(rst_n),
    .irq_o,
    .boot_addr_i   (boot_addr_q),
    .hart_id_base_i(hart_id_base_q),
    .host_req_i(host_req),
    .host_rsp_o(host_rsp),
    .m_rd_req_o(rd_req),
    .m_rd_rsp_i(rd_rsp),
    .m_wr_req_o(wr_req),
    .m_wr_rsp_i(wr_rsp)
  );

  // INCR bursts; Normal, non-cacheable, non-bufferable: a response means performed.
  assign m_axi_mem_awvalid = wr_req.aw_valid;
  assign m_axi_mem_awid    = wr_req.aw.id;
  assign m_axi_mem_awaddr  = wr_req.aw.addr;
  assign m_axi_mem_awlen   = wr_req.aw.len;
  assign m_axi_mem_awsize  = wr_req.aw.size;
  assign m_axi_mem_awburst = 2'b01;
  assign m_axi_mem_awcache = 4'b0010;
  assign m_axi_mem_awprot  = 3'b000;
  assign m_axi_mem_wvalid  = wr_req.w_valid;
  assign m_axi_mem_wdata   = wr_req.w.data;
  assign m_axi_mem_wstrb   = wr_req.w.strb;
  assign m_axi_mem_wlast   = wr_req.w.last;
  assign m_axi_mem_bready  = wr_req.b_ready;
  assign m_axi_mem_arvalid = rd_req.ar_valid;
  assign m_axi_mem_arid    = rd_req.ar.id;
  assign m_axi_mem_araddr  = rd_req.ar.addr;
  assign m_axi_mem_arlen   = rd_req.ar.len;
  assign m_axi_mem_arsize  = rd_req.ar.size;
  assign m_axi_mem_arburst = 2'b01;
  assign m_axi_mem_arcache = 4'b0010;
  assign m_axi_mem_arprot  = 3'b000;
  assign m_axi_mem_rready  = rd_req.r_ready;

  assign wr_rsp = '{aw_ready: m_axi_mem_awready, w_ready: m_axi_mem_wready,
                    b_valid: m_axi_mem_bvalid, b: '{id: m_axi_mem_bid, resp: m_axi_mem_bresp}};
  assign rd_rsp = '{ar_ready: m_axi_mem_arready, r_valid: m_axi_mem_rvalid,
                    r: '{id: m_axi_mem_rid, data: m_axi_mem_rdata, resp: m_axi_mem_rresp,
                         last: m_axi_mem_rlast}};

  logic unused;
  assign unused = ^{s_axi_ctrl_awprot, s_axi_ctrl_arprot};
endmodule
