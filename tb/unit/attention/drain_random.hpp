// SPDX-License-Identifier: Apache-2.0
// Random jobs and drain commands with their data, for drain_bench.
#pragma once

#include <algorithm>

#include "drain_bench.hpp"

namespace drain_bench {

struct Draw {
  Bench& bench;
  std::uint32_t next = 0;

  std::uint32_t place(std::uint32_t bytes) {
    const std::uint32_t at = next;
    next += (bytes + 7) / 8 * 8 + 8 * bench.uniform(0, 2);
    REQUIRE(next <= kMemory);
    return at;
  }
  golden::Scale scale(int e) {
    if (bench.chance(3)) {
      return golden::unpack_scale(static_cast<std::uint32_t>(bench.random()()));
    }
    golden::Scale s{static_cast<std::int32_t>(bench.uniform(1 << 22, (1 << 23) - 1)),
                    static_cast<unsigned>(std::clamp(23 - e, 0, 63))};
    if (bench.chance(20)) s.m = -s.m;
    return s;
  }
  std::int32_t number(unsigned bits) {
    return static_cast<std::int32_t>(bench.random()()) >> (31 - bits);
  }

  Job job() {
    Job j;
    j.attn = bench.chance(30);
    j.last = !j.attn || bench.chance(70);
    if (j.attn) return j;
    j.table = bench.chance(35);
    j.y16 = bench.chance(40);
    j.r16 = bench.chance(50);
    j.epilogue.table = j.table;
    j.epilogue.relu = bench.chance(25);
    j.epilogue.residual = static_cast<golden::Residual>(bench.chance(40) ? 0 : bench.uniform(1, 2));
    j.plane_b = j.epilogue.residual != golden::Residual::kNone || bench.chance(25);
    if (j.y16) j.epilogue.lo = -32768, j.epilogue.hi = 32767;
    if (bench.chance(20)) j.epilogue.lo = -7, j.epilogue.hi = 99;
    if (j.table) {
      j.tab = place(256);
      bench.want(j.tab, 256);
    }
    return j;
  }

  /// Sets j.r_stride with the first command of a job.
  Command command(Job& j, unsigned ctx, unsigned region) {
    Command c;
    c.ctx = ctx;
    c.region = region;
    c.y = bench.uniform(0, 1 << 20);
    if (j.attn) {
      c.rows = bench.chance(20) ? bench.uniform(65, 128) : bench.uniform(1, 64);
      if (bench.chance(20)) c.rows = bench.chance(50) ? 64 : 128;
      c.cols = bench.uniform(1, kUnits);
      for (unsigned u = 0; u < kUnits; ++u) {
        c.norm.push_back(
            {static_cast<std::int32_t>(bench.uniform(0, (1 << 23) - 1)), bench.uniform(14, 30)});
        c.state.push_back(bench.random()());
      }
    } else {
      c.rows = bench.chance(30) ? 1 : bench.uniform(1, 32);
      c.groups = bench.uniform(1, std::min(64 / c.rows, 12U));
      c.cols = kUnits * c.groups - (bench.chance(60) ? bench.uniform(0, kUnits - 1) : 0);
      planes(j, c);
    }
    for (unsigned i = 0; i < c.rows * c.groups; ++i) {
      std::vector<std::int32_t> row;
      for (unsigned u = 0; u < kUnits; ++u)
        row.push_back(number(bench.uniform(8, bench.chance(10) ? 31 : 20)));
      c.sums.push_back(row);
    }
    return c;
  }

  void planes(Job& j, Command& c) {
    const unsigned n = c.cols;
    c.a = place(8 * n);
    bench.want(c.a, 8 * n);
    c.b = place(8 * n);
    if (j.plane_b) bench.want(c.b, 8 * n);
    c.c = place(4 * n);
    if (j.table) bench.want(c.c, 4 * n);
    const bool mul = j.epilogue.residual == golden::Residual::kMultiplied;
    const int range = j.y16 ? 12 : 5;
    for (unsigned i = 0; i < n; ++i) {
      bench.put32(c.a + 8 * i, static_cast<std::uint32_t>(number(bench.chance(3) ? 31 : 19)));
      bench.put32(c.a + 8 * i + 4,
                  golden::pack_scale(scale((mul ? 22 : range + 14) - (j.table ? 7 : 19))));
      bench.put32(c.b + 8 * i, golden::pack_scale(scale(mul ? range - 22 + (j.r16 ? 0 : 8) + 14
                                                            : range + 14 - (j.r16 ? 15 : 7))));
      bench.put32(c.b + 8 * i + 4, static_cast<std::uint32_t>(number(bench.chance(3) ? 31 : 18)));
    }
    for (unsigned i = 0; i < n; ++i) bench.put32(c.c + 4 * i, golden::pack_scale(scale(20 - 19)));
    if (j.epilogue.residual == golden::Residual::kNone) return;
    const unsigned bytes = n * (j.r16 ? 2 : 1);
    if (j.r_stride == 0) j.r_stride = 8 * bench.uniform(1, 60);
    // Columns of a block may start in the middle of a word.
    const unsigned shift = kUnits == 4 && !j.r16 && bench.chance(50) ? 4 : 0;
    const std::uint32_t at = place(j.r_stride * (c.rows - 1) + bytes + shift);
    c.r = at + shift;
    for (unsigned i = 0; i < c.rows; ++i) bench.want(c.r + i * j.r_stride, bytes);
  }
};

}  // namespace drain_bench
