// SPDX-License-Identifier: Apache-2.0
// Quantisation on its own, for tests and by hand:
//   quant_tool MODEL.onnx [--dim NAME=N].. [--calibrate F.npz].. [--inputs F.npz --outputs G.npz]
//              [--no-smoothing] [--layers] [--max-positions N] [--pooled]
//              [--calibrate-tokens F.txt] [--tokens F.txt]
// Plans with the samples given (else drawn ones), prints cosine, largest error and SQNR of each
// output (with --layers, of each value) on the inputs, or on the samples. In .npz files the
// first dimension counts samples. --outputs writes what the simulated integers give. --pooled:
// cosine of sentence embeddings. --tokens: perplexity of a language model on token ids, one text
// a line.
#include <fmt/format.h>

#include <chrono>

#include "compiler/io/npz.hpp"
#include "compiler/io/samples.hpp"
#include "compiler/quant/report.hpp"
#include "compiler/tests/judge.hpp"
#include "compiler/tests/tool.hpp"

namespace {

using namespace oct;

/// A figure over samples: exact outputs beside those of the simulated integers.
template <typename Add>
void judge(const quant::Plan& plan, const std::vector<exec::Tensors>& samples, Add&& add) {
  const quant::Simulator simulator(plan);
  for (const exec::Tensors& sample : samples) {
    add(sample, exec::run(plan.graph, sample).begin()->second,
        simulator.run(sample).begin()->second);
  }
}

struct Args {
  CLI::App app{"quantisation on its own", "quant_tool"};
  tools::ModelArgs model{app};
  std::string inputs, outputs, tokens, calibrate_tokens;
  std::vector<std::string> calibrate;
  bool no_smoothing = false, layers = false, pooled = false;

  Args() {
    app.add_option("--calibrate", calibrate);
    app.add_option("--inputs", inputs);
    app.add_option("--outputs", outputs);
    app.add_option("--calibrate-tokens", calibrate_tokens);
    app.add_option("--tokens", tokens);
    app.add_flag("--no-smoothing", no_smoothing);
    app.add_flag("--layers", layers);
    app.add_flag("--pooled", pooled);
  }
};

int run(const Args& args) {
  quant::Options quant_options;
  quant_options.smoothing = !args.no_smoothing;
  const ir::Graph graph = args.model.canonical(args.model.model);
  std::vector<exec::Tensors> samples;
  for (const std::string& file : args.calibrate) {
    for (auto& s : io::read_samples(file, graph)) samples.push_back(std::move(s));
  }
  if (!args.calibrate_tokens.empty()) samples = tools::read_tokens(graph, args.calibrate_tokens);
  if (samples.empty()) samples = quant::draw_samples(graph, quant_options);
  const auto start = std::chrono::steady_clock::now();
  const quant::Plan plan = quant::plan(graph, samples, quant_options);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print("planned with {} samples in {:.2f} s\n", samples.size(), seconds.count());
  for (const std::string& note : plan.notes) fmt::print("{}\n", note);
  if (!args.tokens.empty()) {
    tools::NextTokens next;
    judge(plan, tools::read_tokens(graph, args.tokens),
          [&](const auto& sample, const auto& exact, const auto& got) {
            next.add(sample.begin()->second.to_ints(), exact, got);
          });
    fmt::print("{}\n", next.text());
    return 0;
  }
  const auto tests = args.inputs.empty() ? samples : io::read_samples(args.inputs, graph);
  quant::Accuracy accuracy = quant::accuracy(plan, tests);
  if (!args.layers) accuracy.layers.clear();
  fmt::print("{}", quant::to_text(accuracy));
  if (args.pooled) {
    tools::Embeddings embeddings;
    judge(plan, tests, [&](const auto& sample, const auto& exact, const auto& got) {
      embeddings.add(sample, exact, got);
    });
    fmt::print("{}\n", embeddings.text());
  }
  if (!args.outputs.empty()) {
    const quant::Simulator simulator(plan);
    std::map<std::string, ir::Tensor> all;
    for (std::size_t i = 0; i < tests.size(); ++i) {
      for (auto& [name, t] : simulator.run(tests[i])) {
        all[tests.size() == 1 ? name : fmt::format("{}.{}", name, i)] = t;
      }
    }
    io::write_npz(args.outputs, all);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Args args;
  return tools::tool_main(args.app, argc, argv, [&] { return run(args); });
}
