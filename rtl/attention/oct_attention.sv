// SPDX-License-Identifier: Apache-2.0
// oct_attention: the attention engine: INT8 matrix products and attention on operands in L1, one job
// after the other from its queue, up to two under way. Wires only. Descriptor, structure and
// registers: docs/architecture/engine.md; arithmetic: docs/architecture/engine_arithmetic.md; twin:
// sw/golden/engine.hpp. Test: tb/unit/attention/oct_attention_test.cpp.
module oct_attention
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_attn_pkg::*;
  import oct_attn_desc_pkg::*;
(
  input  logic                                       clk_i,
  input  logic                                       rst_ni,
  input  logic                                       clear_i,   // forgets all jobs
  output logic                                       idle_o,

  input  logic                                       job_valid_i,
  output logic                                       job_ready_o,
  input  engine_job_t                                job_i,
  output job_done_t                                  done_o,

  output l1_word_req_t [oct_config_pkg::EnginePorts-1:0] l1_req_o,
  input  l1_word_rsp_t [oct_config_pkg::EnginePorts-1:0] l1_rsp_i,

  input  data_req_t                                  reg_req_i,
  output data_rsp_t                                  reg_rsp_o
);
  // ---- Jobs and their commands -----------------------------------------------------------------
  logic              plan_valid, plan_ready, plan_ctx, job_idle, plan_idle;
  plan_t             plan;
  ctx_t [NumCtx-1:0] ctx;
  logic [NumCtx-1:0] job_end, range_valid;
  logic [NumCtx-1:0][31:0] range_addr;
  logic              x_valid, x_ready, w_valid, w_ready, s_valid, s_ready, d_valid, d_ready;
  x_cmd_t            x_cmd;
  w_cmd_t            w_cmd;
  s_cmd_t            s_cmd;
  d_cmd_t            d_cmd;
  l1_err_t [Halves-1:0] err;

  oct_attn_job u_job (
    .clk_i, .rst_ni, .clear_i,
    .idle_o        (job_idle),
    .job_valid_i, .job_ready_o, .job_i, .done_o,
    .plan_valid_o  (plan_valid),
    .plan_ready_i  (plan_ready),
    .plan_ctx_o    (plan_ctx),
    .plan_o        (plan),
    .ctx_o         (ctx),
    .job_end_i     (job_end),
    .range_valid_i (range_valid),
    .range_addr_i  (range_addr)
  );

  always_comb begin
    range_valid = '0;
    range_addr  = '0;
    for (int h = 0; h < int'(Halves); h++) begin
      if (err[h].valid && !range_valid[err[h].ctx]) begin
        range_valid[err[h].ctx] = 1'b1;
        range_addr[err[h].ctx]  = err[h].addr;
      end
    end
  end

  oct_attn_plan u_plan (
    .clk_i, .rst_ni, .clear_i,
    .idle_o      (plan_idle),
    .job_valid_i (plan_valid),
    .job_ready_o (plan_ready),
    .ctx_i       (plan_ctx),
    .plan_i      (plan),
    .x_valid_o   (x_valid), .x_ready_i(x_ready), .x_o(x_cmd),
    .w_valid_o   (w_valid), .w_ready_i(w_ready), .w_o(w_cmd),
    .s_valid_o   (s_valid), .s_ready_i(s_ready), .s_o(s_cmd),
    .d_valid_o   (d_valid), .d_ready_i(d_ready), .d_o(d_cmd)
  );

  // ---- Memory side -----------------------------------------------------------------------------
  logic [1:0]            x_free, w_free, mask_free;
  rbeat_t [Halves-1:0]   x_beat, w_beat;
  logic   [Halves-1:0]   x_beat_ready, w_beat_ready;
  rbeat_t                r_beat, p_beat;
  logic                  r_beat_ready, p_beat_ready, p_half, y_beat_ready, refused;
  wbeat_t                y_beat;
  rdata_t [Halves-1:0]   rdata;
  logic [NumCtx-1:0]     writes_pending;
  logic                  load_x_idle, load_w_idle, ports_idle;
  l1_word_req_t [oct_config_pkg::EnginePorts-1:0] req;
  l1_word_rsp_t [oct_config_pkg::EnginePorts-1:0] rsp;

  oct_attn_load_x u_load_x (
    .clk_i, .rst_ni, .clear_i,
    .idle_o      (load_x_idle),
    .cmd_valid_i (x_valid), .cmd_ready_o(x_ready), .cmd_i(x_cmd),
    .free_i      (x_free),
    .mask_free_i (mask_free),
    .beat_o      (x_beat), .ready_i(x_beat_ready)
  );

  oct_attn_load_w u_load_w (
    .clk_i, .rst_ni, .clear_i,
    .idle_o      (load_w_idle),
    .cmd_valid_i (w_valid), .cmd_ready_o(w_ready), .cmd_i(w_cmd),
    .free_i      (w_free),
    .beat_o      (w_beat), .ready_i(w_beat_ready)
  );

  oct_attn_ports u_ports (
    .clk_i, .rst_ni, .clear_i,
    .idle_o           (ports_idle),
    .x_i              (x_beat), .x_ready_o(x_beat_ready),
    .w_i              (w_beat), .w_ready_o(w_beat_ready),
    .r_i              (r_beat), .r_ready_o(r_beat_ready),
    .p_i              (p_beat), .p_half_i(p_half), .p_ready_o(p_beat_ready),
    .y_i              (y_beat), .y_ready_o(y_beat_ready),
    .data_o           (rdata),
    .writes_pending_o (writes_pending),
    .err_o            (err),
    .refused_o        (refused),
    .l1_req_o         (req),
    .l1_rsp_i         (rsp)
  );

  // ---- Compute side ----------------------------------------------------------------------------
  logic                        dot_soon, dot_valid, dot_split, logit_valid;
  scale_t                      dot_scale;
  dot_t   [Units-1:0]          dot;
  logic   [Units-1:0][15:0]    logit_lo, logit_hi;
  logic   [1:0]                region_full, region_free;
  logic                        acc_req, acc_ready, acc_valid;
  logic   [AccIdxWidth-1:0]    acc_row;
  logic   [Units-1:0][AccWidth-1:0] acc_data;
  logic                        norm_valid, norm_ready, compute_idle;
  scale_t [Units-1:0]          norm;
  logic   [Units-1:0][63:0]    state;
  array_events_t               events;

  oct_attn_compute u_compute (
    .clk_i, .rst_ni, .clear_i,
    .idle_o        (compute_idle),
    .ctx_i         (ctx),
    .rdata_i       (rdata),
    .x_free_o      (x_free),
    .w_free_o      (w_free),
    .mask_free_o   (mask_free),
    .s_valid_i     (s_valid), .s_ready_o(s_ready), .s_cmd_i(s_cmd),
    .dot_soon_o    (dot_soon),
    .dot_valid_o   (dot_valid),
    .dot_split_o   (dot_split),
    .dot_scale_o   (dot_scale),
    .dot_o         (dot),
    .logit_valid_i (logit_valid),
    .logit_lo_i    (logit_lo),
    .logit_hi_i    (logit_hi),
    .region_full_o (region_full),
    .region_free_i (region_free),
    .acc_req_i     (acc_req),
    .acc_row_i     (acc_row),
    .acc_ready_o   (acc_ready),
    .acc_valid_o   (acc_valid),
    .acc_data_o    (acc_data),
    .norm_valid_o  (norm_valid),
    .norm_ready_i  (norm_ready),
    .norm_o        (norm),
    .state_o       (state),
    .events_o      (events)
  );

  // ---- Results ---------------------------------------------------------------------------------
  logic   y_valid, y_ready, drain_idle, out_idle;
  d_cmd_t y_cmd;
  yvec_t  y;

  oct_attn_drain u_drain (
    .clk_i, .rst_ni, .clear_i,
    .idle_o        (drain_idle),
    .ctx_i         (ctx),
    .d_valid_i     (d_valid), .d_ready_o(d_ready), .d_cmd_i(d_cmd),
    .r_o           (r_beat), .r_ready_i(r_beat_ready),
    .p_o           (p_beat), .p_half_o(p_half), .p_ready_i(p_beat_ready),
    .rdata_i       (rdata),
    .dot_soon_i    (dot_soon),
    .dot_valid_i   (dot_valid),
    .dot_split_i   (dot_split),
    .dot_scale_i   (dot_scale),
    .dot_i         (dot),
    .logit_valid_o (logit_valid),
    .logit_lo_o    (logit_lo),
    .logit_hi_o    (logit_hi),
    .region_full_i (region_full),
    .region_free_o (region_free),
    .acc_req_o     (acc_req),
    .acc_row_o     (acc_row),
    .acc_ready_i   (acc_ready),
    .acc_valid_i   (acc_valid),
    .acc_data_i    (acc_data),
    .norm_valid_i  (norm_valid),
    .norm_ready_o  (norm_ready),
    .norm_i        (norm),
    .state_i       (state),
    .y_valid_o     (y_valid), .y_ready_i(y_ready), .y_cmd_o(y_cmd), .y_o(y)
  );

  oct_attn_out u_out (
    .clk_i, .rst_ni, .clear_i,
    .idle_o           (out_idle),
    .ctx_i            (ctx),
    .in_valid_i       (y_valid), .in_ready_o(y_ready), .cmd_i(y_cmd), .in_i(y),
    .beat_o           (y_beat), .ready_i(y_beat_ready),
    .writes_pending_i (writes_pending),
    .job_end_o        (job_end)
  );

  // ---- Registers; share of L1 --------------------------------------------------------------------
  logic [7:0]                             throttle;
  logic [oct_config_pkg::EnginePorts-1:0] hold;
  logic                                   regs_idle;

  oct_attn_regs u_regs (
    .clk_i, .rst_ni,
    .active_i   (!job_idle),
    .job_end_i  (done_o.valid),
    .events_i   (events),
    .refused_i  (refused),
    .throttle_o (throttle),
    .idle_o     (regs_idle),
    .req_i      (reg_req_i),
    .rsp_o      (reg_rsp_o)
  );

  oct_attn_throttle u_throttle (.clk_i, .rst_ni, .share_i(throttle), .hold_o(hold));

  always_comb begin
    l1_req_o = req;
    rsp      = l1_rsp_i;
    for (int p = 0; p < int'(oct_config_pkg::EnginePorts); p++) begin
      l1_req_o[p].valid = req[p].valid && !hold[p];
      rsp[p].ready      = l1_rsp_i[p].ready && !hold[p];
    end
  end

  assign idle_o = job_idle && plan_idle && load_x_idle && load_w_idle && ports_idle &&
                  compute_idle && drain_idle && out_idle && regs_idle;
endmodule
