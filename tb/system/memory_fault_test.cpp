// SPDX-License-Identifier: Apache-2.0
// A memory that answers with errors or not at all, in every place where the cluster may meet it:
// the documented trap, record or message (docs/architecture/programming_model.md), and the next
// program runs in the same simulation.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "harness/control_regs.hpp"
#include "programs.hpp"

namespace {

constexpr std::uint32_t kTimeout = 2'500;  // cycles; the longest wait of a healthy run is shorter

struct Broken {
  const char* symbol;
  std::uint32_t offset, bytes;
};
constexpr Broken kData{"bad_data", 0x100, 64}, kWord{"bad_data", 64, 4}, kRing{"bad_ring", 0, 4},
    kCode{"bad_code", 0, 4};

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%08x", value);
  return text;
}

class Machine {
 public:
  explicit Machine(const tb::AxiMemoryConfig& memory, std::uint32_t timeout = kTimeout)
      : cluster_(tb::make_cluster(memory)), elf_(tb::program("bad_memory")) {
    cluster_.reset();
    cluster_.host().write(tb::regs::kAxiTimeout, timeout);
  }

  [[nodiscard]] std::uint32_t address(const Broken& place) const {
    return elf_.symbol(place.symbol).value() + place.offset;
  }

  /// `deed` with this place broken; then the memory is repaired and the next programs run.
  tb::Outcome run(const std::string& deed, const Broken& place, tb::AxiFault fault) {
    const char* const names[] = {"slverr", "decerr", "hang"};
    const char* name = names[static_cast<unsigned>(fault)];
    INFO(tb::machine() << ": " << deed << ", " << name);
    cluster_.memory().inject(address(place), place.bytes, fault);
    const tb::Outcome out = tb::run_next(cluster_, elf_, {deed, name});
    INFO("exit code " << out.code << "\n" << out.console << out.warnings << out.stuck);
    recover();
    next_program_runs();
    return out;
  }

  /// The abort ends while the memory is still broken; then it is repaired, late answers come.
  void recover() {
    tb::AxilDriver& host = cluster_.host();
    host.write(tb::regs::kAbort, 1);
    const std::uint64_t start = cluster_.cycle();
    while ((host.read(tb::regs::kStatus) & tb::regs::kStatusAborted) == 0) {
      INFO("abort: not ended within two time-outs and a bit, busy blocks "
           << host.read(tb::regs::kAbortBusy));
      REQUIRE(cluster_.cycle() < start + 2 * kTimeout + 5'000);
    }
    cluster_.memory().clear_faults();
    cluster_.run(2'000, false);
  }

  void next_program_runs() {
    const tb::Outcome next = tb::run_next(cluster_, elf_, {"nothing", "at-all"});
    INFO("next program: exit code " << next.code << "\n"
                                    << next.console << next.warnings << next.stuck);
    CHECK(next.code == 98);  // "did no harm": cores, DMA and a team have worked
    CHECK(next.warnings.empty());
  }

  tb::Cluster& cluster() { return cluster_; }

 private:
  tb::Cluster cluster_;
  tb::ElfProgram elf_;
};

void errors(const tb::AxiMemoryConfig& memory, const std::vector<tb::AxiFault>& faults) {
  Machine m(memory);
  for (const tb::AxiFault fault : faults) {
    const std::string resp = fault == tb::AxiFault::kSlvErr ? "SLVERR" : "DECERR";
    const std::string bus_error = "bus error: mcause 0x80000018";
    // Imprecise: the address is right, mepc only near.
    for (const char* deed : {"load", "store"}) {
      const tb::Outcome out = m.run(deed, kWord, fault);
      CHECK(out.code == 160 + 24);
      CHECK_THAT(out.console,
                 Catch::Contains(bus_error) && Catch::Contains("mtval 0x" + hex(m.address(kWord))));
    }
    // Precise: the fetch's trap is at the instruction.
    const tb::Outcome call = m.run("call", kCode, fault);
    const std::string at = hex(m.address(kCode));
    CHECK(call.code == 128 + 1);
    CHECK_THAT(call.console, Catch::Contains("mcause 0x00000001 mepc 0x" + at + " mtval 0x" + at));
    // The program itself looks at the record, at the rest of the machine, and clears the error.
    for (const std::string queue : {"dma-in", "dma-out"}) {
      const tb::Outcome out = m.run(queue, kData, fault);
      CHECK(out.code == 0);
      CHECK_THAT(out.warnings, Catch::Contains(queue + ", tag 1: " + resp + " from memory at 0x"));
    }
    for (const std::string deed : {"ring", "team-ring"}) {
      const tb::Outcome out = m.run(deed, kRing, fault);
      CHECK(out.code == 0);
      CHECK_THAT(out.warnings, Catch::Contains(deed == "ring" ? "dma-in, " : "team0, ") &&
                                   Catch::Contains("descriptor at 0x" + hex(m.address(kRing)) +
                                                   " could not be read"));
    }
  }
}

TEST_CASE("memory answers with errors") {
  errors({}, {tb::AxiFault::kSlvErr, tb::AxiFault::kDecErr});
}

TEST_CASE("memory answers with errors, slow and reordering") {
  const bool which = tb::rng("which error")() % 2 != 0;
  errors({.read_latency = 300, .write_latency = 200, .reorder = true, .stall_percent = 30},
         {which ? tb::AxiFault::kSlvErr : tb::AxiFault::kDecErr});
}

void silence(Machine& m, const std::string& deed, const Broken& place, std::uint32_t lowest,
             std::uint32_t bytes) {
  const tb::Outcome out = m.run(deed, place, tb::AxiFault::kHang);
  INFO(deed << ": exit code " << out.code << "\n" << out.console << out.warnings << out.stuck);
  // Cut off from memory no core can go on; the host knows why.
  CHECK(out.code == -1);
  CHECK_THAT(out.stuck, Catch::Contains("memory did not answer at 0x") &&
                            Catch::Contains("never answered (injected)"));
  const std::string key = "memory did not answer, address 0x";
  const std::size_t found = out.warnings.find(key);
  REQUIRE(found != std::string::npos);
  const auto told = static_cast<std::uint32_t>(
      std::stoul(out.warnings.substr(found + key.size(), 8), nullptr, 16));
  CHECK(told - lowest < bytes);
}

TEST_CASE("memory never answers") {
  Machine m({});
  silence(m, "load", kWord, m.address(kWord), 4);
  silence(m, "store", kWord, m.address(kWord), 4);
  silence(m, "call", kCode, m.address(kCode), 4);
  // The record names the burst.
  silence(m, "dma-in", kData, m.address(kData) - 0x100, 512);
  silence(m, "dma-out", kData, m.address(kData) - 0x100, 512);
  silence(m, "ring", kRing, m.address(kRing), 4);
}

TEST_CASE("memory never answers, the time-out of the reset") {
  Machine m({}, 100'000);
  m.cluster().reset();  // which also restores the time-out
  REQUIRE(m.cluster().host().read(tb::regs::kAxiTimeout) == 100'000);
  const std::uint64_t start = m.cluster().cycle();
  m.cluster().memory().inject(m.address(kWord), 4, tb::AxiFault::kHang);
  const tb::Outcome out = tb::run_next(m.cluster(), tb::program("bad_memory"), {"load", "hang"});
  CHECK_THAT(out.stuck, Catch::Contains("within AXI_TIMEOUT (100000 cycles)"));
  CHECK(m.cluster().cycle() - start > 100'000);
  CHECK(m.cluster().cycle() - start < 400'000);
  m.cluster().host().write(tb::regs::kAxiTimeout, kTimeout);
  m.recover();
  m.next_program_runs();
}

// Faults anywhere, of any kind, and aborts at any moment: nothing but the abort need work, no rule
// of the ports is broken, and afterwards all is well.
void anything(const tb::AxiMemoryConfig& memory, unsigned rounds) {
  Machine m(memory);
  auto random = tb::rng("memory faults");
  const char* const programs[] = {"bad_memory", "queue_graph", "hello", "dma_copy", "queue_errors"};
  for (unsigned i = 0; i < rounds; ++i) {
    const std::string name = programs[random() % std::size(programs)];
    const tb::ElfProgram elf = tb::program(name);
    const std::uint32_t used = elf.symbol("__l2_used_end").value() - m.cluster().info().l2_base;
    std::string told;
    for (unsigned n = 1 + static_cast<unsigned>(random() % 3); n != 0; --n) {
      const auto at = static_cast<std::uint32_t>(m.cluster().info().l2_base + random() % used);
      const auto bytes = static_cast<std::uint32_t>(1 + random() % (random() % 2 ? 64 : 4096));
      const auto fault = static_cast<tb::AxiFault>(random() % 3);
      m.cluster().memory().inject(at, bytes, fault);
      told += " 0x" + hex(at) + ":" + std::to_string(bytes) + ":" +
              std::to_string(static_cast<unsigned>(fault));
    }
    const std::uint64_t cycles = 1 + random() % 12'000;
    INFO("round " << i << ": " << name << " for " << cycles << " cycles, faults" << told);
    (void)tb::run_next(m.cluster(), elf, {}, cycles);
    m.recover();
    if (i % 4 == 3) m.next_program_runs();
  }
  m.next_program_runs();
}

TEST_CASE("faults anywhere, aborts at any moment") { anything({}, 24); }

TEST_CASE("faults anywhere, aborts at any moment, slow and reordering memory") {
  anything({.read_latency = 300, .write_latency = 200, .reorder = true, .stall_percent = 30}, 12);
}

}  // namespace
