// SPDX-License-Identifier: Apache-2.0
// The executor's kernels, by kind. Each allocates its result.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "compiler/ir/graph.hpp"
#include "compiler/ir/with_type.hpp"

namespace oct::exec {

/// What a kernel sees of a node.
struct Call {
  const ir::Node& node;
  const std::vector<const ir::Tensor*>& inputs;
  const ir::Type& result;

  [[nodiscard]] const ir::Tensor& in(std::size_t i) const { return *inputs.at(i); }
  [[nodiscard]] bool has(std::size_t i) const { return i < inputs.size() && inputs[i]; }
  [[nodiscard]] const ir::Attributes& attrs() const { return node.attrs; }
  [[nodiscard]] ir::Tensor make() const { return {result.dtype, result.shape}; }
};

ir::Tensor unary(const Call& call);
ir::Tensor binary(const Call& call);
ir::Tensor where(const Call& call);
ir::Tensor gemm(const Call& call);
ir::Tensor attention(const Call& call);
ir::Tensor convolution(const Call& call);
ir::Tensor pool(const Call& call);
ir::Tensor norm(const Call& call);
ir::Tensor rotary(const Call& call);
ir::Tensor reduce(const Call& call);
ir::Tensor cumulative_sum(const Call& call);
ir::Tensor layout(const Call& call);
ir::Tensor indexing(const Call& call);
ir::Tensor resize(const Call& call);
ir::Tensor quantisation(const Call& call);

/// C[m, n] = A[m, k] B[k, n] + beta C, row-major; `ta`, `tb`: stored transposed.
void sgemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
           std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c,
           std::int64_t ldc);

/// Walks an index over `shape`, last dimension fastest, and keeps offsets of several tensors.
template <std::size_t N>
class Odometer {
 public:
  Odometer(const ir::Shape& shape, const std::array<ir::Shape, N>& strides)
      : shape_(shape), strides_(strides), index_(shape.size()) {}
  [[nodiscard]] std::int64_t offset(std::size_t i) const { return offset_[i]; }
  void next() {
    for (std::size_t d = shape_.size(); d-- > 0;) {
      for (std::size_t i = 0; i < N; ++i) offset_[i] += strides_[i][d];
      if (++index_[d] < shape_[d]) return;
      for (std::size_t i = 0; i < N; ++i) offset_[i] -= strides_[i][d] * shape_[d];
      index_[d] = 0;
    }
  }
  [[nodiscard]] const ir::Shape& index() const { return index_; }

 private:
  ir::Shape shape_;
  std::array<ir::Shape, N> strides_;
  ir::Shape index_;
  std::array<std::int64_t, N> offset_{};
};

/// Strides of `shape` seen as the larger `as`: 0 where it is broadcast.
[[nodiscard]] ir::Shape broadcast_strides(const ir::Shape& shape, const ir::Shape& as);

}  // namespace oct::exec
