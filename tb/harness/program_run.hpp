// SPDX-License-Identifier: Apache-2.0
// tb::ProgramRun: the host's part of running a program: load, release, console, exit code,
// watchdog.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cluster.hpp"
#include "harness/elf_loader.hpp"

namespace tb {

/// The program came to no end; the message holds the report of cores, queues and memory.
struct WatchdogError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct RunOptions {
  std::uint64_t max_cycles = 0;        ///< 0: no limit
  std::uint64_t watchdog = 1'000'000;  ///< cycles without any progress; 0: off
  bool warm = false;                   ///< no reset: the host's abort, then load
  bool fast_load = false;              ///< fill L2 by the back door instead of AXI bursts
  std::vector<std::string> args;       ///< main's argv[1]...; a program sees up to 4000 bytes
  std::function<void(std::string_view)> console;  ///< text as it comes
  std::function<void(const std::string&)> warn;   ///< machine errors reported on the way
};

struct RunResult {
  int exit_code = 0;
  std::uint64_t cycles = 0;  ///< from release to exit
  double seconds = 0;
};

class ProgramRun {
 public:
  ProgramRun(Cluster& cluster, const ElfProgram& program, RunOptions options);

  /// Resets the cluster (or aborts what runs), loads and runs the program to its end. Throws
  /// ElfError, WatchdogError, ProtocolError and whatever the model throws (a failed assertion).
  RunResult run();

  /// What every core and every queue is doing, one per line.
  [[nodiscard]] std::string report();

 private:
  void load();
  void check_machine() const;
  void abort();
  void load_over_axi(std::uint32_t addr, std::span<const std::uint8_t> data);
  void load_l1(std::uint32_t addr, std::span<const std::uint8_t> data);
  void place_arguments();
  void release();
  void drain_console();
  void handle_error();
  /// Reads and clears what is pending; true if the program has ended.
  bool handle_interrupts();
  [[nodiscard]] std::vector<std::uint32_t> progress();

  Cluster& cluster_;
  const ElfProgram& program_;
  RunOptions options_;
  std::uint32_t console_ = 0;  ///< address of the ring; 0: the program has none
  int exit_code_ = 0;
  std::uint64_t give_up_ = ~std::uint64_t{0};  ///< cycle, once the cluster is cut off from memory
};

}  // namespace tb
