// SPDX-License-Identifier: Apache-2.0
// Quantisation on its own, for tests and by hand:
//   quant_tool MODEL.onnx [--dim NAME=N].. [--calibrate F.npz].. [--inputs F.npz --outputs G.npz]
//              [--no-smoothing] [--layers] [--max-positions N]
// Plans with the samples given (else drawn ones), prints cosine, largest error and SQNR of each
// output (with --layers, of each value) on the inputs, or on the samples. In .npz files an input
// may have one more dimension in front: that many samples. --outputs writes what the simulated
// integers give.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "compiler/import/importer.hpp"
#include "compiler/io/npz.hpp"
#include "compiler/passes/pipeline.hpp"
#include "compiler/quant/report.hpp"

namespace {

using namespace oct;

/// Element `i` of the first dimension.
ir::Tensor element(const ir::Tensor& t, std::int64_t i) {
  const ir::Shape shape(t.shape().begin() + 1, t.shape().end());
  ir::Tensor out(t.dtype(), shape);
  if (ir::is_float(t.dtype())) {
    const auto from = t.data<float>();
    std::copy_n(from.begin() + i * out.size(), out.size(), out.mutable_data<float>().begin());
    return out;
  }
  std::vector<std::int64_t> index;
  for (std::int64_t k = 0; k < out.size(); ++k) index.push_back(t.int_at(i * out.size() + k));
  return ir::Tensor::int64s(shape, index).converted(t.dtype());
}

std::vector<exec::Tensors> read_samples(const ir::Graph& graph, const std::string& file) {
  const auto all = io::read_npz_map(file);
  std::vector<exec::Tensors> out(1);
  for (const ir::ValueId id : graph.inputs()) {
    const ir::Value& v = graph.value(id);
    const auto it = all.find(v.name);
    if (it == all.end()) throw ir::CompileError(fmt::format("{} has no '{}'", file, v.name));
    if (it->second.shape().size() == v.shape().size()) {
      out[0][v.name] = it->second;
      continue;
    }
    out.resize(static_cast<std::size_t>(it->second.shape().at(0)));
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i][v.name] = element(it->second, static_cast<std::int64_t>(i));
    }
  }
  return out;
}

int run(const std::vector<std::string>& args) {
  importer::ImportOptions options;
  passes::PassOptions pass_options;
  quant::Options quant_options;
  std::string model, inputs, outputs;
  std::vector<std::string> calibrate;
  bool layers = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto next = [&] { return args.at(++i); };
    if (args[i] == "--dim") {
      const std::string text = next();
      const std::size_t eq = text.find('=');
      options.dims[text.substr(0, eq)] = std::stoll(text.substr(eq + 1));
    } else if (args[i] == "--calibrate") {
      calibrate.push_back(next());
    } else if (args[i] == "--inputs") {
      inputs = next();
    } else if (args[i] == "--outputs") {
      outputs = next();
    } else if (args[i] == "--max-positions") {
      pass_options.max_positions = std::stoll(next());
    } else if (args[i] == "--no-smoothing") {
      quant_options.smoothing = false;
    } else if (args[i] == "--layers") {
      layers = true;
    } else {
      model = args[i];
    }
  }
  const ir::Graph graph =
      passes::canonicalize(importer::import_file(model, options), nullptr, pass_options);
  std::vector<exec::Tensors> samples;
  for (const std::string& file : calibrate) {
    for (auto& s : read_samples(graph, file)) samples.push_back(std::move(s));
  }
  if (samples.empty()) samples = quant::draw_samples(graph, quant_options);
  const auto start = std::chrono::steady_clock::now();
  const quant::Plan plan = quant::plan(graph, samples, quant_options);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print("planned with {} samples in {:.2f} s\n", samples.size(), seconds.count());
  for (const std::string& note : plan.notes) fmt::print("{}\n", note);
  const auto tests = inputs.empty() ? samples : read_samples(graph, inputs);
  quant::Accuracy accuracy = quant::accuracy(plan, tests);
  if (!layers) accuracy.layers.clear();
  fmt::print("{}", quant::to_text(accuracy));
  if (!outputs.empty()) {
    const quant::Simulator simulator(plan);
    std::map<std::string, ir::Tensor> all;
    for (std::size_t i = 0; i < tests.size(); ++i) {
      for (auto& [name, t] : simulator.run(tests[i])) {
        all[tests.size() == 1 ? name : fmt::format("{}.{}", name, i)] = t;
      }
    }
    io::write_npz(outputs, all);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "quant_tool: %s\n", error.what());
    return 2;
  }
}
