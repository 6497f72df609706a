// SPDX-License-Identifier: Apache-2.0
// Models that come quantised, against what another runtime made of them, for qdq_test.py:
//   quantised_tool MODEL.onnx RUNS.npz [--dim NAME=N].. [--dump] [--layers]
// RUNS.npz has "in0:name", .. and "want0:name", ..: inputs and the other's results. Prints, of all
// output elements, the share that is equal and within one step of the output's integers, for the
// golden executor and for the float reference on the imported graph, and the cosine. --layers: of
// the first run, the same for every value that the file quantises, against the float reference.
#include <fmt/format.h>

#include <algorithm>
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

struct Show {
  bool dump = false, layers = false;
};

/// What each node makes of the integers before it, as floats rounded the way the file says,
/// against what the integers made of them: every layer's own loss.
void show_layers(const quant::Plan& plan, const lower::Lowered& low, const exec::Tensors& feeds,
                 const integer::Memory& memory) {
  const ir::Graph& g = plan.graph;
  std::map<ir::ValueId, ir::Tensor> now;
  const auto at = [&](ir::ValueId v) -> const ir::Tensor& {
    return g.value(v).is_constant() ? g.value(v).data : now.at(v);
  };
  const auto settle = [&](ir::ValueId v, ir::Tensor real) {
    if (!ir::is_float(real.dtype())) {
      now[v] = real;
      return;
    }
    const auto planned = plan.values.find(v);
    const bool fixed = planned != plan.values.end() && planned->second.fixed;
    if (fixed) {
      const quant::ValueQuant& q = planned->second;
      for (float& x : real.mutable_data<float>()) {
        const double i = std::clamp(std::nearbyint(x / q.scale) + q.zero, -128.0, 127.0);
        x = static_cast<float>((i - q.zero) * q.scale);
      }
    }
    now[v] = real;
    const auto place = low.places.find(v);
    if (place == low.places.end()) return;
    const integer::Tensor& stored = low.graph.at(place->second.tensor);
    const ir::Tensor got =
        integer::read_output(low.graph, {"", place->second, ir::DType::kFloat32}, memory);
    if (fixed) now[v] = got;
    Agreement a;
    a.add(got, real, fixed ? planned->second.scale : stored.scale);
    const ir::Node* n = g.producer(v);
    fmt::print("  {:44} {:10} {:2}{} {}\n", stored.name, n ? ir::op_name(n->op) : "input",
               8 * integer::elem_bytes(stored.elem), fixed ? " fixed" : "      ", a.text());
  };
  for (const ir::ValueId v : g.inputs()) settle(v, feeds.at(g.value(v).name));
  for (const ir::NodeId id : g.order()) {
    const ir::Node& n = g.node(id);
    std::vector<const ir::Tensor*> operands;
    for (const ir::ValueId v : n.inputs) operands.push_back(v == ir::kNone ? nullptr : &at(v));
    settle(n.output, exec::evaluate(n, operands, g.value(n.output).type));
  }
}

void run(const tools::ModelArgs& args, const std::string& file, const Show& show) {
  const auto arrays = io::read_npz(file);
  const std::vector<exec::Tensors> in = group(arrays, "in"), want = group(arrays, "want");
  const ir::Graph graph = args.canonical(args.model);
  passes::require_integer_forms(graph);
  if (show.dump) std::fputs(ir::to_text(graph).c_str(), stdout);
  const quant::Plan plan = quant::plan(graph, in, {});
  const lower::Lowered lowered = lower::lower_with_places(plan);
  const integer::Graph& low = lowered.graph;
  if (show.dump) std::fputs(integer::to_text(low).c_str(), stdout);
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
    if (show.layers && i == 0) show_layers(plan, lowered, feeds, memory);
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
  Show show;
  app.add_option("runs", runs, "inputs and the other's results")->required();
  app.add_flag("--dump", show.dump);
  app.add_flag("--layers", show.layers);
  return tools::tool_main(app, argc, argv, [&] {
    run(args, runs, show);
    return 0;
  });
}
