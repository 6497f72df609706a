// SPDX-License-Identifier: Apache-2.0
// tb_attn_drain: oct_attn_drain with the fields of its structs as separate pins.
module tb_attn_drain
  import oct_attn_pkg::*;
(
  input  logic                      clk_i, rst_ni, clear_i,
  output logic                      idle_o,

  // Jobs, one bit or field each
  input  logic [1:0]                job_attn_i, job_last_i, job_table_i, job_relu_i,
  input  logic [1:0]                job_plane_b_i, job_r16_i,
  input  logic [1:0][1:0]           job_res_i,
  input  logic [1:0][15:0]          job_lo_i, job_hi_i,
  input  logic [1:0][31:0]          job_tab_i, job_r_stride_i,

  input  logic                      d_valid_i,
  output logic                      d_ready_o,
  input  logic                      d_ctx_i, d_region_i, d_table_load_i,
  input  logic [6:0]                d_rows_i, d_groups_i,
  input  logic [15:0]               d_cols_i,
  input  logic [31:0]               d_y_addr_i, d_r_addr_i, d_a_addr_i, d_b_addr_i, d_c_addr_i,

  // Residual [0], parameters [1]
  output logic [1:0]                rd_valid_o, rd_ctx_o,
  output logic [1:0][31:0]          rd_addr_o, rd_stride_o, rd_tag_o,
  output logic [1:0][1:0]           rd_lw_o,
  output logic [1:0][7:0]           rd_mask_o,
  output logic                      rd_half_o,   // of the parameters
  input  logic [1:0]                rd_ready_i,
  input  logic [Halves-1:0]         data_valid_i,
  input  logic [Halves-1:0][7:0]    data_mask_i,
  input  logic [Halves-1:0][31:0]   data_tag_i,
  input  logic [Halves-1:0][RowWidth-1:0] data_i,

  input  logic                      dot_soon_i, dot_valid_i, dot_split_i,
  input  logic [31:0]               dot_scale_i,
  input  logic [Units-1:0][31:0]    dot_lo_i, dot_hi_i,
  output logic                      logit_valid_o,
  output logic [Units-1:0][15:0]    logit_lo_o, logit_hi_o,

  input  logic [1:0]                region_full_i,
  output logic [1:0]                region_free_o,
  output logic                      acc_req_o,
  output logic [7:0]                acc_row_o,
  input  logic                      acc_ready_i, acc_valid_i,
  input  logic [Units-1:0][31:0]    acc_data_i,

  input  logic                      norm_valid_i,
  output logic                      norm_ready_o,
  input  logic [Units-1:0][31:0]    norm_i,
  input  logic [Units-1:0][63:0]    state_i,

  output logic                      y_valid_o,
  input  logic                      y_ready_i,
  output logic [31:0]               y_addr_o,
  output logic                      y_first_o, y_group_last_o, y_last_o,
  output logic [Units-1:0][15:0]    y_o
);
  ctx_t [1:0]          ctx;
  d_cmd_t              cmd, y_cmd;
  rbeat_t [1:0]        beat;
  rdata_t [Halves-1:0] rdata;
  dot_t [Units-1:0]    dot;
  yvec_t               y;
  logic [AccIdxWidth-1:0] row;

  always_comb begin
    ctx = '0;
    for (int unsigned i = 0; i < 2; i++) begin
      ctx[i].attn     = job_attn_i[i];
      ctx[i].last     = job_last_i[i];
      ctx[i].table_en = job_table_i[i];
      ctx[i].relu     = job_relu_i[i];
      ctx[i].plane_b  = job_plane_b_i[i];
      ctx[i].r16      = job_r16_i[i];
      ctx[i].res      = job_res_i[i];
      ctx[i].lo       = job_lo_i[i];
      ctx[i].hi       = job_hi_i[i];
      ctx[i].tab_addr = job_tab_i[i];
      ctx[i].r_stride = job_r_stride_i[i];
    end
    cmd            = '0;
    cmd.ctx        = d_ctx_i;
    cmd.region     = d_region_i;
    cmd.table_load = d_table_load_i;
    cmd.rows       = d_rows_i;
    cmd.groups     = d_groups_i;
    cmd.cols       = d_cols_i;
    cmd.y_addr     = d_y_addr_i;
    cmd.r_addr     = d_r_addr_i;
    cmd.a_addr     = d_a_addr_i;
    cmd.b_addr     = d_b_addr_i;
    cmd.c_addr     = d_c_addr_i;
    for (int unsigned h = 0; h < Halves; h++) begin
      rdata[h] = '{valid: data_valid_i[h], mask: data_mask_i[h],
                   tag: tag_t'(data_tag_i[h][$bits(tag_t)-1:0]), data: data_i[h]};
    end
    for (int unsigned u = 0; u < Units; u++) begin
      dot[u]    = '0;
      dot[u].lo = dot_lo_i[u][DotWidth-1:0];
      dot[u].hi = dot_hi_i[u][HalfWidth-1:0];
    end
  end

  for (genvar i = 0; i < 2; i++) begin : gen_beat
    assign rd_valid_o[i]  = beat[i].valid;
    assign rd_ctx_o[i]    = beat[i].ctx;
    assign rd_addr_o[i]   = beat[i].addr;
    assign rd_stride_o[i] = beat[i].stride;
    assign rd_tag_o[i]    = 32'(beat[i].tag);
    assign rd_lw_o[i]     = beat[i].lw;
    assign rd_mask_o[i]   = beat[i].mask;
  end

  assign acc_row_o      = 8'(row);
  assign y_addr_o       = y_cmd.y_addr;
  assign y_first_o      = y.first;
  assign y_group_last_o = y.group_last;
  assign y_last_o       = y.last;
  assign y_o            = y.y;

  oct_attn_drain u_dut (
    .clk_i, .rst_ni, .clear_i, .idle_o,
    .ctx_i       (ctx),
    .d_valid_i,
    .d_ready_o,
    .d_cmd_i     (cmd),
    .r_o         (beat[0]),
    .r_ready_i   (rd_ready_i[0]),
    .p_o         (beat[1]),
    .p_half_o    (rd_half_o),
    .p_ready_i   (rd_ready_i[1]),
    .rdata_i     (rdata),
    .dot_soon_i,
    .dot_valid_i,
    .dot_split_i,
    .dot_scale_i (scale_t'(dot_scale_i)),
    .dot_i       (dot),
    .logit_valid_o,
    .logit_lo_o,
    .logit_hi_o,
    .region_full_i,
    .region_free_o,
    .acc_req_o,
    .acc_row_o   (row),
    .acc_ready_i,
    .acc_valid_i,
    .acc_data_i,
    .norm_valid_i,
    .norm_ready_o,
    .norm_i      (norm_i),
    .state_i,
    .y_valid_o,
    .y_ready_i,
    .y_cmd_o     (y_cmd),
    .y_o         (y)
  );

  logic unused;
  assign unused = ^{data_tag_i, dot_lo_i, dot_hi_i, y_cmd};
endmodule
