// SPDX-License-Identifier: Apache-2.0
// tb_event_unit with a queue of answers for each core, for tests of oct_event_unit.
#pragma once

#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>

#include "Vtb_event_unit.h"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace event_unit {

using oct::config::kNumBarriers;
using oct::config::kNumCores;
using oct::config::kNumWorkers;

struct Answer {
  std::uint32_t data;
  bool err;
  std::uint64_t cycle;  // in which it was valid
};

class Eu {
 public:
  explicit Eu(const std::string& name) : dut(tb::derived_seed(name)), random(tb::rng(name)) {
    dut->clear_i = 0;
    dut->valid_i = 0;
    dut->we_i = 0;
    dut->be_i = 15;
    dut->core_clear_i = 0;
    dut->team_valid_i = 0;
    dut->empty_event_i = 0;
    dut->error_event_i = 0;
    dut->doorbell_i = 0;
    dut->timer_i = 0;
    for (unsigned t = 0; t < 2; ++t) dut->func_i[t] = dut->arg_i[t] = dut->mask_i[t] = 0;
    for (unsigned c = 0; c < kNumCores; ++c) dut->addr_i[c] = dut->wdata_i[c] = 0;
    dut.reset();
  }

  /// Starts an access; `answers[core]` gets its answer.
  void start(unsigned core, bool we, std::uint32_t addr, std::uint32_t data = 0) {
    REQUIRE((dut->valid_i >> core & 1) == 0);
    dut->valid_i = static_cast<std::uint16_t>(dut->valid_i | 1U << core);
    dut->we_i = static_cast<std::uint16_t>((dut->we_i & ~(1U << core)) | (we ? 1U << core : 0));
    dut->addr_i[core] = 0x3000'0000 + addr;
    dut->wdata_i[core] = data;
  }

  void tick() {
    dut.eval();
    const unsigned taken = dut->valid_i & dut->ready_o;
    unsigned accepted = 0;
    if (taken) last_taken = dut.cycles();
    for (unsigned c = 0; c < kNumCores; ++c) {
      if (dut->rvalid_o >> c & 1) {
        if (outstanding[c] == 0)
          throw std::runtime_error(fmt::format("core {}: an answer too many", c));
        --outstanding[c];
        answers[c].push_back({dut->rdata_o[c], (dut->err_o >> c & 1) != 0, dut.cycles()});
      }
      outstanding[c] += taken >> c & 1;
    }
    for (unsigned t = 0; t < 2; ++t) {
      if (dut->done_o >> t & 1)
        done[t].push_back({dut->done_addr_o[t], dut->done_cause_o[t] != 0, dut.cycles()});
      if (dut->team_valid_i >> t & dut->team_ready_o >> t & 1) {
        job_taken[t] = dut.cycles();
        accepted |= 1U << t;
      }
    }
    dut.tick();
    dut->team_valid_i = static_cast<CData>(dut->team_valid_i & ~accepted);
    dut->valid_i = static_cast<std::uint16_t>(dut->valid_i & ~taken);
    dut->empty_event_i = 0;
    dut->error_event_i = 0;
    dut->doorbell_i = 0;
  }

  Answer finish(unsigned core, unsigned limit = 50) {
    for (unsigned n = 0; answers[core].empty(); ++n) {
      if (n == limit)
        throw std::runtime_error(fmt::format("core {}: no answer within {} cycles", core, limit));
      tick();
    }
    const Answer a = answers[core].front();
    answers[core].pop_front();
    return a;
  }
  Answer read(unsigned core, std::uint32_t addr) {
    start(core, false, addr);
    return finish(core);
  }
  Answer write(unsigned core, std::uint32_t addr, std::uint32_t data) {
    start(core, true, addr, data);
    return finish(core);
  }
  void offer(unsigned team, std::uint32_t func, std::uint32_t arg, std::uint32_t mask) {
    dut->func_i[team] = func;
    dut->arg_i[team] = arg;
    dut->mask_i[team] = mask;
    dut->team_valid_i = static_cast<CData>(dut->team_valid_i | 1U << team);
  }

  tb::Clocked<Vtb_event_unit> dut;
  std::mt19937_64 random;
  std::array<std::deque<Answer>, kNumCores> answers;
  std::array<int, kNumCores> outstanding{};
  std::array<std::deque<Answer>, 2> done;
  std::array<std::uint64_t, 2> job_taken{};
  std::uint64_t last_taken = 0;
};

constexpr std::uint32_t kAll = (1U << kNumCores) - 1, kWorkers = (1U << kNumWorkers) - 1;

}  // namespace event_unit
