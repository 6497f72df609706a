// SPDX-License-Identifier: Apache-2.0
// The integer dialect: products, exact in INT32. Workers take 4 x 4 tiles in turn.
#include "matmul_tile.h"
#include "oct_dialect_job.h"

typedef struct {
  const uint8_t *a, *b;
  unsigned lda, ldb, k;
  uint32_t at, bt;
} product_t;

NET_INLINE uint32_t dot(uint32_t acc, uint32_t a, uint32_t b, uint32_t at, uint32_t bt) {
  if (at == D_I8) return bt == D_I8 ? oct_sdotsp_b(acc, a, b) : oct_sdotusp_b(acc, b, a);
  return bt == D_I8 ? oct_sdotusp_b(acc, a, b) : oct_sdotup_b(acc, a, b);
}

/// Two rows of a by four of b, bytes.
NET_INLINE void bytes_2x4(const uint32_t* a0, const uint32_t* a1, const uint32_t* b0,
                          const uint32_t* b1, const uint32_t* b2, const uint32_t* b3, unsigned k,
                          uint32_t at, uint32_t bt, uint32_t* c) {
  uint32_t c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0;
  unsigned i = 0;
#define D_STEP(u, v)                                                             \
  {                                                                              \
    const uint32_t x = (u), y = (v), p = b0[i], q = b1[i], r = b2[i], s = b3[i]; \
    c0 = dot(c0, x, p, at, bt), c1 = dot(c1, x, q, at, bt);                      \
    c2 = dot(c2, x, r, at, bt), c3 = dot(c3, x, s, at, bt);                      \
    c4 = dot(c4, y, p, at, bt), c5 = dot(c5, y, q, at, bt);                      \
    c6 = dot(c6, y, r, at, bt), c7 = dot(c7, y, s, at, bt);                      \
  }
  for (; i < k / 4; ++i) D_STEP(a0[i], a1[i])
  if (k % 4 != 0) {  // what lies behind the rows is anything: of a, nothing of it is taken
    const uint32_t mask = (1U << (8 * (k % 4))) - 1;
    D_STEP(a0[i] & mask, a1[i] & mask)
  }
#undef D_STEP
  c[0] = c0, c[1] = c1, c[2] = c2, c[3] = c3, c[4] = c4, c[5] = c5, c[6] = c6, c[7] = c7;
}

NET_INLINE void tile_bytes(const product_t* p, unsigned rows, unsigned cols, int32_t* t,
                           uint32_t at, uint32_t bt) {
  const uint32_t* b[4];
  for (unsigned j = 0; j < 4; ++j) {
    b[j] = (const uint32_t*)(const void*)(p->b + (j < cols ? j : cols - 1) * p->ldb);
  }
  for (unsigned i = 0; i < rows; i += 2) {
    const unsigned next = i + 1 < rows ? i + 1 : i;
    bytes_2x4((const uint32_t*)(const void*)(p->a + i * p->lda),
              (const uint32_t*)(const void*)(p->a + next * p->lda), b[0], b[1], b[2], b[3], p->k,
              at, bt, (uint32_t*)t + 4 * i);
  }
}

/// t[4 i + j] for rows x cols of a 4 x 4 tile; what lies beyond is anything.
static void tile(const product_t* p, unsigned rows, unsigned cols, int32_t* t) {
  if (p->at == D_I32 || p->bt == D_I32) {
    for (unsigned i = 0; i < rows; ++i) {
      for (unsigned j = 0; j < cols; ++j) {
        uint32_t sum = 0;
        for (unsigned k = 0; k < p->k; ++k) {
          sum += (uint32_t)d_get(p->a + i * p->lda, k, p->at) *
                 (uint32_t)d_get(p->b + j * p->ldb, k, p->bt);
        }
        t[4 * i + j] = (int32_t)sum;
      }
    }
  } else if (p->at == D_I8 && p->bt == D_I8) {
    if (rows == 4 && cols == 4 && p->k % 4 == 0 && p->k >= 8 && p->lda == p->k && p->ldb == p->k) {
      oct_tile_i8((const int8_t*)p->a, (const int8_t*)p->b, p->k, t);
    } else {
      tile_bytes(p, rows, cols, t, D_I8, D_I8);
    }
  } else if (p->at == D_U8 && p->bt == D_I8) {
    tile_bytes(p, rows, cols, t, D_U8, D_I8);
  } else if (p->at == D_I8) {
    tile_bytes(p, rows, cols, t, D_I8, D_U8);
  } else {
    tile_bytes(p, rows, cols, t, D_U8, D_U8);
  }
}

/// `first` argument word; `sum`: alpha times the product, and c.
NET_INLINE int matmul(const uint32_t* w, unsigned first, int sum, unsigned rank, unsigned size) {
  const unsigned rows = w[0], cols = w[first + 2], out = sum ? 3 : 2;
  product_t p = {.lda = w[2], .ldb = w[first + 3], .k = w[first]};
  p.at = d_type(w[first + 1], 0), p.bt = d_type(w[first + 1], 1);
  const unsigned wide = (cols + 3) / 4, total = (rows + 3) / 4 * wide;
  const unsigned end = net_share(total, rank + 1, size);
  unsigned u = net_share(total, rank, size);
  const unsigned skip = u / wide;
  unsigned row = 4 * skip, col = 4 * (u - skip * wide);
  for (; u < end; ++u) {
    int32_t t[16];
    const unsigned m = rows - row < 4 ? rows - row : 4, n = cols - col < 4 ? cols - col : 4;
    p.a = d_row(w, 0, row);
    p.b = d_row(w, 1, 0) + col * p.ldb;
    tile(&p, m, n, t);
    for (unsigned i = 0; i < m; ++i) {
      int32_t* y = (int32_t*)(void*)d_row(w, out, row + i) + col;
      if (sum) {
        const int32_t* c = (const int32_t*)(void*)d_row(w, 2, row + i) + col;
        const uint32_t alpha = w[first + 4];
        for (unsigned j = 0; j < n; ++j) {
          y[j] = (int32_t)((uint32_t)t[4 * i + j] * alpha + (uint32_t)c[j]);
        }
      } else {
        for (unsigned j = 0; j < n; ++j) y[j] = t[4 * i + j];
      }
    }
    col += 4;
    if (col >= cols) col = 0, row += 4;
  }
  return 0;
}

int oct_net_d_matmul(void* job, unsigned rank, unsigned size) {
  return matmul((const uint32_t*)job, 7, 0, rank, size);
}
int oct_net_d_matmul_c(void* job, unsigned rank, unsigned size) {
  return matmul((const uint32_t*)job, 9, 1, rank, size);
}
