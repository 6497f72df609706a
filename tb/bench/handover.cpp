// SPDX-License-Identifier: Apache-2.0
// bench.handover PROGRAM.elf: cycles from one queue's unit to the next, from time stamps inside.
// The program (sw/apps/bench_handover) tells when a job's first instruction and its last store were
// executed; here the grants of L1's line ports are watched in every cycle. Prints
// `bench: hand-over <mean x 100> <worst>`, over both hops and all rounds but the first two (caches
// warm):
//   to-workers: last line written by the DMA granted -> first instruction on the slowest worker
//   to-dma:     last store to JOB_DONE issued -> first line read by the DMA granted
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "harness/cluster.hpp"
#include "harness/elf_loader.hpp"
#include "harness/program_run.hpp"
#include "verilated.h"
#include "verilated_syms.h"

namespace {

constexpr std::size_t kWarmUp = 2;

/// A signal that tb/fast.vlt keeps readable.
template <typename Word>
const Word* signal(const char* scope, const char* name) {
  const std::string full = std::string("TOP.oct_top.u_cluster.") + scope;
  const VerilatedScope* const found = Verilated::threadContextp()->scopeFind(full.c_str());
  VerilatedVar* const var = found != nullptr ? found->varFind(name) : nullptr;
  if (var == nullptr || var->entSize() != sizeof(Word)) {
    throw std::runtime_error(full + "." + name + ": not readable; tb/fast.vlt should name it");
  }
  return static_cast<const Word*>(var->datap());
}

struct Round {
  std::uint64_t last_write = 0, first_read = 0;
};

/// Passes everything on and looks at L1's line ports after each cycle.
class Watched final : public tb::ClusterModel {
 public:
  explicit Watched(std::unique_ptr<tb::ClusterModel> model)
      : model_(std::move(model)),
        ready_(signal<std::uint16_t>("u_tcdm", "line_ready")),
        clear_(signal<std::uint16_t>("u_cores", "clear_q")) {}

  const tb::ClusterInfo& info() const override { return model_->info(); }
  tb::AxiPins mem_pins() override { return model_->mem_pins(); }
  tb::AxilPins ctrl_pins() override { return model_->ctrl_pins(); }
  const std::uint8_t* irq() override { return model_->irq(); }
  void set_reset_n(bool value) override { model_->set_reset_n(value); }
  void set_boot_addr(std::uint32_t addr) override { model_->set_boot_addr(addr); }
  void eval() override { model_->eval(); }
  void trace_open(const tb::TraceOptions& options) override { model_->trace_open(options); }
  void trace_close() override { model_->trace_close(); }

  void tick() override {
    model_->tick();
    ++cycle_;
    if (*clear_ != 0) start_ = cycle_ + 1;
    const bool write = (*ready_ & 0xffU) != 0, read = (*ready_ >> 8) != 0;
    if (write) {
      if (rounds_.empty() || rounds_.back().first_read != 0) rounds_.emplace_back();
      rounds_.back().last_write = cycle_;
    }
    if (read && !rounds_.empty() && rounds_.back().first_read == 0) {
      rounds_.back().first_read = cycle_;
    }
  }

  /// In the cycle in which mcycle of all cores is 0: counted from there.
  [[nodiscard]] const std::vector<Round>& rounds() const { return rounds_; }
  [[nodiscard]] std::uint64_t start() const { return start_; }

 private:
  std::unique_ptr<tb::ClusterModel> model_;
  const std::uint16_t *ready_, *clear_;
  std::uint64_t cycle_ = 0, start_ = 0;
  std::vector<Round> rounds_;
};

void print(const char* name, const std::vector<std::uint64_t>& hops) {
  std::uint64_t sum = 0;
  for (const std::uint64_t h : hops) sum += h;
  fmt::print("bench: {} {} {}\n", name, 100 * sum / hops.size(),
             *std::max_element(hops.begin(), hops.end()));
}

int run(const char* file) {
  const tb::ElfProgram program = tb::ElfProgram::load(file);
  auto watched = std::make_unique<Watched>(std::unique_ptr<tb::ClusterModel>(oct_model_create(1)));
  const Watched& seen = *watched;
  tb::ClusterOptions options;
  options.checks = false;
  tb::Cluster cluster(std::move(watched), options);
  std::string text;
  tb::RunOptions how;
  how.max_cycles = 1'000'000;
  how.fast_load = true;
  how.console = [&](std::string_view part) { text += part; };
  const int code = tb::ProgramRun(cluster, program, how).run().exit_code;
  if (code != 0) throw std::runtime_error(fmt::format("{}: exit code {}\n{}", file, code, text));

  std::vector<std::uint64_t> to_workers, to_dma, all;
  unsigned round = 0;
  unsigned long first = 0, done = 0;
  std::size_t at = 0;
  while ((at = text.find("hop: ", at)) != std::string::npos) {
    if (std::sscanf(text.c_str() + at, "hop: %u %lu %lu", &round, &first, &done) != 3) break;
    ++at;
    if (round < kWarmUp) continue;
    const Round& r = seen.rounds().at(round);
    to_workers.push_back(seen.start() + first - r.last_write);
    to_dma.push_back(r.first_read - (seen.start() + done));
  }
  if (to_workers.empty() || seen.rounds().size() != round + 1) {
    throw std::runtime_error(fmt::format("{}: {} rounds seen in L1, {} told by the program", file,
                                         seen.rounds().size(), round + 1));
  }
  all = to_workers;
  all.insert(all.end(), to_dma.begin(), to_dma.end());
  print("hand-over", all);
  print("hand-over-to-workers", to_workers);
  print("hand-over-to-dma", to_dma);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw std::invalid_argument("bench.handover PROGRAM.elf");
    return run(argv[1]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench.handover: {}\n", error.what());
    return 1;
  }
}
