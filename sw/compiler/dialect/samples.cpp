// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialect/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "compiler/io/npz.hpp"
#include "compiler/io/samples.hpp"

namespace oct::dialect {
namespace {

using Arrays = std::vector<std::pair<std::string, ir::Tensor>>;

ir::Tensor whole(const ir::Tensor& t, const ir::Shape& shape, std::int64_t sample,
                 const std::string& name) {
  ir::Tensor out(ir::DType::kInt32, shape);
  auto to = out.mutable_data<std::int32_t>();
  const auto first = sample * out.size();
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const double v = t.at(first + i);
    if (v != std::nearbyint(v) || !(std::abs(v) <= INT32_MAX)) {
      throw ir::CompileError(fmt::format(
          "input {}: element {} is {}; this network computes with whole numbers of 32 bits", name,
          i, v));
    }
    to[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(v);
  }
  return out;
}

/// The arrays of the inputs, in their order; nullptr for one without elements.
std::vector<const ir::Tensor*> assigned(const Arrays& arrays, const ir::Graph& graph,
                                        const std::string& file) {
  std::vector<const ir::Tensor*> found;
  bool named = true;
  const auto empty = [&](ir::ValueId id) {
    return ir::element_count(graph.value(id).shape()) == 0;
  };
  for (const ir::ValueId id : graph.inputs()) {
    const auto it = std::find_if(arrays.begin(), arrays.end(),
                                 [&](const auto& a) { return a.first == graph.value(id).name; });
    found.push_back(it == arrays.end() || empty(id) ? nullptr : &it->second);
    named = named && (found.back() != nullptr || empty(id));
  }
  if (named) return found;
  std::size_t next = 0, at = 0;
  for (const ir::ValueId id : graph.inputs()) {
    const ir::Value& v = graph.value(id);
    const bool there = next < arrays.size();
    if (empty(id)) {
      if (there && arrays[next].second.size() == 0) ++next;
      found[at++] = nullptr;
      continue;
    }
    if (!there) {
      throw ir::CompileError(fmt::format("{}: {} arrays; the model's input {} ('{}', {}) has none",
                                         file, arrays.size(), at, v.name,
                                         ir::shape_text(v.shape())));
    }
    found[at++] = &arrays[next++].second;
  }
  return found;
}

}  // namespace

std::vector<Sample> read_samples(const std::string& file, const ir::Graph& graph) {
  const Arrays arrays = io::read_npz(file);
  const std::vector<const ir::Tensor*> found = assigned(arrays, graph, file);
  std::int64_t count = -1;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const ir::Value& v = graph.value(graph.inputs()[i]);
    if (found[i] == nullptr) continue;
    const std::int64_t n = io::samples_in(found[i]->shape(), v.shape());
    if (n == 0) {
      throw ir::CompileError(fmt::format("{}: the array for input '{}' is {}, the model needs {}",
                                         file, v.name, ir::shape_text(found[i]->shape()),
                                         ir::shape_text(v.shape())));
    }
    count = count < 0 ? n : std::min(count, n);
  }
  std::vector<Sample> samples(static_cast<std::size_t>(std::max<std::int64_t>(count, 1)));
  for (std::size_t s = 0; s < samples.size(); ++s) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      const ir::Value& v = graph.value(graph.inputs()[i]);
      samples[s][v.name] = found[i] == nullptr
                               ? ir::Tensor(ir::DType::kInt32, v.shape())
                               : whole(*found[i], v.shape(), static_cast<std::int64_t>(s), v.name);
    }
  }
  return samples;
}

Sample draw_sample(const ir::Graph& graph, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Sample sample;
  for (const ir::ValueId id : graph.inputs()) {
    const ir::Value& v = graph.value(id);
    ir::Tensor t(ir::DType::kInt32, v.shape());
    for (std::int32_t& x : t.mutable_data<std::int32_t>()) {
      x = static_cast<std::int32_t>(random() >> 56) - 128;
    }
    sample[v.name] = std::move(t);
  }
  return sample;
}

std::map<std::string, Range> ranges(const std::vector<Sample>& samples) {
  std::map<std::string, Range> out;
  for (const Sample& s : samples) {
    for (const auto& [name, t] : s) {
      if (t.size() == 0) continue;
      const auto data = t.data<std::int32_t>();
      const auto [low, high] = std::minmax_element(data.begin(), data.end());
      const auto [it, fresh] = out.try_emplace(name, Range{*low, *high});
      if (!fresh) {
        it->second = {std::min<std::int64_t>(it->second.lo, *low),
                      std::max<std::int64_t>(it->second.hi, *high)};
      }
    }
  }
  // The whole type: another input of the kind fits, too.
  for (auto& [name, r] : out) {
    r = r.within(-128, 127) ? Range{-128, 127} : r.within(0, 255) ? Range{0, 255} : r;
  }
  return out;
}

Sample for_ports(const Sample& sample, const integer::Graph& graph) {
  Sample out;
  for (const integer::Port& port : graph.inputs) {
    const ir::Tensor& t = sample.at(port.name);
    for (const std::int32_t v : t.data<std::int32_t>()) {
      const bool fits = port.dtype == ir::DType::kInt8    ? v >= -128 && v <= 127
                        : port.dtype == ir::DType::kUInt8 ? v >= 0 && v <= 255
                                                          : true;
      if (!fits) {
        throw ir::CompileError(
            fmt::format("input {}: {} does not fit {}, for which the network was "
                        "compiled; --calibrate with samples that show it",
                        port.name, v, ir::dtype_name(port.dtype)));
      }
    }
    out[port.name] = t.converted(port.dtype);
  }
  return out;
}

}  // namespace oct::dialect
