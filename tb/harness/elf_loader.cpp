// SPDX-License-Identifier: Apache-2.0
#include "harness/elf_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

namespace tb {
namespace {

// The parts of the ELF specification that are needed; <elf.h> exists on Linux hosts only.
struct Ehdr {
  std::uint8_t ident[16];
  std::uint16_t type, machine;
  std::uint32_t version, entry, phoff, shoff, flags;
  std::uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct Phdr {
  std::uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
struct Shdr {
  std::uint32_t name, type, flags, addr, offset, size, link, info, addralign, entsize;
};
struct Sym {
  std::uint32_t name, value, size;
  std::uint8_t info, other;
  std::uint16_t shndx;
};

constexpr std::uint16_t kTypeExecutable = 2, kMachineRiscv = 243;
constexpr std::uint32_t kLoad = 1, kSymtab = 2;

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case 3:
      return "x86";
    case 40:
      return "Arm";
    case 62:
      return "x86-64";
    case 183:
      return "AArch64";
    default:
      return fmt::format("machine {}", machine);
  }
}

template <typename T>
std::optional<T> at(std::span<const std::uint8_t> image, std::uint64_t offset) {
  if (offset + sizeof(T) > image.size()) return std::nullopt;
  T value;
  std::memcpy(&value, image.data() + offset, sizeof(T));
  return value;
}

/// The headers of the sections, empty if there is none or it is damaged: only names are lost.
std::vector<Shdr> sections(std::span<const std::uint8_t> image) {
  std::vector<Shdr> all;
  const auto header = at<Ehdr>(image, 0);
  for (unsigned i = 0; i < header->shnum; ++i) {
    const auto section = at<Shdr>(image, header->shoff + std::uint64_t{i} * header->shentsize);
    if (!section) return {};
    all.push_back(*section);
  }
  return all;
}

std::string string_at(std::span<const std::uint8_t> image, const Shdr& table, std::uint32_t index) {
  const std::uint64_t from = std::uint64_t{table.offset} + index;
  const std::uint64_t end =
      std::min<std::uint64_t>(std::uint64_t{table.offset} + table.size, image.size());
  std::string text;
  for (std::uint64_t i = from; i < end && image[i] != 0; ++i) text += static_cast<char>(image[i]);
  return text;
}

}  // namespace

void ElfProgram::fail(const std::string& what) const { throw ElfError(name_ + ": " + what); }

ElfProgram ElfProgram::load(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) throw ElfError(file.string() + ": no such file");
  if (std::filesystem::is_directory(file, error)) {
    throw ElfError(file.string() + ": is a folder, not a program");
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw ElfError(file.string() + ": cannot be opened");
  const std::vector<std::uint8_t> image{std::istreambuf_iterator<char>(stream), {}};
  return parse(image, file.string());
}

ElfProgram ElfProgram::parse(std::span<const std::uint8_t> image, const std::string& name) {
  ElfProgram program;
  program.name_ = name;
  if (image.size() < 4 || std::memcmp(image.data(),
                                      "\x7f"
                                      "ELF",
                                      4) != 0) {
    program.fail("not an ELF file");
  }
  const auto header = at<Ehdr>(image, 0);
  if (!header) program.fail("ELF header cut off");
  if (header->ident[4] != 1) {
    program.fail(
        "a 64-bit ELF; Octant runs ELF32, compile with -march=rv32imac_zicsr_zifencei -mabi=ilp32");
  }
  if (header->ident[5] != 1) program.fail("a big-endian ELF; Octant is little-endian");
  if (header->machine != kMachineRiscv) {
    program.fail("made for " + machine_name(header->machine) + ", not for RISC-V");
  }
  if (header->type != kTypeExecutable) {
    program.fail("not an executable (ELF type " + std::to_string(header->type) +
                 "); link it with the linker script of the machine");
  }
  program.entry_ = header->entry;
  program.read_segments(image);
  program.read_symbols(image);
  return program;
}

void ElfProgram::read_segments(std::span<const std::uint8_t> image) {
  const auto header = at<Ehdr>(image, 0);
  const std::vector<Shdr> all = sections(image);
  for (unsigned i = 0; i < header->phnum; ++i) {
    const auto ph = at<Phdr>(image, header->phoff + std::uint64_t{i} * header->phentsize);
    if (!ph) fail("program header " + std::to_string(i) + " lies outside the file");
    if (ph->type != kLoad || ph->memsz == 0) continue;
    ElfSegment segment;
    segment.addr = ph->paddr;
    segment.mem_bytes = ph->memsz;
    segment.name = "segment " + std::to_string(i);
    for (const Shdr& s : all) {
      if (s.size != 0 && s.addr == ph->vaddr && header->shstrndx < all.size()) {
        segment.name = string_at(image, all[header->shstrndx], s.name);
        break;
      }
    }
    if (ph->filesz > ph->memsz) fail(segment.name + ": larger in the file than in memory");
    if (std::uint64_t{ph->offset} + ph->filesz > image.size()) {
      fail(fmt::format("{}: {} bytes at file offset {} lie outside the file ({} bytes; cut off?)",
                       segment.name, ph->filesz, ph->offset, image.size()));
    }
    segment.data.assign(image.begin() + ph->offset, image.begin() + ph->offset + ph->filesz);
    segments_.push_back(std::move(segment));
  }
  if (segments_.empty()) fail("holds nothing to load");
}

void ElfProgram::read_symbols(std::span<const std::uint8_t> image) {
  const std::vector<Shdr> all = sections(image);
  for (const Shdr& s : all) {
    if (s.type != kSymtab || s.link >= all.size()) continue;
    for (std::uint64_t offset = 0; offset + sizeof(Sym) <= s.size; offset += sizeof(Sym)) {
      const auto symbol = at<Sym>(image, s.offset + offset);
      if (!symbol) return;
      const std::string text = string_at(image, all[s.link], symbol->name);
      const unsigned type = symbol->info & 15;  // 0 no type, 1 object, 2 function
      if (text.empty() || text.front() == '$' || type > 2 || symbol->shndx == 0) continue;
      symbols_[text] = symbol->value;
      if (type == 1 || symbol->shndx >= all.size()) continue;
      constexpr std::uint32_t kExecutable = 4;
      if ((all[symbol->shndx].flags & kExecutable) == 0) continue;
      // Labels without a type must not hide the function they stand in.
      const auto [place, fresh] = code_.try_emplace(symbol->value, Code{text, symbol->size});
      if (!fresh && type == 2) place->second = {text, symbol->size};
    }
  }
}

void ElfProgram::check_fits(std::span<const MemoryRange> memories) const {
  const auto inside = [](const MemoryRange& m, std::uint64_t first, std::uint64_t bytes) {
    return first >= m.base && first + bytes <= std::uint64_t{m.base} + m.bytes;
  };
  std::string have;
  for (const MemoryRange& m : memories) {
    have += fmt::format("{}{} 0x{:08x} with {} bytes", have.empty() ? "" : ", ", m.name, m.base,
                        m.bytes);
  }
  for (const ElfSegment& s : segments_) {
    if (std::any_of(memories.begin(), memories.end(),
                    [&](const MemoryRange& m) { return inside(m, s.addr, s.mem_bytes); })) {
      continue;
    }
    for (const MemoryRange& m : memories) {
      if (!inside(m, s.addr, 1)) continue;
      fail(fmt::format(
          "{} at 0x{:08x} needs {} bytes, but {} ends after {} of them (0x{:08x} with {} "
          "bytes); compile for this machine or make the program smaller",
          s.name, s.addr, s.mem_bytes, m.name, m.base + m.bytes - s.addr, m.base, m.bytes));
    }
    fail(fmt::format("{} at 0x{:08x} ({} bytes) lies in no memory of this machine: {}", s.name,
                     s.addr, s.mem_bytes, have));
  }
  if (std::none_of(segments_.begin(), segments_.end(), [&](const ElfSegment& s) {
        return entry_ >= s.addr && entry_ - s.addr < s.data.size();
      })) {
    fail(fmt::format("entry point 0x{:08x} lies in nothing that is loaded", entry_));
  }
}

std::optional<std::uint32_t> ElfProgram::symbol(const std::string& name) const {
  const auto found = symbols_.find(name);
  if (found == symbols_.end()) return std::nullopt;
  return found->second;
}

std::string ElfProgram::locate(std::uint32_t addr) const {
  auto next = code_.upper_bound(addr);
  if (next == code_.begin()) return "";
  // A sized function that covers the address, or else the label before it.
  for (auto i = next; i != code_.begin();) {
    --i;
    if (i->second.bytes != 0 && addr - i->first < i->second.bytes) {
      return fmt::format("{}+0x{:x}", i->second.name, addr - i->first);
    }
    if (addr - i->first > 0x10000) break;
  }
  --next;
  if (next->second.bytes != 0 || addr - next->first > 0x1000) return "";
  return fmt::format("{}+0x{:x}", next->second.name, addr - next->first);
}

}  // namespace tb
