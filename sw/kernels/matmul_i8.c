// SPDX-License-Identifier: Apache-2.0
#include "matmul_tile.h"
#include "oct_kernels.h"

// Workers take blocks of four rows in turn; 4x4 tiles inside, single elements at ragged edges.
void oct_matmul_i8_i32(const int8_t* a, const int8_t* bt, int32_t* c, unsigned m, unsigned n,
                       unsigned k, unsigned rank, unsigned size) {
  const int fast = k % 4 == 0 && k >= 12;
  for (unsigned row = 4 * rank; row < m; row += 4 * size) {
    const unsigned full = fast && row + 4 <= m ? n & ~3U : 0;
    const int8_t* pa = a + row * k;
    const int8_t* pb = bt;
    int32_t* out = c + row * n;
    for (const int32_t* end = out + full; out < end; out += 4, pb += 4 * k)
      oct_tile_i8_store(pa, pb, k, out, n);
    for (unsigned i = row; i < row + 4 && i < m; ++i) {
      for (unsigned j = full; j < n; ++j) c[i * n + j] = oct_dot_i8(a + i * k, bt + j * k, k);
    }
  }
}

void oct_matmul_i8_i8(const int8_t* a, const int8_t* bt, const int32_t* bias, const uint32_t* rq,
                      int8_t* y, unsigned m, unsigned n, unsigned k, unsigned rank, unsigned size) {
  const int fast = k % 4 == 0 && k >= 8 && n % 4 == 0;
  for (unsigned row = 4 * rank; row < m; row += 4 * size) {
    const unsigned full = fast && row + 4 <= m ? n : 0;
    const int8_t* pa = a + row * k;
    const int8_t* pb = bt;
    int8_t* out = y + row * n;
    for (unsigned col = 0; col < full; col += 4, pb += 4 * k, out += 4) {
      int32_t t[16];
      oct_tile_i8(pa, pb, k, t);
      uint32_t w[4] = {0, 0, 0, 0};
      // Lane by lane over four rows, so that no two neighbours depend on each other.
#define LANE(j)                                                               \
  {                                                                           \
    const uint32_t p = rq[col + j], add = bias ? (uint32_t)bias[col + j] : 0; \
    w[0] = oct_rq_b##j(w[0], (uint32_t)t[j] + add, p);                        \
    w[1] = oct_rq_b##j(w[1], (uint32_t)t[4 + j] + add, p);                    \
    w[2] = oct_rq_b##j(w[2], (uint32_t)t[8 + j] + add, p);                    \
    w[3] = oct_rq_b##j(w[3], (uint32_t)t[12 + j] + add, p);                   \
  }
      LANE(0) LANE(1) LANE(2) LANE(3) int8_t* o = out;
      *(uint32_t*)(void*)o = w[0], o += n;
      *(uint32_t*)(void*)o = w[1], o += n;
      *(uint32_t*)(void*)o = w[2], o += n;
      *(uint32_t*)(void*)o = w[3];
    }
    for (unsigned i = row; i < row + 4 && i < m; ++i) {
      for (unsigned j = full; j < n; ++j) {
        const uint32_t sum =
            (uint32_t)oct_dot_i8(a + i * k, bt + j * k, k) + (bias ? (uint32_t)bias[j] : 0);
        y[i * n + j] = (int8_t)oct_rq_b0(0, sum, rq[j]);
      }
    }
  }
}
