/* SPDX-License-Identifier: Apache-2.0
   oct_quantised.h: kernels for networks that come quantised, with zero points: jobs like those of
   oct_network.h. What each computes is defined in sw/golden/quantised.hpp, bit for bit. A, B, Y:
   i8, i16.

   kernel         inputs      outputs  constants        args
   qadd_A_B_Y     a[n], b[n]  y[n]     -                n, ma, mb, c low, c high, shift
   qmul_A_B_Y     a[n], b[n]  y[n]     -                n, za, zb, zy, m, shift
   qsoftmax       i8 x[n]     i8 y[n]  256 words        n, k, zero
   qlayernorm     i8 x[n]     i8 y[n]  gamma, beta i32  n, eps low, eps high, shift
   spread         i8 x[n]     i8 y[4n] or y[2n]  -      n, zero, pattern
   mask_bytes     i64 x[n]    i8 y[n]  -                n, where the low word is 0, elsewhere */
#ifndef OCT_QUANTISED_H
#define OCT_QUANTISED_H

/* X(name, a, b, y): bits of the operands. */
// clang-format off
#define OCT_NET_Q_TWO(X, kernel) \
  X(kernel##_i8_i8_i8, 8, 8, 8) X(kernel##_i8_i8_i16, 8, 8, 16) X(kernel##_i8_i16_i8, 8, 16, 8) \
  X(kernel##_i8_i16_i16, 8, 16, 16) X(kernel##_i16_i8_i8, 16, 8, 8) X(kernel##_i16_i8_i16, 16, 8, 16) \
  X(kernel##_i16_i16_i8, 16, 16, 8) X(kernel##_i16_i16_i16, 16, 16, 16)
#define OCT_NET_Q_ROWS(X) \
  X(qsoftmax, 8, 0, 8) X(qlayernorm, 8, 0, 8) X(spread, 8, 0, 8) X(mask_bytes, 64, 0, 8)
// clang-format on

#ifdef __cplusplus
extern "C" {
#endif
#define OCT_Q_DECLARE(name, a, b, y) int oct_net_##name(void* job, unsigned rank, unsigned size);
OCT_NET_Q_TWO(OCT_Q_DECLARE, qadd)
OCT_NET_Q_TWO(OCT_Q_DECLARE, qmul)
OCT_NET_Q_ROWS(OCT_Q_DECLARE)
#ifdef __cplusplus
}
#endif
#endif
