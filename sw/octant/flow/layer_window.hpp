// SPDX-License-Identifier: Apache-2.0
// Waves of a layer chosen by name: when its unit was at work.
#pragma once

#include <string>
#include <vector>

#include "flow/flow.hpp"
#include "network/network_run.hpp"
#include "trace_file.hpp"

namespace octant {

/// Layers of this name, or made of an ONNX node of this name. Throws if there is none.
[[nodiscard]] std::vector<bool> layers_named(const Compiled& c, const std::string& name);

/// Sets the window of `trace` to when the unit of these layers works for them in the run `r`, in
/// cycles since power-on.
void choose_window(const Compiled& c, const NetworkResult& r, const std::vector<bool>& layers,
                   TraceArguments& trace);

}  // namespace octant
