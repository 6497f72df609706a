// SPDX-License-Identifier: Apache-2.0
#include "engine_plan_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace octant::plan_parts {
namespace {
constexpr u32 kOpCopy = 0x10;
}

u32 L2::put(std::vector<u8> bytes) {
  const u32 at = room(static_cast<u32>(bytes.size()));
  plan.memory.push_back({at, std::move(bytes)});
  return at;
}
u32 L2::room(u32 bytes) {
  const u32 at = next;
  next = up(next + u64{bytes}, 4096);
  return at;
}

void add(std::vector<u32>& ring, const Copy& c) {
  std::array<u32, 16> w{};
  w[0] = kOpCopy;
  w[1] = c.wait0, w[2] = c.wait1, w[3] = c.signal0;
  w[4] = c.l2, w[5] = c.l1, w[6] = c.bytes;
  w[7] = c.rows | 1U << 16;
  w[8] = c.l2_stride, w[10] = c.l1_stride;
  ring.insert(ring.end(), w.begin(), w.end());
}
void add(std::vector<u32>& ring, const golden::Descriptor& d) {
  ring.insert(ring.end(), d.w.begin(), d.w.end());
}

std::vector<u8> noise(std::mt19937_64& random, u64 bytes) {
  std::vector<u8> v(bytes);
  for (u8& b : v) b = static_cast<u8>(random());
  return v;
}
namespace {
void put32(std::vector<u8>& v, u64 at, u32 x) { std::memcpy(&v[at], &x, 4); }
}  // namespace

std::vector<u8> plane_a(std::mt19937_64& random, u32 n, u32 k) {
  std::vector<u8> v(u64{n} * 8);
  const double scale = 40.0 / (5400.0 * std::sqrt(static_cast<double>(k)));
  for (u32 i = 0; i < n; ++i) {
    put32(v, 8 * i, static_cast<u32>(static_cast<std::int32_t>(random()) >> 14));
    const double wanted = scale * (0.5 + static_cast<double>(random() % 1000) / 1000);
    int exponent = 0;
    const double mantissa = std::frexp(wanted, &exponent);  // [0.5, 1) * 2^exponent
    const auto m = static_cast<u32>(std::lround(mantissa * (1 << 23)));
    const u32 shift = static_cast<u32>(23 - exponent - 14);
    put32(v, 8 * i + 4, std::min(m, (1U << 23) - 1) | shift << 24);
  }
  return v;
}

std::vector<u8> head_parameters(u32 heads, u32 d) {
  std::vector<u8> v(u64{heads} * 8);
  // Logits of deviation about 2 octaves; outputs as they are.
  const double scale = 128.0 / (5400.0 * std::sqrt(static_cast<double>(d)));
  int exponent = 0;
  const double mantissa = std::frexp(scale, &exponent);
  for (u32 h = 0; h < heads; ++h) {
    put32(v, 8 * h, static_cast<u32>(mantissa * (1 << 23)) | static_cast<u32>(23 - exponent) << 24);
    put32(v, 8 * h + 4, 0x600000U | 22U << 24);  // 1.5
  }
  return v;
}

golden::Descriptor gemm(u32 m, u32 n, u32 k, u32 a, u32 a_stride, u32 b, u32 b_stride, u32 y,
                        u32 y_stride, u32 params) {
  golden::Descriptor d;
  d.w[0] = golden::kOpGemm | 1U << 8;
  d.w[5] = m | n << 16;
  d.w[6] = k;
  d.w[7] = a, d.w[8] = a_stride, d.w[9] = b, d.w[10] = b_stride;
  d.w[11] = y, d.w[12] = y_stride;
  d.w[15] = params;
  d.w[19] = 0x007fff80;
  return d;
}

void expect(std::span<u8> l1, const golden::Descriptor& d, const std::string& name) {
  const golden::JobResult r = golden::run_engine_job(l1, d);
  if (r.cause != golden::Cause::kNone) {
    throw std::invalid_argument(fmt::format("{}: the engine refuses it (cause {}, {})", name,
                                            static_cast<int>(r.cause), r.addr));
  }
}

golden::Descriptor attention(const EngineCase& c, u32 heads, u32 q, u32 k, u32 v, u32 v_stride,
                             u32 params) {
  golden::Descriptor d;
  const u32 row = up(c.d, 8);
  d.w[0] = golden::kOpAttn | 1U << 8;
  d.w[4] = 3U << 2 | (c.mask == EngineCase::Mask::kCausal ? 1U : 0U);
  const u32 keys = c.mask == EngineCase::Mask::kPadding ? std::max(1U, c.s - c.s / 8) : c.s;
  d.w[5] = c.s | keys << 16;
  d.w[6] = c.d | c.d << 8 | heads << 16 | 1U << 24;
  d.w[7] = q, d.w[8] = row, d.w[9] = k, d.w[10] = row, d.w[11] = v, d.w[12] = v_stride;
  d.w[13] = q, d.w[14] = row;  // the output takes the place of Q
  d.w[15] = params;
  d.w[20] = c.s * row, d.w[21] = c.s * row, d.w[22] = c.d * v_stride, d.w[23] = c.s * row;
  return d;
}
}  // namespace octant::plan_parts
