// SPDX-License-Identifier: Apache-2.0
// Tensors and their types. A tensor shares its bytes: copying one is cheap, and data that is shared
// is never written. Test: tests/graph_test.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace oct::ir {

/// A user's mistake or a model that the flow cannot take: one message, exit code 2.
struct CompileError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Element types. Half, bfloat16 and double become kFloat32 on import.
enum class DType : std::uint8_t {
  kFloat32,
  kInt8,
  kUInt8,
  kInt16,
  kUInt16,
  kInt32,
  kUInt32,
  kInt64,
  kUInt64,
  kBool,
};

[[nodiscard]] const char* dtype_name(DType type);
[[nodiscard]] std::size_t dtype_size(DType type);
[[nodiscard]] inline bool is_float(DType type) { return type == DType::kFloat32; }

using Shape = std::vector<std::int64_t>;

/// Number of elements; 1 for a scalar.
[[nodiscard]] std::int64_t element_count(const Shape& shape);
/// "[1, 32, 64]"
[[nodiscard]] std::string shape_text(const Shape& shape);
/// Distance in elements between neighbours of each dimension, row-major.
[[nodiscard]] Shape row_major_strides(const Shape& shape);
/// The common shape of element-wise operands; throws CompileError if there is none.
[[nodiscard]] Shape broadcast_shape(const Shape& a, const Shape& b);
/// Negative axes count from the end; throws CompileError outside [-rank, rank).
[[nodiscard]] std::int64_t normalized_axis(std::int64_t axis, std::size_t rank);

class Tensor {
 public:
  Tensor() = default;
  /// Zeros.
  Tensor(DType dtype, Shape shape);

  template <typename T>
  static Tensor of(DType dtype, Shape shape, std::span<const T> values) {
    Tensor t(dtype, std::move(shape));
    auto out = t.mutable_data<T>();
    if (out.size() != values.size()) throw std::logic_error("Tensor::of: wrong number of values");
    std::copy(values.begin(), values.end(), out.begin());
    return t;
  }
  static Tensor floats(Shape shape, std::span<const float> values);
  static Tensor int64s(Shape shape, std::span<const std::int64_t> values);
  static Tensor scalar(float value) { return floats({}, std::span<const float>(&value, 1)); }

  [[nodiscard]] bool defined() const { return bytes_ != nullptr; }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::int64_t size() const { return count_; }

  /// The elements as T, which must have the element type's size.
  template <typename T>
  [[nodiscard]] std::span<const T> data() const {
    check_size(sizeof(T));
    return {reinterpret_cast<const T*>(bytes_->data()), static_cast<std::size_t>(count_)};
  }
  /// For writing; copies first if somebody else holds the same bytes.
  template <typename T>
  [[nodiscard]] std::span<T> mutable_data() {
    check_size(sizeof(T));
    if (bytes_.use_count() > 1) bytes_ = std::make_shared<Bytes>(*bytes_);
    return {reinterpret_cast<T*>(bytes_->data()), static_cast<std::size_t>(count_)};
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return *bytes_; }

  /// The same elements under another shape of as many elements.
  [[nodiscard]] Tensor reshaped(Shape shape) const;
  /// Every element as the nearest value of another type would hold it in C.
  [[nodiscard]] Tensor converted(DType dtype) const;
  /// Element `index` of any type; throws std::out_of_range if there is none.
  [[nodiscard]] double at(std::int64_t index) const;
  [[nodiscard]] std::int64_t int_at(std::int64_t index) const;
  /// All elements as integers; for shapes, axes, indices.
  [[nodiscard]] std::vector<std::int64_t> to_ints() const;
  [[nodiscard]] std::vector<double> to_doubles() const;

  /// Same type, shape and bits.
  [[nodiscard]] bool same_bits(const Tensor& other) const;

 private:
  using Bytes = std::vector<std::byte>;
  void check_size(std::size_t size) const;
  void check_index(std::int64_t i) const;

  DType dtype_ = DType::kFloat32;
  Shape shape_;
  std::int64_t count_ = 0;
  std::shared_ptr<Bytes> bytes_;
};

}  // namespace oct::ir
