// SPDX-License-Identifier: Apache-2.0
// Networks that magnify what rounding leaves: ranges group by group, by the noise of the outputs.
#pragma once

#include "compiler/quant/groups.hpp"
#include "compiler/quant/judge.hpp"

namespace oct::quant {

/// Does the mean noise of samples and the worst one's ask for more than one range rule?
[[nodiscard]] bool is_noisy(double noise);

/// The best of `plans`, its INT8 ranges wider or narrower where that pays, until the outputs are
/// not noisy any more or the work is no longer worth it.
[[nodiscard]] Plan refine(const std::vector<Plan>& plans, const Judge& judge,
                          const Options& options);

}  // namespace oct::quant
