/* SPDX-License-Identifier: Apache-2.0
   oct_network.h: the kernels of networks as jobs of a worker team. One source for device and host;
   what each computes is defined in sw/golden/network.hpp, bit for bit.

   A job is an array of 32-bit words:
     rows | address, stride of each input | address, stride of each output | address of each
     constant | arguments
   Row i of an operand starts at address + i * stride. Addresses and strides are multiples of 4 (i64
   operands: 8), rows may lie in L1 or L2. A worker takes its share of the work: all of the team
   call the function with their rank. Bytes behind a row's last element may be read up to the next
   multiple of 4, they are never written. Input and output may be the same rows where their elements
   are equally large, but not for `whole` kernels. Return value 0, or an error code of the job.

   Norms of fewer rows than workers: six words a worker of the machine follow behind the first
   twelve words of the job; workers that share a row leave their sums there.

   kernel                    inputs            outputs  constants       args
   layernorm_X_Y             x[n]              y[n]     gamma, beta i16 n, pre, frac, eps_lo, eps_hi
   rmsnorm_X_Y               x[n]              y[n]     gamma i16       n, pre, frac, eps_lo, eps_hi
   softmax_X_i8              x[n]              y[n]     64 i16 (**)     n, scale in (to log2, Q9.6),
   out add_A_B_Y                 a[n], b[n]        y[n]     -               n, arq word
   (oct_arq_param) mul_A_B_Y                 a[n], b[n]        y[n]     -               n, scale
   word requant_X_Y               x[n]              y[n]     -               n, scale word
   affine_X_Y                x[n]              y[n]     gamma, beta i16 n, shift
   table_i8_i8               x[n]              y[n]     256 entries     n
   table_i16_i16, _i16_i8    x[n]              y[n]     513 i16 (*)     n
   rotary_X_Y                x[n], cs[r] i16   y[n]     -               n, d, r, interleaved, scale
   word key_mask                  mask i64[n]       bits     -               n transpose_b1, _b2
   (whole) x[n]              y[rows]  -               n  (y has n rows) mean_X_Y (whole) x[n] y[n]
   -               n, scale word (1 / rows inside) maxpool_X (whole)         x[n]              y[n]
   -               n, h, w, kh, kw, sh, sw, top, left, oh, ow avgpool_X_Y (whole)       the same,
   and: 1 if padding counts, scale word (1 / (kh kw) inside)

   turn_X_Y: as rotary, y[n + n / d * pad]; one argument more, pad: so many zeros follow behind each
   head of y, a multiple of 4 bytes behind a head of such a multiple.

   `rows` counts those of the first input. Names: i8, i16, i32 for A, B, X, Y; those that exist
   stand in OCT_NET_KERNELS. A scale word is m * 2^-s, m[23:0] signed, s[29:24], 13 <= s <= 47. cs:
   r/2 cosines, then r/2 sines, in Q14; its stride may be 0. (*) x = -32768, -32640, ..., 32768:
   linear between entries; those of _i16_i8 are y * 256. (**) oct::golden::net::softmax_table(). */
#ifndef OCT_NETWORK_H
#define OCT_NETWORK_H

#include <stdint.h>

#include "oct_dialect.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(name); two-operand kernels by the widths of a, b, y. */
// clang-format off
#define OCT_NET_XY(X, kernel) \
  X(kernel##_i8_i8) X(kernel##_i8_i16) X(kernel##_i16_i8) X(kernel##_i16_i16)
#define OCT_NET_ABY(X, kernel) \
  X(kernel##_i8_i8_i8) X(kernel##_i8_i8_i16) X(kernel##_i8_i16_i8) X(kernel##_i8_i16_i16) \
  X(kernel##_i16_i8_i8) X(kernel##_i16_i8_i16) X(kernel##_i16_i16_i8) X(kernel##_i16_i16_i16)
#define OCT_NET_KERNELS(X) \
  OCT_NET_XY(X, layernorm) OCT_NET_XY(X, rmsnorm) X(softmax_i8_i8) X(softmax_i16_i8) \
  OCT_NET_ABY(X, add) OCT_NET_ABY(X, mul) \
  OCT_NET_XY(X, requant) X(requant_i32_i8) X(requant_i32_i16) OCT_NET_XY(X, affine) \
  X(table_i8_i8) X(table_i16_i16) X(table_i16_i8) OCT_NET_XY(X, rotary) OCT_NET_XY(X, turn) X(key_mask) \
  X(transpose_b1) X(transpose_b2) OCT_NET_XY(X, mean) X(maxpool_i8) X(maxpool_i16) \
  OCT_NET_XY(X, avgpool)
// clang-format on

#define OCT_NET_DECLARE(name) int oct_net_##name(void* job, unsigned rank, unsigned size);
OCT_NET_KERNELS(OCT_NET_DECLARE)

/* The engine's jobs: the job is the descriptor, its addresses made absolute, on 28 words
   (network_matmul.c, network_attention.c). */
int oct_net_gemm(void* job, unsigned rank, unsigned size);
int oct_net_attention(void* job, unsigned rank, unsigned size);

#ifdef __riscv
static inline void* oct_net_memory(uint32_t address) { return (void*)(uintptr_t)address; }
#else
/* Where the host keeps the byte that a device address names. The library's own version knows the
   regions of oct_net_map; a program may bring another. */
void* oct_net_memory(uint32_t address);
/* [address, address + bytes) is at `memory`, for the calling thread; slot 0 to 3. */
void oct_net_map(unsigned slot, uint32_t address, uint32_t bytes, void* memory);
#endif

#ifdef __cplusplus
}
#endif
#endif
