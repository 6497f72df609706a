// SPDX-License-Identifier: Apache-2.0
// The kernels that an integer graph may name: golden function, function in sw/kernels, cost.
// One entry a kernel in kernels.cpp; operands and arguments are listed in sw/kernels/oct_network.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/integer/graph.hpp"

namespace oct::integer {

/// One job: operands as places on the host.
struct Rows {
  std::uint8_t* data = nullptr;
  std::int64_t stride = 0;  ///< bytes between rows
};
struct KernelCall {
  std::int64_t rows = 0;
  std::vector<Rows> inputs, outputs;
  std::vector<const std::uint8_t*> constants;
  std::vector<std::int32_t> args;
};

struct KernelInfo {
  std::string_view name;      ///< "layernorm_i16_i8"
  std::string_view function;  ///< in sw/kernels: "oct_net_layernorm_i16_i8"
  bool row_wise = true;       ///< rows are independent of each other
  std::vector<Elem> inputs, outputs, constants;
  std::size_t args = 0;
  void (*golden)(const KernelCall&) = nullptr;
  /// The C function itself, compiled for the host: job words as the device sees them, addresses
  /// resolved by oct_net_memory (sw/kernels/oct_network.h).
  int (*host)(void* job, unsigned rank, unsigned size) = nullptr;
  /// Cycles on `workers` workers of the machine, start-up included.
  double (*cycles)(std::int64_t rows, const std::vector<std::int32_t>& args,
                   unsigned workers) = nullptr;
  bool typed = false;  ///< element types are the job's: typed_elem()
};

/// Throws ir::GraphError for a name that is not there.
[[nodiscard]] const KernelInfo& kernel_info(std::string_view name);
[[nodiscard]] bool has_kernel(std::string_view name);
/// Those with fixed types.
[[nodiscard]] const std::vector<KernelInfo>& all_kernels();
/// Those of the integer dialect (sw/kernels/oct_dialect.h), which kernel_info() knows, too.
[[nodiscard]] const std::vector<KernelInfo>& dialect_kernels();
/// Those for networks that come quantised (sw/kernels/oct_quantised.h); kernel_info() knows them.
[[nodiscard]] const std::vector<KernelInfo>& quantised_kernels();
/// Element type of an operand of the dialect's, inputs first, then outputs.
[[nodiscard]] Elem typed_elem(const std::vector<std::int32_t>& args, std::size_t operand);

}  // namespace oct::integer
