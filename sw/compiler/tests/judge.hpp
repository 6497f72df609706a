// SPDX-License-Identifier: Apache-2.0
// Texts of token ids, and figures that judge a network's outputs.
#pragma once

#include <string>
#include <vector>

#include "compiler/exec/executor.hpp"

namespace oct::tools {

/// One sample a line: ids of the network's only input.
[[nodiscard]] std::vector<exec::Tensors> read_tokens(const ir::Graph& graph,
                                                     const std::string& file);

struct Likeness {
  double cosine = 1, sqnr = 0;  ///< signal to noise in dB
};
[[nodiscard]] Likeness compare(const ir::Tensor& got, const ir::Tensor& wanted);

/// Sums over samples; `exact` from floats, `got` from integers.
class Embeddings {  ///< mean of the rows that attention_mask counts
 public:
  void add(const exec::Tensors& inputs, const ir::Tensor& exact, const ir::Tensor& got);
  [[nodiscard]] std::string text() const;

 private:
  double sum_ = 0, worst_ = 1, count_ = 0;
};
class NextTokens {  ///< how well logits [1, S, V] foretell the next token
 public:
  void add(const std::vector<std::int64_t>& ids, const ir::Tensor& exact, const ir::Tensor& got);
  [[nodiscard]] std::string text() const;

 private:
  double exact_ = 0, got_ = 0, divergence_ = 0, equal_ = 0, count_ = 0;
  double clear_ = 0, clear_equal_ = 0;  ///< where the first is 0.7 ahead of the second
};

}  // namespace oct::tools
