// SPDX-License-Identifier: Apache-2.0
// The shared library around one Verilated oct_top: see cluster_model.hpp.
#include <memory>
#include <stdexcept>
#include <string>

#include "Voct_top.h"
#include "harness/cluster_model.hpp"
#include "oct_config.hpp"
#include "verilated.h"
#include "verilated_syms.h"
#if __has_include("Voct_top__Fall.h")
#include "Voct_top__Fall.h"  // fast models: scripts/idle_instances.py found that a falling clock changes nothing
#endif
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

namespace {

/// As Verilator's trace code spells a scope: a byte behind each struct's name tells its kind.
[[maybe_unused]] std::string marked(const tb::TraceScope& scope) {
  std::string name = scope.name;
  std::size_t at = name.size();
  for (unsigned i = 0; i < scope.structs; ++i) {
    name.insert(at, "\x86");
    at = name.rfind('.', at - 1);
  }
  return name;
}

/// A variable that tb/back_door.vlt keeps readable.
const VerilatedVar& variable(const VerilatedContext& context, const std::string& scope,
                             const char* name) {
  const VerilatedScope* found = context.scopeFind(("TOP.oct_top.u_cluster." + scope).c_str());
  const VerilatedVar* var = found != nullptr ? found->varFind(name) : nullptr;
  if (var == nullptr) {
    throw std::runtime_error(scope + "." + name + ": not readable; tb/*.vlt should name it");
  }
  return *var;
}

class VerilatedCluster final : public tb::ClusterModel {
 public:
  explicit VerilatedCluster(std::uint64_t seed) {
    namespace c = oct::config;
    info_ = {.config = c::kName,
             .workers = c::kNumWorkers,
             .cores = c::kNumCores,
             .l1_base = c::kL1Base,
             .l1_bytes = c::kL1Bytes,
             .reg_base = c::kRegBase,
             .l2_base = c::kL2Base,
             .l2_bytes = c::kL2Bytes,
             .boot_addr = c::kBootAddr,
             .hart_id_base = c::kHartIdBase,
             .engine_macs = c::kEngineMacs,
             .num_sems = c::kNumSems,
             .can_trace = VM_TRACE != 0};
    context_.randReset(2);
    // Verilator takes 31 bits, and 0 would mean "use the time of day".
    context_.randSeed(static_cast<int>(seed % 0x7ffffffeU) + 1);
#if VM_TRACE
    context_.traceEverOn(true);
#endif
    model_ = std::make_unique<Voct_top>(&context_);
    model_->clk_i = 0;
    model_->rst_ni = 1;
    model_->test_en_i = 0;
    model_->boot_addr_i = c::kBootAddr;
    model_->hart_id_base_i = c::kHartIdBase;
    tb::AxiPins mem = mem_pins();
    *mem.awready = *mem.wready = *mem.bvalid = *mem.arready = *mem.rvalid = 0;
  }
  ~VerilatedCluster() override { trace_close(); }

  const tb::ClusterInfo& info() const override { return info_; }
  tb::AxiPins mem_pins() override { return tb::bind_axi(*model_); }
  tb::AxilPins ctrl_pins() override { return tb::bind_axil(*model_); }
  const std::uint8_t* irq() override { return &model_->irq_o; }
  void set_reset_n(bool value) override { model_->rst_ni = value; }
  void set_boot_addr(std::uint32_t addr) override { model_->boot_addr_i = addr; }
  void eval() override { model_->eval(); }
  tb::BackDoor back_door() override {
    tb::BackDoor door;
    for (int b = 0; b < static_cast<int>(oct::config::kNumBanks); ++b) {
      const std::string scope = "u_tcdm.u_banks.g_bank[" + std::to_string(b) + "].u_sram";
      door.l1_banks.push_back(
          static_cast<const std::uint64_t*>(variable(context_, scope, "mem").datap()));
    }
    door.semaphores = static_cast<const std::uint16_t*>(
        variable(context_, "u_queues.u_sem_port.u_sems", "value_q").datap());
    const VerilatedVar& held = variable(context_, "u_cores", "clear_q");
    door.held = static_cast<const std::uint8_t*>(held.datap());
    door.held_bytes = static_cast<unsigned>(held.entSize());
    door.engine =
        static_cast<const std::uint16_t*>(variable(context_, "u_attention.u_regs", "step").datap());
    constexpr int kQueues = 5;
    for (int q = 0; q < kQueues; ++q) {
      const std::string scope = "u_queues.g_queue[" + std::to_string(q) + "].u_head";
      door.heads.push_back(
          static_cast<const std::uint8_t*>(variable(context_, scope, "valid_q").datap()));
    }
    return door;
  }

  void tick() override {
#ifdef OCT_ASSERTIONS
    // Assertions sample what the inputs have led to before the edge.
    model_->eval();
#endif
    model_->clk_i = 1;
    model_->eval();
    dump();
    model_->clk_i = 0;
#ifdef OCT_FALL_UNSEEN
    oct_fall_unseen(*model_);
#else
    model_->eval();
    dump();
#endif
  }

#if VM_TRACE
  void trace_open(const tb::TraceOptions& options) override {
    trace_close();
    trace_ = std::make_unique<VerilatedFstC>();
    for (const tb::TraceScope& scope : options.scopes) trace_->dumpvars(scope.depth, marked(scope));
    model_->trace(trace_.get(), 99);
    trace_->open(options.file.c_str());
    if (!trace_->isOpen()) throw std::runtime_error(options.file + ": cannot be written");
  }
  void trace_close() override {
    if (trace_) trace_->close();
    trace_.reset();
  }

 private:
  void dump() {
    context_.timeInc(5);
    if (trace_) trace_->dump(context_.time());
  }
  std::unique_ptr<VerilatedFstC> trace_;
#else
  void trace_open(const tb::TraceOptions& options) override {
    throw std::runtime_error(options.file + ": this model was built without tracing");
  }
  void trace_close() override {}

 private:
  void dump() {}
#endif
  tb::ClusterInfo info_;
  VerilatedContext context_;
  std::unique_ptr<Voct_top> model_;
};

}  // namespace

int oct_model_interface() { return tb::kModelInterface; }
tb::ClusterModel* oct_model_create(std::uint64_t seed) {
  return std::make_unique<VerilatedCluster>(seed).release();
}
