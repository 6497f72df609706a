// SPDX-License-Identifier: Apache-2.0
#include "harness/sparse_memory.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

namespace tb {

SparseMemory::SparseMemory(std::uint64_t base, std::uint64_t bytes, std::uint64_t seed)
    : base_(base), bytes_(bytes), seed_(seed) {
  if (base % 64 != 0 || bytes == 0 || bytes % 64 != 0) {
    throw std::invalid_argument("SparseMemory: base and size must be multiples of 64 bytes");
  }
  pages_.resize((bytes + kPageBytes - 1) / kPageBytes);
}

SparseMemory::Page* SparseMemory::create(std::size_t index) {
  // Content depends on seed and place only, not on the order of the first accesses.
  FastRandom random(seed_ ^ (index + 1) * 0x9e3779b97f4a7c15U);
  auto page = std::make_unique<Page>();
  for (std::size_t i = 0; i < kPageBytes; i += 8) {
    const std::uint64_t word = random.next();
    std::memcpy(page->data() + i, &word, 8);
  }
  pages_[index] = std::move(page);
  return pages_[index].get();
}

void SparseMemory::check(std::uint64_t addr, std::uint64_t bytes) const {
  if (bytes == 0 || contains(addr, bytes)) return;
  char text[160];
  std::snprintf(text, sizeof text, "memory: 0x%llx + %llu bytes lies outside 0x%llx + 0x%llx",
                static_cast<unsigned long long>(addr), static_cast<unsigned long long>(bytes),
                static_cast<unsigned long long>(base_), static_cast<unsigned long long>(bytes_));
  throw std::out_of_range(text);
}

void SparseMemory::read(std::uint64_t addr, std::span<std::uint8_t> out) {
  check(addr, out.size());
  for (std::size_t done = 0; done < out.size();) {
    const std::size_t at = (addr + done) % 64;
    const std::size_t n = std::min<std::size_t>(64 - at, out.size() - done);
    std::memcpy(out.data() + done, line(addr + done) + at, n);
    done += n;
  }
}

void SparseMemory::write(std::uint64_t addr, std::span<const std::uint8_t> data) {
  check(addr, data.size());
  for (std::size_t done = 0; done < data.size();) {
    const std::size_t at = (addr + done) % 64;
    const std::size_t n = std::min<std::size_t>(64 - at, data.size() - done);
    std::memcpy(line(addr + done) + at, data.data() + done, n);
    done += n;
  }
}

}  // namespace tb
