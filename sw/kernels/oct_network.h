/* SPDX-License-Identifier: Apache-2.0
   oct_network.h: the kernels of networks as jobs of a worker team. One source for device and host;
   what each computes is defined in sw/golden/network.hpp, bit for bit.

   A job is an array of 32-bit words:
     rows | address, stride of each input | address, stride of each output | address of each
     constant | arguments
   Row i of an operand starts at address + i * stride. Addresses are 4-byte aligned (8 where a
   kernel says so), rows may lie in L1 or L2. A worker takes its share of the rows: all of the team
   call the function with their rank. Return value 0, or an error code of the job.

   kernel                     inputs            outputs  constants        args
   layernorm_i16_i8, _i8_i8   x[n]              y[n]     gamma, beta i16  n, pre, frac, eps_lo,
   eps_hi rmsnorm_i16_i8, _i8_i8     x[n]              y[n]     gamma i16        n, pre, frac,
   eps_lo, eps_hi softmax_i16_i8, _i8_i8     x[n]              y[n]     -                n, scale in
   (to Q9.6), scale out add_A_B_Y                  a[n], b[n]        y[n]     -                n,
   arq word (oct_arq_param) mul_A_B_Y                  a[n], b[n]        y[n]     - n, scale word
   requant_X_Y                x[n]              y[n]     -                n, scale word
   affine_X_Y                 x[n]              y[n]     plane B          n
   table_i8_i8                x[n]              y[n]     256 entries      n
   table_i16_i16              x[n]              y[n]     513 i16 (*)      n
   rotary_X_Y                 x[n], cs[r] i16   y[n]     -                n, d, r, interleaved,
   scale word key_mask (whole)           mask i64[n]       bits     -                n transpose_b1,
   _b2 (whole)  x[n]              y[rows]  -                n  (y has n rows) mean_X_Y (whole) x[n]
   y[n]     -                n, scale word (1 / rows inside) maxpool_i8 ... (whole)     see
   network.hpp

   Names: i8, i16, i32 for A, B, X, Y; combinations that exist: integer/kernels.cpp. cs: r/2
   cosines, then r/2 sines, in Q14. (*) x = -32768, -32640, ...: linear between entries. */
#ifndef OCT_NETWORK_H
#define OCT_NETWORK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  uint32_t address;
  int32_t stride;
} oct_rows_t;

#ifdef __riscv
static inline void* oct_net_memory(uint32_t address) { return (void*)(uintptr_t)address; }
#else
/* Where the host keeps the byte that a device address names. */
void* oct_net_memory(uint32_t address);
#endif

#ifdef __cplusplus
}
#endif
#endif
