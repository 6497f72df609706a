// SPDX-License-Identifier: Apache-2.0
#include "harness/cluster.hpp"

#include <algorithm>
#include <utility>

namespace tb {
namespace {

AxiMemoryConfig placed(AxiMemoryConfig config, const ClusterInfo& info) {
  config.base = info.l2_base;
  config.bytes = info.l2_bytes;
  return config;
}

/// Outputs that start or end a transfer.
struct Outputs {
  std::uint8_t arvalid, awvalid, wvalid, rready, bready;
  explicit Outputs(const AxiPins& p)
      : arvalid(*p.arvalid),
        awvalid(*p.awvalid),
        wvalid(*p.wvalid),
        rready(*p.rready),
        bready(*p.bready) {}
  bool operator==(const Outputs&) const = default;
};

}  // namespace

Cluster::Cluster(std::unique_ptr<ClusterModel> model, const ClusterOptions& options)
    : model_(std::move(model)),
      memory_(placed(options.memory, model_->info())),
      mem_pins_(model_->mem_pins()),
      ctrl_pins_(model_->ctrl_pins()),
      irq_(model_->irq()),
      host_(ctrl_pins_, [this] { tick(); }),
      options_(options) {}

Cluster::~Cluster() {
  if (recording_) model_->trace_close();
}

void Cluster::reset(unsigned cycles) {
  host_.idle();
  memory_.reset(mem_pins_);
  mem_checker_.reset();
  ctrl_checker_.reset();
  // The fall needs a settled model before it and must be through before the first clock edge:
  // flip-flops start at random, and so does what the reset synchroniser shows.
  model_->eval();
  model_->set_reset_n(false);
  model_->eval();
  for (unsigned i = 0; i < cycles; ++i) {
    model_->tick();
    ++cycle_;
  }
  model_->set_reset_n(true);
  model_->eval();
  // The reset is released synchronously inside; before that the ports lose what they are given.
  run(8, false);
}

void Cluster::follow_window() {
  if (!options_.trace) return;
  const bool wanted = cycle_ >= options_.trace->from && cycle_ < options_.trace->to;
  if (wanted && !recording_) model_->trace_open(options_.trace->options);
  if (!wanted && recording_) model_->trace_close();
  recording_ = wanted;
}

bool Cluster::run(std::uint64_t cycles, bool until_irq) {
  while (cycles > 0) {
    std::uint64_t part = cycles;
    if (options_.trace) {
      follow_window();
      for (const std::uint64_t edge : {options_.trace->from, options_.trace->to}) {
        if (edge > cycle_) part = std::min(part, edge - cycle_);
      }
    }
    cycles -= part;
    const bool irq = options_.checks ? run_checked(part, until_irq) : run_fast(part, until_irq);
    if (irq && until_irq) break;
  }
  return irq();
}

bool Cluster::run_fast(std::uint64_t cycles, bool until_irq) {
  const std::uint64_t end = cycle_ + cycles;
  std::uint64_t now = cycle_;
  ClusterModel& model = *model_;
  do {
    memory_.step(mem_pins_);
    model.tick();
    ++now;
  } while (now != end && !(until_irq && *irq_));
  cycle_ = now;
  return *irq_ != 0;
}

bool Cluster::run_checked(std::uint64_t cycles, bool until_irq) {
  const std::uint64_t end = cycle_ + cycles;
  do {
    if (memory_.asleep(mem_pins_)) {
      memory_.step(mem_pins_);
    } else {
      // step() relies on outputs that do not follow inputs within a cycle; here that is checked.
      const Outputs before(mem_pins_);
      memory_.drive(mem_pins_);
      model_->eval();
      if (Outputs(mem_pins_) != before) {
        throw ProtocolError(
            "m_axi_mem, cycle " + std::to_string(cycle_) +
            ": an output follows an input within the cycle; oct_top must register it");
      }
      memory_.sample(mem_pins_);
    }
    mem_checker_.check(mem_pins_);
    ctrl_checker_.check(ctrl_pins_);
    model_->tick();
    ++cycle_;
  } while (cycle_ != end && !(until_irq && *irq_));
  return *irq_ != 0;
}

}  // namespace tb
