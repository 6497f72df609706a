// SPDX-License-Identifier: Apache-2.0
// Random jobs of the kernels of networks, with their golden results; for the tests of the host and
// for the program that runs them on the device.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "compiler/integer/kernels.hpp"

namespace oct::network_case {

/// Rows of bytes; `bytes` of the first `used` of each row are the kernel's.
struct Operand {
  std::vector<std::uint8_t> data;
  std::int64_t rows = 0, stride = 0, used = 0;
};

struct Case {
  const integer::KernelInfo* info = nullptr;
  std::int64_t rows = 0;
  std::vector<Operand> inputs, outputs;  // outputs: golden results, 0xa5 elsewhere
  std::vector<std::vector<std::uint8_t>> constants;
  std::vector<std::int32_t> args;
};

struct Shape {
  std::int64_t rows = 1, n = 1;
  bool extreme = false;  // operands full of the smallest and largest values
  std::int64_t pad = 0;  // bytes between rows, besides rounding up to 4
};

/// Rows and columns are changed where a kernel cannot have them (rotary, pools).
Case make_case(const std::string& kernel, const Shape& shape, std::mt19937_64& random);

/// Words of the job; addresses of operands follow from `base`: inputs, outputs, constants, each at
/// the next multiple of 8. `image` gets them all, outputs as 0xa5.
std::vector<std::uint32_t> place(const Case& c, std::uint32_t base,
                                 std::vector<std::uint8_t>& image);
/// Where output 0 starts in the image.
std::size_t output_offset(const Case& c);

}  // namespace oct::network_case
