// SPDX-License-Identifier: Apache-2.0
// Figures for people.
#pragma once

#include <cstdint>
#include <string>

namespace octant {

/// "1 776 276"
inline std::string grouped(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, " ");
  return text;
}

}  // namespace octant
