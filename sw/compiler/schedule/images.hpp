// SPDX-License-Identifier: Apache-2.0
// L1 and L2 of a network that runs without a machine: what stands in them at the start, what the
// DMA does to them, how a job's results are compared. For the program runner (verify.cpp) and for
// the emitted C on the host (emit/host.cpp).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "compiler/schedule/schedule.hpp"

namespace oct::schedule {

class Images {
 public:
  using Bytes = std::span<std::uint8_t>;
  using Golden = std::vector<std::vector<std::uint8_t>>;

  /// Fills both with noise from `seed`, then constants and argument blocks (`image`), inputs and
  /// states, which lose what the network writes itself. All must outlive this.
  Images(const integer::Graph& graph, const Network& network, const Golden& golden, Bytes l1,
         Bytes l2, std::span<const std::uint8_t> image, std::uint64_t seed, std::int64_t slot);

  /// Throws GraphError naming the job where [addr, addr + bytes) is outside.
  [[nodiscard]] std::uint8_t* at(const Job& job, Memory memory, std::int64_t addr,
                                 std::int64_t bytes) const;
  /// A DMA job by its words, addresses of L2 as offsets.
  void copy(const Job& job, std::vector<std::uint32_t> words) const;
  /// What the job (an index of Program::jobs()) wrote; throws GraphError at the first wrong byte.
  void compare(std::size_t job);

  [[nodiscard]] Bytes l1() const { return l1_; }
  [[nodiscard]] std::int64_t slot() const { return slot_; }
  /// Bytes so far.
  [[nodiscard]] std::int64_t compared() const { return compared_; }

 private:
  const integer::Graph& graph_;
  const Network& net_;
  const Golden& golden_;
  Bytes l1_, l2_;
  std::map<std::size_t, std::vector<const Piece*>> pieces_;  // by job
  std::int64_t slot_ = 0, compared_ = 0;
};

/// Throws GraphError: note, queue and number of the job, and why.
[[noreturn]] void fail(const Job& job, const std::string& why);

}  // namespace oct::schedule
