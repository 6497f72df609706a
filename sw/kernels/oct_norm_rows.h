// SPDX-License-Identifier: Apache-2.0
// oct_norm_rows.h: rows of LayerNorm in two passes: sums, then normalise, scale and shift.
// Arithmetic: sw/golden/kernels.hpp. Loops take eight elements a round, C does what is left.
#ifndef OCT_NORM_ROWS_H
#define OCT_NORM_ROWS_H
#include "oct_kernels.h"
#include "oct_ml.h"
#include "oct_ml_asm.h"

// In a row that workers share there is no time for calls.
#define NORM_INLINE static inline __attribute__((always_inline))
#define ONES_H 0x00010001U
#define ONES_B 0x01010101U
#define EVEN 0x06040200U  // cv.shuffle2.b: bytes 0 and 2 of rd, then of rs1

typedef struct {
  uint32_t sum, squares, total;  // of x >> pre, x >> pre, x (INT8 times 256)
} sums_t;

typedef struct {
  uint32_t arq;     // x * m - offset * 2^j, shifted
  uint32_t offset;  // in both lanes
} norm_t;

/// 2^31 / sqrt(v / 2^30) for v in [2^30, 2^32): a line within 13 %, then three Newton steps.
NORM_INLINE uint32_t rsqrt_q31(uint32_t v) {
  uint32_t y = 2369039536U - (uint32_t)((uint64_t)v * 1431655765U >> 32);  // 1.10317 - v / 6
#pragma GCC unroll 3
  for (int i = 0; i < 3; ++i) {
    const uint32_t y2 = (uint32_t)((uint64_t)y * y >> 32);    // y^2, Q30
    const uint32_t vy2 = (uint32_t)((uint64_t)v * y2 >> 30);  // v y^2, Q30
    y = (uint32_t)((uint64_t)y * (0xc0000000U - vy2) >> 31);  // y (3 - v y^2) / 2
  }
  return y;
}

/// Leading zeros of a value that is not 0; without Zbb GCC would call a function.
static inline int zeros(uint32_t v) { return 31 - (int)oct_fl1(v); }

typedef struct {
  uint32_t m;
  int shift;
} norm_scale_t;

/// n / sqrt(var) * 2^frac as m / 2^shift with a 12-bit m; var is n^2 variance.
NORM_INLINE norm_scale_t norm_scale(uint64_t var, unsigned n, int shift) {
  uint32_t high = (uint32_t)(var >> 32), low = (uint32_t)var;
  // Below 2^32 the low word is the high one, 0 is 1: without branches, whose targets lie apart.
  const uint32_t small = 0U - (uint32_t)(high == 0);
  high |= low & small;
  low &= ~small;
  high += high == 0;
  int up = (int)(small & 32);
  const unsigned left = (unsigned)zeros(high) & ~1U;
  const uint32_t v = high << left | low >> 1 >> (31 - left);  // in [2^30, 2^32)
  up += (int)left;                                            // var = v * 2^(32 - up)
  const uint64_t scale = (uint64_t)rsqrt_q31(v) * n;          // n / sqrt(var) * 2^(62 - up / 2)
  const uint32_t top = (uint32_t)(scale >> 32), rest = (uint32_t)scale;  // top < 2^11: n <= 4095
  // To twelve bits.
  const int drop = 52 - (__builtin_expect(top != 0, 1) ? zeros(top) : 32 + zeros(rest));
  const uint32_t bits = rest >> (drop - 1) | top << 1 << (32 - drop);
  norm_scale_t k = {(bits + 1) >> 1, shift + 62 - up / 2 - drop};
  if (__builtin_expect(k.m == 4096, 0)) k.m = 2048, --k.shift;
  if (__builtin_expect((uint32_t)k.shift > 31, 0)) {
    k.m = k.shift < 0 ? 4095 : 0;
    k.shift = k.shift < 0 ? 0 : 31;
  }
  return k;
}

/// What to do to a row's elements; n <= 4095.
NORM_INLINE norm_t norm_of(sums_t s, const oct_layernorm_t* p, unsigned pre) {
  const int32_t sum = (int32_t)s.sum;
  const norm_scale_t k =
      norm_scale((uint64_t)p->n * s.squares - (uint64_t)((int64_t)sum * sum) + p->eps, p->n,
                 (int)pre - (int)p->frac);
  const int32_t mean = (int32_t)s.total * 16 / (int32_t)p->n;  // in sixteenths
  const int32_t t = mean * (int32_t)k.m;                       // 16 mean m = o * 2^(j + 4)
  const int spare = (int)oct_clb((uint32_t)t), j = t == 0 || spare > 12 ? 0 : 12 - spare;
  int32_t o = (t + (8 << j)) >> (j + 4);
  if (o > 32767) o = 32767;
  return (norm_t){oct_arq_param(-(1 << j), (int32_t)k.m, (unsigned)k.shift),
                  oct_pack((uint32_t)o, (uint32_t)o)};
}

/// The same without a mean.
NORM_INLINE norm_t rms_of(uint32_t squares, const oct_layernorm_t* p, unsigned pre) {
  const norm_scale_t k =
      norm_scale((uint64_t)p->n * squares + p->eps, p->n, (int)pre - (int)p->frac);
  return (norm_t){oct_arq_param(0, (int32_t)k.m, (unsigned)k.shift), 0};
}

static inline sums_t sums_h(const uint32_t* x, unsigned words, uint32_t pre) {
  sums_t s = {0, 0, 0};
  unsigned rounds = words / 4;
#ifdef __riscv
  uint32_t u0, u1, u2, u3;
  if (rounds != 0) {
    __asm__ volatile(
        OCT_LOOP(0, "%[n]") OCT_LW_P("%[u0]", "%[x]", "4") OCT_LW_P("%[u1]", "%[x]", "4")
            OCT_LW_P("%[u2]", "%[x]", "4") OCT_LW_P("%[u3]", "%[x]", "4") OCT_SDOTSP_H(
                "%[t]", "%[u0]", "%[one]") OCT_SRA_H("%[u0]", "%[u0]", "%[pre]")
                OCT_SDOTSP_H("%[t]", "%[u1]", "%[one]") OCT_SRA_H("%[u1]", "%[u1]", "%[pre]")
                    OCT_SDOTSP_H("%[t]", "%[u2]", "%[one]") OCT_SRA_H("%[u2]", "%[u2]", "%[pre]")
                        OCT_SDOTSP_H("%[t]", "%[u3]", "%[one]") OCT_SRA_H(
                            "%[u3]", "%[u3]", "%[pre]") OCT_SDOTSP_H("%[s]", "%[u0]", "%[one]")
                            OCT_SDOTSP_H("%[q]", "%[u0]", "%[u0]") OCT_SDOTSP_H(
                                "%[s]", "%[u1]", "%[one]") OCT_SDOTSP_H("%[q]", "%[u1]", "%[u1]")
                                OCT_SDOTSP_H("%[s]", "%[u2]", "%[one]")
                                    OCT_SDOTSP_H("%[q]", "%[u2]", "%[u2]")
                                        OCT_SDOTSP_H("%[s]", "%[u3]", "%[one]")
                                            OCT_SDOTSP_H("%[q]", "%[u3]", "%[u3]") OCT_LOOP_END(0)
        : [u0] "=&r"(u0), [u1] "=&r"(u1), [u2] "=&r"(u2), [u3] "=&r"(u3), [x] "+r"(x),
          [s] "+r"(s.sum), [q] "+r"(s.squares), [t] "+r"(s.total)
        : [n] "r"(rounds), [pre] "r"(pre), [one] "r"(ONES_H)
        : "memory");
  }
  words %= 4;
#endif
  for (; words != 0; --words, ++x) {
    const uint32_t u = oct_sra_h(*x, pre);
    s.total = oct_sdotsp_h(s.total, *x, ONES_H);
    s.sum = oct_sdotsp_h(s.sum, u, ONES_H);
    s.squares = oct_sdotsp_h(s.squares, u, u);
  }
  (void)rounds;
  return s;
}

static inline sums_t sums_b(const uint32_t* x, unsigned words) {
  sums_t s = {0, 0, 0};
  unsigned rounds = words / 4;
#ifdef __riscv
  uint32_t u0, u1, u2, u3;
  if (rounds != 0) {
    __asm__ volatile(
        OCT_LOOP(0, "%[n]") OCT_LW_P("%[u0]", "%[x]", "4") OCT_LW_P("%[u1]", "%[x]", "4")
            OCT_LW_P("%[u2]", "%[x]", "4") OCT_LW_P("%[u3]", "%[x]", "4") OCT_SDOTSP_B(
                "%[s]", "%[u0]", "%[one]") OCT_SDOTSP_B("%[q]", "%[u0]", "%[u0]")
                OCT_SDOTSP_B("%[s]", "%[u1]", "%[one]") OCT_SDOTSP_B("%[q]", "%[u1]", "%[u1]")
                    OCT_SDOTSP_B("%[s]", "%[u2]", "%[one]") OCT_SDOTSP_B("%[q]", "%[u2]", "%[u2]")
                        OCT_SDOTSP_B("%[s]", "%[u3]", "%[one]")
                            OCT_SDOTSP_B("%[q]", "%[u3]", "%[u3]") OCT_LOOP_END(0)
        : [u0] "=&r"(u0), [u1] "=&r"(u1), [u2] "=&r"(u2), [u3] "=&r"(u3), [x] "+r"(x),
          [s] "+r"(s.sum), [q] "+r"(s.squares)
        : [n] "r"(rounds), [one] "r"(ONES_B)
        : "memory");
  }
  words %= 4;
#endif
  for (; words != 0; --words, ++x) {
    s.sum = oct_sdotsp_b(s.sum, *x, ONES_B);
    s.squares = oct_sdotsp_b(s.squares, *x, *x);
  }
  (void)rounds;
  s.total = s.sum * 256;
  return s;
}

/// Four elements from two words of normalised half-words.
static inline uint32_t scale4(uint32_t n0, uint32_t n1, const uint32_t* g, const uint32_t* b) {
  return oct_shuffle2_b(oct_mrq_hb(n0, g[0], b[0], 15), oct_mrq_hb(n1, g[1], b[1], 15), EVEN);
}

static inline void apply_h(const uint32_t* x, uint32_t* y, unsigned words, norm_t k,
                           const uint32_t* g, const uint32_t* b) {
  unsigned rounds = words / 2;
#ifdef __riscv
  uint32_t x0, x1, x2, x3, g0, g1, b0, b1;
  if (rounds != 0) {
    __asm__ volatile(
        OCT_LOOP(0, "%[n]") OCT_LW_P("%[x0]", "%[x]", "4") OCT_LW_P("%[x1]", "%[x]", "4") OCT_LW_P(
            "%[x2]", "%[x]", "4") OCT_LW_P("%[x3]", "%[x]", "4") OCT_LW_P("%[g0]", "%[g]", "4")
            OCT_LW_P("%[b0]", "%[b]", "4") OCT_ARQ_H("%[x0]", "%[o]", "%[m]")
                OCT_ARQ_H("%[x1]", "%[o]", "%[m]") OCT_ARQ_H("%[x2]", "%[o]", "%[m]")
                    OCT_ARQ_H("%[x3]", "%[o]", "%[m]") OCT_LW_P("%[g1]", "%[g]", "4")
                        OCT_LW_P("%[b1]", "%[b]", "4") OCT_MRQ_HB("%[x0]", "%[g0]", "%[b0]", "15")
                            OCT_LW_P("%[g0]", "%[g]", "4") OCT_LW_P("%[b0]", "%[b]", "4")
                                OCT_MRQ_HB("%[x1]", "%[g1]", "%[b1]", "15")
                                    OCT_LW_P("%[g1]", "%[g]", "4") OCT_LW_P("%[b1]", "%[b]", "4")
                                        OCT_MRQ_HB("%[x2]", "%[g0]", "%[b0]", "15")
                                            OCT_SHUFFLE2_B("%[x0]", "%[x1]", "%[even]")
                                                OCT_MRQ_HB("%[x3]", "%[g1]", "%[b1]", "15")
                                                    OCT_SW_P("%[x0]", "%[y]", "4")
                                                        OCT_SHUFFLE2_B("%[x2]", "%[x3]", "%[even]")
                                                            OCT_SW_P("%[x2]", "%[y]", "4")
                                                                OCT_LOOP_END(0)
        : [x0] "=&r"(x0), [x1] "=&r"(x1), [x2] "=&r"(x2), [x3] "=&r"(x3), [g0] "=&r"(g0),
          [g1] "=&r"(g1), [b0] "=&r"(b0), [b1] "=&r"(b1), [x] "+r"(x), [g] "+r"(g), [b] "+r"(b),
          [y] "+r"(y)
        : [n] "r"(rounds), [o] "r"(k.offset), [m] "r"(k.arq), [even] "r"(EVEN)
        : "memory");
  }
  words %= 2;
#endif
  for (; words != 0; --words, x += 2, g += 2, b += 2) {
    *y++ = scale4(oct_arq_h(x[0], k.offset, k.arq), oct_arq_h(x[1], k.offset, k.arq), g, b);
  }
  (void)rounds;
}

// Bytes become half-words times 256: even bytes by a shift, odd ones by a mask, packed afterwards.
static inline void apply_b(const uint32_t* x, uint32_t* y, unsigned words, norm_t k,
                           const uint32_t* g, const uint32_t* b) {
  unsigned rounds = words / 2;
#ifdef __riscv
  uint32_t x0, x1, x2, x3, g0, g1, b0, b1;
  if (rounds != 0) {
    __asm__ volatile(
        OCT_LOOP(0, "%[n]") OCT_LW_P("%[x1]", "%[x]", "4") OCT_LW_P("%[x3]", "%[x]", "4") OCT_LW_P(
            "%[g0]", "%[g]", "4") OCT_LW_P("%[b0]", "%[b]", "4")
            OCT_SLL8_H("%[x0]", "%[x1]") "and %[x1], %[x1], %[odd]\n" OCT_SLL8_H(
                "%[x2]", "%[x3]") "and %[x3], %[x3], %[odd]\n" OCT_ARQ_H("%[x0]", "%[o]", "%[m]")
                OCT_ARQ_H("%[x1]", "%[o]", "%[m]") OCT_ARQ_H("%[x2]", "%[o]", "%[m]")
                    OCT_ARQ_H("%[x3]", "%[o]", "%[m]") OCT_PACK("%[g1]", "%[x1]", "%[x0]")
                        OCT_PACK_H("%[x1]", "%[x1]", "%[x0]") OCT_MRQ_HB(
                            "%[g1]", "%[g0]", "%[b0]", "15") OCT_LW_P("%[g0]", "%[g]", "4")
                            OCT_LW_P("%[b0]", "%[b]", "4") OCT_PACK("%[x0]", "%[x3]", "%[x2]")
                                OCT_PACK_H("%[x3]", "%[x3]", "%[x2]") OCT_MRQ_HB(
                                    "%[x1]", "%[g0]", "%[b0]", "15") OCT_LW_P("%[g0]", "%[g]", "4")
                                    OCT_LW_P("%[b0]", "%[b]", "4") OCT_LW_P("%[x2]", "%[g]", "4")
                                        OCT_LW_P("%[b1]", "%[b]", "4")
                                            OCT_SHUFFLE2_B("%[g1]", "%[x1]", "%[even]") OCT_MRQ_HB(
                                                "%[x0]", "%[g0]", "%[b0]", "15")
                                                OCT_MRQ_HB("%[x3]", "%[x2]", "%[b1]", "15")
                                                    OCT_SW_P("%[g1]", "%[y]", "4")
                                                        OCT_SHUFFLE2_B("%[x0]", "%[x3]", "%[even]")
                                                            OCT_SW_P("%[x0]", "%[y]", "4")
                                                                OCT_LOOP_END(0)
        : [x0] "=&r"(x0), [x1] "=&r"(x1), [x2] "=&r"(x2), [x3] "=&r"(x3), [g0] "=&r"(g0),
          [g1] "=&r"(g1), [b0] "=&r"(b0), [b1] "=&r"(b1), [x] "+r"(x), [g] "+r"(g), [b] "+r"(b),
          [y] "+r"(y)
        :
        [n] "r"(rounds), [o] "r"(k.offset), [m] "r"(k.arq), [even] "r"(EVEN), [odd] "r"(0xff00ff00U)
        : "memory");
  }
  words %= 2;
#endif
  for (; words != 0; --words, ++x, g += 2, b += 2) {
    const uint32_t even = oct_arq_h(oct_sll_sci_h(*x, 8), k.offset, k.arq);
    const uint32_t odd = oct_arq_h(*x & 0xff00ff00U, k.offset, k.arq);
    *y++ = scale4(oct_pack(odd, even), oct_pack_h(odd, even), g, b);
  }
  (void)rounds;
}

#endif
