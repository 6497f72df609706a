// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "compiler/schedule/search.hpp"

namespace oct::schedule {

Network build(const integer::Graph& graph, const Options& options) {
  std::string reason;
  std::optional<Network> n = search(graph, options, false, reason);
  if (!n) {
    // How much would do, to a KiB.
    Options more = options;
    std::int64_t low = options.machine.l1_bytes, high = 2 * low;
    const auto good = [&](std::int64_t bytes) {
      more.machine.l1_bytes = bytes;
      std::string unused;
      return search(graph, more, true, unused).has_value();
    };
    while (high < (std::int64_t{1} << 24) && !good(high)) low = high, high *= 2;
    while (high - low > 1024) {
      const std::int64_t middle = (low + high) / 2 / 1024 * 1024;
      (middle > low && good(middle) ? high : low) = std::max(middle, low + 1);
    }
    if (!good(high)) {
      throw ir::CompileError(fmt::format("{}: {} bytes of L1 are too little ({}), and so is any L1",
                                         graph.name, options.machine.l1_bytes, reason));
    }
    throw ir::CompileError(fmt::format("{}: {} bytes of L1 are too little ({}); {} bytes would do",
                                       graph.name, options.machine.l1_bytes, reason, high));
  }
  if (n->l2_used > options.machine.l2_bytes) {
    throw ir::CompileError(fmt::format("{}: {} bytes of L2 are needed, {} are there", graph.name,
                                       n->l2_used, options.machine.l2_bytes));
  }
  return std::move(*n);
}

}  // namespace oct::schedule
