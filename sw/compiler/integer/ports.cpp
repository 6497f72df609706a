// SPDX-License-Identifier: Apache-2.0
// What the host does with inputs and outputs.
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "compiler/integer/rows.hpp"
#include "compiler/integer/run.hpp"

namespace oct::integer {
namespace {

std::uint8_t* place(const View& v, Memory& memory) {
  return memory[static_cast<std::size_t>(v.tensor)].data() + v.offset;
}

/// f(offset from the view's start) for each element, in the order of the ONNX tensor.
template <typename F>
void for_each_element(const View& v, F f) {
  for_each_index<1>(v.sizes, {&v.strides}, 0, f);
}

template <typename T>
void quantise(const Port& port, const ir::Tensor& value, const Tensor& t, std::uint8_t* to) {
  const float* next = value.data<float>().data();
  for_each_element(port.view, [&](std::int64_t at) {
    const double real = *next++;
    if (std::isnan(real)) {
      throw ir::CompileError(fmt::format("input {}: element {} is not a number", port.name,
                                         next - 1 - value.data<float>().data()));
    }
    const double v = std::nearbyint(real / t.scale) + t.zero;
    constexpr double kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
    const T integer = static_cast<T>(std::clamp(v, kLow, kHigh));
    std::memcpy(to + at, &integer, sizeof integer);
  });
}

template <typename T>
void dequantise(const View& view, const Tensor& t, const std::uint8_t* from, ir::Tensor& value) {
  float* next = value.mutable_data<float>().data();
  for_each_element(view, [&](std::int64_t at) {
    T integer;
    std::memcpy(&integer, from + at, sizeof integer);
    *next++ = static_cast<float>((integer - t.zero) * t.scale);
  });
}

/// UINT8 of the model, INT8 of the machine.
bool shifted(const Port& port, const Tensor& t) {
  return port.dtype == ir::DType::kUInt8 && t.elem == Elem::kI8;
}

/// Calls f with a value of the element's type.
template <typename F>
void with_elem(const Port& port, Elem elem, F f) {
  switch (elem) {
    case Elem::kI8:
      return f(std::int8_t{});
    case Elem::kI16:
      return f(std::int16_t{});
    case Elem::kI32:
      return f(std::int32_t{});
    default:
      throw ir::GraphError(fmt::format("port {}: floats in bits or INT64", port.name));
  }
}

}  // namespace

void write_input(const Graph& graph, const Port& port, const ir::Tensor& value, Memory& memory) {
  if (value.dtype() != port.dtype || value.shape() != port.view.sizes) {
    throw ir::CompileError(fmt::format("input {}: {}{} was given, wanted is {}{}", port.name,
                                       ir::dtype_name(value.dtype()), ir::shape_text(value.shape()),
                                       ir::dtype_name(port.dtype),
                                       ir::shape_text(port.view.sizes)));
  }
  const Tensor& t = graph.at(port.view.tensor);
  std::uint8_t* to = place(port.view, memory);
  if (ir::is_float(port.dtype)) {
    with_elem(port, t.elem, [&]<typename T>(T) { quantise<T>(port, value, t, to); });
    return;
  }
  const bool flags = t.elem == Elem::kI8 && port.dtype != ir::DType::kInt8;
  const bool narrow = port.dtype == ir::DType::kBool || port.dtype == ir::DType::kInt32;
  if (flags || (t.elem == Elem::kI64 && narrow)) {  // truth values; masks and ids
    std::int64_t i = 0;
    for_each_element(port.view, [&](std::int64_t at) {
      const std::int64_t v = value.int_at(i++), wide = flags ? std::int64_t{v != 0} : v;
      std::memcpy(to + at, &wide, static_cast<std::size_t>(elem_bytes(t.elem)));
    });
    return;
  }
  const auto bytes = static_cast<std::size_t>(elem_bytes(t.elem));
  const std::byte* next = value.bytes().data();
  for_each_element(port.view, [&](std::int64_t at) {
    std::memcpy(to + at, next, bytes);
    if (shifted(port, t)) to[at] ^= 0x80;
    next += bytes;
  });
}

ir::Tensor read_output(const Graph& graph, const Port& port, const Memory& memory) {
  const Tensor& t = graph.at(port.view.tensor);
  const std::uint8_t* from =
      memory[static_cast<std::size_t>(port.view.tensor)].data() + port.view.offset;
  ir::Tensor value(port.dtype, port.view.sizes);
  if (ir::is_float(port.dtype)) {
    with_elem(port, t.elem, [&]<typename T>(T) { dequantise<T>(port.view, t, from, value); });
    return value;
  }
  const auto gather = [&]<typename T>(T) {
    T* next = value.mutable_data<T>().data();
    for_each_element(port.view,
                     [&](std::int64_t at) { std::memcpy(next++, from + at, sizeof(T)); });
  };
  switch (elem_bytes(t.elem)) {
    case 1:
      gather(std::uint8_t{});
      if (shifted(port, t)) {
        for (std::uint8_t& v : value.mutable_data<std::uint8_t>()) v ^= 0x80;
      }
      break;
    case 2:
      gather(std::uint16_t{});
      break;
    case 4:
      gather(std::uint32_t{});
      break;
    default:
      gather(std::uint64_t{});
  }
  return value;
}

}  // namespace oct::integer
