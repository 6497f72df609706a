// SPDX-License-Identifier: Apache-2.0
// report.html: one file that opens anywhere, made from one or two report.json. Keys:
// docs/guide/report.md.
#pragma once

#include <span>
#include <string>

namespace octant {

/// `reports`: texts of report.json; they stand side by side.
[[nodiscard]] std::string report_page(std::span<const std::string> reports);

}  // namespace octant
