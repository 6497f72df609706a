// SPDX-License-Identifier: Apache-2.0
// Small images and classes, as a terminal can show them.
#pragma once

#include "compiler/exec/executor.hpp"

namespace octant {

/// Inputs of one channel and at most 64 x 64 values; outputs {1, N} as probabilities, float beside
/// the machine's.
void print_pictures(const oct::exec::Tensors& inputs, const oct::exec::Tensors& got,
                    const oct::exec::Tensors& wanted);

}  // namespace octant
