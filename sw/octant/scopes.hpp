// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/cluster_model.hpp"
#include "harness/vcd.hpp"

namespace octant {

/// What --scope and --depth ask for, of what there is to record. Names are below oct_top; "[*]"
/// stands for every index. Throws std::invalid_argument with the names that exist where one does
/// not.
[[nodiscard]] std::vector<tb::TraceScope> choose_scopes(const std::vector<std::string>& wanted,
                                                        int depth,
                                                        const std::vector<tb::FstScope>& there);

}  // namespace octant
