// SPDX-License-Identifier: Apache-2.0
// Moving elements.
#include <algorithm>

#include "compiler/exec/kernels.hpp"

namespace oct::exec {
using ir::Ints;
using ir::Op;
using ir::Pointee;
using ir::Shape;
using ir::Tensor;

namespace {

/// out[i] = in[offset of i], where the offset follows from strides over the output's shape.
void gather_strided(const Tensor& in, std::int64_t start, const Shape& shape, const Shape& strides,
                    Tensor& out) {
  ir::with_size(in.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    const auto x = in.data<T>();
    Odometer<1> at(shape, {strides});
    for (T& v : out.mutable_data<T>()) {
      v = x[static_cast<std::size_t>(start + at.offset(0))];
      at.next();
    }
  });
}

Tensor rearrange(const Call& call) {
  const Ints dims = call.attrs().ints("dims"), perm = call.attrs().ints("perm");
  const Shape strides = ir::row_major_strides(dims);
  Shape shape, moved;
  for (const std::int64_t p : perm) {
    shape.push_back(dims[static_cast<std::size_t>(p)]);
    moved.push_back(strides[static_cast<std::size_t>(p)]);
  }
  Tensor out = call.make();
  gather_strided(call.in(0), 0, shape, moved, out);
  return out;
}

Tensor slice(const Call& call) {
  const Ints starts = call.attrs().ints("starts"), steps = call.attrs().ints("steps");
  Shape strides = ir::row_major_strides(call.in(0).shape());
  std::int64_t start = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    start += starts[i] * strides[i];
    strides[i] *= steps[i];
  }
  Tensor out = call.make();
  gather_strided(call.in(0), start, out.shape(), strides, out);
  return out;
}

Tensor concat(const Call& call) {
  Tensor out = call.make();
  const auto axis = static_cast<std::size_t>(
      ir::normalized_axis(call.attrs().integer("axis"), out.shape().size()));
  const std::int64_t inner = ir::row_major_strides(out.shape())[axis];
  const std::int64_t row = inner * out.shape()[axis];
  ir::with_size(out.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    auto to = out.mutable_data<T>();
    std::int64_t column = 0;
    for (const Tensor* t : call.inputs) {
      const auto x = t->data<T>();
      const std::int64_t n = inner * t->shape()[axis];
      for (std::int64_t i = 0; n > 0 && i < t->size() / n; ++i) {
        std::copy_n(x.begin() + i * n, n, to.begin() + i * row + column);
      }
      column += n;
    }
  });
  return out;
}

std::int64_t source_index(std::int64_t i, std::int64_t n, const std::string& mode) {
  if (i >= 0 && i < n) return i;
  if (mode == "edge") return i < 0 ? 0 : n - 1;
  if (mode == "wrap") return ((i % n) + n) % n;
  if (mode == "reflect") return i < 0 ? -i : 2 * (n - 1) - i;
  return -1;
}

Tensor pad(const Call& call) {
  Tensor out = call.make();
  const Ints before = call.attrs().ints("before");
  const std::string mode = call.attrs().text("mode", "constant");
  const Shape& s = call.in(0).shape();
  const Shape strides = ir::row_major_strides(s);
  const Tensor fill =
      Tensor::scalar(static_cast<float>(call.attrs().number("value", 0))).converted(out.dtype());
  ir::with_size(out.dtype(), [&](auto* p) {
    using T = Pointee<decltype(p)>;
    const auto x = call.in(0).data<T>();
    const T value = fill.data<T>()[0];
    Odometer<0> at(out.shape(), {});
    for (T& v : out.mutable_data<T>()) {
      std::int64_t offset = 0;
      for (std::size_t d = 0; d < s.size() && offset >= 0; ++d) {
        const std::int64_t i = source_index(at.index()[d] - before[d], s[d], mode);
        offset = i < 0 || i >= s[d] ? -1 : offset + i * strides[d];
      }
      v = offset < 0 ? value : x[static_cast<std::size_t>(offset)];
      at.next();
    }
  });
  return out;
}

Tensor depth_to_space(const Call& call) {
  const Shape& s = call.in(0).shape();
  const std::int64_t b = call.attrs().integer("blocksize"), c = s[1] / (b * b);
  const bool crd = call.attrs().text("mode", "DCR") == "CRD";
  const Shape dims = crd ? Shape{s[0], c, b, b, s[2], s[3]} : Shape{s[0], b, b, c, s[2], s[3]};
  const Ints perm = crd ? Ints{0, 1, 4, 2, 5, 3} : Ints{0, 3, 4, 1, 5, 2};
  const Shape strides = ir::row_major_strides(dims);
  Shape shape, moved;
  for (const std::int64_t i : perm) {
    shape.push_back(dims[static_cast<std::size_t>(i)]);
    moved.push_back(strides[static_cast<std::size_t>(i)]);
  }
  Tensor out = call.make();
  gather_strided(call.in(0), 0, shape, moved, out);
  return out;
}

}  // namespace

Tensor layout(const Call& call) {
  switch (call.node.op) {
    case Op::kReshape:
      return call.in(0).reshaped(call.result.shape);
    case Op::kRearrange:
      return rearrange(call);
    case Op::kSlice:
      return slice(call);
    case Op::kPad:
      return pad(call);
    case Op::kExpand: {
      Tensor out = call.make();
      gather_strided(call.in(0), 0, out.shape(), broadcast_strides(call.in(0).shape(), out.shape()),
                     out);
      return out;
    }
    case Op::kDepthToSpace:
      return depth_to_space(call);
    default:
      return concat(call);
  }
}

}  // namespace oct::exec
