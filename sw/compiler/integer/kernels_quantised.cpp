// SPDX-License-Identifier: Apache-2.0
// The kernels for networks that come quantised: golden functions and costs
// (sw/kernels/oct_quantised.h).
#include "compiler/integer/kernels.hpp"
#include "compiler/ir/graph.hpp"
#include "golden/quantised.hpp"
#include "kernels/oct_quantised.h"

namespace oct::integer {
namespace {

namespace q = golden::quantised;
using Args = std::vector<std::int32_t>;
using i8 = std::int8_t;
using i16 = std::int16_t;

template <typename T>
T* row(const Rows& r, std::int64_t i) {
  return reinterpret_cast<T*>(r.data + i * r.stride);
}
unsigned positive(const KernelCall& c, std::size_t i) {
  return static_cast<unsigned>(c.args.at(i));
}
std::uint64_t wide(const KernelCall& c, std::size_t low) {
  return static_cast<std::uint64_t>(positive(c, low + 1)) << 32 | positive(c, low);
}

template <typename A, typename B, typename Y, typename F>
void elements(const KernelCall& c, F f) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    for (std::int32_t j = 0; j < c.args.at(0); ++j) {
      row<Y>(c.outputs[0], i)[j] = f(row<A>(c.inputs[0], i)[j], row<B>(c.inputs[1], i)[j]);
    }
  }
}
template <typename A, typename B, typename Y>
void qadd(const KernelCall& c) {
  const q::Sum k{c.args.at(1), c.args.at(2), static_cast<std::int64_t>(wide(c, 3)), positive(c, 5)};
  elements<A, B, Y>(c, [&](int a, int b) { return q::add<Y>(k, a, b); });
}
template <typename A, typename B, typename Y>
void qmul(const KernelCall& c) {
  const q::Product k{c.args.at(1), c.args.at(2), c.args.at(3), c.args.at(4), positive(c, 5)};
  elements<A, B, Y>(c, [&](int a, int b) { return q::mul<Y>(k, a, b); });
}
void qsoftmax(const KernelCall& c) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    q::softmax(positive(c, 0), positive(c, 1), c.args.at(2), row<i8>(c.inputs[0], i),
               reinterpret_cast<const std::uint32_t*>(c.constants.at(0)), row<i8>(c.outputs[0], i));
  }
}
void qlayernorm(const KernelCall& c) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    q::layernorm(positive(c, 0), wide(c, 1), positive(c, 3), row<i8>(c.inputs[0], i),
                 reinterpret_cast<const std::int32_t*>(c.constants.at(0)),
                 reinterpret_cast<const std::int32_t*>(c.constants.at(1)),
                 row<i8>(c.outputs[0], i));
  }
}
void spread(const KernelCall& c) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    q::spread(positive(c, 0), c.args.at(1), positive(c, 2), row<i8>(c.inputs[0], i),
              row<i8>(c.outputs[0], i));
  }
}
void mask_bytes(const KernelCall& c) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    for (std::int32_t j = 0; j < c.args.at(0); ++j) {
      const auto low = static_cast<std::uint32_t>(row<std::int64_t>(c.inputs[0], i)[j]);
      row<i8>(c.outputs[0], i)[j] = static_cast<i8>(c.args.at(low == 0 ? 1 : 2));
    }
  }
}

double share(std::int64_t units, std::int64_t workers) {
  return static_cast<double>((units + workers - 1) / workers);
}
/// Blocks of 16 elements are dealt out.
template <int Start, int Element>
double element_cost(std::int64_t rows, const Args& a, unsigned workers) {
  const std::int64_t blocks = std::max<std::int64_t>((a.at(0) + 15) / 16, 1);
  const double turns = share(rows * blocks, workers);
  return Start + turns * (a.at(0) / static_cast<double>(blocks) * Element / 100) +
         20 * turns / static_cast<double>(blocks);
}
template <int Start, int Row, int Element>
double row_cost(std::int64_t rows, const Args& a, unsigned workers) {
  return Start + share(rows, workers) * (Row + a.at(0) * (Element / 100.0));
}

}  // namespace

const std::vector<KernelInfo>& quantised_kernels() {
  static const std::vector<KernelInfo> table = [] {
    std::vector<KernelInfo> t;
    const auto elem = [](int bits) {
      return bits == 8 ? Elem::kI8 : bits == 16 ? Elem::kI16 : Elem::kI64;
    };
    const auto put = [&](std::string_view name, std::string_view function, std::vector<Elem> inputs,
                         Elem output, std::vector<Elem> constants, std::size_t args, auto golden,
                         auto host, auto cycles) {
      KernelInfo info;
      info.name = name, info.function = function;
      info.inputs = std::move(inputs), info.outputs = {output};
      info.constants = std::move(constants);
      info.args = args;
      info.golden = golden, info.host = host, info.cycles = cycles;
      t.push_back(std::move(info));
    };
#define OCT_T_8 i8
#define OCT_T_16 i16
#define OCT_TWO(kernel, name, a, b, y, cost)                       \
  put(#name, "oct_net_" #name, {elem(a), elem(b)}, elem(y), {}, 6, \
      kernel<OCT_T_##a, OCT_T_##b, OCT_T_##y>, oct_net_##name, cost);
#define OCT_ADD(name, a, b, y) \
  OCT_TWO(qadd, name, a, b, y, \
          ((a) + (b) + (y) == 24 ? element_cost<170, 1000> : element_cost<170, 1500>))
#define OCT_MUL(name, a, b, y) OCT_TWO(qmul, name, a, b, y, (element_cost<170, 1500>))
    OCT_NET_Q_TWO(OCT_ADD, qadd)
    OCT_NET_Q_TWO(OCT_MUL, qmul)
#undef OCT_ADD
#undef OCT_MUL
#undef OCT_TWO
    const Elem k8 = Elem::kI8, k32 = Elem::kI32;
    put("qsoftmax", "oct_net_qsoftmax", {k8}, k8, {k32}, 3, qsoftmax, oct_net_qsoftmax,
        row_cost<90, 600, 2000>);
    put("qlayernorm", "oct_net_qlayernorm", {k8}, k8, {k32, k32}, 4, qlayernorm, oct_net_qlayernorm,
        row_cost<90, 1200, 1600>);
    put("spread", "oct_net_spread", {k8}, k8, {}, 3, spread, oct_net_spread, row_cost<70, 40, 350>);
    put("mask_bytes", "oct_net_mask_bytes", {Elem::kI64}, k8, {}, 3, mask_bytes, oct_net_mask_bytes,
        row_cost<70, 40, 700>);
    return t;
  }();
  return table;
}

}  // namespace oct::integer
