// SPDX-License-Identifier: Apache-2.0
// Where the cycles of a network went: every cycle has one layer (compiler/schedule/attribution.hpp)
// and one cause, so that the causes of all layers add up to the cycles. docs/guide/report.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compiler/schedule/schedule.hpp"
#include "network/piece_checker.hpp"

namespace octant {

enum class Cause : std::uint8_t {
  kUseful,      ///< the engine's array multiplies, products that count
  kPadding,     ///< ... the part of the array that multiplies nothing of use
  kInput,       ///< the array waits for rows of X
  kWeights,     ///< ... for weights
  kOutput,      ///< ... for accumulators that still drain
  kSoftmax,     ///< ... for attention weights or room for logits
  kRefusals,    ///< one of these four, while L1 refused one of the engine's ports
  kJobEdges,    ///< a job is under way without a slot at the array: its start, its end, the planner
  kHandOver,    ///< nothing to wait for and no job under way: descriptor, hand-over
  kDmaIn,       ///< the head waits at a semaphore for the DMA from L2
  kDmaOut,      ///< ... to L2
  kWorkers,     ///< ... for the workers
  kEmptyStart,  ///< no descriptor at the engine's queue yet: the controller starts the network
  kEmpty,       ///< ... later: descriptors that the controller has still to fill in
  kEmptyEnd,    ///< behind the engine's last job: what the others still do
  kTeam,        ///< networks without jobs for the engine: the workers at work
  kCount
};
inline constexpr std::size_t kCauses = static_cast<std::size_t>(Cause::kCount);
/// As in report.json.
[[nodiscard]] const char* cause_key(Cause cause);
/// In words.
[[nodiscard]] const char* cause_text(Cause cause);

using Causes = std::array<std::uint64_t, kCauses>;

struct LostCycles {
  std::vector<Causes> layers;
  Causes total{};
  std::vector<std::uint64_t> cycles;  ///< of each layer
  std::uint64_t unused = 0;           ///< seen, but in no span between two jobs' ends

  /// What does not add up to the `whole` run, in words; empty if all does.
  [[nodiscard]] std::vector<std::string> check(std::uint64_t whole) const;
};

/// `times`: since the network's first instruction. `watched`: what the engine did up to the end of
/// each job of the leading queue, since the end before it; the first one begins `early` cycles
/// before the first instruction.
[[nodiscard]] LostCycles lost_cycles(const oct::schedule::Network& network,
                                     const std::vector<JobTime>& times,
                                     std::vector<EngineCycles> watched, std::uint64_t early,
                                     unsigned macs_per_cycle);

/// What was seen against the engine's own registers (by name) and the steps that its jobs must
/// take; what differs, in words.
[[nodiscard]] std::vector<std::string> check_watch(
    const oct::schedule::Network& network, const std::vector<EngineCycles>& watched,
    unsigned macs_per_cycle, const std::vector<std::pair<std::string, std::uint64_t>>& counted);

}  // namespace octant
