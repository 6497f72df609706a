// SPDX-License-Identifier: Apache-2.0
// From an element type known at run time to a C++ type.
#pragma once

#include <type_traits>

#include "compiler/ir/tensor.hpp"

namespace oct::ir {

/// Calls `f` with a null pointer to the element type; truth values are bytes.
template <typename F>
decltype(auto) with_type(DType type, F&& f) {
  switch (type) {
    case DType::kFloat32:
      return f(static_cast<float*>(nullptr));
    case DType::kInt8:
      return f(static_cast<std::int8_t*>(nullptr));
    case DType::kUInt8:
    case DType::kBool:
      return f(static_cast<std::uint8_t*>(nullptr));
    case DType::kInt16:
      return f(static_cast<std::int16_t*>(nullptr));
    case DType::kUInt16:
      return f(static_cast<std::uint16_t*>(nullptr));
    case DType::kInt32:
      return f(static_cast<std::int32_t*>(nullptr));
    case DType::kUInt32:
      return f(static_cast<std::uint32_t*>(nullptr));
    case DType::kInt64:
      return f(static_cast<std::int64_t*>(nullptr));
    case DType::kUInt64:
      return f(static_cast<std::uint64_t*>(nullptr));
  }
  throw std::logic_error("unknown element type");
}

/// The same for code that only moves elements: unsigned integers of the element's size.
template <typename F>
decltype(auto) with_size(DType type, F&& f) {
  switch (dtype_size(type)) {
    case 1:
      return f(static_cast<std::uint8_t*>(nullptr));
    case 2:
      return f(static_cast<std::uint16_t*>(nullptr));
    case 4:
      return f(static_cast<std::uint32_t*>(nullptr));
    default:
      return f(static_cast<std::uint64_t*>(nullptr));
  }
}

template <typename Pointer>
using Pointee = std::remove_pointer_t<Pointer>;

}  // namespace oct::ir
