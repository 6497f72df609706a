// SPDX-License-Identifier: Apache-2.0
// The front half of the flow on its own, for tests and by hand:
//   flow_tool MODEL.onnx [--dim NAME=N].. [--dump PASS] [--inputs F.npz --outputs G.npz] [--raw]
//             [--same-as OTHER.onnx] [--integer]
// --raw runs the graph as imported, without the passes. --same-as exits with 1 and says where, if
// the other model's canonical graph is another one. --integer refuses what has no integer form.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "compiler/exec/executor.hpp"
#include "compiler/import/importer.hpp"
#include "compiler/io/npz.hpp"
#include "compiler/ir/compare.hpp"
#include "compiler/passes/pipeline.hpp"

namespace {

int run(const std::vector<std::string>& args) {
  using namespace oct;
  importer::ImportOptions options;
  std::string model, dump, inputs, outputs, other;
  bool raw = false, integer = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto next = [&] { return args.at(++i); };
    if (args[i] == "--dim") {
      const std::string text = next();
      const std::size_t eq = text.find('=');
      options.dims[text.substr(0, eq)] = std::stoll(text.substr(eq + 1));
    } else if (args[i] == "--dump") {
      dump = next();
    } else if (args[i] == "--inputs") {
      inputs = next();
    } else if (args[i] == "--outputs") {
      outputs = next();
    } else if (args[i] == "--same-as") {
      other = next();
    } else if (args[i] == "--integer") {
      integer = true;
    } else if (args[i] == "--raw") {
      raw = true;
    } else {
      model = args[i];
    }
  }
  ir::Graph graph = importer::import_file(model, options);
  const auto show = [&](const std::string& pass, const ir::Graph& g) {
    if (pass == dump) std::fputs(ir::to_text(g).c_str(), stdout);
  };
  show("import", graph);
  if (!raw) graph = passes::canonicalize(std::move(graph), show);
  if (integer) passes::require_integer_forms(graph);
  if (!other.empty()) {
    const std::string d =
        ir::difference(graph, passes::canonicalize(importer::import_file(other, options)));
    if (!d.empty()) fmt::print("{}\n", d);
    return d.empty() ? 0 : 1;
  }
  if (inputs.empty()) return 0;
  exec::Tensors feeds = io::read_npz_map(inputs);
  const auto start = std::chrono::steady_clock::now();
  const exec::Tensors results = exec::run(graph, feeds);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print(stderr, "{} nodes, {:.3f} s\n", graph.node_count(), seconds.count());
  io::write_npz(outputs, results);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "flow_tool: %s\n", error.what());
    return 2;
  }
}
