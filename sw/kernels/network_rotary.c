// SPDX-License-Identifier: Apache-2.0
// Kernels of networks: rotary embedding. Heads of all rows are shared out.
#include "oct_network_job.h"
#include "oct_network_simd.h"

typedef struct {
  uint32_t p, q;  // two elements each
} turned_t;

/// Pairs (a0, b0) and (a1, b1); cosines and sines of both in a word.
NET_INLINE turned_t turn2(uint32_t a, uint32_t b, uint32_t c, uint32_t s, uint32_t k, int yw) {
  const uint32_t m = oct_sub_h(0, s);
  const uint32_t p0 = oct_macsn(oct_mulsn(a, c, 0), b, m, 0);
  const uint32_t q0 = oct_macsn(oct_mulsn(b, c, 0), a, s, 0);
  const uint32_t p1 = oct_machhsn(oct_mulhhsn(a, c, 0), b, m, 0);
  const uint32_t q1 = oct_machhsn(oct_mulhhsn(b, c, 0), a, s, 0);
  return (turned_t){net_rq2(p0, p1, k, yw), net_rq2(q0, q1, k, yw)};
}

/// Halves: i and half + i, `half` % 4 == 0.
NET_INLINE void turn_halves(const uint8_t* x, uint8_t* y, const int16_t* cs, unsigned half,
                            uint32_t k, int xw, int yw) {
  for (unsigned i = 0; i < half; i += 4) {
    const uint32_t *c = (const uint32_t*)(const void*)(cs + i),
                   *s = (const uint32_t*)(const void*)(cs + half + i);
    uint32_t a0, a1, b0, b1;
    if (xw == 2) {
      const uint32_t *u = (const uint32_t*)(const void*)(x + 2 * i),
                     *v = (const uint32_t*)(const void*)(x + 2 * (half + i));
      a0 = u[0], a1 = u[1], b0 = v[0], b1 = v[1];
    } else {
      const uint32_t u = *(const uint32_t*)(const void*)(x + i),
                     v = *(const uint32_t*)(const void*)(x + half + i);
      const uint32_t eu = oct_sra_sci_h(oct_sll_sci_h(u, 8), 8), ou = oct_sra_sci_h(u, 8);
      const uint32_t ev = oct_sra_sci_h(oct_sll_sci_h(v, 8), 8), ov = oct_sra_sci_h(v, 8);
      a0 = oct_pack(ou, eu), a1 = oct_pack_h(ou, eu), b0 = oct_pack(ov, ev),
      b1 = oct_pack_h(ov, ev);
    }
    const turned_t t0 = turn2(a0, b0, c[0], s[0], k, yw), t1 = turn2(a1, b1, c[1], s[1], k, yw);
    if (yw == 2) {
      uint32_t *u = (uint32_t*)(void*)(y + 2 * i), *v = (uint32_t*)(void*)(y + 2 * (half + i));
      u[0] = t0.p, u[1] = t1.p, v[0] = t0.q, v[1] = t1.q;
    } else {
      *(uint32_t*)(void*)(y + i) = oct_shuffle2_b(t0.p, t1.p, NET_EVEN);
      *(uint32_t*)(void*)(y + half + i) = oct_shuffle2_b(t0.q, t1.q, NET_EVEN);
    }
  }
}

/// Any layout, pair by pair.
NET_INLINE void turn_pairs(const uint8_t* x, uint8_t* y, const int16_t* cs, unsigned half,
                           unsigned step, unsigned apart, uint32_t k, int xw, int yw) {
  for (unsigned i = 0; i < half; ++i) {
    const int32_t a = net_get(x, step * i, xw), b = net_get(x, step * i + apart, xw);
    const int32_t c = cs[i], s = cs[half + i];
    net_put(y, step * i, net_rq1((uint32_t)(a * c - b * s), k, yw), yw);
    net_put(y, step * i + apart, net_rq1((uint32_t)(b * c + a * s), k, yw), yw);
  }
}

/// A worker's heads: from which on, how many.
typedef struct {
  unsigned heads, row, head, left;  // heads in a row; where it begins; how many
} heads_t;

NET_INLINE heads_t my_heads(const uint32_t* w, unsigned rank, unsigned size) {
  const unsigned n = w[7], d = w[8];
  heads_t m = {1, 0, 0, 0};
  // Divisions take long.
  if (n != d) m.heads = (d & (d - 1)) == 0 ? n >> oct_fl1(d) : n / d;
  const unsigned total = w[0] * m.heads, first = net_share(total, rank, size);
  m.left = net_share(total, rank + 1, size) - first;
  m.row = w[0] == 1 ? 0 : m.heads == 1 ? first : first / m.heads;
  m.head = first - m.row * m.heads;
  return m;
}

/// f(x, y, cs) for the worker's heads.
#define EACH_HEAD(m, body)                                                          \
  for (;; m.head = 0, ++m.row) {                                                    \
    const uint8_t* x = (const uint8_t*)NET_X(w, m.row) + m.head * d * (unsigned)xw; \
    uint8_t* y = (uint8_t*)NET_Y2(w, m.row) + m.head * d * (unsigned)yw;            \
    const int16_t* cs = (const int16_t*)NET_B(w, m.row);                            \
    unsigned count = m.heads - m.head;                                              \
    if (count > m.left) count = m.left;                                             \
    m.left -= count;                                                                \
    for (; count != 0; --count, x += d * (unsigned)xw, y += d * (unsigned)yw) {     \
      body                                                                          \
    }                                                                               \
    if (m.left == 0) return;                                                        \
  }

/// All of a head is turned, by halves of a multiple of four.
NET_INLINE void whole_heads(const uint32_t* w, heads_t m, int xw, int yw) {
  const unsigned d = w[8];
  const uint32_t k = net_rq(w[11]);
  EACH_HEAD(m, turn_halves(x, y, cs, d / 2, k, xw, yw);)
}

NET_INLINE void any_heads(const uint32_t* w, heads_t m, int xw, int yw) {
  const unsigned d = w[8], half = w[9] / 2, interleaved = w[10];
  const uint32_t k = net_rq(w[11]);
  EACH_HEAD(m,
            if (!interleaved && half % 4 == 0 && d % 4 == 0) turn_halves(x, y, cs, half, k, xw, yw);
            else turn_pairs(x, y, cs, half, interleaved ? 2 : 1, interleaved ? 1 : half, k, xw, yw);
            for (unsigned i = 2 * half; i < d; ++i)
                net_put(y, i, net_rq1((uint32_t)(net_get(x, i, xw) * 16384), k, yw), yw);)
}

// Apart, so that each saves only the registers that it needs.
#define ROTARY(name, xw, yw)                                                      \
  static __attribute__((noinline)) int any_##name(const uint32_t* w, heads_t m) { \
    any_heads(w, m, xw, yw);                                                      \
    return 0;                                                                     \
  }                                                                               \
  int oct_net_rotary_##name(void* job, unsigned rank, unsigned size) {            \
    const uint32_t* w = (const uint32_t*)job;                                     \
    const heads_t m = my_heads(w, rank, size);                                    \
    if (m.left == 0) return 0;                                                    \
    if (w[8] % 8 != 0 || w[9] != w[8] || w[10] != 0) return any_##name(w, m);     \
    whole_heads(w, m, xw, yw);                                                    \
    return 0;                                                                     \
  }
ROTARY(i8_i8, 1, 1)
ROTARY(i8_i16, 1, 2)
ROTARY(i16_i8, 2, 1)
ROTARY(i16_i16, 2, 2)

// ---- Heads apart
// --------------------------------------------------------------------------------- A token's
// queries or keys: workers take heads in turn. In a straight line for what decoding has.

NET_INLINE void zeros(uint8_t* y, unsigned bytes) {
  uint32_t* to = (uint32_t*)(void*)y;
#ifdef __riscv
  const unsigned rounds = bytes / 16;
  if (rounds != 0) {
    __asm__ volatile(OCT_LOOP(0, "%[n]") OCT_SW_P("x0", "%[y]", "4") OCT_SW_P("x0", "%[y]", "4")
                         OCT_SW_P("x0", "%[y]", "4") OCT_SW_P("x0", "%[y]", "4") OCT_LOOP_END(0)
                     : [y] "+r"(to)
                     : [n] "r"(rounds)
                     : "memory");
  }
  bytes %= 16;
#endif
  for (; bytes >= 4; bytes -= 4) *(volatile uint32_t*)to++ = 0;
}

enum { W_N = 7, W_D, W_R, W_INTERLEAVED, W_SCALE, W_PAD };  // words of the job

NET_INLINE void any_turns(const uint32_t* w, unsigned rank, unsigned size, int xw, int yw) {
  const unsigned d = w[W_D], half = w[W_R] / 2, interleaved = w[W_INTERLEAVED], pad = w[W_PAD];
  const uint32_t k = net_rq(w[W_SCALE]);
  for (unsigned row = 0; row < w[0]; ++row) {
    const int16_t* cs = (const int16_t*)NET_B(w, row);
    for (unsigned head = rank; head * d < w[W_N]; head += size) {
      const uint8_t* x = (const uint8_t*)NET_X(w, row) + head * d * (unsigned)xw;
      uint8_t* y = (uint8_t*)NET_Y2(w, row) + head * (d + pad) * (unsigned)yw;
      turn_pairs(x, y, cs, half, interleaved ? 2 : 1, interleaved ? 1 : half, k, xw, yw);
      for (unsigned i = 2 * half; i < d; ++i) {
        net_put(y, i, net_rq1((uint32_t)(net_get(x, i, xw) * 16384), k, yw), yw);
      }
      zeros(y + d * (unsigned)yw, pad * (unsigned)yw);
    }
  }
}

#define TURN(name, xw, yw)                                                                         \
  static __attribute__((noinline)) int any_turns_##name(const uint32_t* w, unsigned rank,          \
                                                        unsigned size) {                           \
    any_turns(w, rank, size, xw, yw);                                                              \
    return 0;                                                                                      \
  }                                                                                                \
  /* All of a head, by halves of a multiple of four. Registers are saved here only. */             \
  static __attribute__((noinline)) int head_##name(const uint8_t* x, uint8_t* y,                   \
                                                   const int16_t* cs, unsigned half, uint32_t k) { \
    turn_halves(x, y, cs, half, k, xw, yw);                                                        \
    return 0;                                                                                      \
  }                                                                                                \
  /* Eight channels: no loop, nothing to save. */                                                  \
  NET_INLINE int eight_##name(const uint8_t* x, uint8_t* y, const int16_t* cs, uint32_t k) {       \
    turn_halves(x, y, cs, 4, k, xw, yw);                                                           \
    return 0;                                                                                      \
  }                                                                                                \
  static __attribute__((noinline)) int whole_turns_##name(const uint32_t* w, unsigned rank,        \
                                                          unsigned size) {                         \
    const unsigned n = w[W_N], d = w[W_D], pad = w[W_PAD];                                         \
    for (unsigned at = rank * d; at < n; at += size * d, rank += size) {                           \
      const uint8_t* x = (const uint8_t*)oct_net_memory(w[1]) + at * xw;                           \
      uint8_t* y = (uint8_t*)oct_net_memory(w[5]) + (at + rank * pad) * yw;                        \
      const int16_t* cs = (const int16_t*)oct_net_memory(w[3]);                                    \
      const uint32_t k = net_rq(w[W_SCALE]);                                                       \
      if (pad != 0) zeros(y + d * yw, pad * yw);                                                   \
      if (at + size * d >= n) return head_##name(x, y, cs, d / 2, k); /* the last one */           \
      head_##name(x, y, cs, d / 2, k);                                                             \
    }                                                                                              \
    return 0;                                                                                      \
  }                                                                                                \
  /* One head each, what decoding has: nothing is saved, and no line of code lies apart. */        \
  NET_INLINE int one_turn_##name(const uint32_t* w, unsigned rank) {                               \
    const unsigned d = w[W_D], pad = w[W_PAD], at = rank * d;                                      \
    if (at >= w[W_N]) return 0;                                                                    \
    const uint8_t* x = (const uint8_t*)oct_net_memory(w[1]) + at * xw;                             \
    uint8_t* y = (uint8_t*)oct_net_memory(w[5]) + (at + rank * pad) * yw;                          \
    const int16_t* cs = (const int16_t*)oct_net_memory(w[3]);                                      \
    const uint32_t k = net_rq(w[W_SCALE]);                                                         \
    if (pad != 0) zeros(y + d * yw, pad * yw);                                                     \
    if (d == 8) return eight_##name(x, y, cs, k);                                                  \
    return head_##name(x, y, cs, d / 2, k);                                                        \
  }                                                                                                \
  int oct_net_turn_##name(void* job, unsigned rank, unsigned size) {                               \
    const uint32_t* w = (const uint32_t*)job;                                                      \
    const unsigned other = (w[0] - 1) | (w[W_D] % 8) | (w[W_D] - w[W_R]) | w[W_INTERLEAVED];       \
    if (other != 0) return any_turns_##name(w, rank, size);                                        \
    if (w[W_N] <= size * w[W_D]) return one_turn_##name(w, rank);                                  \
    return whole_turns_##name(w, rank, size);                                                      \
  }
TURN(i8_i8, 1, 1)
TURN(i8_i16, 1, 2)
TURN(i16_i8, 2, 1)
TURN(i16_i16, 2, 2)
