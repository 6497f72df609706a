// SPDX-License-Identifier: Apache-2.0
// oct_ml_pkg: what the ML extension's decoder (oct_ml_decode), single-cycle unit (oct_ml_alu) and
// two-stage multiplier (oct_mul) agree on with the core. Instructions, encodings and meaning:
// sw/golden/ml_ext.hpp; description: docs/architecture/ml_extension.md.
package oct_ml_pkg;

  typedef enum logic [1:0] {
    UnitAlu,    // oct_ml_alu: result in the same cycle
    UnitMul,    // oct_mul: result one cycle later; RV32M's MUL* are decoded here, too
    UnitMem,    // load or store with post-increment or register offset
    UnitHwlp    // hardware-loop set-up
  } ml_unit_e;

  typedef enum logic [1:0] {SizeB, SizeH, SizeW} ml_size_e;

  // ---- oct_ml_alu --------------------------------------------------------------------------
  typedef enum logic [4:0] {
    AluAdd, AluSub, AluAvg, AluAbs,           // lane-wise
    AluMin, AluMax,
    AluOr, AluXor, AluAnd,
    AluEq, AluNe, AluLt, AluLe, AluGt, AluGe, // lane masks; SizeW gives 0 or 1 (cv.sle)
    AluClip, AluClipu,                        // 32 bit; bound in b
    AluSll, AluSrl, AluSra,                   // lane-wise
    AluRor,
    AluExtract, AluInsert, AluBclr, AluBset,  // bit fields; b[9:5] = width - 1, b[4:0] = position
    AluFf1, AluFl1, AluClb, AluCnt,
    AluExt,                                   // one lane of a, extended; lane number in b
    AluIns,                                   // low lane of a into lane b of c
    AluPerm                                   // shuffles and packs: see perm
  } ml_alu_fn_e;

  typedef enum logic [2:0] {PermB, PermH, Perm2B, Perm2H, PermPack, PermPackH, PermLoB,
      PermHiB} ml_perm_e;

  typedef struct packed {
    ml_alu_fn_e fn;
    ml_size_e   size;
    logic       uns;    // unsigned compare, average, extract
    logic       sc;     // replicate the low lane of b
    ml_perm_e   perm;   // AluPerm only
  } ml_alu_op_t;

  // ---- oct_mul -----------------------------------------------------------------------------
  typedef enum logic [3:0] {
    MulLo,     // c * acc +- a * b, low half
    MulHi,     // high half of a * b
    MulN,      // ((half a * half b) + c * acc + round) >> shift
    MulAddN,   // (a +- b + round) >> shift, shift immediate
    MulAddNr,  // (c +- a + round) >> b[4:0]
    MulDotB, MulDotH,
    MulRqB, MulRqH,             // clip(round(a * m >> s)) into a lane of c
    MulArqB, MulArqH, MulArqHb, // clip(round((a * m1 + c * m2) >> s)) lane by lane
    MulMrqH, MulMrqHb           // clip(round((c * a + (b << k)) >> s)) lane by lane
  } ml_mul_fn_e;

  typedef struct packed {
    ml_mul_fn_e fn;
    logic       a_signed;
    logic       b_signed;
    logic       acc;    // add c
    logic       neg;    // subtract
    logic       round;
    logic       arith;  // the right shift keeps the sign
    logic       sc;     // replicate the low lane of b
    logic       hh;     // MulN: upper halves
    logic [4:0] shift;  // immediate shift; lane number of MulRq*
  } ml_mul_op_t;

  // ---- Signed 9x17 product or its negative, the brick of oct_mul ----------------------------
  // One value, two forms: gates are a fifth fewer when Booth's rows are written out, and a model runs
  // half as long with the operator. The multiplier's test runs with both (rtl.mul, rtl.mul_booth).
  function automatic logic [25:0] mul9x17(input logic signed [8:0] x, input logic signed [16:0] y,
                                          input logic neg);
`ifdef SYNTHESIS
    // Radix 4: five rows of 0, +-y, +-2y. Sign bits are inverted, the constant takes them off.
    localparam logic [25:0] Fix =
        -(26'd1 << 17) - (26'd1 << 19) - (26'd1 << 21) - (26'd1 << 23) - (26'd1 << 25);
    logic [10:0]      d;
    logic [17:0]      v;
    logic [4:0][25:0] row;
    logic [4:0]       minus;
    d = {x[8], x, 1'b0};
    for (int k = 0; k < 5; k++) begin
      v = d[2*k+1] != d[2*k] ? {y[16], y} : d[2*k+2] != d[2*k+1] ? {y, 1'b0} : '0;
      minus[k] = d[2*k+2] ^ neg;
      if (minus[k]) v = ~v;
      row[k] = 26'({~v[17], v[16:0]}) << (2 * k);
    end
    return row[0] + row[1] + row[2] + row[3] + row[4] + Fix
         + {17'd0, minus[4], 1'b0, minus[3], 1'b0, minus[2], 1'b0, minus[1], 1'b0, minus[0]};
`else
    return neg ? -26'(x * y) : 26'(x * y);
`endif
  endfunction

  // ---- Load and store ----------------------------------------------------------------------
  // Address: rs1 if post, else rs1 + offset. post: rs1 := rs1 + offset when the access is done.
  typedef enum logic [1:0] {OffImm, OffRs2, OffRs3} ml_off_e;

  typedef struct packed {
    logic     store;    // data: rs2
    ml_size_e size;
    logic     uns;      // zero-extending load
    logic     post;
    ml_off_e  off;      // where the offset comes from
  } ml_mem_op_t;

  // ---- Hardware loops ----------------------------------------------------------------------
  // Loop registers start, end (first instruction behind the body) and count; the two low address
  // bits are zero. Values to write where we_* is set:
  //   start: start_next ? pc + 4 : addr_reg ? rs1 : pc + offset
  //   end:   addr_reg ? rs1 : pc + offset
  //   count: count_reg ? rs1 : count
  typedef struct packed {
    logic        loop;        // 0 inner, 1 outer
    logic        we_start;
    logic        we_end;
    logic        we_count;
    logic        start_next;
    logic        addr_reg;
    logic        count_reg;
    logic [13:0] offset;      // bytes
    logic [11:0] count;
  } ml_hwlp_t;

  // ---- Decoded instruction -----------------------------------------------------------------
  // Register numbers need no decoding: rs1 = [19:15], rs2 = [24:20], rd and the third source rs3
  // = [11:7] always. An instruction that reads rs3 and writes rd reads the old rd. The immediate
  // (operand b, or offset of a load or store) and ml_hwlp_t come beside it: wider words cost a
  // simulator more.
  typedef struct packed {
    logic        valid;      // an instruction of the ML extension or MUL, MULH, MULHSU, MULHU
    ml_unit_e    unit;
    logic        use_rs1;    // operand a
    logic        use_rs2;    // operand b, or store data, or offset
    logic        use_rs3;    // operand c, or offset of a store
    logic        b_imm;      // operand b is the immediate
    logic        write_rd;
    logic        write_rs1;  // post-increment
    ml_alu_op_t  alu;
    ml_mul_op_t  mul;
    ml_mem_op_t  mem;
  } ml_dec_t;

endpackage
