// SPDX-License-Identifier: Apache-2.0
// oct_alu: the base ISA's arithmetic, the address adder and the branch comparison. Combinational.
// Test: tb/unit/core/oct_core_test.cpp, tb/lockstep.
module oct_alu
  import oct_core_pkg::*;
(
  input  alu_op_e     op_i,
  input  logic [2:0]  funct3_i,   // branch condition
  input  logic [31:0] a_i,
  input  logic [31:0] b_i,
  output logic [31:0] sum_o,      // a + b, or a - b with AluSub
  output logic [31:0] result_o,
  output logic        taken_o     // the branch condition holds
);
  logic [31:0] b_sum;
  logic [31:0] shifted;
  logic        lt, is_unsigned, sub;

  assign sub         = op_i == AluSub;
  assign b_sum       = sub ? ~b_i : b_i;
  assign sum_o       = a_i + b_sum + {31'd0, sub};
  assign is_unsigned = (op_i == AluSltu) || (op_i == AluAdd && funct3_i[1]);
  assign lt          = (a_i ^ {!is_unsigned, 31'd0}) < (b_i ^ {!is_unsigned, 31'd0});
  assign taken_o     = (funct3_i[2] ? lt : a_i == b_i) ^ funct3_i[0];
  assign shifted     = 32'($signed({op_i == AluSra && a_i[31], a_i}) >>> b_i[4:0]);

  always_comb begin
    unique case (op_i)
      AluSll:           result_o = a_i << b_i[4:0];
      AluSrl, AluSra:   result_o = shifted;
      AluSlt, AluSltu:  result_o = {31'd0, lt};
      AluXor:           result_o = a_i ^ b_i;
      AluOr:            result_o = a_i | b_i;
      AluAnd:           result_o = a_i & b_i;
      default:          result_o = sum_o;
    endcase
  end
endmodule
