// SPDX-License-Identifier: Apache-2.0
// oct_regfile: 31 registers of 32 bits in flip-flops, three read ports, two write ports, no bypass.
// The two write ports never name the same register in one cycle; x0 is never written.
// Test: tb/unit/core/oct_core_test.cpp (rtl.core, and rtl.core_gates with the form for synthesis).
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
  // One behaviour, two forms, as with oct_ml_pkg::mul9x17: a model looks a register up by its number,
  // gates are a fifth fewer with one select line for each register.
`ifdef SYNTHESIS
  logic [31:1]       sel1, sel2, sel3, sel_a, sel_b;
  logic [31:1][31:0] x_q;

  always_comb begin
    d1_o = '0;
    d2_o = '0;
    d3_o = '0;
    for (int unsigned i = 1; i < 32; i++) begin
      sel1[i]  = r1_i == 5'(i);
      sel2[i]  = r2_i == 5'(i);
      sel3[i]  = r3_i == 5'(i);
      sel_a[i] = we_a_i && wa_a_i == 5'(i);
      sel_b[i] = we_b_i && wa_b_i == 5'(i);
      d1_o |= x_q[i] & {32{sel1[i]}};
      d2_o |= x_q[i] & {32{sel2[i]}};
      d3_o |= x_q[i] & {32{sel3[i]}};
    end
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned i = 1; i < 32; i++) begin
      if (sel_a[i] || sel_b[i]) x_q[i] <= (wd_a_i & {32{sel_a[i]}}) | (wd_b_i & {32{sel_b[i]}});
    end
  end
`else
  logic [31:0] x_q [1:31];

  assign d1_o = (r1_i == 5'd0) ? '0 : x_q[r1_i];
  assign d2_o = (r2_i == 5'd0) ? '0 : x_q[r2_i];
  assign d3_o = (r3_i == 5'd0) ? '0 : x_q[r3_i];

  always_ff @(posedge clk_i) begin
    if (we_a_i) x_q[wa_a_i] <= wd_a_i;
    if (we_b_i) x_q[wa_b_i] <= wd_b_i;
  end
`endif

  `OCT_ASSERT(WriteOnce_A, we_a_i && we_b_i |-> wa_a_i != wa_b_i)
  `OCT_ASSERT(ZeroStays_A, !(we_a_i && wa_a_i == 5'd0) && !(we_b_i && wa_b_i == 5'd0))
endmodule
