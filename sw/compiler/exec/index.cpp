// SPDX-License-Identifier: Apache-2.0
// Positions: gathering, scattering, generating, choosing.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "compiler/exec/kernels.hpp"

namespace oct::exec {
using ir::Ints;
using ir::Op;
using ir::Pointee;
using ir::Shape;
using ir::Tensor;

namespace {

std::size_t checked(std::int64_t i, std::int64_t n, const std::string& node) {
  if (i < -n || i >= n) {
    throw ir::CompileError(fmt::format("{}: index {} is outside [0, {})", node, i, n));
  }
  return static_cast<std::size_t>(i < 0 ? i + n : i);
}

Tensor gather(const Call& call, std::int64_t at) {
  Tensor out = call.make();
  const Tensor &x = call.in(0), &ids = call.in(1);
  const auto axis = static_cast<std::size_t>(ir::normalized_axis(at, x.shape().size()));
  const std::int64_t n = x.shape()[axis], inner = ir::row_major_strides(x.shape())[axis];
  const std::vector<std::int64_t> list = ids.to_ints();
  ir::with_size(x.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    const auto from = x.data<T>();
    auto to = out.mutable_data<T>().begin();
    const std::int64_t outer = n * inner == 0 ? 0 : x.size() / (n * inner);
    for (std::int64_t o = 0; o < outer; ++o) {
      for (const std::int64_t i : list) {
        const auto row = static_cast<std::int64_t>(checked(i, n, call.node.name));
        to = std::copy_n(from.begin() + (o * n + row) * inner, inner, to);
      }
    }
  });
  return out;
}

/// Offset in a tensor of the slice that one row of indices names.
std::int64_t tuple_offset(const Call& call, const Tensor& ids, std::int64_t row, std::int64_t depth,
                          const Shape& shape, std::size_t first) {
  const Shape strides = ir::row_major_strides(shape);
  std::int64_t offset = 0;
  for (std::int64_t d = 0; d < depth; ++d) {
    const std::size_t axis = first + static_cast<std::size_t>(d);
    const std::int64_t i = ids.int_at(row * depth + d);
    offset += static_cast<std::int64_t>(checked(i, shape[axis], call.node.name)) * strides[axis];
  }
  return offset;
}

Tensor gather_nd(const Call& call) {
  Tensor out = call.make();
  const Tensor &x = call.in(0), &ids = call.in(1);
  const auto batch = static_cast<std::size_t>(call.attrs().integer("batch_dims"));
  const std::int64_t depth = ids.shape().back(), rows = depth ? ids.size() / depth : 0;
  const std::int64_t block = rows ? out.size() / rows : 0;
  std::int64_t batches = 1;
  for (std::size_t i = 0; i < batch; ++i) batches *= x.shape()[i];
  ir::with_size(x.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    const auto from = x.data<T>();
    auto to = out.mutable_data<T>().begin();
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t base = r / (rows / batches) * (x.size() / batches);
      const std::int64_t at = base + tuple_offset(call, ids, r, depth, x.shape(), batch);
      to = std::copy_n(from.begin() + at, block, to);
    }
  });
  return out;
}

Tensor scatter_nd(const Call& call) {
  Tensor out = call.in(0);
  const Tensor &ids = call.in(1), &updates = call.in(2);
  const std::int64_t depth = ids.shape().back(), rows = depth ? ids.size() / depth : 0;
  const std::int64_t block = rows ? updates.size() / rows : 0;
  if (call.attrs().text("reduction", "none") != "none") {
    throw ir::CompileError(call.node.name + ": ScatterND with a reduction");
  }
  ir::with_size(out.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    auto to = out.mutable_data<T>();
    const auto from = updates.data<T>();
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t at = tuple_offset(call, ids, r, depth, out.shape(), 0);
      std::copy_n(from.begin() + r * block, block, to.begin() + at);
    }
  });
  return out;
}

/// GatherElements and ScatterElements: the index replaces one coordinate.
Tensor by_element(const Call& call) {
  const bool scatter = call.node.op == Op::kScatterElements;
  const Tensor &x = call.in(0), &ids = call.in(1);
  Tensor out = scatter ? x : call.make();
  if (call.attrs().text("reduction", "none") != "none") {
    throw ir::CompileError(call.node.name + ": ScatterElements with a reduction");
  }
  const auto axis =
      static_cast<std::size_t>(ir::normalized_axis(call.attrs().integer("axis"), x.shape().size()));
  Shape strides = ir::row_major_strides(x.shape());
  const std::int64_t step = std::exchange(strides[axis], 0);
  ir::with_size(x.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    auto to = out.mutable_data<T>();
    const auto from = (scatter ? call.in(2) : x).data<T>();
    Odometer<1> at(ids.shape(), {strides});
    for (std::int64_t i = 0; i < ids.size(); ++i, at.next()) {
      const auto j =
          static_cast<std::int64_t>(checked(ids.int_at(i), x.shape()[axis], call.node.name));
      const auto k = static_cast<std::size_t>(at.offset(0) + j * step);
      if (scatter) {
        to[k] = from[static_cast<std::size_t>(i)];
      } else {
        to[static_cast<std::size_t>(i)] = from[k];
      }
    }
  });
  return out;
}

Tensor range(const Call& call) {
  Tensor out = call.make();
  ir::with_type(out.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    const T start = call.in(0).data<T>()[0], step = call.in(2).data<T>()[0];
    auto to = out.mutable_data<T>();
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = static_cast<T>(start + static_cast<T>(i) * step);
    }
  });
  return out;
}

Tensor triangle(const Call& call) {
  Tensor out = call.in(0);
  const Shape& s = out.shape();
  const std::int64_t k = call.attrs().integer("k"), columns = s.back(), rows = s[s.size() - 2];
  const bool upper = call.attrs().integer("upper", 1) != 0;
  ir::with_size(out.dtype(), [&](auto* p) {
    auto to = out.mutable_data<Pointee<decltype(p)>>();
    for (std::size_t n = 0; n < to.size(); ++n) {
      const auto at = static_cast<std::int64_t>(n);
      const std::int64_t i = at / columns % rows, j = at % columns;
      if (upper ? j < i + k : j > i + k) to[n] = 0;
    }
  });
  return out;
}

Tensor one_hot(const Call& call) {  // values[2], indices
  Tensor out = call.make();
  const auto axis = static_cast<std::size_t>(
      ir::normalized_axis(call.attrs().integer("axis", -1), out.shape().size()));
  const std::int64_t depth = out.shape()[axis], inner = ir::row_major_strides(out.shape())[axis];
  ir::with_size(out.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    auto to = out.mutable_data<T>();
    const auto values = call.in(0).data<T>();
    std::fill(to.begin(), to.end(), values[0]);
    for (std::int64_t i = 0; i < call.in(1).size(); ++i) {
      std::int64_t k = call.in(1).int_at(i);
      if (k < 0) k += depth;
      if (k < 0 || k >= depth) continue;
      to[static_cast<std::size_t>((i / inner * depth + k) * inner + i % inner)] = values[1];
    }
  });
  return out;
}

Tensor top_k(const Call& call) {
  Tensor out = call.make();
  const Tensor& x = call.in(0);
  const auto axis = static_cast<std::size_t>(
      ir::normalized_axis(call.attrs().integer("axis", -1), x.shape().size()));
  const std::int64_t n = x.shape()[axis], k = out.shape()[axis];
  const std::int64_t inner = ir::row_major_strides(x.shape())[axis];
  const bool largest = call.attrs().integer("largest", 1) != 0;
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  for (std::int64_t row = 0; n > 0 && row < x.size() / n; ++row) {
    const std::int64_t from = row / inner * inner * n + row % inner;
    const std::int64_t to = row / inner * inner * k + row % inner;
    std::iota(order.begin(), order.end(), 0);
    // Equal elements in their order, as ONNX wants it; what is not a number counts as the largest.
    std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      const double va = x.at(from + a * inner), vb = x.at(from + b * inner);
      if (std::isnan(va) || std::isnan(vb)) {
        if (std::isnan(va) == std::isnan(vb)) return a < b;
        return std::isnan(va) == largest;
      }
      return va == vb ? a < b : largest ? va > vb : va < vb;
    });
    for (std::int64_t i = 0; i < k; ++i) {
      const std::int64_t chosen = order[static_cast<std::size_t>(i)];
      const auto at = static_cast<std::size_t>(to + i * inner);
      if (call.node.op == Op::kTopKIndices) {
        out.mutable_data<std::int64_t>()[at] = chosen;
      } else {
        ir::with_size(x.dtype(), [&](auto* p) {
          using T = Pointee<decltype(p)>;
          out.mutable_data<T>()[at] = x.data<T>()[static_cast<std::size_t>(from + chosen * inner)];
        });
      }
    }
  }
  return out;
}

}  // namespace

Tensor indexing(const Call& call) {
  switch (call.node.op) {
    case Op::kEmbedding:
      return gather(call, 0);
    case Op::kGather:
      return gather(call, call.attrs().integer("axis"));
    case Op::kGatherNd:
      return gather_nd(call);
    case Op::kScatterNd:
      return scatter_nd(call);
    case Op::kGatherElements:
    case Op::kScatterElements:
      return by_element(call);
    case Op::kRange:
      return range(call);
    case Op::kTriangle:
      return triangle(call);
    case Op::kOneHot:
      return one_hot(call);
    case Op::kTopKValues:
    case Op::kTopKIndices:
      return top_k(call);
    default:
      throw std::logic_error("no kernel for " + std::string(ir::op_name(call.node.op)));
  }
}

}  // namespace oct::exec
