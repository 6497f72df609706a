// SPDX-License-Identifier: Apache-2.0
// Models that come quantised, against what another runtime made of them, for qdq_test.py:
//   quantised_tool MODEL.onnx RUNS.npz [--dim NAME=N].. [--dump]
// RUNS.npz has "in0:name", .. and "want0:name", ..: inputs and the other's results. Prints, of all
// output elements, the share that is equal and within one step of the output's integers, for the
// golden executor and for the float reference on the imported graph, and the cosine.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "compiler/exec/executor.hpp"
#include "compiler/integer/run.hpp"
#include "compiler/io/npz.hpp"
#include "compiler/lower/lower.hpp"
#include "compiler/tests/tool.hpp"

namespace {

using namespace oct;

struct Agreement {
  double count = 0, equal = 0, near = 0, ab = 0, aa = 0, bb = 0;

  void add(const ir::Tensor& got, const ir::Tensor& want, double step) {
    if (got.shape() != want.shape()) throw std::runtime_error("the shapes differ");
    const std::vector<double> a = got.to_doubles(), b = want.to_doubles();
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double steps = std::abs(a[i] - b[i]) / step;
      count += 1;
      equal += steps < 0.5;
      near += steps < 1.5;
      ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
    }
  }
  [[nodiscard]] std::string text() const {
    return fmt::format("equal {:.4f} within one step {:.4f} cosine {:.5f}", equal / count,
                       near / count, aa * bb > 0 ? ab / std::sqrt(aa * bb) : 1.0);
  }
};

std::vector<exec::Tensors> group(const std::vector<std::pair<std::string, ir::Tensor>>& arrays,
                                 const std::string& prefix) {
  std::vector<exec::Tensors> out;
  for (const auto& [key, tensor] : arrays) {
    const std::size_t colon = key.find(':');
    if (key.rfind(prefix, 0) != 0 || colon == std::string::npos) continue;
    const std::size_t i = std::stoul(key.substr(prefix.size(), colon - prefix.size()));
    out.resize(std::max(out.size(), i + 1));
    out[i][key.substr(colon + 1)] = tensor;
  }
  return out;
}

void run(const tools::ModelArgs& args, const std::string& file, bool dump) {
  const auto arrays = io::read_npz(file);
  const std::vector<exec::Tensors> in = group(arrays, "in"), want = group(arrays, "want");
  const ir::Graph graph = args.canonical(args.model);
  passes::require_integer_forms(graph);
  if (dump) std::fputs(ir::to_text(graph).c_str(), stdout);
  const quant::Plan plan = quant::plan(graph, in, {});
  const integer::Graph low = lower::lower(plan);
  if (dump) std::fputs(integer::to_text(low).c_str(), stdout);
  low.verify();
  Agreement golden, reference;
  for (std::size_t i = 0; i < in.size(); ++i) {
    exec::Tensors feeds;
    for (const ir::ValueId v : graph.inputs()) {
      const std::string& name = graph.value(v).name;
      feeds[name] = in[i].at(name);
    }
    const exec::Tensors real = exec::run(graph, feeds);
    integer::Memory memory = integer::make_memory(low);
    for (const integer::Port& p : low.inputs) {
      integer::write_input(low, p, feeds.at(p.name), memory);
    }
    integer::run(low, memory);
    for (const integer::Port& p : low.outputs) {
      const double step = ir::is_float(p.dtype) ? low.at(p.view.tensor).scale : 1;
      golden.add(integer::read_output(low, p, memory), want[i].at(p.name), step);
      reference.add(real.at(p.name), want[i].at(p.name), step);
    }
  }
  fmt::print("integers: {}\nfloats: {}\n", golden.text(), reference.text());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("models that come quantised, against another runtime", "quantised_tool");
  const tools::ModelArgs args(app);
  std::string runs;
  bool dump = false;
  app.add_option("runs", runs, "inputs and the other's results")->required();
  app.add_flag("--dump", dump);
  return tools::tool_main(app, argc, argv, [&] {
    run(args, runs, dump);
    return 0;
  });
}
