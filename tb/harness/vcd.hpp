// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace tb {

/// Writes `vcd` with the content of `fst` and removes `fst`. Throws std::runtime_error.
void fst_to_vcd(const std::string& fst, const std::string& vcd);

}  // namespace tb
