// SPDX-License-Identifier: Apache-2.0
// The integer graph once more, in plain loops straight from docs/architecture/
// engine_arithmetic.md, without a function of sw/golden: what the executor is compared with.
// Kernels are left to their golden functions, which have tests of their own.
#pragma once

#include <span>

#include "compiler/integer/run.hpp"

namespace oct::integer::plain {

/// Element of a view, by index.
std::int64_t get(const Graph& graph, const Memory& memory, const View& v,
                 std::span<const std::int64_t> index, std::int64_t slot = 0);
void put(const Graph& graph, Memory& memory, const View& v, std::span<const std::int64_t> index,
         std::int64_t value, std::int64_t slot = 0);

/// Runs one operation, reading and writing element by element.
void run(const Graph& graph, const Operation& op, Memory& memory, std::int64_t slot);

}  // namespace oct::integer::plain
