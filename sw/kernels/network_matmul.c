// SPDX-License-Identifier: Apache-2.0
// The engine's OpGemm on a team of workers: the job is the engine's descriptor, words w4 to w26 at
// their places (docs/architecture/engine.md), with addresses instead of offsets. Every bit is that
// of sw/golden/engine.hpp. What the job writes must not overlap what it reads, but the residual's
// own elements.
#include "oct_engine_scale.h"
#include "oct_tiles.h"

enum { KN = 1, TRANS = 2, WIDE = 4, R16 = 8, TABLE = 64, RELU = 128, AFFINE = 256 };

typedef struct {
  int32_t bias, b2;
  oct_factor_t before, u, v;  // table index; product; residual
  uint8_t r_left;             // of a residual that is multiplied
} channel_t;

typedef struct {
  const uint32_t* w;
  const uint8_t *a, *b, *r, *plane_a, *plane_b, *plane_c;
  uint8_t* y;
  unsigned flags, residual, m, n, k;
  int32_t lda, ldb, ldy, ldr, lo, hi;
} gemm_t;

static void open_product(gemm_t* g, const uint32_t* w, unsigned p) {
  g->w = w;
  g->flags = w[4];
  g->residual = w[4] >> 4 & 3;
  g->m = w[5] & 0xffff, g->n = w[5] >> 16, g->k = w[6] & 0xffff;
  g->lda = (int32_t)w[8], g->ldb = (int32_t)w[10], g->ldy = (int32_t)w[12], g->ldr = (int32_t)w[14];
  g->lo = (int16_t)w[19], g->hi = (int32_t)w[19] >> 16;
  g->a = (const uint8_t*)oct_net_memory(w[7] + p * w[22]);
  g->b = (const uint8_t*)oct_net_memory(w[9] + p * w[23]);
  g->y = (uint8_t*)oct_net_memory(w[11] + p * w[24]);
  if (g->residual != 0) g->r = (const uint8_t*)oct_net_memory(w[13] + p * w[25]);
  g->plane_a = (const uint8_t*)oct_net_memory(w[15] + p * w[26]);
  if (g->residual != 0 || (g->flags & AFFINE) != 0)
    g->plane_b = (const uint8_t*)oct_net_memory(w[16] + p * w[26]);
  if ((g->flags & TABLE) != 0)
    g->plane_c = (const uint8_t*)oct_net_memory(w[17] + p * (uint32_t)((int32_t)w[26] / 2));
}

// ---- Products --------------------------------------------------------------------------------

/// B as it stands, [K][N]: columns of four rows become words. Few products need it.
static void tile_kn(const uint8_t* a, int32_t lda, const uint8_t* b, int32_t ldb, unsigned k,
                    unsigned rows, int32_t* c) {
  for (unsigned i = 0; i < rows; ++i) {
    const uint8_t *x = a + (int32_t)i * lda, *y = b;
    uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (unsigned at = 0; at < k; at += 4, x += 4, y += 4 * ldb) {
      uint32_t xw = oct_word(x), y1 = 0, y2 = 0, y3 = 0;
      const uint32_t y0 = oct_word(y);
      if (at + 1 < k) y1 = oct_word(y + ldb);
      if (at + 2 < k) y2 = oct_word(y + 2 * ldb);
      if (at + 3 < k) {
        y3 = oct_word(y + 3 * ldb);
      } else {
        xw &= oct_tail_mask(k);
      }
      const uint32_t l01 = oct_shuffle2_b(y0, y1, 0x05010400U),
                     h01 = oct_shuffle2_b(y0, y1, 0x07030602U),
                     l23 = oct_shuffle2_b(y2, y3, 0x05010400U),
                     h23 = oct_shuffle2_b(y2, y3, 0x07030602U);
      s0 = oct_sdotsp_b(s0, xw, oct_pack(l23, l01));
      s1 = oct_sdotsp_b(s1, xw, oct_pack_h(l23, l01));
      s2 = oct_sdotsp_b(s2, xw, oct_pack(h23, h01));
      s3 = oct_sdotsp_b(s3, xw, oct_pack_h(h23, h01));
    }
    c[4 * i] = (int32_t)s0, c[4 * i + 1] = (int32_t)s1;
    c[4 * i + 2] = (int32_t)s2, c[4 * i + 3] = (int32_t)s3;
  }
}

/// Rows of a: four or one; columns: four or fewer, then one by one.
static void piece(const gemm_t* g, const uint8_t* a, const uint8_t* b, unsigned k, unsigned rows,
                  unsigned cols, int32_t* c) {
  if (cols == 4 && rows == 4) {
    oct_tile(a, g->lda, b, g->ldb, k, c, 0);
  } else if (cols == 4) {
    oct_row4(a, b, g->ldb, k, c, 0);
  } else {
    for (unsigned j = 0; j < cols; ++j) {
      int32_t t[4];
      oct_row4(b + (int32_t)j * g->ldb, a, rows == 4 ? g->lda : 0, k, t, 0);
      for (unsigned i = 0; i < rows; ++i) c[4 * i + j] = t[i];
    }
  }
}

static void products(const gemm_t* g, unsigned m0, unsigned n0, unsigned rows, unsigned cols,
                     int32_t* c) {
  const uint8_t* a = g->a + (int32_t)m0 * g->lda;
  const unsigned segment = g->w[6] >> 16;
  const unsigned step = segment == 0 ? g->k : segment;
  for (unsigned k0 = 0; k0 < g->k; k0 += step, a += (int32_t)g->w[21]) {
    const unsigned k = g->k - k0 < step ? g->k - k0 : step;
    int32_t t[16], *const to = k0 == 0 ? c : t;
    if ((g->flags & KN) != 0) {
      tile_kn(a, g->lda, g->b + (int32_t)k0 * g->ldb + n0, g->ldb, k, rows, to);
    } else {
      piece(g, a, g->b + (int32_t)n0 * g->ldb + k0, k, rows, cols, to);
    }
    if (k0 == 0) continue;
    for (unsigned i = 0; i < 4 * rows; ++i) c[i] += t[i];
  }
}

// ---- Epilogue --------------------------------------------------------------------------------

/// Factors of one channel; 0 if its scales need the long way.
static int open_channel(const gemm_t* g, unsigned n, channel_t* c) {
  const uint32_t* a = (const uint32_t*)(const void*)(g->plane_a + 8 * n);
  c->bias = (int32_t)a[0];
  c->b2 = 0;
  const unsigned bits =
      oct_bits((g->k << 14) + (uint32_t)(c->bias < 0 ? 0U - a[0] : a[0]));  // of acc + bias
  const int wide = g->plane_b != 0, table = (g->flags & TABLE) != 0;
  int good = oct_factor_of(&c->u, a[1], !wide, table ? 8 : bits);
  if (table) {
    const uint32_t m0 = *(const uint32_t*)(const void*)(g->plane_c + 4 * n);
    good &= oct_factor_of(&c->before, m0, 1, bits);
  }
  if (!wide) return good;
  const uint32_t* b = (const uint32_t*)(const void*)(g->plane_b + 8 * n);
  c->b2 = (int32_t)b[1];
  if (!good && !table && c->b2 < (1 << 28) - 8192 && c->b2 > -(1 << 28))
    good = oct_factor_wide(&c->u, (int32_t)(a[1] << 8) >> 8, a[1] >> 24 & 63, bits);
  if (c->b2 >= (1 << 30) - 8192 || c->b2 <= -(1 << 30)) return 0;
  c->b2 += 8192;
  const unsigned r_bits = (g->flags & R16) != 0 ? 15 : 7;
  if (g->residual != 2) return good && (g->residual == 0 || oct_factor_of(&c->v, b[0], 0, r_bits));
  // u in 24 bits, shifted by `left`; r in 16, by `r_left`.
  const unsigned s = b[0] >> 24 & 63, far = s < 32 ? 32 - s : 0;
  c->r_left = (uint8_t)(far < 15 ? far : 15);
  if (s == 0 || far - c->r_left > 6) return 0;
  if (!oct_factor(&c->v, 1, s < 32 ? 32 : s, 0, 24)) return 0;
  c->v.left = (uint8_t)(far - c->r_left);
  return good;
}

/// Four elements of a column at a time. `kind` is a constant wherever this is called.
enum { PLAIN, SUM, ADD8, ADD16, MUL8, MUL16 };
SCALE_INLINE void column(const gemm_t* g, const channel_t* ch, int32_t* c, const uint8_t* r,
                         int32_t ldr, const int8_t* table, int kind) {
  const int32_t bias = ch->bias, b2 = ch->b2, lo = g->lo, hi = g->hi;
  const int32_t least = (g->flags & RELU) != 0 ? 0 : INT32_MIN;
  const oct_factor_t fu = ch->u;
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    int32_t t = c[4 * i] + bias;
    if (table != 0) t = table[(int32_t)oct_clip((uint32_t)oct_scaled(t, &ch->before), 8)];
    int32_t y =
        kind != PLAIN && table == 0 && fu.wide != 0 ? oct_scaled_wide(t, &fu) : oct_scaled(t, &fu);
    y = (int32_t)oct_max((uint32_t)y, (uint32_t)least);
    if (kind != PLAIN) {
      if (kind >= ADD8) {
        const uint8_t* at = r + i * ldr;
        const int32_t x =
            kind == ADD8 || kind == MUL8 ? *(const int8_t*)at : *(const int16_t*)(const void*)at;
        if (kind >= MUL8) {
          oct_factor_t f = ch->v;
          if (f.m != 0) f.m = (int32_t)((uint32_t)x << ch->r_left);
          y = oct_scaled((int32_t)oct_clip((uint32_t)y, 24), &f);
        } else {
          y += oct_scaled(x, &ch->v);
        }
      }
      y = (y + b2) >> OCT_FRAC;
    }
    c[4 * i] = (int32_t)oct_max(oct_min((uint32_t)y, (uint32_t)hi), (uint32_t)lo);
  }
}

/// The same step by step in 64 bits.
static int32_t element(const gemm_t* g, int32_t acc, unsigned m, unsigned n) {
  const uint32_t* a = (const uint32_t*)(const void*)(g->plane_a + 8 * n);
  int64_t t = (int64_t)acc + (int32_t)a[0];
  if ((g->flags & TABLE) != 0) {
    const uint32_t m0 = *(const uint32_t*)(const void*)(g->plane_c + 4 * n);
    const int32_t x = oct_apply(t, (int32_t)(m0 << 8) >> 8, m0 >> 24 & 63);
    t = ((const int8_t*)oct_net_memory(g->w[18]))[oct_clip64(oct_rs(x, OCT_FRAC), -128, 127) + 128];
  }
  int64_t u = oct_apply(t, (int32_t)(a[1] << 8) >> 8, a[1] >> 24 & 63), v = 0;
  if ((g->flags & RELU) != 0 && u < 0) u = 0;
  if (g->plane_b != 0) {
    const uint32_t* b = (const uint32_t*)(const void*)(g->plane_b + 8 * n);
    const uint8_t* at = g->r + (int32_t)m * g->ldr;
    int32_t r = 0;
    if (g->residual != 0)
      r = (g->flags & R16) != 0 ? ((const int16_t*)(const void*)at)[n] : ((const int8_t*)at)[n];
    if (g->residual == 1) v = oct_apply(r, (int32_t)(b[0] << 8) >> 8, b[0] >> 24 & 63);
    if (g->residual == 2) {
      v = oct_clip64(oct_rs(oct_clip64(u, -(1 << 23), (1 << 23) - 1) * r, b[0] >> 24 & 63),
                     INT32_MIN, INT32_MAX);
      u = 0;
    }
    u += (int32_t)b[1];
  }
  return (int32_t)oct_clip64(oct_rs(u + v, OCT_FRAC), g->lo, g->hi);
}

typedef struct {
  channel_t channel[4];
  int fast, plain8;
  unsigned kind;
} columns_t;

static void open_columns(const gemm_t* g, unsigned n0, unsigned cols, columns_t* x) {
  x->fast = 1;
  for (unsigned j = 0; j < cols; ++j) x->fast &= open_channel(g, n0 + j, &x->channel[j]);
  x->kind = g->plane_b == 0    ? PLAIN
            : g->residual == 0 ? SUM
                               : 2 * g->residual + ((g->flags & R16) != 0);
  x->plain8 = x->fast && x->kind == PLAIN && cols == 4 && (g->flags & (TABLE | WIDE)) == 0 &&
              ((g->flags & RELU) == 0 || g->hi >= 0);
  for (unsigned j = 0; j < cols; ++j) x->plain8 &= x->channel[j].u.left == 0;
}

/// A whole tile of INT8 results without residual or table, from the sums to the words in L1.
static void plain8(const gemm_t* g, const columns_t* x, unsigned m0, unsigned n0,
                   const int32_t* c) {
  const int32_t hi = g->hi, lo = (g->flags & RELU) != 0 && g->lo < 0 ? 0 : g->lo;
  uint32_t w[4] = {0, 0, 0, 0};
#define PLAIN_ELEMENT(i, j)                                                                  \
  {                                                                                          \
    const int64_t p = (int64_t)(c[4 * i + j] + bias) * m;                                    \
    const int32_t v = ((int32_t)(p >> 32) + ((uint32_t)p > limit) + half) >> right;          \
    w[i] = oct_insert_b(w[i], oct_max(oct_min((uint32_t)v, (uint32_t)hi), (uint32_t)lo), j); \
  }
// The barrier: GCC would load all columns at once.
#define PLAIN_COLUMN(j)                                            \
  {                                                                \
    const channel_t* ch = &x->channel[j];                          \
    const int32_t bias = ch->bias, m = ch->u.m, half = ch->u.half; \
    const uint32_t limit = ch->u.limit, right = ch->u.right;       \
    PLAIN_ELEMENT(0, j)                                            \
    PLAIN_ELEMENT(1, j)                                            \
    PLAIN_ELEMENT(2, j)                                            \
    PLAIN_ELEMENT(3, j)                                            \
    __asm__ volatile("" ::: "memory");                             \
  }
  PLAIN_COLUMN(0)
  PLAIN_COLUMN(1) PLAIN_COLUMN(2) PLAIN_COLUMN(3) uint8_t* y = g->y + (int32_t)m0 * g->ldy + n0;
  if ((g->flags & TRANS) != 0) {
    const uint32_t l01 = oct_shuffle2_b(w[0], w[1], 0x05010400U),
                   h01 = oct_shuffle2_b(w[0], w[1], 0x07030602U),
                   l23 = oct_shuffle2_b(w[2], w[3], 0x05010400U),
                   h23 = oct_shuffle2_b(w[2], w[3], 0x07030602U);
    w[0] = oct_pack(l23, l01), w[1] = oct_pack_h(l23, l01);
    w[2] = oct_pack(h23, h01), w[3] = oct_pack_h(h23, h01);
    y = g->y + (int32_t)n0 * g->ldy + m0;
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i, y += g->ldy) *(uint32_t*)(void*)y = w[i];
}

static void epilogue(const gemm_t* g, const columns_t* x, unsigned m0, unsigned n0, unsigned rows,
                     unsigned cols, int32_t* c) {
  if (!x->fast || rows < 4) {
    if (!x->fast) {
      for (unsigned i = 0; i < rows; ++i) {
        for (unsigned j = 0; j < cols; ++j) c[4 * i + j] = element(g, c[4 * i + j], m0 + i, n0 + j);
      }
      return;
    }
    for (unsigned i = 4; i < 16; ++i) c[i] = 0;
  }
  const int8_t* table =
      (g->flags & TABLE) != 0 ? (const int8_t*)oct_net_memory(g->w[18]) + 128 : (const int8_t*)0;
  const unsigned wide = (g->flags & R16) != 0;
  const uint8_t* r = g->residual != 0 ? g->r + (int32_t)m0 * g->ldr + (n0 << wide) : g->a;
  const int32_t ldr = rows < 4 ? 0 : g->ldr;
  for (unsigned j = 0; j < cols; ++j, r += 1U << wide) {
    const channel_t* ch = &x->channel[j];
#define KIND(kind)                               \
  case kind:                                     \
    if (table != 0) {                            \
      column(g, ch, c + j, r, ldr, table, kind); \
    } else {                                     \
      column(g, ch, c + j, r, ldr, 0, kind);     \
    }                                            \
    break;
    switch (x->kind) {
      KIND(PLAIN)
      KIND(SUM)
      KIND(ADD8)
      KIND(ADD16)
      KIND(MUL8)
      KIND(MUL16)
    }
  }
}

// ---- Results ---------------------------------------------------------------------------------

TILE_INLINE uint32_t bytes4(const int32_t* c, int step) {
  uint32_t v = oct_packlo_b(0, (uint32_t)c[step], (uint32_t)c[0]);
  return oct_packhi_b(v, (uint32_t)c[3 * step], (uint32_t)c[2 * step]);
}

static void store(const gemm_t* g, unsigned m0, unsigned n0, unsigned rows, unsigned cols,
                  const int32_t* c) {
  if ((g->flags & TRANS) != 0) {
    uint8_t* y = g->y + (int32_t)n0 * g->ldy + m0;
    for (unsigned j = 0; j < cols; ++j, y += g->ldy) {
      if (rows == 4) {
        *(uint32_t*)(void*)y = bytes4(c + j, 4);
      } else {
        *y = (uint8_t)c[j];
      }
    }
    return;
  }
  const int wide = (g->flags & WIDE) != 0;
  uint8_t* y = g->y + (int32_t)m0 * g->ldy + (n0 << wide);
  for (unsigned i = 0; i < rows; ++i, y += g->ldy, c += 4) {
    if (cols < 4) {
      for (unsigned j = 0; j < cols; ++j) {
        if (wide) {
          ((int16_t*)(void*)y)[j] = (int16_t)c[j];
        } else {
          y[j] = (uint8_t)c[j];
        }
      }
    } else if (wide) {
      ((uint32_t*)(void*)y)[0] = oct_pack((uint32_t)c[1], (uint32_t)c[0]);
      ((uint32_t*)(void*)y)[1] = oct_pack((uint32_t)c[3], (uint32_t)c[2]);
    } else {
      *(uint32_t*)(void*)y = bytes4(c, 1);
    }
  }
}

/// Workers share the tiles of all products, columns of tiles one behind the other: blocks of four
/// rows, then rows one by one.
int oct_net_gemm(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  gemm_t g = {0};
  open_product(&g, w, 0);
  const unsigned batch = (w[20] & 0xffff) == 0 ? 1 : w[20] & 0xffff;
  const unsigned full = g.m / 4, down = full + g.m % 4, across = (g.n + 3) / 4;
  const unsigned total = batch * across * down, end = net_share(total, rank + 1, size);
  unsigned at = net_share(total, rank, size);
  if (at >= end) return 0;
  unsigned column = at / down, row = at % down, product = column / across;
  column %= across;
  open_product(&g, w, product);
  columns_t x;
  for (int fresh = 1; at < end; ++at) {
    const unsigned n0 = 4 * column, cols = g.n - n0 < 4 ? g.n - n0 : 4;
    if (fresh) open_columns(&g, n0, cols, &x);
    fresh = 0;
    const unsigned rows = row < full ? 4 : 1, m0 = row < full ? 4 * row : 3 * full + row;
    int32_t c[16];
    products(&g, m0, n0, rows, cols, c);
    if (x.plain8 && rows == 4) {
      plain8(&g, &x, m0, n0, c);
    } else {
      epilogue(&g, &x, m0, n0, rows, cols, c);
      store(&g, m0, n0, rows, cols, c);
    }
    if (++row < down) continue;
    row = 0, fresh = 1;
    if (++column < across) continue;
    column = 0;
    if (++product < batch) open_product(&g, w, product);
  }
  return 0;
}
