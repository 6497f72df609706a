// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "compiler/quant/calibrate.hpp"
#include "compiler/quant/judge.hpp"
#include "compiler/quant/trial.hpp"

namespace oct::quant {
using ir::Graph;
using ir::Tensor;
using ir::ValueId;

namespace {

constexpr std::size_t kRows = 256;  // of a tensor, in each half

/// Rows of one value as they come.
struct Collector {
  std::size_t k = 0;
  std::vector<float> rows, max;

  void add(std::span<const float> row, bool keep) {
    k = row.size();
    max.resize(k, 0.0F);
    for (std::size_t c = 0; c < k; ++c) max[c] = std::max(max[c], std::fabs(row[c]));
    if (keep && rows.size() < kRows * k) rows.insert(rows.end(), row.begin(), row.end());
  }
  [[nodiscard]] Rows taken() const {
    const auto width = static_cast<std::int64_t>(k);
    const auto n = width == 0 ? 0 : static_cast<std::int64_t>(rows.size()) / width;
    return {Tensor::floats({n, width}, rows), max};
  }
};

}  // namespace

std::map<ValueId, Halves> collect_rows(const Graph& graph, const std::set<ValueId>& wanted,
                                       const std::vector<exec::Tensors>& samples) {
  std::array<std::map<ValueId, Collector>, 2> found;
  const std::size_t share = std::max<std::size_t>(1, 2 * kRows / samples.size());
  for_samples(samples.size(), [&](std::size_t s) {
    Validity validity(graph, samples[s]);
    (void)exec::run(graph, samples[s], [&](ValueId v, const Tensor& t) {
      const Tensor& mask = validity.follow(v);
      if (!wanted.contains(v) || t.size() == 0) return;
      const auto k = static_cast<std::size_t>(t.shape().back());
      std::vector<std::size_t> valid;
      for (std::size_t r = 0; r < t.data<float>().size() / k; ++r) {
        if (!mask.defined() || mask.data<float>()[r * k] != 0) valid.push_back(r);
      }
      const std::size_t every = std::max<std::size_t>(1, valid.size() / share);
      for (std::size_t i = 0; i < valid.size(); ++i) {
        const std::size_t half = samples.size() > 1 ? s % 2 : i % 2;
        found.at(half)[v].add(t.data<float>().subspan(valid[i] * k, k), i % every < 2);
      }
    });
  });
  std::map<ValueId, Halves> out;
  for (const auto& [v, first] : found[0]) {
    const auto second = found[1].find(v);
    if (second == found[1].end() || first.rows.empty() || second->second.rows.empty()) continue;
    out[v] = {first.taken(), second->second.taken()};
  }
  return out;
}

}  // namespace oct::quant
