/* SPDX-License-Identifier: Apache-2.0
   oct_dialect.h: the kernels of the integer dialect, as jobs like those of oct_network.h; what each
   computes is defined in sw/golden/dialect.hpp. Operands are INT8, UINT8 or INT32, whatever fits:
   args[1] says which, four bits an operand from bit 0 on, inputs first (0 INT8, 1 UINT8, 2 INT32).
   `wide` = 0: nothing on the way needs more than 32 bits. */
// clang-format off
/* kernel             inputs          outputs  args (behind n, types)
   d_rq               x, mul, add     y        shift, lo, hi, wide
   d_rq1              x               y        mul, add, shift, lo, hi, wide
   d_binary           a, b            y        0 a + b, 1 a - b, 2 a * b, 3 larger, 4 smaller
   d_act              x               y        0 iGELU b, one; 1 iHardswish 1/6, three, six
   d_nonorm           x, w, bias      y        mul, D, lo, hi
   d_softmax          x               y        0 iSoftmax A, B, C, log2, levels, wide;
                                               1 ITAMax levels; 2 ITAPartialMax levels, group
   d_norm             x, w, bias      y        0 iLayerNorm, 1 iRMSNorm; D, lo, hi, wide
   d_reduce (whole)   x               y[n]     0 sum, 1 mean, 2 largest, 3 smallest; count (of a mean)
   d_matmul           a[n], w         y[cols]  cols, ldw: rows of w, ldw apart, as one run of bytes
   d_matmul_c         a, w, c[cols]   y[cols]  cols, ldw, alpha: alpha a w + c

   mul, add, w of norms, bias, c and y of products are INT32. d_act and d_softmax have as many
   argument words as the longest form. */
// clang-format on
#ifndef OCT_DIALECT_H
#define OCT_DIALECT_H

/* X(name, inputs, arguments) */
// clang-format off
#define OCT_NET_DIALECT(X) \
  X(d_rq, 3, 6) X(d_rq1, 1, 8) X(d_binary, 2, 3) X(d_act, 1, 6) X(d_nonorm, 3, 6) X(d_softmax, 1, 9) \
  X(d_norm, 3, 7) X(d_reduce, 1, 4) X(d_matmul, 2, 4) X(d_matmul_c, 3, 5)
// clang-format on

#ifdef __cplusplus
extern "C" {
#endif
#define OCT_DIALECT_DECLARE(name, inputs, args) \
  int oct_net_##name(void* job, unsigned rank, unsigned size);
OCT_NET_DIALECT(OCT_DIALECT_DECLARE)
#ifdef __cplusplus
}
#endif
#endif
