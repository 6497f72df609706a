// SPDX-License-Identifier: Apache-2.0
// The integer graph: what the machine computes, tensor by tensor, with every parameter an integer
// in the form that its unit reads. Meaning of the operations: sw/golden. Description:
// docs/architecture/flow_back.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "compiler/ir/graph.hpp"

namespace oct::integer {

enum class Elem : std::uint8_t { kI8, kU8, kI16, kI32, kI64 };  // kU8: bits, tables of bytes
[[nodiscard]] constexpr std::int64_t elem_bytes(Elem e) {
  constexpr std::array<std::int64_t, 5> kBytes{1, 1, 2, 4, 8};
  return kBytes.at(static_cast<std::size_t>(e));
}

using TensorId = std::int32_t;
inline constexpr TensorId kNone = -1;

enum class Role : std::uint8_t {
  kInput,       ///< the host writes it before each inference: in L2
  kOutput,      ///< the host reads it afterwards: in L2
  kActivation,  ///< lives between its first writer and its last reader
  kConstant,    ///< weights, planes, tables, kernel parameters
  kState        ///< a cache: the host writes its past, the network adds to it, in place in L2
};

/// Dense storage: row-major, rows of the last dimension padded to `row_align` bytes.
struct Tensor {
  std::string name;
  Elem elem = Elem::kI8;
  Role role = Role::kActivation;
  ir::Shape shape;
  double scale = 1;  ///< real value = (integer - zero) * scale
  std::int32_t zero = 0;
  std::int64_t row_align = 8;
  std::vector<std::uint8_t> data;  ///< constants, as stored
  ir::Sources sources;             ///< ONNX nodes

  [[nodiscard]] std::int64_t row_bytes() const;
  [[nodiscard]] std::int64_t bytes() const;
  /// Byte strides of all dimensions.
  [[nodiscard]] std::vector<std::int64_t> strides() const;
};

/// Part of a tensor, seen with other dimensions. Sizes in elements, strides in bytes; elements of
/// the last dimension are contiguous.
struct View {
  TensorId tensor = kNone;
  std::int64_t offset = 0;
  std::vector<std::int64_t> sizes, strides;
  /// Added to the offset for each slot of a cache: see Graph::slots.
  std::int64_t slot_stride = 0;

  [[nodiscard]] bool used() const { return tensor != kNone; }
  /// [from, from + count) of one dimension.
  [[nodiscard]] View slice(std::size_t dim, std::int64_t from, std::int64_t count) const;
};

/// Which columns of an engine's epilogue apply (docs/architecture/engine_arithmetic.md).
struct Epilogue {
  TensorId plane_a = kNone, plane_b = kNone, plane_c = kNone, table = kNone;
  enum class Residual : std::uint8_t { kNone, kAdd, kMultiply } residual = Residual::kNone;
  bool relu = false;
  std::int32_t lo = -128, hi = 127;
};

/// y[b][m][n] = epilogue(sum over k of a[b][m][k] * w[b][n][k]). Views: a {B, M, K} or, with
/// segments, {B, M, S, K/S}; w {B, N, K}, or {B, K, N} if w_kn; y {B, M, N}, or {B, N, M} if
/// y_trans; r {B, M, N}. A batch stride of 0 shares an operand; planes are shared by a batch.
struct Gemm {
  View a, w, y, r;
  bool w_kn = false, y_trans = false;
  Epilogue epilogue;
};

/// o[h][i][c] from q {H, Sq, D}, k {G, Sk, D}, v {G, DV, Sk} (transposed), o {H, Sq, DV}.
struct Attention {
  View q, k, v, o;
  TensorId head_params = kNone;  ///< {H, 2} u32: mq/sq, mo/so
  View key_mask;                 ///< bits {1, bytes}, if used; a multiple of 8 bytes
  bool causal = false;
  std::int64_t offset = 0, window = 0;
};

/// A kernel of sw/kernels: `name` selects kernel and golden function (integer/kernels.hpp).
/// Operands are views {B, R, C}; B is done job by job. A row-wise kernel treats the R rows (the
/// same number for every operand, or stride 0: one row for all) apart, so any grouping of rows is
/// one job; the others see all rows at once.
struct Kernel {
  std::string name;
  std::vector<View> inputs, outputs;
  std::vector<TensorId> constants;
  std::vector<std::int32_t> args;  ///< sizes, flags and scales, in the kernel's order
};

/// Bytes from one view to another of the same sizes, any rank; DMA.
struct Copy {
  View from, to;
};

/// Row ids[i] of `table` {V, C} becomes row i of `to` {R, C}: the controller writes the addresses
/// into DMA descriptors. `ids` is {R}, INT64 (low words count), in L2; ids beyond V - 1 are an
/// error of the run.
struct Gather {
  View ids;
  TensorId table = kNone;
  View to;
};

struct Operation {
  std::string name;  ///< of the main ONNX node
  ir::Sources sources;
  std::variant<Gemm, Attention, Kernel, Copy, Gather> what;
};

/// What the host writes before, or reads after, an inference. Here the last dimension may have any
/// stride: caches and images are stored as the machine likes them, the host converts. `view` has
/// the ONNX shape. real value = (integer - zero) * scale of the tensor, if the ONNX type is a
/// float; UINT8 stands in INT8 less 128.
struct Port {
  std::string name;
  View view;
  ir::DType dtype = ir::DType::kFloat32;
};

struct Graph {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Operation> operations;  ///< in an order of execution
  std::vector<Port> inputs, outputs;
  /// Places in a cache. Which of them an inference writes, 0 to slots - 1, is one number for the
  /// whole network, known at run time; without it the last one.
  std::int64_t slots = 1;

  [[nodiscard]] const Tensor& at(TensorId id) const {
    return tensors.at(static_cast<std::size_t>(id));
  }
  [[nodiscard]] Tensor& at(TensorId id) { return tensors.at(static_cast<std::size_t>(id)); }
  TensorId add(Tensor t);
  /// The whole tensor.
  [[nodiscard]] View whole(TensorId id) const;
  /// Views inside their tensors, operand types and alignment as the units take them, every byte
  /// written at most once (by an input port or an operation) and before it is read. Throws
  /// ir::GraphError.
  void verify() const;
};

/// One line a tensor and an operation, for dumps and failing tests.
[[nodiscard]] std::string to_text(const Graph& graph);

}  // namespace oct::integer
