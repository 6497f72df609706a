// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace octant {

/// Names below oct_top -> names in the waves; "[*]" stands for every index.
[[nodiscard]] std::vector<std::string> expand_scopes(const std::vector<std::string>& scopes);

}  // namespace octant
