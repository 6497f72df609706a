// SPDX-License-Identifier: Apache-2.0
// oct_dma_axiwr: the three write channels of DMA-out. Bursts are announced at most AheadBeats beats
// before their data, so that other clients' writes never wait for data that are far away. While
// stop_i is high nothing new is announced; what was announced is ended with strobes off.
// Test: tb/unit/dma/oct_dma_test.cpp.
`include "oct_assert.svh"

module oct_dma_axiwr
  import oct_cluster_pkg::*;
  import oct_dma_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 stop_i,        // a level, from a flip-flop or clear_i
  input  logic                 strobes_off_i,  // from the second cycle of stop_i on
  output logic                 drained_o,     // nothing is owed on any channel

  input  logic                 burst_valid_i,
  output logic                 burst_take_o,
  input  burst_t               burst_i,

  input  logic                 data_valid_i,
  input  logic [LineWidth-1:0] data_i,
  input  logic [LineBytes-1:0] strb_i,
  output logic                 data_pop_o,

  input  logic                 b_ready_i,
  output logic                 b_take_o,

  output axi_wr_req_t          axi_o,
  input  logic                 aw_ready_i,
  input  logic                 w_ready_i,
  input  logic                 b_valid_i
);
  localparam int unsigned AheadBeats = 8;
  typedef logic [6:0] ahead_t;  // up to AheadBeats - 1 and one burst of 64

  logic    send, aw_valid_q, w_valid, w_take, w_last, held_q, len_valid, len_ready;
  axi_ax_t aw_q;
  ahead_t  ahead_q;   // beats announced, or about to be, and not sent
  beats_t  owed_q;    // bursts announced, or about to be, and not answered
  logic [5:0] len, beat_q;
  logic [3:0] unused_count;

  // ---- Addresses -------------------------------------------------------------------------------
  assign send = burst_take_o && !burst_i.null_;
  assign burst_take_o = burst_valid_i && !stop_i && (burst_i.null_ ||
      ((!aw_valid_q || aw_ready_i) && ahead_q < ahead_t'(AheadBeats) &&
       owed_q < beats_t'(MaxBeats - 1)));

  // Data follow their address: its length is known here only once it has been taken.
  oct_fifo #(.T(logic [5:0]), .Depth(AheadBeats)) u_lens (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(aw_valid_q && aw_ready_i), .in_ready_o(len_ready), .in_i(aw_q.len[5:0]),
    .out_valid_o(len_valid), .out_ready_i(w_take && w_last), .out_o(len), .count_o(unused_count)
  );

  // ---- Data ------------------------------------------------------------------------------------
  // A beat that was offered stands, also when its job is dropped: held_q.
  assign w_valid    = len_valid && (data_valid_i || strobes_off_i);
  assign w_last     = beat_q == len;
  assign w_take     = w_valid && w_ready_i;
  assign data_pop_o = w_take && !strobes_off_i;
  assign b_take_o   = b_valid_i && axi_o.b_ready;
  assign drained_o  = owed_q == '0 && ahead_q == '0;

  assign axi_o.aw_valid = aw_valid_q;
  assign axi_o.aw       = aw_q;
  assign axi_o.w_valid  = w_valid;
  assign axi_o.w.data   = data_i;
  assign axi_o.w.strb   = (strobes_off_i && !held_q) ? '0 : strb_i;
  assign axi_o.w.last   = w_last;
  assign axi_o.b_ready  = b_ready_i || stop_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      aw_valid_q <= 1'b0;
      ahead_q    <= '0;
      owed_q     <= '0;
      beat_q     <= '0;
      held_q     <= 1'b0;
    end else begin
      if (send)            aw_valid_q <= 1'b1;
      else if (aw_ready_i) aw_valid_q <= 1'b0;
      if (send || w_take)  ahead_q <= ahead_q + (send ? ahead_t'(burst_i.len) + 1'b1 : '0)
                                              - ahead_t'(w_take);
      if (send != b_take_o) owed_q <= send ? owed_q + 1'b1 : owed_q - 1'b1;
      if (w_take) beat_q <= w_last ? '0 : beat_q + 1'b1;
      held_q <= w_valid && !w_ready_i && !(strobes_off_i && !held_q);
    end
  end

  always_ff @(posedge clk_i) begin
    if (send) begin
      aw_q <= '{id: AxiIdDma, addr: {burst_i.line, 6'b0}, len: 8'(burst_i.len), size: 3'd6};
    end
  end

  `OCT_ASSERT(LensFit_A, aw_valid_q && aw_ready_i |-> len_ready)
  `OCT_ASSERT(AnswerOwed_A, b_take_o |-> owed_q != '0)
  `OCT_ASSERT_STREAM(W_A, axi_o.w_valid, w_ready_i, axi_o.w)
  `OCT_ASSERT_STREAM(Aw_A, axi_o.aw_valid, aw_ready_i, axi_o.aw)

  logic unused;
  assign unused = ^{1'b0, len_ready, unused_count, burst_i.last};
endmodule
