// SPDX-License-Identifier: Apache-2.0
// Looks at L1 and L2 whenever a job of a network ends, and compares what it wrote with the golden
// tensors. A job's end is seen at its queue's semaphore; the machine notices nothing.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/integer/run.hpp"
#include "compiler/schedule/schedule.hpp"
#include "harness/axi_memory.hpp"
#include "harness/back_door.hpp"
#include "network/engine_watch.hpp"

namespace octant {

/// Clock cycles since the simulation began.
struct JobTime {
  std::uint64_t start = 0;  ///< its waits fulfilled and the job before it in the queue ended
  std::uint64_t end = 0;    ///< 0: has not ended
};

class PieceChecker {
 public:
  /// All three must outlive the checker. `arena`: address of the network's L2. `slot`: of caches.
  PieceChecker(const oct::integer::Graph& graph, const oct::schedule::Network& network,
               const oct::integer::Memory& golden, std::uint32_t arena, std::int64_t slot);

  /// `controller`: index of its core.
  void attach(const tb::BackDoor& door, std::uint32_t l1_bytes, unsigned controller,
              tb::AxiMemory& memory);
  /// Behind every clock cycle.
  void tick() {
    ++cycle_;
    if (held_ != nullptr && (*held_ & held_bit_) != 0) {
      released_ = cycle_ + 1;
      return;
    }
    engine_.tick();
    for (std::size_t q = 0; q < kQueues; ++q) {
      if (semaphores_[q] != seen_[q]) changed(q);
    }
  }

  /// Told the part of the jobs that have ended, now and then.
  std::function<void(double)> progress;

  /// Cycle at which mcycle was zero.
  [[nodiscard]] std::uint64_t released() const { return released_; }
  /// Of the first run.
  [[nodiscard]] const std::vector<JobTime>& times() const { return times_; }
  /// Likewise: what the engine did before each end of a job of the leading queue (attribution.hpp).
  [[nodiscard]] const std::vector<EngineCycles>& engine() const { return watched_; }
  /// Runs in which all jobs have ended.
  [[nodiscard]] std::uint64_t runs() const;

  [[nodiscard]] std::uint64_t mismatches() const { return mismatches_; }
  /// The first few, in words.
  [[nodiscard]] const std::vector<std::string>& wrong() const { return wrong_; }
  /// Tensors of which every byte was compared, and their elements.
  struct Coverage {
    std::uint64_t tensors = 0, elements = 0;
    std::vector<std::string> missing;  ///< tensors with bytes that no piece covers
  };
  [[nodiscard]] Coverage coverage() const;
  /// For each queue: what it does, or why it does not.
  [[nodiscard]] std::string heads() const;

 private:
  static constexpr std::size_t kQueues = oct::schedule::kNumQueues;
  void changed(std::size_t queue);
  void ended(std::size_t queue, std::uint32_t index);
  void compare(const oct::schedule::Piece& piece);
  [[nodiscard]] std::string job_name(const oct::schedule::Job& job) const;

  const oct::integer::Graph& graph_;
  const oct::schedule::Network& network_;
  const oct::integer::Memory& golden_;
  std::uint32_t arena_;
  std::int64_t slot_;
  oct::schedule::Queue leading_;
  EngineWatch engine_;
  std::vector<EngineCycles> watched_;
  tb::L1View l1_;
  tb::AxiMemory* memory_ = nullptr;
  const std::uint8_t* held_ = nullptr;
  std::uint8_t held_bit_ = 0;
  const std::uint16_t* semaphores_ = nullptr;
  std::array<std::uint16_t, kQueues> seen_{};
  std::array<std::uint64_t, kQueues> run_{};  // runs finished by this queue
  std::uint64_t cycle_ = 0, released_ = 0, mismatches_ = 0, ended_ = 0;
  std::vector<std::vector<std::size_t>> pieces_;  // of each job
  std::vector<JobTime> times_;
  std::vector<std::vector<bool>> covered_;  // bytes of each tensor
  std::vector<std::string> wrong_;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace octant
