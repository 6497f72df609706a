// SPDX-License-Identifier: Apache-2.0
// oct_kernels.h: kernels for the workers, one source for host and device. Every kernel takes (rank,
// size): worker `rank` of `size` does its share of the rows (or words); the caller waits for all.
// Arithmetic is defined in sw/golden/kernels.hpp, bit for bit. Pointers are 4-byte aligned.
#ifndef OCT_KERNELS_H
#define OCT_KERNELS_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// c[m][n] = sum over k of a[m][k] * bt[n][k]; B is stored transposed. Any shape; k % 4 == 0 and
// k >= 12 is fast.
void oct_matmul_i8_i32(const int8_t* a, const int8_t* bt, int32_t* c, unsigned m, unsigned n,
                       unsigned k, unsigned rank, unsigned size);

// y[m][n] = clip8(round((sum + bias[n]) * scale[n])); bias may be null; rq[n] = oct_rq_param(...).
void oct_matmul_i8_i8(const int8_t* a, const int8_t* bt, const int32_t* bias, const uint32_t* rq,
                      int8_t* y, unsigned m, unsigned n, unsigned k, unsigned rank, unsigned size);

// y[i] = clip(round((a[i] * m1 + b[i] * m2) >> shift)), arq = oct_arq_param(m1, m2, shift). In
// place (y == a or y == b) is fine. n counts elements.
void oct_add_i8(const int8_t* a, const int8_t* b, int8_t* y, unsigned n, uint32_t arq,
                unsigned rank, unsigned size);
void oct_add_i16(const int16_t* a, const int16_t* b, int16_t* y, unsigned n, uint32_t arq,
                 unsigned rank, unsigned size);
void oct_add_i16_i8(const int16_t* a, const int16_t* b, int8_t* y, unsigned n, uint32_t arq,
                    unsigned rank, unsigned size);

// LayerNorm over rows of n elements, n % 4 == 0 (see golden for the arithmetic):
//   y = clip8(gamma * (x - mean) / sqrt(variance + eps) + beta)
// gamma[i] = round(gamma / scale_y * 2^(15 - frac)), beta[i] = round(beta / scale_y * 2^7).
typedef struct {
  unsigned n;    // elements in a row
  unsigned pre;  // squares are summed of x >> pre: n * 2^(30 - 2 * pre) <= 2^32; INT8: 0
  unsigned
      frac;      // fraction bits of the normalised value in INT16, 6..14: range 2^(15 - frac) sigma
  uint64_t eps;  // n * n * (eps / scale_x^2) / 4^pre, rounded
  const int16_t* gamma;
  const int16_t* beta;
} oct_layernorm_t;

void oct_layernorm_i16_i8(const int16_t* x, int8_t* y, unsigned rows, const oct_layernorm_t* p,
                          unsigned rank, unsigned size);
void oct_layernorm_i8_i8(const int8_t* x, int8_t* y, unsigned rows, const oct_layernorm_t* p,
                         unsigned rank, unsigned size);

#ifdef __cplusplus
}
#endif
#endif
