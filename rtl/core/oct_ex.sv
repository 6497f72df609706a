// SPDX-License-Identifier: Apache-2.0
// oct_ex: the arithmetic of EX and M: base and ML single-cycle units, divider, two-stage multiplier,
// choice of the result, and the register of M, from which write port A is served.
// Test: tb/unit/core/oct_core_test.cpp.
module oct_ex
  import oct_core_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,

  input  logic        valid_i,
  input  logic        retire_i,       // leaves EX in this cycle
  input  ctrl_t       ctrl_i,
  input  logic [MlOpWidth-1:0] ml_op_i,
  input  logic [4:0]  rd_i,
  input  logic [31:0] a_i,
  input  logic [31:0] b_i,
  input  logic [31:0] c_i,
  input  logic [31:0] link_i,
  input  logic [31:0] csr_i,
  output logic [31:0] sum_o,
  output logic        taken_o,
  output logic        div_done_o,
  output logic [31:0] result_o,       // not of multiplications

  output logic        m_we_o,
  output logic [4:0]  m_rd_o,
  output logic [31:0] m_data_o
);
  localparam int unsigned MlAluWidth = $bits(oct_ml_pkg::ml_alu_op_t);

  logic [31:0] alu, ml, div, mul, m_data_q;
  logic        m_we_q, is_mul, is_div, is_ml, is_shift;
  oct_ml_pkg::ml_alu_op_t ml_op;
  logic [4:0]  m_rd_q;

  assign is_mul = valid_i && ctrl_i.res == ResMul;
  assign is_ml  = valid_i && (ctrl_i.res == ResMl || is_shift);
  assign is_div = valid_i && ctrl_i.unit == UnitDiv;

  oct_alu u_alu (
    .en_i(valid_i), .branch_i(ctrl_i.unit == UnitBranch), .op_i(ctrl_i.alu_op),
    .funct3_i(ctrl_i.funct3), .a_i, .b_i, .sum_o, .result_o(alu), .taken_o
  );

  // One behaviour, two forms: gates have one shifter, models of programs run faster with a plain one.
  always_comb begin
    ml_op    = oct_ml_pkg::ml_alu_op_t'(ml_op_i[MlAluWidth-1:0]);
    is_shift = 1'b0;
`ifdef SYNTHESIS
    if (ctrl_i.res == ResAlu && ctrl_i.alu_op inside {AluSll, AluSrl, AluSra}) begin
      is_shift   = 1'b1;
      ml_op      = '0;
      ml_op.size = oct_ml_pkg::SizeW;
      unique case (ctrl_i.alu_op)
        AluSll:  ml_op.fn = oct_ml_pkg::AluSll;
        AluSrl:  ml_op.fn = oct_ml_pkg::AluSrl;
        default: ml_op.fn = oct_ml_pkg::AluSra;
      endcase
    end
`endif
  end

  oct_ml_alu u_ml_alu (.en_i(is_ml), .op_i(ml_op), .a_i, .b_i, .c_i, .result_o(ml));

  oct_mul u_mul (
    .clk_i, .en_i(is_mul), .op_i(oct_ml_pkg::ml_mul_op_t'(ml_op_i)), .a_i, .b_i, .c_i,
    .result_o(mul)
  );

  oct_div u_div (
    .clk_i, .rst_ni, .clear_i, .start_i(is_div), .rem_i(ctrl_i.funct3[1]),
    .unsigned_i(ctrl_i.funct3[0]), .a_i, .b_i, .done_o(div_done_o), .result_o(div)
  );

  always_comb begin
    unique case (ctrl_i.res)
      ResLink: result_o = link_i;
      ResCsr:  result_o = csr_i;
      ResDiv:  result_o = div;
      ResMl:   result_o = ml;
      ResMul:  result_o = '0;        // so that M has only to OR
      default: result_o = is_shift ? ml : alu;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) m_we_q <= 1'b0;
    else m_we_q <= retire_i && ctrl_i.rd_we && !clear_i;
  end

  always_ff @(posedge clk_i) begin
    if (retire_i) begin
      m_rd_q   <= rd_i;
      m_data_q <= result_o;
    end
  end

  assign m_we_o   = m_we_q;
  assign m_rd_o   = m_rd_q;
  assign m_data_o = mul | m_data_q;

  logic unused;
  assign unused = ^{ctrl_i};
endmodule
