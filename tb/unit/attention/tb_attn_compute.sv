// SPDX-License-Identifier: Apache-2.0
// tb_attn_compute: oct_attn_compute with the fields of its structs as separate pins; words of 32 bits
// per unit.
module tb_attn_compute
  import oct_attn_pkg::*;
(
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      clear_i,
  output logic                      idle_o,

  // Job contexts
  input  logic [1:0]                ctx_causal_i, ctx_first_i, ctx_last_i,
  input  logic [1:0][31:0]          ctx_offset_i,
  input  logic [1:0][15:0]          ctx_window_i,

  // Beats
  input  logic [Halves-1:0]         b_valid_i,
  input  logic [Halves-1:0][7:0]    b_mask_i,
  input  logic [Halves-1:0][7:0]    b_dest_i, b_index_i, b_bytes_i,
  input  logic [Halves-1:0]         b_bank_i, b_kn_i, b_split_i, b_high_i, b_last_i,
  input  logic [Halves-1:0][511:0]  b_data_i,

  output logic [1:0]                x_free_o, w_free_o, mask_free_o,

  // Slot
  input  logic                      s_valid_i,
  output logic                      s_ready_o,
  input  logic                      s_ctx_i, s_bank_i, s_w_first_i, s_w_last_i, s_x_keep_i,
  input  logic                      s_acc_first_i, s_acc_last_i, s_split_i, s_tile_first_i,
  input  logic                      s_tile_last_i, s_par_i, s_mask_i, s_dual_i, s_odd_i, s_tail_i,
  input  logic [1:0]                s_kind_i,
  input  logic [6:0]                s_rows_i, s_acc_base_i, s_keys_i,
  input  logic [16:0]               s_key0_i, s_q0_i,

  // Logits
  output logic                      dot_soon_o, dot_valid_o, dot_split_o,
  output logic [31:0]               dot_scale_o,
  output logic [Units-1:0][31:0]    dot_lo_o, dot_hi_o,
  input  logic                      logit_valid_i,
  input  logic [Units-1:0][15:0]    logit_lo_i, logit_hi_i,

  // Drain
  output logic [1:0]                region_full_o,
  input  logic [1:0]                region_free_i,
  input  logic                      acc_req_i,
  input  logic [6:0]                acc_row_i,
  output logic                      acc_ready_o, acc_valid_o,
  output logic [Units-1:0][31:0]    acc_data_o,

  output logic                      norm_valid_o,
  input  logic                      norm_ready_i,
  output logic [Units-1:0][31:0]    norm_o,
  output logic [Units-1:0][63:0]    state_o,

  output logic [4:0]                events_o   // computing, x, w, accumulators, weights: 4 to 0
);
  ctx_t [NumCtx-1:0]  ctx;
  rdata_t [Halves-1:0] rdata;
  s_cmd_t             s;
  dot_t [Units-1:0]   dot;

  always_comb begin
    ctx = '0;
    for (int unsigned c = 0; c < NumCtx; c++) begin
      ctx[c].attn   = 1'b1;
      ctx[c].causal = ctx_causal_i[c];
      ctx[c].first  = ctx_first_i[c];
      ctx[c].last   = ctx_last_i[c];
      ctx[c].offset = ctx_offset_i[c];
      ctx[c].window = ctx_window_i[c];
    end
  end

  for (genvar h = 0; h < Halves; h++) begin : gen_half
    assign rdata[h].valid        = b_valid_i[h];
    assign rdata[h].mask         = b_mask_i[h];
    assign rdata[h].tag.dest     = dest_e'(b_dest_i[h][2:0]);
    assign rdata[h].tag.index    = b_index_i[h][XIdxWidth-1:0];
    assign rdata[h].tag.bank     = b_bank_i[h];
    assign rdata[h].tag.kn       = b_kn_i[h];
    assign rdata[h].tag.split    = b_split_i[h];
    assign rdata[h].tag.half_sel = b_high_i[h];
    assign rdata[h].tag.bytes    = b_bytes_i[h][6:0];
    assign rdata[h].tag.last     = b_last_i[h];
    assign rdata[h].tag.pad      = '0;
    assign rdata[h].data         = b_data_i[h];
  end

  assign s = '{ctx: s_ctx_i, kind: slot_e'(s_kind_i), rows: s_rows_i, bank: s_bank_i,
               w_first: s_w_first_i, w_last: s_w_last_i, x_keep: s_x_keep_i,
               dual: s_dual_i, odd: s_odd_i, tail: s_tail_i,
               acc_base: s_acc_base_i, acc_first: s_acc_first_i, acc_last: s_acc_last_i,
               split: s_split_i, keys: s_keys_i, key0: s_key0_i, q0: s_q0_i,
               tile_first: s_tile_first_i, tile_last: s_tile_last_i, par_en: s_par_i,
               mask_en: s_mask_i};

  for (genvar u = 0; u < Units; u++) begin : gen_unit
    assign dot_lo_o[u] = 32'(dot[u].lo);
    assign dot_hi_o[u] = 32'(dot[u].hi);
  end

  oct_attn_compute u_dut (
    .clk_i,
    .rst_ni,
    .clear_i,
    .idle_o,
    .ctx_i       (ctx),
    .rdata_i     (rdata),
    .x_free_o,
    .w_free_o,
    .mask_free_o,
    .s_valid_i,
    .s_ready_o,
    .s_cmd_i     (s),
    .dot_soon_o,
    .dot_valid_o,
    .dot_split_o,
    .dot_scale_o,
    .dot_o       (dot),
    .logit_valid_i,
    .logit_lo_i,
    .logit_hi_i,
    .region_full_o,
    .region_free_i,
    .acc_req_i,
    .acc_row_i,
    .acc_ready_o,
    .acc_valid_o,
    .acc_data_o,
    .norm_valid_o,
    .norm_ready_i,
    .norm_o,
    .state_o,
    .events_o
  );

  logic unused;
  assign unused = ^{b_dest_i, b_index_i, b_bytes_i};
endmodule
