// SPDX-License-Identifier: Apache-2.0
// The front half of the flow on its own, for tests and by hand:
//   flow_tool MODEL.onnx [--dim NAME=N].. [--dump PASS] [--inputs F.npz --outputs G.npz] [--raw]
//             [--same-as OTHER.onnx] [--integer]
// --raw runs the graph as imported, without the passes. --same-as exits with 1 and says where, if
// the other model's canonical graph is another one. --integer refuses what has no integer form.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "compiler/exec/executor.hpp"
#include "compiler/io/npz.hpp"
#include "compiler/ir/compare.hpp"
#include "compiler/tests/tool.hpp"

int main(int argc, char** argv) {
  using namespace oct;
  CLI::App app("the front half of the flow on its own", "flow_tool");
  const tools::ModelArgs args(app);
  std::string dump, inputs, outputs, other;
  bool raw = false, integer = false;
  app.add_option("--dump", dump, "a pass, or import");
  app.add_option("--inputs", inputs);
  app.add_option("--outputs", outputs);
  app.add_option("--same-as", other);
  app.add_flag("--raw", raw);
  app.add_flag("--integer", integer);
  return tools::tool_main(app, argc, argv, [&] {
    ir::Graph graph = args.imported(args.model);
    const auto show = [&](const std::string& pass, const ir::Graph& g) {
      if (pass == dump) std::fputs(ir::to_text(g).c_str(), stdout);
    };
    show("import", graph);
    if (!raw) graph = passes::canonicalize(std::move(graph), show, args.passes);
    if (integer) passes::require_integer_forms(graph);
    if (!other.empty()) {
      const std::string d = ir::difference(graph, args.canonical(other));
      if (!d.empty()) fmt::print("{}\n", d);
      return d.empty() ? 0 : 1;
    }
    if (inputs.empty()) return 0;
    const exec::Tensors feeds = io::read_npz_map(inputs);
    const auto start = std::chrono::steady_clock::now();
    const exec::Tensors results = exec::run(graph, feeds);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    fmt::print(stderr, "{} nodes, {:.3f} s\n", graph.node_count(), seconds.count());
    io::write_npz(outputs, results);
    return 0;
  });
}
