// SPDX-License-Identifier: Apache-2.0
#include "compiler/io/samples.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "compiler/io/npz.hpp"

namespace oct::io {
namespace {

std::string known_arrays(const std::map<std::string, ir::Tensor>& arrays) {
  std::vector<std::string> list;
  for (const auto& [name, tensor] : arrays) {
    list.push_back(fmt::format("{} {} {}", name, ir::dtype_name(tensor.dtype()),
                               ir::shape_text(tensor.shape())));
  }
  return list.empty() ? "nothing" : fmt::format("{}", fmt::join(list, ", "));
}

ir::Tensor sample_of(const ir::Tensor& array, const ir::Type& type, std::int64_t index) {
  ir::Tensor one(array.dtype(), type.shape);
  const std::size_t bytes = static_cast<std::size_t>(one.size()) * ir::dtype_size(array.dtype());
  const auto* from = array.bytes().data() + static_cast<std::size_t>(index) * bytes;
  const auto copy = [&](auto zero) {
    std::memcpy(one.mutable_data<decltype(zero)>().data(), from, bytes);
  };
  switch (ir::dtype_size(array.dtype())) {
    case 1:
      copy(std::uint8_t{});
      break;
    case 2:
      copy(std::uint16_t{});
      break;
    case 4:
      copy(std::uint32_t{});
      break;
    default:
      copy(std::uint64_t{});
  }
  return one.dtype() == type.dtype ? one : one.converted(type.dtype);
}

}  // namespace

std::int64_t samples_in(const ir::Shape& array, const ir::Shape& one) {
  if (array == one) return 1;
  if (array.empty()) return 0;
  const ir::Shape rest(array.begin() + 1, array.end());
  if (rest == one) return array.front();
  if (one.empty() || one.front() == 0 || array.front() % one.front() != 0) return 0;
  return rest == ir::Shape(one.begin() + 1, one.end()) ? array.front() / one.front() : 0;
}

std::vector<Sample> read_samples(const std::string& file, const ir::Graph& graph) {
  const std::map<std::string, ir::Tensor> arrays = read_npz_map(file);
  std::string problems;
  std::int64_t count = -1;
  for (const ir::ValueId id : graph.inputs()) {
    const ir::Value& v = graph.value(id);
    const auto it = arrays.find(v.name);
    if (it == arrays.end()) {
      problems += fmt::format("\n  no '{}': the model needs {} {}", v.name,
                              ir::dtype_name(v.type.dtype), ir::shape_text(v.type.shape));
      continue;
    }
    const std::int64_t n = samples_in(it->second.shape(), v.shape());
    if (n == 0) {
      problems += fmt::format("\n  '{}' is {}, the model needs {} or so many times N", v.name,
                              ir::shape_text(it->second.shape()), ir::shape_text(v.type.shape));
    } else {
      count = count < 0 ? n : std::min(count, n);
    }
  }
  if (!problems.empty()) {
    throw ir::CompileError(fmt::format("{}:{}\n  it has {}", file, problems, known_arrays(arrays)));
  }
  std::vector<Sample> samples(static_cast<std::size_t>(std::max<std::int64_t>(count, 1)));
  for (const ir::ValueId id : graph.inputs()) {
    const ir::Value& v = graph.value(id);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i][v.name] = sample_of(arrays.at(v.name), v.type, static_cast<std::int64_t>(i));
    }
  }
  return samples;
}

}  // namespace oct::io
