// SPDX-License-Identifier: Apache-2.0
// The parts of type inference; infer_type in infer.cpp puts them together.
#pragma once

#include <fmt/format.h>

#include "compiler/ir/graph.hpp"

namespace oct::ir::infer {

using Operands = std::vector<const Value*>;

/// Throws CompileError with the formatted message unless `good`.
template <typename... Args>
void require(bool good, fmt::format_string<Args...> format, Args&&... args) {
  if (!good) throw CompileError(fmt::format(format, std::forward<Args>(args)...));
}

[[nodiscard]] inline const Value& operand(const Operands& in, std::size_t i) {
  require(i < in.size() && in[i], "operand {} is missing", i);
  return *in[i];
}
[[nodiscard]] inline bool has(const Operands& in, std::size_t i) { return i < in.size() && in[i]; }

/// Matrix products, attention, convolutions, pools.
[[nodiscard]] Type compute(Op op, const Operands& in, const Attributes& attrs);
/// Layout, gathering, reductions.
[[nodiscard]] Type movement(Op op, const Operands& in, const Attributes& attrs);

}  // namespace oct::ir::infer
