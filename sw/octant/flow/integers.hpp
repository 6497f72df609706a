// SPDX-License-Identifier: Apache-2.0
// Networks of whole numbers (docs/architecture/dialect.md): no calibration, no float model beside
// them.
#pragma once

#include "flow/flow.hpp"

namespace octant {

/// Whether the model is one, as the user says (--arithmetic) or by what is in it and in --inputs.
[[nodiscard]] bool whole_numbers(const FlowOptions& options);
/// Import and lowering: canonical, inputs, lowered.
void compile_integers(const FlowOptions& options, Compiled& c);

}  // namespace octant
