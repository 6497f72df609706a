// SPDX-License-Identifier: Apache-2.0
#include "harness/elf_loader.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "elf_image.hpp"

namespace {

using tb::ElfProgram;

const std::array<tb::MemoryRange, 2> kMemories{
    {{"L2", 0x8000'0000, 64 << 20}, {"L1", 0x1000'0000, 0x8000}}};

struct Image : tb::ElfImage {
  [[nodiscard]] ElfProgram parse() const { return ElfProgram::parse(bytes, "prog.elf"); }
  [[nodiscard]] ElfProgram fits() const {
    ElfProgram p = parse();
    p.check_fits(kMemories);
    return p;
  }
};

TEST_CASE("ELF: a program that fits") {
  const ElfProgram p = Image().fits();
  CHECK(p.entry() == 0x8000'0000);
  REQUIRE(p.segments().size() == 1);
  CHECK(p.segments()[0].data.size() == 16);
  CHECK(int(p.segments()[0].data[15]) == 16);
  CHECK(p.locate(0x8000'0000).empty());
  CHECK_FALSE(p.symbol("main"));
}

TEST_CASE("ELF: what is wrong is said in words") {
  struct Case {
    const char* message;
    void (*spoil)(Image&);
  };
  const Case cases[] = {
      {"prog.elf: not an ELF file", [](Image& i) { i.bytes[0] = '#'; }},
      {"not an ELF file", [](Image& i) { i.bytes.clear(); }},
      {"ELF header cut off", [](Image& i) { i.bytes.resize(20); }},
      {"64-bit ELF", [](Image& i) { i.bytes[4] = 2; }},
      {"big-endian", [](Image& i) { i.bytes[5] = 2; }},
      {"made for x86-64, not for RISC-V", [](Image& i) { i.put16(18, 62); }},
      {"not an executable (ELF type 1)", [](Image& i) { i.put16(16, 1); }},
      {"program header 0 lies outside", [](Image& i) { i.put32(28, 1000); }},
      {"outside the file (100 bytes; cut off?)",
       [](Image& i) { i.put32(68, 17), i.put32(72, 17); }},
      {"larger in the file", [](Image& i) { i.put32(72, 8); }},
      {"holds nothing to load", [](Image& i) { i.put32(52, 2); }},
      {"segment 0 at 0x20000000 (16 bytes) lies in no memory of this machine: L2 0x80000000 with "
       "67108864 bytes, L1 0x10000000 with 32768 bytes",
       [](Image& i) { i.put32(64, 0x2000'0000); }},
      {"segment 0 at 0x10007ff8 needs 16 bytes, but L1 ends after 8 of them (0x10000000 with 32768 "
       "bytes)",
       [](Image& i) { i.put32(64, 0x1000'7ff8); }},
      {"needs 67108865 bytes, but L2 ends after 67108864 of them",
       [](Image& i) { i.put32(72, (64 << 20) + 1); }},
      {"entry point 0x80000010 lies in nothing", [](Image& i) { i.put32(24, 0x8000'0010); }},
  };
  for (const Case& c : cases) {
    Image image;
    c.spoil(image);
    INFO(c.message);
    CHECK_THROWS_WITH(image.fits(), Catch::Contains(c.message));
    CHECK_THROWS_AS(image.fits(), tb::ElfError);
  }
  CHECK_THROWS_WITH(ElfProgram::load("/nonexistent.elf"), "/nonexistent.elf: no such file");
  CHECK_THROWS_WITH(ElfProgram::load("/"), Catch::Contains("is a folder"));
}

TEST_CASE("ELF: damaged files end in ElfError, never in a crash") {
  // Each byte of the headers gets each of a few values.
  for (std::size_t at = 0; at < 84; ++at) {
    for (const std::uint8_t value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      Image image;
      image.bytes[at] = value;
      try {
        static_cast<void>(image.fits());
      } catch (const tb::ElfError&) {
      }
    }
  }
  for (std::size_t size = 0; size < 100; ++size) {
    Image image;
    image.bytes.resize(size);
    CHECK_THROWS_AS(image.fits(), tb::ElfError);
  }
}

}  // namespace
