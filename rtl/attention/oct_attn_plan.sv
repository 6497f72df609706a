// SPDX-License-Identifier: Apache-2.0
// oct_attn_plan: walks jobs one after the other and feeds the four command queues of the engine. It
// runs ahead of the blocks that carry the commands out, across the border between two jobs.
// Test: tb/unit/attention/oct_attn_plan_test.cpp.
`include "oct_assert.svh"

module oct_attn_plan
  import oct_attn_pkg::*;
  import oct_attn_desc_pkg::*;
(
  input  logic   clk_i,
  input  logic   rst_ni,
  input  logic   clear_i,
  output logic   idle_o,

  input  logic   job_valid_i,
  output logic   job_ready_o,   // the job's last command went into its queue
  input  logic   ctx_i,
  input  plan_t  plan_i,

  output logic   x_valid_o,
  input  logic   x_ready_i,
  output x_cmd_t x_o,
  output logic   w_valid_o,
  input  logic   w_ready_i,
  output w_cmd_t w_o,
  output logic   s_valid_o,
  input  logic   s_ready_i,
  output s_cmd_t s_o,
  output logic   d_valid_o,
  input  logic   d_ready_i,
  output d_cmd_t d_o
);
  logic   gemm_start, attn_start, gemm_done, attn_done, busy_q;
  logic   bank_q, region_q, bank_gemm, region_gemm, region_attn;
  logic   ready, x_ready, w_ready, s_ready, d_ready;
  logic   xg_valid, wg_valid, sg_valid, dg_valid, xa_valid, wa_valid, sa_valid, da_valid;
  x_cmd_t xg, xa;
  w_cmd_t wg, wa;
  s_cmd_t sg, sa;
  d_cmd_t dg, da;

  assign gemm_start  = job_valid_i && !busy_q && !plan_i.attn;
  assign attn_start  = job_valid_i && !busy_q && plan_i.attn;
  assign job_ready_o = gemm_done || attn_done;
  assign ready       = x_ready && w_ready && s_ready && d_ready;

  oct_attn_plan_gemm u_gemm (
    .clk_i, .rst_ni, .clear_i,
    .start_i(gemm_start), .plan_i, .ctx_i, .done_o(gemm_done),
    .bank_i(bank_q), .region_i(region_q), .bank_next_o(bank_gemm), .region_next_o(region_gemm),
    .ready_i(ready),
    .x_valid_o(xg_valid), .x_o(xg), .w_valid_o(wg_valid), .w_o(wg),
    .s_valid_o(sg_valid), .s_o(sg), .d_valid_o(dg_valid), .d_o(dg)
  );

  oct_attn_plan_attn u_attn (
    .clk_i, .rst_ni, .clear_i,
    .start_i(attn_start), .plan_i, .ctx_i, .done_o(attn_done),
    .region_i(region_q), .region_next_o(region_attn),
    .ready_i(ready),
    .x_valid_o(xa_valid), .x_o(xa), .w_valid_o(wa_valid), .w_o(wa),
    .s_valid_o(sa_valid), .s_o(sa), .d_valid_o(da_valid), .d_o(da)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q   <= 1'b0;
      bank_q   <= 1'b0;
      region_q <= 1'b0;
    end else if (clear_i) begin
      busy_q   <= 1'b0;
      bank_q   <= 1'b0;
      region_q <= 1'b0;
    end else if (job_valid_i) begin
      busy_q <= !job_ready_o;
      if (busy_q) begin
        bank_q   <= plan_i.attn ? bank_q : bank_gemm;
        region_q <= plan_i.attn ? region_attn : region_gemm;
      end
    end
  end

  // ---- Command queues ----------------------------------------------------------------------------
  // A command goes in only when all queues have room, so the commands of a slot stay together.
  logic unused_x, unused_w, unused_s, unused_d;
  logic [1:0] x_count, w_count, d_count;
  logic [2:0] s_count;

  oct_fifo #(.T(x_cmd_t), .Depth(2)) u_x (
    .clk_i, .rst_ni, .clear_i, .in_valid_i((xg_valid || xa_valid) && ready), .in_ready_o(x_ready),
    .in_i(plan_i.attn ? xa : xg), .out_valid_o(x_valid_o), .out_ready_i(x_ready_i), .out_o(x_o),
    .count_o(x_count)
  );
  oct_fifo #(.T(w_cmd_t), .Depth(2)) u_w (
    .clk_i, .rst_ni, .clear_i, .in_valid_i((wg_valid || wa_valid) && ready), .in_ready_o(w_ready),
    .in_i(plan_i.attn ? wa : wg), .out_valid_o(w_valid_o), .out_ready_i(w_ready_i), .out_o(w_o),
    .count_o(w_count)
  );
  oct_fifo #(.T(s_cmd_t), .Depth(4)) u_s (
    .clk_i, .rst_ni, .clear_i, .in_valid_i((sg_valid || sa_valid) && ready), .in_ready_o(s_ready),
    .in_i(plan_i.attn ? sa : sg), .out_valid_o(s_valid_o), .out_ready_i(s_ready_i), .out_o(s_o),
    .count_o(s_count)
  );
  oct_fifo #(.T(d_cmd_t), .Depth(2)) u_d (
    .clk_i, .rst_ni, .clear_i, .in_valid_i((dg_valid || da_valid) && ready), .in_ready_o(d_ready),
    .in_i(plan_i.attn ? da : dg), .out_valid_o(d_valid_o), .out_ready_i(d_ready_i), .out_o(d_o),
    .count_o(d_count)
  );

  assign idle_o = !busy_q && !job_valid_i && !x_valid_o && !w_valid_o && !s_valid_o && !d_valid_o;
  assign {unused_x, unused_w, unused_s, unused_d} = {^x_count, ^w_count, ^s_count, ^d_count};

  `OCT_ASSERT(OneWalk_A, !((xg_valid || wg_valid) && (xa_valid || wa_valid)))
endmodule
