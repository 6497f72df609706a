// SPDX-License-Identifier: Apache-2.0
// The integer graph as ONNX, to look at in Netron. Domain "octant"; one node an operation and one a
// port. A node's inputs are its operands in this order ("" where one is left out):
//   Gemm          a, w, plane A, plane B, plane C, table, r
//   Attention     q, k, v, head parameters, key mask
//   a kernel      inputs, constants
//   Copy, Gather  from; ids, table
//   HostWrite, HostRead   the graph's input; the tensor
// and, last, what the written tensor held before where only part of it is written. Views that are
// not the whole tensor stand in attributes (a_offset, a_sizes, a_strides: elements and bytes),
// roles, scales and sources in doc strings.
#pragma once

#include <filesystem>

#include "compiler/integer/graph.hpp"

namespace oct::integer {

/// Throws CompileError if the file cannot be written.
void save_onnx(const Graph& graph, const std::filesystem::path& path);

}  // namespace oct::integer
