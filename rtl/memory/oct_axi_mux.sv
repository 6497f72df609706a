// SPDX-License-Identifier: Apache-2.0
// oct_axi_mux: four read and two write clients on one AXI manager. AR and AW leave from registers
// (latency 1); W, R and B pass through, registered by oct_axi_guard next door; one beat per cycle
// each. Priority is fixed (refill, cores, queue, DMA), but a client that lost PatienceLimit grants
// goes first, so each waits for at most PatienceLimit + 3 others. W follows the order of AW; at
// most three bursts are granted ahead of their data, so that a core's store waits for three DMA
// bursts at most.
// Test: tb/unit/memory/oct_axi_mux_test.cpp. Proof: formal/memory/axi_pick.sv.
`include "oct_assert.svh"

module oct_axi_mux
  import oct_cluster_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  output logic        idle_o,       // no address held, no write data due

  input  axi_rd_req_t icache_rd_req_i,
  output axi_rd_rsp_t icache_rd_rsp_o,
  input  axi_rd_req_t cores_rd_req_i,
  output axi_rd_rsp_t cores_rd_rsp_o,
  input  axi_rd_req_t queue_rd_req_i,
  output axi_rd_rsp_t queue_rd_rsp_o,
  input  axi_rd_req_t dma_rd_req_i,
  output axi_rd_rsp_t dma_rd_rsp_o,
  input  axi_wr_req_t cores_wr_req_i,
  output axi_wr_rsp_t cores_wr_rsp_o,
  input  axi_wr_req_t dma_wr_req_i,
  output axi_wr_rsp_t dma_wr_rsp_o,

  output axi_rd_req_t m_rd_req_o,
  input  axi_rd_rsp_t m_rd_rsp_i,
  output axi_wr_req_t m_wr_req_o,
  input  axi_wr_rsp_t m_wr_rsp_i
);
  localparam int unsigned NumRd      = 4;
  localparam int unsigned Icache = 0, Cores = 1, Queue = 2, Dma = 3;  // = axi_id_e, as indices
  localparam int unsigned WriteAhead = 3;

  // ---- AR ----------------------------------------------------------------------------------
  logic [NumRd-1:0] ar_ask, ar_pick, r_to, r_ready;
  logic             ar_ready, ar_valid;
  axi_ax_t          ar, m_ar;

  assign ar_ask = {dma_rd_req_i.ar_valid, queue_rd_req_i.ar_valid, cores_rd_req_i.ar_valid,
                   icache_rd_req_i.ar_valid};

  oct_axi_pick #(.N(NumRd)) u_ar_pick (
    .clk_i, .rst_ni, .ask_i(ar_ask), .take_i(ar_ready), .pick_o(ar_pick)
  );

  // The identifier is the client, whatever the client thinks it is.
  always_comb begin
    ar = icache_rd_req_i.ar;
    ar.id = AxiIdIcache;
    if (ar_pick[Cores]) begin
      ar = cores_rd_req_i.ar;
      ar.id = AxiIdCores;
    end
    if (ar_pick[Queue]) begin
      ar = queue_rd_req_i.ar;
      ar.id = AxiIdQueue;
    end
    if (ar_pick[Dma]) begin
      ar = dma_rd_req_i.ar;
      ar.id = AxiIdDma;
    end
  end

  oct_skid #(.T(axi_ax_t)) u_ar (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(ar_ask != '0), .in_ready_o(ar_ready), .in_i(ar),
    .out_valid_o(ar_valid), .out_ready_i(m_rd_rsp_i.ar_ready), .out_o(m_ar)
  );

  // ---- R -----------------------------------------------------------------------------------
  always_comb begin
    for (int unsigned i = 0; i < NumRd; i++) begin
      r_to[i] = m_rd_rsp_i.r_valid && m_rd_rsp_i.r.id == AxiIdWidth'(i);
    end
  end

  assign r_ready = {dma_rd_req_i.r_ready, queue_rd_req_i.r_ready, cores_rd_req_i.r_ready,
                    icache_rd_req_i.r_ready};

  assign m_rd_req_o = '{ar_valid: ar_valid, ar: m_ar,
                        r_ready: r_ready[m_rd_rsp_i.r.id[1:0]] || m_rd_rsp_i.r.id[3:2] != '0};

  assign icache_rd_rsp_o = '{ar_ready: ar_pick[Icache] && ar_ready,
                             r_valid: r_to[Icache], r: m_rd_rsp_i.r};
  assign cores_rd_rsp_o  = '{ar_ready: ar_pick[Cores] && ar_ready,
                             r_valid: r_to[Cores], r: m_rd_rsp_i.r};
  assign queue_rd_rsp_o  = '{ar_ready: ar_pick[Queue] && ar_ready,
                             r_valid: r_to[Queue], r: m_rd_rsp_i.r};
  assign dma_rd_rsp_o    = '{ar_ready: ar_pick[Dma] && ar_ready,
                             r_valid: r_to[Dma], r: m_rd_rsp_i.r};

  // ---- AW and W: index 0 = cores, 1 = DMA ----------------------------------------------------
  logic [1:0] aw_ask, aw_pick;
  logic       aw_ready, order_ready, aw_take, aw_valid, order_valid, w_dma, w_end;
  logic       w_ready_cores, w_ready_dma;
  axi_ax_t    aw, m_aw;
  logic [$clog2(WriteAhead+1)-1:0] order_count;

  assign aw_ask  = {dma_wr_req_i.aw_valid, cores_wr_req_i.aw_valid};
  assign aw_take = aw_ready && order_ready;

  oct_axi_pick #(.N(2)) u_aw_pick (
    .clk_i, .rst_ni, .ask_i(aw_ask), .take_i(aw_take), .pick_o(aw_pick)
  );

  always_comb begin
    aw    = aw_pick[1] ? dma_wr_req_i.aw : cores_wr_req_i.aw;
    aw.id = aw_pick[1] ? AxiIdDma : AxiIdCores;
  end

  oct_skid #(.T(axi_ax_t)) u_aw (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(aw_ask != '0 && order_ready), .in_ready_o(aw_ready), .in_i(aw),
    .out_valid_o(aw_valid), .out_ready_i(m_wr_rsp_i.aw_ready), .out_o(m_aw)
  );

  oct_fifo #(.T(logic), .Depth(WriteAhead)) u_order (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(aw_ask != '0 && aw_ready), .in_ready_o(order_ready), .in_i(aw_pick[1]),
    .out_valid_o(order_valid), .out_ready_i(w_end), .out_o(w_dma), .count_o(order_count)
  );

  always_comb begin
    m_wr_req_o.aw_valid = aw_valid;
    m_wr_req_o.aw       = m_aw;
    m_wr_req_o.w_valid  = order_valid && (w_dma ? dma_wr_req_i.w_valid : cores_wr_req_i.w_valid);
    m_wr_req_o.w        = w_dma ? dma_wr_req_i.w : cores_wr_req_i.w;
    m_wr_req_o.b_ready  = m_wr_rsp_i.b.id == AxiIdDma ? dma_wr_req_i.b_ready
                        : m_wr_rsp_i.b.id != AxiIdCores || cores_wr_req_i.b_ready;
  end

  assign w_end = m_wr_req_o.w_valid && m_wr_rsp_i.w_ready && m_wr_req_o.w.last;
  assign w_ready_cores = order_valid && !w_dma && m_wr_rsp_i.w_ready;
  assign w_ready_dma   = order_valid && w_dma && m_wr_rsp_i.w_ready;

  assign cores_wr_rsp_o = '{aw_ready: aw_pick[0] && aw_take, w_ready: w_ready_cores,
                            b_valid: m_wr_rsp_i.b_valid && m_wr_rsp_i.b.id == AxiIdCores,
                            b: m_wr_rsp_i.b};
  assign dma_wr_rsp_o   = '{aw_ready: aw_pick[1] && aw_take, w_ready: w_ready_dma,
                            b_valid: m_wr_rsp_i.b_valid && m_wr_rsp_i.b.id == AxiIdDma,
                            b: m_wr_rsp_i.b};

  assign idle_o = !ar_valid && !aw_valid && order_count == '0;

  `OCT_ASSERT_STREAM(ArHeld_A, m_rd_req_o.ar_valid, m_rd_rsp_i.ar_ready, m_rd_req_o.ar)
  `OCT_ASSERT_STREAM(AwHeld_A, m_wr_req_o.aw_valid, m_wr_rsp_i.aw_ready, m_wr_req_o.aw)
  `OCT_ASSERT_STREAM(WHeld_A, m_wr_req_o.w_valid, m_wr_rsp_i.w_ready, m_wr_req_o.w)
endmodule
