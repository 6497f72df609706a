// SPDX-License-Identifier: Apache-2.0
// oct_axi_guard_rd: read half of oct_axi_guard. Registers AR and R (latency 1 each, full rate),
// keeps a list per identifier of what the clients still wait for, and a count of what the
// subordinate still owes. While tripped_i is high the two part: clients are answered from the lists
// with SLVERR, one burst after the other, and what the subordinate sends is swallowed.
// Test: tb/unit/memory/oct_axi_guard_test.cpp.
`include "oct_assert.svh"

module oct_axi_guard_rd
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_l2_pkg::*;
#(
  localparam int unsigned NumIds = 4
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              tripped_i,
  input  logic              answer_i,      // clients may be answered: the time-out is on record
  input  logic [NumIds-1:0] late_i,        // in the first cycle of tripped_i: who was late, or zero

  input  axi_rd_req_t       req_i,          // the clients' side
  output axi_rd_rsp_t       rsp_o,
  output axi_rd_req_t       m_req_o,        // the subordinate's side
  input  axi_rd_rsp_t       m_rsp_i,

  output logic [NumIds-1:0] waiting_o,      // this identifier has a burst not answered
  output logic [NumIds-1:0] served_o,       // the subordinate moved for it in this cycle
  output logic              blocked_o,      // it would, but the clients take nothing
  output logic [31:0]       addr_o,         // of late_i's oldest burst, in the second such cycle
  output logic              up_idle_o,      // the clients wait for nothing
  output logic              down_idle_o     // the subordinate owes nothing
);
  localparam int unsigned LenWidth  = (DmaBurstBeats > 2) ? $clog2(DmaBurstBeats) : 1;
  localparam int unsigned OwedWidth = $clog2(DmaDepth + 16 * NumIds);
  localparam int unsigned ItemWidth = 40;  // length and address, in whole bytes

  // ---- AR ----------------------------------------------------------------------------------
  logic              ar_room, ar_take, m_ar_ready, send;
  logic [NumIds-1:0] to;
  logic              room, look;

  always_comb begin
    for (int unsigned i = 0; i < NumIds; i++) to[i] = req_i.ar.id == AxiIdWidth'(i);
  end

  // Room for any identifier, so that ready depends on no payload; the lists have more places than
  // clients have bursts, so a full client stops nobody.
  assign ar_room = room && !look;
  assign send    = req_i.ar_valid && ar_room && !tripped_i;
  assign ar_take = req_i.ar_valid && ar_room && (tripped_i || m_ar_ready);

  oct_skid #(.T(axi_ax_t)) u_ar (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(send), .in_ready_o(m_ar_ready), .in_i(req_i.ar),
    .out_valid_o(m_req_o.ar_valid), .out_ready_i(m_rsp_i.ar_ready), .out_o(m_req_o.ar)
  );

  // ---- What the clients wait for --------------------------------------------------------------
  logic [NumIds-1:0]    pop, oldest;
  logic [ItemWidth-1:0] item;
  logic [1:0]           head_d, head_id_q;
  logic                 head_q;    // burst head_id_q is in `item`

  oct_axi_guard_list #(.NumIds(NumIds), .Width(ItemWidth), .Depth(DmaDepth)) u_list (
    .clk_i, .rst_ni,
    .put_i(ar_take), .id_i(to), .burst_i({req_i.ar.len, req_i.ar.addr}), .room_o(room),
    .pop_i(pop), .waiting_o, .look_i(look), .look_id_i(head_d), .burst_o(item)
  );

  assign look   = tripped_i && !head_q && waiting_o != '0;
  assign oldest = (late_i != '0) ? late_i : waiting_o & (~waiting_o + 1'b1);
  assign addr_o = item[31:0];

  always_comb begin
    head_d = '0;
    for (int unsigned i = 0; i < NumIds; i++) if (oldest[i]) head_d = head_d | 2'(i);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)        head_q <= 1'b0;
    else if (tripped_i) head_q <= look || (head_q && pop == '0);
  end

  always_ff @(posedge clk_i) begin
    if (look) head_id_q <= head_d;
  end

  // ---- R: from the subordinate, or made here --------------------------------------------------
  logic [1:0] m_id, id;
  logic       known, r_in_valid, r_in_ready, r_put;
  axi_r_t     r_in;
  logic [NumIds-1:0][LenWidth-1:0] beat_q;

  assign m_id  = m_rsp_i.r.id[1:0];
  assign known = m_rsp_i.r.id < AxiIdWidth'(NumIds) && waiting_o[m_id];
  assign id    = tripped_i ? head_id_q : m_id;

  always_comb begin
    r_in_valid = tripped_i ? head_q && answer_i : m_rsp_i.r_valid && known;
    r_in       = m_rsp_i.r;
    if (tripped_i) begin
      r_in.id   = AxiIdWidth'(id);
      r_in.resp = AxiSlvErr;
      r_in.last = beat_q[id] == item[32+:LenWidth];
    end
  end

  assign r_put = r_in_valid && r_in_ready;

  always_comb begin
    for (int unsigned i = 0; i < NumIds; i++) pop[i] = r_put && r_in.last && id == 2'(i);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) beat_q <= '0;
    else if (r_put) beat_q[id] <= r_in.last ? '0 : beat_q[id] + 1'b1;
  end

  oct_skid #(.T(axi_r_t)) u_r (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(r_in_valid), .in_ready_o(r_in_ready), .in_i(r_in),
    .out_valid_o(rsp_o.r_valid), .out_ready_i(req_i.r_ready), .out_o(rsp_o.r)
  );

  assign m_req_o.r_ready = r_in_ready || tripped_i;
  assign rsp_o.ar_ready  = ar_room && (tripped_i || m_ar_ready);

  // ---- What the subordinate owes -----------------------------------------------------------
  logic [OwedWidth-1:0] owed_q;
  logic                 owe, paid;

  assign owe  = send && m_ar_ready;
  assign paid = m_rsp_i.r_valid && m_req_o.r_ready && m_rsp_i.r.last && owed_q != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) owed_q <= '0;
    else if (owe != paid) owed_q <= owe ? owed_q + 1'b1 : owed_q - 1'b1;
  end

  assign blocked_o = m_rsp_i.r_valid && !m_req_o.r_ready;

  always_comb begin
    for (int unsigned i = 0; i < NumIds; i++) begin
      served_o[i] = (m_rsp_i.r_valid && m_id == 2'(i))
                    || (m_req_o.ar_valid && m_rsp_i.ar_ready && m_req_o.ar.id == AxiIdWidth'(i));
    end
  end

  assign up_idle_o   = waiting_o == '0 && !rsp_o.r_valid;
  assign down_idle_o = owed_q == '0;

  logic unused;
  assign unused = ^item[ItemWidth-1:32];

  `OCT_ASSERT(LenInRange_A, req_i.ar_valid |-> req_i.ar.len < 8'(DmaBurstBeats))
  `OCT_ASSERT(IdKnown_A, req_i.ar_valid |-> req_i.ar.id < AxiIdWidth'(NumIds))
  `OCT_ASSERT_STREAM(ArHeld_A, m_req_o.ar_valid, m_rsp_i.ar_ready, m_req_o.ar)
endmodule
