// SPDX-License-Identifier: Apache-2.0
#include "compiler/ir/tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "compiler/ir/with_type.hpp"

namespace oct::ir {
namespace {

/// Float to integer as a C cast does it where that is defined, saturating where it is not.
template <typename To, typename From>
To convert(From value) {
  if constexpr (std::is_floating_point_v<From> && !std::is_floating_point_v<To>) {
    if (std::isnan(value)) return To{0};
    if (value >= static_cast<From>(std::numeric_limits<To>::max())) {
      return std::numeric_limits<To>::max();
    }
    if (value <= static_cast<From>(std::numeric_limits<To>::lowest())) {
      return std::numeric_limits<To>::lowest();
    }
  }
  return static_cast<To>(value);
}

}  // namespace

const char* dtype_name(DType type) {
  static constexpr const char* kNames[] = {"f32", "i8",  "u8",  "i16", "u16",
                                           "i32", "u32", "i64", "u64", "bool"};
  return kNames[static_cast<std::size_t>(type)];
}

std::size_t dtype_size(DType type) {
  return with_type(type, [](auto* p) { return sizeof(*p); });
}

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t d : shape) {
    if (d < 0) throw CompileError(fmt::format("shape {} has a negative size", shape_text(shape)));
    // A size of 0 does not make the others harmless: strides are their products.
    const std::int64_t size = std::max<std::int64_t>(d, 1);
    // The machine's addresses have 32 bits; half of them is more than any tensor can have.
    if (count > (std::int64_t{1} << 31) / size) {
      throw CompileError(
          fmt::format("shape {} is too large: 2^31 elements are the most", shape_text(shape)));
    }
    count *= size;
    empty = empty || d == 0;
  }
  return empty ? 0 : count;
}

std::string shape_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Shape row_major_strides(const Shape& shape) {
  Shape strides(shape.size());
  std::int64_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1) {
      throw CompileError(
          fmt::format("shapes {} and {} do not broadcast", shape_text(a), shape_text(b)));
    }
    out[out.size() - 1 - i] = da == 1 ? db : da;
  }
  return out;
}

std::int64_t normalized_axis(std::int64_t axis, std::size_t rank) {
  const auto r = static_cast<std::int64_t>(rank);
  if (axis < -r || axis >= r) {
    throw CompileError(fmt::format("axis {} of a tensor with {} dimensions", axis, r));
  }
  return axis < 0 ? axis + r : axis;
}

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), count_(element_count(shape_)) {
  if (count_ > (std::int64_t{1} << 31)) {
    throw CompileError(fmt::format("a tensor of shape {} does not fit", shape_text(shape_)));
  }
  bytes_ = std::make_shared<Bytes>(static_cast<std::size_t>(count_) * dtype_size(dtype_));
}

Tensor Tensor::floats(Shape shape, std::span<const float> values) {
  return of<float>(DType::kFloat32, std::move(shape), values);
}

Tensor Tensor::int64s(Shape shape, std::span<const std::int64_t> values) {
  return of<std::int64_t>(DType::kInt64, std::move(shape), values);
}

void Tensor::check_size(std::size_t size) const {
  if (!bytes_ || size != dtype_size(dtype_)) {
    throw std::logic_error("a tensor is read as another element type than it has");
  }
}

Tensor Tensor::reshaped(Shape shape) const {
  if (element_count(shape) != count_) {
    throw CompileError(
        fmt::format("shape {} cannot become {}", shape_text(shape_), shape_text(shape)));
  }
  Tensor out = *this;
  out.shape_ = std::move(shape);
  return out;
}

Tensor Tensor::converted(DType dtype) const {
  if (dtype == dtype_) return *this;
  Tensor out(dtype, shape_);
  with_type(dtype_, [&](auto* from) {
    using From = std::remove_pointer_t<decltype(from)>;
    const auto in = data<From>();
    with_type(dtype, [&](auto* to) {
      using To = std::remove_pointer_t<decltype(to)>;
      auto result = out.mutable_data<To>();
      if (dtype == DType::kBool) {
        std::transform(in.begin(), in.end(), result.begin(),
                       [](From v) { return static_cast<To>(v != From{0}); });
      } else {
        std::transform(in.begin(), in.end(), result.begin(), [](From v) { return convert<To>(v); });
      }
    });
  });
  return out;
}

void Tensor::check_index(std::int64_t i) const {
  if (i < 0 || i >= count_) {
    throw std::out_of_range(fmt::format("element {} of a tensor of {}", i, count_));
  }
}

double Tensor::at(std::int64_t i) const {
  check_index(i);
  return with_type(dtype_, [&](auto* p) {
    using T = std::remove_pointer_t<decltype(p)>;
    return static_cast<double>(data<T>()[static_cast<std::size_t>(i)]);
  });
}

std::int64_t Tensor::int_at(std::int64_t i) const {
  check_index(i);
  return with_type(dtype_, [&](auto* p) {
    using T = std::remove_pointer_t<decltype(p)>;
    return convert<std::int64_t>(data<T>()[static_cast<std::size_t>(i)]);
  });
}

std::vector<std::int64_t> Tensor::to_ints() const {
  std::vector<std::int64_t> out(static_cast<std::size_t>(count_));
  for (std::int64_t i = 0; i < count_; ++i) out[static_cast<std::size_t>(i)] = int_at(i);
  return out;
}

std::vector<double> Tensor::to_doubles() const {
  std::vector<double> out(static_cast<std::size_t>(count_));
  for (std::int64_t i = 0; i < count_; ++i) out[static_cast<std::size_t>(i)] = at(i);
  return out;
}

bool Tensor::same_bits(const Tensor& other) const {
  if (dtype_ != other.dtype_ || shape_ != other.shape_) return false;
  if (bytes_ == other.bytes_) return true;
  return bytes_->empty() || std::memcmp(bytes_->data(), other.bytes_->data(), bytes_->size()) == 0;
}

}  // namespace oct::ir
