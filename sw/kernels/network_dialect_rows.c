// SPDX-License-Identifier: Apache-2.0
// The integer dialect, row by row: softmaxes, norms; and sums over rows. Divisions as written in
// sw/golden/dialect.hpp.
#include "oct_dialect_job.h"

// ---- Softmax -----------------------------------------------------------------------------------

NET_INLINE int32_t row_max(const uint8_t* x, unsigned from, unsigned end, uint32_t t) {
  int32_t top = d_get(x, from, t);
  for (unsigned i = from + 1; i < end; ++i) {
    const int32_t v = d_get(x, i, t);
    if (v > top) top = v;
  }
  return top;
}

typedef struct {
  int32_t a, b, c, log2, levels;
} poly_t;

/// (A (p + B)^2 + C) >> z
NET_INLINE int32_t exponential(int32_t x, int32_t top, poly_t k) {
  const uint32_t d = (uint32_t)top - (uint32_t)x, z = d / (uint32_t)k.log2;
  const int32_t p = (int32_t)(z * (uint32_t)k.log2 - d) + k.b;
  return (k.a * (p * p) + k.c) >> (z > 31 ? 31 : z);
}
NET_INLINE d_wide_t exponential_wide(int32_t x, int32_t top, poly_t k) {
  const uint32_t d = (uint32_t)top - (uint32_t)x, z = d / (uint32_t)k.log2;
  const d_wide_t p = (d_wide_t)(int32_t)(z * (uint32_t)k.log2 - d) + k.b;
  return (k.a * (p * p) + k.c) >> (z > 63 ? 63 : z);
}

static void softmax(const uint8_t* x, uint8_t* y, unsigned n, uint32_t xt, uint32_t yt, poly_t k,
                    int wide) {
  const int32_t top = row_max(x, 0, n, xt);
  if (wide) {
    d_wide_t sum = 0;
    for (unsigned i = 0; i < n; ++i) sum += exponential_wide(d_get(x, i, xt), top, k);
    for (unsigned i = 0; i < n; ++i) {
      const d_wide_t e = exponential_wide(d_get(x, i, xt), top, k);
      d_put(y, i, sum <= 0 ? 0 : (int32_t)d_floor_div_wide(e * (k.levels - 1), sum), yt);
    }
    return;
  }
  int32_t sum = 0;
  for (unsigned i = 0; i < n; ++i) sum += exponential(d_get(x, i, xt), top, k);
  for (unsigned i = 0; i < n; ++i) {
    const int32_t e = exponential(d_get(x, i, xt), top, k);
    d_put(y, i, sum <= 0 ? 0 : d_floor_div(e * (k.levels - 1), sum), yt);
  }
}

NET_INLINE int32_t halves(int32_t max, int32_t x) { return (max - x + 16) >> 5; }

static void ita_max(const uint8_t* x, uint8_t* y, unsigned n, uint32_t xt, uint32_t yt,
                    int32_t levels, unsigned group) {
  int32_t top = -128, sum = 0;
  const unsigned step = group == 0 ? n : group;
  if (group == 0) top = row_max(x, 0, n, xt);
  for (unsigned from = 0; from < n; from += step) {
    const unsigned end = n - from < step ? n : from + step;
    const int32_t now = row_max(x, from, end, xt);
    if (now > top) {
      sum = d_shifted(sum, halves(now, top));
      top = now;
    }
    for (unsigned i = from; i < end; ++i) sum += d_shifted(256, halves(top, d_get(x, i, xt)));
  }
  const int32_t whole = (group == 0 ? levels : levels >> 1) - 1;
  const int32_t inverse = sum == 0 ? 0 : d_floor_div(whole * 256, sum);
  for (unsigned i = 0; i < n; ++i) {
    d_put(y, i, d_shifted(inverse, halves(top, d_get(x, i, xt))), yt);
  }
}

int oct_net_d_softmax(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const unsigned n = w[5];
  const uint32_t xt = d_type(w[6], 0), yt = d_type(w[6], 1);
  const poly_t k = {(int32_t)w[8], (int32_t)w[9], (int32_t)w[10], (int32_t)w[11], (int32_t)w[12]};
  for (unsigned row = rank; row < w[0]; row += size) {
    const uint8_t* x = d_row(w, 0, row);
    uint8_t* y = d_row(w, 1, row);
    if (w[7] == 0) {
      softmax(x, y, n, xt, yt, k, w[13] != 0);
    } else {
      ita_max(x, y, n, xt, yt, (int32_t)w[8], w[7] == 1 ? 0 : w[9]);
    }
  }
  return 0;
}

// ---- Norms -------------------------------------------------------------------------------------

static uint32_t floor_sqrt(d_wide_t v) {
  uint32_t root = 0;
  if ((uint64_t)v >> 32 == 0) {
    for (uint32_t bit = 1U << 15; bit != 0; bit >>= 1) {
      const uint32_t next = root | bit;
      if (next * next <= (uint32_t)v) root = next;
    }
    return root;
  }
  for (uint32_t bit = 1U << 31; bit != 0; bit >>= 1) {
    const uint64_t next = root | bit;
    if (next * next <= (uint64_t)v) root = (uint32_t)next;
  }
  return root;
}

int oct_net_d_norm(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const unsigned n = w[9];
  const uint32_t xt = d_type(w[10], 0), yt = d_type(w[10], 3);
  const int layer = w[11] == 0, wide = w[15] != 0;
  const int32_t d = (int32_t)w[12], lo = (int32_t)w[13], hi = (int32_t)w[14];
  const int power = (d & (d - 1)) == 0;
  const unsigned shift = power ? oct_fl1((uint32_t)d) : 0;
  for (unsigned row = rank; row < w[0]; row += size) {
    const uint8_t* x = d_row(w, 0, row);
    const int32_t* k = (const int32_t*)(void*)d_row(w, 1, row);
    const int32_t* bias = (const int32_t*)(void*)d_row(w, 2, row);
    uint8_t* y = d_row(w, 3, row);
    d_wide_t sum = 0, squares = 0;
    if (layer) {
      for (unsigned i = 0; i < n; ++i) sum += d_get(x, i, xt);
    }
    const d_wide_t mu = sum / (int32_t)n;
    for (unsigned i = 0; i < n; ++i) {
      const d_wide_t v = d_get(x, i, xt) - mu;
      squares += v * v;
    }
    const uint32_t sigma = floor_sqrt(squares / (int32_t)n + 1);
    for (unsigned i = 0; i < n; ++i) {
      if (wide) {
        d_wide_t v = (d_get(x, i, xt) - mu) * k[i] / (d_wide_t)sigma;
        if (layer) v += bias[i];
        d_put(y, i, d_clip_wide(power ? v >> shift : d_floor_div_wide(v, d), lo, hi), yt);
      } else {
        int32_t v = (d_get(x, i, xt) - (int32_t)mu) * k[i] / (int32_t)sigma;
        if (layer) v += bias[i];
        d_put(y, i, d_clip(power ? v >> shift : d_floor_div(v, d), lo, hi), yt);
      }
    }
  }
  return 0;
}

// ---- Over rows ---------------------------------------------------------------------------------

int oct_net_d_reduce(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const unsigned n = w[5], rows = w[0], stride = w[2];
  const uint32_t xt = d_type(w[6], 0), yt = d_type(w[6], 1), kind = w[7];
  const int32_t count = (int32_t)w[8];
  uint8_t* y = d_row(w, 1, 0);
  const unsigned end = net_share(n, rank + 1, size);
  for (unsigned i = net_share(n, rank, size); i < end; ++i) {
    const uint8_t* x = d_row(w, 0, 0);
    int32_t v = d_get(x, i, xt);
    for (unsigned row = 1; row < rows; ++row) {
      x += stride;
      const int32_t u = d_get(x, i, xt);
      if (kind <= 1) {
        v += u;
      } else if (kind == 2 ? u > v : u < v) {
        v = u;
      }
    }
    d_put(y, i, kind == 1 ? d_floor_div(v + (count >> 1), count) : v, yt);
  }
  return 0;
}
