// SPDX-License-Identifier: Apache-2.0
// oct_mul: RV32M multiplications, MAC, 16x16 products with shift and rounding, dot products, add and
// shift, and Octant's requantisation. Two stages, one operation a cycle: operands in cycle n with
// en_i, result_o from cycle n+1 on until the next en_i. Twin: sw/golden/ml_ext.hpp.
// Test: tb/unit/core/oct_mul_test.cpp.
//
// Stage 1 holds eight 9x17 multipliers, two to each byte of a: byte i times y0, and byte i of a, b or
// c times y1. Their sum L[i] is a quarter of a 32x32 product, or one lane. Stage 2 adds the four,
// shifts, rounds and clips.
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

  localparam int unsigned LaneWidth = 42;

  typedef enum logic [1:0] {OutLow, OutHigh, OutLanesB, OutLanesH} out_e;

  // What stage 2 has to know.
  typedef struct packed {
    logic [3:0][LaneWidth-1:0] lane;
    logic [31:0]               c;         // accumulator, or where a requantised lane goes
    logic                      one;       // + 1: a - b is a + ~b + 1
    logic                      invert;    // c - p is ~(~c + p)
    logic [1:0]                shift1;    // L[1] << 8: bit 0; L[2] << 16 and L[3] << 16: bit 1
    logic [3:0]                use_lane;
    logic                      use_c;
    logic                      wide;      // shift 64 bits, not 32
    logic                      arith;
    logic                      round;
    logic [5:0]                shift;
    logic                      clip8;
    logic                      clip16;
    logic                      insert;    // the clipped lane into c
    logic [1:0]                at;
    out_e                      out;
  } stage_t;

  // ---- Stage 1 -----------------------------------------------------------------------------
  function automatic stage_t multiply(input ml_mul_op_t op, input logic [31:0] a, input logic [31:0] b_raw,
                                      input logic [31:0] c);
    stage_t             s;
    logic [31:0]        b;
    logic               full, rq, arq, mrq, add;
    logic [3:0]         sign;         // byte i of a is signed
    logic signed [16:0] y0, y1;
    logic signed [8:0]  x0, x1;
    logic signed [25:0] p0, p1;
    b    = !op.sc ? b_raw : op.fn == MulDotB ? {4{b_raw[7:0]}} : {2{b_raw[15:0]}};
    rq   = op.fn inside {MulRqB, MulRqH};
    arq  = op.fn inside {MulArqB, MulArqH, MulArqHb};
    mrq  = op.fn inside {MulMrqH, MulMrqHb};
    add  = op.fn inside {MulAddN, MulAddNr};
    full = rq || add || op.fn inside {MulLo, MulHi};
    sign[0] = op.a_signed && op.fn inside {MulDotB, MulArqB};
    sign[2] = sign[0];
    sign[1] = op.a_signed && !full;
    sign[3] = op.a_signed;

    for (int i = 0; i < 4; i++) begin
      x0 = {sign[i] & a[8*i+7], a[8*i+:8]};
      x1 = arq ? {sign[i] & c[8*i+7], c[8*i+:8]} : mrq ? {sign[i] & b[8*i+7], b[8*i+:8]} : x0;
      unique case (op.fn)
        MulDotB:                      y0 = 17'($signed({op.b_signed & b[8*i+7], b[8*i+:8]}));
        MulDotH, MulN:                y0 = {op.b_signed & b[16*(i/2)+15], b[16*(i/2)+:16]};
        MulArqB, MulArqH, MulArqHb:   y0 = 17'($signed(b[12:0]));
        MulMrqH, MulMrqHb:            y0 = {c[16*(i/2)+15], c[16*(i/2)+:16]};
        MulAddN:                      y0 = 17'd1;
        MulAddNr:                     y0 = {{16{op.neg}}, 1'b1};
        default:                      y0 = {1'b0, b[15:0]};
      endcase
      unique case (op.fn)
        MulLo, MulHi:                 y1 = {op.b_signed & b[31], b[31:16]};
        MulRqB, MulRqH:               y1 = 17'($signed(b[25:16]));
        MulArqB, MulArqH, MulArqHb:   y1 = 17'($signed(b[25:13]));
        MulMrqH:                      y1 = 17'h0_8000;
        MulMrqHb:                     y1 = 17'h0_0100;
        default:                      y1 = '0;
      endcase
      p0 = x0 * y0;
      p1 = x1 * y1;
      s.lane[i] = LaneWidth'(p0) + (full ? {p1, 16'd0} : LaneWidth'(p1));
    end

    // a - b: c is ~b and 1 is added; c - a * b: c is inverted here and the result behind the sum.
    s.c        = (op.fn == MulAddN ? b : c) ^ {32{op.neg && op.fn != MulAddNr}};
    s.one      = op.neg && op.fn == MulAddN;
    s.invert   = op.neg && op.fn == MulLo;
    s.use_c    = add || op.acc;
    s.shift1   = {full, op.fn inside {MulN, MulDotH, MulArqH, MulArqHb} || mrq || full};
    s.wide     = !(op.fn inside {MulN, MulAddN, MulAddNr});
    s.arith    = op.arith;
    s.round    = op.round;
    unique case (op.fn)
      MulN:               s.use_lane = op.hh ? 4'b1100 : 4'b0011;
      MulArqB:            s.use_lane = 4'b0001;
      MulArqH, MulArqHb, MulMrqH, MulMrqHb: s.use_lane = 4'b0011;
      default:            s.use_lane = 4'b1111;
    endcase
    unique case (op.fn)
      MulN, MulAddN, MulMrqH, MulMrqHb: s.shift = {1'b0, op.shift};
      MulAddNr:           s.shift = {1'b0, b[4:0]};
      MulRqB, MulRqH:     s.shift = b[31:26];
      MulArqB, MulArqH, MulArqHb: s.shift = {1'b0, b[30:26]};
      default:            s.shift = '0;
    endcase
    s.clip8  = op.fn inside {MulRqB, MulArqB, MulArqHb, MulMrqHb};
    s.clip16 = op.fn inside {MulRqH, MulArqH, MulMrqH};
    s.insert = rq;
    s.at     = op.fn == MulRqH ? {op.shift[0], 1'b0} : op.shift[1:0];
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

  function automatic logic [7:0] requant22(input logic signed [21:0] v, input logic [4:0] s, input logic round);
    logic signed [22:0] t;
    logic               up;
    t  = $signed({v, 1'b0}) >>> s;
    up = round && t[0];
    if (t[22:8] != {15{t[22]}} || (up && !t[22] && &t[7:1])) return {t[22], {7{!t[22]}}};
    return t[8:1] + 8'(up);
  endfunction

  function automatic logic [31:0] finish(input stage_t s);
    logic [63:0] l0, l1, l2, l3, sum, half, ext;
    logic [31:0] low, r;
    logic        sign, over8, over16;
    logic [62:0] differs;
    logic [55:0] above;
    logic [33:0] odd;
    half = s.round && s.shift != 0 ? 64'd1 << (s.shift - 6'd1) : '0;
    l0   = s.use_lane[0] ? 64'($signed(s.lane[0])) : '0;
    l1   = s.use_lane[1] ? (s.shift1[0] ? {{14{s.lane[1][41]}}, s.lane[1], 8'd0} : 64'($signed(s.lane[1]))) : '0;
    l2   = s.use_lane[2] ? (s.shift1[1] ? {{6{s.lane[2][41]}}, s.lane[2], 16'd0} : 64'($signed(s.lane[2]))) : '0;
    l3   = !s.use_lane[3] ? '0
         : s.shift1[1]    ? {s.lane[3][39:0], 24'd0}
         : s.shift1[0]    ? {{14{s.lane[3][41]}}, s.lane[3], 8'd0} : 64'($signed(s.lane[3]));
    sum  = l0 + l1 + l2 + l3 + (s.use_c ? {32'd0, s.c} : '0) + half + 64'(s.one);

    sign = s.wide ? sum[63] : s.arith && sum[31];
    ext  = {s.wide ? sum[63:32] : {32{sign}}, sum[31:0]};
    low  = 32'($signed(ext) >>> s.shift) ^ {32{s.invert}};

    // Bits that must equal the sign for the result to fit, from 7 + shift or 15 + shift upwards.
    differs = sum[62:0] ^ {63{sum[63]}};
    above   = 56'hff_ffff_ffff_ffff << s.shift;
    over8   = (differs & {above, 7'd0}) != 0;
    over16  = (differs & {above[47:0], 15'd0}) != 0;
    if (s.clip8 && over8) low = {{25{sum[63]}}, {7{!sum[63]}}};
    if (s.clip16 && over16) low = {{17{sum[63]}}, {15{!sum[63]}}};

    odd = 34'(s.lane[2]) + (s.shift1[0] ? {s.lane[3][25:0], 8'd0} : '0);
    r   = low;
    unique case (s.out)
      OutLow: begin
        if (s.insert) begin
          r = s.c;
          if (s.clip16) r[16*s.at[1]+:16] = low[15:0];
          else          r[8*s.at+:8] = low[7:0];
        end
      end
      OutHigh:   r = sum[63:32];
      OutLanesH: r = {requant34(odd, s.shift[4:0], s.round, s.clip16), low[15:0]};
      default: begin
        r = {requant22(s.lane[3][21:0], s.shift[4:0], s.round), 8'd0,
             requant22(s.lane[1][21:0], s.shift[4:0], s.round), low[7:0]};
        r[23:16] = 8'(requant34(odd, s.shift[4:0], s.round, 1'b0));
      end
    endcase
    return r;
  endfunction

  assign result_o = finish(stage_q);
endmodule
