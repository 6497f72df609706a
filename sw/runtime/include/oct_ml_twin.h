// SPDX-License-Identifier: Apache-2.0
// oct_ml_twin.h: helpers of the plain-C side of oct_ml.h.
#ifndef OCT_ML_TWIN_H
#define OCT_ML_TWIN_H
#include <stdint.h>

static inline int64_t octt_sext(uint32_t v, int w) {
  return (int64_t)((uint64_t)v << (64 - w)) >> (64 - w);
}
static inline int64_t octt_zext(uint32_t v, int w) {
  return (int64_t)(((uint64_t)v << (64 - w)) >> (64 - w));
}
static inline int64_t octt_lane(uint32_t v, int w, int sign, int i) {
  return sign ? octt_sext(v >> (i * w), w) : octt_zext(v >> (i * w), w);
}
static inline uint32_t octt_replicate(uint32_t v, int w) {
  return w == 8 ? (v & 0xff) * 0x01010101U : (v & 0xffff) * 0x00010001U;
}
static inline uint32_t octt_insert_lane(int w, uint32_t a, uint32_t c, uint32_t i) {
  const uint32_t m = (uint32_t)octt_zext(~0U, w) << (i * (uint32_t)w);
  return (c & ~m) | (a << (i * (uint32_t)w) & m);
}
static inline uint32_t octt_dot(int w, int sa, int sb, uint32_t a, uint32_t b, uint32_t acc) {
  for (int i = 0; i < 32 / w; ++i)
    acc += (uint32_t)(octt_lane(a, w, sa, i) * octt_lane(b, w, sb, i));
  return acc;
}
static inline uint32_t octt_shuffle2(int w, uint32_t a, uint32_t b, uint32_t c) {
  const uint32_t n = 32U / (uint32_t)w;
  uint32_t r = 0;
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t sel = b >> (i * (uint32_t)w);
    r = octt_insert_lane(w, ((sel & n) != 0 ? a : c) >> (sel % n * (uint32_t)w), r, i);
  }
  return r;
}
static inline uint32_t octt_shuffle_sci(uint32_t a, uint32_t i, uint32_t k) {
  return octt_shuffle2(8, a, (i & 3) | (i & 12) << 6 | (i & 48) << 12 | k << 24, a);
}
static inline uint32_t octt_abs(int w, uint32_t a) {
  uint32_t r = 0;
  for (int i = 0; i < 32 / w; ++i) {
    const int64_t x = octt_lane(a, w, 1, i);
    r = octt_insert_lane(w, (uint32_t)(x < 0 ? -x : x), r, (uint32_t)i);
  }
  return r;
}
static inline uint32_t octt_clipr(int32_t x, int32_t lo, int32_t hi) {
  return (uint32_t)(x <= lo ? lo : x >= hi ? hi : x);
}
static inline int32_t octt_bound(uint32_t i) { return i == 0 ? 0 : (int32_t)((1U << (i - 1)) - 1); }
static inline uint32_t octt_shr(uint32_t v, uint32_t s, int round, int arith) {
  if (round && s != 0) v += 1U << (s - 1);
  return arith ? (uint32_t)((int32_t)v >> s) : v >> s;
}
static inline uint32_t octt_muls(uint32_t a, uint32_t b) {
  return (uint32_t)(octt_sext(a, 16) * octt_sext(b, 16));
}
static inline uint32_t octt_field(uint32_t i) {
  const uint32_t at = i & 31, width = i >> 5;
  return (width >= 31 ? ~0U : (2U << width) - 1) << at;
}
static inline uint32_t octt_extractu(uint32_t a, uint32_t i) {
  return (a & octt_field(i)) >> (i & 31);
}
static inline uint32_t octt_extract(uint32_t a, uint32_t i) {
  const uint32_t room = 31 - (i & 31), last = i >> 5 < room ? i >> 5 : room;
  return (uint32_t)octt_sext(a >> (i & 31), (int)last + 1);
}
static inline uint32_t octt_insert(uint32_t a, uint32_t c, uint32_t i) {
  return (c & ~octt_field(i)) | (a << (i & 31) & octt_field(i));
}
static inline int64_t octt_round(int64_t v, uint32_t s) {
  return s == 0 ? v : (v + ((int64_t)1 << (s - 1))) >> s;
}
static inline uint32_t octt_clip(int w, int64_t v) {
  const int64_t hi = ((int64_t)1 << (w - 1)) - 1;
  return (uint32_t)(v > hi ? hi : v < -hi - 1 ? -hi - 1 : v);
}
static inline uint32_t octt_rq(int w, uint32_t a, uint32_t b, uint32_t c, uint32_t i) {
  return octt_insert_lane(
      w, octt_clip(w, octt_round(octt_sext(a, 32) * octt_sext(b, 27), 16 + (b >> 27))), c, i);
}
static inline uint32_t octt_arq(int w, int wout, uint32_t a, uint32_t b, uint32_t c) {
  uint32_t r = 0;
  for (int i = 0; i < 32 / w; ++i) {
    const int64_t v =
        octt_lane(a, w, 1, i) * octt_sext(b, 13) + octt_lane(c, w, 1, i) * octt_sext(b >> 13, 13);
    r = octt_insert_lane(w, octt_clip(wout, octt_round(v, b >> 26 & 31)), r, (uint32_t)i);
  }
  return r;
}
static inline uint32_t octt_mrq(int wout, uint32_t a, uint32_t b, uint32_t c, uint32_t s) {
  uint32_t r = 0;
  for (int i = 0; i < 2; ++i) {
    const int64_t v = octt_lane(c, 16, 1, i) * octt_lane(a, 16, 1, i) +
                      octt_lane(b, 16, 1, i) * (wout == 16 ? 32768 : 256);
    r = octt_insert_lane(16, octt_clip(wout, octt_round(v, s)), r, (uint32_t)i);
  }
  return r;
}

#endif
