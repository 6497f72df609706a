// SPDX-License-Identifier: Apache-2.0
// octant compile MODEL.onnx -o DIR: from an ONNX file to a program for the cluster. Guide:
// docs/guide/running_networks.md.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "commands.hpp"
#include "compiler/emit/emit.hpp"
#include "compiler/integer/onnx.hpp"
#include "compiler/ir/graph.hpp"
#include "flow/flow.hpp"
#include "flow/integers.hpp"
#include "flow/stage.hpp"

namespace octant {
namespace {

struct CompileArguments {
  FlowOptions flow;
  std::string out;
};

void print_summary(const oct::ir::Graph& graph) {
  std::map<std::string, int> count;
  for (const auto id : graph.order()) ++count[std::string(oct::ir::op_name(graph.node(id).op))];
  std::string text;
  for (const auto& [op, n] : count) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, op);
  fmt::print("{} nodes: {}\n", graph.node_count(), text);
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file);
  if (!(out << text).flush()) {
    throw oct::ir::CompileError(file.string() + ": cannot be written");
  }
}

void compile(CompileArguments args) {
  if (args.out.empty() && !whole_numbers(args.flow)) {  // a look at the graph
    print_summary(split_graph(args.flow, canonical_graph(args.flow)).core);
    return;
  }
  Compiled c = compile_network(args.flow);
  if (args.out.empty()) return print_summary(c.canonical);
  const std::filesystem::path folder = args.out;
  {
    const Stage stage("program", &c.stages);
    oct::emit::write(c.graph(), c.network, folder, {args.flow.config});
  }
  write_text(folder / "canonical.txt", oct::ir::to_text(c.canonical));
  write_text(folder / "integer.txt", oct::integer::to_text(c.graph()));
  oct::integer::save_onnx(c.graph(), folder / "integer.onnx");
  print_summary(c.canonical);
  fmt::print(
      "{}: {} operations, {} jobs, about {:.0f} cycles on {}; {:.1f} KiB of constants, L2 {:.1f} "
      "KiB\n"
      "written: network.c, network.bin, network.json, network.elf, integer.onnx, integer.txt, "
      "canonical.txt\n",
      folder.string(), c.graph().operations.size(), c.network.program.jobs().size(),
      c.network.estimate, args.flow.config, static_cast<double>(c.network.image.size()) / 1024,
      static_cast<double>(c.network.l2_used) / 1024);
  double all = 0, calibrate = 0;
  for (const StageTime& t : c.stages) (t.name == kCalibrate ? calibrate : all) += t.seconds;
  fmt::print("compiled in {:.1f} s, calibrated in {:.1f} s ({}); at most {:.2f} GiB of memory\n",
             all, calibrate, text_of(c.stages), peak_gib());
  fmt::print("{}", host_text(c));
}

}  // namespace

void add_compile(CLI::App& app, int& exit_code) {
  auto args = std::make_shared<CompileArguments>();
  auto* command = app.add_subcommand("compile", "an ONNX model to a program for the cluster");
  add_flow_options(*command, args->flow);
  command->add_option("-o,--out", args->out,
                      "folder for what is made; without it only the graph is looked at");
  command->callback([args, &exit_code] {
    compile(*args);
    exit_code = 0;
  });
}

}  // namespace octant
