// SPDX-License-Identifier: Apache-2.0
#include "harness/back_door.hpp"

#include <bit>
#include <stdexcept>

namespace tb {

L1View::L1View(const BackDoor& door, std::uint32_t bytes)
    : banks_(door.l1_banks),
      bank_bits_(static_cast<unsigned>(std::countr_zero(banks_.size()))),
      bytes_(bytes) {
  if (banks_.empty()) throw std::runtime_error("this model of the cluster has no back door to L1");
}

std::uint64_t L1View::word(std::uint64_t index) const {
  const unsigned group_bits = bank_bits_ - 3;
  std::uint64_t group = 0;
  for (std::uint64_t line = index >> 3; group_bits != 0 && line != 0; line >>= group_bits) {
    group ^= line & ((1U << group_bits) - 1);
  }
  return banks_[group << 3 | (index & 7)][index >> bank_bits_];
}

void L1View::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  if (offset > bytes_ || out.size() > bytes_ - offset) {
    throw std::out_of_range("L1 back door: offset " + std::to_string(offset) + ", " +
                            std::to_string(out.size()) + " bytes: outside");
  }
  for (std::size_t i = 0; i < out.size();) {
    const std::uint64_t at = offset + i;
    const std::uint64_t w = word(at / 8) >> (at % 8 * 8);
    for (std::uint64_t b = at % 8; b < 8 && i < out.size(); ++b, ++i) {
      out[i] = static_cast<std::uint8_t>(w >> ((b - at % 8) * 8));
    }
  }
}

}  // namespace tb
