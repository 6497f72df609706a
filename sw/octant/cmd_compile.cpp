// SPDX-License-Identifier: Apache-2.0
// octant compile MODEL.onnx -o DIR: from an ONNX file to the cluster. Guide:
// docs/architecture/flow.md.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "commands.hpp"
#include "compiler/import/importer.hpp"
#include "compiler/passes/pipeline.hpp"

namespace octant {
namespace {

struct CompileArguments {
  std::string model, out;
  std::vector<std::string> dims, dumps;
  std::int64_t max_positions = 2048;
};

/// "sequence=128"
std::pair<std::string, std::int64_t> parse_dim(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  std::int64_t size = -1;
  if (equals != std::string::npos && equals > 0) {
    const char *first = text.data() + equals + 1, *last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, size);
    if (error != std::errc{} || end != last) size = -1;
  }
  if (size < 0) throw std::invalid_argument("--dim " + text + ": write NAME=NUMBER");
  return {text.substr(0, equals), size};
}

void check_pass_names(const std::vector<std::string>& dumps) {
  const auto names = oct::passes::pass_names();
  for (const std::string& dump : dumps) {
    if (dump != "all" && std::find(names.begin(), names.end(), dump) == names.end()) {
      throw std::invalid_argument(fmt::format("--dump-after={}: no such pass; there are {} and all",
                                              dump, fmt::join(names, ", ")));
    }
  }
}

void print_summary(const oct::ir::Graph& graph) {
  std::map<std::string, int> count;
  for (const auto id : graph.order()) ++count[std::string(oct::ir::op_name(graph.node(id).op))];
  std::string text;
  for (const auto& [op, n] : count) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, op);
  fmt::print("{} nodes: {}\n", graph.node_count(), text);
}

void compile(const CompileArguments& args) {
  check_pass_names(args.dumps);
  oct::importer::ImportOptions options;
  for (const std::string& dim : args.dims) options.dims.insert(parse_dim(dim));
  const auto observe = [&](const std::string& pass, const oct::ir::Graph& graph) {
    spdlog::debug("{}: {} nodes", pass, graph.node_count());
    for (const std::string& dump : args.dumps) {
      if (dump == pass || dump == "all") {
        fmt::print("# after {}\n{}", pass, oct::ir::to_text(graph));
      }
    }
  };
  oct::ir::Graph graph = oct::importer::import_file(args.model, options);
  observe("import", graph);
  oct::passes::PassOptions pass_options;
  pass_options.max_positions = args.max_positions;
  graph = oct::passes::canonicalize(std::move(graph), observe, pass_options);
  oct::passes::require_integer_forms(graph);
  if (!args.out.empty()) {
    std::filesystem::create_directories(args.out);
    const auto file = std::filesystem::path(args.out) / "canonical.txt";
    std::ofstream(file) << oct::ir::to_text(graph);
    spdlog::info("canonical graph: {}", file.string());
  }
  print_summary(graph);
}

}  // namespace

void add_compile(CLI::App& app, int& exit_code) {
  auto args = std::make_shared<CompileArguments>();
  auto* command = app.add_subcommand("compile", "an ONNX model to a program for the cluster");
  command->add_option("model", args->model, "the ONNX file")->required();
  command->add_option("-o,--out", args->out, "folder for what is made");
  command->add_option("--dim", args->dims, "size of an open dimension, NAME=NUMBER; repeatable");
  command->add_option("--dump-after", args->dumps,
                      "print the graph behind a pass (import, ..., or all); repeatable");
  command
      ->add_option("--max-positions", args->max_positions,
                   "positions that a rotary embedding must know")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->callback([args, &exit_code] {
    compile(*args);
    exit_code = 0;
  });
}

}  // namespace octant
