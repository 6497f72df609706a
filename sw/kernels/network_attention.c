// SPDX-License-Identifier: Apache-2.0
// The engine's OpAttn on a team of workers: the job is the engine's descriptor, words w4 to w23 at
// their places (docs/architecture/engine.md), with addresses instead of offsets. Behind them:
//   w24, w25  scratch in L1, bytes a worker: 512 + 16 dv, dv rounded up to a multiple of 4
//   w26       the 64 exponentials of engine_arithmetic.md, INT16
// Every output bit is that of sw/golden/engine.hpp; the state between jobs is laid out row by row.
// What the job writes must not overlap what it reads.
#include "oct_engine_scale.h"
#include "oct_softmax.h"
#include "oct_tiles.h"

enum { CAUSAL = 1, MASK = 2, FIRST = 4, LAST = 8 };
enum { TILE_KEYS = 64, HIDDEN = -32768, LEAST = -512, P_ROW = 2 * TILE_KEYS };

typedef struct {
  const uint32_t* w;
  const uint8_t *q, *k, *v, *mask;
  uint8_t *o, *state;
  const uint16_t* exponentials;
  int16_t* logits;  // four rows of TILE_KEYS; weights take their places
  int32_t* acc;     // four rows of acc_row
  unsigned flags, sk, d, dv, acc_row, window;
  int32_t ldq, ldk, ldv, ldo, offset;
  oct_factor_t scale;
  uint32_t out;
} attention_t;

typedef struct {
  int32_t max;
  uint64_t sum;
} row_t;

static int open_head(attention_t* a, const uint32_t* w, unsigned head) {
  const unsigned group = w[6] >> 24 == 0 ? 1 : w[6] >> 24, kv = head / group;
  a->q = (const uint8_t*)oct_net_memory(w[7] + head * w[20]);
  a->k = (const uint8_t*)oct_net_memory(w[9] + kv * w[21]);
  a->v = (const uint8_t*)oct_net_memory(w[11] + kv * w[22]);
  if ((a->flags & LAST) != 0) a->o = (uint8_t*)oct_net_memory(w[13] + head * w[23]);
  const uint32_t* params = (const uint32_t*)oct_net_memory(w[15] + 8 * head);
  const unsigned sq = w[5] & 0xffff, bytes = (4 * ((a->dv + 1) & ~1U) + 8) * ((sq + 15) & ~15U);
  if ((a->flags & (FIRST | LAST)) != (FIRST | LAST))
    a->state = (uint8_t*)oct_net_memory(w[17] + head * ((bytes + 63) & ~63U));
  a->out = params[1];
  return oct_factor_of(&a->scale, params[0], 0, 22);
}

static int32_t slow_logit(const attention_t* a, unsigned head, int32_t dot) {
  const uint32_t* params = (const uint32_t*)oct_net_memory(a->w[15] + 8 * head);
  const int64_t l = oct_rs((int64_t)dot * ((int32_t)(params[0] << 8) >> 8), params[0] >> 24 & 63);
  return (int32_t)oct_clip64(l, -32767, 32767);
}

// ---- Logits of one tile of keys --------------------------------------------------------------

static void logits4(const attention_t* a, unsigned head, int fast, const int32_t* c, unsigned rows,
                    unsigned cols, int16_t* to) {
  for (unsigned i = 0; i < rows; ++i, c += 4, to += TILE_KEYS) {
    if (fast) {
      int32_t l[4];
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        l[j] =
            (int32_t)oct_max(oct_clip((uint32_t)oct_scaled(c[j], &a->scale), 16), (uint32_t)-32767);
      }
      ((uint32_t*)(void*)to)[0] = oct_pack((uint32_t)l[1], (uint32_t)l[0]);
      ((uint32_t*)(void*)to)[1] = oct_pack((uint32_t)l[3], (uint32_t)l[2]);
    } else {
      for (unsigned j = 0; j < cols; ++j) to[j] = (int16_t)slow_logit(a, head, c[j]);
    }
  }
}

/// Keys [from, from + keys) for `rows` queries from `row` on.
static void all_logits(const attention_t* a, unsigned head, int fast, unsigned row, unsigned rows,
                       unsigned from, unsigned keys) {
  const uint8_t* q = a->q + (int32_t)row * a->ldq;
  const uint8_t* k = a->k + (int32_t)from * a->ldk;
  int16_t* to = a->logits;
  unsigned at = 0;
  int32_t c[16];
  for (; at + 4 <= keys; at += 4, k += 4 * a->ldk, to += 4) {
    if (rows == 4) {
      oct_tile(q, a->ldq, k, a->ldk, a->d, c, 0);
    } else {
      oct_row4(q, k, a->ldk, a->d, c, 0);
    }
    logits4(a, head, fast, c, rows, 4, to);
  }
  for (; at < keys; ++at, k += a->ldk, ++to) {
    int32_t t[4];
    oct_row4(k, q, rows == 4 ? a->ldq : 0, a->d, t, 0);
    for (unsigned i = 0; i < rows; ++i) to[i * TILE_KEYS] = (int16_t)slow_logit(a, head, t[i]);
  }
}

/// Keys of the tile that a query may see as far as its place says: [first, last).
typedef struct {
  unsigned first, last;
} span_t;

static span_t visible(const attention_t* a, unsigned row, unsigned from, unsigned keys) {
  const int32_t diagonal = (int32_t)row + a->offset - (int32_t)from;
  span_t s = {0, keys};
  if ((a->flags & CAUSAL) != 0 && diagonal < (int32_t)keys - 1)
    s.last = diagonal < 0 ? 0 : (unsigned)diagonal + 1;
  if (a->window != 0 && diagonal >= (int32_t)a->window)
    s.first = (unsigned)diagonal - a->window + 1;
  if (s.first > s.last) s.first = s.last;
  return s;
}

static void hide(const attention_t* a, int16_t* l, span_t s, unsigned from, unsigned keys) {
  for (unsigned j = 0; j < s.first; ++j) l[j] = HIDDEN;
  if ((a->flags & MASK) != 0) {
    const uint8_t* bits = a->mask + from / 8;
    for (unsigned j = s.first; j < s.last; ++j) {
      if ((bits[j / 8] >> (j & 7) & 1) == 0) l[j] = HIDDEN;
    }
  }
  for (unsigned j = s.last; j < keys; ++j) l[j] = HIDDEN;
}

// ---- Softmax of one row of a tile ------------------------------------------------------------

/// Weights in the place of logits; by how much sum and accumulators shift. `keys` % 4 == 0.
static unsigned weights(const attention_t* a, int16_t* l, unsigned keys, row_t* row) {
  const uint32_t* w = (const uint32_t*)(const void*)l;
  uint32_t m = 0x80008000U;
  for (unsigned i = 0; i < keys / 2; ++i) m = oct_max_h(m, w[i]);
  const int32_t top = (int32_t)oct_max(oct_extract_h(m, 0), oct_extract_h(m, 1));
  const int32_t max = (int32_t)oct_max((uint32_t)row->max, (uint32_t)((top + 63) >> 6));
  const unsigned shift = oct_minu((uint32_t)(max - row->max), 31);
  const uint32_t base = (uint32_t)max << 6;
  uint32_t* to = (uint32_t*)(void*)l;
  uint32_t sum = 0;
  for (unsigned i = 0; i < keys; i += 4) {
    const uint32_t l01 = w[i / 2], l23 = w[i / 2 + 1];
    uint32_t e[4] = {oct_exponential(base - oct_extract_h(l01, 0), a->exponentials),
                     oct_exponential(base - oct_extract_h(l01, 1), a->exponentials),
                     oct_exponential(base - oct_extract_h(l23, 0), a->exponentials),
                     oct_exponential(base - oct_extract_h(l23, 1), a->exponentials)};
    if (max < LEAST + 20) {  // else hidden ones are so far below that nothing is left of them
      if ((l01 & 0xffff) == 0x8000) e[0] = 0;
      if (l01 >> 16 == 0x8000) e[1] = 0;
      if ((l23 & 0xffff) == 0x8000) e[2] = 0;
      if (l23 >> 16 == 0x8000) e[3] = 0;
    }
    sum += e[0] + e[1] + (e[2] + e[3]);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) e[j] = oct_minu((e[j] + 2048) >> 12, 255);
    to[i / 4] = oct_packhi_b(oct_packlo_b(0, e[1], e[0]), e[3], e[2]);
  }
  row->sum = (row->sum >> shift) + sum;
  row->max = max;
  return shift;
}

// ---- Values ----------------------------------------------------------------------------------

static void add_values(const attention_t* a, unsigned rows, unsigned from, unsigned keys,
                       const unsigned* shift) {
  const uint8_t *p = (const uint8_t*)a->logits, *v = a->v + from;
  int32_t c[16];
  for (unsigned ch = 0; ch < a->dv; ch += 4, v += 4 * a->ldv) {
    if (ch + 4 > a->dv) {
      for (unsigned i = 0; i < rows; ++i) {
        for (unsigned j = 0; j < a->dv - ch; ++j) {
          int32_t t[4];
          oct_row4(p + i * P_ROW, v + (int32_t)j * a->ldv, 0, keys, t, 1);
          c[4 * i + j] = t[0];
        }
      }
    } else if (rows == 4) {
      oct_tile(p, P_ROW, v, a->ldv, keys, c, 1);
    } else {
      oct_row4(p, v, a->ldv, keys, c, 1);
    }
    int32_t* acc = a->acc + ch;
    for (unsigned i = 0; i < rows; ++i, acc += a->acc_row) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) acc[j] = (acc[j] >> shift[i]) + c[4 * i + j];
    }
  }
}

static void write_row(const attention_t* a, unsigned row, const int32_t* acc, uint64_t sum) {
  uint8_t* o = a->o + (int32_t)row * a->ldo;
  oct_reciprocal_t k = {0, 26, 0};
  if (sum != 0) k = oct_reciprocal(sum, a->out);
  const unsigned s = k.shift < 26 ? 0 : k.shift - 26 > 63 ? 63 : k.shift - 26;
  oct_factor_t f;
  const int fast = oct_factor(&f, k.r, s, 1, k.e > 32 ? 31 : 30);  // |acc| < sum / 32 + 2^24
  for (unsigned ch = 0; ch < a->dv; ch += 4, acc += 4, o += 4) {
    uint32_t y[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      y[j] = fast ? oct_clip((uint32_t)oct_scaled(acc[j], &f), 8)
                  : (uint32_t)oct_clip64(oct_rs(oct_apply(acc[j], k.r, s), OCT_FRAC), -128, 127);
    }
    if (ch + 4 <= a->dv) {
      *(uint32_t*)(void*)o = oct_packhi_b(oct_packlo_b(0, y[1], y[0]), y[3], y[2]);
    } else {
      for (unsigned j = 0; j < a->dv - ch; ++j) o[j] = (uint8_t)y[j];
    }
  }
}

// ---- State between jobs ----------------------------------------------------------------------

static uint32_t* state_of(const attention_t* a, unsigned row) {
  return (uint32_t*)(void*)(a->state + row * (4 * ((a->dv + 1) & ~1U) + 8));
}

static void open_rows(const attention_t* a, unsigned row, unsigned rows, row_t* r) {
  for (unsigned i = 0; i < rows; ++i) {
    int32_t* acc = a->acc + i * a->acc_row;
    const uint32_t* from = (a->flags & FIRST) != 0 ? 0 : state_of(a, row + i);
    for (unsigned c = 0; c < a->acc_row; ++c)
      acc[c] = from != 0 && c < a->dv ? (int32_t)from[2 + c] : 0;
    r[i] = (row_t){LEAST, 0};
    if (from != 0) {
      r[i].max = (int16_t)(from[1] >> 16);
      r[i].sum = (uint64_t)(from[1] & 0xffff) << 32 | from[0];
    }
  }
}

static void close_rows(const attention_t* a, unsigned row, unsigned rows, const row_t* r) {
  for (unsigned i = 0; i < rows; ++i) {
    const int32_t* acc = a->acc + i * a->acc_row;
    if ((a->flags & LAST) != 0) {
      write_row(a, row + i, acc, r[i].sum);
      continue;
    }
    uint32_t* to = state_of(a, row + i);
    to[0] = (uint32_t)r[i].sum;
    to[1] = (uint32_t)(r[i].sum >> 32) | (uint32_t)r[i].max << 16;
    for (unsigned c = 0; c < a->dv; ++c) to[2 + c] = (uint32_t)acc[c];
  }
}

/// Four queries, or one.
static void block(const attention_t* a, unsigned head, int fast, unsigned row, unsigned rows) {
  row_t r[4];
  open_rows(a, row, rows, r);
  for (unsigned from = 0; from < a->sk; from += TILE_KEYS) {
    const unsigned keys = a->sk - from < TILE_KEYS ? a->sk - from : TILE_KEYS;
    // The last query sees furthest, the first one from furthest back.
    const unsigned seen = visible(a, row + rows - 1, from, keys).last, all = (seen + 3) & ~3U;
    if (seen == 0 || visible(a, row, from, keys).first >= seen) continue;
    all_logits(a, head, fast, row, rows, from, seen);
    unsigned shift[4];
    for (unsigned i = 0; i < rows; ++i) {
      int16_t* l = a->logits + i * TILE_KEYS;
      hide(a, l, visible(a, row + i, from, keys), from, all);
      shift[i] = weights(a, l, all, &r[i]);
    }
    add_values(a, rows, from, all, shift);
  }
  close_rows(a, row, rows, r);
}

/// Workers share blocks of queries: of four, then one by one.
int oct_net_attention(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  attention_t a = {0};
  a.w = w, a.flags = w[4], a.sk = w[5] >> 16, a.d = w[6] & 0xff, a.dv = w[6] >> 8 & 0xff;
  a.ldq = (int32_t)w[8], a.ldk = (int32_t)w[10], a.ldv = (int32_t)w[12], a.ldo = (int32_t)w[14];
  a.offset = (int32_t)w[18], a.window = w[19] & 0xffff;
  a.acc_row = (a.dv + 3) & ~3U;
  a.exponentials = (const uint16_t*)oct_net_memory(w[26]);
  a.logits = (int16_t*)oct_net_memory(w[24] + rank * w[25]);
  a.acc = (int32_t*)(void*)(a.logits + 4 * TILE_KEYS);
  if ((a.flags & MASK) != 0) a.mask = (const uint8_t*)oct_net_memory(w[16]);
  const unsigned sq = w[5] & 0xffff, heads = w[6] >> 16 & 0xff;
  const unsigned full = sq / 4, down = full + sq % 4;
  const unsigned total = heads * down, end = net_share(total, rank + 1, size);
  unsigned at = net_share(total, rank, size);
  if (at >= end) return 0;
  unsigned head = at / down, row = at % down;
  int fast = open_head(&a, w, head);
  for (; at < end; ++at) {
    block(&a, head, fast, row < full ? 4 * row : 3 * full + row, row < full ? 4 : 1);
    if (++row < down) continue;
    row = 0;
    if (++head < heads) fast = open_head(&a, w, head);
  }
  return 0;
}
