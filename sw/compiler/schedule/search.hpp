// SPDX-License-Identifier: Apache-2.0
// The cheapest schedule among those that were tried, by the cost model's clock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/integer/graph.hpp"
#include "compiler/schedule/schedule.hpp"

namespace oct::schedule {

/// Operations of one class have the same shape, and so have their neighbours in the list: what is
/// good for one of them is good for all.
[[nodiscard]] std::vector<std::size_t> classes(const integer::Graph& graph);

/// How many operations show every class that recurs often, at least twice; all of them if that is
/// most of the network anyway.
[[nodiscard]] std::size_t sample_length(const std::vector<std::size_t>& classes);

/// Nothing: there is too little L1; `reason` says where. `quick`: the first way that fits.
[[nodiscard]] std::optional<Network> search(const integer::Graph& graph, const Options& options,
                                            bool quick, std::string& reason);

}  // namespace oct::schedule
