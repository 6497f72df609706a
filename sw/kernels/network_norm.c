// SPDX-License-Identifier: Apache-2.0
// Kernels of networks: LayerNorm and RMSNorm over rows of any length. `xw`, `yw`: bytes of an
// element; constants where they are used.
#include "oct_network_job.h"
#include "oct_network_simd.h"
#include "oct_norm_rows.h"

/// Squares of pairs, each sum shifted before it is added.
static inline uint32_t pair_squares(const uint32_t* x, unsigned words, unsigned shift) {
  uint32_t q = 0;
#ifdef __riscv
  const unsigned rounds = words / 4;
  if (rounds != 0) {
    uint32_t u0, u1, u2, u3;
    __asm__ volatile(
        OCT_LOOP(0, "%[n]")
        OCT_LW_P("%[u0]", "%[x]", "4") OCT_LW_P("%[u1]", "%[x]", "4")
        OCT_LW_P("%[u2]", "%[x]", "4") OCT_LW_P("%[u3]", "%[x]", "4")
        OCT_DOTSP_H("%[u0]", "%[u0]", "%[u0]") OCT_DOTSP_H("%[u1]", "%[u1]", "%[u1]")
        OCT_DOTSP_H("%[u2]", "%[u2]", "%[u2]") OCT_DOTSP_H("%[u3]", "%[u3]", "%[u3]")
        "srl %[u0], %[u0], %[s]\n srl %[u1], %[u1], %[s]\n"
        "srl %[u2], %[u2], %[s]\n srl %[u3], %[u3], %[s]\n"
        "add %[q], %[q], %[u0]\n add %[q], %[q], %[u1]\n"
        "add %[q], %[q], %[u2]\n add %[q], %[q], %[u3]\n"
        OCT_LOOP_END(0)
        : [u0] "=&r"(u0), [u1] "=&r"(u1), [u2] "=&r"(u2), [u3] "=&r"(u3), [x] "+r"(x), [q] "+r"(q)
        : [n] "r"(rounds), [s] "r"(shift)
        : "memory");
  }
  words %= 4;
#endif
  for (; words != 0; --words, ++x) q += oct_dotsp_h(*x, *x) >> shift;
  return q;
}

/// Normalised INT16 to INT8, scaled by gamma: eight elements a round.
static inline void rms_bytes(const uint32_t* x, uint32_t* y, unsigned rounds, norm_t k,
                             const uint32_t* g) {
#ifdef __riscv
  if (rounds != 0) {
    uint32_t x0, x1, x2, x3, g0, g1, g2, g3;
    __asm__ volatile(
        OCT_LOOP(0, "%[n]") OCT_LW_P("%[x0]", "%[x]", "4") OCT_LW_P("%[x1]", "%[x]", "4") OCT_LW_P(
            "%[x2]", "%[x]", "4") OCT_LW_P("%[x3]", "%[x]", "4") OCT_LW_P("%[g0]", "%[g]", "4")
            OCT_LW_P("%[g1]", "%[g]", "4") OCT_LW_P("%[g2]", "%[g]", "4")
                OCT_LW_P("%[g3]", "%[g]", "4") OCT_ARQ_H("%[x0]", "x0", "%[m]")
                    OCT_ARQ_H("%[x1]", "x0", "%[m]") OCT_ARQ_H("%[x2]", "x0", "%[m]")
                        OCT_ARQ_H("%[x3]", "x0", "%[m]") OCT_MRQ_HB("%[x0]", "%[g0]", "x0", "15")
                            OCT_MRQ_HB("%[x1]", "%[g1]", "x0", "15")
                                OCT_MRQ_HB("%[x2]", "%[g2]", "x0", "15")
                                    OCT_MRQ_HB("%[x3]", "%[g3]", "x0", "15") OCT_SHUFFLE2_B(
                                        "%[x0]", "%[x1]", "%[even]") OCT_SW_P("%[x0]", "%[y]", "4")
                                        OCT_SHUFFLE2_B("%[x2]", "%[x3]", "%[even]")
                                            OCT_SW_P("%[x2]", "%[y]", "4") OCT_LOOP_END(0)
        : [x0] "=&r"(x0), [x1] "=&r"(x1), [x2] "=&r"(x2), [x3] "=&r"(x3), [g0] "=&r"(g0),
          [g1] "=&r"(g1), [g2] "=&r"(g2), [g3] "=&r"(g3), [x] "+r"(x), [g] "+r"(g), [y] "+r"(y)
        : [n] "r"(rounds), [m] "r"(k.arq), [even] "r"(EVEN)
        : "memory");
  }
#else
  for (; rounds != 0; --rounds, x += 4, g += 4, y += 2) {
    for (int i = 0; i < 2; ++i) {
      y[i] =
          oct_shuffle2_b(oct_mrq_hb(oct_arq_h(x[2 * i], 0, k.arq), g[2 * i], 0, 15),
                         oct_mrq_hb(oct_arq_h(x[2 * i + 1], 0, k.arq), g[2 * i + 1], 0, 15), EVEN);
    }
  }
#endif
}

/// A normalised pair times gamma plus beta.
NET_INLINE uint32_t scale2(uint32_t v, uint32_t g, uint32_t b, int yw) {
  return yw == 2 ? oct_mrq_h(v, g, b, 13) : oct_mrq_hb(v, g, b, 15);
}

NET_INLINE void apply(const uint8_t* x, uint8_t* y, unsigned n, norm_t k, const int16_t* gamma,
                      const int16_t* beta, int layer, int xw, int yw) {
  const uint32_t *px = (const uint32_t*)(const void*)x, *g = (const uint32_t*)(const void*)gamma,
                 *b = (const uint32_t*)(const void*)beta;
  unsigned i = 0;
  if (layer && yw == 1) {
    if (xw == 2) apply_h(px, (uint32_t*)(void*)y, n / 4, k, g, b);
    if (xw == 1) apply_b(px, (uint32_t*)(void*)y, n / 4, k, g, b);
    i = n & ~3U;
  } else if (!layer && xw == 2 && yw == 1) {
    rms_bytes(px, (uint32_t*)(void*)y, n / 8, k, g);
    i = n & ~7U;
  } else {
    for (; i + 8 <= n; i += 8) {
      const net_eight_t u = net_load8_wide(x + i * (unsigned)xw, xw);
      const uint32_t o = layer ? k.offset : 0, *h = g + i / 2, *c = layer ? b + i / 2 : h;
      const net_eight_t v = {scale2(oct_arq_h(u.a, o, k.arq), h[0], layer ? c[0] : 0, yw),
                             scale2(oct_arq_h(u.b, o, k.arq), h[1], layer ? c[1] : 0, yw),
                             scale2(oct_arq_h(u.c, o, k.arq), h[2], layer ? c[2] : 0, yw),
                             scale2(oct_arq_h(u.d, o, k.arq), h[3], layer ? c[3] : 0, yw)};
      net_store8(y + i * (unsigned)yw, v, yw);
    }
  }
  for (; i < n; ++i) {
    const uint32_t v = (uint32_t)(net_get(x, i, xw) * (xw == 1 ? 256 : 1)) & 0xffff;
    net_put(y, i,
            scale2(oct_arq_h(v, k.offset, k.arq), (uint16_t)gamma[i], layer ? (uint16_t)beta[i] : 0,
                   yw),
            yw);
  }
}

/// Sums of a part of a row that starts at an even element. `squares` alone for RMSNorm.
NET_INLINE sums_t part_sums(const uint8_t* x, unsigned n, unsigned pre, int layer, int xw) {
  const uint32_t* px = (const uint32_t*)(const void*)x;
  if (xw == 1) {
    sums_t s = sums_b(px, n / 4);
    for (unsigned i = n & ~3U; i < n; ++i) {
      const int32_t u = net_get(x, i, 1);
      s.sum += (uint32_t)u;
      s.squares += (uint32_t)(u * u);
    }
    s.total = s.sum * 256;
    return s;
  }
  const int32_t last = n % 2 != 0 ? net_get(x, n - 1, 2) : 0;
  if (!layer) {
    const uint32_t tail = (uint32_t)(last * last) >> 2 * pre;
    return (sums_t){0, pair_squares(px, n / 2, 2 * pre) + tail, 0};
  }
  sums_t s = sums_h(px, n / 2, pre * ONES_H);
  const int32_t u = last >> pre;
  s.sum += (uint32_t)u;
  s.squares += (uint32_t)(u * u);
  s.total += (uint32_t)last;
  return s;
}

NET_INLINE norm_t norm_from(sums_t s, const oct_layernorm_t* p, int layer, int xw) {
  const unsigned pre = xw == 1 ? 8 : p->pre;
  return layer ? norm_of(s, p, pre) : rms_of(s.squares, p, pre);
}

NET_INLINE oct_layernorm_t norm_args(const uint32_t* w, int layer) {
  const uint32_t* a = w + (layer ? 7 : 6);
  return (oct_layernorm_t){a[0],
                           a[1],
                           a[2],
                           (uint64_t)a[4] << 32 | a[3],
                           (const int16_t*)oct_net_memory(w[5]),
                           layer ? (const int16_t*)oct_net_memory(w[6]) : 0};
}

#ifdef __riscv
/// Each sum stands twice behind the one before it, a full round from every worker's place on: so a
/// team that reads all of them begins at eight different words.
enum { NET_SUMS = 2 * NET_WORKERS };

NET_INLINE uint32_t all_sums(const volatile uint32_t* from) {
  uint32_t u[NET_WORKERS], sum = 0;
#pragma GCC unroll 8
  for (unsigned i = 0; i < NET_WORKERS; ++i) u[i] = from[i];  // all loads on their way at once
#pragma GCC unroll 8
  for (unsigned i = 0; i < NET_WORKERS; ++i) sum += u[i];
  return sum;
}

/// Sums of a row from those of the `parts` workers that share it, by way of the job's scratch; all
/// workers of the machine are here.
NET_INLINE sums_t exchange(uint32_t* scratch, sums_t s, unsigned rank, unsigned first,
                           unsigned parts, int layer) {
  volatile uint32_t* mine = scratch + rank;
  mine[0] = s.squares, mine[NET_WORKERS] = s.squares;
  if (layer) {
    mine[NET_SUMS] = s.sum, mine[NET_SUMS + NET_WORKERS] = s.sum;
    mine[2 * NET_SUMS] = s.total, mine[2 * NET_SUMS + NET_WORKERS] = s.total;
  }
  net_barrier();
  if (parts == NET_WORKERS) {
    s.squares = all_sums(mine);
    if (layer) s.sum = all_sums(mine + NET_SUMS), s.total = all_sums(mine + 2 * NET_SUMS);
    return s;
  }
  s = (sums_t){0, 0, 0};
  for (const volatile uint32_t* from = scratch + first; parts != 0; --parts, ++from) {
    s.squares += from[0];
    if (layer) s.sum += from[NET_SUMS], s.total += from[2 * NET_SUMS];
  }
  return s;
}
#endif

/// Fewer rows than workers: several share a row, each does some of its columns.
NET_INLINE int few_rows(uint32_t* w, unsigned rank, unsigned rows, unsigned size, int layer, int xw,
                        int yw) {
  const oct_layernorm_t p = norm_args(w, layer);
  const unsigned parts = rows == 1 ? size : size / rows, row = rows == 1 ? 0 : rank / parts;
  const unsigned part = rank - row * parts, blocks = (p.n + 7) / 8;
  const unsigned from = 8 * net_share(blocks, part, parts);
  unsigned end = 8 * net_share(blocks, part + 1, parts);
  if (end > p.n) end = p.n;
  const unsigned count = row < rows && end > from ? end - from : 0;
  const uint8_t* x = (const uint8_t*)NET_X(w, row);
  sums_t s;
#ifdef __riscv
  if (size == NET_WORKERS) {
    s = part_sums(x + from * (unsigned)xw, count, p.pre, layer, xw);
    s = exchange(w + 12, s, rank, row * parts, parts, layer);
    if (count == 0) return 0;
  } else
#endif
  {
    if (count == 0) return 0;
    s = part_sums(x, p.n, p.pre, layer, xw);
  }
  const norm_t k = norm_from(s, &p, layer, xw);
  apply(x + from * (unsigned)xw, (uint8_t*)NET_Y1(w, row) + from * (unsigned)yw, count, k,
        p.gamma + from, layer ? p.beta + from : 0, layer, xw, yw);
  return 0;
}

NET_INLINE int many_rows(const uint32_t* w, unsigned rank, unsigned size, int layer, int xw,
                         int yw) {
  const unsigned rows = w[0];
  const oct_layernorm_t p = norm_args(w, layer);
  for (unsigned row = rank; row < rows; row += size) {
    const uint8_t* x = (const uint8_t*)NET_X(w, row);
    const norm_t k = norm_from(part_sums(x, p.n, p.pre, layer, xw), &p, layer, xw);
    apply(x, (uint8_t*)NET_Y1(w, row), p.n, k, p.gamma, p.beta, layer, xw, yw);
  }
  return 0;
}

// A row of whole eights shared by all workers of the machine, what decoding has: a straight line.
#ifdef __riscv
#define ONE_ROW(name, layer, xw, yw)                                                  \
  NET_INLINE int one_##name(uint32_t* w, unsigned rank) {                             \
    const oct_layernorm_t p = norm_args(w, layer);                                    \
    const unsigned blocks = p.n / 8, from = 8 * net_share(blocks, rank, NET_WORKERS); \
    const unsigned count = 8 * net_share(blocks, rank + 1, NET_WORKERS) - from;       \
    const uint8_t* x = (const uint8_t*)oct_net_memory(w[1]) + from * xw;              \
    sums_t s = part_sums(x, count, p.pre, layer, xw);                                 \
    s = exchange(w + 12, s, rank, 0, NET_WORKERS, layer);                             \
    const norm_t k = norm_from(s, &p, layer, xw);                                     \
    apply(x, (uint8_t*)oct_net_memory(w[3]) + from * yw, count, k, p.gamma + from,    \
          layer ? p.beta + from : 0, layer, xw, yw);                                  \
    return 0;                                                                         \
  }
#define TRY_ONE_ROW(name) \
  if (((w[0] - 1) | (size - NET_WORKERS) | (w[name##_n] & 7)) == 0) return one_##name(w, rank);
#else
#define ONE_ROW(name, layer, xw, yw)
#define TRY_ONE_ROW(name)
#endif

// Apart, so that each saves only the registers that it needs.
#define NORM(name, layer, xw, yw)                                                               \
  enum { name##_n = layer ? 7 : 6 };                                                            \
  ONE_ROW(name, layer, xw, yw)                                                                  \
  static __attribute__((noinline)) int few_##name(uint32_t* w, unsigned rank, unsigned size) {  \
    return few_rows(w, rank, w[0], size, layer, xw, yw);                                        \
  }                                                                                             \
  static __attribute__((noinline)) int many_##name(uint32_t* w, unsigned rank, unsigned size) { \
    return many_rows(w, rank, size, layer, xw, yw);                                             \
  }                                                                                             \
  int oct_net_##name(void* job, unsigned rank, unsigned size) {                                 \
    uint32_t* w = (uint32_t*)job;                                                               \
    TRY_ONE_ROW(name)                                                                           \
    return w[0] < size ? few_##name(w, rank, size) : many_##name(w, rank, size);                \
  }
NORM(layernorm_i8_i8, 1, 1, 1)
NORM(layernorm_i8_i16, 1, 1, 2)
NORM(layernorm_i16_i8, 1, 2, 1)
NORM(layernorm_i16_i16, 1, 2, 2)
NORM(rmsnorm_i8_i8, 0, 1, 1)
NORM(rmsnorm_i8_i16, 0, 1, 2)
NORM(rmsnorm_i16_i8, 0, 2, 1)
NORM(rmsnorm_i16_i16, 0, 2, 2)
