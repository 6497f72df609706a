// SPDX-License-Identifier: Apache-2.0
// tb::Cluster: a cluster model with memory behind it, a host before it, checkers on both ports and
// recording of a window. Everything that runs programs goes through run().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "harness/axi_checker.hpp"
#include "harness/axi_memory.hpp"
#include "harness/axil_driver.hpp"
#include "harness/cluster_model.hpp"

namespace tb {

struct TraceWindow {
  TraceOptions options;
  std::uint64_t from = 0;
  std::uint64_t to = ~std::uint64_t{0};
};

struct ClusterOptions {
  AxiMemoryConfig memory;  ///< base and bytes are taken from the machine
  bool checks = true;      ///< protocol checks; off in speed runs
  std::optional<TraceWindow> trace;
};

class Cluster {
 public:
  Cluster(std::unique_ptr<ClusterModel> model, const ClusterOptions& options);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  [[nodiscard]] const ClusterInfo& info() const { return model_->info(); }
  [[nodiscard]] ClusterModel& model() { return *model_; }
  [[nodiscard]] AxiMemory& memory() { return memory_; }
  [[nodiscard]] AxilDriver& host() { return host_; }
  /// Rising edges since construction.
  [[nodiscard]] std::uint64_t cycle() const { return cycle_; }
  [[nodiscard]] bool irq() const { return *irq_ != 0; }

  /// Pulls rst_ni low; transactions under way are forgotten, memory keeps its content.
  void reset(unsigned cycles = 8);
  void tick() { run(1, false); }
  /// Up to `cycles` cycles, fewer if irq_o rises and `until_irq`. Returns irq_o.
  bool run(std::uint64_t cycles, bool until_irq = true);

 private:
  bool run_fast(std::uint64_t cycles, bool until_irq);
  bool run_checked(std::uint64_t cycles, bool until_irq);
  void follow_window();

  std::unique_ptr<ClusterModel> model_;
  AxiMemory memory_;
  AxiPins mem_pins_;
  AxilPins ctrl_pins_;
  const std::uint8_t* irq_;
  AxilDriver host_;
  AxiChecker mem_checker_;
  AxilChecker ctrl_checker_;
  ClusterOptions options_;
  std::uint64_t cycle_ = 0;
  bool recording_ = false;
};

}  // namespace tb
