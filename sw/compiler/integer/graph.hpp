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

enum class Elem : std::uint8_t { kI8, kU8, kI16, kI32, kI64 };
[[nodiscard]] constexpr std::int64_t elem_bytes(Elem e) {
  constexpr std::array<std::int64_t, 5> kBytes{1, 1, 2, 4, 8};
  return kBytes.at(static_cast<std::size_t>(e));
}

using TensorId = std::int32_t;
inline constexpr TensorId kNone = -1;

enum class Role : std::uint8_t {
  kInput,       ///< the host writes it before each inference
  kOutput,      ///< the host reads it afterwards
  kActivation,  ///< lives between its first writer and its last reader
  kConstant,    ///< weights, planes, tables, kernel parameters
  kState        ///< a cache: kept in L2 from one inference to the next
};

/// Dense storage: row-major, rows of the last dimension padded to `row_align` bytes.
struct Tensor {
  std::string name;
  Elem elem = Elem::kI8;
  Role role = Role::kActivation;
  ir::Shape shape;
  double scale = 1;  ///< real value = integer * scale
  std::int64_t row_align = 8;
  std::vector<std::uint8_t> data;  ///< constants, as stored
  ir::Sources sources;             ///< ONNX nodes
  TensorId state = kNone;          ///< an output that becomes this cache's content

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
/// segments, {B, M, S, K/S}; w {B, N, K}, or {B, K, N} if w_kn; y {B, M, N}; r like y. A batch
/// stride of 0 shares an operand.
struct Gemm {
  View a, w, y, r;
  bool w_kn = false;
  Epilogue epilogue;
};

/// o[h][i][c] from q {H, Sq, D}, k {G, Sk, D}, v {G, DV, Sk} (transposed), o {H, Sq, DV}.
struct Attention {
  View q, k, v, o;
  TensorId head_params = kNone;  ///< {H, 2} u32: mq/sq, mo/so
  View key_mask;                 ///< bits, if used
  bool causal = false;
  std::int64_t offset = 0, window = 0;
  /// Keys that count come from a parameter register when >= 0 (caches that grow).
  int length_preg = -1;
};

/// A kernel of sw/kernels on rows: `name` selects kernel and golden function, `params` its
/// parameter block (as the kernel reads it), `inputs` and `outputs` its operands in the kernel's
/// order. Rows (dimension 0 of every view, where it has that size) may be computed in any grouping.
struct Kernel {
  std::string name;
  std::vector<View> inputs, outputs;
  TensorId params = kNone;
  std::vector<TensorId> constants;
  std::vector<std::int64_t> args;  ///< sizes and flags, in the kernel's order
};

/// Bytes from one view to another of the same sizes; DMA.
struct Copy {
  View from, to;
};

struct Operation {
  std::string name;  ///< of the main ONNX node
  ir::Sources sources;
  std::variant<Gemm, Attention, Kernel, Copy> what;
};

struct Graph {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Operation> operations;  ///< in an order of execution
  std::vector<TensorId> inputs, outputs;

  [[nodiscard]] const Tensor& at(TensorId id) const {
    return tensors.at(static_cast<std::size_t>(id));
  }
  [[nodiscard]] Tensor& at(TensorId id) { return tensors.at(static_cast<std::size_t>(id)); }
  TensorId add(Tensor t);
  /// The whole tensor.
  [[nodiscard]] View whole(TensorId id) const;
  /// Views inside their tensors, operand types as the units take them, every tensor written before
  /// it is read. Throws ir::GraphError.
  void verify() const;
};

}  // namespace oct::integer
