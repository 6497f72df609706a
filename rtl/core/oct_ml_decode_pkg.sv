// SPDX-License-Identifier: Apache-2.0
// oct_ml_decode_pkg: the two large groups of the ML extension's encodings, SIMD (custom-3) and
// register-register (custom-1, funct3 011), as functions of oct_ml_decode.
// Test: tb/unit/core/oct_ml_decode_test.cpp.
package oct_ml_decode_pkg;
  import oct_ml_pkg::*;

  // cv.clip: 2^(is2-1) - 1
  function automatic logic [31:0] clip_bound(input logic [4:0] is2);
    logic [31:0] r;
    r = '0;
    for (int i = 0; i < 30; i++) r[i] = 32'(is2) > i + 1;
    return r;
  endfunction

  function automatic logic [31:0] lanes6(input logic [5:0] v, input logic sign,
      input ml_size_e size);
    logic [15:0] h;
    h = {{10{sign & v[5]}}, v};
    return size == SizeB ? {4{h[7:0]}} : {2{h}};
  endfunction

  // ---- custom-3: SIMD ----------------------------------------------------------------------
  function automatic ml_dec_t simd(input ml_dec_t in, input logic [4:0] f5, input logic f,
                                   input logic bit25, input logic [2:0] f3, input logic rs2_zero);
    ml_dec_t d;
    logic    six;   // one of the six variants of a two-operand instruction
    logic    sci, uns;
    d            = in;
    d.alu.size   = f3[0] ? SizeB : SizeH;
    d.use_rs1    = 1'b1;
    d.write_rd   = 1'b1;
    sci          = f3[2:1] == 2'b11;
    six          = sci || (f3[1:0] != 2'b10 && f3[1:0] != 2'b11 && !bit25);
    uns          = 1'b0;
    d.alu.sc     = f3[2:1] == 2'b10;
    d.mul.sc     = f3[2:1] == 2'b10;
    d.use_rs2    = !sci;
    d.b_imm      = sci;
    d.mul.fn     = f3[0] ? MulDotB : MulDotH;
    unique case ({f, f5})
      6'h00: begin d.alu.fn = AluAdd; d.valid = six; end
      6'h01: begin d.alu.fn = AluSub; d.valid = six; end
      6'h02: begin d.alu.fn = AluAvg; d.valid = six; end
      6'h03: begin d.alu.fn = AluAvg; d.valid = six; uns = 1'b1; end
      6'h04: begin d.alu.fn = AluMin; d.valid = six; end
      6'h05: begin d.alu.fn = AluMin; d.valid = six; uns = 1'b1; end
      6'h06: begin d.alu.fn = AluMax; d.valid = six; end
      6'h07: begin d.alu.fn = AluMax; d.valid = six; uns = 1'b1; end
      6'h08: begin d.alu.fn = AluSrl; d.valid = six; end
      6'h09: begin d.alu.fn = AluSra; d.valid = six; end
      6'h0a: begin d.alu.fn = AluSll; d.valid = six; end
      6'h0b: begin d.alu.fn = AluOr;  d.valid = six; end
      6'h0c: begin d.alu.fn = AluXor; d.valid = six; end
      6'h0d: begin d.alu.fn = AluAnd; d.valid = six; end
      6'h0e: begin
        d.alu.fn = AluAbs; d.valid = f3[2:1] == 2'b00 && !bit25 && rs2_zero; d.use_rs2 = 1'b0;
      end
      6'h10: begin d.unit = UnitMul; d.valid = six; uns = 1'b1; end
      6'h11: begin d.unit = UnitMul; d.valid = six; d.mul.b_signed = 1'b1; end
      6'h12: begin d.unit = UnitMul; d.valid = six; d.mul.a_signed = 1'b1; d.mul.b_signed =
          1'b1; end
      6'h13: begin d.unit = UnitMul; d.valid = six; uns = 1'b1; d.mul.acc = 1'b1; end
      6'h14: begin d.unit = UnitMul; d.valid = six; d.mul.b_signed = 1'b1; d.mul.acc = 1'b1; end
      6'h15: begin
        d.unit = UnitMul; d.valid = six; d.mul.a_signed = 1'b1; d.mul.b_signed =
            1'b1; d.mul.acc = 1'b1;
      end
      6'h17: begin   // lane in, lane out
        d.alu.fn  = f3[2] ? AluIns : AluExt;
        d.alu.sc  = 1'b0;
        d.valid   = !sci;
        d.use_rs2 = 1'b0;
        d.b_imm   = 1'b1;
        uns       = f3[1];
      end
      6'h18, 6'h19, 6'h1a, 6'h1b: begin
        d.alu.fn   = AluPerm;
        d.alu.perm = f3[0] ? PermB : PermH;
        if (sci) d.valid = f3[0] || f5[1:0] == 2'b00;
        else     d.valid = f3[2:1] == 2'b00 && f5[1:0] == 2'b00 && !bit25;
      end
      6'h1c: begin
        d.alu.fn = AluPerm; d.alu.perm = f3[0] ? Perm2B : Perm2H;
        d.use_rs3 = 1'b1; d.valid = f3[2:1] == 2'b00 && !bit25;
      end
      6'h1e: begin d.alu.fn = AluPerm; d.alu.perm = bit25 ? PermPackH : PermPack; d.valid =
          f3 == 3'd0; end
      6'h1f: begin
        d.alu.fn = AluPerm; d.alu.perm = bit25 ? PermHiB : PermLoB;
        d.use_rs3 = 1'b1; d.valid = f3 == 3'd1;
      end
      6'h20: begin d.alu.fn = AluEq; d.valid = six; end
      6'h21: begin d.alu.fn = AluNe; d.valid = six; end
      6'h22: begin d.alu.fn = AluGt; d.valid = six; end
      6'h23: begin d.alu.fn = AluGe; d.valid = six; end
      6'h24: begin d.alu.fn = AluLt; d.valid = six; end
      6'h25: begin d.alu.fn = AluLe; d.valid = six; end
      6'h26: begin d.alu.fn = AluGt; d.valid = six; uns = 1'b1; end
      6'h27: begin d.alu.fn = AluGe; d.valid = six; uns = 1'b1; end
      6'h28: begin d.alu.fn = AluLt; d.valid = six; uns = 1'b1; end
      6'h29: begin d.alu.fn = AluLe; d.valid = six; uns = 1'b1; end
      default: ;
    endcase
    d.alu.uns = uns;
    if (d.mul.acc || (d.unit == UnitAlu && d.alu.fn == AluIns)) d.use_rs3 = 1'b1;
    return d;
  endfunction

  // ---- custom-1, funct3 011 ----------------------------------------------------------------
  function automatic ml_dec_t reg_reg(input ml_dec_t in, input logic [6:0] f7,
      input logic [4:0] rs2);
    ml_dec_t d;
    d          = in;
    d.use_rs1  = 1'b1;
    d.use_rs2  = 1'b1;
    d.write_rd = 1'b1;
    d.alu.size = SizeW;
    d.mul.arith    = !f7[0];
    d.mul.round    = f7[1];
    d.mul.neg      = f7[2];
    unique casez (f7)
      7'b000_????: begin   // loads: {0, zero-extend, register-register, size}
        d.unit     = UnitMem;
        d.valid    = f7[1:0] != 2'b11 && !(f7[3] && f7[1]);
        d.mem.size = ml_size_e'(f7[1:0]);
        d.mem.uns  = f7[3];
        d.mem.post = !f7[2];
        d.mem.off  = OffRs2;
        d.write_rs1 = !f7[2];
      end
      7'b001_0???: begin   // stores
        d.unit      = UnitMem;
        d.valid     = f7[1:0] != 2'b11;
        d.mem.store = 1'b1;
        d.mem.size  = ml_size_e'(f7[1:0]);
        d.mem.post  = !f7[2];
        d.mem.off   = OffRs3;
        d.use_rs3   = 1'b1;
        d.write_rd  = 1'b0;
        d.write_rs1 = !f7[2];
      end
      7'h18: begin d.alu.fn = AluExtract; d.valid = 1'b1; end
      7'h19: begin d.alu.fn = AluExtract; d.valid = 1'b1; d.alu.uns = 1'b1; end
      7'h1a: begin d.alu.fn = AluInsert;  d.valid = 1'b1; d.use_rs3 = 1'b1; end
      7'h1c: begin d.alu.fn = AluBclr;    d.valid = 1'b1; end
      7'h1d: begin d.alu.fn = AluBset;    d.valid = 1'b1; end
      7'h20: begin d.alu.fn = AluRor;     d.valid = 1'b1; end
      7'h21, 7'h22, 7'h23, 7'h24, 7'h28: begin
        unique case (f7[3:0])
          4'h1:    d.alu.fn = AluFf1;
          4'h2:    d.alu.fn = AluFl1;
          4'h3:    d.alu.fn = AluClb;
          4'h4:    d.alu.fn = AluCnt;
          default: d.alu.fn = AluAbs;
        endcase
        d.use_rs2 = 1'b0;
        d.valid   = rs2 == 5'd0;
      end
      7'h29: begin d.alu.fn = AluLe;  d.valid = 1'b1; end
      7'h2a: begin d.alu.fn = AluLe;  d.valid = 1'b1; d.alu.uns = 1'b1; end
      7'h2b: begin d.alu.fn = AluMin; d.valid = 1'b1; end
      7'h2c: begin d.alu.fn = AluMin; d.valid = 1'b1; d.alu.uns = 1'b1; end
      7'h2d: begin d.alu.fn = AluMax; d.valid = 1'b1; end
      7'h2e: begin d.alu.fn = AluMax; d.valid = 1'b1; d.alu.uns = 1'b1; end
      7'b011_00??: begin   // extend half-words and bytes
        d.alu.fn   = AluExt;
        d.alu.size = f7[1] ? SizeB : SizeH;
        d.alu.uns  = f7[0];
        d.use_rs2  = 1'b0;
        d.b_imm    = 1'b1;
        d.valid    = rs2 == 5'd0;
      end
      7'b011_10??: begin   // clip
        d.alu.fn  = f7[0] ? AluClipu : AluClip;
        d.b_imm   = !f7[1];
        d.use_rs2 = f7[1];
        d.valid   = 1'b1;
      end
      7'b100_0???: begin d.unit = UnitMul; d.mul.fn = MulAddNr; d.use_rs3 = 1'b1; d.valid =
          1'b1; end
      7'h48, 7'h49: begin
        d.unit = UnitMul; d.mul.fn = MulLo; d.mul.acc = 1'b1; d.mul.neg = f7[0];
        d.use_rs3 = 1'b1; d.valid = 1'b1;
      end
      default: ;
    endcase
    return d;
  endfunction
endpackage
