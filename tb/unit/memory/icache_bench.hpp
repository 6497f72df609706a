// SPDX-License-Identifier: Apache-2.0
// tb_icache with a memory behind it and cores that ask until their line is seen: what the test of
// oct_icache drives. Every answer is compared with memory.
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <set>

#include "Vtb_icache.h"
#include "harness/axi_checker.hpp"
#include "harness/axi_memory.hpp"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace icache {

namespace config = oct::config;
constexpr unsigned kCores = config::kNumCores;
constexpr std::uint32_t kL2 = config::kL2Base;
constexpr std::uint32_t kLines = config::kIcacheBytes / 64;
constexpr std::uint32_t kSets = kLines / config::kIcacheWays;

struct Answer {
  std::uint32_t addr;
  bool err;
};

struct Bench {
  explicit Bench(tb::AxiMemoryConfig config = {.read_latency = 20}, unsigned prefetch = 0)
      : mem(config), pins(tb::bind_axi(dut.model())) {
    fill(0);
    dut->clear_i = 0;
    dut->flush_i = 0;
    dut->prefetch_i = static_cast<CData>(prefetch);
    dut->req_valid_i = 0;
    for (int i = 0; i < 16; ++i) dut->req_addr_i[i] = 0;
    mem.drive(pins);
    dut.reset();
  }

  static std::uint32_t word(std::uint32_t addr, std::uint32_t version) {
    return (addr * 0x9e3779b9U) ^ (version * 0x85ebca6bU);
  }
  /// Writes a version of the program everywhere the tests look.
  void fill(std::uint32_t v) {
    version = v;
    for (std::uint32_t a = kL2; a < kL2 + 0x10000; a += 4) mem.store<std::uint32_t>(a, word(a, v));
  }

  void set(unsigned core, std::uint32_t addr) {
    want[core] = addr;
    dut->req_addr_i[core] = addr;
    dut->req_valid_i = static_cast<SData>(dut->req_valid_i | 1U << core);
  }
  void drop(unsigned core) {
    want[core].reset();
    dut->req_valid_i = static_cast<SData>(dut->req_valid_i & ~(1U << core));
  }

  /// One cycle. What is broadcast is compared with memory; cores that wanted it are content after
  /// it.
  std::optional<Answer> cycle() {
    mem.drive(pins);
    dut.eval();
    checker.check(pins);
    mem.sample(pins);
    std::optional<Answer> answer;
    if (dut->rsp_valid_o) answer = take();
    hits += dut->hit_o;
    misses += dut->miss_o;
    prefetches += dut->prefetched_o;
    stalls += dut->stall_o;
    if (dut->m_axi_mem_arvalid && dut->m_axi_mem_arready) {
      asked.push_back(dut->m_axi_mem_araddr);
      CHECK(dut->m_axi_mem_arid == 0);
      CHECK(dut->m_axi_mem_arlen == 0);
      CHECK(dut->m_axi_mem_arsize == 6);
    }
    dut.tick();
    for (const unsigned core : content) drop(core);
    content.clear();
    return answer;
  }

  /// Cycles until core's request is answered; the cycle of the request counts as 0.
  unsigned wait(unsigned core, unsigned limit = 1000) {
    for (unsigned n = 0; n < limit; ++n) {
      cycle();
      if (!want[core]) return n;
    }
    throw std::runtime_error("fetch: not answered within " + std::to_string(limit) + " cycles");
  }
  unsigned fetch(unsigned core, std::uint32_t addr) {
    set(core, addr);
    return wait(core);
  }
  void run(unsigned n) {
    for (unsigned i = 0; i < n; ++i) cycle();
  }

  /// A cycle of flush_i; a core that flushes ignores the answer in this very cycle.
  void flush() {
    dut->flush_i = 1;
    mem.drive(pins);
    dut.eval();
    checker.check(pins);
    mem.sample(pins);
    dut.tick();
    dut->flush_i = 0;
  }

  tb::Clocked<Vtb_icache> dut;
  tb::AxiMemory mem;
  tb::AxiPins pins;
  tb::AxiChecker checker;
  std::array<std::optional<std::uint32_t>, kCores> want{};
  std::vector<std::uint32_t> asked;
  std::uint32_t version = 0;
  std::optional<std::uint32_t> other_version;  // also right for lines on their way
  std::set<std::uint32_t> bad;                 // lines that answer with an error
  unsigned hits = 0, misses = 0, prefetches = 0, stalls = 0, answers = 0, errors = 0;
  unsigned answered_cores = 0;

 private:
  Answer take() {
    const std::uint32_t addr = dut->rsp_addr_o;
    ++answers;
    errors += dut->rsp_err_o;
    if (bad.contains(addr) != static_cast<bool>(dut->rsp_err_o)) {
      throw std::runtime_error("fetch answer: error flag wrong");
    }
    for (unsigned w = 0; w < 16 && !dut->rsp_err_o; ++w) {
      if (dut->rsp_data_o[w] != word(addr + 4 * w, version)) {
        throw std::runtime_error("fetch answer: data wrong");
      }
    }
    for (unsigned core = 0; core < kCores; ++core) {
      if (want[core] && *want[core] / 64 == addr / 64) {
        content.push_back(core);
        ++answered_cores;
      }
    }
    return {addr, static_cast<bool>(dut->rsp_err_o)};
  }
  std::vector<unsigned> content;
};

}  // namespace icache
