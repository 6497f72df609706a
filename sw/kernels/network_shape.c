// SPDX-License-Identifier: Apache-2.0
// Kernels of networks that move elements or reduce over rows: key_mask, transpose, mean, pools.
#include "oct_network_job.h"
#include "oct_network_simd.h"

/// Eight keys make a byte; a token's mask has few.
int oct_net_key_mask(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const unsigned n = w[5], bytes = (n + 63) / 64 * 8, total = w[0] * bytes;
  const unsigned end = net_share(total, rank + 1, size);
  for (unsigned u = net_share(total, rank, size); u < end; ++u) {
    const unsigned row = w[0] == 1 ? 0 : u / bytes, first = 8 * (u - row * bytes);
    const uint32_t* mask = (const uint32_t*)NET_X(w, row) + 2 * first;
    uint32_t bits = 0;
    if (first + 8 <= n) {  // all loads ahead of their use, for rows in L2
      const uint32_t a = mask[0], b = mask[2], c = mask[4], d = mask[6];
      const uint32_t e = mask[8], f = mask[10], g = mask[12], h = mask[14];
      bits = (uint32_t)(a != 0) | (uint32_t)(b != 0) << 1 | (uint32_t)(c != 0) << 2 |
             (uint32_t)(d != 0) << 3 | (uint32_t)(e != 0) << 4 | (uint32_t)(f != 0) << 5 |
             (uint32_t)(g != 0) << 6 | (uint32_t)(h != 0) << 7;
    } else {
      for (unsigned i = 0; first + i < n; ++i) bits |= (uint32_t)(mask[2 * i] != 0) << i;
    }
    ((uint8_t*)NET_Y1(w, row))[first / 8] = (uint8_t)bits;
  }
  return 0;
}

// ---- transpose: a worker makes some of y's rows ------------------------------------------------

/// Four columns from j on, of bytes: 4 x 4 blocks.
static void columns_b1(const uint32_t* w, unsigned rows, unsigned j) {
  const uint8_t* x = (const uint8_t*)NET_X(w, 0) + j;
  uint8_t *y0 = (uint8_t*)NET_Y1(w, j), *y1 = y0 + w[4], *y2 = y1 + w[4], *y3 = y2 + w[4];
  const unsigned stride = w[2];
  unsigned i = 0;
  for (; i + 4 <= rows; i += 4, x += 4 * stride) {
    const uint32_t a = *(const uint32_t*)(const void*)x,
                   b = *(const uint32_t*)(const void*)(x + stride),
                   c = *(const uint32_t*)(const void*)(x + 2 * stride),
                   d = *(const uint32_t*)(const void*)(x + 3 * stride);
    // a0 b0 a1 b1, a2 b2 a3 b3: cv.shuffle2.b takes rd for 0 to 3, rs1 for 4 to 7
    const uint32_t ab = oct_shuffle2_b(a, b, 0x05010400U), AB = oct_shuffle2_b(a, b, 0x07030602U);
    const uint32_t cd = oct_shuffle2_b(c, d, 0x05010400U), CD = oct_shuffle2_b(c, d, 0x07030602U);
    *(uint32_t*)(void*)(y0 + i) = oct_pack(cd, ab);
    *(uint32_t*)(void*)(y1 + i) = oct_pack_h(cd, ab);
    *(uint32_t*)(void*)(y2 + i) = oct_pack(CD, AB);
    *(uint32_t*)(void*)(y3 + i) = oct_pack_h(CD, AB);
  }
  for (; i < rows; ++i, x += stride) y0[i] = x[0], y1[i] = x[1], y2[i] = x[2], y3[i] = x[3];
}

/// Two columns of half-words.
static void columns_b2(const uint32_t* w, unsigned rows, unsigned j) {
  const uint8_t* x = (const uint8_t*)NET_X(w, 0) + 2 * j;
  uint16_t *y0 = (uint16_t*)NET_Y1(w, j), *y1 = (uint16_t*)NET_Y1(w, j + 1);
  const unsigned stride = w[2];
  unsigned i = 0;
  for (; i + 2 <= rows; i += 2, x += 2 * stride) {
    const uint32_t a = *(const uint32_t*)(const void*)x,
                   b = *(const uint32_t*)(const void*)(x + stride);
    *(uint32_t*)(void*)(y0 + i) = oct_pack(b, a);
    *(uint32_t*)(void*)(y1 + i) = oct_pack_h(b, a);
  }
  if (i < rows) {
    y0[i] = ((const uint16_t*)(const void*)x)[0];
    y1[i] = ((const uint16_t*)(const void*)x)[1];
  }
}

#define TRANSPOSE(name, T, step)                                                                \
  int oct_net_transpose_##name(void* job, unsigned rank, unsigned size) {                       \
    const uint32_t* w = (const uint32_t*)job;                                                   \
    const unsigned rows = w[0], n = w[5], groups = (n + (step) - 1) / (step);                   \
    const unsigned end = net_share(groups, rank + 1, size);                                     \
    for (unsigned u = net_share(groups, rank, size); u < end; ++u) {                            \
      unsigned j = (step) * u;                                                                  \
      if (j + (step) <= n) {                                                                    \
        columns_##name(w, rows, j);                                                             \
        continue;                                                                               \
      }                                                                                         \
      for (; j < n; ++j)                                                                        \
        for (unsigned i = 0; i < rows; ++i) ((T*)NET_Y1(w, j))[i] = ((const T*)NET_X(w, i))[j]; \
    }                                                                                           \
    return 0;                                                                                   \
  }
TRANSPOSE(b1, uint8_t, 4)
TRANSPOSE(b2, uint16_t, 2)

// ---- Reductions: four columns at a time --------------------------------------------------------

typedef struct {
  uint32_t a, b, c, d;
} four_t;

/// Four elements more; reads up to the next multiple of four bytes.
NET_INLINE void add4(four_t* s, const uint8_t* x, int xw) {
  const uint32_t* w = (const uint32_t*)(const void*)x;
  if (xw == 1) {
    s->a = oct_sdotsp_b(s->a, w[0], 1);
    s->b = oct_sdotsp_b(s->b, w[0], 1 << 8);
    s->c = oct_sdotsp_b(s->c, w[0], 1 << 16);
    s->d = oct_sdotsp_b(s->d, w[0], 1 << 24);
  } else {
    s->a = oct_sdotsp_h(s->a, w[0], 1);
    s->b = oct_sdotsp_h(s->b, w[0], 1 << 16);
    s->c = oct_sdotsp_h(s->c, w[1], 1);
    s->d = oct_sdotsp_h(s->d, w[1], 1 << 16);
  }
}

NET_INLINE void put4(uint8_t* y, four_t s, uint32_t k, int yw) {
  const uint32_t u = net_rq2(s.a, s.b, k, yw), v = net_rq2(s.c, s.d, k, yw);
  uint32_t* w = (uint32_t*)(void*)y;
  if (yw == 2) {
    w[0] = u, w[1] = v;
  } else {
    w[0] = oct_shuffle2_b(u, v, NET_EVEN);
  }
}

NET_INLINE int mean(const uint32_t* w, unsigned rank, unsigned size, int xw, int yw) {
  const unsigned rows = w[0], n = w[5], groups = (n + 3) / 4, stride = w[2];
  const uint32_t k = net_rq(w[6]);
  const unsigned end = net_share(groups, rank + 1, size);
  for (unsigned u = net_share(groups, rank, size); u < end; ++u) {
    const uint8_t* x = (const uint8_t*)NET_X(w, 0) + 4 * u * (unsigned)xw;
    uint8_t* y = (uint8_t*)NET_Y1(w, 0) + 4 * u * (unsigned)yw;
    const unsigned count = n - 4 * u;
    if (count >= 4) {
      four_t s = {0, 0, 0, 0};
      for (unsigned i = 0; i < rows; ++i, x += stride) add4(&s, x, xw);
      put4(y, s, k, yw);
      continue;
    }
    for (unsigned c = 0; c < count; ++c) {
      int32_t sum = 0;
      for (unsigned i = 0; i < rows; ++i) sum += net_get(x + i * stride, c, xw);
      net_put(y, c, net_rq1((uint32_t)sum, k, yw), yw);
    }
  }
  return 0;
}

#define MEAN(name, xw, yw)                                           \
  int oct_net_mean_##name(void* job, unsigned rank, unsigned size) { \
    return mean((const uint32_t*)job, rank, size, xw, yw);           \
  }
MEAN(i8_i8, 1, 1)
MEAN(i8_i16, 1, 2)
MEAN(i16_i8, 2, 1)
MEAN(i16_i16, 2, 2)

// ---- Pools: output pixels are shared out -------------------------------------------------------
typedef struct {
  int32_t n, h, w, kh, kw, sh, sw, top, left, oh, ow;
} pool_t;

typedef struct {
  const uint8_t* first;  // pixel in the upper left corner
  unsigned high, wide;   // of the window inside the image
  unsigned pixel, line;  // bytes to the next one
} window_t;

static window_t window_of(const uint32_t* job, const pool_t* p, uint32_t pixel) {
  const int32_t oy = (int32_t)pixel / p->ow, ox = (int32_t)pixel - oy * p->ow;
  const int32_t y = oy * p->sh - p->top, x = ox * p->sw - p->left;
  const int32_t ye = y + p->kh > p->h ? p->h : y + p->kh, xe = x + p->kw > p->w ? p->w : x + p->kw;
  const int32_t ya = y < 0 ? 0 : y, xa = x < 0 ? 0 : x;
  window_t v = {0, 0, 0, job[2], job[2] * (uint32_t)p->w};
  if (ye > ya && xe > xa) {
    v.first = (const uint8_t*)NET_X(job, (uint32_t)(ya * p->w + xa));
    v.high = (unsigned)(ye - ya);
    v.wide = (unsigned)(xe - xa);
  }
  return v;
}

NET_INLINE int maxpool(const uint32_t* w, unsigned rank, unsigned size, int xw) {
  const pool_t* p = (const pool_t*)(const void*)(w + 5);
  const unsigned each = 4 / (unsigned)xw, n = (unsigned)p->n, words = n / each;
  const unsigned total = (unsigned)(p->oh * p->ow), end = net_share(total, rank + 1, size);
  for (unsigned u = net_share(total, rank, size); u < end; ++u) {
    const window_t v = window_of(w, p, u);
    uint8_t* y = (uint8_t*)NET_Y1(w, u);
    for (unsigned c = 0; c < words; ++c) {
      uint32_t m = xw == 1 ? 0x80808080U : 0x80008000U;
      for (unsigned iy = 0; iy < v.high; ++iy) {
        const uint8_t* x = v.first + iy * v.line + 4 * c;
        for (unsigned ix = 0; ix < v.wide; ++ix, x += v.pixel) {
          const uint32_t e = *(const uint32_t*)(const void*)x;
          m = xw == 1 ? oct_max_b(m, e) : oct_max_h(m, e);
        }
      }
      ((uint32_t*)(void*)y)[c] = m;
    }
    for (unsigned c = words * each; c < n; ++c) {
      int32_t m = xw == 1 ? -128 : -32768;
      for (unsigned iy = 0; iy < v.high; ++iy) {
        for (unsigned ix = 0; ix < v.wide; ++ix) {
          const int32_t e = net_get(v.first + iy * v.line + ix * v.pixel, c, xw);
          m = e > m ? e : m;
        }
      }
      net_put(y, c, (uint32_t)m, xw);
    }
  }
  return 0;
}
int oct_net_maxpool_i8(void* job, unsigned rank, unsigned size) {
  return maxpool((const uint32_t*)job, rank, size, 1);
}
int oct_net_maxpool_i16(void* job, unsigned rank, unsigned size) {
  return maxpool((const uint32_t*)job, rank, size, 2);
}

/// The scale of a window of which only `count` of `full` pixels count, 0 <= m < 2^23.
static uint32_t avg_rq(uint32_t scale, uint32_t count, uint32_t full) {
  if (count == 0 || count == full) return net_rq(scale);
  uint32_t m = ((scale & 0x7fffffU) * full + count / 2) / count, s = scale >> 24 & 63;
  for (; m >= 1U << 23; --s) m = (m + 1) >> 1;
  return net_rq(m | s << 24);
}

NET_INLINE int avgpool(const uint32_t* w, unsigned rank, unsigned size, int xw, int yw) {
  const pool_t* p = (const pool_t*)(const void*)(w + 5);
  const unsigned n = (unsigned)p->n, full = (unsigned)(p->kh * p->kw);
  const unsigned total = (unsigned)(p->oh * p->ow), end = net_share(total, rank + 1, size);
  for (unsigned u = net_share(total, rank, size); u < end; ++u) {
    const window_t v = window_of(w, p, u);
    const uint32_t k = avg_rq(w[17], w[16] != 0 ? full : v.high * v.wide, full);
    uint8_t* y = (uint8_t*)NET_Y1(w, u);
    unsigned c = 0;
    for (; c + 4 <= n; c += 4) {
      four_t s = {0, 0, 0, 0};
      for (unsigned iy = 0; iy < v.high; ++iy) {
        const uint8_t* x = v.first + iy * v.line + c * (unsigned)xw;
        for (unsigned ix = 0; ix < v.wide; ++ix, x += v.pixel) add4(&s, x, xw);
      }
      put4(y + c * (unsigned)yw, s, k, yw);
    }
    for (; c < n; ++c) {
      int32_t sum = 0;
      for (unsigned iy = 0; iy < v.high; ++iy)
        for (unsigned ix = 0; ix < v.wide; ++ix)
          sum += net_get(v.first + iy * v.line + ix * v.pixel, c, xw);
      net_put(y, c, net_rq1((uint32_t)sum, k, yw), yw);
    }
  }
  return 0;
}

#define AVGPOOL(name, xw, yw)                                           \
  int oct_net_avgpool_##name(void* job, unsigned rank, unsigned size) { \
    return avgpool((const uint32_t*)job, rank, size, xw, yw);           \
  }
AVGPOOL(i8_i8, 1, 1)
AVGPOOL(i8_i16, 1, 2)
AVGPOOL(i16_i8, 2, 1)
AVGPOOL(i16_i16, 2, 2)
