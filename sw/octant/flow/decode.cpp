// SPDX-License-Identifier: Apache-2.0
#include "flow/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <stdexcept>

#include "compiler/ir/tensor.hpp"
#include "tokenizer.hpp"

namespace octant {
namespace {

using namespace oct;

/// Inputs that change from token to token.
struct Ports {
  const integer::Port *ids = nullptr, *position = nullptr, *mask = nullptr, *logits = nullptr;
};

Ports find_ports(const integer::Graph& graph) {
  Ports p;
  for (const integer::Port& port : graph.inputs) {
    const auto has = [&](const char* word) { return port.name.find(word) != std::string::npos; };
    if (graph.at(port.view.tensor).role == integer::Role::kState) continue;
    if (has("mask")) {
      p.mask = &port;
    } else if (has("position")) {
      p.position = &port;
    } else if (has("ids")) {
      p.ids = &port;
    }
  }
  for (const integer::Port& port : graph.outputs) {
    if (port.name.find("logits") != std::string::npos) p.logits = &port;
  }
  if (p.ids == nullptr || p.logits == nullptr || graph.slots < 2) {
    throw ir::CompileError(
        "--steps: the network has no input 'input_ids', output 'logits' and caches for one token");
  }
  if (p.mask == nullptr) {
    throw ir::CompileError("--steps: the network has no 'attention_mask' to hide empty places");
  }
  return p;
}

ir::Tensor filled(const integer::Port& port, const std::function<std::int64_t(std::int64_t)>& f) {
  const std::int64_t n = ir::element_count(port.view.sizes);
  std::vector<std::int64_t> values(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = f(i);
  const ir::Tensor t = ir::Tensor::int64s(port.view.sizes, values);
  return port.dtype == ir::DType::kInt64 ? t : t.converted(port.dtype);
}

std::int32_t choose(const ir::Tensor& logits, double temperature, std::mt19937_64& random) {
  std::vector<double> v = logits.to_doubles();
  const auto best = std::max_element(v.begin(), v.end());
  if (temperature <= 0) return static_cast<std::int32_t>(best - v.begin());
  const double most = *best;
  for (double& x : v) x = std::exp((x - most) / temperature);
  return std::discrete_distribution<std::int32_t>(v.begin(), v.end())(random);
}

}  // namespace

DecodeResult decode(const Compiled& c, NetworkSession& session, const DecodeOptions& options,
                    const std::function<void(const std::string&)>& say) {
  const integer::Graph& graph = c.graph();
  const Ports ports = find_ports(graph);
  std::optional<Tokenizer> tokenizer;
  if (!options.tokenizer.empty()) tokenizer.emplace(options.tokenizer);
  if (!tokenizer && !options.prompt.empty()) {
    throw std::invalid_argument("--prompt needs --tokenizer FILE");
  }
  DecodeResult result;
  result.tokens =
      tokenizer ? tokenizer->encode(options.prompt) : std::vector<std::int32_t>{Tokenizer::kBegin};
  std::mt19937_64 random(options.seed);
  integer::Memory memory = integer::make_memory(graph);
  for (unsigned step = 0; step < options.steps; ++step) {
    const std::int64_t token = result.tokens.at(step), slot = step % graph.slots;
    const auto put = [&](const integer::Port* port, auto f) {
      if (port != nullptr) integer::write_input(graph, *port, filled(*port, f), memory);
    };
    put(ports.ids, [&](std::int64_t) { return token; });
    put(ports.position, [&](std::int64_t) { return static_cast<std::int64_t>(step); });
    put(ports.mask, [&](std::int64_t i) { return static_cast<std::int64_t>(i <= step); });
    if (c.host.before.node_count() != 0) {
      exec::Tensors given;
      for (const ir::ValueId v : c.host.before.inputs()) {
        const ir::Value& x = c.host.before.value(v);
        const auto has = [&](const char* word) { return x.name.find(word) != std::string::npos; };
        integer::Port port{x.name, {}, x.type.dtype};
        port.view.sizes = x.shape();
        given[x.name] = filled(port, [&](std::int64_t i) -> std::int64_t {
          if (has("mask")) return i <= step ? 1 : 0;
          return has("position") ? step : token;
        });
      }
      const exec::Tensors made = exec::run(c.host.before, given);
      for (const integer::Port& port : graph.inputs) {
        const auto it = made.find(port.name);
        if (it != made.end()) integer::write_input(graph, port, it->second, memory);
      }
    }
    const integer::Memory before = memory;
    integer::run(graph, memory, nullptr, slot);
    const NetworkResult r = session.run(before, memory, slot, step != 0);
    result.cycles += r.cycles;
    result.mismatches += r.mismatches;
    result.elements += r.coverage.elements;
    result.simulated += r.simulated;
    result.seconds += r.seconds;
    for (const std::string& w : r.wrong) {
      result.wrong.push_back(fmt::format("token {}: {}", step, w));
    }
    const ir::Tensor logits = integer::read_output(graph, *ports.logits, r.memory);
    if (step + 1 == result.tokens.size()) {
      result.tokens.push_back(choose(logits, options.temperature, random));
    }
    const std::int32_t next = result.tokens.at(step + 1);
    say(tokenizer ? tokenizer->decode(static_cast<std::int32_t>(token), next)
                  : fmt::format("{} ", next));
    if (next == Tokenizer::kEnd || next == Tokenizer::kBegin) break;
  }
  return result;
}

}  // namespace octant
