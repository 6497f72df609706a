// SPDX-License-Identifier: Apache-2.0
// oct_alu: the base ISA's arithmetic, the address adder and the branch comparison. Combinational; only
// sum_o means something while en_i is low.
// Test: tb/unit/core/oct_core_test.cpp, tb/lockstep.
module oct_alu
  import oct_core_pkg::*;
(
  input  logic        en_i,
  input  logic        branch_i,
  input  alu_op_e     op_i,
  input  logic [2:0]  funct3_i,   // branch condition
  input  logic [31:0] a_i,
  input  logic [31:0] b_i,
  output logic [31:0] sum_o,      // a + b, or a - b with AluSub
  output logic [31:0] result_o,
  output logic        taken_o     // the branch condition holds
);
  logic [31:0] flip;
  logic        lt, is_unsigned, sub;

  assign sub   = op_i == AluSub;
  assign sum_o = a_i + (b_i ^ {32{sub}}) + {31'd0, sub};

  // Compared only where it is asked for: a branch, or set-less-than.
  always_comb begin
    is_unsigned = (op_i == AluSltu) || (op_i == AluAdd && funct3_i[1]);
    flip        = {!is_unsigned, 31'd0};
    lt          = 1'b0;
    taken_o     = 1'b0;
    if (en_i) begin
      if (branch_i || op_i == AluSlt || op_i == AluSltu) lt = (a_i ^ flip) < (b_i ^ flip);
      if (branch_i) taken_o = (funct3_i[2] ? lt : a_i == b_i) ^ funct3_i[0];
    end
  end

  always_comb begin
    result_o = sum_o;
    if (en_i) begin
      unique case (op_i)
`ifndef SYNTHESIS
        // Gates share the shifter of oct_ml_alu, see oct_ex; models run faster with two.
        AluSll:          result_o = a_i << b_i[4:0];
        AluSrl, AluSra:  result_o = 32'($signed({op_i == AluSra && a_i[31], a_i}) >>> b_i[4:0]);
`endif
        AluSlt, AluSltu: result_o = {31'd0, lt};
        AluXor:          result_o = a_i ^ b_i;
        AluOr:           result_o = a_i | b_i;
        AluAnd:          result_o = a_i & b_i;
        default:         result_o = sum_o;
      endcase
    end
  end
endmodule
