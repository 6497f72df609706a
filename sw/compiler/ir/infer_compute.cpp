// SPDX-License-Identifier: Apache-2.0
// Types of results: matrix products, attention, convolutions, pools.
#include <algorithm>
#include <cstdlib>

#include "compiler/ir/infer.hpp"

namespace oct::ir::infer {
namespace {

void require_floats(const Operands& in) {
  for (const Value* v : in) {
    require(!v || is_float(v->type.dtype), "a product of {}", v ? type_text(v->type) : "");
  }
}

Type linear(const Operands& in) {
  const Value &x = operand(in, 0), &w = operand(in, 1);
  require(w.rank() == 2 && x.rank() >= 1 && x.shape().back() == w.shape()[0],
          "{} times weights {}: the inner sizes differ", type_text(x.type), type_text(w.type));
  Shape shape = x.shape();
  shape.back() = w.shape()[1];
  if (has(in, 2)) {
    require(in[2]->shape() == Shape{w.shape()[1]}, "a bias {} for {} columns",
            shape_text(in[2]->shape()), w.shape()[1]);
  }
  return {x.type.dtype, std::move(shape)};
}

Type matmul(const Operands& in, const Attributes& attrs) {
  const Value &x = operand(in, 0), &y = operand(in, 1);
  require(x.rank() >= 1 && y.rank() >= 1, "a matrix product of a scalar");
  Shape a = x.shape(), b = y.shape();
  const bool row = a.size() == 1, column = b.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  if (attrs.integer("transpose_a")) std::swap(a[a.size() - 1], a[a.size() - 2]);
  if (attrs.integer("transpose_b")) std::swap(b[b.size() - 1], b[b.size() - 2]);
  require(a.back() == b[b.size() - 2], "{} times {}: the inner sizes {} and {} differ",
          type_text(x.type), type_text(y.type), a.back(), b[b.size() - 2]);
  Shape out = broadcast_shape(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  if (!row) out.push_back(a[a.size() - 2]);
  if (!column) out.push_back(b.back());
  return {x.type.dtype, std::move(out)};
}

Type attention(const Operands& in) {
  const Value &q = operand(in, 0), &k = operand(in, 1), &v = operand(in, 2);
  const Shape &qs = q.shape(), &ks = k.shape(), &vs = v.shape();
  require(qs.size() == 4 && ks.size() == 4 && vs.size() == 4,
          "Attention wants [batch, heads, sequence, width], not {}, {}, {}", shape_text(qs),
          shape_text(ks), shape_text(vs));
  require(qs[0] == ks[0] && ks[0] == vs[0] && qs[3] == ks[3] && ks[2] == vs[2] && ks[1] == vs[1] &&
              ks[1] > 0 && qs[1] % ks[1] == 0,
          "Attention of {}, {} and {}: batches, heads, widths or lengths do not fit",
          shape_text(qs), shape_text(ks), shape_text(vs));
  if (has(in, 3)) {
    require(in[3]->shape() == Shape{qs[0], ks[2]}, "a key mask {} for {} keys",
            shape_text(in[3]->shape()), ks[2]);
  }
  if (has(in, 4)) {
    const Shape scores{qs[0], qs[1], qs[2], ks[2]};
    require(broadcast_shape(scores, in[4]->shape()) == scores, "a bias {} for scores {}",
            shape_text(in[4]->shape()), shape_text(scores));
  }
  return {q.type.dtype, {qs[0], qs[1], qs[2], vs[3]}};
}

constexpr std::int64_t kLargest = std::int64_t{1} << 30;  // products of two do not overflow
bool positive(std::int64_t v) { return v >= 1 && v <= kLargest; }

/// Output length of a window that slides: floor, or ceil where asked (pools).
std::int64_t windows(std::int64_t size, std::int64_t before, std::int64_t after,
                     std::int64_t kernel, std::int64_t dilation, std::int64_t stride, bool ceil) {
  require(positive(kernel) && positive(dilation) && positive(stride),
          "kernel {}, dilation {}, stride {}", kernel, dilation, stride);
  require(std::abs(before) < kLargest && std::abs(after) < kLargest, "pads {} and {}", before,
          after);
  const std::int64_t room = size + before + after - (dilation * (kernel - 1) + 1);
  require(room >= 0, "a window of {} (dilation {}) over {} elements", kernel, dilation,
          size + before + after);
  std::int64_t count = (room + (ceil ? stride - 1 : 0)) / stride + 1;
  // A window that would start in the padding behind the tensor does not count.
  if (ceil && (count - 1) * stride >= size + before) --count;
  return count;
}

Ints or_ones(Ints values, std::size_t n) {
  if (values.empty()) values.assign(n, 1);
  require(values.size() == n, "{} sizes for {} spatial dimensions", values.size(), n);
  return values;
}

Ints or_zeros(Ints values, std::size_t n) {
  if (values.empty()) values.assign(n, 0);
  require(values.size() == n, "{} pads for {} spatial dimensions", values.size(), n / 2);
  return values;
}

Type conv(const Operands& in, const Attributes& attrs) {
  const Value &x = operand(in, 0), &w = operand(in, 1);
  require(x.rank() >= 3 && x.rank() == w.rank(), "a convolution of {} with weights {}",
          type_text(x.type), type_text(w.type));
  const auto d = x.shape().size() - 2;
  const auto strides = or_ones(attrs.ints("strides"), d);
  const auto dilations = or_ones(attrs.ints("dilations"), d);
  const auto pads = or_zeros(attrs.ints("pads"), 2 * d);
  const auto group = attrs.integer("group", 1);
  require(group >= 1 && x.shape()[1] % group == 0 && x.shape()[1] / group == w.shape()[1] &&
              w.shape()[0] % group == 0,
          "{} channels in {} groups with weights {}", x.shape()[1], group, type_text(w.type));
  if (has(in, 2)) {
    require(in[2]->shape() == Shape{w.shape()[0]}, "a bias {} for {} channels",
            shape_text(in[2]->shape()), w.shape()[0]);
  }
  Shape out{x.shape()[0], w.shape()[0]};
  for (std::size_t i = 0; i < d; ++i) {
    out.push_back(windows(x.shape()[i + 2], pads[i], pads[i + d], w.shape()[i + 2], dilations[i],
                          strides[i], false));
  }
  return {x.type.dtype, std::move(out)};
}

Type conv_transpose(const Operands& in, const Attributes& attrs) {
  const Value &x = operand(in, 0), &w = operand(in, 1);
  require(x.rank() >= 3 && x.rank() == w.rank() && x.shape()[1] == w.shape()[0],
          "a transposed convolution of {} with weights {}", type_text(x.type), type_text(w.type));
  const auto d = x.shape().size() - 2;
  const auto strides = or_ones(attrs.ints("strides"), d);
  const auto dilations = or_ones(attrs.ints("dilations"), d);
  const auto pads = or_zeros(attrs.ints("pads"), 2 * d);
  auto extra = attrs.ints("output_padding");
  if (extra.empty()) extra.assign(d, 0);
  require(is_float(x.type.dtype) && is_float(w.type.dtype), "a transposed convolution of integers");
  require(extra.size() == d, "{} sizes of output padding for {} dimensions", extra.size(), d);
  const auto group = attrs.integer("group", 1);
  require(positive(group) && x.shape()[1] % group == 0, "{} channels in {} groups", x.shape()[1],
          group);
  Shape out{x.shape()[0], w.shape()[1] * group};
  if (has(in, 2)) {
    require(is_float(in[2]->type.dtype) && in[2]->shape() == Shape{out[1]},
            "a bias {} for {} channels", type_text(in[2]->type), out[1]);
  }
  for (std::size_t i = 0; i < d; ++i) {
    require(positive(strides[i]) && positive(dilations[i]) && positive(w.shape()[i + 2]) &&
                x.shape()[i + 2] <= kLargest && std::abs(extra[i] / 2) < kLargest &&
                std::abs(pads[i] / 2) < kLargest && std::abs(pads[i + d] / 2) < kLargest,
            "kernel {}, stride {}, dilation {}, pads {} and {}", w.shape()[i + 2], strides[i],
            dilations[i], pads[i], pads[i + d]);
    out.push_back(strides[i] * (x.shape()[i + 2] - 1) + extra[i] +
                  dilations[i] * (w.shape()[i + 2] - 1) + 1 - pads[i] - pads[i + d]);
  }
  return {x.type.dtype, std::move(out)};
}

Type pool(const Operands& in, const Attributes& attrs) {
  const Value& x = operand(in, 0);
  const auto kernel = attrs.ints("kernel");
  const auto d = kernel.size();
  require(x.shape().size() == d + 2 && d > 0, "a pool of {} dimensions over {}", d,
          type_text(x.type));
  const auto strides = or_ones(attrs.ints("strides"), d);
  const auto dilations = or_ones(attrs.ints("dilations"), d);
  const auto pads = or_zeros(attrs.ints("pads"), 2 * d);
  Shape out{x.shape()[0], x.shape()[1]};
  for (std::size_t i = 0; i < d; ++i) {
    out.push_back(windows(x.shape()[i + 2], pads[i], pads[i + d], kernel[i], dilations[i],
                          strides[i], attrs.integer("ceil_mode") != 0));
  }
  return {x.type.dtype, std::move(out)};
}

}  // namespace

Type compute(Op op, const Operands& in, const Attributes& attrs) {
  switch (op) {
    case Op::kLinear:
      require_floats(in);
      return linear(in);
    case Op::kMatMul:
    case Op::kMatMulInteger:
      return matmul(in, attrs);
    case Op::kAttention:
      require_floats({&operand(in, 0), &operand(in, 1), &operand(in, 2)});
      return attention(in);
    case Op::kConv:
    case Op::kConvInteger: {
      Operands used = in;
      if (op == Op::kConvInteger) used.resize(2);  // zero points follow
      return conv(used, attrs);
    }
    case Op::kConvTranspose:
      return conv_transpose(in, attrs);
    default:
      return pool(in, attrs);
  }
}

}  // namespace oct::ir::infer
