// SPDX-License-Identifier: Apache-2.0
// oct_ml_alu: the ML extension's single-cycle instructions: lane arithmetic, comparisons, shifts,
// shuffles, clipping and bit fields. Combinational; 0 while en_i is low, so that the core may OR it
// with other units' results.
// Twin: sw/golden/ml_ext.hpp. Test: tb/unit/core/oct_ml_alu_test.cpp.
module oct_ml_alu (
  input  logic                   en_i,
  input  oct_ml_pkg::ml_alu_op_t op_i,
  input  logic [31:0]            a_i,      // rs1
  input  logic [31:0]            b_i,      // rs2 or immediate
  input  logic [31:0]            c_i,      // old rd
  output logic [31:0]            result_o
);
  import oct_ml_pkg::*;

  // A value for each lane's top byte, repeated in all bytes of the lane.
  function automatic logic [3:0] lane_top(input logic [3:0] v, input ml_size_e size);
    return size == SizeB ? v : size == SizeH ? {{2{v[3]}}, {2{v[1]}}} : {4{v[3]}};
  endfunction

  function automatic logic [31:0] bytes(input logic [3:0] v);
    return {{8{v[3]}}, {8{v[2]}}, {8{v[1]}}, {8{v[0]}}};
  endfunction

  // ---- Adder, comparisons, clipping --------------------------------------------------------
  // One adder for all lanes: between bytes sits a bit that passes the carry on inside a lane, and at
  // a lane's edge injects the 1 of a subtraction or nothing.
  function automatic logic [31:0] arith(input ml_alu_fn_e fn, input ml_size_e size, input logic uns,
                                        input logic [31:0] a, input logic [31:0] b);
    logic        sub, is_abs, is_clip, a_zero, clip_lo, clip_hi;
    logic [31:0] x, y, sum, neq;
    logic [34:0] wide;
    logic [2:0]  edges;
    logic [3:0]  lt, eq, byte_eq, sel_b, cmp, sgn_a, sgn_b;
    is_abs  = fn == AluAbs;
    is_clip = fn == AluClip || fn == AluClipu;
    // Clipping at [~b, b] needs one sum: a - b if both are positive, else a + b.
    sub   = is_clip ? !a[31] && !b[31] : !(fn == AluAdd || fn == AluAvg);
    x     = is_abs ? '0 : a;
    y     = (is_abs ? a : b) ^ {32{sub}};
    edges = size == SizeB ? 3'b111 : size == SizeH ? 3'b010 : 3'b000;
    wide  = {x[31:24], !edges[2] || sub, x[23:16], !edges[1] || sub, x[15:8], !edges[0] || sub,
        x[7:0]}
          + {y[31:24], edges[2] && sub,  y[23:16], edges[1] && sub,  y[15:8], edges[0] && sub,
              y[7:0]}
          + 35'(sub);
    sum   = {wide[34:27], wide[25:18], wide[16:9], wide[7:0]};

    sgn_a = {a[31], a[23], a[15], a[7]};
    sgn_b = {b[31], b[23], b[15], b[7]};
    neq   = a ^ b;
    byte_eq = {neq[31:24] == 0, neq[23:16] == 0, neq[15:8] == 0, neq[7:0] == 0};
    for (int i = 0; i < 4; i++) begin
      lt[i] = sgn_a[i] != sgn_b[i] ? (uns ? sgn_b[i] : sgn_a[i]) : sum[8*i+7];
    end
    lt = lane_top(lt, size);
    eq = size == SizeB ? byte_eq
       : size == SizeH ? {{2{&byte_eq[3:2]}}, {2{&byte_eq[1:0]}}} : {4{&byte_eq}};
    unique case (fn)
      AluEq:   cmp = eq;
      AluNe:   cmp = ~eq;
      AluLt:   cmp = lt;
      AluLe:   cmp = lt | eq;
      AluGt:   cmp = ~(lt | eq);
      default: cmp = ~lt;
    endcase

    // Negative bounds are of no use, but defined: the lower bound is tested first.
    a_zero  = a == 0;
    clip_lo = a[31] ? b[31] || sum[31] : b[31] && sum[31];
    clip_hi = !a[31] && (!sum[31] || (b[31] && fn == AluClipu));
    if (fn == AluClipu) clip_lo = a[31] || a_zero;

    unique case (fn)
      AluAdd, AluSub: return sum;
      AluAvg: begin
        y = {1'b0, sum[31:1]};
        y[7]  = edges[0] ? !uns && sum[7] : sum[8];
        y[15] = edges[1] ? !uns && sum[15] : sum[16];
        y[23] = edges[2] ? !uns && sum[23] : sum[24];
        y[31] = !uns && sum[31];
        return y;
      end
      AluAbs: begin
        sel_b = lane_top(sgn_a, size);
        return (sum & bytes(sel_b)) | (a & ~bytes(sel_b));
      end
      AluMin, AluMax: begin
        sel_b = lt ^ {4{fn == AluMin}};
        return (b & bytes(sel_b)) | (a & ~bytes(sel_b));
      end
      AluClip, AluClipu: begin
        if (clip_lo) return fn == AluClipu ? '0 : ~b;
        return clip_hi ? b : a;
      end
      AluOr:   return a | b;
      AluXor:  return neq;
      AluAnd:  return a & b;
      default: return size == SizeW ? {31'd0, cmp[0]} : bytes(cmp);
    endcase
  endfunction

  // ---- Shifts and bit fields: rotate every lane right, then keep what belongs there ---------
  function automatic logic [31:0] shift(input ml_alu_fn_e fn, input ml_size_e size, input logic uns,
                                        input logic [31:0] a, input logic [31:0] b,
                                            input logic [31:0] c);
    logic        left, field, at_pos, fill, word;
    logic [31:0] r, t, keep, rest;
    logic [4:0]  last, width;
    logic [4:0]  amount [4];   // of the lane that byte i belongs to
    logic [5:0]  high;
    left   = fn == AluSll || fn == AluInsert;
    field  = size == SizeW && fn != AluRor;
    // A shift of a whole word is a field that ends at bit 31.
    word   = size == SizeW && fn inside {AluSll, AluSrl, AluSra};
    width  = word ? 5'd31 : b[9:5];
    at_pos = fn == AluInsert || fn == AluBclr || fn == AluBset || (word && left);
    for (int i = 0; i < 4; i++) begin
      amount[i] = size == SizeB ? {2'd0, b[8*i+:3]} : size == SizeH ? {1'd0,
          b[16*(i/2)+:4]} : b[4:0];
      if (left) amount[i] = -amount[i];
    end
    // Rotation, stage by stage; a byte's upper bits come from where its lane continues.
    r = a;
    for (int k = 0; k < 3; k++) begin
      for (int i = 0; i < 4; i++) begin
        for (int j = 0; j < 8; j++) begin
          automatic int src = j + (1 << k);
          if (src < 8) t[8*i+j] = amount[i][k] ? r[8*i+src] : r[8*i+j];
          else begin
            t[8*i+j] = !amount[i][k]       ? r[8*i+j]
                     : size == SizeB    ? r[8*i+src-8]
                     : size == SizeH    ? r[8*(i^1)+src-8]
                                           : r[8*((i+1)%4)+src-8];
          end
        end
      end
      r = t;
    end
    for (int i = 0; i < 4; i++) begin
      t[8*i+:8] = size == SizeB || !amount[i][3] ? r[8*i+:8]
                : size == SizeH ? r[8*(i^1)+:8] : r[8*((i+1)%4)+:8];
    end
    r = size == SizeW && amount[0][4] ? {t[15:0], t[31:16]} : t;

    // keep: the bits that come from the rotation.
    high = {1'b0, b[4:0]} + {1'b0, width};
    last = high[5] ? 5'd31 : high[4:0];
    if (field) begin
      keep = at_pos ? ('1 << b[4:0]) & ~(32'hffff_fffe << last) : ~(32'hffff_fffe << width) &
          ('1 >> b[4:0]);
    end else if (fn == AluRor) begin
      keep = '1;
    end else if (size == SizeB) begin
      for (int i = 0; i < 4; i++) keep[8*i+:8] = left ? 8'hff << b[8*i+:3] : 8'hff >> b[8*i+:3];
    end else begin
      for (int i = 0; i < 2; i++) keep[16*i+:16] = left ? 16'hffff << b[16*i+:4] :
          16'hffff >> b[16*i+:4];
    end
    // rest: what the others get.
    fill = fn == AluExtract && !uns && a[last];
    unique case (fn)
      AluInsert: rest = c;
      AluBclr, AluBset: rest = a;
      AluSra:    rest = bytes(lane_top({a[31], a[23], a[15], a[7]}, size));
      default:   rest = {32{fill}};
    endcase
    if (fn == AluBclr) r = '0;
    if (fn == AluBset) r = '1;
    return (r & keep) | (rest & ~keep);
  endfunction

  // ---- Bytes from anywhere: shuffle, pack, extend, insert ----------------------------------
  function automatic logic [31:0] permute(input ml_alu_fn_e fn, input ml_perm_e perm,
      input ml_size_e size,
                                          input logic uns, input logic [31:0] a,
                                              input logic [31:0] b,
                                          input logic [31:0] c);
    logic [31:0] other, r;
    logic [2:0]  sel [4];     // byte 0-3 of other, 4-7 of a
    logic [3:0]  keep_c, ext;
    logic        sign;
    logic [63:0] src;
    other  = fn == AluPerm && (perm inside {PermPack, PermPackH, PermLoB, PermHiB}) ? b : c;
    src    = {a, other};
    keep_c = '0;
    ext    = '0;
    for (int i = 0; i < 4; i++) sel[i] = {1'b1, b[8*i+:2]};
    unique case (fn)
      AluExt: begin
        for (int i = 0; i < 4; i++) sel[i] = {1'b1, b[1:0]};
        ext = 4'b1110;
        if (size == SizeH) begin
          sel[0] = {1'b1, b[0], 1'b0};
          sel[1] = {1'b1, b[0], 1'b1};
          ext    = 4'b1100;
        end
      end
      AluIns: begin
        for (int i = 0; i < 4; i++) begin
          sel[i]    = {2'b10, i[0] && size == SizeH};
          keep_c[i] = size == SizeH ? b[0] != i[1] : b[1:0] != 2'(i);
        end
      end
      default: begin
        unique case (perm)
          PermB: ;
          PermH:     for (int i = 0; i < 4; i++) sel[i] = {1'b1, b[16*(i/2)], i[0]};
          Perm2B:    for (int i = 0; i < 4; i++) sel[i] = b[8*i+:3];
          Perm2H:    for (int i = 0; i < 4; i++) sel[i] = {b[16*(i/2)+1], b[16*(i/2)], i[0]};
          PermPack:  begin sel[3] = 3'd5; sel[2] = 3'd4; sel[1] = 3'd1; sel[0] = 3'd0; end
          PermPackH: begin sel[3] = 3'd7; sel[2] = 3'd6; sel[1] = 3'd3; sel[0] = 3'd2; end
          PermLoB:   begin sel[1] = 3'd4; sel[0] = 3'd0; keep_c = 4'b1100; end
          default:   begin sel[3] = 3'd4; sel[2] = 3'd0; keep_c = 4'b0011; end
        endcase
      end
    endcase
    for (int i = 0; i < 4; i++) r[8*i+:8] = src[8*sel[i]+:8];
    sign = !uns && (size == SizeH ? r[15] : r[7]);
    for (int i = 0; i < 4; i++) begin
      if (ext[i]) r[8*i+:8] = {8{sign}};
      if (keep_c[i]) r[8*i+:8] = c[8*i+:8];
    end
    return r;
  endfunction

  // ---- Counting ----------------------------------------------------------------------------
  function automatic logic [5:0] leading_zeros(input logic [31:0] v);
    logic [15:0] x16;
    logic [7:0]  x8;
    logic [3:0]  x4;
    logic [4:0]  n;
    n[4] = v[31:16] == 0;
    x16  = n[4] ? v[15:0] : v[31:16];
    n[3] = x16[15:8] == 0;
    x8   = n[3] ? x16[7:0] : x16[15:8];
    n[2] = x8[7:4] == 0;
    x4   = n[2] ? x8[3:0] : x8[7:4];
    n[1] = x4[3:2] == 0;
    n[0] = n[1] ? !x4[1] : !x4[3];
    return &n && !x4[0] ? 6'd32 : {1'b0, n};
  endfunction

  function automatic logic [31:0] count(input ml_alu_fn_e fn, input logic [31:0] a);
    logic [31:0] v;
    logic [5:0]  n, ones;
    v = a;
    if (fn == AluFf1) for (int i = 0; i < 32; i++) v[i] = a[31-i];
    if (fn == AluClb) v = a ^ {32{a[31]}};
    n = leading_zeros(v);
    ones = '0;
    for (int i = 0; i < 32; i++) ones += 6'(a[i]);
    unique case (fn)
      AluFf1:  return 32'(n);
      AluFl1:  return n[5] ? 32'd32 : {27'd0, ~n[4:0]};
      AluClb:  return a == 0 ? '0 : 32'(n) - 1;
      default: return 32'(ones);
    endcase
  endfunction

  logic [31:0] operand_b;

  always_comb begin
    operand_b = '0;
    result_o  = '0;
    if (en_i) begin
      operand_b = !op_i.sc ? b_i : op_i.size == SizeB ? {4{b_i[7:0]}} : {2{b_i[15:0]}};
      unique case (op_i.fn) inside
        [AluAdd:AluClipu]:    result_o = arith(op_i.fn, op_i.size, op_i.uns, a_i, operand_b);
        [AluSll:AluBset]:     result_o = shift(op_i.fn, op_i.size, op_i.uns, a_i, operand_b, c_i);
        [AluFf1:AluCnt]:      result_o = count(op_i.fn, a_i);
        default:              result_o = permute(op_i.fn, op_i.perm, op_i.size, op_i.uns, a_i,
            operand_b, c_i);
      endcase
    end
  end
endmodule
