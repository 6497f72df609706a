// SPDX-License-Identifier: Apache-2.0
// What a DMA job means, in plain C++: its verdict, its bytes, and random jobs.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "harness/seed.hpp"
#include "oct_config.hpp"

namespace dma {

inline constexpr std::int64_t kL1 = oct::config::kL1Bytes;
enum Op : std::uint32_t { kNop = 0x00, kCopy = 0x10, kFill = 0x11 };
enum Cause : std::uint32_t { kNone, kBadOp, kBadField, kL1Range, kSlvErr, kDecErr, kTimeout };

struct Job {
  std::uint32_t op = kCopy, l2 = 0, l1 = 0, row = 64, count1 = 1, count2 = 1;
  std::uint32_t l2_stride1 = 0, l2_stride2 = 0, l1_stride1 = 0, l1_stride2 = 0;
};

struct Verdict {
  std::uint32_t cause = kNone, addr = 0;
  bool operator==(const Verdict&) const = default;
};

inline std::int64_t as_signed(std::uint32_t x) { return static_cast<std::int32_t>(x); }

/// The cause and address that docs/architecture/dma.md promises.
inline Verdict check(const Job& j, bool out) {
  if (j.op == kNop) return {};
  if (j.op != kCopy && (out || j.op != kFill)) return {kBadOp, j.op};
  if (j.row == 0) return {kBadField, 6};
  if (j.count1 == 0 || j.count2 == 0) return {kBadField, 7};
  if (j.l1 >= kL1) return {kL1Range, j.l1};
  if (std::int64_t{j.l1} + j.row > kL1) return {kL1Range, static_cast<std::uint32_t>(kL1)};
  const std::int64_t s1 = as_signed(j.l1_stride1), s2 = as_signed(j.l1_stride2);
  const auto leaves = [](std::int64_t s) { return s < -kL1 || s >= kL1; };
  if (j.count1 > 1 && leaves(s1)) return {kL1Range, j.l1 + j.l1_stride1};
  if (j.count2 > 1 && leaves(s2)) return {kL1Range, j.l1 + j.l1_stride2};
  std::int64_t low = j.l1, high = std::int64_t{j.l1} + j.row;
  for (const std::int64_t reach : {s1 * (j.count1 - 1), s2 * (j.count2 - 1)}) {
    (reach < 0 ? low : high) += reach;
  }
  if (low < 0) return {kL1Range, static_cast<std::uint32_t>(low)};
  if (high > kL1) return {kL1Range, static_cast<std::uint32_t>(kL1)};
  return {};
}

/// Calls f(l2 address, l1 offset) for every byte, in order.
inline void for_each_byte(const Job& j, std::uint32_t l2_offset,
                          const std::function<void(std::uint32_t, std::uint32_t)>& f) {
  if (j.op == kNop) return;
  for (std::uint32_t p = 0; p < j.count2; ++p) {
    for (std::uint32_t r = 0; r < j.count1; ++r) {
      const std::uint32_t l2 = j.l2 + l2_offset + r * j.l2_stride1 + p * j.l2_stride2;
      const std::uint32_t l1 = j.l1 + r * j.l1_stride1 + p * j.l1_stride2;
      for (std::uint32_t b = 0; b < j.row; ++b) f(l2 + b, l1 + b);
    }
  }
}

struct Window {
  std::int64_t first, end;
};

/// A good job inside both windows; l2 addresses are relative to `l2_offset`.
inline Job random_job(std::mt19937_64& r, Window l2, Window l1, std::uint32_t l2_offset,
                      bool fill) {
  for (;;) {
    Job j;
    j.op = fill ? kFill : kCopy;
    const std::int64_t unit = tb::chance(r, 40) ? 64 : tb::chance(r, 30) ? 8 : 1;
    const std::int64_t longest = std::array<std::int64_t, 5>{8, 64, 130, 700, 5000}[r() % 5];
    j.row = static_cast<std::uint32_t>(tb::uniform<std::int64_t>(r, 1, longest));
    if (unit > 1) j.row = static_cast<std::uint32_t>((j.row + unit - 1) / unit * unit);
    j.count1 = tb::chance(r, 30) ? 1 : tb::uniform(r, 1, j.row > 300 ? 4 : 24);
    j.count2 = tb::chance(r, 50) ? 1 : tb::uniform(r, 1, j.row > 300 ? 3 : 9);
    const auto stride = [&](std::int64_t size, std::int64_t count) -> std::uint32_t {
      const std::int64_t room = std::max<std::int64_t>(64, size / count);
      std::int64_t s =
          tb::chance(r, 30) ? j.row : tb::uniform<std::int64_t>(r, 0, room) / unit * unit;
      if (tb::chance(r, 5)) s = 0;
      if (tb::chance(r, 30)) s = -s;
      // Without a second row the stride is not looked at, so it may be anything.
      if (count == 1 && tb::chance(r, 30)) s = static_cast<std::int64_t>(r());
      return static_cast<std::uint32_t>(s);
    };
    j.l1_stride1 = stride((l1.end - l1.first) / 2, j.count1);
    j.l1_stride2 = stride((l1.end - l1.first) / 2, j.count2);
    j.l2_stride1 = stride((l2.end - l2.first) / 2, j.count1);
    j.l2_stride2 = stride((l2.end - l2.first) / 2, j.count2);
    const auto extent = [&](std::uint32_t s1, std::uint32_t s2) {
      std::int64_t low = 0, high = j.row;
      for (const std::int64_t x :
           {as_signed(s1) * (j.count1 - 1), as_signed(s2) * (j.count2 - 1)}) {
        (x < 0 ? low : high) += x;
      }
      return std::pair{low, high};
    };
    const auto place = [&](Window w,
                           std::pair<std::int64_t, std::int64_t> e) -> std::optional<std::int64_t> {
      const std::int64_t first = w.first - e.first, last = w.end - e.second;
      if (first > last) return {};
      if (tb::chance(r, 10)) return tb::chance(r, 50) ? first : last;
      const std::int64_t x = tb::uniform(r, first, last);
      return std::max(first, x / unit * unit);
    };
    const auto l1_at = place(l1, extent(j.l1_stride1, j.l1_stride2));
    const auto l2_at = place(l2, extent(j.l2_stride1, j.l2_stride2));
    if (!l1_at || !l2_at) continue;
    j.l1 = static_cast<std::uint32_t>(*l1_at);
    j.l2 = fill ? static_cast<std::uint32_t>(r()) : static_cast<std::uint32_t>(*l2_at) - l2_offset;
    if (check(j, false).cause == kNone) return j;
  }
}

}  // namespace dma
