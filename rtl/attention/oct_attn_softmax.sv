// SPDX-License-Identifier: Apache-2.0
// oct_attn_softmax: from logits to weights. The logits of a tile go into a buffer, masked; when all are
// in and the weights of the tile before are used up, two keys a cycle become weights (bank 1 of the
// array): at most 32 cycles, the first one in the cycle of the start. The next tile's logits may come at
// the same time, behind the reads. After a group's last tile oct_attn_norm makes 1/L.
// Twin: sw/golden/engine_math.hpp. Test: tb/unit/attention/oct_attn_compute_test.cpp.
`include "oct_assert.svh"

module oct_attn_softmax
  import oct_attn_pkg::*;
(
  input  logic                    clk_i,
  input  logic                    rst_ni,
  input  logic                    clear_i,
  output logic                    idle_o,
  input  ctx_t [NumCtx-1:0]       ctx_i,

  // Sequencer
  input  logic                    tile_en_i,     // a tile begins; only with tile_ready_o
  input  tile_t                   tile_i,
  output logic                    tile_ready_o,
  output logic                    p_ready_o,     // the weights are there when a step is
  input  logic                    p_used_i,      // the last step with them goes out
  input  logic                    p_bank_i,      // bank 1 is the softmax's
  output logic                    load_ready_o,  // the state may be loaded
  input  logic                    load_en_i,
  input  logic                    load_high_i,   // units 8 and up
  input  logic                    load_dual_i,   // two units a query: all of them
  input  logic [RowWidth-1:0]     load_i,

  input  logic                    logit_valid_i,
  input  logic [Units-1:0][15:0]  logit_lo_i,
  input  logic [Units-1:0][15:0]  logit_hi_i,

  output logic                    p_valid_o,
  output logic [4:0]              p_pair_o,
  output logic [Units-1:0][15:0]  p_o,
  output logic [Units-1:0][4:0]   shift_o,       // D of the tile whose weights are in the bank
  output logic [Units-1:0][4:0]   tail_shift_o,  // of the tile of one key behind it, and its weight
  output logic [Units-1:0][7:0]   tail_p_o,

  output logic                    norm_valid_o,
  input  logic                    norm_ready_i,
  output scale_t [Units-1:0]      norm_o,
  output logic [Units-1:0][63:0]  state_o
);
  localparam int unsigned Width = 16 * Units;

  // ---- Tile that comes in ---------------------------------------------------------------------------
  logic             pend_q, all_q;   // a tile comes in or waits; all its logits are here
  logic             in_ctx_q, in_first_q, in_last_q, top_first_q;
  logic [6:0]       in_keys_q;
  logic             in_split_q;
  scale_t           in_scale_q;
  logic             start;           // its weights begin
  logic [Units-1:0] see_lo, see_hi;
  logic             in_odd, in_tail, in_last;
  logic [4:0]       in_pair_q;
  logic [Width-1:0] in_lo, in_hi;

  oct_attn_visible u_visible (
    .clk_i,
    .rst_ni,
    .tile_en_i,
    .tile_i,
    .ctx_i,
    .next_i (logit_valid_i),
    .lo_o   (see_lo),
    .hi_o   (see_hi),
    .odd_o  (in_odd),
    .tail_o (in_tail),
    .last_o (in_last)
  );

  function automatic logic [Width-1:0] masked(input logic [Width-1:0] logits,
                                              input logic [Units-1:0] seen);
    logic [Width-1:0] result;
    for (int unsigned u = 0; u < Units; u++) begin
      result[16*u+:16] = seen[u] ? logits[16*u+:16] : KeyHidden;
    end
    return result;
  endfunction

  always_comb begin
    in_lo = '0;
    in_hi = '0;
    if (logit_valid_i) begin
      in_lo = masked(logit_lo_i, see_lo);
      in_hi = masked(logit_hi_i, see_hi);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pend_q <= 1'b0;
      all_q  <= 1'b0;
    end else if (clear_i) begin
      pend_q <= 1'b0;
      all_q  <= 1'b0;
    end else begin
      if (tile_en_i) pend_q <= 1'b1;
      else if (start) pend_q <= 1'b0;
      if (start) all_q <= 1'b0;
      else if (logit_valid_i && in_last) all_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (tile_en_i) begin
      in_ctx_q    <= tile_i.ctx;
      in_first_q  <= tile_i.first;
      in_last_q   <= tile_i.last;
      in_keys_q   <= tile_i.keys;
      in_split_q  <= tile_i.split;
      in_scale_q  <= tile_i.scale_o;
      in_pair_q   <= '0;
      top_first_q <= 1'b1;
    end else if (logit_valid_i) begin
      if (in_split_q || in_odd) in_pair_q <= in_pair_q + 5'd1;
      top_first_q <= 1'b0;
    end
  end

  // ---- Weights: the logits are read (start or run), then the terms, then P and the sum -----------
  logic       run_q, term_q, out_q, full_q, loaded_q, wait_q, started_q;
  logic       read, last, final_q, raw_q, fresh, quiet, hide_hi_q, norm_load;
  logic [4:0] pair, pair_q, term_pair_q, out_pair_q;
  logic [6:0] keys, keys_q;
  // A tile of one key behind this one: still to come, its term, its weight.
  logic       tail_q, tail_start, tail_term_q, tail_out_q, done;
  scale_t     scale_q;

  assign fresh        = in_first_q && ctx_i[in_ctx_q].first;
  assign quiet        = !run_q && !term_q && !out_q && !wait_q && !tail_q;
  assign start        = pend_q && all_q && p_bank_i && quiet && !full_q &&
                        (!in_first_q || fresh || loaded_q);
  assign tile_ready_o = !pend_q || start;
  assign p_ready_o    = full_q;
  assign load_ready_o = quiet && pend_q && in_first_q && !loaded_q;
  assign read         = start || run_q;
  assign pair         = start ? '0 : pair_q;
  assign keys         = start ? in_keys_q : keys_q;
  assign tail_start   = tail_q && out_q && !run_q && !term_q;
  assign done         = (read && last && !tail_q) || tail_start;
  assign last         = {1'b0, pair, 1'b1} + 7'd1 >= keys;
  assign p_valid_o    = out_q && !tail_out_q;
  assign p_pair_o     = out_pair_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      run_q       <= 1'b0;
      term_q      <= 1'b0;
      out_q       <= 1'b0;
      started_q   <= 1'b0;
      full_q      <= 1'b0;
      loaded_q    <= 1'b0;
      wait_q      <= 1'b0;
      tail_q      <= 1'b0;
      tail_term_q <= 1'b0;
      tail_out_q  <= 1'b0;
    end else if (clear_i) begin
      run_q       <= 1'b0;
      term_q      <= 1'b0;
      out_q       <= 1'b0;
      started_q   <= 1'b0;
      full_q      <= 1'b0;
      loaded_q    <= 1'b0;
      wait_q      <= 1'b0;
      tail_q      <= 1'b0;
      tail_term_q <= 1'b0;
      tail_out_q  <= 1'b0;
    end else begin
      run_q       <= read && !last;
      term_q      <= read || tail_start;
      tail_term_q <= tail_start;
      started_q   <= start || tail_start;
      out_q       <= term_q;
      tail_out_q  <= tail_term_q;
      if (start) tail_q <= in_keys_q[6] && in_keys_q[0];
      else if (tail_start) tail_q <= 1'b0;
      if (done) full_q <= 1'b1;
      else if (p_used_i) full_q <= 1'b0;
      if (start) loaded_q <= 1'b0;
      else if (load_en_i && (load_high_i || load_dual_i || StateRows == 1)) loaded_q <= 1'b1;
      if (done && (start ? in_last_q : final_q)) wait_q <= 1'b1;
      else if (norm_load) wait_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) begin
      keys_q  <= (in_keys_q > 7'(TileKeys)) ? 7'(TileKeys) : in_keys_q;
      final_q <= in_last_q;
      raw_q   <= !ctx_i[in_ctx_q].last;
      scale_q <= in_scale_q;
    end
    if (read) begin
      pair_q      <= pair + 5'd1;
      term_pair_q <= pair;
      hide_hi_q   <= {1'b0, pair, 1'b1} >= keys;
    end
    if (term_q) out_pair_q <= term_pair_q;
    if (tail_out_q) begin
      for (int unsigned u = 0; u < Units; u++) tail_p_o[u] <= p_o[u][7:0];
    end
  end

  // ---- Logit buffer: even keys, odd keys ---------------------------------------------------------
  logic [1:0]            wr_en;
  logic [1:0][Width-1:0] rd_data;
  logic [Width-1:0]      key_hi;

  assign wr_en[0] = logit_valid_i && !in_odd && !in_tail;
  assign wr_en[1] = logit_valid_i && (in_split_q || in_odd) && !in_tail;
  assign key_hi   = hide_hi_q ? {Units{KeyHidden}} : rd_data[1];

  for (genvar b = 0; b < 2; b++) begin : gen_parity
    oct_tech_sram_1r1w #(.Words(TileKeys / 2), .Width(Width)) u_logits (
      .clk_i,
      .rd_req_i  (read),
      .rd_addr_i (pair),
      .rd_data_o (rd_data[b]),
      .wr_req_i  (wr_en[b]),
      .wr_addr_i (in_pair_q),
      .wr_be_i   ('1),
      .wr_data_i ((b == 1 && in_split_q) ? in_hi : in_lo)
    );
    `OCT_ASSERT(ReadNotWritten_A, read && wr_en[b] |-> pair != in_pair_q)
  end

  // ---- Queries -----------------------------------------------------------------------------------
  logic                   norm_busy;
  logic [Units-1:0][10:0] max;
  logic [Units-1:0][39:0] sum;

  for (genvar u = 0; u < Units; u++) begin : gen_query
    logic [63:0] load;
    assign load = load_dual_i ? load_i[64*(u/2)+:64] : load_i[64*(u%8)+:64];

    oct_attn_exp u_exp (
      .clk_i,
      .max_en_i    (logit_valid_i && !in_tail),
      .max_first_i (top_first_q),
      .max_lo_i    (in_lo[16*u+:16]),
      .max_hi_i    (in_hi[16*u+:16]),
      .tail_en_i   (logit_valid_i && in_tail),
      .start_i     (start),
      .fresh_i     (fresh),
      .load_en_i   (load_en_i && (load_dual_i || load_high_i == (u >= 8))),
      .load_i      (load),
      .tail_start_i(tail_start),
      .started_i   (started_q),
      .tail_i      (tail_term_q),
      .key_en_i    (term_q),
      .term_en_i   (out_q),
      .key_lo_i    (rd_data[0][16*u+:16]),
      .key_hi_i    (key_hi[16*u+:16]),
      .p_o         (p_o[u]),
      .shift_o     (shift_o[u]),
      .tail_shift_o(tail_shift_o[u]),
      .max_o       (max[u]),
      .sum_o       (sum[u])
    );
  end

  // ---- Division ----------------------------------------------------------------------------------
  assign norm_load = wait_q && !run_q && !term_q && !out_q && !norm_busy;
  assign idle_o    = !pend_q && !full_q && quiet && !norm_busy;

  oct_attn_norm u_norm (
    .clk_i,
    .rst_ni,
    .clear_i,
    .busy_o  (norm_busy),
    .load_i  (norm_load),
    .raw_i   (raw_q),
    .scale_i (scale_q),
    .max_i   (max),
    .sum_i   (sum),
    .valid_o (norm_valid_o),
    .ready_i (norm_ready_i),
    .norm_o,
    .state_o
  );

  logic unused;
  assign unused = ^{load_i};

  `OCT_ASSERT(TileInTurn_A, tile_en_i |-> tile_ready_o)
  `OCT_ASSERT(LogitsOfATile_A, logit_valid_i |-> pend_q && !all_q)
  `OCT_ASSERT(LoadInTurn_A, load_en_i |-> load_ready_o)
  `OCT_ASSERT(Norm_A, norm_valid_o && !norm_ready_i && !clear_i |=>
              norm_valid_o && $stable(norm_o) && $stable(state_o))
endmodule
