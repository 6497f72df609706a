// SPDX-License-Identifier: Apache-2.0
// oct_mul: RV32M multiplications, MAC, 16x16 products with shift and rounding, dot products, add and
// shift, and Octant's requantisation. Two stages, one operation a cycle: operands in cycle n with
// en_i, result_o in cycle n+1 only, else zero. Twin: sw/golden/ml_ext.hpp.
// Test: tb/unit/core/oct_mul_test.cpp.
//
// Stage 1 holds eight 9x17 multipliers, two to each byte of a: byte i times y0, and byte i of a, b or
// c times y1. Stage 2 adds the eight products as a 32x32 product or as lanes, shifts, rounds and
// clips. Half-word lane 0 and byte lane 0 use the adder and shifter of the 32x32 product; the other
// lanes have small ones of their own.
module oct_mul (
  input  logic                   clk_i,
  input  logic                   en_i,
  input  oct_ml_pkg::ml_mul_op_t op_i,
  input  logic [31:0]            a_i,      // rs1
  input  logic [31:0]            b_i,      // rs2 or immediate
  input  logic [31:0]            c_i,      // old rd
  output logic [31:0]            result_o
);
  import oct_ml_pkg::*;

  typedef enum logic [1:0] {OutLow, OutHigh, OutLanesB, OutLanesH} out_e;

  // What stage 2 has to know.
  typedef struct packed {
    logic [3:0][25:0] p0;
    logic [3:0][25:0] p1;
    logic [33:0]      c;       // addend with rounding; or where a requantised lane goes
    logic             full;    // 32x32 product: p0[i] << 8i, p1[i] << 8i + 16
    logic             half;    // half-word lanes: odd bytes << 8
    logic             add1;    // byte 1 belongs to the sum
    logic             add23;   // bytes 2 and 3, too
    logic             rq;      // shift sum[63:16], insert the clipped lane into c
    logic             arith;
    logic             round;
    logic [4:0]       shift;
    logic             clip8;
    logic             clip16;
    logic [1:0]       at;
    out_e             out;
  } stage_t;

  // ---- Stage 1 -----------------------------------------------------------------------------
  function automatic stage_t multiply(input ml_mul_op_t op, input logic [31:0] a,
      input logic [31:0] b_raw,
                                      input logic [31:0] c);
    stage_t             s;
    logic [31:0]        b;
    logic               full, rq, arq, mrq, add, minus;
    logic [3:0]         sign;         // byte i of a is signed
    logic signed [16:0] y0, y1;
    logic signed [8:0]  x0, x1;
    logic [31:0]        half, addend;
    logic [2:0]         signs;        // products with an inverted sign in bit 25
    b    = !op.sc ? b_raw : op.fn == MulDotB ? {4{b_raw[7:0]}} : {2{b_raw[15:0]}};
    rq   = op.fn inside {MulRqB, MulRqH};
    arq  = op.fn inside {MulArqB, MulArqH, MulArqHb};
    mrq  = op.fn inside {MulMrqH, MulMrqHb};
    add  = op.fn inside {MulAddN, MulAddNr};
    full = rq || add || op.fn inside {MulLo, MulHi};
    minus = op.neg && op.fn == MulLo;
    sign[0] = op.a_signed && op.fn inside {MulDotB, MulArqB};
    sign[2] = sign[0];
    sign[1] = op.a_signed && !full;
    sign[3] = op.a_signed;

    for (int i = 0; i < 4; i++) begin
      x0 = {sign[i] & a[8*i+7], a[8*i+:8]};
      x1 = arq ? {sign[i] & c[8*i+7], c[8*i+:8]} : mrq ? {sign[i] & b[8*i+7], b[8*i+:8]} : x0;
      unique case (op.fn)
        MulDotB:                      y0 = 17'($signed({op.b_signed & b[8*i+7], b[8*i+:8]}));
        MulDotH:                      y0 = {op.b_signed & b[16*(i/2)+15], b[16*(i/2)+:16]};
        MulN: begin
          y0 = op.hh == (i >= 2) ? {op.b_signed & b[16*(i/2)+15], b[16*(i/2)+:16]} : '0;
        end
        MulArqB, MulArqH, MulArqHb:   y0 = 17'($signed(b[12:0]));
        MulMrqH, MulMrqHb:            y0 = {c[16*(i/2)+15], c[16*(i/2)+:16]};
        MulAddN:                      y0 = 17'd1;
        MulAddNr:                     y0 = {{16{op.neg}}, 1'b1};
        default:                      y0 = {1'b0, b[15:0]};
      endcase
      unique case (op.fn)
        MulLo, MulHi:                 y1 = {op.b_signed & b[31], b[31:16]};
        MulRqB, MulRqH:               y1 = 17'($signed(b[26:16]));
        MulArqB, MulArqH, MulArqHb:   y1 = 17'($signed(b[25:13]));
        MulMrqH:                      y1 = 17'h0_8000;
        MulMrqHb:                     y1 = 17'h0_0100;
        default:                      y1 = '0;
      endcase
      s.p0[i] = mul9x17(x0, y0, minus);
      s.p1[i] = mul9x17(x1, y1, minus);
    end

    s.full     = full;
    s.half     = op.fn inside {MulN, MulDotH, MulArqH, MulArqHb} || mrq;
    s.add1     = op.fn != MulArqB;
    s.add23    = !arq && !mrq;
    s.rq       = rq;
    s.arith    = op.arith;
    unique case (op.fn)
      MulDotB:       signs = 3'd5;
      MulDotH, MulN: signs = 3'd3;
      default:       signs = full ? 3'd1 : 3'd2;
    endcase
    s.round    = op.round;
    unique case (op.fn)
      MulN, MulAddN, MulMrqH, MulMrqHb: s.shift = op.shift;
      MulAddNr:                         s.shift = b[4:0];
      MulRqB, MulRqH:                   s.shift = b[31:27];
      MulArqB, MulArqH, MulArqHb:       s.shift = b[30:26];
      default:                          s.shift = '0;
    endcase
    s.clip8  = op.fn inside {MulRqB, MulArqB, MulArqHb, MulMrqHb};
    s.clip16 = op.fn inside {MulRqH, MulArqH, MulMrqH};
    s.at     = op.fn == MulRqH ? {op.shift[0], 1'b0} : op.shift[1:0];
    // Rounding and the signs of the products (see SignFix) are added to c here. a - b is
    // a + ~b + 1.
    half = op.round && s.shift != 0 ? 32'd1 << (s.shift - 5'd1) : '0;
    addend = op.fn == MulAddN ? b ^ {32{op.neg}} : op.acc ||
        op.fn == MulAddNr ? c : '0;
    s.c  = 34'(addend) + 34'(half) + 34'(op.neg && op.fn == MulAddN) - 34'({signs, 25'd0});
    if (rq) s.c = 34'(c);
    unique case (op.fn)
      MulHi:   s.out = OutHigh;
      MulArqB: s.out = OutLanesB;
      MulArqH, MulArqHb, MulMrqH, MulMrqHb: s.out = OutLanesH;
      default: s.out = OutLow;
    endcase
    return s;
  endfunction

  stage_t stage_q;

  always_ff @(posedge clk_i) begin
    if (en_i) stage_q <= multiply(op_i, a_i, b_i, c_i);
  end

  // ---- Stage 2 -----------------------------------------------------------------------------
  // clip(v >> s + rounding bit) to 8 bits, or to 16 if W allows and clip16 says so.
  function automatic logic [15:0] requant34(input logic signed [33:0] v, input logic [4:0] s,
                                            input logic round, input logic clip16);
    logic signed [34:0] t;     // one bit below the point
    logic               over, up;
    t    = $signed({v, 1'b0}) >>> s;
    over = clip16 ? t[34:16] != {19{t[34]}} : t[34:8] != {27{t[34]}};
    up   = round && t[0];
    if (over || (up && !t[34] && (clip16 ? &t[15:1] : &t[7:1]))) begin
      return {t[34], clip16 ? {8{!t[34]}} : {8{t[34]}}, {7{!t[34]}}};
    end
    return t[16:1] + 16'(up);
  endfunction

  function automatic logic [7:0] requant22(input logic signed [21:0] v, input logic [4:0] s,
      input logic round);
    logic signed [22:0] t;
    logic               up;
    t  = $signed({v, 1'b0}) >>> s;
    up = round && t[0];
    if (t[22:8] != {15{t[22]}} || (up && !t[22] && &t[7:1])) return {t[22], {7{!t[22]}}};
    return t[8:1] + 8'(up);
  endfunction

  // Instead of extending the sign of a product, its sign bit is inverted and what that adds is taken
  // off again: below bit 34 together with c in stage 1, above here, where only full sums reach.
  localparam logic [63:0] SignFix = -(64'd1 << 25) - (64'd1 << 33) - (64'd1 << 42) - (64'd1 << 50)
                                  - (64'd1 << 57);

  function automatic logic [31:0] finish(input stage_t s);
    logic [63:0] ra, rb, rc, rd, re, rf, rg, rh, sum;
    logic [25:0] p0 [4], p1 [4];
    logic [47:0] base;
    logic [31:0] low, r;
    logic        sign, over8, over16;
    logic [46:0] differs;
    logic [39:0] above;
    logic [33:0] odd;
    // Seven rows, and the rounding of a requantised product.
    for (int i = 0; i < 4; i++) begin
      p0[i] = {!s.p0[i][25], s.p0[i][24:0]};
      p1[i] = {!s.p1[i][25], s.p1[i][24:0]};
    end
    ra = {p1[3][23:0], 6'd0, s.full ? SignFix[33:32] : 2'd0, 6'd0, p0[0]};
    rb = {SignFix[63:34], s.full || s.half ? {p0[1], 8'd0} : s.add1 ? 34'(p0[1]) : 34'd0};
    rc = s.full ? 64'({p0[2], 16'd0}) : s.add23 ? 64'(p0[2]) : '0;
    rd = s.full ? 64'({p0[3], 24'd0}) : !s.add23 ? '0 : s.half ? 64'({p0[3], 8'd0}) : 64'(p0[3]);
    re = s.full ? 64'({p1[0], 16'd0}) : 64'(p1[0]);
    rf = s.full ? 64'({p1[1], 24'd0}) : s.add1 ? 64'({p1[1], 8'd0}) : '0;
    rg = s.full ? 64'({p1[2], s.rq ? SignFix[31:0] : s.c[31:0]}) : 64'(s.c);
    rh = s.rq ? 64'({32'd1 << s.shift, 15'd0}) : '0;
    sum = ra + rb + rc + rd + re + rf + rg + rh;

    // What is shifted: 48 bits of a 32x27 product, a lane of up to 34 bits, or a 32-bit sum.
    if (s.rq)                                     base = sum[63:16];
    else if (s.out inside {OutLanesB, OutLanesH}) base = {{14{sum[33]}}, sum[33:0]};
    else                                          base = {{16{s.arith && sum[31]}}, sum[31:0]};
    sign = base[47];
    low  = 32'($signed(base) >>> s.shift);

    // Bits that must equal the sign for the result to fit, from 7 + shift or 15 + shift upwards.
    differs = base[46:0] ^ {47{sign}};
    above   = 40'hff_ffff_ffff << s.shift;
    over8   = (differs & {above, 7'd0}) != 0;
    over16  = (differs & {above[31:0], 15'd0}) != 0;
    if (s.clip8 && over8) low = {{25{sign}}, {7{!sign}}};
    if (s.clip16 && over16) low = {{17{sign}}, {15{!sign}}};

    odd = 34'($signed(s.p0[2])) + 34'($signed(s.p1[2]))
        + (s.half ? {s.p0[3], 8'd0} + {s.p1[3], 8'd0} : '0);
    r   = low;
    unique case (s.out)
      OutLow: begin
        if (s.rq) begin
          r = s.c[31:0];
          if (s.clip16) r[16*s.at[1]+:16] = low[15:0];
          else          r[8*s.at+:8] = low[7:0];
        end
      end
      OutHigh:   r = sum[63:32];
      OutLanesH: r = {requant34(odd, s.shift, s.round, s.clip16), low[15:0]};
      default: begin
        r = {requant22(s.p0[3][21:0] + s.p1[3][21:0], s.shift, s.round), 8'd0,
             requant22(s.p0[1][21:0] + s.p1[1][21:0], s.shift, s.round), low[7:0]};
        r[23:16] = 8'(requant34(odd, s.shift, s.round, 1'b0));
      end
    endcase
    return r;
  endfunction

  // Nothing is computed in the cycles without a result.
  logic busy_q;
  always_ff @(posedge clk_i) busy_q <= en_i;

  always_comb begin
    result_o = '0;
    if (busy_q) result_o = finish(stage_q);
  end
endmodule
