// SPDX-License-Identifier: Apache-2.0
// Attention and rotary embedding as single operators: ONNX 23 and ONNX Runtime's.
#include <cmath>
#include <limits>
#include <numeric>

#include "compiler/import/lowering.hpp"

namespace oct::importer {
using ir::DType;
using ir::Ints;
using ir::Op;
using ir::Shape;
using ir::ValueId;

namespace {

/// [B, S, H*D] as [B, H, S, D]; four dimensions stay.
ValueId split_heads(Lowering& l, ValueId v, std::int64_t heads) {
  if (l.rank(v) == 4) return v;
  const Shape s = l.shape(v);
  if (s.size() != 3 || heads < 1 || s[2] % heads != 0) {
    throw Unsupported{fmt::format("{} in {} heads", ir::shape_text(s), heads), ""};
  }
  return l.transpose(l.reshape(v, {s[0], s[1], heads, s[2] / heads}), {0, 2, 1, 3});
}

ValueId merge_heads(Lowering& l, ValueId v) {
  const Shape s = l.shape(v);
  return l.reshape(l.transpose(v, {0, 2, 1, 3}), {s[0], s[2], s[1] * s[3]});
}

ValueId appended(Lowering& l, ValueId past, ValueId fresh) {
  if (past == ir::kNone || l.shape(past).at(2) == 0) return fresh;
  return l.add(Op::kConcat, {past, fresh}, {{"axis", std::int64_t{2}}});
}

/// A mask of truth values or of floats as something to add to the scores.
ValueId additive(Lowering& l, ValueId mask) {
  if (l.dtype(mask) != DType::kBool) return mask;
  const ValueId none = l.scalar(-std::numeric_limits<float>::infinity(), DType::kFloat32);
  return l.add(Op::kWhere, {mask, l.scalar(0, DType::kFloat32), none});
}

/// 0, 1, .., n - 1.
ValueId counting(Lowering& l, std::int64_t n, DType type) {
  l.require_foldable({1, n});
  Ints v(static_cast<std::size_t>(n));
  std::iota(v.begin(), v.end(), 0);
  const ir::Tensor t = ir::Tensor::int64s({1, n}, v);
  return l.constant(type == DType::kInt64 ? t : t.converted(type));
}

/// Rows of both tables for tokens at these positions (kNone: row s for token s). What the model
/// fixes is looked up now.
ValueId turned(Lowering& l, ValueId x, ValueId cos, ValueId sin, ValueId at,
               const ir::Attributes& attrs) {
  const ir::Tensor* fixed = at == ir::kNone ? nullptr : l.graph().constant(at);
  if (fixed && l.shape(at)[0] == 1) {
    const ValueId row = l.reshape(at, {l.shape(at)[1]});
    const auto rows = [&](ValueId table) {
      return l.add(Op::kGather, {table, row}, {{"axis", std::int64_t{0}}});
    };
    cos = rows(cos), sin = rows(sin), at = ir::kNone;
  }
  return l.add(Op::kRotary, {x, cos, sin, at}, attrs);
}

struct Heads {
  ValueId q, k, v, bias = ir::kNone, key_mask = ir::kNone;
  std::int64_t past = 0;
};

ValueId attend(Lowering& l, const Heads& h, ir::Attributes attrs) {
  if (!attrs.has("scale")) {
    attrs.set("scale", 1 / std::sqrt(static_cast<double>(l.shape(h.q).at(3))));
  }
  if (attrs.integer("causal")) attrs.set("offset", h.past);
  return l.add(Op::kAttention, {h.q, h.k, h.v, h.key_mask, h.bias}, std::move(attrs));
}

void attention(Lowering& l) {  // ONNX 23
  if (l.wants(3)) throw Unsupported{"its scores are wanted too", ""};
  const bool flat = l.rank(l.in(0)) == 3;
  const std::int64_t heads = l.integer("q_num_heads", 1);
  const std::int64_t groups = l.integer("kv_num_heads", heads);
  const ValueId past_k = l.in_or_none(4), past_v = l.in_or_none(5);
  Heads h{split_heads(l, l.in(0), heads), appended(l, past_k, split_heads(l, l.in(1), groups)),
          appended(l, past_v, split_heads(l, l.in(2), groups))};
  if (past_k != ir::kNone) h.past = l.shape(past_k).at(2);
  if (l.has(3)) h.bias = additive(l, l.in(3));
  ir::Attributes attrs;
  if (const double s = l.number("scale", 0); s != 0) attrs.set("scale", s);
  if (const double c = l.number("softcap", 0); c != 0) attrs.set("softcap", c);
  if (l.integer("is_causal", 0)) attrs.set("causal", std::int64_t{1});
  const ValueId y = attend(l, h, attrs);
  l.result(flat ? merge_heads(l, y) : y);
  if (l.wants(1)) l.result(h.k, 1);
  if (l.wants(2)) l.result(h.v, 2);
}

/// ONNX Runtime's masks: how many keys count {B}, which ones {B, T}, which for each query {B, S,
/// T}.
void mask_index(Lowering& l, ValueId mask, Heads& h) {
  const std::int64_t batch = l.shape(h.q)[0], rows = l.shape(h.q)[2], keys = l.shape(h.k)[2];
  const Shape s = l.shape(mask);
  if (s == Shape{batch, keys}) {
    h.key_mask = mask;
  } else if (s == Shape{batch}) {
    const ValueId n = l.reshape(mask, {batch, 1});
    h.key_mask = l.add(Op::kLess, {counting(l, keys, l.dtype(mask)), n});
  } else if (s == Shape{2 * batch}) {  // ends, then starts
    const auto bound = [&](std::int64_t from) {
      return l.reshape(l.part(mask, 0, from, batch), {batch, 1});
    };
    const ValueId key = counting(l, keys, l.dtype(mask));
    h.key_mask = l.add(Op::kAnd, {l.add(Op::kLess, {key, bound(0)}),
                                  l.add(Op::kLessOrEqual, {bound(batch), key})});
  } else if (s == Shape{batch, rows, keys} || s == Shape{batch, 1, rows, keys}) {
    const ValueId seen = l.reshape(l.cast(mask, DType::kBool), {batch, 1, rows, keys});
    h.bias =
        l.add(Op::kWhere, {seen, l.scalar(0, DType::kFloat32), l.scalar(-10000, DType::kFloat32)});
  } else {
    throw Unsupported{"a mask " + ir::shape_text(s), ""};
  }
}

void add_bias(Lowering& l, Heads& h, ValueId more) {
  if (more == ir::kNone) return;
  h.bias = h.bias == ir::kNone ? more : l.add(Op::kAdd, {h.bias, more});
}

/// Part i of [B, S, heads, parts, D].
ValueId packed_part(Lowering& l, ValueId all, std::int64_t i) {
  const Shape s = l.shape(all);
  const ValueId one = l.reshape(l.part(all, 3, i, 1), {s[0], s[1], s[2], s[4]});
  return l.transpose(one, {0, 2, 1, 3});
}

void multi_head_attention(Lowering& l) {  // com.microsoft
  const std::int64_t heads = l.integer("num_heads", 1);
  const bool packed = l.rank(l.in(0)) == 5, pair = l.has(1) && l.rank(l.in(1)) == 5;
  if (!packed && !pair && (!l.has(1) || !l.has(2))) {
    throw Unsupported{"keys or values are missing", "the model breaks the operator's rules"};
  }
  const auto part = [&](std::size_t i) {
    const auto n = static_cast<std::int64_t>(i);
    if (packed) return packed_part(l, l.in(0), n);
    return pair && i > 0 ? packed_part(l, l.in(1), n - 1) : l.in(i);
  };
  ValueId qkv[3] = {part(0), part(1), part(2)};
  if (l.has(3)) {
    if (l.rank(qkv[0]) != 3 || l.rank(qkv[1]) != 3) throw Unsupported{"a bias of packed heads", ""};
    std::int64_t start = 0;
    for (ValueId& v : qkv) {
      const std::int64_t n = l.last(v);
      v = l.add(Op::kAdd, {v, l.part(l.in(3), 0, start, n)});
      start += n;
    }
  }
  const ValueId past_k = l.in_or_none(6), past_v = l.in_or_none(7);
  Heads h{split_heads(l, qkv[0], heads), appended(l, past_k, split_heads(l, qkv[1], heads)),
          appended(l, past_v, split_heads(l, qkv[2], heads))};
  if (past_k != ir::kNone) h.past = l.shape(past_k).at(2);
  if (l.has(4)) mask_index(l, l.in(4), h);
  add_bias(l, h, l.in_or_none(5));
  ir::Attributes attrs;
  if (const double s = l.number("scale", 0); s != 0) attrs.set("scale", s);
  if (l.integer("unidirectional", 0)) attrs.set("causal", std::int64_t{1});
  l.result(merge_heads(l, attend(l, h, attrs)));
  if (l.wants(1)) l.result(h.k, 1);
  if (l.wants(2)) l.result(h.v, 2);
}

/// One product makes Q, K and V; `mask`, `past` (keys and values in one tensor) and `bias` are
/// inputs' numbers.
void packed(Lowering& l, ValueId x, ValueId weights, std::size_t mask, std::size_t past,
            std::size_t bias) {
  if (l.integer("past_present_share_buffer", 0)) {
    throw Unsupported{"past and present share a buffer", "export it with a present of its own"};
  }
  if (l.integer("do_rotary", 0)) throw Unsupported{"a rotary embedding inside", ""};
  const std::int64_t heads = l.integer("num_heads", 1);
  ValueId all = l.add(Op::kMatMul, {x, weights});
  if (l.has(2)) all = l.add(Op::kAdd, {all, l.in(2)});
  const std::int64_t width = l.last(all);
  const Ints sizes = l.ints("qkv_hidden_sizes", Ints(3, width / 3));
  ValueId qkv[3];
  std::int64_t start = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    qkv[i] = split_heads(l, l.part(all, 2, start, sizes.at(i)), heads);
    start += sizes[i];
  }
  Heads h{qkv[0], qkv[1], qkv[2]};
  if (l.has(past)) {
    const Shape s = l.shape(l.in(past));
    if (s.size() != 5 || s[0] != 2) throw Unsupported{"a past " + ir::shape_text(s), ""};
    const auto half = [&](std::int64_t i) {
      return l.reshape(l.part(l.in(past), 0, i, 1), {s[1], s[2], s[3], s[4]});
    };
    h.past = s[3];
    h.k = appended(l, half(0), h.k), h.v = appended(l, half(1), h.v);
  }
  if (l.has(mask)) mask_index(l, l.in(mask), h);
  add_bias(l, h, l.in_or_none(bias));
  ir::Attributes attrs;
  if (const double s = l.number("scale", 0); s != 0) attrs.set("scale", s);
  if (l.integer("unidirectional", 0)) attrs.set("causal", std::int64_t{1});
  l.result(merge_heads(l, attend(l, h, attrs)));
  if (!l.wants(1)) return;
  const auto part = [&](ValueId v) {
    Shape s = l.shape(v);
    s.insert(s.begin(), 1);
    return l.reshape(v, s);
  };
  l.result(l.add(Op::kConcat, {part(h.k), part(h.v)}, {{"axis", std::int64_t{0}}}), 1);
}

void packed_attention(Lowering& l) {  // com.microsoft:Attention
  packed(l, l.in(0), l.in(1), 3, 4, 5);
}

void quantised_attention(Lowering& l) {  // com.microsoft:QAttention
  const auto floats = [&](std::size_t i, std::int64_t axis) {
    return l.add(Op::kDequantize, {l.in(i), l.in(i + 3), l.in_or_none(i + 6)}, {{"axis", axis}});
  };
  // Quantised at run time: the quantiser chooses the steps.
  const ValueId x = l.quantised_at_run_time(l.in(0));
  packed(l, x != ir::kNone ? x : floats(0, 0), floats(1, 1), 5, 8, 9);
}

/// com.microsoft: heads in groups, rotary embedding inside, a cache whose length comes at run time
/// (`seqlens_k`: keys that count, less one). New rows stand behind the whole cache.
void grouped_attention(Lowering& l) {
  const std::int64_t heads = l.integer("num_heads", 1), groups = l.integer("kv_num_heads", heads);
  if (heads < 1 || groups < 1 || heads % groups != 0) {
    throw Unsupported{fmt::format("{} heads in {} groups", heads, groups), ""};
  }
  if (l.integer("smooth_softmax", 0)) throw Unsupported{"a smooth softmax", ""};
  ValueId q = l.in(0), k = l.in_or_none(1), v = l.in_or_none(2);
  if (k == ir::kNone) {
    const std::int64_t d = l.last(q) / (heads + 2 * groups);
    const ValueId all = q;
    q = l.part(all, 2, 0, heads * d);
    k = l.part(all, 2, heads * d, groups * d);
    v = l.part(all, 2, (heads + groups) * d, groups * d);
  }
  q = split_heads(l, q, heads), k = split_heads(l, k, groups), v = split_heads(l, v, groups);
  const std::int64_t batch = l.shape(q)[0], rows = l.shape(q)[2];
  const ValueId past_k = l.in_or_none(3), past_v = l.in_or_none(4);
  Heads h{q, k, v};
  if (past_k != ir::kNone) h.past = l.shape(past_k).at(2);
  const ValueId lengths = l.in(5);
  const DType type = l.dtype(lengths);
  // Rows of the cache that count; without a cache all tokens are there.
  ValueId first = ir::kNone;
  if (h.past > 0) {
    const ValueId less = l.scalar(static_cast<double>(rows - 1), type);
    first = l.add(Op::kSub, {l.reshape(lengths, {batch, 1}), less});
  }
  if (l.integer("do_rotary", 0)) {
    ValueId at = l.in_or_none(9);
    if (at == ir::kNone && first != ir::kNone) {
      at = l.add(Op::kAdd, {first, counting(l, rows, type)});
      if (l.shape(at) != Shape{batch, rows}) {
        at = l.add(Op::kExpand, {at}, {{"shape", Shape{batch, rows}}});
      }
    }
    const ir::Attributes attrs{{"interleaved", l.integer("rotary_interleaved", 0)}};
    h.q = turned(l, h.q, l.in(7), l.in(8), at, attrs);
    h.k = turned(l, h.k, l.in(7), l.in(8), at, attrs);
  }
  h.k = appended(l, past_k, h.k), h.v = appended(l, past_v, h.v);
  if (first != ir::kNone) {
    const ValueId key = counting(l, h.past + rows, type);
    const ValueId cached = l.add(Op::kLess, {key, first});
    const ValueId fresh =
        l.add(Op::kLessOrEqual, {l.scalar(static_cast<double>(h.past), type), key});
    h.key_mask = l.add(Op::kOr, {cached, fresh});
  }
  add_bias(l, h, l.in_or_none(10));
  ir::Attributes attrs{{"causal", std::int64_t{1}}};
  if (const double s = l.number("scale", 0); s != 0) attrs.set("scale", s);
  if (const double c = l.number("softcap", 0); c != 0) attrs.set("softcap", c);
  if (const std::int64_t w = l.integer("local_window_size", -1); w > 0) attrs.set("window", w);
  l.result(merge_heads(l, attend(l, h, attrs)));
  if (l.wants(1)) l.result(h.k, 1);
  if (l.wants(2)) l.result(h.v, 2);
}

/// Tables [positions, half] and position ids, or one row for each token.
void rotary(Lowering& l, std::size_t cos_input, std::size_t position_input) {
  const ValueId given = l.in(0);
  const bool flat = l.rank(given) == 3;
  const ValueId cos = l.in(cos_input), sin = l.in(cos_input + 1);
  std::int64_t heads = l.integer("num_heads", 0);
  if (flat && heads == 0) {
    const std::int64_t d = 2 * l.last(cos);  // the whole head turns
    if (d == 0) throw Unsupported{"tables without columns", ""};
    heads = l.shape(given)[2] / d;
  }
  const ValueId x = split_heads(l, given, heads);
  const ir::Attributes attrs{{"interleaved", l.integer("interleaved", 0)}};
  std::vector<ValueId> operands{x, cos, sin, ir::kNone};
  if (l.has(position_input)) {
    if (l.rank(l.in(position_input)) != 2) {
      throw Unsupported{"positions that are one offset", "give one for each token"};
    }
    operands[3] = l.in(position_input);
  } else if (l.rank(cos) == 3 && l.shape(cos)[0] == 1) {
    const Shape s{l.shape(cos)[1], l.shape(cos)[2]};
    operands[1] = l.reshape(cos, s);
    operands[2] = l.reshape(sin, s);
  } else {
    throw Unsupported{"a table for each batch", ""};
  }
  const ValueId y = turned(l, operands[0], operands[1], operands[2], operands[3], attrs);
  l.result(flat ? merge_heads(l, y) : y);
}

}  // namespace

void add_attention(OperatorTable& t) {
  t["Attention"] = {attention, "opset 23; scores not as an output"};
  t["RotaryEmbedding"] = {[](Lowering& l) { rotary(l, 1, 3); }, ""};
  t["com.microsoft:RotaryEmbedding"] = {[](Lowering& l) { rotary(l, 2, 1); }, ""};
  t["com.microsoft:MultiHeadAttention"] = {multi_head_attention, ""};
  t["com.microsoft:GroupQueryAttention"] = {grouped_attention,
                                            "new rows stand behind the whole cache"};
  t["com.microsoft:Attention"] = {packed_attention, ""};
  t["com.microsoft:QAttention"] = {quantised_attention, ""};
}

}  // namespace oct::importer
