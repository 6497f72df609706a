// SPDX-License-Identifier: Apache-2.0
// The encoder of the golden table against two assemblers: clang 22 for the CORE-V mnemonics, GCC
// for the .insn lines of oct_ml.h. Without clang 22 the first case only warns.
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "harness/seed.hpp"
#include "ml_encoding.hpp"

namespace ml = oct::golden::ml;
namespace fs = std::filesystem;

namespace {

std::string reg(std::uint32_t n) { return "x" + std::to_string(n); }

/// Operands as an assembler spells them.
std::string text(const ml::Insn& i, const ml::Operands& o) {
  const auto imm = std::to_string(static_cast<std::int32_t>(o.imm));
  const std::string rd = reg(o.rd), rs1 = reg(o.rs1), rs2 = reg(o.rs2), head = i.name + " ";
  switch (i.form) {
    case ml::Form::kUnary:
      return head + rd + "," + rs1;
    case ml::Form::kShift:
    case ml::Form::kShiftD:
      return head + rd + "," + rs1 + "," + rs2 + "," + imm;
    case ml::Form::kField:
    case ml::Form::kFieldD:
      return head + rd + "," + rs1 + "," + std::to_string(o.imm >> 5) + "," +
             std::to_string(o.imm & 31);
    case ml::Form::kImm5:
    case ml::Form::kS6:
    case ml::Form::kS6d:
    case ml::Form::kU6:
    case ml::Form::kU6d:
    case ml::Form::kU4:
    case ml::Form::kU3:
      return head + rd + "," + rs1 + "," + imm;
    case ml::Form::kLoadImm:
      return head + rd + ",(" + rs1 + ")," + imm;
    case ml::Form::kLoadReg:
      return head + rd + ",(" + rs1 + ")," + rs2;
    case ml::Form::kLoadRr:
      return head + rd + "," + rs2 + "(" + rs1 + ")";
    case ml::Form::kStoreImm:
      return head + rs2 + ",(" + rs1 + ")," + imm;
    case ml::Form::kStoreReg:
      return head + rs2 + ",(" + rs1 + ")," + rd;
    case ml::Form::kStoreRr:
      return head + rs2 + "," + rd + "(" + rs1 + ")";
    default:
      return head + rd + "," + rs1 + "," + rs2;
  }
}

/// Section .text of a 32-bit little-endian ELF object.
std::vector<std::uint32_t> text_words(const fs::path& object) {
  std::ifstream in(object, std::ios::binary);
  const std::vector<char> d((std::istreambuf_iterator<char>(in)), {});
  const auto at = [&](std::size_t p, int bytes) {
    std::uint32_t v = 0;
    for (int k = 0; k < bytes; ++k)
      v |= static_cast<std::uint32_t>(static_cast<unsigned char>(d.at(p + k))) << 8 * k;
    return v;
  };
  const std::uint32_t table = at(32, 4), size = at(46, 2), count = at(48, 2), names = at(50, 2);
  const std::uint32_t strings = at(table + names * size + 16, 4);
  std::vector<std::uint32_t> words;
  for (std::uint32_t s = 0; s < count; ++s) {
    const std::uint32_t header = table + s * size;
    if (std::string(&d.at(strings + at(header, 4))) != ".text") continue;
    for (std::uint32_t p = 0; p < at(header + 20, 4); p += 4)
      words.push_back(at(at(header + 16, 4) + p, 4));
  }
  return words;
}

fs::path scratch() {
  static const fs::path dir = [] {
    std::string name = (fs::temp_directory_path() / "oct_ml_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("no scratch directory in " + name);
    return fs::path(name);
  }();
  return dir;
}

bool runs(const std::string& command) {
  return std::system((command + " > /dev/null 2>&1").c_str()) == 0;
}

}  // namespace

TEST_CASE("ml encodings: clang 22 assembles every CORE-V instruction to the same word") {
  if (!runs("clang-22 --version")) {
    WARN("clang-22 not found: encodings not compared");
    SUCCEED();
    return;
  }
  auto random = tb::rng("clang encodings");
  std::ofstream asm_file(scratch() / "t.s");
  asm_file << ".option norvc\n";
  std::vector<std::pair<std::uint32_t, std::string>> expected;
  std::size_t known = 0;
  for (const ml::Insn& i : ml::table()) {
    if (i.ext == ml::Ext::kHwlp || i.ext == ml::Ext::kOct) continue;
    ++known;
    const auto [lo, hi] = ml::imm_range(i);
    for (int n = 0; n < 20; ++n) {
      const auto r = [&] { return static_cast<std::uint32_t>(random() % 32); };
      std::uint32_t imm = static_cast<std::uint32_t>(n == 0   ? lo
                                                     : n == 1 ? hi
                                                              : tb::uniform(random, lo, hi));
      const ml::Operands o{.rd = r(), .rs1 = r(), .rs2 = r(), .imm = imm};
      asm_file << text(i, o) << '\n';
      expected.emplace_back(ml::encode(i, o), text(i, o));
    }
  }
  asm_file.close();
  const std::string object = scratch() / "t.o", listing = scratch() / "log";
  const std::string command =
      "clang-22 --target=riscv32 -march=rv32imac_xcvalu_xcvmac_xcvmem_xcvsimd_xcvbitmanip -c " +
      (scratch() / "t.s").string() + " -o " + object + " 2> " + listing;
  if (std::system(command.c_str()) != 0) {
    std::stringstream log;
    log << std::ifstream(listing).rdbuf();
    FAIL(command << "\n" << log.str().substr(0, 2000));
  }
  const auto words = text_words(object);
  REQUIRE(words.size() == expected.size());
  for (std::size_t k = 0; k < words.size(); ++k) {
    INFO(expected[k].second << ": clang " << std::hex << words[k] << ", ours "
                            << expected[k].first);
    REQUIRE(words[k] == expected[k].first);
  }
  CHECK(known == 293);
}

TEST_CASE("ml encodings: our own space is free of CORE-V instructions") {
  // custom-1 with funct3 101 and 110; custom-1 holds stores (000-010), the register table (011) and
  // hardware loops (100) of CORE-V, and nothing else.
  for (const ml::Insn& i : ml::table()) {
    if ((i.match & 0x7f) != ml::kCustom1) continue;
    const std::uint32_t funct3 = i.match >> 12 & 7;
    INFO(i.name);
    CHECK((funct3 >= 5) == (i.ext == ml::Ext::kOct));
  }
}

TEST_CASE("ml encodings: the .insn lines of oct_ml.h are the table's words") {
  const std::string gcc =
      "riscv64-unknown-elf-gcc -march=rv32imac_zicsr_zifencei -mabi=ilp32 --specs=picolibc.specs ";
  REQUIRE(runs("riscv64-unknown-elf-gcc --version"));
  // One function per instruction, named by its place in the table, found again by objdump.
  std::ofstream c(scratch() / "h.c");
  c << "#include \"oct_ml.h\"\n#define U uint32_t\n";
  const auto& table = ml::table();
  std::size_t n = 0;
  for (std::size_t k = 0; k < table.size(); ++k) {
    const ml::Insn& i = table[k];
    if (i.eval == nullptr || i.ext == ml::Ext::kM) continue;
    ++n;
    std::string name = i.name.substr(i.name.rfind("oct.", 0) == 0 ? 4 : 3);
    for (char& ch : name) ch = ch == '.' ? '_' : ch;
    const auto [lo, hi] = ml::imm_range(i);
    const std::string imm = std::to_string(hi - (hi - lo) / 3);
    std::string call = (ml::reads_rd(i) ? "c, a" : "a");
    if (ml::reads_rs2(i)) call += ", b";
    if (hi != lo) call += ", (U)" + imm;
    c << "U f" << k << "(U c, U a, U b) { (void)c, (void)b; return oct_" << name << "(" << call
      << "); }\n";
  }
  c.close();
  const std::string object = scratch() / "h.o";
  REQUIRE(std::system((gcc + "-O2 -Wall -Werror -I " OCT_RUNTIME_INCLUDE " -c " +
                       (scratch() / "h.c").string() + " -o " + object)
                          .c_str()) == 0);
  FILE* dump = popen(("riscv64-unknown-elf-objdump -d " + object).c_str(), "r");
  REQUIRE(dump != nullptr);
  std::array<char, 256> line{};
  std::size_t current = 0, found = 0;
  while (std::fgets(line.data(), line.size(), dump) != nullptr) {
    unsigned address = 0, word = 0;
    if (std::sscanf(line.data(), "%*x <f%zu>:", &current) == 1) continue;
    if (std::sscanf(line.data(), " %x: %8x .4byte", &address, &word) != 2 || (word & 3) != 3)
      continue;
    if (std::string(line.data()).find(".4byte") == std::string::npos) continue;
    const ml::Insn& i = table[current];
    const auto [lo, hi] = ml::imm_range(i);
    const ml::Operands o{.rd = word >> 7 & 31,
                         .rs1 = word >> 15 & 31,
                         .rs2 = word >> 20 & 31,
                         .imm = static_cast<std::uint32_t>(hi - (hi - lo) / 3)};
    INFO(i.name << " " << line.data());
    CHECK(word == ml::encode(i, o));
    ++found;
  }
  pclose(dump);
  CHECK(found == n);
}
