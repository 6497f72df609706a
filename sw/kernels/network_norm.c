// SPDX-License-Identifier: Apache-2.0
// Kernels of networks: LayerNorm and RMSNorm over rows.
#include "oct_network_job.h"
#include "oct_norm_rows.h"

typedef struct {
  oct_layernorm_t p;
  const int16_t *gamma, *beta;  // no beta: 0
} job_t;

/// `at`: word of the first constant.
static job_t norm_job(const uint32_t* w, int has_beta) {
  const uint32_t* a = w + (has_beta ? 7 : 6);
  const int16_t* gamma = (const int16_t*)oct_net_memory(w[5]);
  const int16_t* beta = has_beta ? (const int16_t*)oct_net_memory(w[6]) : 0;
  return (job_t){{a[0], a[1], a[2], (uint64_t)a[4] << 32 | a[3], gamma, beta}, gamma, beta};
}

/// x in the lower half, normalised in 16 bits.
static inline uint32_t normalised(uint32_t x, norm_t k) { return oct_arq_h(x, k.offset, k.arq); }

#define APPLY_ALL(name, X, Y, WIDE, mrq, shift)                                                \
  static void apply_##name(const X* x, Y* y, const job_t* j, norm_t k, unsigned from) {        \
    for (unsigned i = from; i < j->p.n; ++i) {                                                 \
      const uint32_t v = normalised((uint32_t)(x[i] * (WIDE)) & 0xffff, k);                    \
      y[i] = (Y)mrq(v, (uint16_t)j->gamma[i], j->beta != 0 ? (uint16_t)j->beta[i] : 0, shift); \
    }                                                                                          \
  }
APPLY_ALL(i8_i8, int8_t, int8_t, 256, oct_mrq_hb, 15)
APPLY_ALL(i8_i16, int8_t, int16_t, 256, oct_mrq_h, 13)
APPLY_ALL(i16_i8, int16_t, int8_t, 1, oct_mrq_hb, 15)
APPLY_ALL(i16_i16, int16_t, int16_t, 1, oct_mrq_h, 13)

static sums_t layer_sums_i16(const int16_t* x, const job_t* j) {
  const unsigned n = j->p.n;
  sums_t s = sums_h((const uint32_t*)(const void*)x, n / 2, j->p.pre * ONES_H);
  if (n % 2 != 0) {
    const int32_t u = x[n - 1] >> j->p.pre;
    s.sum += (uint32_t)u;
    s.squares += (uint32_t)(u * u);
  }
  return s;
}

static sums_t layer_sums_i8(const int8_t* x, const job_t* j) {
  const unsigned n = j->p.n;
  sums_t s = sums_b((const uint32_t*)(const void*)x, n / 4);
  for (unsigned i = n & ~3U; i < n; ++i) {
    s.sum += (uint32_t)x[i];
    s.squares += (uint32_t)(x[i] * x[i]);
  }
  return s;
}

static sums_t rms_sums_i16(const int16_t* x, const job_t* j) {
  const unsigned n = j->p.n;
  const uint32_t* v = (const uint32_t*)(const void*)x;
  sums_t s = {0, 0};
  for (unsigned i = 0; i < n / 2; ++i) s.squares += oct_dotsp_h(v[i], v[i]) >> 2 * j->p.pre;
  if (n % 2 != 0) s.squares += (uint32_t)(x[n - 1] * x[n - 1]) >> 2 * j->p.pre;
  return s;
}

static sums_t rms_sums_i8(const int8_t* x, const job_t* j) {
  sums_t s = layer_sums_i8(x, j);
  s.sum = 0;
  return s;
}

#define NORM(kernel, X, Y, sums, apply, has_beta, pre, half)                      \
  int oct_net_##kernel(void* job, unsigned rank, unsigned size) {                 \
    const uint32_t* w = (const uint32_t*)job;                                     \
    const job_t j = norm_job(w, has_beta);                                        \
    for (unsigned row = rank; row < w[0]; row += size) {                          \
      const X* x = (const X*)NET_X(w, row);                                       \
      apply(x, (Y*)NET_Y1(w, row), &j, norm_of(sums(x, &j), &j.p, pre, half), 0); \
    }                                                                             \
    return 0;                                                                     \
  }
NORM(layernorm_i8_i8, int8_t, int8_t, layer_sums_i8, apply_i8_i8, 1, 8, 0)
NORM(layernorm_i8_i16, int8_t, int16_t, layer_sums_i8, apply_i8_i16, 1, 8, 0)
NORM(layernorm_i16_i8, int16_t, int8_t, layer_sums_i16, apply_i16_i8, 1, j.p.pre,
     (1U << j.p.pre) - 1)
NORM(layernorm_i16_i16, int16_t, int16_t, layer_sums_i16, apply_i16_i16, 1, j.p.pre,
     (1U << j.p.pre) - 1)
NORM(rmsnorm_i8_i8, int8_t, int8_t, rms_sums_i8, apply_i8_i8, 0, 8, 0)
NORM(rmsnorm_i8_i16, int8_t, int16_t, rms_sums_i8, apply_i8_i16, 0, 8, 0)
NORM(rmsnorm_i16_i8, int16_t, int8_t, rms_sums_i16, apply_i16_i8, 0, j.p.pre, 0)
NORM(rmsnorm_i16_i16, int16_t, int16_t, rms_sums_i16, apply_i16_i16, 0, j.p.pre, 0)
