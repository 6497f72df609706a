// SPDX-License-Identifier: Apache-2.0
// A machine in C++ behind ClusterModel, loaded like a Verilated one under the name "fake": it reads
// words of its "program" over AXI and obeys them, so that loader, run loop, console, watchdog and
// command line are tested without RTL. Words: opcode[31:24] operand[23:0], see step().
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>

#include "harness/cluster_model.hpp"
#include "harness/control_regs.hpp"

namespace {

using namespace tb::regs;

class FakeCluster final : public tb::ClusterModel {
 public:
  FakeCluster() {
    info_ = {.config = "fake",
             .workers = 1,
             .cores = 2,
             .l1_base = 0x1000'0000,
             .l1_bytes = 0x1000,
             .reg_base = 0x2000'0000,
             .l2_base = 0x8000'0000,
             .l2_bytes = 1 << 20,
             .boot_addr = 0x8000'0000,
             .hart_id_base = 0,
             .engine_macs = 0,
             .num_sems = 64,
             .can_trace = false};
  }
  const tb::ClusterInfo& info() const override { return info_; }
  tb::AxiPins mem_pins() override {
    tb::AxiPins p;
    p.arvalid = &arvalid_, p.arid = &arid_, p.araddr = &araddr_, p.arlen = &zero_,
    p.arsize = &arsize_;
    p.arready = &arready_, p.rvalid = &rvalid_, p.rid = &rid_, p.rdata = rdata_.data();
    p.rresp = &rresp_, p.rlast = &rlast_, p.rready = &one_;
    return p;
  }
  tb::AxilPins ctrl_pins() override {
    return {.awvalid = &awvalid_,
            .wvalid = &wvalid_,
            .bready = &bready_,
            .arvalid = &carvalid_,
            .rready = &crready_,
            .awprot = &prot_,
            .arprot = &prot_,
            .wstrb = &wstrb_,
            .awaddr = &awaddr_,
            .araddr = &caraddr_,
            .wdata = &wdata_,
            .awready = &one_,
            .wready = &one_,
            .bvalid = &bvalid_,
            .bresp = &zero_,
            .arready = &one_,
            .rvalid = &crvalid_,
            .rresp = &zero_,
            .rdata = &crdata_};
  }
  const std::uint8_t* irq() override { return &irq_; }
  void set_reset_n(bool value) override {
    if (value) return;
    regs_.clear();
    irq_ = arvalid_ = 0;
    waiting_ = asleep_ = false;
  }
  void set_boot_addr(std::uint32_t) override {}
  void eval() override {}
  void trace_open(const tb::TraceOptions&) override { throw std::runtime_error("no trace"); }
  void trace_close() override {}

  void tick() override {
    if (bvalid_ && bready_) bvalid_ = 0;
    if (crvalid_ && crready_) crvalid_ = 0;
    if (awvalid_ && wvalid_ && !bvalid_) write(awaddr_, wdata_), bvalid_ = 1;
    if (carvalid_ && !crvalid_) crdata_ = regs_[caraddr_], crvalid_ = 1;
    const bool answered = rvalid_ != 0;
    if (arvalid_ && arready_) arvalid_ = 0, waiting_ = true;
    if (answered) {
      waiting_ = false;
      obey(rresp_ != 0 ? 0x0300'0000U | rresp_ : rdata_[pc_ % 64 / 4]);
    }
    if ((regs_[kRun] & 1) != 0 && !arvalid_ && !waiting_ && !asleep_) {
      arvalid_ = 1, araddr_ = pc_;
    }
    regs_[kCoreStatus + kCoreStride] = asleep_ ? 4 : 2;
    regs_[kCoreStatus + kCoreStride + 4] = pc_;
    regs_[kCoreStatus + kCoreStride + 8] = 0x3000'0014;
    irq_ = (regs_[kIrqPending] & regs_[kIrqEnable]) != 0;
  }

 private:
  void write(std::uint32_t addr, std::uint32_t data) {
    if (addr == kIrqPending)
      regs_[addr] &= ~data;
    else
      regs_[addr] = data;
    if (addr == kRun) pc_ = regs_[kBootAddr];
  }
  void obey(std::uint32_t word) {
    const std::uint32_t operand = word & 0xff'ffff;
    pc_ += 4;
    switch (word >> 24) {
      case 0:
        break;  // goes on
      case 1:
        regs_[kIrqPending] |= kIrqConsole;
        break;
      case 2:
      case 3:  // exit, also after a bus error
        regs_[kExit] = 0x8000'0000U | operand;
        regs_[kIrqPending] |= kIrqExit;
        asleep_ = true;
        break;
      case 4:
        asleep_ = true, pc_ -= 4;
        break;  // waits for ever
      case 5:
        pc_ -= 4;
        break;  // loops for ever
      case 6:
        throw std::runtime_error("assertion failed or $stop at fake.sv:1");
      case 7:
        regs_[kError] = 0x9003'0007, regs_[kErrorAddr] = 0x20000;
        regs_[kIrqPending] |= kIrqError;
        break;
      default:
        throw std::runtime_error("fake: not a program of the fake machine");
    }
  }

  tb::ClusterInfo info_;
  std::map<std::uint32_t, std::uint32_t> regs_;
  std::uint32_t pc_ = 0;
  bool waiting_ = false, asleep_ = false;
  std::uint8_t zero_ = 0, one_ = 1, irq_ = 0, prot_ = 0;
  std::uint8_t arvalid_ = 0, arid_ = 0, arsize_ = 2, arready_ = 0, rvalid_ = 0, rid_ = 0,
               rresp_ = 0, rlast_ = 0;
  std::uint32_t araddr_ = 0;
  std::array<std::uint32_t, tb::kAxiWords> rdata_{};
  std::uint8_t awvalid_ = 0, wvalid_ = 0, bready_ = 0, carvalid_ = 0, crready_ = 0, wstrb_ = 0,
               bvalid_ = 0, crvalid_ = 0;
  std::uint32_t awaddr_ = 0, caraddr_ = 0, wdata_ = 0, crdata_ = 0;
};

}  // namespace

int oct_model_interface() { return tb::kModelInterface; }
tb::ClusterModel* oct_model_create(std::uint64_t) {
  return std::make_unique<FakeCluster>().release();
}
