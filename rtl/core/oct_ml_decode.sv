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
