// SPDX-License-Identifier: Apache-2.0
// A table of two kernels, for the tests of the executor alone.
#include <fmt/format.h>

#include <cstring>

#include "compiler/integer/kernels.hpp"

namespace oct::integer {
namespace {

void table(const KernelCall& c) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    const std::uint8_t* x = c.inputs[0].data + i * c.inputs[0].stride;
    std::uint8_t* y = c.outputs[0].data + i * c.outputs[0].stride;
    for (std::int32_t j = 0; j < c.args[0]; ++j) y[j] = c.constants[0][(x[j] + 128) & 255];
  }
}

void transpose(const KernelCall& c) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    for (std::int32_t j = 0; j < c.args[0]; ++j) {
      c.outputs[0].data[j * c.outputs[0].stride + i] = c.inputs[0].data[i * c.inputs[0].stride + j];
    }
  }
}

}  // namespace

const std::vector<KernelInfo>& all_kernels() {
  static const std::vector<KernelInfo> kAll{{.name = "table_i8_i8",
                                             .function = "",
                                             .inputs = {Elem::kI8},
                                             .outputs = {Elem::kI8},
                                             .constants = {Elem::kI8},
                                             .args = 1,
                                             .golden = table},
                                            {.name = "transpose_b1",
                                             .function = "",
                                             .row_wise = false,
                                             .inputs = {Elem::kI8},
                                             .outputs = {Elem::kI8},
                                             .constants = {},
                                             .args = 1,
                                             .golden = transpose}};
  return kAll;
}

bool has_kernel(std::string_view name) {
  for (const KernelInfo& k : all_kernels()) {
    if (k.name == name) return true;
  }
  return false;
}

const KernelInfo& kernel_info(std::string_view name) {
  for (const KernelInfo& k : all_kernels()) {
    if (k.name == name) return k;
  }
  throw ir::GraphError(fmt::format("there is no kernel {}", name));
}

}  // namespace oct::integer
