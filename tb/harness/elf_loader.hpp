// SPDX-License-Identifier: Apache-2.0
// ELF32 RISC-V programs: read, checked against the machine's memories, with symbols.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace tb {

/// The file is not a program for this machine; the message says what is wrong and what would do.
struct ElfError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One memory that programs may be loaded into.
struct MemoryRange {
  std::string name;  ///< "L2"
  std::uint32_t base;
  std::uint32_t bytes;
};

struct ElfSegment {
  std::string name;  ///< of its first section, for messages
  std::uint32_t addr = 0;
  std::uint32_t mem_bytes = 0;  ///< may exceed data.size(): left as it is (crt0 clears .bss)
  std::vector<std::uint8_t> data;
};

class ElfProgram {
 public:
  /// Throws ElfError.
  [[nodiscard]] static ElfProgram load(const std::filesystem::path& file);
  [[nodiscard]] static ElfProgram parse(std::span<const std::uint8_t> image,
                                        const std::string& name);

  /// Throws ElfError unless each segment lies within one of `memories`, and the entry in some
  /// segment.
  void check_fits(std::span<const MemoryRange> memories) const;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint32_t entry() const { return entry_; }
  [[nodiscard]] const std::vector<ElfSegment>& segments() const { return segments_; }
  /// The value of a symbol, if it exists.
  [[nodiscard]] std::optional<std::uint32_t> symbol(const std::string& name) const;
  /// "main+0x14", or "" if no symbol of code covers the address.
  [[nodiscard]] std::string locate(std::uint32_t addr) const;

 private:
  struct Code {
    std::string name;
    std::uint32_t bytes;
  };

  void read_segments(std::span<const std::uint8_t> image);
  void read_symbols(std::span<const std::uint8_t> image);
  [[noreturn]] void fail(const std::string& what) const;

  std::string name_;
  std::uint32_t entry_ = 0;
  std::vector<ElfSegment> segments_;
  std::map<std::string, std::uint32_t> symbols_;
  std::map<std::uint32_t, Code> code_;
};

}  // namespace tb
