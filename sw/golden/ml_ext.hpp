// SPDX-License-Identifier: Apache-2.0
// Bit-exact meaning of every instruction of the ML extension, one function each. The functions see
// operands, not encodings (ml_encoding.hpp has those): a = rs1; b = rs2, or for .sc and .sci the
// replicated scalar; c = the old rd; imm = the immediate. Sections named in the comments are those
// of "CORE-V Instruction Set Extensions" in the CV32E40P user manual, v1.x encodings; where the
// manual leaves the width of a sum open, it is taken modulo 2^32 before the shift.
#pragma once

#include <bit>
#include <cstdint>

namespace oct::golden::ml {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u64 = std::uint64_t;

// ---- Lanes: W = 8, 16 or 32 bits ----------------------------------------------------------

template <unsigned W>
constexpr u32 mask = W == 32 ? ~u32{0} : (u32{1} << (W % 32)) - 1;

/// Sign extension of the low `bits` of v.
constexpr i64 sext(u64 v, unsigned bits) {
  return static_cast<i64>(v << (64 - bits)) >> (64 - bits);
}

template <unsigned W, bool Signed>
constexpr i64 lane(u32 v, unsigned i) {
  const u32 raw = (v >> (i * W)) & mask<W>;
  return Signed ? sext(raw, W) : static_cast<i64>(raw);
}

/// f on every pair of lanes; the result is cut to the lane's width.
template <unsigned W, bool Signed, typename F>
constexpr u32 map_lanes(u32 a, u32 b, F f) {
  u32 r = 0;
  for (unsigned i = 0; i < 32 / W; ++i) {
    r |= (static_cast<u32>(f(lane<W, Signed>(a, i), lane<W, Signed>(b, i))) & mask<W>) << (i * W);
  }
  return r;
}

/// Scalar replication (section SIMD, modes .sc and .sci): the low W bits in every lane.
template <unsigned W>
constexpr u32 replicate(u32 v) {
  return map_lanes<W, false>(0, 0, [v](i64, i64) { return v; });
}

// ---- XCVsimd: SIMD ALU operations ------------------------------------------------------------

template <unsigned W>
constexpr u32 add(u32 a, u32 b) {
  return map_lanes<W, true>(a, b, [](i64 x, i64 y) { return x + y; });
}
template <unsigned W>
constexpr u32 sub(u32 a, u32 b) {
  return map_lanes<W, true>(a, b, [](i64 x, i64 y) { return x - y; });
}

/// The sum wraps to the lane before it is halved: arithmetic shift for cv.avg, logical for cv.avgu.
template <unsigned W, bool Signed>
constexpr u32 avg(u32 a, u32 b) {
  return map_lanes<W, Signed>(a, b, [](i64 x, i64 y) {
    const u64 sum = static_cast<u64>(x + y) & mask<W>;
    return Signed ? sext(sum, W) >> 1 : static_cast<i64>(sum >> 1);
  });
}
template <unsigned W, bool Signed>
constexpr u32 min(u32 a, u32 b) {
  return map_lanes<W, Signed>(a, b, [](i64 x, i64 y) { return x < y ? x : y; });
}
template <unsigned W, bool Signed>
constexpr u32 max(u32 a, u32 b) {
  return map_lanes<W, Signed>(a, b, [](i64 x, i64 y) { return x > y ? x : y; });
}

/// Lane shifts use the low log2(W) bits of each lane of b.
template <unsigned W>
constexpr u32 srl(u32 a, u32 b) {
  return map_lanes<W, false>(a, b, [](i64 x, i64 y) { return x >> (y & (W - 1)); });
}
template <unsigned W>
constexpr u32 sra(u32 a, u32 b) {
  return map_lanes<W, true>(a, b, [](i64 x, i64 y) { return x >> (y & (W - 1)); });
}
template <unsigned W>
constexpr u32 sll(u32 a, u32 b) {
  return map_lanes<W, false>(a, b, [](i64 x, i64 y) { return x << (y & (W - 1)); });
}

/// The most negative value stays itself.
template <unsigned W>
constexpr u32 abs(u32 a) {
  return map_lanes<W, true>(a, 0, [](i64 x, i64) { return x < 0 ? -x : x; });
}

// ---- XCVsimd: SIMD comparison operations: all ones where true
// -------------------------------------

enum class Cmp { kEq, kNe, kGt, kGe, kLt, kLe };

constexpr bool compare(Cmp op, i64 x, i64 y) {
  switch (op) {
    case Cmp::kEq:
      return x == y;
    case Cmp::kNe:
      return x != y;
    case Cmp::kGt:
      return x > y;
    case Cmp::kGe:
      return x >= y;
    case Cmp::kLt:
      return x < y;
    default:
      return x <= y;
  }
}
template <unsigned W, bool Signed, Cmp Op>
constexpr u32 cmp(u32 a, u32 b) {
  return map_lanes<W, Signed>(a, b, [](i64 x, i64 y) { return compare(Op, x, y) ? ~0 : 0; });
}

// ---- XCVsimd: SIMD dot product operations, modulo 2^32
// -------------------------------------------

template <unsigned W, bool SignedA, bool SignedB>
constexpr u32 dot(u32 a, u32 b, u32 acc) {
  i64 sum = 0;
  for (unsigned i = 0; i < 32 / W; ++i) sum += lane<W, SignedA>(a, i) * lane<W, SignedB>(b, i);
  return acc + static_cast<u32>(sum);
}

// ---- XCVsimd: SIMD bit manipulation, shuffle and pack operations
// ---------------------------------

template <unsigned W, bool Signed>
constexpr u32 extract_lane(u32 a, u32 i) {
  return static_cast<u32>(lane<W, Signed>(a, i % (32 / W)));
}
template <unsigned W>
constexpr u32 insert_lane(u32 a, u32 c, u32 i) {
  const unsigned at = i % (32 / W) * W;
  return (c & ~(mask<W> << at)) | ((a & mask<W>) << at);
}

/// cv.shuffle: each lane of b names the lane of a; cv.shuffle2: one more bit chooses a (1) or c
/// (0).
template <unsigned W>
constexpr u32 shuffle2(u32 a, u32 b, u32 c) {
  constexpr u32 n = 32 / W;
  u32 r = 0;
  for (unsigned i = 0; i < n; ++i) {
    const u32 sel = b >> (i * W);
    const u32 from = (sel & n) != 0 ? a : c;
    r |= ((from >> (sel % n * W)) & mask<W>) << (i * W);
  }
  return r;
}
template <unsigned W>
constexpr u32 shuffle(u32 a, u32 b) {
  return shuffle2<W>(a, b, a);
}

/// cv.shuffle.sci.h and cv.shuffleIk.sci.b: the selectors of the lower lanes from imm, lane k on
/// top.
constexpr u32 shuffle_sci_h(u32 a, u32 imm) { return shuffle<16>(a, (imm & 1) | (imm & 2) << 15); }
constexpr u32 shuffle_sci_b(u32 a, u32 imm, u32 k) {
  return shuffle<8>(a, (imm & 3) | (imm & 12) << 6 | (imm & 48) << 12 | k << 24);
}
constexpr u32 pack(u32 a, u32 b) { return a << 16 | (b & 0xffff); }
constexpr u32 pack_h(u32 a, u32 b) { return (a & 0xffff0000) | b >> 16; }
constexpr u32 packlo_b(u32 a, u32 b, u32 c) {
  return (c & 0xffff0000) | (a & 0xff) << 8 | (b & 0xff);
}
constexpr u32 packhi_b(u32 a, u32 b, u32 c) { return (c & 0xffff) | a << 24 | (b & 0xff) << 16; }

// ---- XCValu: general ALU operations
// ---------------------------------------------------------------

/// cv.clipr; the lower bound is tested first, which matters only for a negative bound.
constexpr u32 clipr(u32 a, u32 bound) {
  const i32 x = static_cast<i32>(a), hi = static_cast<i32>(bound), lo = ~hi;
  return static_cast<u32>(x <= lo ? lo : x >= hi ? hi : x);
}
constexpr u32 clipur(u32 a, u32 bound) {
  const i32 x = static_cast<i32>(a), hi = static_cast<i32>(bound);
  return static_cast<u32>(x <= 0 ? 0 : x >= hi ? hi : x);
}
/// Bound of cv.clip and cv.clipu: 2^(is2-1) - 1, and 0 for is2 = 0.
constexpr u32 clip_bound(u32 is2) { return is2 == 0 ? 0 : (u32{1} << (is2 - 1)) - 1; }

/// Shift right after optional rounding (ties towards +infinity), everything modulo 2^32.
constexpr u32 shift_round(u32 v, u32 s, bool round, bool arith) {
  if (round && s != 0) v += u32{1} << (s - 1);
  return arith ? static_cast<u32>(static_cast<i32>(v) >> s) : v >> s;
}

// ---- XCVmac
// -----------------------------------------------------------------------------------------

/// cv.mul*N and cv.mac*N: 16x16 product of the lower (0) or upper (1) halves, plus c for mac.
template <bool Signed, unsigned Half>
constexpr u32 mul_n(u32 a, u32 b, u32 c, u32 s, bool round) {
  const u32 product = static_cast<u32>(lane<16, Signed>(a, Half) * lane<16, Signed>(b, Half));
  return shift_round(c + product, s, round, Signed);
}
constexpr u32 mac(u32 a, u32 b, u32 c) { return c + a * b; }
constexpr u32 msu(u32 a, u32 b, u32 c) { return c - a * b; }

// ---- RV32M multiplications, which share the unit
// ----------------------------------------------------

template <bool SignedA, bool SignedB>
constexpr u32 mulh(u32 a, u32 b) {
  const u64 x = static_cast<u64>(lane<32, SignedA>(a, 0)),
            y = static_cast<u64>(lane<32, SignedB>(b, 0));
  return static_cast<u32>(x * y >> 32);
}

// ---- XCVbitmanip: width is3 + 1 from bit is2, cut at bit 31
// ------------------------------------------

struct Field {
  u32 is3, is2;
};

constexpr Field field_of(u32 rs2) { return {rs2 >> 5 & 31, rs2 & 31}; }
constexpr unsigned width(Field f) { return f.is3 + f.is2 > 31 ? 32 - f.is2 : f.is3 + 1; }
constexpr u32 field_mask(Field f) { return static_cast<u32>((u64{1} << width(f)) - 1) << f.is2; }

constexpr u32 extract(u32 a, Field f) { return static_cast<u32>(sext(a >> f.is2, width(f))); }
constexpr u32 extractu(u32 a, Field f) { return (a & field_mask(f)) >> f.is2; }
constexpr u32 insert(u32 a, u32 c, Field f) {
  return (c & ~field_mask(f)) | ((a << f.is2) & field_mask(f));
}
constexpr u32 bclr(u32 a, Field f) { return a & ~field_mask(f); }
constexpr u32 bset(u32 a, Field f) { return a | field_mask(f); }
constexpr u32 ff1(u32 a) { return static_cast<u32>(std::countr_zero(a)); }
constexpr u32 fl1(u32 a) { return a == 0 ? 32 : 31 - static_cast<u32>(std::countl_zero(a)); }
/// Redundant sign bits: how far a can be shifted left; 0 for 0.
constexpr u32 clb(u32 a) {
  return a == 0 ? 0 : static_cast<u32>(std::countl_zero(a >> 31 != 0 ? ~a : a)) - 1;
}
constexpr u32 cnt(u32 a) { return static_cast<u32>(std::popcount(a)); }
constexpr u32 ror(u32 a, u32 b) { return std::rotr(a, static_cast<int>(b & 31)); }

// ---- Octant's own: requantisation. y = clip(floor((v + 2^(s-1)) / 2^s)), ties towards +infinity
// ------

constexpr i64 round_shift(i64 v, u32 s) { return s == 0 ? v : (v + (i64{1} << (s - 1))) >> s; }

template <unsigned W>
constexpr i64 clip(i64 v) {
  constexpr i64 hi = (i64{1} << (W - 1)) - 1;
  return v > hi ? hi : v < -hi - 1 ? -hi - 1 : v;
}

/// oct.rq.b, oct.rq.h: one INT32 to a lane of rd. rs2 = {(shift - 16)[4:0], multiplier[26:0]
/// signed}.
template <unsigned W>
constexpr u32 rq(u32 a, u32 b, u32 c, u32 i) {
  const i64 v = sext(a, 32) * sext(b, 27);
  return insert_lane<W>(static_cast<u32>(clip<W>(round_shift(v, 16 + (b >> 27)))), c, i);
}

/// oct.arq.b/.h/.hb: a * m1 + c * m2 in every lane; lanes of WIn bits, results clipped to WOut bits
/// and sign-extended to the lane. rs2 = {0, shift[4:0], m2[12:0], m1[12:0]}, multipliers signed.
template <unsigned WIn, unsigned WOut>
constexpr u32 arq(u32 a, u32 b, u32 c) {
  const i64 m1 = sext(b, 13), m2 = sext(b >> 13, 13);
  return map_lanes<WIn, true>(
      a, c, [=](i64 x, i64 y) { return clip<WOut>(round_shift(x * m1 + y * m2, b >> 26 & 31)); });
}

/// oct.mrq.h/.hb: c * a + b * 2^K in every half-word, K = 15 for .h and 8 for .hb.
template <unsigned WOut>
constexpr u32 mrq(u32 a, u32 b, u32 c, u32 s) {
  constexpr unsigned k = WOut == 16 ? 15 : 8;
  u32 r = 0;
  for (unsigned i = 0; i < 2; ++i) {
    const i64 v =
        lane<16, true>(c, i) * lane<16, true>(a, i) + lane<16, true>(b, i) * (i64{1} << k);
    r |= (static_cast<u32>(clip<WOut>(round_shift(v, s))) & 0xffff) << (16 * i);
  }
  return r;
}

// ---- XCVmem and XCVhwlp: what the core has to do
// -------------------------------------------------------

struct Access {
  u32 address, new_rs1;
};

constexpr Access access(u32 rs1, u32 offset, bool post) {
  return post ? Access{rs1, rs1 + offset} : Access{rs1 + offset, rs1};
}

/// One loop's registers; end is the first instruction behind the body.
struct HwLoop {
  u32 start = 0, end = 0, count = 0;
  friend constexpr bool operator==(const HwLoop&, const HwLoop&) = default;
};

enum class Hwlp : u32 { kStarti, kStart, kEndi, kEnd, kCounti, kCount, kSetupi, kSetup };  // funct4

/// uimm_l = bits 31:20 of the instruction, uimm_s = bits 19:15. Addresses have no low two bits.
constexpr HwLoop hwlp(Hwlp op, HwLoop l, u32 pc, u32 rs1, u32 uimm_l, u32 uimm_s) {
  switch (op) {
    case Hwlp::kStarti:
      l.start = pc + (uimm_l << 2);
      break;
    case Hwlp::kStart:
      l.start = rs1;
      break;
    case Hwlp::kEndi:
      l.end = pc + (uimm_l << 2);
      break;
    case Hwlp::kEnd:
      l.end = rs1;
      break;
    case Hwlp::kCounti:
      l.count = uimm_l;
      break;
    case Hwlp::kCount:
      l.count = rs1;
      break;
    case Hwlp::kSetupi:
      l = {pc + 4, pc + (uimm_s << 2), uimm_l};
      break;
    case Hwlp::kSetup:
      l = {pc + 4, pc + (uimm_l << 2), rs1};
      break;
  }
  return {l.start & ~u32{3}, l.end & ~u32{3}, l.count};
}

}  // namespace oct::golden::ml
