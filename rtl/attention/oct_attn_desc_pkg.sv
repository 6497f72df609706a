// SPDX-License-Identifier: Apache-2.0
// oct_attn_desc_pkg: the descriptor of the attention engine: its fields, what makes one bad, what the
// planner and the other blocks take from it. Table: docs/architecture/engine.md; twin of the checks:
// sw/golden/engine.hpp.
package oct_attn_desc_pkg;
  import oct_attn_pkg::*;

  // ---- What the planner walks -------------------------------------------------------------------
  typedef struct packed {
    logic        attn;
    // GEMM
    logic        w_kn, y_trans, y16, r16, table_en;
    logic [15:0] m, n, k;
    logic [15:0] seg;         // 0: rows of A are contiguous
    logic [15:0] batches;     // >= 1
    // attention
    logic        causal, key_mask, first, last;
    logic [15:0] sq, sk;
    logic [7:0]  d, dv, heads, group;
    logic signed [31:0] offset;
    logic [15:0] window;
    // both
    logic [31:0] x_addr, x_stride;  // A; K
    logic [31:0] w_addr, w_stride;  // B; Q
    logic [31:0] v_addr, v_stride;  // V^T
    logic [31:0] y_addr, y_stride;
    logic [31:0] r_addr, r_stride;
    logic [31:0] a_addr, b_addr, c_addr;  // planes; attention: a = head parameters
    logic [31:0] mask_addr, state_addr;
    logic [31:0] seg_stride;
    logic [31:0] x_step, w_step, y_step, r_step, par_step, v_step;  // batch or head
  } plan_t;

  // Slots of an attention job and what the walk knows about them.
  typedef enum logic [2:0] {PlanQk, PlanAv, PlanLoadAcc, PlanLoadState, PlanClaim} plan_slot_e;

  typedef struct packed {  // the tile whose logits come next
    logic [31:0]           k_addr, q_addr, mask_addr, par_addr;
    logic [10:0]           tile;
    logic [6:0]            keys;     // 65: the group's last key stands behind it and comes along
    logic [16:0]           q0;       // first query of the group
    logic [UnitIdxWidth:0] queries;
    logic                  dual;
    logic                  head;     // first tile of its head
    logic                  first;    // of its group
    logic                  last;
  } plan_qk_t;

  typedef struct packed {  // the tile whose product with V comes next
    logic [31:0]           addr;
    logic [6:0]            keys;
    logic                  first;    // of its group
    logic                  last;
    logic                  job_last; // its group is the last of the job
    logic                  region;
    logic                  dual;
    logic [31:0]           y_addr;
    logic [UnitIdxWidth:0] queries;
  } plan_av_t;

  localparam logic [7:0] MaxHead = 8'd128;  // d and dv

  typedef logic [27:0][31:0] words_t;  // words_t[i] is descriptor word i + 4

  function automatic logic odd8(input logic [31:0] v);  // not a multiple of 8
    return v[2:0] != 3'd0;
  endfunction

  function automatic logic [27:0] wrong_gemm(input words_t w);
    logic [27:0] bad;
    logic [1:0]  res;
    logic [15:0] seg;
    logic        batch, b, t;
    bad   = '0;
    res   = w[0][5:4];
    b     = res != ResNone || w[0][8];
    t     = w[0][6];
    seg   = w[2][31:16];
    batch = w[16][15:0] > 16'd1;
    bad[0]  = w[0][31:9] != '0 || res == 2'd3 || (w[0][1] && w[0][2]);
    bad[1]  = w[1][15:0] == '0 || w[1][31:16] == '0;
    bad[2]  = w[2][15:0] == '0 ||
              !(seg[5:0] == '0 || seg == 16'd8 || seg == 16'd16 || seg == 16'd32);
    for (int i = 3; i <= 8; i++) bad[i] = odd8(w[i]);
    bad[9]  = res != ResNone && odd8(w[9]);
    bad[10] = res != ResNone && odd8(w[10]);
    bad[11] = odd8(w[11]);
    bad[12] = b && odd8(w[12]);
    bad[13] = t && odd8(w[13]);
    bad[14] = t && odd8(w[14]);
    bad[15] = $signed(w[15][15:0]) > $signed(w[15][31:16]) ||
              (!w[0][2] && ($signed(w[15][15:0]) < -16'sd128 || $signed(w[15][31:16]) > 16'sd127));
    bad[16] = w[16][31:16] != '0;
    bad[17] = seg != '0 && odd8(w[17]);
    for (int i = 18; i <= 20; i++) bad[i] = batch && odd8(w[i]);
    bad[21] = batch && res != ResNone && odd8(w[21]);
    bad[22] = batch && (odd8(w[22]) || (t && w[22][3]));
    bad[23] = w[23] != '0;
    return bad;
  endfunction

  function automatic logic [27:0] wrong_attn(input words_t w);
    logic [27:0] bad;
    logic        state, heads;
    bad   = '0;
    state = w[0][3:2] != 2'b11;
    heads = w[2][23:16] > 8'd1;
    bad[0]  = w[0][31:4] != '0;
    bad[1]  = w[1][15:0] == '0 || w[1][31:16] == '0;
    bad[2]  = w[2][7:0] == '0 || w[2][7:0] > MaxHead || w[2][15:8] == '0 ||
              w[2][15:8] > MaxHead || w[2][23:16] == '0;
    for (int i = 3; i <= 8; i++) bad[i] = odd8(w[i]);
    bad[9]  = w[0][3] && odd8(w[9]);
    bad[10] = w[0][3] && odd8(w[10]);
    bad[11] = odd8(w[11]);
    bad[12] = w[0][1] && odd8(w[12]);
    bad[13] = state && odd8(w[13]);
    bad[15] = w[15][31:16] != '0;
    for (int i = 16; i <= 18; i++) bad[i] = heads && odd8(w[i]);
    bad[19] = heads && w[0][3] && odd8(w[19]);
    for (int i = 20; i <= 23; i++) bad[i] = w[i] != '0;
    return bad;
  endfunction

  function automatic plan_t plan_gemm(input words_t w);
    plan_t p;
    p            = '0;
    p.w_kn       = w[0][0];
    p.y_trans    = w[0][1];
    p.y16        = w[0][2];
    p.r16        = w[0][3];
    p.table_en   = w[0][6];
    p.m          = w[1][15:0];
    p.n          = w[1][31:16];
    p.k          = w[2][15:0];
    p.seg        = w[2][31:16];
    p.batches    = (w[16][15:0] == '0) ? 16'd1 : w[16][15:0];
    p.x_addr     = w[3];
    p.x_stride   = w[4];
    p.w_addr     = w[5];
    p.w_stride   = w[6];
    p.y_addr     = w[7];
    p.y_stride   = w[8];
    p.r_addr     = w[9];
    p.r_stride   = w[10];
    p.a_addr     = w[11];
    p.b_addr     = w[12];
    p.c_addr     = w[13];
    p.seg_stride = w[17];
    p.x_step     = w[18];
    p.w_step     = w[19];
    p.y_step     = w[20];
    p.r_step     = w[21];
    p.par_step   = w[22];
    return p;
  endfunction

  function automatic plan_t plan_attn(input words_t w);
    plan_t p;
    p            = '0;
    p.attn       = 1'b1;
    p.causal     = w[0][0];
    p.key_mask   = w[0][1];
    p.first      = w[0][2];
    p.last       = w[0][3];
    p.sq         = w[1][15:0];
    p.sk         = w[1][31:16];
    p.d          = w[2][7:0];
    p.dv         = w[2][15:8];
    p.heads      = w[2][23:16];
    p.group      = (w[2][31:24] == '0) ? 8'd1 : w[2][31:24];
    p.w_addr     = w[3];
    p.w_stride   = w[4];
    p.x_addr     = w[5];
    p.x_stride   = w[6];
    p.v_addr     = w[7];
    p.v_stride   = w[8];
    p.y_addr     = w[9];
    p.y_stride   = w[10];
    p.a_addr     = w[11];
    p.mask_addr  = w[12];
    p.state_addr = w[13];
    p.offset     = w[14];
    p.window     = w[15][15:0];
    p.w_step     = w[16];
    p.x_step     = w[17];
    p.v_step     = w[18];
    p.y_step     = w[19];
    return p;
  endfunction

  function automatic ctx_t ctx_gemm(input words_t w);
    ctx_t c;
    c          = '0;
    c.w_kn     = w[0][0];
    c.y_trans  = w[0][1];
    c.y16      = w[0][2];
    c.r16      = w[0][3];
    c.res      = w[0][5:4];
    c.plane_b  = w[0][5:4] != ResNone || w[0][8];
    c.table_en = w[0][6];
    c.relu     = w[0][7];
    c.lo       = w[15][15:0];
    c.hi       = w[15][31:16];
    c.tab_addr = w[14];
    c.y_stride = w[8];
    c.r_stride = w[10];
    return c;
  endfunction

  function automatic ctx_t ctx_attn(input words_t w);
    ctx_t c;
    c          = '0;
    c.attn     = 1'b1;
    c.lo       = -16'sd128;
    c.hi       = 16'sd127;
    c.y_stride = w[10];
    c.causal   = w[0][0];
    c.first    = w[0][2];
    c.last     = w[0][3];
    c.offset   = w[14];
    c.window   = w[15][15:0];
    return c;
  endfunction
endpackage
