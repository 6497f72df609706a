// SPDX-License-Identifier: Apache-2.0
// axi_mux: no response is lost, doubled or misdirected: every R and B beat goes to the client of its
// identifier and to nobody else, and is taken when that client takes it. Towards the subordinate addresses
// and data stand until taken, identifiers are the clients', each address leaves once, in its client's
// order, and write data follow in the order of the addresses, each burst whole. For ever.
// @files pkg/oct_cluster_pkg.sv common/oct_fifo.sv common/oct_skid.sv memory/oct_axi_pick.sv memory/oct_axi_mux.sv
// @prove induction 2 cvc5
// @bug rtl/memory/oct_axi_mux.sv :: r_to[i] = m_rd_rsp_i.r_valid && m_rd_rsp_i.r.id == AxiIdWidth'(i); :: r_to[i] = m_rd_rsp_i.r_valid && m_rd_rsp_i.r.id[0] == i[0];
// @bug rtl/memory/oct_axi_mux.sv :: aw.id = aw_pick[1] ? AxiIdDma : AxiIdCores; :: aw.id = aw_pick[1] ? AxiIdDma : AxiIdDma;
// @bug rtl/memory/oct_axi_mux.sv :: assign w_end = m_wr_req_o.w_valid && m_wr_rsp_i.w_ready && m_wr_req_o.w.last; :: assign w_end = m_wr_req_o.w_valid && m_wr_rsp_i.w_ready;
// @bug rtl/memory/oct_axi_mux.sv :: assign w_ready_dma   = order_valid && w_dma && m_wr_rsp_i.w_ready; :: assign w_ready_dma   = order_valid && m_wr_rsp_i.w_ready;
module axi_mux
  import oct_cluster_pkg::*;
(
  input logic              clk_i,
  input logic              rst_ni,
  input axi_rd_req_t [3:0] rd_i,       // refill, cores, queue, DMA
  input axi_wr_req_t [1:0] wr_i,       // cores, DMA
  input axi_rd_rsp_t       m_rd_i,
  input axi_wr_rsp_t       m_wr_i
);
  axi_rd_rsp_t [3:0] rd_o;
  axi_wr_rsp_t [1:0] wr_o;
  axi_rd_req_t       m_rd;
  axi_wr_req_t       m_wr;
  logic              idle, started_q = 1'b0;

  oct_axi_mux u_mux (
    .clk_i, .rst_ni, .idle_o(idle),
    .icache_rd_req_i(rd_i[0]), .icache_rd_rsp_o(rd_o[0]), .cores_rd_req_i(rd_i[1]),
    .cores_rd_rsp_o(rd_o[1]), .queue_rd_req_i(rd_i[2]), .queue_rd_rsp_o(rd_o[2]),
    .dma_rd_req_i(rd_i[3]), .dma_rd_rsp_o(rd_o[3]), .cores_wr_req_i(wr_i[0]),
    .cores_wr_rsp_o(wr_o[0]), .dma_wr_req_i(wr_i[1]), .dma_wr_rsp_o(wr_o[1]),
    .m_rd_req_o(m_rd), .m_rd_rsp_i(m_rd_i), .m_wr_req_o(m_wr), .m_wr_rsp_i(m_wr_i)
  );

  // Addresses taken from the clients and not yet sent, oldest first; of the address its upper part.
  typedef struct packed {
    logic [3:0]  id;
    logic [31:0] addr;
  } sent_t;
  sent_t      ar_new, ar0_q, ar1_q, aw_new, aw0_q, aw1_q;
  logic       ar_in, ar_out, aw_in, aw_out, w_out;
  logic [1:0] ar_count_q, aw_count_q;
  // Write bursts granted whose data are not complete, oldest first: 1 = DMA.
  logic [2:0] order_q;
  logic [2:0] order_count_q;
  logic       ar_held_q, aw_held_q, w_held_q;
  axi_ax_t    ar_q, aw_q;
  axi_w_t     w_q;
  axi_wr_req_t [1:0] wr_q;
  logic [1:0] w_offered_q;

  always_comb begin
    ar_in  = 1'b0;
    ar_new = '0;
    for (int unsigned i = 0; i < 4; i++) begin
      if (rd_i[i].ar_valid && rd_o[i].ar_ready) begin
        ar_in  = 1'b1;
        ar_new = '{id: 4'(i), addr: rd_i[i].ar.addr};
      end
    end
    aw_in  = 1'b0;
    aw_new = '0;
    if (wr_i[0].aw_valid && wr_o[0].aw_ready) begin
      aw_in  = 1'b1;
      aw_new = '{id: AxiIdCores, addr: wr_i[0].aw.addr};
    end
    if (wr_i[1].aw_valid && wr_o[1].aw_ready) begin
      aw_in  = 1'b1;
      aw_new = '{id: AxiIdDma, addr: wr_i[1].aw.addr};
    end
  end
  assign ar_out = m_rd.ar_valid && m_rd_i.ar_ready;
  assign aw_out = m_wr.aw_valid && m_wr_i.aw_ready;
  assign w_out  = m_wr.w_valid && m_wr_i.w_ready;

  always_ff @(posedge clk_i) begin
    started_q   <= 1'b1;
    ar_q        <= m_rd.ar;
    aw_q        <= m_wr.aw;
    w_q         <= m_wr.w;
    wr_q        <= wr_i;
    if (ar_out) ar0_q <= (ar_count_q == 2'd2) ? ar1_q : ar_new;
    else if (ar_count_q == 2'd0) ar0_q <= ar_new;
    if (ar_count_q == 2'd1 || ar_out) ar1_q <= ar_new;
    if (aw_out) aw0_q <= (aw_count_q == 2'd2) ? aw1_q : aw_new;
    else if (aw_count_q == 2'd0) aw0_q <= aw_new;
    if (aw_count_q == 2'd1 || aw_out) aw1_q <= aw_new;
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ar_count_q    <= '0;
      aw_count_q    <= '0;
      order_q       <= '0;
      order_count_q <= '0;
      {ar_held_q, aw_held_q, w_held_q} <= '0;
      w_offered_q   <= '0;
    end else begin
      ar_count_q <= ar_count_q + 2'(ar_in) - 2'(ar_out);
      aw_count_q <= aw_count_q + 2'(aw_in) - 2'(aw_out);
      ar_held_q  <= m_rd.ar_valid && !m_rd_i.ar_ready;
      aw_held_q  <= m_wr.aw_valid && !m_wr_i.aw_ready;
      w_held_q   <= m_wr.w_valid && !m_wr_i.w_ready;
      for (int unsigned i = 0; i < 2; i++) w_offered_q[i] <= wr_i[i].w_valid && !wr_o[i].w_ready;
      order_count_q <= order_count_q + 3'(aw_in) - 3'(w_out && m_wr.w.last);
      order_q       <= (w_out && m_wr.w.last)
          ? (order_q >> 1) | (3'(aw_in && aw_new.id == AxiIdDma) << (order_count_q - 3'd1))
          : order_q | (3'(aw_in && aw_new.id == AxiIdDma) << order_count_q);
    end
  end

  logic [1:0] w_taken;
  assign w_taken = {wr_i[1].w_valid && wr_o[1].w_ready, wr_i[0].w_valid && wr_o[0].w_ready};

  always_comb begin
    assume (rst_ni == started_q);
    if (rst_ni) begin
      // Clients hold the data that they offer.
      for (int unsigned i = 0; i < 2; i++) begin
        if (w_offered_q[i]) assume (wr_i[i].w_valid && wr_i[i].w == wr_q[i].w);
      end

      // Responses.
      for (int unsigned i = 0; i < 4; i++) begin
        assert (rd_o[i].r_valid == (m_rd_i.r_valid && m_rd_i.r.id == 4'(i)));
        assert (rd_o[i].r == m_rd_i.r);
        if (m_rd_i.r.id == 4'(i)) assert (m_rd.r_ready == rd_i[i].r_ready);
      end
      BCores_A: assert (wr_o[0].b_valid == (m_wr_i.b_valid && m_wr_i.b.id == AxiIdCores) &&
                        wr_o[0].b == m_wr_i.b);
      BDma_A:   assert (wr_o[1].b_valid == (m_wr_i.b_valid && m_wr_i.b.id == AxiIdDma) &&
                        wr_o[1].b == m_wr_i.b);
      if (m_wr_i.b.id == AxiIdCores) BReadyC_A: assert (m_wr.b_ready == wr_i[0].b_ready);
      if (m_wr_i.b.id == AxiIdDma) BReadyD_A: assert (m_wr.b_ready == wr_i[1].b_ready);

      // Handshakes.
      if (ar_held_q) ArHeld_A: assert (m_rd.ar_valid && m_rd.ar == ar_q);
      if (aw_held_q) AwHeld_A: assert (m_wr.aw_valid && m_wr.aw == aw_q);
      if (w_held_q) WHeld_A: assert (m_wr.w_valid && m_wr.w == w_q);

      // Each address leaves once, in order, under its client's identifier.
      ArRoom_A:  assert (ar_count_q <= 2'd2 && m_rd.ar_valid == (ar_count_q != '0));
      AwRoom_A:  assert (aw_count_q <= 2'd2 && m_wr.aw_valid == (aw_count_q != '0));
      if (ar_count_q != '0) Ar0_A: assert (m_rd.ar.id == ar0_q.id && m_rd.ar.addr == ar0_q.addr);
      if (aw_count_q != '0) Aw0_A: assert (m_wr.aw.id == aw0_q.id && m_wr.aw.addr == aw0_q.addr);
      ArSkid_A:  assert (u_mux.u_ar.skid_valid_q == (ar_count_q == 2'd2));
      AwSkid_A:  assert (u_mux.u_aw.skid_valid_q == (aw_count_q == 2'd2));
      if (ar_count_q == 2'd2) begin
        Ar1_A: assert (u_mux.u_ar.skid_q.id == ar1_q.id && u_mux.u_ar.skid_q.addr == ar1_q.addr);
      end
      if (aw_count_q == 2'd2) begin
        Aw1_A: assert (u_mux.u_aw.skid_q.id == aw1_q.id && u_mux.u_aw.skid_q.addr == aw1_q.addr);
      end

      // Data: of the oldest burst's client, whole bursts, each beat once.
      Order_A:   assert (order_count_q <= 3'd3 && u_mux.u_order.count_q == order_count_q[1:0]);
      Ahead_A:   assert (order_count_q != '0 || !m_wr.w_valid);
      Taken_A:   assert (w_out == (w_taken != '0) && w_taken != 2'b11);
      if (w_taken[0]) FromCores_A: assert (!order_q[0] && m_wr.w == wr_i[0].w);
      if (w_taken[1]) FromDma_A: assert (order_q[0] && m_wr.w == wr_i[1].w);

      // What keeps it so: the list of the proof is the block's.
      Range_A:   assert (u_mux.u_order.rd_q < 2'd3 && u_mux.u_order.wr_q < 2'd3);
      Gap_A:     assert (32'(u_mux.u_order.wr_q) ==
                         (32'(u_mux.u_order.rd_q) + 32'(order_count_q)) % 3);
      for (int unsigned k = 0; k < 3; k++) begin
        if (32'(order_count_q) > k) begin
          assert (u_mux.u_order.mem_q[2'((32'(u_mux.u_order.rd_q) + k) % 3)] == order_q[k]);
        end else begin
          assert (!order_q[k]);
        end
      end
    end
  end
endmodule
