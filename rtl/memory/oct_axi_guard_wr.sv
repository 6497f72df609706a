// SPDX-License-Identifier: Apache-2.0
// oct_axi_guard_wr: write half of oct_axi_guard. Registers AW, W and B (latency 1 each, full rate).
// While tripped_i is high the sides part: data of the clients are dropped and their bursts answered
// with SLVERR; the beats that bursts already sent on still lack are sent with all strobes off, and
// what the subordinate answers is swallowed. Test: tb/unit/memory/oct_axi_guard_test.cpp.
`include "oct_assert.svh"

module oct_axi_guard_wr
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_l2_pkg::*;
#(
  localparam int unsigned NumIds = 2
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              tripped_i,
  input  logic              answer_i,      // clients may be answered: the time-out is on record
  input  logic [NumIds-1:0] late_i,        // in the first cycle of tripped_i: who was late, or zero

  input  axi_wr_req_t       req_i,          // the clients' side
  output axi_wr_rsp_t       rsp_o,
  output axi_wr_req_t       m_req_o,        // the subordinate's side
  input  axi_wr_rsp_t       m_rsp_i,

  output logic [NumIds-1:0] waiting_o,      // 0 = cores, 1 = DMA: a burst is not answered
  output logic [NumIds-1:0] served_o,       // the subordinate moved for it, or is not to blame
  output logic              blocked_o,      // it would, but the clients take nothing
  output logic [31:0]       addr_o,         // of late_i's oldest burst, in the second such cycle
  output logic              up_idle_o,
  output logic              down_idle_o
);
  localparam int unsigned OpenDepth = 4;  // bursts with data to come; oct_axi_mux has three
  localparam int unsigned LenWidth  = (DmaBurstBeats > 2) ? $clog2(DmaBurstBeats) : 1;
  localparam int unsigned OwedWidth = $clog2(DmaDepth + 16 * NumIds);
  localparam int unsigned DueWidth  = $clog2(DmaDepth + 1);

  function automatic logic is_dma(logic [AxiIdWidth-1:0] id);
    return id == AxiIdDma;
  endfunction

  // ---- AW ----------------------------------------------------------------------------------
  logic              aw_dma, aw_room, aw_take, m_aw_ready, open_ready, len_ready, send;
  logic              room, look;

  assign aw_dma  = is_dma(req_i.aw.id);
  assign aw_room = room && !look && open_ready;  // see oct_axi_guard_rd
  assign send    = req_i.aw_valid && aw_room && len_ready && !tripped_i;
  assign rsp_o.aw_ready = aw_room && (tripped_i || (m_aw_ready && len_ready));
  assign aw_take = req_i.aw_valid && rsp_o.aw_ready;

  oct_skid #(.T(axi_ax_t)) u_aw (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(send), .in_ready_o(m_aw_ready), .in_i(req_i.aw),
    .out_valid_o(m_req_o.aw_valid), .out_ready_i(m_rsp_i.aw_ready), .out_o(m_req_o.aw)
  );

  // ---- Bursts whose data are not complete: at the clients, and at the subordinate ---------------
  logic                open_valid, open_dma, len_valid, up_end, down_end, w_put, m_w_ready;
  logic [LenWidth-1:0] len, beat_q;
  logic [$clog2(OpenDepth+1)-1:0] open_count, len_count;
  axi_w_t              w_in;

  oct_fifo #(.T(logic), .Depth(OpenDepth)) u_open (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(aw_take), .in_ready_o(open_ready), .in_i(aw_dma),
    .out_valid_o(open_valid), .out_ready_i(up_end), .out_o(open_dma), .count_o(open_count)
  );
  oct_fifo #(.T(logic [LenWidth-1:0]), .Depth(OpenDepth)) u_len (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(send && m_aw_ready), .in_ready_o(len_ready), .in_i(req_i.aw.len[LenWidth-1:0]),
    .out_valid_o(len_valid), .out_ready_i(down_end), .out_o(len), .count_o(len_count)
  );

  always_comb begin
    w_in = req_i.w;
    if (tripped_i) begin
      w_in.strb = '0;
      w_in.last = beat_q == len;
    end
  end

  assign rsp_o.w_ready = open_valid && (tripped_i || m_w_ready);
  assign up_end        = req_i.w_valid && rsp_o.w_ready && req_i.w.last;
  assign w_put         = m_w_ready && (tripped_i ? len_valid : req_i.w_valid && open_valid);
  assign down_end      = w_put && w_in.last;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) beat_q <= '0;
    else if (w_put) beat_q <= w_in.last ? '0 : beat_q + 1'b1;
  end

  oct_skid #(.T(axi_w_t)) u_w (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(w_put), .in_ready_o(m_w_ready), .in_i(w_in),
    .out_valid_o(m_req_o.w_valid), .out_ready_i(m_rsp_i.w_ready), .out_o(m_req_o.w)
  );

  // ---- What the clients wait for: addresses, and answers due (all data were taken) --------------
  logic [NumIds-1:0]               pop, complete, is_due;
  logic [NumIds-1:0][DueWidth-1:0] due_q;

  assign complete = {up_end && open_dma, up_end && !open_dma};
  assign look     = late_i != '0;

  oct_axi_guard_list #(.NumIds(NumIds), .Width(32), .Depth(DmaDepth)) u_list (
    .clk_i, .rst_ni,
    .put_i(aw_take), .id_i({aw_dma, !aw_dma}), .burst_i(req_i.aw.addr), .room_o(room),
    .pop_i(pop), .waiting_o, .look_i(look), .look_id_i(late_i[1]), .burst_o(addr_o)
  );

  for (genvar i = 0; i < NumIds; i++) begin : gen_due
    assign is_due[i] = due_q[i] != '0;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) due_q[i] <= '0;
      else if (complete[i] != pop[i]) due_q[i] <= complete[i] ? due_q[i] + 1'b1 : due_q[i] - 1'b1;
    end
    `OCT_ASSERT(DueWaits_A, is_due[i] |-> waiting_o[i])
  end

  // ---- B: from the subordinate, or made here --------------------------------------------------
  logic   b_in_valid, b_in_ready, b_dma, m_known;
  axi_b_t b_in;

  assign m_known = (m_rsp_i.b.id == AxiIdCores && is_due[0]) || (is_dma(m_rsp_i.b.id) && is_due[1]);

  always_comb begin
    b_in       = m_rsp_i.b;
    b_in_valid = m_rsp_i.b_valid && m_known;
    if (tripped_i) begin
      b_in       = '{id: is_due[0] ? AxiIdCores : AxiIdDma, resp: AxiSlvErr};
      b_in_valid = is_due != '0 && answer_i;
    end
  end

  assign b_dma = is_dma(b_in.id);
  assign pop   = {b_in_valid && b_in_ready && b_dma, b_in_valid && b_in_ready && !b_dma};

  oct_skid #(.T(axi_b_t)) u_b (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(b_in_valid), .in_ready_o(b_in_ready), .in_i(b_in),
    .out_valid_o(rsp_o.b_valid), .out_ready_i(req_i.b_ready), .out_o(rsp_o.b)
  );

  assign m_req_o.b_ready = b_in_ready || tripped_i;

  // ---- What the subordinate owes -----------------------------------------------------------
  logic [OwedWidth-1:0] owed_q;
  logic                 owe, paid, stuck;

  assign owe  = send && m_aw_ready;
  assign paid = m_rsp_i.b_valid && m_req_o.b_ready && owed_q != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) owed_q <= '0;
    else if (owe != paid) owed_q <= owe ? owed_q + 1'b1 : owed_q - 1'b1;
  end

  // The subordinate is to blame while it takes no address or data offered, or owes the answer of a
  // complete burst; not while the clients' data are missing.
  assign stuck     = (m_req_o.aw_valid && !m_rsp_i.aw_ready)
                     || (m_req_o.w_valid && !m_rsp_i.w_ready);
  assign blocked_o = m_rsp_i.b_valid && !m_req_o.b_ready;
  assign served_o  = {(!stuck && !is_due[1]) || (m_rsp_i.b_valid && is_dma(m_rsp_i.b.id)),
                      (!stuck && !is_due[0]) || (m_rsp_i.b_valid && m_rsp_i.b.id == AxiIdCores)};

  assign up_idle_o   = waiting_o == '0 && !rsp_o.b_valid;
  assign down_idle_o = owed_q == '0 && len_count == '0 && !m_req_o.w_valid;

  `OCT_ASSERT(LenInRange_A, req_i.aw_valid |-> req_i.aw.len < 8'(DmaBurstBeats))
  `OCT_ASSERT(IdKnown_A, req_i.aw_valid |-> req_i.aw.id == AxiIdCores || req_i.aw.id == AxiIdDma)
  `OCT_ASSERT(LastRight_A, w_put && !tripped_i |-> req_i.w.last == (beat_q == len))
  `OCT_ASSERT(Lockstep_A, !tripped_i |-> open_count == len_count)
  `OCT_ASSERT_STREAM(AwHeld_A, m_req_o.aw_valid, m_rsp_i.aw_ready, m_req_o.aw)
  `OCT_ASSERT_STREAM(WHeld_A, m_req_o.w_valid, m_rsp_i.w_ready, m_req_o.w)
endmodule
