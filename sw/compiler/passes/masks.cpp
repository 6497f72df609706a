// SPDX-License-Identifier: Apache-2.0
// What a mask means: causal, windowed, key padding, a bias.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "compiler/exec/executor.hpp"
#include "compiler/exec/kernels.hpp"
#include "compiler/passes/probe.hpp"

namespace oct::passes {
using ir::DType;
using ir::Graph;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

constexpr float kMasked = -9000.0F;  // exporters write -1e4, -3.4e38 or -inf
constexpr int kProbes = 24;

bool masked(float v) { return v <= kMasked; }

/// The values of a mask for every score, from whatever shape it is broadcast.
class Scores {
 public:
  Scores(const Tensor& t, const Shape& shape)
      : data_(t), shape_(shape), strides_(exec::broadcast_strides(t.shape(), shape)) {}
  [[nodiscard]] float at(std::int64_t b, std::int64_t h, std::int64_t i, std::int64_t j) const {
    return data_.data<float>()[static_cast<std::size_t>(b * strides_[0] + h * strides_[1] +
                                                        i * strides_[2] + j * strides_[3])];
  }
  /// Calls f(b, h, i, j, value) until it returns false; whether it never did.
  template <typename F>
  [[nodiscard]] bool all(F f) const {
    for (std::int64_t b = 0; b < shape_[0]; ++b) {
      for (std::int64_t h = 0; h < (strides_[1] ? shape_[1] : 1); ++h) {
        for (std::int64_t i = 0; i < shape_[2]; ++i) {
          for (std::int64_t j = 0; j < shape_[3]; ++j) {
            if (!f(b, h, i, j, at(b, h, i, j))) return false;
          }
        }
      }
    }
    return true;
  }

 private:
  Tensor data_;
  Shape shape_, strides_;
};

/// Causal with offset and window, if the mask lets exactly those keys pass.
bool find_causal(const Scores& m, const Shape& s, Mask& out) {
  // The last row shows both ends of the band.
  std::int64_t first = s[3], last = -1;
  for (std::int64_t j = 0; j < s[3]; ++j) {
    if (masked(m.at(0, 0, s[2] - 1, j))) continue;
    first = std::min(first, j);
    last = j;
  }
  if (last < 0) return false;
  const std::int64_t end = s[2] - 1;
  // Where the last row sees the last key, an earlier one tells the offset.
  std::int64_t offset = last - end;
  for (std::int64_t j = s[3] - 1; j >= 0 && s[2] > 1; --j) {
    if (masked(m.at(0, 0, 0, j))) continue;
    offset = j;
    break;
  }
  const std::int64_t window = first == 0 ? 0 : end + offset - first + 1;
  const bool fits = m.all([&](auto, auto, auto i, auto j, float v) {
    const bool allowed = j <= i + offset && (window == 0 || j > i + offset - window);
    return masked(v) != allowed;
  });
  if (!fits) return false;
  out.causal = true;
  out.offset = offset;
  out.window = window;
  return true;
}

/// A mask of constants.
void understand_constant(Graph& g, const Tensor& t, const Shape& s, Mask& out) {
  const Scores m(t, s);
  const bool all_pass = m.all([](auto, auto, auto, auto, float v) { return !masked(v); });
  const bool binary = m.all([](auto, auto, auto, auto, float v) { return masked(v) || v == 0; });
  if (all_pass && binary) return;
  const bool causal = !all_pass && find_causal(m, s, out);
  if (binary && causal) return;
  const bool by_key = binary && m.all([&](auto b, auto, auto, auto j, float v) {
    return masked(v) == masked(m.at(b, 0, 0, j));
  });
  if (by_key) {
    Tensor keys(DType::kBool, {s[0], s[3]});
    auto k = keys.mutable_data<std::uint8_t>();
    for (std::size_t i = 0; i < k.size(); ++i) {
      k[i] = !masked(
          m.at(static_cast<std::int64_t>(i) / s[3], 0, 0, static_cast<std::int64_t>(i) % s[3]));
    }
    out.key_mask = g.add_constant("key_mask", keys);
    return;
  }
  Tensor bias = t;
  if (causal) {  // what is masked anyway needs no number
    for (float& v : bias.mutable_data<float>()) v = masked(v) ? 0.0F : v;
  }
  out.bias = g.add_constant("attention_bias", bias);
}

}  // namespace

ValueId integer_source(const Graph& g, ValueId v) {
  const auto inputs = inputs_of(g, v);
  if (inputs.size() != 1) return ir::kNone;
  const ir::Value& in = g.value(*inputs.begin());
  return !ir::is_float(in.type.dtype) && in.rank() == 2 ? *inputs.begin() : ir::kNone;
}

Mask understand_mask(Graph& g, ValueId added, const Shape& s, bool guarded) {
  Mask out;
  const auto runtime = [&] {
    out = {};
    out.bias = added;
    return out;
  };
  const Shape full = ir::broadcast_shape(g.value(added).shape(), s);
  if (full != s) return runtime();
  if (inputs_of(g, added).empty()) {
    const Tensor t = exec::evaluate_value(g, added, {});
    const auto values = t.data<float>();
    out.empty_rows_average =
        std::none_of(values.begin(), values.end(), [](float v) { return std::isinf(v); });
    understand_constant(g, t, s, out);
    return out;
  }
  const ValueId source = integer_source(g, added);
  if (source == ir::kNone) return runtime();
  const Shape& shape = g.value(source).shape();
  if (shape[1] != s[3] || (shape[0] != s[0] && shape[0] != 1)) return runtime();
  const DType dtype = g.value(source).type.dtype;
  const auto probe = [&](const Tensor& bits) {
    return exec::evaluate_value(g, added, {{source, bits.converted(dtype)}});
  };
  Tensor bits(DType::kInt64, shape);
  std::fill(bits.mutable_data<std::int64_t>().begin(), bits.mutable_data<std::int64_t>().end(), 1);
  const Tensor open = probe(bits);
  const Scores base(open, s);
  std::mt19937 random(1);
  bool finite = true, by_key = true, by_both = guarded && s[2] == s[3];
  for (int n = 0; n < kProbes; ++n) {
    // Few and many keys, so that both kinds of row are seen.
    for (std::int64_t& b : bits.mutable_data<std::int64_t>()) b = random() % 8 >= 1U + n % 7;
    const Tensor result = probe(bits);
    const auto values = result.data<float>();
    finite =
        finite && std::none_of(values.begin(), values.end(), [](float v) { return std::isinf(v); });
    // Keys that are hidden; or queries, too, whose whole rows are hidden then.
    const auto fits = [&](bool both) {
      return Scores(result, s).all([&](auto b, auto h, auto i, auto j, float v) {
        const std::int64_t row = shape[0] == 1 ? 0 : b;
        const bool seen =
            bits.int_at(row * s[3] + j) != 0 && (!both || bits.int_at(row * s[3] + i) != 0);
        return seen ? v == base.at(b, h, i, j) || (masked(v) && masked(base.at(b, h, i, j)))
                    : masked(v);
      });
    };
    by_key = by_key && fits(false);
    by_both = by_both && fits(true);
    if (!by_key && !by_both) return runtime();
  }
  understand_constant(g, open, s, out);
  if (out.key_mask != ir::kNone) return runtime();  // padding fixed in the model and at run time
  out.key_mask = source;
  if (shape[0] != s[0]) {
    out.key_mask = g.add(ir::Op::kExpand, {source}, {{"shape", Shape{s[0], s[3]}}}, "key_mask", {});
  }
  out.empty_rows_average = finite;
  out.rows = !by_key;
  return out;
}

std::optional<PositionTable> position_table(const Graph& g, ValueId v, std::size_t axis,
                                            std::int64_t max_positions) {
  const Shape& s = g.value(v).shape();
  const std::int64_t tokens = s[axis], width = s.back();
  if (!ir::is_float(g.value(v).type.dtype) || axis + 1 >= s.size()) return std::nullopt;
  std::int64_t batch = 1;
  for (std::size_t i = 0; i + 1 < s.size(); ++i) {
    if (i != axis && s[i] != 1 && i != 0) return std::nullopt;
    if (i == 0 && i != axis) batch = s[0];
  }
  PositionTable out;
  if (inputs_of(g, v).empty()) {
    if (batch != 1) return std::nullopt;
    out.rows = exec::evaluate_value(g, v, {}).reshaped({tokens, width});
    return out;
  }
  out.positions = integer_source(g, v);
  if (out.positions == ir::kNone || g.value(out.positions).shape() != Shape{batch, tokens}) {
    return std::nullopt;
  }
  const ir::Type type = g.value(out.positions).type;
  const auto rows_of = [&](const std::vector<std::int64_t>& ids) {
    const Tensor feed = Tensor::int64s(type.shape, ids).converted(type.dtype);
    return exec::evaluate_value(g, v, {{out.positions, feed}});
  };
  const std::int64_t each = batch * tokens;
  // Tables that the model itself looks up end somewhere.
  const auto known = [&](std::int64_t p) {
    try {
      (void)rows_of(std::vector<std::int64_t>(static_cast<std::size_t>(each), p));
      return true;
    } catch (const ir::CompileError&) {
      return false;
    }
  };
  if (each > 0 && max_positions > 0 && !known(max_positions - 1)) {
    if (!known(0)) return std::nullopt;
    std::int64_t low = 0, high = max_positions - 1;  // the first is known, the second is not
    while (high - low > 1) {
      const std::int64_t middle = (low + high) / 2;
      (known(middle) ? low : high) = middle;
    }
    max_positions = high;
  }
  constexpr std::int64_t kMaxElements = std::int64_t{1} << 26;  // of a table worth having
  if (each == 0 || width == 0 || each > kMaxElements / width ||
      max_positions > kMaxElements / width) {
    return std::nullopt;
  }
  out.rows = Tensor(DType::kFloat32, {max_positions, width});
  auto to = out.rows.mutable_data<float>();
  std::vector<std::int64_t> ids(static_cast<std::size_t>(each));
  for (std::int64_t first = 0; first < max_positions; first += each) {
    for (std::int64_t i = 0; i < each; ++i) ids[static_cast<std::size_t>(i)] = first + i;
    const Tensor rows = rows_of(ids);
    const auto from = rows.data<float>();
    const std::int64_t n = std::min(each, max_positions - first) * width;
    std::copy_n(from.begin(), n, to.begin() + first * width);
  }
  // Row by row, and of nothing else?
  std::mt19937 random(2);
  for (int n = 0; n < 4; ++n) {
    for (std::int64_t& i : ids)
      i = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(max_positions));
    const Tensor rows = rows_of(ids);
    for (std::int64_t i = 0; i < each * width; ++i) {
      const std::int64_t p = ids[static_cast<std::size_t>(i / width)];
      if (rows.at(i) != out.rows.at(p * width + i % width)) return std::nullopt;
    }
  }
  return out;
}

}  // namespace oct::passes
