// SPDX-License-Identifier: Apache-2.0
// oct_l2_path: everything between the clients and the AXI pins: instruction cache, L2 bridge, mux,
// guard. Wires only. Described in docs/architecture/l2_path.md. Test: tb/system.
module oct_l2_path
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_l2_pkg::*;
(
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      clear_i,
  output logic                      icache_idle_o,
  output logic                      axi_idle_o,

  input  fetch_req_t [NumCores-1:0] fetch_req_i,
  output fetch_rsp_t                fetch_rsp_o,
  input  logic                      icache_flush_i,
  input  logic [1:0]                icache_prefetch_i,
  output icache_events_t            icache_events_o,

  input  data_req_t                 l2_req_i,         // of the system bus
  input  master_t                   l2_master_i,
  output logic                      l2_ready_o,
  output l2_ans_t                   l2_load_o,
  output logic [31:0]               l2_rdata_o,
  output l2_ans_t                   l2_store_o,

  input  axi_rd_req_t               queue_rd_req_i,
  output axi_rd_rsp_t               queue_rd_rsp_o,
  input  axi_rd_req_t               dma_rd_req_i,
  output axi_rd_rsp_t               dma_rd_rsp_o,
  input  axi_wr_req_t               dma_wr_req_i,
  output axi_wr_rsp_t               dma_wr_rsp_o,

  input  logic [31:0]               timeout_i,
  output logic                      timeout_o,
  output logic [31:0]               timeout_addr_o,
  output logic                      timed_out_o,

  output axi_rd_req_t               m_rd_req_o,
  input  axi_rd_rsp_t               m_rd_rsp_i,
  output axi_wr_req_t               m_wr_req_o,
  input  axi_wr_rsp_t               m_wr_rsp_i
);
  axi_rd_req_t icache_rd_req, cores_rd_req, mux_rd_req;
  axi_rd_rsp_t icache_rd_rsp, cores_rd_rsp, mux_rd_rsp;
  axi_wr_req_t cores_wr_req, mux_wr_req;
  axi_wr_rsp_t cores_wr_rsp, mux_wr_rsp;
  logic        bridge_idle, mux_idle, guard_idle, unused_timeout_write;

  assign axi_idle_o = bridge_idle && mux_idle && guard_idle;

  oct_icache u_icache (
    .clk_i,
    .rst_ni,
    .clear_i,
    .idle_o     (icache_idle_o),
    .flush_i    (icache_flush_i),
    .prefetch_i (icache_prefetch_i),
    .fetch_req_i,
    .fetch_rsp_o,
    .rd_req_o   (icache_rd_req),
    .rd_rsp_i   (icache_rd_rsp),
    .events_o   (icache_events_o)
  );

  oct_l2_bridge u_bridge (
    .clk_i,
    .rst_ni,
    .idle_o  (bridge_idle),
    .req_i   (l2_req_i),
    .master_i(l2_master_i),
    .ready_o (l2_ready_o),
    .load_o  (l2_load_o),
    .rdata_o (l2_rdata_o),
    .store_o (l2_store_o),
    .rd_req_o(cores_rd_req),
    .rd_rsp_i(cores_rd_rsp),
    .wr_req_o(cores_wr_req),
    .wr_rsp_i(cores_wr_rsp)
  );

  oct_axi_mux u_mux (
    .clk_i,
    .rst_ni,
    .idle_o         (mux_idle),
    .icache_rd_req_i(icache_rd_req),
    .icache_rd_rsp_o(icache_rd_rsp),
    .cores_rd_req_i (cores_rd_req),
    .cores_rd_rsp_o (cores_rd_rsp),
    .queue_rd_req_i,
    .queue_rd_rsp_o,
    .dma_rd_req_i,
    .dma_rd_rsp_o,
    .cores_wr_req_i (cores_wr_req),
    .cores_wr_rsp_o (cores_wr_rsp),
    .dma_wr_req_i,
    .dma_wr_rsp_o,
    .m_rd_req_o     (mux_rd_req),
    .m_rd_rsp_i     (mux_rd_rsp),
    .m_wr_req_o     (mux_wr_req),
    .m_wr_rsp_i     (mux_wr_rsp)
  );

  oct_axi_guard u_guard (
    .clk_i,
    .rst_ni,
    .clear_i,
    .idle_o         (guard_idle),
    .timeout_i,
    .rd_req_i       (mux_rd_req),
    .rd_rsp_o       (mux_rd_rsp),
    .wr_req_i       (mux_wr_req),
    .wr_rsp_o       (mux_wr_rsp),
    .m_rd_req_o,
    .m_rd_rsp_i,
    .m_wr_req_o,
    .m_wr_rsp_i,
    .timeout_o,
    .timeout_addr_o,
    .timeout_write_o(unused_timeout_write),
    .timed_out_o
  );
endmodule
