// SPDX-License-Identifier: Apache-2.0
// tb::ClusterModel: a Verilated oct_top behind an abstract class, so that one `octant` loads the
// model of any machine description, fast or tracing, as a shared library:
// liboct_model_<config>[_trace].so with the two C functions at the end of this file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/axi_pins.hpp"
#include "harness/axil_pins.hpp"

namespace tb {

/// What a host must know about the machine; from the machine description.
struct ClusterInfo {
  std::string config;
  std::uint32_t workers = 0, cores = 0;
  std::uint32_t l1_base = 0, l1_bytes = 0, reg_base = 0, l2_base = 0, l2_bytes = 0;
  std::uint32_t boot_addr = 0, hart_id_base = 0;
  std::uint32_t engine_macs = 0, num_sems = 0;
  bool can_trace = false;
};

struct TraceScope {
  std::string name;      ///< "TOP.oct_top.u_cluster"; must exist
  int depth = 99;        ///< 1: its own signals only; a struct's members count as a level below it
  unsigned structs = 0;  ///< so many names at the end are structs, not instances
};

struct TraceOptions {
  std::string file;                ///< .fst
  std::vector<TraceScope> scopes;  ///< empty: everything
};

/// State that a harness may look at without the machine noticing; settled after each tick.
struct BackDoor {
  std::vector<const std::uint64_t*> l1_banks;  ///< 64-bit words of each; empty: not available
  const std::uint16_t* semaphores = nullptr;
  /// A bit per core; while it is set the core is held and its mcycle is zero.
  const std::uint8_t* held = nullptr;
  unsigned held_bytes = 0;
  /// What the engine does in this cycle: a bit for each of its counters
  /// (docs/architecture/engine.md).
  const std::uint16_t* engine = nullptr;
  /// Of each work queue: whether a descriptor is at its head, not yet given to the unit.
  std::vector<const std::uint8_t*> heads;
};

class ClusterModel {
 public:
  virtual ~ClusterModel() = default;

  [[nodiscard]] virtual const ClusterInfo& info() const = 0;
  [[nodiscard]] virtual AxiPins mem_pins() = 0;
  [[nodiscard]] virtual AxilPins ctrl_pins() = 0;
  /// irq_o, settled after each tick.
  [[nodiscard]] virtual const std::uint8_t* irq() = 0;

  virtual void set_reset_n(bool value) = 0;
  virtual void set_boot_addr(std::uint32_t addr) = 0;
  /// Settles combinational logic without a clock edge.
  virtual void eval() = 0;
  /// One rising clock edge with the inputs as they stand.
  virtual void tick() = 0;

  /// Throws std::runtime_error if the model was built without tracing.
  virtual void trace_open(const TraceOptions& options) = 0;
  virtual void trace_close() = 0;

  [[nodiscard]] virtual BackDoor back_door() { return {}; }
};

inline constexpr int kModelInterface = 5;  // grows with every change of this file

}  // namespace tb

extern "C" {
/// The interface version the library was built with.
[[gnu::visibility("default")]] int oct_model_interface();
/// A new model, everything random from `seed`; the caller deletes it.
[[gnu::visibility("default")]] tb::ClusterModel* oct_model_create(std::uint64_t seed);
}
