// SPDX-License-Identifier: Apache-2.0
// Reductions along axes, running sums.
#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/exec/kernels.hpp"

namespace oct::exec {
using ir::DType;
using ir::Ints;
using ir::Op;
using ir::Pointee;
using ir::Shape;
using ir::Tensor;

namespace {

/// Output offset of every input element, as strides over the input's shape.
Shape target_strides(const Call& call, const Shape& in) {
  Ints axes = call.attrs().ints("axes");
  for (std::int64_t& a : axes) a = ir::normalized_axis(a, in.size());
  Shape strides(in.size(), 0);
  std::int64_t step = 1;
  for (std::size_t i = in.size(); i-- > 0;) {
    if (std::find(axes.begin(), axes.end(), i) != axes.end()) continue;
    strides[i] = step;
    step *= in[i];
  }
  return strides;
}

Tensor extreme_index(const Call& call) {
  Tensor out = call.make();
  const Tensor& x = call.in(0);
  const auto axis = static_cast<std::size_t>(
      ir::normalized_axis(call.attrs().ints("axes").at(0), x.shape().size()));
  const std::int64_t n = x.shape()[axis], inner = ir::row_major_strides(x.shape())[axis];
  const bool last = call.attrs().integer("select_last_index") != 0;
  const bool maximum = call.node.op == Op::kArgMax;
  auto to = out.mutable_data<std::int64_t>();
  if (n == 0) throw ir::CompileError("the position of the largest of no elements");
  for (std::size_t row = 0; row < to.size(); ++row) {
    const auto r = static_cast<std::int64_t>(row);
    const std::int64_t base = r / inner * inner * n + r % inner;
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < n; ++i) {
      const double v = x.at(base + i * inner), top = x.at(base + best * inner);
      if ((maximum ? v > top : v < top) || (last && v == top)) best = i;
    }
    to[row] = best;
  }
  return out;
}

template <typename Acc, typename T>
void accumulate(const Call& call, Tensor& out) {
  const Tensor& x = call.in(0);
  const Op op = call.node.op;
  Acc start{0};
  if (op == Op::kReduceProd) start = Acc{1};
  if (op == Op::kReduceMax) start = std::numeric_limits<Acc>::lowest();
  if (op == Op::kReduceMin) start = std::numeric_limits<Acc>::max();
  std::vector<Acc> sums(static_cast<std::size_t>(out.size()), start);
  Odometer<1> at(x.shape(), {target_strides(call, x.shape())});
  for (const T v : x.data<T>()) {
    Acc& s = sums[static_cast<std::size_t>(at.offset(0))];
    const auto a = static_cast<Acc>(v);
    switch (op) {
      case Op::kReduceMax:
        s = std::max(s, a);
        break;
      case Op::kReduceMin:
        s = std::min(s, a);
        break;
      case Op::kReduceProd:
        s *= a;
        break;
      case Op::kReduceL2:
        s += a * a;
        break;
      default:
        s += a;
    }
    at.next();
  }
  const Acc n = out.size() == 0 ? Acc{1} : static_cast<Acc>(x.size() / out.size());
  auto to = out.mutable_data<T>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (op == Op::kReduceMean) sums[i] /= std::max(n, Acc{1});
    if (op == Op::kReduceL2) sums[i] = static_cast<Acc>(std::sqrt(static_cast<double>(sums[i])));
    to[i] = static_cast<T>(sums[i]);
  }
}

}  // namespace

Tensor reduce(const Call& call) {
  if (call.node.op == Op::kArgMax || call.node.op == Op::kArgMin) return extreme_index(call);
  Tensor out = call.make();
  ir::with_type(call.in(0).dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    using Acc = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;
    accumulate<Acc, T>(call, out);
  });
  return out;
}

Tensor cumulative_sum(const Call& call) {
  Tensor out = call.make();
  const Shape& s = out.shape();
  const auto axis =
      static_cast<std::size_t>(ir::normalized_axis(call.attrs().integer("axis"), s.size()));
  const std::int64_t n = s[axis], inner = ir::row_major_strides(s)[axis];
  const bool exclusive = call.attrs().integer("exclusive"), back = call.attrs().integer("reverse");
  ir::with_type(out.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    const auto x = call.in(0).data<T>();
    auto y = out.mutable_data<T>();
    for (std::int64_t row = 0; n > 0 && row < out.size() / n; ++row) {
      const std::int64_t base = row / inner * inner * n + row % inner;
      T sum{0};
      for (std::int64_t i = 0; i < n; ++i) {
        const auto at = static_cast<std::size_t>(base + (back ? n - 1 - i : i) * inner);
        if (exclusive) y[at] = sum;
        sum = static_cast<T>(sum + x[at]);
        if (!exclusive) y[at] = sum;
      }
    }
  });
  return out;
}

}  // namespace oct::exec
