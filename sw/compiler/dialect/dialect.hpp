// SPDX-License-Identifier: Apache-2.0
// A network of the integer dialect (every value INT32, import/lower_dialect.cpp) to the integer
// graph: no calibration, no scales. docs/architecture/dialect.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "compiler/lower/lower.hpp"

namespace oct::dialect {

/// What a value can be. Ends beyond 64 bits are cut.
struct Range {
  std::int64_t lo = INT32_MIN, hi = INT32_MAX;
  [[nodiscard]] bool within(std::int64_t low, std::int64_t high) const {
    return lo >= low && hi <= high;
  }
  [[nodiscard]] std::int64_t largest() const;  ///< of the absolute values
};

struct Options {
  std::int64_t l1_bytes = 128 * 1024;   ///< operations are cut so that blocks of them fit
  std::map<std::string, Range> inputs;  ///< by name; those left out are INT32
};

/// Values that fit are INT8 or UINT8, all others INT32; scales are 1. Throws CompileError listing
/// every node that has no form.
[[nodiscard]] lower::Lowered lower(const ir::Graph& graph, const Options& options);

}  // namespace oct::dialect
