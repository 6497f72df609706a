// SPDX-License-Identifier: Apache-2.0
#include "compiler/tests/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

namespace oct::tools {
namespace {

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa == 0 && bb == 0 ? 1 : ab / std::sqrt(std::max(aa * bb, 1e-300));
}

}  // namespace

std::vector<exec::Tensors> read_tokens(const ir::Graph& graph, const std::string& file) {
  const ir::Value& v = graph.value(graph.inputs().at(0));
  const auto length = static_cast<std::size_t>(ir::element_count(v.shape()));
  std::ifstream in(file);
  std::vector<exec::Tensors> out;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::vector<std::int64_t> ids;
    for (std::int64_t id = 0; ids.size() < length && words >> id;) ids.push_back(id);
    if (ids.size() < length) continue;
    out.push_back({{v.name, ir::Tensor::int64s(v.shape(), ids).converted(v.type.dtype)}});
  }
  if (out.empty()) throw ir::CompileError(fmt::format("{} has no line of {} ids", file, length));
  return out;
}

Likeness compare(const ir::Tensor& got, const ir::Tensor& wanted) {
  const std::vector<double> a = got.to_doubles(), b = wanted.to_doubles();
  double signal = 0, noise = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    signal += b[i] * b[i];
    noise += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return {cosine(a, b), 10 * std::log10(std::max(signal, 1e-300) / std::max(noise, 1e-300))};
}

void Embeddings::add(const exec::Tensors& inputs, const ir::Tensor& exact, const ir::Tensor& got) {
  const std::vector<std::int64_t> mask = inputs.at("attention_mask").to_ints();
  const auto pooled = [&](const ir::Tensor& t) {
    const std::int64_t n = t.shape().back();
    std::vector<double> out(static_cast<std::size_t>(n));
    for (std::size_t s = 0; s < mask.size(); ++s) {
      for (std::int64_t i = 0; mask[s] != 0 && i < n; ++i) {
        out[static_cast<std::size_t>(i)] += t.at(static_cast<std::int64_t>(s) * n + i);
      }
    }
    return out;
  };
  const double c = cosine(pooled(exact), pooled(got));
  sum_ += c;
  worst_ = std::min(worst_, c);
  ++count_;
}

std::string Embeddings::text() const {
  return fmt::format("embeddings: cosine {:.4f} on average, {:.4f} at worst, of {}", sum_ / count_,
                     worst_, count_);
}

void NextTokens::add(const std::vector<std::int64_t>& ids, const ir::Tensor& exact,
                     const ir::Tensor& got) {
  const auto n = static_cast<std::size_t>(exact.shape().back());
  for (std::size_t s = 0; s + 1 < ids.size(); ++s) {
    const auto x = exact.data<float>().subspan(s * n, n), y = got.data<float>().subspan(s * n, n);
    const auto log_sum = [](std::span<const float> v) {
      double sum = 0;
      for (const float l : v) sum += std::exp(static_cast<double>(l));
      return std::log(sum);
    };
    const double tx = log_sum(x), ty = log_sum(y);
    const auto next = static_cast<std::size_t>(ids[s + 1]);
    exact_ -= x[next] - tx;
    got_ -= y[next] - ty;
    for (std::size_t i = 0; i < n; ++i) {
      divergence_ += std::exp(x[i] - tx) * ((x[i] - tx) - (y[i] - ty));
    }
    const auto best = std::max_element(x.begin(), x.end());
    float second = -INFINITY;
    for (auto it = x.begin(); it != x.end(); ++it) {
      if (it != best) second = std::max(second, *it);
    }
    const bool same = std::max_element(y.begin(), y.end()) - y.begin() == best - x.begin();
    equal_ += same ? 1 : 0;
    ++count_;
    if (*best - second >= 0.7F) {
      ++clear_;
      clear_equal_ += same ? 1 : 0;
    }
  }
}

std::string NextTokens::text() const {
  return fmt::format(
      "perplexity {:.4f} exact, {:.4f} in integers ({:+.2f} %), KL {:.4f} nats, first choice equal "
      "{} of {}, with a margin of 0.7 {} of {}",
      std::exp(exact_ / count_), std::exp(got_ / count_),
      100 * (std::exp((got_ - exact_) / count_) - 1), divergence_ / count_, equal_, count_,
      clear_equal_, clear_);
}

}  // namespace oct::tools
