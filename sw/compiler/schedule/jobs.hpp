// SPDX-License-Identifier: Apache-2.0
// Jobs as descriptor words. What a job reads and writes is decoded from these words, so ranges and
// descriptors cannot say different things. Test: tests/random_test.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/schedule/schedule.hpp"
#include "golden/engine_desc.hpp"

namespace oct::schedule {

inline constexpr std::uint32_t kOpDmaCopy = 0x10, kOpTeamRun = 0x20;

[[nodiscard]] inline std::int64_t up(std::int64_t v, std::int64_t to) {
  return (v + to - 1) / to * to;
}
[[nodiscard]] inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}
[[nodiscard]] inline std::uint32_t word(std::int64_t v) { return static_cast<std::uint32_t>(v); }

/// A block of bytes in both memories, outer dimensions first; elements of the last dimension are
/// bytes that lie side by side.
struct Transfer {
  bool in = true;  ///< L2 -> L1, else L1 -> L2
  std::int64_t l1 = 0, l2 = 0;
  std::vector<std::int64_t> sizes;                   ///< the last one in bytes
  std::vector<std::int64_t> l1_strides, l2_strides;  ///< of all but the last
  /// Bytes between the rows in L1 belong to nobody else: rows of equal strides become one.
  bool own_gaps = false;
  /// Added to the address in L2 for each slot of a cache; the slot stands in parameter register 0.
  std::int64_t slot_stride = 0, slots = 1;
  std::int64_t l1_slot_stride = 0;  ///< the same for the address in L1
};

/// As few DMA jobs as possible, in order; words and ranges are set.
[[nodiscard]] std::vector<Job> dma_jobs(Transfer t);
/// An engine's job from a filled descriptor.
[[nodiscard]] Job engine_job(const golden::engine::Descriptor& d);

/// Operand of a worker job: rows of bytes.
struct CallRows {
  Memory memory = Memory::kL1;
  std::int64_t addr = 0, stride = 0, rows = 0, bytes = 0;
  bool write = false;
};
/// Words, places and ranges of a worker job: rows | operands | constants | arguments. Operands come
/// with inputs first, then outputs, then constants (a single row each).
struct CallJob {
  Call call;
  std::vector<Range> ranges;
};
/// Workers that do the engine's jobs: a job of attention needs room of their own and the table of
/// exponentials in L1.
struct TeamRoom {
  std::int64_t scratch = 0, bytes = 0;  ///< of one worker
  std::int64_t table = 0;
  unsigned workers = 0;

  static constexpr std::int64_t kTableBytes = 128;
  [[nodiscard]] static std::int64_t bytes_for(std::int64_t dv) { return 512 + 16 * up(dv, 4); }
};
inline constexpr const char *kTeamGemm = "gemm", *kTeamAttention = "attention";
/// The engine's job as a call: its words, and what attention needs besides.
[[nodiscard]] CallJob engine_call(const golden::engine::Descriptor& d, const TeamRoom& room);
[[nodiscard]] inline bool is_engine_call(const Call& c) {
  return c.kernel == kTeamGemm || c.kernel == kTeamAttention;
}
/// Its descriptor, from the call's words.
[[nodiscard]] golden::engine::Descriptor descriptor_of(const std::vector<std::uint32_t>& words);

[[nodiscard]] CallJob call_job(const std::string& kernel, std::int64_t rows,
                               const std::vector<CallRows>& operands,
                               const std::vector<CallRows>& constants,
                               const std::vector<std::int32_t>& args);

}  // namespace oct::schedule
