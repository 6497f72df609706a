// SPDX-License-Identifier: Apache-2.0
// One case for the attention engine in the whole cluster: data, descriptors for the queues and what
// must come out. The host fills L2, rings the doorbells, starts the graph and compares.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine_desc.hpp"

namespace octant {

/// Sizes of the machine that a case is made for.
struct Machine {
  std::uint32_t l1_bytes = 0, l2_base = 0, macs = 0;
};

struct EngineCase {
  enum class Kind { kGemm, kAttention } kind = Kind::kGemm;
  enum class From { kL1, kL2, kWeightsL2 } from = From::kL1;
  enum class Mask { kNone, kCausal, kPadding } mask = Mask::kNone;
  std::uint32_t m = 1, k = 1, n = 1;      // GEMM
  std::uint32_t heads = 1, s = 1, d = 1;  // attention
  bool gemv = false;                      // only for its name
  [[nodiscard]] std::string name() const;
  /// Products that count: real heads, real pairs of query and key, no padding.
  [[nodiscard]] std::uint64_t macs() const;
};

/// "512x256x64"
std::array<std::uint32_t, 3> parse_shape(const std::string& option, const std::string& text,
                                         unsigned parts);

enum PlanQueue : unsigned { kEngine, kDmaIn, kDmaOut, kNumPlanQueues };

/// Semaphores of a plan.
enum PlanSem : unsigned { kSemStart, kSemIn, kSemDone, kSemOut, kSemStage };

struct Plan {
  struct Block {
    std::uint32_t addr;  // in L2
    std::vector<std::uint8_t> bytes;
  };
  std::vector<Block> memory;    // L2 before the run
  std::vector<Block> expected;  // and what must be there behind it
  // Descriptors as words, a multiple of 16 each. The staging list brings operands into L1 before
  // the clock starts, the collecting list takes results out after it has stopped.
  std::array<std::vector<std::uint32_t>, kNumPlanQueues> rings;
  std::vector<std::uint32_t> stage, collect;
  bool from_l2 = false;
};

/// Throws std::invalid_argument with the case's name when it cannot be laid out in this machine.
Plan make_plan(const EngineCase& c, const Machine& machine, std::mt19937_64& random);

}  // namespace octant
