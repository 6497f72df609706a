// SPDX-License-Identifier: Apache-2.0
// The integer dialect, element by element: RequantShift, sums and products, activations, NoNorm.
#include "oct_dialect_job.h"

// ---- RequantShift ------------------------------------------------------------------------------

typedef struct {
  const uint8_t* x;
  const int32_t *mul, *add;
  uint8_t* y;
  int32_t m, a, lo, hi;
  unsigned from, end, shift;
} rq_t;

/// `per`: factors by element; `wide`: 64 bits on the way.
NET_INLINE void rq(rq_t k, unsigned xt, unsigned yt, int per, int wide) {
  if (wide) {
    const d_wide_t half = k.shift == 0 ? 0 : (d_wide_t)1 << (k.shift - 1);
    for (unsigned i = k.from; i < k.end; ++i) {
      const int32_t m = per ? k.mul[i] : k.m, a = per ? k.add[i] : k.a;
      const d_wide_t v = ((d_wide_t)d_get(k.x, i, xt) * m + a + half) >> k.shift;
      d_put(k.y, i, d_clip_wide(v, k.lo, k.hi), yt);
    }
    return;
  }
  const int32_t half = k.shift == 0 ? 0 : (int32_t)(1U << (k.shift - 1));
  for (unsigned i = k.from; i < k.end; ++i) {
    const int32_t m = per ? k.mul[i] : k.m, a = per ? k.add[i] : k.a;
    d_put(k.y, i, d_clip((d_get(k.x, i, xt) * m + a + half) >> k.shift, k.lo, k.hi), yt);
  }
}

/// Bytes out of INT32 are what products leave.
NET_INLINE void rq_typed(rq_t k, uint32_t xt, uint32_t yt, int per, int wide) {
  if (xt == D_I32 && yt != D_I32) {
    rq(k, D_I32, D_I8, per, wide);
  } else if (xt == D_I8 && yt != D_I32) {
    rq(k, D_I8, D_I8, per, wide);
  } else {
    rq(k, xt, yt, per, wide);
  }
}

int oct_net_d_rq(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const uint32_t types = w[10];
  rq_t k = {.shift = w[11], .lo = (int32_t)w[12], .hi = (int32_t)w[13]};
  for (net_part_t p = net_parts(w[0], w[9], rank, size); net_next(&p);) {
    k.x = d_row(w, 0, p.row), k.y = d_row(w, 3, p.row);
    k.mul = (const int32_t*)(void*)d_row(w, 1, p.row);
    k.add = (const int32_t*)(void*)d_row(w, 2, p.row);
    k.from = p.from, k.end = p.from + p.count;
    if (w[14]) {
      rq_typed(k, d_type(types, 0), d_type(types, 3), 1, 1);
    } else {
      rq_typed(k, d_type(types, 0), d_type(types, 3), 1, 0);
    }
  }
  return 0;
}

int oct_net_d_rq1(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const uint32_t types = w[6];
  rq_t k = {.m = (int32_t)w[7], .a = (int32_t)w[8], .shift = w[9]};
  k.lo = (int32_t)w[10], k.hi = (int32_t)w[11];
  for (net_part_t p = net_parts(w[0], w[5], rank, size); net_next(&p);) {
    k.x = d_row(w, 0, p.row), k.y = d_row(w, 1, p.row);
    k.from = p.from, k.end = p.from + p.count;
    if (w[12]) {
      rq_typed(k, d_type(types, 0), d_type(types, 1), 0, 1);
    } else {
      rq_typed(k, d_type(types, 0), d_type(types, 1), 0, 0);
    }
  }
  return 0;
}

// ---- Two operands ------------------------------------------------------------------------------

NET_INLINE int32_t combined(int32_t a, int32_t b, uint32_t kind) {
  switch (kind) {
    case 0:
      return (int32_t)((uint32_t)a + (uint32_t)b);
    case 1:
      return (int32_t)((uint32_t)a - (uint32_t)b);
    case 2:
      return (int32_t)((uint32_t)a * (uint32_t)b);
    case 3:
      return a > b ? a : b;
    default:
      return a < b ? a : b;
  }
}
NET_INLINE void combine(const uint8_t* a, const uint8_t* b, uint8_t* y, unsigned i, unsigned end,
                        uint32_t at, uint32_t bt, uint32_t yt, uint32_t kind) {
  for (; i < end; ++i) d_put(y, i, combined(d_get(a, i, at), d_get(b, i, bt), kind), yt);
}

int oct_net_d_binary(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const uint32_t types = w[8], kind = w[9];
  const uint32_t at = d_type(types, 0), bt = d_type(types, 1), yt = d_type(types, 2);
  for (net_part_t p = net_parts(w[0], w[7], rank, size); net_next(&p);) {
    const uint8_t *a = d_row(w, 0, p.row), *b = d_row(w, 1, p.row);
    uint8_t* y = d_row(w, 2, p.row);
    const unsigned from = p.from, end = p.from + p.count;
    if (types == 0x200 && kind == 0) {  // INT8 + INT8: residuals
      combine(a, b, y, from, end, D_I8, D_I8, D_I32, 0);
    } else if (types == 0x222 && kind == 0) {
      combine(a, b, y, from, end, D_I32, D_I32, D_I32, 0);
    } else {
      combine(a, b, y, from, end, at, bt, yt, kind);
    }
  }
  return 0;
}

// ---- Activations -------------------------------------------------------------------------------

NET_INLINE int32_t gelu(int32_t x, int32_t b, int32_t one) {
  const int32_t size = x < 0 ? -x : x, q = (size < -b ? size : -b) + b;
  const int32_t l = one - q * q;
  return x * ((one + (x > 0 ? l : x < 0 ? -l : 0)) >> 1);
}

int oct_net_d_act(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const uint32_t xt = d_type(w[6], 0), yt = d_type(w[6], 1);
  const int32_t p0 = (int32_t)w[8], p1 = (int32_t)w[9], p2 = (int32_t)w[10];
  for (net_part_t p = net_parts(w[0], w[5], rank, size); net_next(&p);) {
    const uint8_t* x = d_row(w, 0, p.row);
    uint8_t* y = d_row(w, 1, p.row);
    for (unsigned i = p.from; i < p.from + p.count; ++i) {
      const int32_t v = d_get(x, i, xt);
      d_put(y, i, w[7] == 0 ? gelu(v, p0, p1) : v * (d_clip(v + p1, 0, p2) * p0), yt);
    }
  }
  return 0;
}

int oct_net_d_nonorm(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const uint32_t xt = d_type(w[10], 0), yt = d_type(w[10], 3);
  const int32_t m = (int32_t)w[11], d = (int32_t)w[12], lo = (int32_t)w[13], hi = (int32_t)w[14];
  const int power = (d & (d - 1)) == 0;
  const unsigned shift = power ? oct_fl1((uint32_t)d) : 0;
  for (net_part_t p = net_parts(w[0], w[9], rank, size); net_next(&p);) {
    const uint8_t* x = d_row(w, 0, p.row);
    const int32_t* k = (const int32_t*)(void*)d_row(w, 1, p.row);
    const int32_t* bias = (const int32_t*)(void*)d_row(w, 2, p.row);
    uint8_t* y = d_row(w, 3, p.row);
    for (unsigned i = p.from; i < p.from + p.count; ++i) {
      const d_wide_t v = ((d_wide_t)d_get(x, i, xt) * k[i] + bias[i]) * m;
      d_put(y, i, d_clip_wide(power ? v >> shift : d_floor_div_wide(v, d), lo, hi), yt);
    }
  }
  return 0;
}
