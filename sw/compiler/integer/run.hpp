// SPDX-License-Identifier: Apache-2.0
// The golden executor: an integer graph, operation by operation, with the functions of sw/golden.
// Everything that a schedule, emitted C or the cluster computes is compared with its tensors.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compiler/integer/graph.hpp"
#include "compiler/ir/tensor.hpp"

namespace oct::integer {

/// Bytes of every tensor, as stored.
using Memory = std::vector<std::vector<std::uint8_t>>;

/// Constants in place, everything else filled with `fill`.
[[nodiscard]] Memory make_memory(const Graph& graph, std::uint8_t fill = 0);

/// The last place of a cache.
inline constexpr std::int64_t kLastSlot = -1;

/// Runs one operation.
void run(const Graph& graph, const Operation& op, Memory& memory, std::int64_t slot = kLastSlot);
/// Runs all; `after` is called behind each.
void run(const Graph& graph, Memory& memory,
         const std::function<void(std::size_t op)>& after = nullptr, std::int64_t slot = kLastSlot);

/// Host conversions through ports: floats are divided by the scale and rounded to nearest, ties to
/// even, saturated; integers are copied. Throws CompileError with the port's name on a wrong shape.
void write_input(const Graph& graph, const Port& port, const ir::Tensor& value, Memory& memory);
[[nodiscard]] ir::Tensor read_output(const Graph& graph, const Port& port, const Memory& memory);
using Tensors = std::map<std::string, ir::Tensor>;
/// All three.
[[nodiscard]] Tensors run(const Graph& graph, const Tensors& inputs);

}  // namespace oct::integer
