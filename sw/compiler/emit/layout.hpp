// SPDX-License-Identifier: Apache-2.0
// A scheduled network with addresses: descriptors unit by unit, the constants as the machine reads
// them, ids as tables. Everything that is written is printed from this.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/integer/graph.hpp"
#include "compiler/schedule/schedule.hpp"

namespace oct::emit {

inline constexpr std::size_t kNoJob = ~std::size_t{0};

struct Descriptor {
  std::size_t job = kNoJob;          ///< in Program::jobs(); none: waits for the next one's sake
  std::vector<std::uint32_t> words;  ///< 16 or 32, addresses of L2 and functions still missing
  std::uint32_t unit = 0;            ///< in its ring
};

/// As oct_net_ids_t (sw/runtime/include/oct_net_run.h).
struct Ids {
  schedule::Queue queue = schedule::Queue::kDmaIn;
  std::uint32_t word = 0, word_step = 0;  ///< in the ring, in words
  std::uint32_t base = 0, base_step = 0;  ///< offsets in the arena
  std::int64_t ids = 0;                   ///< offset in the arena
  std::uint32_t count = 1, stride = 0, limit = 0;
  std::string port;
  std::uint32_t position = 0;
};

struct Layout {
  std::uint32_t l1_base = 0, l1_first = 0, l1_end = 0;  ///< the latter: offsets
  std::uint32_t l2_base = 0;
  std::uint32_t arena = 0;  ///< address of offset 0 in L2
  std::uint32_t all_workers = 0;
  std::array<std::vector<Descriptor>, schedule::kNumQueues> rings;
  std::array<std::uint32_t, schedule::kNumQueues> units{}, ready{}, jobs{};
  std::vector<Ids> ids;
  std::vector<std::uint8_t> image;  ///< with addresses in the argument blocks
  bool uses_slot = false;

  [[nodiscard]] std::uint32_t l2(std::int64_t offset) const {
    return arena + static_cast<std::uint32_t>(offset);
  }
};

/// Throws CompileError where the machine is too small.
[[nodiscard]] Layout lay_out(const integer::Graph& graph, const schedule::Network& network,
                             const std::string& config);

/// network.c, main.c, and the linker's checks.
[[nodiscard]] std::string network_source(const integer::Graph& graph,
                                         const schedule::Network& network, const Layout& layout,
                                         const std::string& config);
[[nodiscard]] std::string main_source();
[[nodiscard]] std::string linker_checks(const Layout& layout);
/// network.json
[[nodiscard]] std::string host_description(const integer::Graph& graph,
                                           const schedule::Network& network, const Layout& layout,
                                           const std::string& config);

/// "dma-in", ...
[[nodiscard]] const char* queue_name(std::size_t queue);

}  // namespace oct::emit
