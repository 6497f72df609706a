// SPDX-License-Identifier: Apache-2.0
// What a run leaves behind: report.json (docs/guide/report.md), timeline.json, report.html.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "flow/flow.hpp"
#include "network/network_run.hpp"

namespace octant {

struct Accuracy {
  std::string name;
  double cosine = 1, max_abs_error = 0, sqnr_db = 0;
};
/// Of `got` against `wanted`. Elements with a zero in `counts` (masked tokens) are left out; an
/// undefined one counts all.
[[nodiscard]] Accuracy accuracy_of(const std::string& name, const oct::ir::Tensor& got,
                                   const oct::ir::Tensor& wanted, const oct::ir::Tensor& counts);

struct RunReport {
  std::string model, config;
  std::vector<Accuracy> outputs, layers;
  std::uint64_t macs = 0;
  double utilisation = 0;
  double memory_gib = 0;  ///< the most there was while compiling
};

/// Writes the three files into `folder`. Throws CompileError.
void write_report(const std::filesystem::path& folder, const RunReport& report,
                  const Compiled& compiled, const NetworkResult& result);

}  // namespace octant
