// SPDX-License-Identifier: Apache-2.0
// What the flow's programs for tests and for use by hand share: the model and its options.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "compiler/import/importer.hpp"
#include "compiler/passes/pipeline.hpp"

namespace oct::tools {

struct ModelArgs {
  std::string model;
  std::vector<std::string> dims;
  passes::PassOptions passes;

  /// Adds MODEL, --dim and --max-positions.
  explicit ModelArgs(CLI::App& app);
  [[nodiscard]] ir::Graph imported(const std::string& file, bool integers = false) const;
  [[nodiscard]] ir::Graph canonical(const std::string& file) const;
};

/// Parses, then runs `run`; its result is the exit code. What is thrown becomes one line behind the
/// program's name, and 2.
int tool_main(CLI::App& app, int argc, char** argv, const std::function<int()>& run);

}  // namespace oct::tools
