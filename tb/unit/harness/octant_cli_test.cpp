// SPDX-License-Identifier: Apache-2.0
// The octant command as a user meets it, on the fake machine: exit codes and messages.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "elf_image.hpp"

namespace {

namespace fs = std::filesystem;

struct Result {
  int code;
  std::string text;  // both streams
};

Result octant(const std::string& arguments) {
  const std::string command =
      "OCT_MODEL_DIR=" OCT_FAKE_DIR " " OCT_BINARY " " + arguments + " 2>&1";
  Result result{-1, ""};
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    result.text.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

/// A program of the fake machine in a file that goes away.
struct Program {
  explicit Program(const std::vector<std::uint32_t>& words) : Program(tb::ElfImage(words)) {}
  explicit Program(const tb::ElfImage& image) {
    path = fs::temp_directory_path() / ("octant_cli_" + std::to_string(getpid()) + ".elf");
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(image.bytes.data()),
               static_cast<std::streamsize>(image.bytes.size()));
  }
  ~Program() { fs::remove(path); }
  [[nodiscard]] Result sim(const std::string& options = "") const {
    return octant("sim --config fake " + path.string() + " " + options);
  }
  fs::path path;
};

constexpr std::uint32_t kGoOn = 0, kConsole = 0x0100'0000, kExit = 0x0200'0000,
                        kSleep = 0x0400'0000, kSpin = 0x0500'0000, kAssert = 0x0600'0000,
                        kError = 0x0700'0000;

TEST_CASE("octant: help and wrong arguments") {
  CHECK(octant("--help").code == 0);
  CHECK_THAT(octant("--help").text, Catch::Contains("sim"));
  CHECK(octant("sim --help").code == 0);
  CHECK_THAT(octant("sim --help").text,
             Catch::Contains("--inject-error") && Catch::Contains("exit code"));
  CHECK(octant("--version").text == "octant 0.1.0\n");
  CHECK(octant("").code == 2);
  CHECK(octant("dance").code == 2);
  CHECK_THAT(octant("sim").text, Catch::Contains("octant: program is required"));
  CHECK(octant("sim").code == 2);
  CHECK(octant("sim --latency 0 x.elf").code == 2);
  CHECK(octant("sim --latency fast x.elf").code == 2);
}

TEST_CASE("octant sim: files that do not run") {
  const Result none = octant("sim --config fake /nonexistent.elf");
  CHECK(none.code == 2);
  CHECK(none.text == "octant: /nonexistent.elf: no such file\n");
  tb::ElfImage image;
  image.put32(64, 0x1000'0ff8);
  const Result large = Program(image).sim();
  CHECK(large.code == 2);
  CHECK_THAT(large.text,
             Catch::Contains("segment 0 at 0x10000ff8 needs 16 bytes, but L1 ends after 8"));
  const Program good({kExit});
  const Result machine = octant("sim --config moon " + good.path.string());
  CHECK(machine.code == 2);
  CHECK_THAT(machine.text, Catch::Contains("no model of the machine 'moon'") &&
                               Catch::Contains("there is: fake"));
  CHECK_THAT(good.sim("--trace x.fst").text, Catch::Contains("no tracing model"));
  CHECK_THAT(good.sim("--trace x.png").text, Catch::Contains("must end with .fst, .vcd or .saif"));
  CHECK_THAT(good.sim("--inject-error 0x80000000:4:boom").text,
             Catch::Contains("'boom' is none of"));
  CHECK_THAT(good.sim("--inject-error 12").text, Catch::Contains("write ADDRESS:BYTES:"));
  CHECK_THAT(good.sim("--seed x").text, Catch::Contains("'x' is not a number"));
  CHECK_THAT(good.sim("--args a").text, Catch::Contains("takes no arguments"));
  for (const char* bad :
       {"--trace x.fst", "--trace x.png", "--inject-error 12", "--seed x", "--args a"}) {
    CHECK(good.sim(bad).code == 2);
  }
}

TEST_CASE("octant sim: exit codes of programs") {
  for (const std::string load :
       {"", "--fast-load", "--no-checks", "--reorder --stalls 30 --latency 7"}) {
    INFO(load);
    CHECK(Program({kGoOn, kGoOn, kExit | 42}).sim(load).code == 42);
    CHECK(Program({kExit}).sim(load).code == 0);
  }
  // A long program: several bursts, across 4 KiB.
  std::vector<std::uint32_t> words(3001, kGoOn);
  words[3000] = kExit | 7;
  const Result stats = Program(words).sim("--stats --latency 1");
  CHECK(stats.code == 7);
  CHECK_THAT(stats.text, Catch::Contains("exit code                                        7") &&
                             Catch::Contains("3001 beats"));
}

TEST_CASE("octant sim: console text comes out") {
  tb::ElfImage image({kConsole, kGoOn, kExit | 1});
  // The ring is part of what is loaded, far enough from the code; release() clears its magic, so
  // this program shows nothing, as one that never set it up.
  image.add_symbol("oct_console", 0x8000'1000);
  const Result silent = Program(image).sim();
  CHECK(silent.code == 1);
  CHECK(silent.text.empty());
}

TEST_CASE("octant sim: watchdog and limits name what was waited for") {
  const Program asleep({kGoOn, kSleep});
  const Result stuck = asleep.sim("--watchdog 2000");
  CHECK(stuck.code == 3);
  CHECK_THAT(stuck.text,
             Catch::Contains("no progress in the last 2000 cycles") &&
                 Catch::Contains("controller  pc 0x80000004 asleep, waits for an event, "
                                 "address 0x30000014 (EVT_WAIT: no event)") &&
                 Catch::Contains("dma-in") && Catch::Contains("--seed"));
  const Result endless = Program({kSpin}).sim("--max-cycles 5000");
  CHECK(endless.code == 3);
  CHECK_THAT(endless.text, Catch::Contains("not finished after 5000 cycles"));
  const Result hang = Program({kGoOn}).sim("--inject-error 0x80000000:4:hang --watchdog 3000");
  CHECK(hang.code == 3);
  CHECK_THAT(hang.text, Catch::Contains("read id 0 at 0x80000000, 1 beats: never answered"));
  CHECK(Program({kGoOn}).sim("--inject-error 0x80000000:4:slverr").code == 2);
  CHECK(Program({kGoOn}).sim("--inject-error 0x80000000:4:decerr").code == 3);
}

TEST_CASE("octant sim: machine errors and assertions") {
  const Result error = Program({kError, kExit | 5}).sim();
  CHECK(error.code == 5);
  CHECK_THAT(error.text, Catch::Contains("dma-in, tag 7: access outside L1 at offset 0x00020000"));
  const Result broken = Program({kAssert}).sim("--seed 99");
  CHECK(broken.code == 4);
  CHECK_THAT(broken.text, Catch::Contains("repeat this run with --seed 99") &&
                              Catch::Contains("assertion failed"));
}

}  // namespace
