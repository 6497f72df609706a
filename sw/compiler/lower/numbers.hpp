// SPDX-License-Identifier: Apache-2.0
// Helpers of lower.hpp's integers.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/lower/lower.hpp"
#include "golden/quantised.hpp"

namespace oct::lower {

/// Arguments of the kernels qadd and qmul.
[[nodiscard]] std::vector<std::int32_t> sum_args(std::int32_t n, const golden::quantised::Sum& k);
[[nodiscard]] std::vector<std::int32_t> product_args(std::int32_t n,
                                                     const golden::quantised::Product& k);

/// Rounded to nearest, ties to even, saturated.
[[nodiscard]] std::int32_t to_int32(double v);
[[nodiscard]] std::int32_t to_bits(double v, unsigned bits);
[[nodiscard]] std::vector<std::uint8_t> bytes_of_words(const std::vector<std::uint32_t>& words);
/// The scale word of a kernel. Throws Unsupported where the factor is beyond its range.
[[nodiscard]] std::uint32_t kernel_scale(double factor);
/// Up to a multiple of 8.
[[nodiscard]] std::int64_t padded(std::int64_t bytes);

}  // namespace oct::lower
