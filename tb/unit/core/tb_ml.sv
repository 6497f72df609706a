// SPDX-License-Identifier: Apache-2.0
// tb_ml: decoder and both units of the ML extension wired as the core wires them, so that a test
// drives instruction words and register values.
module tb_ml (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic [31:0] instr_i,
  input  logic        en_i,
  input  logic [31:0] rs1_i,
  input  logic [31:0] rs2_i,
  input  logic [31:0] rs3_i,
  output logic [31:0] alu_o,
  output logic [31:0] mul_o,
  output logic        valid_o,
  output logic [1:0]  unit_o,
  output logic [2:0]  use_o,         // {rs3, rs2, rs1}
  output logic        write_rd_o,
  output logic        write_rs1_o,
  output logic [31:0] imm_o,
  output logic        store_o,
  output logic [1:0]  size_o,
  output logic        uns_o,
  output logic        post_o,
  output logic [1:0]  off_o,
  output logic        loop_o,
  output logic [5:0]  hwlp_o,        // {we_start, we_end, we_count, start_next, addr_reg, count_reg}
  output logic [13:0] hwlp_offset_o,
  output logic [11:0] hwlp_count_o
);
  import oct_ml_pkg::*;

  ml_dec_t     dec;
  ml_hwlp_t    hwlp;
  logic [31:0] b, imm, alu, mul;

  oct_ml_decode u_decode (.en_i(1'b1), .instr_i, .dec_o(dec), .imm_o(imm), .hwlp_o(hwlp));
  oct_ml_alu u_alu (
    .en_i(en_i && dec.unit == UnitAlu), .op_i(dec.alu), .a_i(rs1_i), .b_i(b), .c_i(rs3_i), .result_o(alu)
  );
  oct_mul u_mul (
    .clk_i, .en_i(en_i && dec.unit == UnitMul), .op_i(dec.mul), .a_i(rs1_i), .b_i(b), .c_i(rs3_i),
    .result_o(mul)
  );

  assign b             = dec.b_imm ? imm : rs2_i;
  assign alu_o         = alu;
  assign mul_o         = mul;
  assign valid_o       = dec.valid;
  assign unit_o        = dec.unit;
  assign use_o         = {dec.use_rs3, dec.use_rs2, dec.use_rs1};
  assign write_rd_o    = dec.write_rd;
  assign write_rs1_o   = dec.write_rs1;
  assign imm_o         = imm;
  assign store_o       = dec.mem.store;
  assign size_o        = dec.mem.size;
  assign uns_o         = dec.mem.uns;
  assign post_o        = dec.mem.post;
  assign off_o         = dec.mem.off;
  assign loop_o        = hwlp.loop;
  assign hwlp_o        = {hwlp.we_start, hwlp.we_end, hwlp.we_count, hwlp.start_next,
                          hwlp.addr_reg, hwlp.count_reg};
  assign hwlp_offset_o = hwlp.offset;
  assign hwlp_count_o  = hwlp.count;

  logic unused;
  assign unused = rst_ni;
endmodule
