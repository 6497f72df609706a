// SPDX-License-Identifier: Apache-2.0
// oct_attn_drain: the epilogue: what becomes of full accumulator regions, and the lanes, which
// scale logits as well. One row of all units a cycle (with a table: one in Units / 4 cycles).
// Logits come first; a sum is read only for a cycle in which no logit reaches the lanes. Two
// commands may be under way: parameters and residual of the second are fetched while the first
// goes through the lanes. Twin: sw/golden/engine_math.hpp. Test:
// tb/unit/attention/oct_attn_drain_test.cpp.
`include "oct_assert.svh"

module oct_attn_drain
  import oct_attn_pkg::*;
  import oct_attn_lane_pkg::*;
(
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  clear_i,        // forgets everything under way
  output logic                  idle_o,         // no command here and no result waits

  input  ctx_t [NumCtx-1:0]     ctx_i,          // jobs under way, constant while they are

  input  logic                  d_valid_i,
  output logic                  d_ready_o,
  input  d_cmd_t                d_cmd_i,

  // Residual beats through half 0, parameters and table through half p_half_o.
  output rbeat_t                r_o,
  input  logic                  r_ready_i,
  output rbeat_t                p_o,
  output logic                  p_half_o,
  input  logic                  p_ready_i,
  input  rdata_t [Halves-1:0]   rdata_i,        // those for other destinations are ignored

  // Logits, from and to oct_attn_compute.
  input  logic                  dot_soon_i,     // dot_valid_i will be high in the next cycle
  input  logic                  dot_valid_i,
  input  logic                  dot_split_i,
  input  scale_t                dot_scale_i,
  input  dot_t [Units-1:0]      dot_i,
  output logic                  logit_valid_o,  // LaneLatency cycles after the dot
  output logic [Units-1:0][15:0] logit_lo_o,
  output logic [Units-1:0][15:0] logit_hi_o,    // of use when the dot was split

  // Accumulators
  input  logic [1:0]            region_full_i,
  output logic [1:0]            region_free_o,  // pulse, one cycle after the last read
  output logic                  acc_req_o,
  output logic [AccIdxWidth-1:0] acc_row_o,
  input  logic                  acc_ready_i,
  input  logic                  acc_valid_i,
  input  logic [Units-1:0][AccWidth-1:0] acc_data_i,

  // One offer per group of queries.
  input  logic                  norm_valid_i,
  output logic                  norm_ready_o,
  input  scale_t [Units-1:0]    norm_i,
  input  logic [Units-1:0][63:0] state_i,

  // To oct_attn_out
  output logic                  y_valid_o,
  input  logic                  y_ready_i,
  output d_cmd_t                y_cmd_o,        // of the vector offered
  output yvec_t                 y_o
);
  // ---- Commands: each stage walks over the same two places at its own pace ----------------------
  d_cmd_t [1:0] cmd_q;
  d_cmd_t       p_cmd, r_cmd, e_cmd;
  logic [1:0]   in_q, par_q, res_q, exe_q, out_q;   // counts modulo 4; the low bit is the place
  logic         take, par_done, res_done, exe_done, out_done, par_valid, res_valid, exe_valid;

  assign d_ready_o = (in_q ^ out_q) != 2'b10 && !clear_i;
  assign take      = d_valid_i && d_ready_o;
  assign par_valid = par_q != in_q;
  assign res_valid = res_q != in_q;
  // Its parameters may still be on their way, but a command is not overtaken by its successor's.
  assign exe_valid = exe_q != in_q;
  assign out_done  = y_valid_o && y_ready_i && y_o.last;
  assign idle_o    = in_q == out_q;
  assign p_cmd     = cmd_q[par_q[0]];
  assign r_cmd     = cmd_q[res_q[0]];
  assign e_cmd     = cmd_q[exe_q[0]];
  assign y_cmd_o   = cmd_q[out_q[0]];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      in_q  <= '0;
      par_q <= '0;
      res_q <= '0;
      exe_q <= '0;
      out_q <= '0;
    end else if (clear_i) begin
      in_q  <= '0;
      par_q <= '0;
      res_q <= '0;
      exe_q <= '0;
      out_q <= '0;
    end else if (d_valid_i || !idle_o) begin
      in_q  <= in_q + 2'(take);
      par_q <= par_q + 2'(par_done);
      res_q <= res_q + 2'(res_done);
      exe_q <= exe_q + 2'(exe_done);
      out_q <= out_q + 2'(out_done);
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) cmd_q[in_q[0]] <= d_cmd_i;
  end

  // ---- Lanes and their parameters ---------------------------------------------------------------
  lane_op_t               issued, result_op;
  logic                   norm_en, norm_state, norm_mine, set_bank, res_take, result;
  logic                   table_empty;
  logic [1:0]             loaded, set_issued, set_free;
  logic [Units-1:0][15:0] y, res_row;
  logic [Units-1:0][7:0]  table_row, index;

  // What a raw command is offered stays for its end.
  assign norm_mine    = norm_valid_i &&
                        (exe_q == par_q || !ctx_i[e_cmd.ctx].attn || ctx_i[e_cmd.ctx].last);
  assign norm_ready_o = norm_en || norm_state;

  oct_attn_par_fetch u_par_fetch (
    .clk_i, .rst_ni, .clear_i,
    .cmd_valid_i  (par_valid),
    .cmd_done_o   (par_done),
    .cmd_i        (p_cmd),
    .job_i        (ctx_i[p_cmd.ctx]),
    .table_free_i (exe_q == par_q && table_empty),
    .beat_o       (p_o),
    .half_o       (p_half_o),
    .ready_i      (p_ready_i),
    .rdata_i,
    .norm_valid_i (norm_mine),
    .norm_en_o    (norm_en),
    .bank_o       (set_bank),
    .loaded_o     (loaded),
    .issued_i     (set_issued),
    .free_i       (set_free)
  );

  oct_attn_lanes u_lanes (
    .clk_i, .rst_ni, .clear_i, .ctx_i,
    .rdata_i,
    .norm_en_i   (norm_en),
    .norm_bank_i (set_bank),
    .norm_i,
    .set_free_o  (set_free),
    .issued_i    (issued),
    .sum_i       (acc_data_i),
    .value_i     (table_row),
    .res_take_o  (res_take),
    .res_i       (res_row),
    .dot_valid_i,
    .dot_split_i,
    .dot_scale_i,
    .dot_i,
    .logit_valid_o,
    .logit_hi_o,
    .op_o        (result_op),
    .y_o         (y)
  );

  assign logit_lo_o = y;
  assign result     = result_op.valid && !result_op.logit && !result_op.index;

  always_comb begin
    index = '0;
    if (result_op.index) begin
      for (int unsigned u = 0; u < Units; u++) index[u] = y[u][7:0];
    end
  end

  // ---- Residual ---------------------------------------------------------------------------------
  logic res_there, res_claim;

  oct_attn_residual u_residual (
    .clk_i, .rst_ni, .clear_i,
    .cmd_valid_i (res_valid),
    .cmd_done_o  (res_done),
    .cmd_i       (r_cmd),
    .job_i       (ctx_i[r_cmd.ctx]),
    .beat_o      (r_o),
    .ready_i     (r_ready_i),
    .rdata_i     (rdata_i[0]),
    .there_o     (res_there),
    .claim_i     (res_claim),
    .take_i      (res_take),
    .row_o       (res_row)
  );

  // ---- Table, results, and what starts ----------------------------------------------------------
  logic                   table_start, table_room, table_valid, table_take;
  lane_op_t               table_op;
  logic                   claim, room, none_coming, raw_valid, raw_state, raw_last;
  logic [1:0]             raw_part;
  logic [Units-1:0][15:0] raw_row;

  oct_attn_issue u_issue (
    .clk_i, .rst_ni, .clear_i, .ctx_i,
    .cmd_valid_i   (exe_valid),
    .cmd_done_o    (exe_done),
    .cmd_i         (e_cmd),
    .region_full_i,
    .region_free_o,
    .acc_req_o,
    .acc_row_o,
    .acc_ready_i,
    .dot_soon_i,
    .loaded_i      (loaded),
    .issued_o      (set_issued),
    .res_there_i   (res_there),
    .res_claim_o   (res_claim),
    .room_i        (room),
    .claim_o       (claim),
    .none_coming_i (none_coming),
    .table_room_i  (table_room),
    .table_empty_i (table_empty),
    .table_start_o (table_start),
    .table_valid_i (table_valid),
    .table_take_o  (table_take),
    .table_op_i    (table_op),
    .norm_valid_i,
    .norm_ready_o  (norm_state),
    .op_o          (issued),
    .raw_valid_o   (raw_valid),
    .raw_state_o   (raw_state),
    .raw_part_o    (raw_part),
    .raw_last_o    (raw_last)
  );

  oct_attn_table u_table (
    .clk_i, .rst_ni, .clear_i,
    .rdata_i     (rdata_i[Halves-1]),
    .start_i     (table_start),
    .room_o      (table_room),
    .empty_o     (table_empty),
    .in_valid_i  (result_op.valid && result_op.index),
    .in_op_i     (result_op),
    .in_i        (index),
    .out_valid_o (table_valid),
    .out_take_i  (table_take),
    .out_op_o    (table_op),
    .out_o       (table_row)
  );

  // A row of sums is two vectors, the state words are four; dual: the even units' words are two.
  always_comb begin
    automatic logic [32*Units-1:0] sums   = acc_data_i;
    automatic logic [64*Units-1:0] states = state_i;
    raw_row = '0;
    if (raw_valid) begin
      if (e_cmd.dual) begin
        for (int unsigned u = 0; u < Units / 2; u++) states[64*u +: 64] = state_i[2*u];
      end
      raw_row = raw_state ? states[16*Units*raw_part +: 16*Units]
                          : sums[16*Units*raw_part[0] +: 16*Units];
    end
  end

  oct_attn_results u_results (
    .clk_i, .rst_ni, .clear_i,
    .claim_i        (claim),
    .room_o         (room),
    .none_coming_o  (none_coming),
    .in_valid_i     (result || raw_valid),
    .in_group_end_i (raw_valid ? raw_last : result_op.group_end),
    .in_cmd_end_i   (raw_valid ? raw_last : result_op.cmd_end),
    .in_i           (raw_valid ? raw_row : y),
    .out_valid_o    (y_valid_o),
    .out_ready_i    (y_ready_i),
    .out_o          (y_o)
  );

  logic unused;
  assign unused = acc_valid_i;

  `OCT_ASSERT(OneUser_A, !(dot_valid_i && issued.valid))
  `OCT_ASSERT(SumThere_A, issued.valid && !issued.looked_up && !clear_i |-> acc_valid_i)
  `OCT_ASSERT(OneResult_A, !(result && raw_valid))
endmodule
