// SPDX-License-Identifier: Apache-2.0
// A model down to its integer graph, run by the golden executor and compared with the float
// reference, for tests and by hand:
//   flow_lower MODEL.onnx [--dim NAME=N].. [--calibrate F.npz] [--inputs F.npz] [--simple] [--dump]
//              [--layers] [--at-least COSINE] [--same-as OTHER.onnx] [--max-positions N]
//              [--pooled] [--calibrate-tokens F.txt] [--tokens F.txt]
// The plan follows from the calibration samples, else from the inputs; without either they are
// drawn. --simple: largest magnitudes instead of the quantiser's plan. --pooled: cosine of sentence
// embeddings. --tokens: perplexity of a language model on ids, one text a line.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "compiler/exec/executor.hpp"
#include "compiler/integer/run.hpp"
#include "compiler/io/samples.hpp"
#include "compiler/lower/lower.hpp"
#include "compiler/lower/tests/signature.hpp"
#include "compiler/lower/tests/simple_plan.hpp"
#include "compiler/tests/judge.hpp"
#include "compiler/tests/tool.hpp"

namespace {

using namespace oct;

std::string operations(const integer::Graph& g) {
  std::map<std::string, int> count;
  for (const integer::Operation& op : g.operations) {
    constexpr std::array<const char*, 5> kNames{"Gemm", "Attention", "Kernel", "Copy", "Gather"};
    const auto* k = std::get_if<integer::Kernel>(&op.what);
    ++count[k ? k->name : kNames.at(op.what.index())];
  }
  std::string text;
  for (const auto& [name, n] : count)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, name);
  return text;
}

struct Args {
  CLI::App app{"a model in integers, beside the float reference", "flow_lower"};
  tools::ModelArgs model{app};
  std::string inputs, calibrate, tokens, calibrate_tokens, other;
  bool simple = false, dump = false, layers = false, pooled = false;
  double at_least = -1;

  Args() {
    app.add_option("--inputs", inputs);
    app.add_option("--calibrate", calibrate);
    app.add_option("--tokens", tokens);
    app.add_option("--calibrate-tokens", calibrate_tokens);
    app.add_option("--same-as", other);
    app.add_option("--at-least", at_least);
    app.add_flag("--simple", simple);
    app.add_flag("--dump", dump);
    app.add_flag("--layers", layers);
    app.add_flag("--pooled", pooled);
  }
};

struct Compiled {
  ir::Graph canonical;
  std::vector<exec::Tensors> inputs;
  lower::Lowered low;
};

Compiled compile(const Args& args, const std::string& model) {
  Compiled c;
  const ir::Graph graph = args.model.canonical(model);
  std::vector<exec::Tensors> samples;
  if (!args.inputs.empty()) c.inputs = io::read_samples(args.inputs, graph);
  if (!args.tokens.empty()) c.inputs = tools::read_tokens(graph, args.tokens);
  if (!args.calibrate.empty()) samples = io::read_samples(args.calibrate, graph);
  if (!args.calibrate_tokens.empty()) samples = tools::read_tokens(graph, args.calibrate_tokens);
  if (samples.empty()) samples = c.inputs;
  if (samples.empty()) samples = quant::draw_samples(graph, {});
  if (c.inputs.empty()) c.inputs = {samples.front()};
  quant::Options options;
  options.integers = lower::golden;
  const quant::Plan plan =
      args.simple ? quant::simple_plan(graph, samples) : quant::plan(graph, samples, options);
  for (const std::string& note : plan.notes) fmt::print("  {}\n", note);
  c.low = lower::lower_with_places(plan);
  c.canonical = plan.graph;
  if (args.dump) std::fputs(integer::to_text(c.low.graph).c_str(), stdout);
  c.low.graph.verify();
  return c;
}

int run(const Args& args) {
  const Compiled c = compile(args, args.model.model);
  const integer::Graph& g = c.low.graph;
  if (!args.other.empty()) {
    const Compiled other = compile(args, args.other);
    const std::string d = lower::difference(lower::signature(g), lower::signature(other.low.graph));
    if (!d.empty()) fmt::print("the integer graphs differ:\n{}\n", d);
    return d.empty() ? 0 : 1;
  }
  fmt::print("{}: {} operations: {}\n", args.model.model, g.operations.size(), operations(g));
  tools::Embeddings embeddings;
  tools::NextTokens next;
  double worst = 1;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    const exec::Tensors& sample = c.inputs[i];
    integer::Memory memory = integer::make_memory(g);
    for (const integer::Port& p : g.inputs) {
      integer::write_input(g, p, sample.at(p.name), memory);
    }
    integer::run(g, memory);
    const exec::Tensors wanted = exec::run(c.canonical, sample, [&](auto v, const auto& t) {
      const auto place = c.low.places.find(v);
      if (!args.layers || i > 0 || place == c.low.places.end() || !ir::is_float(t.dtype())) return;
      const tools::Likeness l = tools::compare(
          integer::read_output(g, {"", place->second, ir::DType::kFloat32}, memory), t);
      const ir::Node* n = c.canonical.producer(v);
      const integer::Tensor& stored = g.at(place->second.tensor);
      fmt::print("  {:50} {:10} {} step {:.3g} cosine {:.5f} SQNR {:.1f} dB\n", stored.name,
                 n ? ir::op_name(n->op) : "input", 8 * integer::elem_bytes(stored.elem),
                 stored.scale, l.cosine, l.sqnr);
    });
    for (const integer::Port& p : g.outputs) {
      const ir::Tensor& exact = wanted.at(p.name);
      if (!ir::is_float(exact.dtype())) continue;
      const ir::Tensor got = integer::read_output(g, p, memory);
      if (args.pooled) embeddings.add(sample, exact, got);
      if (!args.tokens.empty()) next.add(sample.begin()->second.to_ints(), exact, got);
      const tools::Likeness l = tools::compare(got, exact);
      worst = std::min(worst, l.cosine);
      if (i == 0) fmt::print("  {}: cosine {:.5f}, SQNR {:.1f} dB\n", p.name, l.cosine, l.sqnr);
    }
  }
  if (args.pooled) fmt::print("  {}\n", embeddings.text());
  if (!args.tokens.empty()) fmt::print("  {}\n", next.text());
  return worst >= args.at_least ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Args args;
  return tools::tool_main(args.app, argc, argv, [&] { return run(args); });
}
