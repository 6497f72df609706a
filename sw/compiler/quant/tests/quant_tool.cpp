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

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/import/importer.hpp"
#include "compiler/io/npz.hpp"
#include "compiler/passes/pipeline.hpp"
#include "compiler/quant/report.hpp"

namespace {

using namespace oct;

/// Part `i` of those that the first dimension counts, as `type` wants it.
ir::Tensor part(const ir::Tensor& t, std::int64_t i, const ir::Type& type) {
  ir::Tensor out(type.dtype, type.shape);
  if (ir::is_float(type.dtype)) {
    std::copy_n(t.data<float>().begin() + i * out.size(), out.size(),
                out.mutable_data<float>().begin());
    return out;
  }
  std::vector<std::int64_t> values;
  for (std::int64_t k = 0; k < out.size(); ++k) values.push_back(t.int_at(i * out.size() + k));
  return ir::Tensor::int64s(type.shape, values).converted(type.dtype);
}

std::vector<exec::Tensors> read_samples(const ir::Graph& graph, const std::string& file) {
  const auto all = io::read_npz_map(file);
  std::vector<exec::Tensors> out;
  for (const ir::ValueId id : graph.inputs()) {
    const ir::Value& v = graph.value(id);
    const auto it = all.find(v.name);
    if (it == all.end()) throw ir::CompileError(fmt::format("{} has no '{}'", file, v.name));
    const std::int64_t size = ir::element_count(v.shape());
    const std::int64_t count = size == 0 ? 1 : it->second.size() / size;
    if (out.empty()) out.resize(static_cast<std::size_t>(count));
    if (static_cast<std::int64_t>(out.size()) != count || it->second.size() != count * size) {
      throw ir::CompileError(fmt::format("{}: '{}' does not fit the model", file, v.name));
    }
    for (std::int64_t i = 0; i < count; ++i) {
      out[static_cast<std::size_t>(i)][v.name] = part(it->second, i, v.type);
    }
  }
  return out;
}

/// One sample a line: the token ids of the network's only input.
std::vector<exec::Tensors> read_tokens(const ir::Graph& graph, const std::string& file) {
  const ir::Value& v = graph.value(graph.inputs().at(0));
  std::ifstream in(file);
  std::vector<exec::Tensors> out;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::vector<std::int64_t> ids;
    for (std::int64_t id;
         words >> id && ids.size() < static_cast<std::size_t>(ir::element_count(v.shape()));)
      ids.push_back(id);
    out.push_back({{v.name, ir::Tensor::int64s(v.shape(), ids).converted(v.type.dtype)}});
  }
  return out;
}

/// How well logits [1, S, V] foretell the next token of the sample: perplexity of both, divergence.
void print_perplexity(const quant::Plan& plan, const std::vector<exec::Tensors>& samples) {
  const quant::Simulator simulator(plan);
  double exact = 0, rounded = 0, kl = 0, equal = 0, count = 0;
  for (const auto& sample : samples) {
    const std::vector<std::int64_t> ids = sample.begin()->second.to_ints();
    const ir::Tensor a = exec::run(plan.graph, sample).begin()->second;
    const ir::Tensor b = simulator.run(sample).begin()->second;
    const std::size_t n = static_cast<std::size_t>(a.shape().back());
    for (std::size_t s = 0; s + 1 < ids.size(); ++s) {
      const auto x = a.data<float>().subspan(s * n, n), y = b.data<float>().subspan(s * n, n);
      const auto total = [&](std::span<const float> v) {
        double sum = 0;
        for (const float l : v) sum += std::exp(static_cast<double>(l));
        return std::log(sum);
      };
      const double tx = total(x), ty = total(y);
      const auto next = static_cast<std::size_t>(ids[s + 1]);
      exact -= x[next] - tx;
      rounded -= y[next] - ty;
      for (std::size_t i = 0; i < n; ++i) kl += std::exp(x[i] - tx) * ((x[i] - tx) - (y[i] - ty));
      equal += std::max_element(x.begin(), x.end()) - x.begin() ==
               std::max_element(y.begin(), y.end()) - y.begin();
      ++count;
    }
  }
  fmt::print(
      "perplexity {:.4f} exact, {:.4f} rounded ({:+.2f} %), KL {:.4f} nats, top-1 equal {:.2f} %\n",
      std::exp(exact / count), std::exp(rounded / count),
      100 * (std::exp((rounded - exact) / count) - 1), kl / count, 100 * equal / count);
}

/// Mean of the rows [1, S, H] that attention_mask counts: cosine of exact and rounded.
void print_pooled(const quant::Plan& plan, const std::vector<exec::Tensors>& samples) {
  const quant::Simulator simulator(plan);
  double sum = 0, worst = 1;
  for (const auto& sample : samples) {
    const auto mask = sample.at("attention_mask").to_ints();
    const auto pooled = [&](const ir::Tensor& t) {
      const std::size_t n = static_cast<std::size_t>(t.shape().back());
      std::vector<double> out(n);
      for (std::size_t s = 0; s < mask.size(); ++s) {
        for (std::size_t i = 0; mask[s] != 0 && i < n; ++i) out[i] += t.data<float>()[s * n + i];
      }
      return out;
    };
    const auto a = pooled(exec::run(plan.graph, sample).begin()->second),
               b = pooled(simulator.run(sample).begin()->second);
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
      ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
    sum += ab / std::sqrt(aa * bb);
    worst = std::min(worst, ab / std::sqrt(aa * bb));
  }
  fmt::print("pooled cosine: mean {:.4f}, worst {:.4f} of {}\n",
             sum / static_cast<double>(samples.size()), worst, samples.size());
}

int run(const std::vector<std::string>& args) {
  importer::ImportOptions options;
  passes::PassOptions pass_options;
  quant::Options quant_options;
  std::string model, inputs, outputs, tokens, calibrate_tokens;
  std::vector<std::string> calibrate;
  bool layers = false, pooled = false;
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
    } else if (args[i] == "--calibrate-tokens") {
      calibrate_tokens = next();
    } else if (args[i] == "--tokens") {
      tokens = next();
    } else if (args[i] == "--pooled") {
      pooled = true;
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
  if (!calibrate_tokens.empty()) samples = read_tokens(graph, calibrate_tokens);
  if (samples.empty()) samples = quant::draw_samples(graph, quant_options);
  const auto start = std::chrono::steady_clock::now();
  const quant::Plan plan = quant::plan(graph, samples, quant_options);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print("planned with {} samples in {:.2f} s\n", samples.size(), seconds.count());
  for (const std::string& note : plan.notes) fmt::print("{}\n", note);
  if (!tokens.empty()) {
    print_perplexity(plan, read_tokens(graph, tokens));
    return 0;
  }
  const auto tests = inputs.empty() ? samples : read_samples(graph, inputs);
  quant::Accuracy accuracy = quant::accuracy(plan, tests);
  if (!layers) accuracy.layers.clear();
  fmt::print("{}", quant::to_text(accuracy));
  if (pooled) print_pooled(plan, tests);
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
