// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime's own operators beyond norms, attention and quantised forms: what its optimiser and
// its model builder leave in a graph.
#include <array>
#include <numeric>

#include "compiler/import/lowering.hpp"

namespace oct::importer {
using ir::DType;
using ir::Ints;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

ValueId ints(Lowering& l, const Shape& shape, const Ints& v, DType type) {
  const Tensor t = Tensor::int64s(shape, v);
  return l.constant(type == DType::kInt64 ? t : t.converted(type));
}

/// The sum of word, position and segment rows, and its norm. `positions`: the input that has ids of
/// positions, if the operator has one.
void embed_layer_norm(Lowering& l, std::size_t positions) {
  const ValueId ids = l.in(0);
  if (l.rank(ids) != 2) throw Unsupported{"its ids are no matrix", ""};
  const std::int64_t tokens = l.shape(ids)[1];
  const auto rows = [&](std::size_t table, ValueId at) {
    return l.add(Op::kGather, {l.in(table), at}, {{"axis", std::int64_t{0}}});
  };
  ValueId sum = rows(2, ids);
  if (l.has(1) && l.has(4)) sum = l.add(Op::kAdd, {sum, rows(4, l.in(1))});
  if (l.has(positions)) {
    sum = l.add(Op::kAdd, {sum, rows(3, l.in(positions))});
  } else {
    if (tokens > l.shape(l.in(3)).at(0)) throw Unsupported{"more tokens than positions", ""};
    sum = l.add(Op::kAdd, {sum, l.part(l.in(3), 0, 0, tokens)});
  }
  l.result(l.add(Op::kLayerNorm, {sum, l.in(5), l.in(6)},
                 {{"axis", std::int64_t{2}}, {"epsilon", l.number("epsilon", 1e-12)}}));
  if (l.wants(1)) {  // how many tokens count
    if (l.has(7)) {
      l.result(l.cast(l.add(Op::kReduceSum, {l.in(7)},
                            {{"axes", Ints{1}}, {"keepdims", std::int64_t{0}}}),
                      DType::kInt32),
               1);
    } else {
      const std::int64_t batch = l.shape(ids)[0];
      l.require_foldable({batch});
      l.result(ints(l, {batch}, Ints(static_cast<std::size_t>(batch), tokens), DType::kInt32), 1);
    }
  }
  if (l.wants(2)) l.result(sum, 2);
}

/// Tables, gamma and beta in integers: scales from input 8, zero points from input 13 on.
void q_embed_layer_norm(Lowering& l) {
  for (std::size_t i = 2; i < 7; ++i) {
    if (!l.has(i)) continue;
    l.replace_input(i, l.add(Op::kDequantize, {l.in(i), l.in(i + 6), l.in_or_none(i + 11)},
                             {{"axis", std::int64_t{0}}}));
  }
  embed_layer_norm(l, l.input_count());
}

/// A product of integers times both scales. What is quantised at run time is left as it is: the
/// quantiser chooses the steps.
void matmul_integer_to_float(Lowering& l) {
  const auto floats = [&](std::size_t i, std::int64_t axis) {
    return l.add(Op::kDequantize, {l.in(i), l.in(i + 2), l.in_or_none(i + 4)}, {{"axis", axis}});
  };
  const ValueId x = l.quantised_at_run_time(l.in(0));
  ValueId y = l.add(Op::kMatMul, {x != ir::kNone ? x : floats(0, 0), floats(1, 1)});
  if (l.has(6)) y = l.add(Op::kAdd, {y, l.in(6)});
  l.result(y);
}

/// Element `index` of numbers of `bits` packed from the lowest bit of each byte on.
unsigned packed(std::span<const std::uint8_t> bytes, std::int64_t index, unsigned bits) {
  const auto at = static_cast<std::size_t>(index) * bits;
  return static_cast<unsigned>(bytes[at / 8] >> at % 8) & ((1U << bits) - 1);
}

/// Weights [N][K] in blocks along K, each with a scale and a zero point.
void matmul_nbits(Lowering& l) {
  const std::int64_t k = l.integer("K", 0), n = l.integer("N", 0);
  const std::int64_t block = l.integer("block_size", 0), bits = l.integer("bits", 4);
  if (l.has(4)) throw Unsupported{"columns in another order (g_idx)", ""};
  if (bits != 2 && bits != 4 && bits != 8) throw Unsupported{fmt::format("{} bits", bits), ""};
  if (k < 1 || n < 1 || block < 8 || k > (1 << 24) || n > (1 << 24) || block > (1 << 24)) {
    throw Unsupported{fmt::format("K {}, N {}, blocks of {}", k, n, block), ""};
  }
  l.require_foldable({k, n});
  const std::int64_t blocks = (k + block - 1) / block, each = block * bits / 8;
  const Tensor &b = l.constant(1, "weights"), &scales = l.constant(2, "scales");
  const std::int64_t zero_row = (blocks * bits + 7) / 8;
  const Tensor* zeros = l.has(3) ? &l.constant(3, "zero points") : nullptr;
  const bool floats = zeros != nullptr && ir::is_float(zeros->dtype());
  const bool fits = ir::dtype_size(b.dtype()) == 1 && b.size() == n * blocks * each &&
                    scales.size() == n * blocks && ir::is_float(scales.dtype());
  const bool zeros_fit = zeros == nullptr || (floats ? zeros->size() == n * blocks
                                                     : ir::dtype_size(zeros->dtype()) == 1 &&
                                                           zeros->size() == n * zero_row);
  if (!fits || !zeros_fit) {
    throw Unsupported{
        fmt::format("weights {}, scales {}: not of K {}, N {}, blocks of {}",
                    ir::shape_text(b.shape()), ir::shape_text(scales.shape()), k, n, block),
        "the model breaks the operator's rules"};
  }
  const auto u = static_cast<unsigned>(bits);
  const auto data = b.data<std::uint8_t>();
  Tensor w(DType::kFloat32, {k, n});
  auto to = w.mutable_data<float>();
  for (std::int64_t column = 0; column < n; ++column) {
    for (std::int64_t i = 0; i < blocks; ++i) {
      const std::int64_t at = column * blocks + i;
      double zero = static_cast<double>(1U << (u - 1));
      if (floats) {
        zero = zeros->at(at);
      } else if (zeros != nullptr) {
        zero = packed(zeros->data<std::uint8_t>(), column * zero_row * 8 / bits + i, u);
      }
      const double scale = scales.at(at);
      for (std::int64_t j = i * block; j < std::min(k, (i + 1) * block); ++j) {
        const unsigned q = packed(data, at * block + j - i * block, u);
        to[static_cast<std::size_t>(j * n + column)] = static_cast<float>((q - zero) * scale);
      }
    }
  }
  ValueId y = l.add(Op::kMatMul, {l.in(0), l.constant(w)});
  if (l.has(5)) y = l.add(Op::kAdd, {y, l.in(5)});
  l.result(y);
}

/// The weights keep their integers; the operand's steps are the quantiser's.
void dynamic_matmul(Lowering& l) {
  std::vector<ValueId> weight{l.in(1), l.in(2)};
  if (l.has(3)) weight.push_back(l.in(3));
  ValueId y =
      l.add(Op::kMatMul, {l.in(0), l.add(Op::kDequantize, weight, {{"axis", std::int64_t{1}}})});
  if (l.has(4)) y = l.add(Op::kAdd, {y, l.in(4)});
  l.result(y);
}

/// Another operator with a function behind it.
void fused(Lowering& l, const std::string& what) {
  operator_table().at(what).lower(l);
  const std::string name = l.text("activation", "");
  if (name.empty()) return;
  constexpr std::array<std::pair<const char*, Op>, 3> kKnown{
      {{"Relu", Op::kRelu}, {"Tanh", Op::kTanh}, {"Sigmoid", Op::kSigmoid}}};
  for (const auto& [known, op] : kKnown) {
    if (name == known) return l.result(l.add(op, {l.results()[0]}));
  }
  throw Unsupported{"activation " + name, "run ONNX Runtime's optimiser at a lower level"};
}

ValueId gelu(Lowering& l, ValueId x, const char* form) {
  return l.add(Op::kGelu, {x}, {{"approximate", std::string(form)}});
}

void bias_split_gelu(Lowering& l) {
  const ValueId x = l.add(Op::kAdd, {l.in(0), l.in(1)});
  const std::size_t last = l.rank(x) - 1;
  const std::int64_t half = l.last(x) / 2;
  l.result(
      l.add(Op::kMul, {l.part(x, last, 0, half), gelu(l, l.part(x, last, half, half), "none")}));
}

}  // namespace

void add_microsoft(OperatorTable& t) {
  t["com.microsoft:EmbedLayerNormalization"] = {[](Lowering& l) { embed_layer_norm(l, 8); }, ""};
  t["com.microsoft:QEmbedLayerNormalization"] = {q_embed_layer_norm, ""};
  t["com.microsoft:MatMulIntegerToFloat"] = {matmul_integer_to_float, ""};
  t["com.microsoft:MatMulNBits"] = {matmul_nbits, "2, 4, 8 bits; weights become INT8"};
  t["com.microsoft:DynamicQuantizeMatMul"] = {dynamic_matmul, "steps of the operand are fixed"};
  t["com.microsoft:FusedGemm"] = {[](Lowering& l) { fused(l, "Gemm"); }, "Relu, Tanh, Sigmoid"};
  t["com.microsoft:FusedConv"] = {[](Lowering& l) {
                                    if (l.has(3)) throw Unsupported{"a sum fused with it", ""};
                                    fused(l, "Conv");
                                  },
                                  "Relu, Tanh, Sigmoid"};
  t["com.microsoft:GemmFastGelu"] = {[](Lowering& l) {
                                       ValueId y = l.add(Op::kMatMul, {l.in(0), l.in(1)});
                                       if (l.has(2)) y = l.add(Op::kAdd, {y, l.in(2)});
                                       l.result(gelu(l, y, "tanh"));
                                     },
                                     ""};
  t["com.microsoft:BiasAdd"] = {
      [](Lowering& l) {
        l.result(l.add(Op::kAdd, {l.add(Op::kAdd, {l.in(0), l.in(1)}), l.in(2)}));
      },
      ""};
  t["com.microsoft:BiasSplitGelu"] = {bias_split_gelu, ""};
}

}  // namespace oct::importer
