// SPDX-License-Identifier: Apache-2.0
// tb::SparseMemory: a range of bytes whose pages exist from their first access on, random at start.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace tb {

/// A fast generator for models that draw a number in most cycles (xorshift64*).
class FastRandom {
 public:
  explicit FastRandom(std::uint64_t seed) : state_(seed * 2 + 1) {
    for (int i = 0; i < 4; ++i) next();
  }
  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1dU;
  }
  /// Uniform in [0, bound).
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }
  bool chance(unsigned percent) { return percent != 0 && below(100) < percent; }

 private:
  std::uint64_t state_;
};

class SparseMemory {
 public:
  SparseMemory(std::uint64_t base, std::uint64_t bytes, std::uint64_t seed);

  [[nodiscard]] std::uint64_t base() const { return base_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] bool contains(std::uint64_t addr, std::uint64_t bytes = 1) const {
    return addr >= base_ && addr - base_ < bytes_ && bytes <= bytes_ - (addr - base_);
  }

  /// The aligned 64-byte line that holds `addr`, which must be inside.
  [[nodiscard]] std::uint8_t* line(std::uint64_t addr) {
    const std::uint64_t offset = (addr - base_) & ~std::uint64_t{63};
    Page* page = pages_[offset / kPageBytes].get();
    if (page == nullptr) page = create(offset / kPageBytes);
    return page->data() + offset % kPageBytes;
  }

  /// Back door. Throws std::out_of_range with address and size if any byte is outside.
  void read(std::uint64_t addr, std::span<std::uint8_t> out);
  void write(std::uint64_t addr, std::span<const std::uint8_t> data);

  template <typename T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] T load(std::uint64_t addr) {
    std::array<std::uint8_t, sizeof(T)> raw;
    read(addr, raw);
    return std::bit_cast<T>(raw);
  }
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  void store(std::uint64_t addr, const T& value) {
    write(addr, std::bit_cast<std::array<std::uint8_t, sizeof(T)>>(value));
  }

 private:
  static constexpr std::size_t kPageBytes = 64 * 1024;
  using Page = std::array<std::uint8_t, kPageBytes>;

  Page* create(std::size_t index);
  void check(std::uint64_t addr, std::uint64_t bytes) const;

  std::uint64_t base_, bytes_, seed_;
  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace tb
