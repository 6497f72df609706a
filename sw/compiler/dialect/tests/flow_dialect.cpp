// SPDX-License-Identifier: Apache-2.0
// A network of the integer dialect without a machine: golden executor, job list, results as .npz.
// flow_dialect MODEL.onnx --inputs F.npz [--outputs F.npz] [--layers F.npz] [--l1 BYTES]
// [--workers N] [--dump]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "compiler/dialect/samples.hpp"
#include "compiler/import/importer.hpp"
#include "compiler/io/npz.hpp"
#include "compiler/schedule/schedule.hpp"

int main(int argc, char** argv) {
  using namespace oct;
  CLI::App app("a network of the integer dialect, golden executor and job list");
  std::string model, inputs, outputs, layers;
  schedule::Options options;
  bool dump = false;
  app.add_option("model", model)->required();
  app.add_option("--inputs", inputs)->required();
  app.add_option("--outputs", outputs);
  app.add_option("--layers", layers, "every value, under its ONNX name");
  app.add_option("--l1", options.machine.l1_bytes);
  app.add_option("--workers", options.machine.workers);
  app.add_flag("--dump", dump);
  CLI11_PARSE(app, argc, argv);
  try {
    importer::ImportOptions import;
    import.integers = true;
    const ir::Graph graph = importer::import_file(model, import);
    const auto samples = dialect::read_samples(inputs, graph);
    const lower::Lowered lowered =
        dialect::lower(graph, {options.machine.l1_bytes, dialect::ranges(samples)});
    const integer::Graph& g = lowered.graph;
    if (dump) fmt::print("{}", integer::to_text(g));
    g.verify();
    integer::Memory memory = integer::make_memory(g);
    const dialect::Sample given = dialect::for_ports(samples[0], g);
    for (const integer::Port& p : g.inputs) {
      integer::write_input(g, p, given.at(p.name), memory);
    }
    integer::run(g, memory);
    std::map<std::string, ir::Tensor> results;
    for (const integer::Port& p : g.outputs) {
      results[p.name] = integer::read_output(g, p, memory).converted(ir::DType::kInt32);
    }
    if (!outputs.empty()) io::write_npz(outputs, results);
    if (!layers.empty()) {
      std::map<std::string, ir::Tensor> all;
      for (const auto& [v, view] : lowered.places) {
        const integer::Elem e = g.at(view.tensor).elem;
        const ir::DType type = e == integer::Elem::kI8   ? ir::DType::kInt8
                               : e == integer::Elem::kU8 ? ir::DType::kUInt8
                                                         : ir::DType::kInt32;
        all[graph.value(v).name] =
            integer::read_output(g, {"", view, type}, memory).converted(ir::DType::kInt32);
      }
      io::write_npz(layers, all);
    }
    const schedule::Network network = schedule::build(g, options);
    const std::int64_t bytes = schedule::verify(g, network, memory, 1);
    fmt::print("{} operations, {} jobs, about {:.0f} cycles, {} bytes compared\n",
               g.operations.size(), network.program.jobs().size(), network.estimate, bytes);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
  return 0;
}
