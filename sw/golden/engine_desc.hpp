// SPDX-License-Identifier: Apache-2.0
// Descriptors of the attention engine as fields, and the checks that a machine makes before a job
// starts. The table: docs/architecture/engine.md; C view: sw/runtime/include/oct_engine.h.
#pragma once

#include <array>
#include <cstdint>

#include "engine_math.hpp"

namespace oct::golden::engine {

inline constexpr std::uint32_t kOpGemm = 0x30, kOpAttn = 0x31;

/// Both units, modifiers already applied; w[28..31] are not looked at.
struct Descriptor {
  std::array<std::uint32_t, 32> w{};
  [[nodiscard]] std::uint32_t op() const { return w[0] & 0xff; }
};

/// cause_e of oct_job_pkg.
enum class Cause : std::uint8_t { kNone = 0, kBadOp = 1, kBadField = 2, kL1Range = 3 };

struct JobResult {
  Cause cause = Cause::kNone;
  std::uint32_t addr = 0;  // bad field: index of the word; range: an L1 offset outside
  friend constexpr bool operator==(const JobResult&, const JobResult&) = default;
};

/// Rows in L1: byte offset of the first, bytes between two.
struct Matrix {
  std::uint32_t addr = 0, stride = 0;
  [[nodiscard]] constexpr std::uint32_t row(std::uint32_t i) const { return addr + i * stride; }
};

struct GemmJob {
  bool w_kn = false, y_trans = false, y16 = false, r16 = false, plane_b = false;
  Epilogue epilogue{};
  std::uint32_t m = 1, n = 1, k = 1;
  std::uint32_t segment = 0, segment_stride = 0;
  Matrix a{}, b{}, c{}, r{};
  std::uint32_t plane_a_addr = 0, plane_b_addr = 0, plane_c_addr = 0, table_addr = 0;
  std::uint32_t batch = 1, a_batch = 0, b_batch = 0, c_batch = 0, r_batch = 0, p_batch = 0;
};

struct AttnJob {
  bool causal = false, key_mask = false, first = true, last = true;
  std::uint32_t sq = 1, sk = 1, d = 1, dv = 1, heads = 1, group = 1;
  Matrix q{}, k{}, v{}, o{};
  std::uint32_t params = 0, mask = 0, state = 0;
  std::int32_t offset = 0;
  std::uint32_t window = 0;
  std::uint32_t q_head = 0, k_head = 0, v_head = 0, o_head = 0;

  [[nodiscard]] constexpr std::uint32_t state_bytes() const {
    return ((sq + 15) / 16 * 16 * ((dv + 1) / 2 * 8 + 8) + 63) / 64 * 64;
  }
};

inline GemmJob decode_gemm(const Descriptor& d) {
  const auto& w = d.w;
  GemmJob j;
  j.w_kn = w[4] & 1;
  j.y_trans = w[4] >> 1 & 1;
  j.y16 = w[4] >> 2 & 1;
  j.r16 = w[4] >> 3 & 1;
  j.epilogue.residual = static_cast<Residual>(w[4] >> 4 & 3);
  j.epilogue.table = w[4] >> 6 & 1;
  j.epilogue.relu = w[4] >> 7 & 1;
  j.plane_b = (w[4] >> 8 & 1) != 0 || j.epilogue.residual != Residual::kNone;
  j.m = w[5] & 0xffff;
  j.n = w[5] >> 16;
  j.k = w[6] & 0xffff;
  j.segment = w[6] >> 16;
  j.a = {w[7], w[8]};
  j.b = {w[9], w[10]};
  j.c = {w[11], w[12]};
  j.r = {w[13], w[14]};
  j.plane_a_addr = w[15];
  j.plane_b_addr = w[16];
  j.plane_c_addr = w[17];
  j.table_addr = w[18];
  j.epilogue.lo = static_cast<std::int16_t>(w[19]);
  j.epilogue.hi = static_cast<std::int16_t>(w[19] >> 16);
  j.batch = std::max(1U, w[20] & 0xffff);
  j.segment_stride = w[21];
  j.a_batch = w[22];
  j.b_batch = w[23];
  j.c_batch = w[24];
  j.r_batch = w[25];
  j.p_batch = w[26];
  return j;
}

inline AttnJob decode_attn(const Descriptor& d) {
  const auto& w = d.w;
  AttnJob j;
  j.causal = w[4] & 1;
  j.key_mask = w[4] >> 1 & 1;
  j.first = w[4] >> 2 & 1;
  j.last = w[4] >> 3 & 1;
  j.sq = w[5] & 0xffff;
  j.sk = w[5] >> 16;
  j.d = w[6] & 0xff;
  j.dv = w[6] >> 8 & 0xff;
  j.heads = w[6] >> 16 & 0xff;
  j.group = std::max(1U, w[6] >> 24);
  j.q = {w[7], w[8]};
  j.k = {w[9], w[10]};
  j.v = {w[11], w[12]};
  j.o = {w[13], w[14]};
  j.params = w[15];
  j.mask = w[16];
  j.state = w[17];
  j.offset = static_cast<std::int32_t>(w[18]);
  j.window = w[19] & 0xffff;
  j.q_head = w[20];
  j.k_head = w[21];
  j.v_head = w[22];
  j.o_head = w[23];
  return j;
}

/// Index of the first word of a GEMM that breaks a rule, or 0.
inline std::uint32_t bad_word_gemm(const Descriptor& d) {
  const auto& w = d.w;
  const GemmJob j = decode_gemm(d);
  const bool residual = j.epilogue.residual != Residual::kNone;
  const bool batch = j.batch > 1;
  const auto odd = [&](unsigned i) { return (w[i] & 7) != 0; };
  if (w[4] >> 9 != 0 || (w[4] >> 4 & 3) == 3 || (j.y_trans && j.y16)) return 4;
  if (j.m == 0 || j.n == 0) return 5;
  const bool short_segment = j.segment == 8 || j.segment == 16 || j.segment == 32;
  if (j.k == 0 || (j.segment % 64 != 0 && !short_segment)) return 6;
  for (unsigned i = 7; i <= 12; ++i) {
    if (odd(i)) return i;
  }
  if (residual && odd(13)) return 13;
  if (residual && odd(14)) return 14;
  if (odd(15)) return 15;
  if (j.plane_b && odd(16)) return 16;
  if (j.epilogue.table && odd(17)) return 17;
  if (j.epilogue.table && odd(18)) return 18;
  const bool byte_range = j.epilogue.lo >= -128 && j.epilogue.hi <= 127;
  if (j.epilogue.lo > j.epilogue.hi || (!j.y16 && !byte_range)) return 19;
  if (w[20] >> 16 != 0) return 20;
  if (j.segment != 0 && odd(21)) return 21;
  for (unsigned i = 22; i <= 24; ++i) {
    if (batch && odd(i)) return i;
  }
  if (batch && residual && odd(25)) return 25;
  // Half of it is the stride of plane C.
  if (batch && (odd(26) || (j.epilogue.table && (w[26] & 15) != 0))) return 26;
  return w[27] != 0 ? 27 : 0;
}

/// The same for attention.
inline std::uint32_t bad_word_attn(const Descriptor& d) {
  const auto& w = d.w;
  const AttnJob j = decode_attn(d);
  const auto odd = [&](unsigned i) { return (w[i] & 7) != 0; };
  if (w[4] >> 4 != 0) return 4;
  if (j.sq == 0 || j.sk == 0) return 5;
  if (j.d == 0 || j.d > 128 || j.dv == 0 || j.dv > 128 || j.heads == 0) return 6;
  for (unsigned i = 7; i <= 12; ++i) {
    if (odd(i)) return i;
  }
  if (j.last && odd(13)) return 13;
  if (j.last && odd(14)) return 14;
  if (odd(15)) return 15;
  if (j.key_mask && odd(16)) return 16;
  if (!(j.first && j.last) && odd(17)) return 17;
  if (w[19] >> 16 != 0) return 19;
  for (unsigned i = 20; i <= 22; ++i) {
    if (j.heads > 1 && odd(i)) return i;
  }
  if (j.heads > 1 && j.last && odd(23)) return 23;
  for (unsigned i = 24; i <= 27; ++i) {
    if (w[i] != 0) return i;
  }
  return 0;
}

/// The checks before a job starts.
inline JobResult check(const Descriptor& d) {
  std::uint32_t bad = 0;
  if (d.op() == kOpGemm) {
    bad = bad_word_gemm(d);
  } else if (d.op() == kOpAttn) {
    bad = bad_word_attn(d);
  } else {
    return {Cause::kBadOp, 0};
  }
  return bad != 0 ? JobResult{Cause::kBadField, bad} : JobResult{};
}

}  // namespace oct::golden::engine
