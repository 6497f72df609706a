// SPDX-License-Identifier: Apache-2.0
// tb_attn_plan: oct_attn_job and oct_attn_plan with the fields of their commands as separate pins.
module tb_attn_plan
  import oct_config_pkg::*;
  import oct_job_pkg::*;
  import oct_attn_pkg::*;
  import oct_attn_desc_pkg::*;
(
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          clear_i,
  output logic          idle_o,

  input  logic          job_valid_i,
  output logic          job_ready_o,
  input  logic [7:0]    op_i,
  input  logic [895:0]  words_i,
  output logic          done_o,
  output logic [7:0]    cause_o,
  output logic [31:0]   addr_o,
  input  logic [1:0]    job_end_i,
  input  logic [1:0]    range_i,

  output logic          x_valid_o,
  input  logic          x_ready_i,
  output logic [31:0]   x_addr_o, x_stride_o, x_pstride_o, x_par_addr_o, x_mask_addr_o,
  output logic [6:0]    x_rows_o, x_bytes_o, x_more_o,
  output logic          x_ctx_o, x_split_o, x_odd_o, x_par_o, x_mask_o,

  output logic          w_valid_o,
  input  logic          w_ready_i,
  output logic [31:0]   w_addr_o, w_stride_o,
  output logic          w_claim_o, w_bank_o, w_kn_o, w_split_o, w_dual_o,
  output logic [6:0]    w_bytes_o, w_more_o,
  output logic [7:0]    w_units_o,

  output logic          s_valid_o,
  input  logic          s_ready_i,
  output logic [1:0]    s_kind_o,
  output logic [6:0]    s_rows_o, s_acc_base_o, s_keys_o,
  output logic [31:0]   s_key0_o, s_q0_o,
  output logic          s_bank_o, s_w_first_o, s_w_last_o, s_x_keep_o, s_acc_first_o, s_acc_last_o,
  output logic          s_split_o, s_tile_first_o, s_tile_last_o, s_par_o, s_mask_o,
  output logic          s_dual_o, s_odd_o, s_tail_o,

  output logic          d_valid_o,
  input  logic          d_ready_i,
  output logic          d_ctx_o, d_region_o, d_table_o, d_last_o, d_dual_o, d_odd_o,
  output logic [7:0]    d_rows_o, d_groups_o,
  output logic [15:0]   d_cols_o,
  output logic [31:0]   d_y_addr_o, d_r_addr_o, d_a_addr_o, d_b_addr_o, d_c_addr_o
);
  engine_job_t job;
  job_done_t   done;
  plan_t       plan;
  ctx_t [1:0]  ctx;
  logic        plan_valid, plan_ready, plan_ctx, job_idle, plan_idle;
  x_cmd_t      x;
  w_cmd_t      w;
  s_cmd_t      s;
  d_cmd_t      d;

  assign job     = '{op: op_i, tag: '0, words: words_i};
  assign done_o  = done.valid;
  assign cause_o = done.cause;
  assign addr_o  = done.addr;
  assign idle_o  = job_idle && plan_idle;

  oct_attn_job u_job (
    .clk_i, .rst_ni, .clear_i, .idle_o(job_idle), .job_valid_i, .job_ready_o, .job_i(job),
    .done_o(done), .plan_valid_o(plan_valid), .plan_ready_i(plan_ready), .plan_ctx_o(plan_ctx),
    .plan_o(plan), .ctx_o(ctx), .job_end_i, .range_valid_i(range_i),
    .range_addr_i({32'h1111_1111, 32'h2222_2222})
  );
  oct_attn_plan u_plan (
    .clk_i, .rst_ni, .clear_i, .idle_o(plan_idle), .job_valid_i(plan_valid),
    .job_ready_o(plan_ready), .ctx_i(plan_ctx), .plan_i(plan),
    .x_valid_o, .x_ready_i, .x_o(x), .w_valid_o, .w_ready_i, .w_o(w),
    .s_valid_o, .s_ready_i, .s_o(s), .d_valid_o, .d_ready_i, .d_o(d)
  );

  assign {x_addr_o, x_stride_o, x_pstride_o, x_par_addr_o, x_mask_addr_o} =
         {x.addr, x.stride, x.pstride, x.par_addr, x.mask_addr};
  assign {x_rows_o, x_bytes_o, x_more_o} = {x.rows, x.bytes, x.more};
  assign {x_ctx_o, x_split_o, x_odd_o, x_par_o, x_mask_o} =
         {x.ctx, x.split, x.odd, x.par_en, x.mask_en};
  assign {w_addr_o, w_stride_o} = {w.addr, w.stride};
  assign {w_claim_o, w_bank_o, w_kn_o, w_split_o} = {w.claim, w.bank, w.kn, w.split};
  assign w_dual_o  = w.dual;
  assign {w_bytes_o, w_more_o} = {w.bytes, w.more};
  assign w_units_o = 8'(w.count);
  assign s_kind_o  = s.kind;
  assign {s_rows_o, s_acc_base_o, s_keys_o} = {s.rows, s.acc_base, s.keys};
  assign s_key0_o  = 32'(s.key0);
  assign s_q0_o    = 32'(s.q0);
  assign {s_bank_o, s_w_first_o, s_w_last_o, s_x_keep_o, s_acc_first_o, s_acc_last_o} =
         {s.bank, s.w_first, s.w_last, s.x_keep, s.acc_first, s.acc_last};
  assign {s_split_o, s_tile_first_o, s_tile_last_o, s_par_o, s_mask_o} =
         {s.split, s.tile_first, s.tile_last, s.par_en, s.mask_en};
  assign {s_dual_o, s_odd_o, s_tail_o} = {s.dual, s.odd, s.tail};
  assign {d_ctx_o, d_region_o, d_table_o, d_last_o} = {d.ctx, d.region, d.table_load, d.job_last};
  assign {d_dual_o, d_odd_o} = {d.dual, d.odd};
  assign d_rows_o   = 8'(d.rows);
  assign d_groups_o = 8'(d.groups);
  assign d_cols_o   = d.cols;
  assign {d_y_addr_o, d_r_addr_o, d_a_addr_o, d_b_addr_o, d_c_addr_o} =
         {d.y_addr, d.r_addr, d.a_addr, d.b_addr, d.c_addr};

  logic unused;
  assign unused = ^{ctx, w.ctx, s.ctx};
endmodule
