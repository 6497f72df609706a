// SPDX-License-Identifier: Apache-2.0
// tb::Watched: a cluster model that calls somebody after each cycle, and L1 as bytes. What is read
// here costs the machine nothing: no port, no cycle.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "harness/cluster_model.hpp"

namespace tb {

/// L1's bytes, wherever the bank hash put them (l1_bank and l1_row of oct_cluster_pkg).
class L1View {
 public:
  L1View() = default;
  /// Throws std::runtime_error if the model has no back door.
  L1View(const BackDoor& door, std::uint32_t bytes);
  void read(std::uint64_t offset, std::span<std::uint8_t> out) const;

 private:
  [[nodiscard]] std::uint64_t word(std::uint64_t index) const;

  std::vector<const std::uint64_t*> banks_;
  unsigned bank_bits_ = 0;  // of a bank's index; three of them are the lane
  std::uint64_t bytes_ = 0;
};

/// Passes everything on; `after` is called behind each tick.
class Watched final : public ClusterModel {
 public:
  Watched(std::unique_ptr<ClusterModel> model, std::function<void()> after)
      : model_(std::move(model)), after_(std::move(after)) {}

  const ClusterInfo& info() const override { return model_->info(); }
  AxiPins mem_pins() override { return model_->mem_pins(); }
  AxilPins ctrl_pins() override { return model_->ctrl_pins(); }
  const std::uint8_t* irq() override { return model_->irq(); }
  void set_reset_n(bool value) override { model_->set_reset_n(value); }
  void set_boot_addr(std::uint32_t addr) override { model_->set_boot_addr(addr); }
  void eval() override { model_->eval(); }
  void tick() override {
    model_->tick();
    after_();
  }
  void trace_open(const TraceOptions& options) override { model_->trace_open(options); }
  void trace_close() override { model_->trace_close(); }
  BackDoor back_door() override { return model_->back_door(); }

 private:
  std::unique_ptr<ClusterModel> model_;
  std::function<void()> after_;
};

}  // namespace tb
