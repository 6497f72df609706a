// SPDX-License-Identifier: Apache-2.0
// Helpers of lower.hpp's integers.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/lower/lower.hpp"

namespace oct::lower {

/// Rounded to nearest, ties to even, saturated.
[[nodiscard]] std::int32_t to_int32(double v);
[[nodiscard]] std::int32_t to_bits(double v, unsigned bits);
[[nodiscard]] std::vector<std::uint8_t> bytes_of_words(const std::vector<std::uint32_t>& words);
/// Up to a multiple of 8.
[[nodiscard]] std::int64_t padded(std::int64_t bytes);

}  // namespace oct::lower
