// SPDX-License-Identifier: Apache-2.0
// tb::Clocked<Model>: owns a Verilated model with its context, drives clk_i and rst_ni, counts
// cycles.
//
//   tb::Clocked<Voct_fifo> dut;      // everything random follows from tb::seed()
//   dut->in_valid_i = 1;             // set every input once before the first reset() or tick()
//   dut.reset();
//   dut.tick();                      // inputs as they stand, one rising edge, outputs settled
//   dut->in_valid_i = 0; dut.eval(); // combinational effect of an input, no clock edge
//   dut.wait_until([&] { return dut->out_valid_o; }, 100, "fifo output");
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "harness/seed.hpp"
#include "verilated.h"
#if VM_COVERAGE
#include "harness/coverage.hpp"
#endif
#if VM_TRACE
#include <cstdlib>

#include "verilated_fst_c.h"
#endif

namespace tb {

template <typename Model>
class Clocked {
 public:
  explicit Clocked(std::uint64_t seed = tb::derived_seed("model"))
      : context_(std::make_unique<VerilatedContext>()) {
    context_->randReset(2);
    // Verilator takes 31 bits, and 0 would mean "use the time of day".
    context_->randSeed(static_cast<int>(seed % 0x7ffffffeU) + 1);
#if VM_TRACE
    context_->traceEverOn(true);
#endif
    model_ = std::make_unique<Model>(context_.get());
    set_clock(0);
    set_reset_n(1);
#if VM_TRACE
    // OCT_FST=file.fst records a whole test; the n-th model of a process goes to file.n.fst.
    if (const char* path = std::getenv("OCT_FST"); path != nullptr && *path != '\0') {
      static int count = 0;
      const std::string suffix = count > 0 ? "." + std::to_string(count) + ".fst" : "";
      ++count;
      trace_open(path + suffix);
    }
#endif
  }

  Clocked(const Clocked&) = delete;
  Clocked& operator=(const Clocked&) = delete;

  ~Clocked() {
    trace_close();
#if VM_COVERAGE
    Coverage::instance().add(*context_);
#endif
  }

  Model* operator->() { return model_.get(); }
  const Model* operator->() const { return model_.get(); }
  Model& model() { return *model_; }
  VerilatedContext& context() { return *context_; }

  /// Rising clock edges since construction.
  [[nodiscard]] std::uint64_t cycles() const { return cycles_; }

  /// Settles combinational logic without a clock edge.
  void eval() { model_->eval(); }

  /// `n` rising edges; the inputs settle before each, the outputs after it.
  void tick(std::uint64_t n = 1) {
    for (std::uint64_t i = 0; i < n; ++i) {
      set_clock(0);
      model_->eval();
      dump();
      set_clock(1);
      model_->eval();
      dump();
      ++cycles_;
    }
  }

  /// Pulls rst_ni low for `n` cycles.
  void reset(std::uint64_t n = 2) {
    set_reset_n(0);
    tick(n);
    set_reset_n(1);
    model_->eval();
  }

  /// Ticks until `condition()`; returns the number of ticks. Throws `name: not reached within ...`.
  template <typename Condition>
  std::uint64_t wait_until(Condition condition, std::uint64_t limit, const std::string& name) {
    for (std::uint64_t n = 0; n < limit; ++n) {
      if (condition()) return n;
      tick();
    }
    if (condition()) return limit;
    throw std::runtime_error(name + ": not reached within " + std::to_string(limit) +
                             " cycles (cycle " + std::to_string(cycles_) + ")");
  }

  /// Starts recording an FST; needs a model built with TRACE (or cmake -DOCT_TRACE=ON).
  void trace_open(const std::string& path, int levels = 99) {
#if VM_TRACE
    trace_ = std::make_unique<VerilatedFstC>();
    model_->trace(trace_.get(), levels);
    trace_->open(path.c_str());
#else
    static_cast<void>(levels);
    throw std::runtime_error(path + ": this model has no trace; build it with -DOCT_TRACE=ON");
#endif
  }

  void trace_close() {
#if VM_TRACE
    if (trace_) trace_->close();
    trace_.reset();
#endif
  }

 private:
  void set_clock(int value) {
    if constexpr (requires(Model& m) { m.clk_i; }) model_->clk_i = static_cast<CData>(value);
  }
  void set_reset_n(int value) {
    if constexpr (requires(Model& m) { m.rst_ni; }) model_->rst_ni = static_cast<CData>(value);
  }
  void dump() {
    context_->timeInc(5);
#if VM_TRACE
    if (trace_) trace_->dump(context_->time());
#endif
  }

  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Model> model_;
#if VM_TRACE
  std::unique_ptr<VerilatedFstC> trace_;
#endif
  std::uint64_t cycles_ = 0;
};

}  // namespace tb
