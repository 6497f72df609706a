// SPDX-License-Identifier: Apache-2.0
// Kernels of networks that move elements or reduce over rows: key_mask, transpose, mean, pools.
#include "oct_network_job.h"

int oct_net_key_mask(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const unsigned n = w[5], words = (n + 63) / 64 * 2, total = w[0] * words;
  const unsigned end = net_share(total, rank + 1, size);
  for (unsigned u = net_share(total, rank, size); u < end; ++u) {
    const unsigned row = u / words, first = 32 * (u - row * words);
    const uint32_t* mask = (const uint32_t*)NET_X(w, row) + 2 * first;
    uint32_t bits = 0;
    for (unsigned j = 0; j < 32 && first + j < n; ++j) bits |= (uint32_t)(mask[2 * j] != 0) << j;
    ((uint32_t*)NET_Y1(w, row))[first / 32] = bits;
  }
  return 0;
}

// A worker makes some of y's rows.
#define TRANSPOSE(name, T)                                                   \
  int oct_net_transpose_##name(void* job, unsigned rank, unsigned size) {    \
    const uint32_t* w = (const uint32_t*)job;                                \
    const unsigned rows = w[0], n = w[5];                                    \
    const unsigned end = net_share(n, rank + 1, size);                       \
    for (unsigned j = net_share(n, rank, size); j < end; ++j) {              \
      T* y = (T*)NET_Y1(w, j);                                               \
      for (unsigned i = 0; i < rows; ++i) y[i] = ((const T*)NET_X(w, i))[j]; \
    }                                                                        \
    return 0;                                                                \
  }
TRANSPOSE(b1, int8_t)
TRANSPOSE(b2, int16_t)

#define MEAN(name, X, Y, rq)                                                  \
  int oct_net_mean_##name(void* job, unsigned rank, unsigned size) {          \
    const uint32_t* w = (const uint32_t*)job;                                 \
    const unsigned rows = w[0], n = w[5], end = net_share(n, rank + 1, size); \
    const uint32_t k = net_rq(w[6]);                                          \
    Y* y = (Y*)NET_Y1(w, 0);                                                  \
    for (unsigned j = net_share(n, rank, size); j < end; ++j) {               \
      int32_t sum = 0;                                                        \
      for (unsigned i = 0; i < rows; ++i) sum += ((const X*)NET_X(w, i))[j];  \
      y[j] = (Y)rq(0, (uint32_t)sum, k);                                      \
    }                                                                         \
    return 0;                                                                 \
  }
MEAN(i8_i8, int8_t, int8_t, oct_rq_b0)
MEAN(i8_i16, int8_t, int16_t, oct_rq_h0)
MEAN(i16_i8, int16_t, int8_t, oct_rq_b0)
MEAN(i16_i16, int16_t, int16_t, oct_rq_h0)

// ---- Pools: output pixels are shared out -------------------------------------------------------
typedef struct {
  int32_t n, h, w, kh, kw, sh, sw, top, left, oh, ow;
} pool_t;

typedef struct {
  int32_t ya, yb, xa, xb;  // rows and columns of the window inside the image
} window_t;

static window_t window_of(const pool_t* p, int32_t pixel) {
  const int32_t oy = pixel / p->ow, ox = pixel - oy * p->ow;
  const int32_t y = oy * p->sh - p->top, x = ox * p->sw - p->left;
  const int32_t ye = y + p->kh, xe = x + p->kw;
  return (window_t){y < 0 ? 0 : y, ye > p->h ? p->h : ye, x < 0 ? 0 : x, xe > p->w ? p->w : xe};
}

#define MAXPOOL(name, T, LOW)                                                                 \
  int oct_net_maxpool_##name(void* job, unsigned rank, unsigned size) {                       \
    const uint32_t* w = (const uint32_t*)job;                                                 \
    const pool_t* p = (const pool_t*)(const void*)(w + 5);                                    \
    const unsigned total = (unsigned)(p->oh * p->ow), end = net_share(total, rank + 1, size); \
    for (unsigned u = net_share(total, rank, size); u < end; ++u) {                           \
      const window_t v = window_of(p, (int32_t)u);                                            \
      T* y = (T*)NET_Y1(w, u);                                                                \
      for (int32_t c = 0; c < p->n; ++c) {                                                    \
        T best = LOW;                                                                         \
        for (int32_t iy = v.ya; iy < v.yb; ++iy) {                                            \
          for (int32_t ix = v.xa; ix < v.xb; ++ix) {                                          \
            const T x = ((const T*)NET_X(w, (uint32_t)(iy * p->w + ix)))[c];                  \
            if (x > best) best = x;                                                           \
          }                                                                                   \
        }                                                                                     \
        y[c] = best;                                                                          \
      }                                                                                       \
    }                                                                                         \
    return 0;                                                                                 \
  }
MAXPOOL(i8, int8_t, -128)
MAXPOOL(i16, int16_t, -32768)

/// The scale of a window of which only `count` of `full` pixels count, 0 <= m < 2^23.
static uint32_t avg_rq(uint32_t scale, uint32_t count, uint32_t full) {
  if (count == 0 || count == full) return net_rq(scale);
  uint32_t m = ((scale & 0x7fffffU) * full + count / 2) / count, s = scale >> 24 & 63;
  for (; m >= 1U << 23; --s) m = (m + 1) >> 1;
  return net_rq(m | s << 24);
}

#define AVGPOOL(name, X, Y, rq)                                                               \
  int oct_net_avgpool_##name(void* job, unsigned rank, unsigned size) {                       \
    const uint32_t* w = (const uint32_t*)job;                                                 \
    const pool_t* p = (const pool_t*)(const void*)(w + 5);                                    \
    const unsigned total = (unsigned)(p->oh * p->ow), end = net_share(total, rank + 1, size); \
    const uint32_t full = (uint32_t)(p->kh * p->kw);                                          \
    for (unsigned u = net_share(total, rank, size); u < end; ++u) {                           \
      const window_t v = window_of(p, (int32_t)u);                                            \
      const int32_t high = v.yb - v.ya, wide = v.xb - v.xa;                                   \
      const uint32_t count = high > 0 && wide > 0 ? (uint32_t)(high * wide) : 0;              \
      const uint32_t k = avg_rq(w[17], w[16] != 0 ? full : count, full);                      \
      Y* y = (Y*)NET_Y1(w, u);                                                                \
      for (int32_t c = 0; c < p->n; ++c) {                                                    \
        int32_t sum = 0;                                                                      \
        for (int32_t iy = v.ya; iy < v.yb; ++iy)                                              \
          for (int32_t ix = v.xa; ix < v.xb; ++ix)                                            \
            sum += ((const X*)NET_X(w, (uint32_t)(iy * p->w + ix)))[c];                       \
        y[c] = (Y)rq(0, (uint32_t)sum, k);                                                    \
      }                                                                                       \
    }                                                                                         \
    return 0;                                                                                 \
  }
AVGPOOL(i8_i8, int8_t, int8_t, oct_rq_b0)
AVGPOOL(i8_i16, int8_t, int16_t, oct_rq_h0)
AVGPOOL(i16_i8, int16_t, int8_t, oct_rq_b0)
AVGPOOL(i16_i16, int16_t, int16_t, oct_rq_h0)
