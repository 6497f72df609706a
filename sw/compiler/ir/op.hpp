// SPDX-License-Identifier: Apache-2.0
// The operators of the graph. Each has one output. docs/architecture/flow.md lists their inputs and
// attributes; infer.cpp is what their types follow from, exec/ what they compute.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace oct::ir {

/// How an operator behaves, for passes that do not care which one it is.
enum class OpClass : std::uint8_t {
  kUnary,    // element by element, one tensor
  kBinary,   // element by element with broadcasting, two tensors
  kLayout,   // moves elements, computes nothing
  kGemm,     // sums of products
  kNorm,     // along the last axis
  kReduce,   // along `axes`
  kIndex,    // positions, searching, generating: mostly folded away
  kQuant,    // between floats and integers
  kInteger,  // the integer dialect
};

// X(kind, class, canonical): canonical operators may be left when the passes are done; the others
// are left only in side computations on integers and truth values.
#define OCT_IR_OPS(X)           \
  /* sums of products */        \
  X(Linear, kGemm, 1)           \
  X(MatMul, kGemm, 1)           \
  X(Attention, kGemm, 1)        \
  X(Conv, kGemm, 1)             \
  X(ConvTranspose, kGemm, 0)    \
  /* along the last axis */     \
  X(LayerNorm, kNorm, 1)        \
  X(RmsNorm, kNorm, 1)          \
  X(Affine, kNorm, 1)           \
  X(Softmax, kNorm, 1)          \
  X(LogSoftmax, kNorm, 0)       \
  X(Rotary, kNorm, 1)           \
  X(L2Norm, kNorm, 1)           \
  X(GroupNorm, kNorm, 0)        \
  X(BatchNorm, kNorm, 0)        \
  /* one tensor */              \
  X(Relu, kUnary, 1)            \
  X(Gelu, kUnary, 1)            \
  X(Silu, kUnary, 1)            \
  X(Sigmoid, kUnary, 1)         \
  X(Tanh, kUnary, 1)            \
  X(Erf, kUnary, 1)             \
  X(Exp, kUnary, 1)             \
  X(Log, kUnary, 1)             \
  X(Sqrt, kUnary, 1)            \
  X(Reciprocal, kUnary, 1)      \
  X(Neg, kUnary, 1)             \
  X(Abs, kUnary, 1)             \
  X(Sign, kUnary, 1)            \
  X(Floor, kUnary, 1)           \
  X(Ceil, kUnary, 1)            \
  X(Round, kUnary, 1)           \
  X(Sin, kUnary, 1)             \
  X(Cos, kUnary, 1)             \
  X(LeakyRelu, kUnary, 1)       \
  X(Elu, kUnary, 1)             \
  X(Selu, kUnary, 1)            \
  X(Softplus, kUnary, 1)        \
  X(Softsign, kUnary, 1)        \
  X(HardSigmoid, kUnary, 1)     \
  X(HardSwish, kUnary, 1)       \
  X(Mish, kUnary, 1)            \
  X(Clip, kUnary, 1)            \
  X(Table, kUnary, 1)           \
  X(Cast, kUnary, 1)            \
  X(Not, kUnary, 0)             \
  X(IsNan, kUnary, 0)           \
  X(IsInf, kUnary, 0)           \
  /* two tensors */             \
  X(Add, kBinary, 1)            \
  X(Sub, kBinary, 1)            \
  X(Mul, kBinary, 1)            \
  X(Div, kBinary, 1)            \
  X(Pow, kBinary, 1)            \
  X(Min, kBinary, 1)            \
  X(Max, kBinary, 1)            \
  X(Mod, kBinary, 0)            \
  X(PRelu, kBinary, 0)          \
  X(And, kBinary, 0)            \
  X(Or, kBinary, 0)             \
  X(Xor, kBinary, 0)            \
  X(Equal, kBinary, 0)          \
  X(Less, kBinary, 0)           \
  X(LessOrEqual, kBinary, 0)    \
  X(BitAnd, kBinary, 0)         \
  X(BitOr, kBinary, 0)          \
  X(BitXor, kBinary, 0)         \
  X(ShiftLeft, kBinary, 0)      \
  X(ShiftRight, kBinary, 0)     \
  X(Where, kBinary, 1)          \
  /* moving */                  \
  X(Reshape, kLayout, 1)        \
  X(Rearrange, kLayout, 1)      \
  X(Slice, kLayout, 1)          \
  X(Concat, kLayout, 1)         \
  X(Pad, kLayout, 1)            \
  X(Expand, kLayout, 1)         \
  X(KvAppend, kLayout, 1)       \
  X(DepthToSpace, kLayout, 0)   \
  /* along axes */              \
  X(ReduceMean, kReduce, 1)     \
  X(ReduceSum, kReduce, 1)      \
  X(ReduceMax, kReduce, 1)      \
  X(ReduceMin, kReduce, 1)      \
  X(ReduceProd, kReduce, 0)     \
  X(ReduceL2, kReduce, 0)       \
  X(ArgMax, kReduce, 1)         \
  X(ArgMin, kReduce, 0)         \
  X(CumSum, kReduce, 0)         \
  X(MaxPool, kReduce, 1)        \
  X(AveragePool, kReduce, 1)    \
  /* positions */               \
  X(Embedding, kIndex, 1)       \
  X(Gather, kIndex, 1)          \
  X(GatherNd, kIndex, 0)        \
  X(GatherElements, kIndex, 0)  \
  X(ScatterNd, kIndex, 0)       \
  X(ScatterElements, kIndex, 0) \
  X(Range, kIndex, 0)           \
  X(Triangle, kIndex, 0)        \
  X(OneHot, kIndex, 0)          \
  X(NonZero, kIndex, 0)         \
  X(Resize, kIndex, 0)          \
  X(TopKValues, kIndex, 0)      \
  X(TopKIndices, kIndex, 0)     \
  /* floats and integers */     \
  X(Quantize, kQuant, 1)        \
  X(Dequantize, kQuant, 1)      \
  X(Fixed, kQuant, 1)           \
  X(Requantize, kQuant, 1)      \
  X(DynamicScale, kQuant, 0)    \
  X(DynamicZero, kQuant, 0)     \
  X(MatMulInteger, kQuant, 0)   \
  X(ConvInteger, kQuant, 0)     \
  /* the integer dialect */     \
  X(RequantShift, kInteger, 1)  \
  X(IntMatMul, kInteger, 1)     \
  X(IntConv, kInteger, 1)       \
  X(IntSoftmax, kInteger, 1)    \
  X(ItaMax, kInteger, 1)        \
  X(ItaPartialMax, kInteger, 1) \
  X(IntGelu, kInteger, 1)       \
  X(IntLayerNorm, kInteger, 1)  \
  X(IntRmsNorm, kInteger, 1)    \
  X(IntNoNorm, kInteger, 1)     \
  X(IntHardSwish, kInteger, 1)  \
  X(IntDiv, kInteger, 1)        \
  X(IntMean, kInteger, 1)

enum class Op : std::uint8_t {
#define OCT_IR_ENUM(kind, op_class, canonical) k##kind,
  OCT_IR_OPS(OCT_IR_ENUM)
#undef OCT_IR_ENUM
};

struct OpInfo {
  std::string_view name;
  OpClass op_class;
  bool canonical;
};

[[nodiscard]] const OpInfo& op_info(Op op);
[[nodiscard]] inline std::string_view op_name(Op op) { return op_info(op).name; }
[[nodiscard]] std::optional<Op> op_by_name(std::string_view name);
/// Add, Mul, Min, Max and the like: operands may be exchanged.
[[nodiscard]] bool is_commutative(Op op);
[[nodiscard]] std::size_t op_count();

}  // namespace oct::ir
