// SPDX-License-Identifier: Apache-2.0
// What random.cpp and its parts share: a graph that grows, and the values that it has so far.
#pragma once

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "compiler/integer/random.hpp"

namespace oct::integer {

class RandomBuilder {
 public:
  RandomBuilder(std::uint64_t seed, const RandomLimits& limits) : random_(seed), limits_(limits) {}
  Graph build(std::uint64_t seed);

 private:
  // ---- Drawing
  std::int64_t uniform(std::int64_t lo, std::int64_t hi) {
    return std::uniform_int_distribution<std::int64_t>(lo, hi)(random_);
  }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  /// Small, or near a multiple of 8, 16 or 64, or anything.
  std::int64_t size(std::int64_t most);
  std::int64_t even_size(std::int64_t most) { return (size(most) + 7) / 8 * 8; }  ///< of 8
  /// A word of about 2^e; f as in lower.hpp.
  std::uint32_t scale(int e, bool sign);

  // ---- Tensors
  using Fill = std::function<std::int64_t(std::int64_t index)>;
  /// Elements by index; what lies between rows is noise.
  TensorId constant(const char* what, Elem elem, ir::Shape shape, const Fill& fill);
  TensorId noise(const char* what, Elem elem, ir::Shape shape);
  TensorId words(const char* what, ir::Shape shape, const Fill& fill) {
    return constant(what, Elem::kI32, std::move(shape), fill);
  }
  TensorId tensor(Elem elem, ir::Shape shape, Role role = Role::kActivation);
  std::string port_name(const char* what) { return what + std::to_string(next_port_++); }
  [[nodiscard]] Elem elem(const View& v) const { return graph_.at(v.tensor).elem; }

  // ---- Values: views {R, C} of activations, 8-byte aligned
  void value(View v) { values_.push_back(std::move(v)); }
  /// The last two dimensions of a tensor as rows; all leading ones must be merged with them.
  View rows_of(TensorId id) const;
  View pick(Elem elem);
  View pick_any() { return values_.at(random_() % values_.size()); }
  View part_of(View v);  ///< now and then fewer rows or columns
  View rows3(const View& v) const;
  void add(const char* what, decltype(Operation::what) op);

  // ---- random.cpp
  void input(Elem elem);
  void output_ports();
  void copy();
  void gather();
  void cache();
  View ids(std::int64_t count);

  // ---- random_engine.cpp
  struct Weights {
    TensorId id;
    std::int64_t n, k;
    bool kn;
  };
  Weights weights(std::int64_t k, std::int64_t n);
  Epilogue epilogue(std::int64_t n, std::int64_t k, bool wide, const View& residual);
  void gemm();
  void convolution();
  void batched();
  void attention();
  View heads(std::int64_t rows_wanted, std::int64_t h, std::int64_t d);
  View transposed_heads(std::int64_t keys, std::int64_t g, std::int64_t dv);
  void project(const View& x, View y, bool y_trans);
  View key_mask(std::int64_t keys);

  // ---- random_kernels.cpp
  void kernel();
  bool row_kernel(const std::string& name);
  bool plane_kernel(const std::string& name);
  void finish_kernel(Kernel k, const std::vector<View>& inputs, TensorId y);

  std::mt19937_64 random_;
  RandomLimits limits_;
  Graph graph_;
  std::vector<View> values_;
  std::vector<Weights> weights_;
  unsigned next_port_ = 0;
};

}  // namespace oct::integer
