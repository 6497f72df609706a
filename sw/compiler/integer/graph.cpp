// SPDX-License-Identifier: Apache-2.0
#include "compiler/integer/graph.hpp"

#include <fmt/format.h>

namespace oct::integer {

std::int64_t Tensor::row_bytes() const {
  const std::int64_t n = shape.empty() ? 1 : shape.back();
  return (n * elem_bytes(elem) + row_align - 1) / row_align * row_align;
}

std::int64_t Tensor::bytes() const {
  std::int64_t rows = 1;
  for (std::size_t d = 0; d + 1 < shape.size(); ++d) rows *= shape[d];
  return rows * row_bytes();
}

std::vector<std::int64_t> Tensor::strides() const {
  std::vector<std::int64_t> out(shape.size());
  if (out.empty()) return out;
  out.back() = elem_bytes(elem);
  std::int64_t stride = row_bytes();
  for (std::size_t d = shape.size() - 1; d-- > 0;) {
    out[d] = stride;
    stride *= shape[d];
  }
  return out;
}

View View::slice(std::size_t dim, std::int64_t from, std::int64_t count) const {
  if (dim >= sizes.size() || from < 0 || count < 1 || from + count > sizes[dim]) {
    throw ir::GraphError(fmt::format("slice [{}, {}) of dimension {} of a view {}", from,
                                     from + count, dim, ir::shape_text(sizes)));
  }
  View out = *this;
  out.offset += from * strides[dim];
  out.sizes[dim] = count;
  return out;
}

TensorId Graph::add(Tensor t) {
  tensors.push_back(std::move(t));
  return static_cast<TensorId>(tensors.size() - 1);
}

View Graph::whole(TensorId id) const {
  const Tensor& t = at(id);
  return {.tensor = id, .offset = 0, .sizes = t.shape, .strides = t.strides()};
}

}  // namespace oct::integer
