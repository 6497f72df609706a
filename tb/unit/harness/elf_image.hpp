// SPDX-License-Identifier: Apache-2.0
// ELF files by hand: header, one program header, payload, then an optional symbol.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace tb {

struct ElfImage {
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(84, 0);

  /// 16 bytes 1, 2, ... at 0x8000'0000.
  ElfImage() : ElfImage({0x0403'0201, 0x0807'0605, 0x0c0b'0a09, 0x100f'0e0d}) {}

  explicit ElfImage(const std::vector<std::uint32_t>& words) {
    const std::uint8_t ident[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
    std::memcpy(bytes.data(), ident, sizeof ident);
    put16(16, 2), put16(18, 243), put32(20, 1), put32(24, 0x8000'0000);
    put32(28, 52), put16(40, 52), put16(42, 32), put16(44, 1);
    put32(52, 1), put32(56, 84), put32(60, 0x8000'0000), put32(64, 0x8000'0000);
    const auto size = static_cast<std::uint32_t>(4 * words.size());
    put32(68, size), put32(72, size);
    for (const std::uint32_t word : words) append32(word);
  }

  /// Adds a symbol table with one object.
  void add_symbol(const std::string& name, std::uint32_t value) {
    const auto strings = static_cast<std::uint32_t>(bytes.size());
    bytes.push_back(0);
    bytes.insert(bytes.end(), name.begin(), name.end());
    bytes.push_back(0);
    while (bytes.size() % 4 != 0) bytes.push_back(0);
    const auto symbols = static_cast<std::uint32_t>(bytes.size());
    for (const std::uint32_t word : {1U, value, 4U, 0xfff1'0001U}) append32(word);
    const auto table = static_cast<std::uint32_t>(bytes.size());
    bytes.resize(bytes.size() + 40);  // section 0
    for (const std::uint32_t word : {0U, 2U, 0U, 0U, symbols, 16U, 2U, 0U, 4U, 16U}) append32(word);
    for (const std::uint32_t word : {0U, 3U, 0U, 0U, strings, symbols - strings, 0U, 0U, 1U, 0U})
      append32(word);
    put32(32, table), put16(46, 40), put16(48, 3);
  }

  void append32(std::uint32_t v) {
    bytes.resize(bytes.size() + 4);
    put32(bytes.size() - 4, v);
  }
  void put16(std::size_t at, unsigned v) {
    bytes[at] = static_cast<std::uint8_t>(v), bytes[at + 1] = static_cast<std::uint8_t>(v >> 8);
  }
  void put32(std::size_t at, std::uint32_t v) { put16(at, v & 0xffff), put16(at + 2, v >> 16); }
};

}  // namespace tb
