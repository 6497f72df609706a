// SPDX-License-Identifier: Apache-2.0
// What the status registers tell about cores and queues, in words.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/cluster.hpp"
#include "harness/elf_loader.hpp"

namespace tb {

inline constexpr std::array<const char*, 5> kQueueNames{"engine", "dma-in", "dma-out", "team0",
                                                        "team1"};

struct CoreView {
  std::uint32_t state = 0, pc = 0, address = 0;
};
[[nodiscard]] std::vector<CoreView> read_cores(AxilDriver& host, const ClusterInfo& info);

/// The cluster's counters now, with their names; 64 bits each.
[[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> read_counters(AxilDriver& host);

/// The same, one per line.
[[nodiscard]] std::string counter_report(AxilDriver& host);

/// "dma-in, tag 7: access outside L1 at offset 0x00020000": the machine's error record.
[[nodiscard]] std::string describe_error(AxilDriver& host);

/// The error recorded is an AXI time-out: the cluster has cut itself off from memory.
[[nodiscard]] bool is_timeout(AxilDriver& host);

/// Every core, queue and memory transaction, one per line, with symbols.
[[nodiscard]] std::string machine_report(Cluster& cluster, const ElfProgram& program);

}  // namespace tb
