// SPDX-License-Identifier: Apache-2.0
// Jobs and drain commands as the test of oct_attn_drain draws them, and what the golden model makes
// of them.
#pragma once

#include <string>
#include <vector>

#include "engine_math.hpp"
#include "oct_config.hpp"

namespace drain_bench {

namespace golden = oct::golden::engine;

constexpr unsigned kUnits = oct::config::kEngineMacs / 64;
constexpr unsigned kHalves = oct::config::kEnginePorts / 8;
constexpr unsigned kLatency = 9;
constexpr std::uint32_t kMemory = 64 * 1024;

struct Job {
  bool attn = false, last = true, table = false, r16 = false, y16 = false, plane_b = false;
  golden::Epilogue epilogue;
  std::uint32_t tab = 0, r_stride = 0;
};

struct Command {
  unsigned ctx = 0, region = 0, rows = 1, groups = 1, cols = 1;
  std::uint32_t y = 0, r = 0, a = 0, b = 0, c = 0;
  bool table_load = false;
  std::vector<std::vector<std::int32_t>> sums;  // by row, unit
  std::vector<golden::Scale> norm;              // attention
  std::vector<std::uint64_t> state;
};

struct Vector {
  std::uint32_t y_addr;
  bool first, group_last, last;
  std::vector<int> y;  // those that count
  unsigned bits;
  std::string what{};
};

class Model {
 public:
  explicit Model(const std::vector<std::uint8_t>& l1) : memory(l1) {}

  std::uint32_t get32(std::uint32_t addr) const {
    std::uint32_t v = 0;
    for (unsigned i = 0; i < 4; ++i) v |= std::uint32_t{memory.at(addr + i)} << 8 * i;
    return v;
  }

  /// What must come out of a command.
  [[nodiscard]] std::vector<Vector> vectors(const Job& j, const Command& c) const {
    if (j.attn && !j.last) return raw(c);
    std::vector<Vector> out;
    for (unsigned g = 0; g < c.groups; ++g) {
      for (unsigned i = 0; i < c.rows; ++i) {
        Vector v{c.y, g == 0 && i == 0, i + 1 == c.rows, i + 1 == c.rows && g + 1 == c.groups, {},
                 8};
        v.bits = j.y16 ? 16 : 8;
        v.what = describe(j, c, g, i);
        for (unsigned u = 0; u < kUnits && kUnits * g + u < c.cols; ++u) {
          const std::int32_t sum = c.sums[g * c.rows + i][u];
          v.y.push_back(j.attn ? golden::normalise(sum, c.norm[u])
                               : element(j, c, i, kUnits * g + u, sum));
        }
        out.push_back(v);
      }
    }
    return out;
  }
  static std::string describe(const Job& j, const Command& c, unsigned g, unsigned i) {
    return "ctx " + std::to_string(c.ctx) + " region " + std::to_string(c.region) + " rows " +
           std::to_string(c.rows) + " groups " + std::to_string(c.groups) + " cols " +
           std::to_string(c.cols) + (j.attn ? " attn" : "") + (j.table ? " table" : "") +
           (j.r16 ? " r16" : "") + (j.y16 ? " y16" : "") + (j.plane_b ? " planeb" : "") +
           (j.epilogue.relu ? " relu" : "") + " residual " +
           std::to_string(static_cast<unsigned>(j.epilogue.residual)) + ", group " +
           std::to_string(g) + " row " + std::to_string(i);
  }
  int element(const Job& j, const Command& c, unsigned i, unsigned n, std::int32_t sum) const {
    golden::Channel p;
    p.bias = static_cast<std::int32_t>(get32(c.a + 8 * n));
    p.m1 = golden::unpack_scale(get32(c.a + 8 * n + 4));
    if (j.plane_b) {
      p.m2 = golden::unpack_scale(get32(c.b + 8 * n));
      p.b2 = static_cast<std::int32_t>(get32(c.b + 8 * n + 4));
    }
    if (j.table) p.m0 = golden::unpack_scale(get32(c.c + 4 * n));
    std::int32_t r = 0;
    if (j.epilogue.residual != golden::Residual::kNone) {
      const std::uint32_t at = c.r + i * j.r_stride + n * (j.r16 ? 2 : 1);
      r = j.r16 ? static_cast<std::int16_t>(memory.at(at) | memory.at(at + 1) << 8)
                : static_cast<std::int8_t>(memory.at(at));
    }
    const auto* table = reinterpret_cast<const std::int8_t*>(&memory[j.tab]);
    return golden::epilogue(sum, r, p, j.epilogue, table);
  }
  static std::vector<Vector> raw(const Command& c) {
    std::vector<Vector> out;
    std::vector<std::uint16_t> halves;
    for (const auto& row : c.sums) {
      for (const std::int32_t s : row) {
        halves.push_back(static_cast<std::uint16_t>(s));
        halves.push_back(static_cast<std::uint16_t>(s >> 16));
      }
    }
    for (const std::uint64_t s : c.state) {
      for (unsigned i = 0; i < 4; ++i) halves.push_back(static_cast<std::uint16_t>(s >> 16 * i));
    }
    for (std::size_t at = 0; at < halves.size(); at += kUnits) {
      Vector v{c.y, at == 0, at + kUnits == halves.size(), at + kUnits == halves.size(), {}, 16};
      for (unsigned u = 0; u < kUnits; ++u)
        v.y.push_back(static_cast<std::int16_t>(halves[at + u]));
      out.push_back(v);
    }
    return out;
  }

  const std::vector<std::uint8_t>& memory;
};

}  // namespace drain_bench
