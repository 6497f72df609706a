// SPDX-License-Identifier: Apache-2.0
// oct_regfile: 31 registers of 32 bits in flip-flops, three read ports, two write ports, no bypass.
// The two write ports never name the same register in one cycle; x0 is never written.
`include "oct_assert.svh"

module oct_regfile (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic [4:0]  r1_i,
  input  logic [4:0]  r2_i,
  input  logic [4:0]  r3_i,
  output logic [31:0] d1_o,
  output logic [31:0] d2_o,
  output logic [31:0] d3_o,
  input  logic        we_a_i,
  input  logic [4:0]  wa_a_i,
  input  logic [31:0] wd_a_i,
  input  logic        we_b_i,
  input  logic [4:0]  wa_b_i,
  input  logic [31:0] wd_b_i
);
  logic [31:0] x_q [1:31];

  assign d1_o = (r1_i == 5'd0) ? '0 : x_q[r1_i];
  assign d2_o = (r2_i == 5'd0) ? '0 : x_q[r2_i];
  assign d3_o = (r3_i == 5'd0) ? '0 : x_q[r3_i];

  always_ff @(posedge clk_i) begin
    if (we_a_i) x_q[wa_a_i] <= wd_a_i;
    if (we_b_i) x_q[wa_b_i] <= wd_b_i;
  end

  `OCT_ASSERT(WriteOnce_A, we_a_i && we_b_i |-> wa_a_i != wa_b_i)
  `OCT_ASSERT(ZeroStays_A, !(we_a_i && wa_a_i == 5'd0) && !(we_b_i && wa_b_i == 5'd0))
endmodule
