// SPDX-License-Identifier: Apache-2.0
// oct_attn_compute: the compute side of the attention engine: ring of X rows, array, accumulators,
// sequencer, softmax. One row of X a cycle; a slot follows the one before without a gap when rows, bank,
// region and weights are there. Twin: sw/golden/engine_math.hpp.
// Test: tb/unit/attention/oct_attn_compute_test.cpp.
`include "oct_assert.svh"

module oct_attn_compute
  import oct_attn_pkg::*;
(
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  clear_i,        // forgets everything under way
  output logic                  idle_o,         // no slot, weights or division under way

  input  ctx_t [NumCtx-1:0]     ctx_i,          // jobs under way, constant while they are

  // Beats from the ports, half by half; those for other destinations are ignored.
  input  rdata_t [Halves-1:0]   rdata_i,

  // Credits to the loaders, pulses: a beat may come from the next cycle on.
  output logic [1:0]            x_free_o,       // ring rows freed, in order: 0, 1 or 2
  output logic [1:0]            w_free_o,       // one flag per bank
  output logic [1:0]            mask_free_o,    // words of the mask queue freed: 0, 1 or 2

  input  logic                  s_valid_i,
  output logic                  s_ready_o,      // with the last step of the slot
  input  s_cmd_t                s_cmd_i,        // stands until taken

  // Logits: dots go out and come back scaled and clipped, in order, any fixed time later.
  output logic                  dot_soon_o,     // dot_valid_o will be high in the next cycle
  output logic                  dot_valid_o,
  output logic                  dot_split_o,    // two keys: .lo and .hi
  output scale_t                dot_scale_o,    // mq/sq
  output dot_t [Units-1:0]      dot_o,
  input  logic                  logit_valid_i,
  input  logic [Units-1:0][15:0] logit_lo_i,
  input  logic [Units-1:0][15:0] logit_hi_i,    // split: the odd key

  // Drain: a region is full from its last sum until it is freed. Reads come second to the sequencer's.
  output logic [1:0]            region_full_o,
  input  logic [1:0]            region_free_i,
  input  logic                  acc_req_i,
  input  logic [AccIdxWidth-1:0] acc_row_i,
  output logic                  acc_ready_o,
  output logic                  acc_valid_o,    // in the cycle after the request was taken
  output logic [Units-1:0][AccWidth-1:0] acc_data_o,

  // One offer per group of queries, in order, some 35 cycles after its last weights: 1/L as a scale, and
  // the state words for a job that goes on later (then the scales are meaningless).
  output logic                  norm_valid_o,
  input  logic                  norm_ready_i,
  output scale_t [Units-1:0]    norm_o,         // {0, s, R}; R = 0 where no key was visible
  output logic [Units-1:0][63:0] state_o,       // {M[63:48], L[39:0]}

  output array_events_t         events_o
);
  // ---- Sequencer ---------------------------------------------------------------------------------
  logic [XRows-1:0]        x_there;
  logic                    x_en, x_two, x_free, p_bank, tile_en, tile_ready, p_ready, p_used;
  logic                    load_ready, step_valid, seq_idle, softmax_idle;
  logic [XIdxWidth-1:0]    x_row;
  logic [1:0]              x_free_q;
  logic [Halves-1:0][1:0]  w_last;
  logic [2:0]              words;
  logic [1:0][63:0]        word;
  logic [1:0]              words_pop, sum_full;
  tile_t                   tile;
  step_t                   step;

  oct_attn_seq u_seq (
    .clk_i,
    .rst_ni,
    .clear_i,
    .idle_o        (seq_idle),
    .s_valid_i,
    .s_ready_o,
    .s_cmd_i,
    .x_there_i     (x_there),
    .x_en_o        (x_en),
    .x_row_o       (x_row),
    .x_two_o       (x_two),
    .x_free_o      (x_free),
    .w_last_i      (w_last),
    .w_free_o,
    .p_bank_o      (p_bank),
    .words_i       (words),
    .word_i        (word),
    .words_pop_o   (words_pop),
    .region_full_i (sum_full),
    .region_full_o,
    .region_free_i,
    .tile_en_o     (tile_en),
    .tile_o        (tile),
    .tile_ready_i  (tile_ready),
    .p_ready_i     (p_ready),
    .p_used_o      (p_used),
    .load_ready_i  (load_ready),
    .step_valid_o  (step_valid),
    .step_o        (step),
    .scale_q_o     (dot_scale_o),
    .events_o
  );

  assign x_free_o = x_free_q;
  assign idle_o   = seq_idle && softmax_idle;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) x_free_q <= '0;
    else x_free_q <= (x_en && x_free && !clear_i) ? {x_two, !x_two} : 2'd0;
  end

  oct_attn_words u_words (
    .clk_i,
    .rst_ni,
    .clear_i,
    .rdata_i (rdata_i[0]),
    .count_o (words),
    .word_o  (word),
    .pop_i   (words_pop),
    .free_o  (mask_free_o)
  );

  // ---- Array -------------------------------------------------------------------------------------
  logic [1:0][RowWidth-1:0] x;
  logic [RowWidth-1:0]      x_data;
  logic [7:0]               x_tail, x_data_tail;
  logic                     p_valid, x_valid;
  logic [4:0]               p_pair;
  logic [Units-1:0][15:0]   p;
  step_t                    x_step;
  dot_t [Units-1:0]         dot;

  oct_attn_xmem u_xmem (
    .clk_i,
    .rst_ni,
    .clear_i,
    .rdata_i,
    .there_o  (x_there),
    .rd_en_i  (x_en),
    .rd_row_i (x_row),
    .rd_two_i (x_two),
    .rd_tail_i(s_cmd_i.tail),
    .free_i   (x_en && x_free),
    .x_o      (x),
    .x_tail_o (x_tail)
  );

  oct_attn_array u_array (
    .clk_i,
    .rst_ni,
    .clear_i,
    .rdata_i,
    .w_last_o     (w_last),
    .p_valid_i    (p_valid),
    .p_pair_i     (p_pair),
    .p_i          (p),
    .step_valid_i (step_valid),
    .step_i       (step),
    .x_i          (x),
    .x_tail_i     (x_tail),
    .x_valid_o    (x_valid),
    .x_step_o     (x_step),
    .x_o          (x_data),
    .x_tail_o     (x_data_tail),
    .dot_o        (dot)
  );

  // ---- What becomes of a dot: a logit or part of a sum -------------------------------------------
  logic       dot1_q, dot2_q;
  logic [1:0] split_q, dual_q;
  logic [Units-1:0][4:0] shift, shift_q;  // D: the softmax may be at the next tile when sums shift
  logic [Units-1:0][4:0] tail_shift;
  logic [Units-1:0][7:0] tail_p;

  assign dot_soon_o  = dot1_q && !clear_i;
  assign dot_valid_o = dot2_q;
  assign dot_split_o = split_q[1];

  // Dual: both units of a query get both keys of theirs, or the sum.
  always_comb begin
    dot_o = dot;
    if (dot2_q && dual_q[1]) begin
      for (int unsigned u = 0; u < Units; u++) begin
        dot_o[u].lo = dot[u&~32'd1].lo + (split_q[1] ? '0 : dot[u|32'd1].lo);
        dot_o[u].hi = HalfWidth'(dot[u|32'd1].lo);
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      dot1_q <= 1'b0;
      dot2_q <= 1'b0;
    end else begin
      dot1_q <= x_valid && x_step.qk && !clear_i;
      dot2_q <= dot1_q && !clear_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (x_valid) {dual_q[0], split_q[0]} <= {x_step.dual, x_step.split};
    if (dot1_q) {dual_q[1], split_q[1]} <= {dual_q[0], split_q[0]};
    if (step_valid && step.weights) shift_q <= shift;
  end

  oct_attn_acc u_acc (
    .clk_i,
    .rst_ni,
    .clear_i,
    .valid_i (x_valid && (x_step.sum || x_step.load)),
    .step_i  (x_step),
    .load_i  (x_data),
    .shift_i (shift_q),
    .tail_shift_i (tail_shift),
    .tail_p_i     (tail_p),
    .tail_x_i     (x_data_tail),
    .dot_i   (dot),
    .full_o  (sum_full),
    .req_i   (acc_req_i),
    .row_i   (acc_row_i),
    .ready_o (acc_ready_o),
    .valid_o (acc_valid_o),
    .data_o  (acc_data_o)
  );

  oct_attn_softmax u_softmax (
    .clk_i,
    .rst_ni,
    .clear_i,
    .idle_o        (softmax_idle),
    .ctx_i,
    .tile_en_i     (tile_en),
    .tile_i        (tile),
    .tile_ready_o  (tile_ready),
    .p_ready_o     (p_ready),
    .p_used_i      (p_used),
    .p_bank_i      (p_bank),
    .load_ready_o  (load_ready),
    .load_en_i     (x_valid && x_step.state),
    .load_high_i   (StateRows == 2 && x_step.row[0]),
    .load_dual_i   (x_step.dual),
    .load_i        (x_data),
    .logit_valid_i,
    .logit_lo_i,
    .logit_hi_i,
    .p_valid_o     (p_valid),
    .p_pair_o      (p_pair),
    .p_o           (p),
    .shift_o       (shift),
    .tail_shift_o  (tail_shift),
    .tail_p_o      (tail_p),
    .norm_valid_o,
    .norm_ready_i,
    .norm_o,
    .state_o
  );
endmodule
