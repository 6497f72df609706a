// SPDX-License-Identifier: Apache-2.0
// octant ops: what import understands, operator by operator.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "commands.hpp"
#include "compiler/import/importer.hpp"

namespace octant {

void add_ops(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("ops", "what import understands, operator by operator");
  command->callback([&exit_code] {
    fmt::print(
        "ONNX operators, operator sets 9 to 23; with the domain in front if it is not ONNX's "
        "own\n");
    for (const auto& [name, note] : oct::importer::operators()) {
      fmt::print("{:<46}{}\n", name, note);
    }
    fmt::print("\nThe integer dialect: whole numbers, computed exactly; in any domain\n");
    for (const auto& [name, note] : oct::importer::dialect_operators()) {
      fmt::print("{:<46}{}\n", name, note);
    }
    exit_code = 0;
  });
}

}  // namespace octant
