// SPDX-License-Identifier: Apache-2.0
// oct_attn_drain: the epilogue: what becomes of full accumulator regions, and the lanes, which scale
// logits as well. One row of all units a cycle (with a table: one in Units / 4 cycles). Logits come
// first; a sum is read only for a cycle in which no logit reaches the lanes. Twin:
// sw/golden/engine_math.hpp. Test: tb/unit/attention/oct_attn_drain_test.cpp.
`include "oct_assert.svh"

module oct_attn_drain
  import oct_attn_pkg::*;
(
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  clear_i,        // forgets everything under way
  output logic                  idle_o,         // no command here and no result waits

  input  ctx_t [NumCtx-1:0]     ctx_i,          // jobs under way, constant while they are

  input  logic                  d_valid_i,
  output logic                  d_ready_o,
  input  d_cmd_t                d_cmd_i,

  // Residual beats through half 0, parameters and table through the last half.
  output rbeat_t                r_o,
  input  logic                  r_ready_i,
  output rbeat_t                p_o,
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
  output logic [Units-1:0][15:0] logit_hi_o,    // defined when the dot was split

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
  // Ports only; the body follows.
  assign idle_o        = 1'b1;
  assign d_ready_o     = 1'b0;
  assign r_o           = '0;
  assign p_o           = '0;
  assign logit_valid_o = 1'b0;
  assign logit_lo_o    = '0;
  assign logit_hi_o    = '0;
  assign region_free_o = '0;
  assign acc_req_o     = 1'b0;
  assign acc_row_o     = '0;
  assign norm_ready_o  = 1'b0;
  assign y_valid_o     = 1'b0;
  assign y_cmd_o       = '0;
  assign y_o           = '0;
  logic unused;
  assign unused = ^{clk_i, rst_ni, clear_i, ctx_i, d_valid_i, d_cmd_i, r_ready_i, p_ready_i, rdata_i,
                    dot_soon_i, dot_valid_i, dot_split_i, dot_scale_i, dot_i, region_full_i,
                    acc_ready_i, acc_valid_i, acc_data_i, norm_valid_i, norm_i, state_i, y_ready_i};
endmodule
