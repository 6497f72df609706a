// SPDX-License-Identifier: Apache-2.0
// A GTKWave save file beside the waves of a run: the signals that explain what a network does.
#pragma once

#include <cstdint>
#include <string>

namespace octant {

/// Writes `view` (.gtkw) for `fst`; signals that were not recorded are left out. `title`: a comment
/// on top. Throws std::runtime_error.
void write_view(const std::string& fst, const std::string& view, const std::string& title);

}  // namespace octant
