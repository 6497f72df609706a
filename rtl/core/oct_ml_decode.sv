// SPDX-License-Identifier: Apache-2.0
// oct_ml_decode: 32-bit instruction -> what the core has to do with it, for the CORE-V extensions,
// Octant's requantisation instructions and RV32M's multiplications. Combinational. Not valid means
// not ours: the core's own decoder has to know the instruction, or it is illegal.
// Twin: sw/golden/ml_encoding.hpp. Test: tb/unit/core/oct_ml_decode_test.cpp and the units' tests.
module oct_ml_decode (
  input  logic                  en_i,
  input  logic [31:0]           instr_i,
  output oct_ml_pkg::ml_dec_t   dec_o,
  output logic [31:0]           imm_o,
  output oct_ml_pkg::ml_hwlp_t  hwlp_o
);
  import oct_ml_pkg::*;
  import oct_ml_decode_pkg::*;

  localparam logic [6:0] OpcOp      = 7'h33;
  localparam logic [6:0] OpcCustom0 = 7'h0b;
  localparam logic [6:0] OpcCustom1 = 7'h2b;
  localparam logic [6:0] OpcCustom2 = 7'h5b;
  localparam logic [6:0] OpcCustom3 = 7'h7b;

  logic [6:0] funct7;
  logic [4:0] funct5;
  logic [2:0] funct3;
  logic [1:0] funct2;
  logic [5:0] imm6;
  logic       no_rs2;

  assign funct7 = instr_i[31:25];
  assign funct5 = instr_i[31:27];
  assign funct3 = instr_i[14:12];
  assign funct2 = instr_i[31:30];
  assign imm6   = {instr_i[24:20], instr_i[25]};
  assign no_rs2 = instr_i[24:20] == 5'd0;

  always_comb begin
    dec_o             = '0;
    dec_o.unit        = UnitAlu;
    dec_o.mul.shift   = instr_i[29:25];
    dec_o.mem.size    = ml_size_e'(funct3[1:0]);
    dec_o.mem.post    = 1'b1;
    imm_o             = '0;
    hwlp_o            = '0;
    hwlp_o.loop       = instr_i[7];
    hwlp_o.offset     = {instr_i[31:20], 2'b00};
    hwlp_o.count      = instr_i[31:20];
    if (en_i) unique case (instr_i[6:0])
      OpcOp: begin
        dec_o.valid        = funct7 == 7'd1 && !funct3[2];
        dec_o.unit         = UnitMul;
        dec_o.mul.fn       = funct3[1:0] == 2'd0 ? MulLo : MulHi;
        dec_o.mul.a_signed = funct3[1:0] != 2'd3;
        dec_o.mul.b_signed = !funct3[1];
        dec_o.use_rs1      = 1'b1;
        dec_o.use_rs2      = 1'b1;
        dec_o.write_rd     = 1'b1;
      end
      OpcCustom0: begin
        dec_o.valid     = funct3[1:0] != 2'd3 && !(funct3[2] && funct3[1]);
        dec_o.unit      = UnitMem;
        dec_o.mem.uns   = funct3[2];
        imm_o           = 32'($signed(instr_i[31:20]));
        dec_o.use_rs1   = 1'b1;
        dec_o.write_rd  = 1'b1;
        dec_o.write_rs1 = 1'b1;
      end
      OpcCustom1: begin
        unique case (funct3)
          3'd0, 3'd1, 3'd2: begin
            dec_o.valid     = 1'b1;
            dec_o.unit      = UnitMem;
            dec_o.mem.store = 1'b1;
            imm_o           = 32'($signed({instr_i[31:25], instr_i[11:7]}));
            dec_o.use_rs1   = 1'b1;
            dec_o.use_rs2   = 1'b1;
            dec_o.write_rs1 = 1'b1;
          end
          3'd3: begin
            dec_o = reg_reg(dec_o, funct7, instr_i[24:20]);
            imm_o = funct7[3] ? clip_bound(instr_i[24:20]) : '0;   // clip, or lane 0 to be extended
          end
          3'd4: begin   // {starti, start, endi, end, counti, count, setupi, setup}
            dec_o.valid           = !instr_i[11];
            dec_o.unit            = UnitHwlp;
            dec_o.use_rs1         = instr_i[8];
            hwlp_o.we_start   = instr_i[10:9] inside {2'd0, 2'd3};
            hwlp_o.we_end     = instr_i[10:9] inside {2'd1, 2'd3};
            hwlp_o.we_count   = instr_i[10];
            hwlp_o.start_next = instr_i[10];
            hwlp_o.addr_reg   = instr_i[8] && !instr_i[10];
            hwlp_o.count_reg  = instr_i[8];
            if (instr_i[10:8] == 3'd6) hwlp_o.offset = {7'd0, instr_i[19:15], 2'b00};
          end
          3'd5: begin   // oct.rq, oct.arq
            dec_o.unit         = UnitMul;
            dec_o.mul.a_signed = 1'b1;
            dec_o.mul.b_signed = 1'b1;
            dec_o.mul.round    = 1'b1;
            dec_o.mul.arith    = 1'b1;
            dec_o.use_rs1      = 1'b1;
            dec_o.use_rs2      = 1'b1;
            dec_o.use_rs3      = 1'b1;
            dec_o.write_rd     = 1'b1;
            unique casez (funct7)
              7'b00000??: begin dec_o.valid = 1'b1; dec_o.mul.fn = MulRqB; end
              7'b000010?: begin dec_o.valid = 1'b1; dec_o.mul.fn = MulRqH; end
              7'h08:      begin dec_o.valid = 1'b1; dec_o.mul.fn = MulArqB; end
              7'h09:      begin dec_o.valid = 1'b1; dec_o.mul.fn = MulArqH; end
              7'h0a:      begin dec_o.valid = 1'b1; dec_o.mul.fn = MulArqHb; end
              default: ;
            endcase
          end
          3'd6: begin   // oct.mrq
            dec_o.valid        = !funct2[1];
            dec_o.unit         = UnitMul;
            dec_o.mul.fn       = funct2[0] ? MulMrqHb : MulMrqH;
            dec_o.mul.a_signed = 1'b1;
            dec_o.mul.b_signed = 1'b1;
            dec_o.mul.round    = 1'b1;
            dec_o.mul.arith    = 1'b1;
            dec_o.use_rs1      = 1'b1;
            dec_o.use_rs2      = 1'b1;
            dec_o.use_rs3      = 1'b1;
            dec_o.write_rd     = 1'b1;
          end
          default: ;
        endcase
      end
      OpcCustom2: begin
        dec_o.use_rs1  = 1'b1;
        dec_o.write_rd = 1'b1;
        if (funct3[2:1] == 2'b00) begin   // bit fields
          dec_o.valid    = funct3[0] ? !funct2[1] : funct2 != 2'd3;
          dec_o.b_imm    = 1'b1;
          imm_o          = {22'd0, instr_i[29:20]};
          dec_o.alu.size = SizeW;
          dec_o.alu.uns  = funct2[0];
          dec_o.alu.fn   = funct3[0] ? (funct2[0] ? AluBset : AluBclr) : (funct2[1] ?
              AluInsert : AluExtract);
          dec_o.use_rs3  = funct2[1];
        end else begin                    // shift by immediate: add, subtract, multiply, accumulate
          dec_o.valid        = 1'b1;
          dec_o.unit         = UnitMul;
          dec_o.mul.fn       = funct3[2] ? MulN : MulAddN;
          dec_o.mul.a_signed = !funct3[0];
          dec_o.mul.b_signed = !funct3[0];
          dec_o.mul.acc      = funct3[1];
          dec_o.mul.neg      = funct3[0] && !funct3[2];
          dec_o.mul.round    = funct2[1];
          dec_o.mul.hh       = funct2[0];
          dec_o.mul.arith    = funct3[2] ? !funct3[0] : !funct2[0];
          dec_o.use_rs2      = 1'b1;
          dec_o.use_rs3      = funct3[2] && funct3[1];
        end
      end
      OpcCustom3: begin
        dec_o = simd(dec_o, funct5, instr_i[26], instr_i[25], funct3, no_rs2);
        if (dec_o.alu.fn != AluPerm) imm_o = lanes6(imm6, !dec_o.alu.uns, dec_o.alu.size);
        else if (!funct3[0]) imm_o = {15'd0, imm6[1], 15'd0, imm6[0]};
        else imm_o = {6'd0, funct5[1:0], 6'd0, imm6[5:4], 6'd0, imm6[3:2], 6'd0, imm6[1:0]};
      end
      default: ;
    endcase
  end
endmodule
