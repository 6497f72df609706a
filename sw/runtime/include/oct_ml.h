// SPDX-License-Identifier: Apache-2.0
// oct_ml.h: one function for each register instruction of the ML extension, for C and C++:
// `.insn` on RV32 (binutils 2.40 does not know CORE-V), the same in plain C on the host. Names are
// the mnemonics with oct_ and underscores: oct_sdotsp_b(acc, a, b), oct_add_sci_h(a, -3). Functions
// that read the old rd take it first. Immediates are constants; compile the device with -O1 or
// more. Loads, stores, hardware loops and instructions as text for whole loops in asm:
// oct_ml_asm.h.
#ifndef OCT_ML_H
#define OCT_ML_H
#include <stdint.h>

#include "oct_ml_ops.h"
#include "oct_ml_twin.h"

#define OCTI_ static inline __attribute__((always_inline, unused)) uint32_t
#if defined(__riscv) && !defined(OCT_ML_TWIN)
#define OCTI_R(name, opc, f3, f7, w, expr)                                                \
  OCTI_ oct_##name(uint32_t a, uint32_t b) {                                              \
    uint32_t r;                                                                           \
    __asm__(".insn r " #opc ", " #f3 ", " #f7 ", %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); \
    return r;                                                                             \
  }
#define OCTI_RD(name, opc, f3, f7, w, expr)                                               \
  OCTI_ oct_##name(uint32_t c, uint32_t a, uint32_t b) {                                  \
    __asm__(".insn r " #opc ", " #f3 ", " #f7 ", %0, %1, %2" : "+r"(c) : "r"(a), "r"(b)); \
    return c;                                                                             \
  }
#define OCTI_UNARY(name, opc, f3, f7, expr)                                       \
  OCTI_ oct_##name(uint32_t a) {                                                  \
    uint32_t r;                                                                   \
    __asm__(".insn r " #opc ", " #f3 ", " #f7 ", %0, %1, x0" : "=r"(r) : "r"(a)); \
    return r;                                                                     \
  }
#define OCTI_SHIFT(name, f3, f2, expr)                   \
  OCTI_ oct_##name(uint32_t a, uint32_t b, uint32_t i) { \
    uint32_t r;                                          \
    __asm__(".insn r 0x5b, " #f3 ", %3, %0, %1, %2"      \
            : "=r"(r)                                    \
            : "r"(a), "r"(b), "i"(f2 << 5 | (i & 31)));  \
    return r;                                            \
  }
#define OCTI_SHIFTD(name, opc, f3, f2, expr)                         \
  OCTI_ oct_##name(uint32_t c, uint32_t a, uint32_t b, uint32_t i) { \
    __asm__(".insn r " #opc ", " #f3 ", %3, %0, %1, %2"              \
            : "+r"(c)                                                \
            : "r"(a), "r"(b), "i"(f2 << 5 | (i & 31)));              \
    return c;                                                        \
  }
// funct7 and the rs2 field of the three kinds of immediate
#define OCTI_U6(f7, i) "i"((f7) | ((i) & 1)), "i"((i) >> 1 & 31)
#define OCTI_I5(f7, i) "i"(f7), "i"((i) & 31)
#define OCTI_F(f7, i) "i"((f7) | ((i) >> 5 & 31)), "i"((i) & 31)
#define OCTI_OPC_U6 "0x7b"
#define OCTI_OPC_I5 "0x2b"
#define OCTI_OPC_F "0x5b"
#define OCTI_IMM(name, kind, f3, f7, w, expr)                       \
  OCTI_ oct_##name(uint32_t a, uint32_t i) {                        \
    uint32_t r;                                                     \
    __asm__(".insn r " OCTI_OPC_##kind ", " #f3 ", %2, %0, %1, x%3" \
            : "=r"(r)                                               \
            : "r"(a), OCTI_##kind(f7, i));                          \
    return r;                                                       \
  }
#define OCTI_IMMD(name, kind, f3, f7, w, expr)                      \
  OCTI_ oct_##name(uint32_t c, uint32_t a, uint32_t i) {            \
    __asm__(".insn r " OCTI_OPC_##kind ", " #f3 ", %2, %0, %1, x%3" \
            : "+r"(c)                                               \
            : "r"(a), OCTI_##kind(f7, i));                          \
    return c;                                                       \
  }
#else
#define OCTI_R(name, opc, f3, f7, w, expr) \
  OCTI_ oct_##name(uint32_t a, uint32_t b) { return expr; }
#define OCTI_RD(name, opc, f3, f7, w, expr) \
  OCTI_ oct_##name(uint32_t c, uint32_t a, uint32_t b) { return expr; }
#define OCTI_UNARY(name, opc, f3, f7, expr) \
  OCTI_ oct_##name(uint32_t a) { return expr; }
#define OCTI_SHIFT(name, f3, f2, expr) \
  OCTI_ oct_##name(uint32_t a, uint32_t b, uint32_t i) { return expr; }
#define OCTI_SHIFTD(name, opc, f3, f2, expr) \
  OCTI_ oct_##name(uint32_t c, uint32_t a, uint32_t b, uint32_t i) { return expr; }
#define OCTI_IMM(name, kind, f3, f7, w, expr) \
  OCTI_ oct_##name(uint32_t a, uint32_t i) { return expr; }
#define OCTI_IMMD(name, kind, f3, f7, w, expr) \
  OCTI_ oct_##name(uint32_t c, uint32_t a, uint32_t i) { return expr; }
#endif

// Six variants: .b .h .sc.b .sc.h .sci.b .sci.h
#define OCTI_SIMD(name, f7, s, expr)                                               \
  OCTI_ octt_##name(int w, uint32_t a, uint32_t b) {                               \
    uint32_t r = 0;                                                                \
    for (int i = 0; i < 32 / w; ++i) {                                             \
      const int64_t x = octt_lane(a, w, s, i), y = octt_lane(b, w, s, i);          \
      r = octt_insert_lane(w, (uint32_t)(expr), r, (uint32_t)i);                   \
    }                                                                              \
    return r;                                                                      \
  }                                                                                \
  OCTI_R(name##_h, 0x7b, 0, f7, 16, octt_##name(16, a, b))                         \
  OCTI_R(name##_b, 0x7b, 1, f7, 8, octt_##name(8, a, b))                           \
  OCTI_R(name##_sc_h, 0x7b, 4, f7, 16, octt_##name(16, a, octt_replicate(b, 16)))  \
  OCTI_R(name##_sc_b, 0x7b, 5, f7, 8, octt_##name(8, a, octt_replicate(b, 8)))     \
  OCTI_IMM(name##_sci_h, U6, 6, f7, 16, octt_##name(16, a, octt_replicate(i, 16))) \
  OCTI_IMM(name##_sci_b, U6, 7, f7, 8, octt_##name(8, a, octt_replicate(i, 8)))
OCT_ML_SIMD(OCTI_SIMD)

#define OCTI_DOT(name, f7, sa, sb)                                                         \
  OCTI_R(name##_h, 0x7b, 0, f7, 16, octt_dot(16, sa, sb, a, b, 0))                         \
  OCTI_R(name##_b, 0x7b, 1, f7, 8, octt_dot(8, sa, sb, a, b, 0))                           \
  OCTI_R(name##_sc_h, 0x7b, 4, f7, 16, octt_dot(16, sa, sb, a, octt_replicate(b, 16), 0))  \
  OCTI_R(name##_sc_b, 0x7b, 5, f7, 8, octt_dot(8, sa, sb, a, octt_replicate(b, 8), 0))     \
  OCTI_IMM(name##_sci_h, U6, 6, f7, 16, octt_dot(16, sa, sb, a, octt_replicate(i, 16), 0)) \
  OCTI_IMM(name##_sci_b, U6, 7, f7, 8, octt_dot(8, sa, sb, a, octt_replicate(i, 8), 0))
OCT_ML_DOT(OCTI_DOT)

#define OCTI_SDOT(name, f7, sa, sb)                                                         \
  OCTI_RD(name##_h, 0x7b, 0, f7, 16, octt_dot(16, sa, sb, a, b, c))                         \
  OCTI_RD(name##_b, 0x7b, 1, f7, 8, octt_dot(8, sa, sb, a, b, c))                           \
  OCTI_RD(name##_sc_h, 0x7b, 4, f7, 16, octt_dot(16, sa, sb, a, octt_replicate(b, 16), c))  \
  OCTI_RD(name##_sc_b, 0x7b, 5, f7, 8, octt_dot(8, sa, sb, a, octt_replicate(b, 8), c))     \
  OCTI_IMMD(name##_sci_h, U6, 6, f7, 16, octt_dot(16, sa, sb, a, octt_replicate(i, 16), c)) \
  OCTI_IMMD(name##_sci_b, U6, 7, f7, 8, octt_dot(8, sa, sb, a, octt_replicate(i, 8), c))
OCT_ML_SDOT(OCTI_SDOT)

#define OCTI_X(name, cv, opc, f3, f7, expr) OCTI_R(name, opc, f3, f7, 32, expr)
OCT_ML_R(OCTI_X)
#undef OCTI_X
#define OCTI_X(name, cv, opc, f3, f7, expr) OCTI_RD(name, opc, f3, f7, 32, expr)
OCT_ML_RD(OCTI_X)
#undef OCTI_X
#define OCTI_X(name, cv, opc, f3, f7, expr) OCTI_UNARY(name, opc, f3, f7, expr)
OCT_ML_UNARY(OCTI_X)
#undef OCTI_X
#define OCTI_X(name, cv, f3, f2, expr) OCTI_SHIFT(name, f3, f2, expr)
OCT_ML_SHIFT(OCTI_X)
#undef OCTI_X
#define OCTI_X(name, cv, opc, f3, f2, expr) OCTI_SHIFTD(name, opc, f3, f2, expr)
OCT_ML_SHIFTD(OCTI_X)
#undef OCTI_X
#define OCTI_X(name, cv, kind, f3, f7, expr) OCTI_IMM(name, kind, f3, f7, 32, expr)
OCT_ML_IMM(OCTI_X)
#undef OCTI_X
#define OCTI_X(name, cv, kind, f3, f7, expr) OCTI_IMMD(name, kind, f3, f7, 32, expr)
OCT_ML_IMMD(OCTI_X)
#undef OCTI_X

// Parameter words. oct.rq: value * m >> shift, 16 <= shift <= 47, |m| < 2^26. oct.arq: (rs1 * m1 +
// rd * m2) >> shift, shift <= 31, |m| < 2^12.
static inline uint32_t oct_rq_param(int32_t m, unsigned shift) {
  return (shift - 16) << 27 | ((uint32_t)m & 0x7ffffffU);
}
static inline uint32_t oct_arq_param(int32_t m1, int32_t m2, unsigned shift) {
  return (uint32_t)shift << 26 | ((uint32_t)m2 & 0x1fffU) << 13 | ((uint32_t)m1 & 0x1fffU);
}

#endif
