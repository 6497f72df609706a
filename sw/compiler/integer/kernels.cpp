// SPDX-License-Identifier: Apache-2.0
// The table of kernels: one entry a name of OCT_NET_KERNELS.
#include "compiler/integer/kernels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "compiler/ir/graph.hpp"
#include "golden/network.hpp"
#include "kernels/oct_network.h"

namespace oct::integer {
namespace {

namespace net = golden::net;
using Args = std::vector<std::int32_t>;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;

// ---- Golden functions --------------------------------------------------------------------------

template <typename T>
T* row(const Rows& r, std::int64_t i) {
  return reinterpret_cast<T*>(r.data + i * r.stride);
}
template <typename T>
const T* constant(const KernelCall& c, std::size_t i) {
  return reinterpret_cast<const T*>(c.constants.at(i));
}
unsigned size_arg(const KernelCall& c, std::size_t i) {
  return static_cast<unsigned>(c.args.at(i));
}
golden::engine::Scale scale_arg(const KernelCall& c, std::size_t i) {
  const auto k = golden::engine::unpack_scale(static_cast<std::uint32_t>(c.args.at(i)));
  if (k.s < net::kMinShift || k.s > net::kMaxShift) {
    throw ir::GraphError(
        fmt::format("kernel argument {}: scale {} * 2^-{}, a shift of {} to {} is wanted", i, k.m,
                    k.s, net::kMinShift, net::kMaxShift));
  }
  return k;
}

template <typename X, typename Y>
void norm(const KernelCall& c, bool layer) {
  const auto low = static_cast<std::uint32_t>(c.args.at(3));
  const auto high = static_cast<std::uint64_t>(static_cast<std::uint32_t>(c.args.at(4)));
  const net::Norm p{size_arg(c, 0), size_arg(c, 1), size_arg(c, 2), high << 32 | low};
  if (sizeof(X) == 2 && p.pre < net::norm_pre(p.n)) {
    throw ir::GraphError(fmt::format("norm of {} values: pre is {}, at least {} is wanted", p.n,
                                     p.pre, net::norm_pre(p.n)));
  }
  for (std::int64_t i = 0; i < c.rows; ++i) {
    const X* x = row<X>(c.inputs.at(0), i);
    Y* y = row<Y>(c.outputs.at(0), i);
    const auto* gamma = constant<i16>(c, 0);
    if (layer) {
      net::layernorm(p, x, gamma, constant<i16>(c, 1), y);
    } else {
      net::rmsnorm(p, x, gamma, y);
    }
  }
}
template <typename X, typename Y>
void layernorm(const KernelCall& c) {
  norm<X, Y>(c, true);
}
template <typename X, typename Y>
void rmsnorm(const KernelCall& c) {
  norm<X, Y>(c, false);
}

template <typename X>
void softmax(const KernelCall& c) {
  if (std::memcmp(c.constants.at(0), net::softmax_table().data(), 128) != 0) {
    throw ir::GraphError("softmax: its constant is not golden::net::softmax_table()");
  }
  const auto out = golden::engine::unpack_scale(static_cast<std::uint32_t>(c.args.at(2)));
  for (std::int64_t i = 0; i < c.rows; ++i) {
    net::softmax(size_arg(c, 0), scale_arg(c, 1), out, row<X>(c.inputs.at(0), i),
                 row<i8>(c.outputs.at(0), i));
  }
}

/// f(row, element) for all.
template <typename F>
void elements(const KernelCall& c, F f) {
  for (std::int64_t i = 0; i < c.rows; ++i)
    for (std::int32_t j = 0; j < c.args.at(0); ++j) f(i, j);
}

template <typename A, typename B, typename Y>
void add(const KernelCall& c) {
  const auto arq = static_cast<std::uint32_t>(c.args.at(1));
  elements(c, [&](std::int64_t i, i32 j) {
    row<Y>(c.outputs[0], i)[j] =
        net::add<Y>(row<A>(c.inputs[0], i)[j], row<B>(c.inputs[1], i)[j], arq);
  });
}
template <typename A, typename B, typename Y>
void mul(const KernelCall& c) {
  const auto k = scale_arg(c, 1);
  elements(c, [&](std::int64_t i, i32 j) {
    row<Y>(c.outputs[0], i)[j] =
        net::mul<Y>(row<A>(c.inputs[0], i)[j], row<B>(c.inputs[1], i)[j], k);
  });
}
template <typename X, typename Y>
void requant(const KernelCall& c) {
  const auto k = scale_arg(c, 1);
  elements(c, [&](std::int64_t i, i32 j) {
    row<Y>(c.outputs[0], i)[j] = net::scaled<Y>(row<X>(c.inputs[0], i)[j], k);
  });
}
template <typename X, typename Y>
void affine(const KernelCall& c) {
  elements(c, [&](std::int64_t i, i32 j) {
    row<Y>(c.outputs[0], i)[j] = net::affine<Y>(row<X>(c.inputs[0], i)[j], constant<i16>(c, 0)[j],
                                                constant<i16>(c, 1)[j], size_arg(c, 1));
  });
}
void table_i8(const KernelCall& c) {
  elements(c, [&](std::int64_t i, i32 j) {
    row<i8>(c.outputs[0], i)[j] = constant<i8>(c, 0)[row<i8>(c.inputs[0], i)[j] + 128];
  });
}
template <typename Y>
void table_i16(const KernelCall& c) {
  elements(c, [&](std::int64_t i, i32 j) {
    row<Y>(c.outputs[0], i)[j] =
        net::table_i16<Y>(row<i16>(c.inputs[0], i)[j], constant<i16>(c, 0));
  });
}

template <typename X, typename Y>
void rotary(const KernelCall& c) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    net::rotary(size_arg(c, 0), size_arg(c, 1), size_arg(c, 2), c.args.at(3) != 0, scale_arg(c, 4),
                row<X>(c.inputs.at(0), i), row<i16>(c.inputs.at(1), i), row<Y>(c.outputs.at(0), i));
  }
}
template <typename X, typename Y>
void turn(const KernelCall& c) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    net::turn(size_arg(c, 0), size_arg(c, 1), size_arg(c, 2), c.args.at(3) != 0, scale_arg(c, 4),
              size_arg(c, 5), row<X>(c.inputs.at(0), i), row<i16>(c.inputs.at(1), i),
              row<Y>(c.outputs.at(0), i));
  }
}
void key_mask(const KernelCall& c) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    net::key_mask(size_arg(c, 0), row<std::int64_t>(c.inputs.at(0), i),
                  row<std::uint8_t>(c.outputs.at(0), i));
  }
}

template <typename T>
net::Plane<const T> in_plane(const KernelCall& c) {
  return {row<T>(c.inputs.at(0), 0), c.inputs.at(0).stride};
}
template <typename T>
net::Plane<T> out_plane(const KernelCall& c) {
  return {row<T>(c.outputs.at(0), 0), c.outputs.at(0).stride};
}
template <typename T>
void transpose(const KernelCall& c) {
  net::transpose<T>(static_cast<unsigned>(c.rows), size_arg(c, 0), in_plane<T>(c), out_plane<T>(c));
}
template <typename X, typename Y>
void mean(const KernelCall& c) {
  net::mean<X, Y>(static_cast<unsigned>(c.rows), size_arg(c, 0), scale_arg(c, 1), in_plane<X>(c),
                  row<Y>(c.outputs.at(0), 0));
}
net::Pool pool_args(const Args& a) {
  return {a.at(0), a.at(1), a.at(2), a.at(3), a.at(4), a.at(5),
          a.at(6), a.at(7), a.at(8), a.at(9), a.at(10)};
}
template <typename T>
void maxpool(const KernelCall& c) {
  net::maxpool<T>(pool_args(c.args), in_plane<T>(c), out_plane<T>(c));
}
template <typename X, typename Y>
void avgpool(const KernelCall& c) {
  net::avgpool<X, Y>(pool_args(c.args), c.args.at(11) != 0, scale_arg(c, 12), in_plane<X>(c),
                     out_plane<Y>(c));
}

// ---- Cost: cycles of the longest worker --------------------------------------------------------
// Constants as measured on octant with `octant sim network_kernels.elf`, which prints measured and
// estimated cycles; element costs in hundredths of a cycle.

double share(std::int64_t units, std::int64_t workers) {
  return static_cast<double>((units + workers - 1) / workers);
}

/// Rows are dealt out; where there are fewer than workers, they share a row's columns and meet for
/// its sums; one row of whole eights goes in a straight line, `Straight` cycles less.
template <int Start, int Row, int Sum, int Scale, int Straight>
double norm_cost(std::int64_t rows, const Args& a, unsigned workers) {
  const auto n = std::int64_t{a.at(0)};
  const std::int64_t parts = rows > 0 && rows < workers ? workers / rows : 1;
  const double columns = share((n + 7) / 8, parts) * 8;
  const double meet = parts > 1 ? 30 : 0, straight = rows == 1 && n % 8 == 0 ? Straight : 0;
  return Start + meet - straight +
         share(rows, workers) * (Row + columns * Sum / 100 + columns * Scale / 100);
}
template <int Start, int Row, int Element>
double row_cost(std::int64_t rows, const Args& a, unsigned workers) {
  return Start + share(rows, workers) * (Row + a.at(0) * (Element / 100.0));
}
/// Blocks of 16 elements are dealt out.
template <int Start, int Element>
double block_cost(std::int64_t rows, const Args& a, unsigned workers) {
  constexpr double kPiece = 15;
  const std::int64_t blocks = std::max<std::int64_t>((a.at(0) + 15) / 16, 1);
  const double turns = share(rows * blocks, workers);
  const double elements = turns * a.at(0) / static_cast<double>(blocks);
  return Start + kPiece * std::ceil(turns / static_cast<double>(blocks)) + elements * Element / 100;
}
/// Short rows, one for each worker, go in a straight line.
template <int Start, int Element>
double requant_bytes_cost(std::int64_t rows, const Args& a, unsigned workers) {
  return a.at(0) == 8 && rows <= workers ? 82 : block_cost<Start, Element>(rows, a, workers);
}
/// Fast for a range of shifts.
template <int Low, int High, int Start, int Fast, int Slow>
double affine_cost(std::int64_t rows, const Args& a, unsigned workers) {
  return a.at(1) >= Low && a.at(1) <= High ? block_cost<Start, Fast>(rows, a, workers)
                                           : block_cost<Start, Slow>(rows, a, workers);
}
/// Heads are dealt out; halves whose size is a multiple of four are fast.
template <int Start, int Head, int Fast, int Slow>
double rotary_cost(std::int64_t rows, const Args& a, unsigned workers) {
  const bool fast = a.at(3) == 0 && a.at(2) % 8 == 0;
  return Start + share(rows * (a.at(0) / std::max(a.at(1), 1)), workers) *
                     (Head + a.at(1) * ((fast ? Fast : Slow) / 100.0));
}
double turn_cost(std::int64_t rows, const Args& a, unsigned workers) {
  const bool fast = rows == 1 && a.at(3) == 0 && a.at(1) == a.at(2) && a.at(1) % 8 == 0;
  return (fast ? 105 : 200) + share(rows * (a.at(0) / std::max(a.at(1), 1)), workers) *
                                  (10 + a.at(1) * (fast ? 5.5 : 20.0) + a.at(5) / 6.0);
}
double mask_cost(std::int64_t rows, const Args& a, unsigned workers) {
  return 60 + share(rows * ((a.at(0) + 63) / 64 * 8), workers) * 42;
}
/// Groups of columns are dealt out.
template <int Columns, int Start, int Group, int Element>
double column_cost(std::int64_t rows, const Args& a, unsigned workers) {
  return Start + share((a.at(0) + Columns - 1) / Columns, workers) *
                     (Group + static_cast<double>(rows * Columns) * Element / 100);
}
/// Output pixels are dealt out; `Word` channels at a time.
template <int Word>
double pool_cost(std::int64_t, const Args& a, unsigned workers) {
  const double words = share(a.at(0), Word), window = a.at(3) * a.at(4);
  return 100 + share(std::int64_t{a.at(9)} * a.at(10), workers) *
                   (250 + words * (12 + window * (Word == 4 ? 11 : 8)));
}

// ---- The table ---------------------------------------------------------------------------------

using Golden = void (*)(const KernelCall&);
using Cycles = double (*)(std::int64_t, const Args&, unsigned);

const std::unordered_map<std::string_view, int (*)(void*, unsigned, unsigned)>& functions() {
#define OCT_HOST(name) {#name, oct_net_##name},
  static const std::unordered_map<std::string_view, int (*)(void*, unsigned, unsigned)> table = {
      OCT_NET_KERNELS(OCT_HOST)};
#undef OCT_HOST
  return table;
}
/// "oct_net_" + name, with a life as long as the program's.
std::string_view function_name(std::string_view name) {
#define OCT_NAME(n) {#n, "oct_net_" #n},
  static const std::unordered_map<std::string_view, std::string_view> table = {
      OCT_NET_KERNELS(OCT_NAME)};
#undef OCT_NAME
  return table.at(name);
}

class Table {
 public:
  Table() {
    constexpr Elem k8 = Elem::kI8, k16 = Elem::kI16, k32 = Elem::kI32;
    const std::vector<Elem> params{k16, k16};
#define OCT_XY(kernel, constants, args, c88, c816, c168, c1616)                \
  put(#kernel "_i8_i8", {k8}, {k8}, constants, args, kernel<i8, i8>, c88);     \
  put(#kernel "_i8_i16", {k8}, {k16}, constants, args, kernel<i8, i16>, c816); \
  put(#kernel "_i16_i8", {k16}, {k8}, constants, args, kernel<i16, i8>, c168); \
  put(#kernel "_i16_i16", {k16}, {k16}, constants, args, kernel<i16, i16>, c1616);
#define OCT_ABY(kernel, c888, c8816, cm8, cm16, c16168, c161616)                     \
  put(#kernel "_i8_i8_i8", {k8, k8}, {k8}, {}, 2, kernel<i8, i8, i8>, c888);         \
  put(#kernel "_i8_i8_i16", {k8, k8}, {k16}, {}, 2, kernel<i8, i8, i16>, c8816);     \
  put(#kernel "_i8_i16_i8", {k8, k16}, {k8}, {}, 2, kernel<i8, i16, i8>, cm8);       \
  put(#kernel "_i8_i16_i16", {k8, k16}, {k16}, {}, 2, kernel<i8, i16, i16>, cm16);   \
  put(#kernel "_i16_i8_i8", {k16, k8}, {k8}, {}, 2, kernel<i16, i8, i8>, cm8);       \
  put(#kernel "_i16_i8_i16", {k16, k8}, {k16}, {}, 2, kernel<i16, i8, i16>, cm16);   \
  put(#kernel "_i16_i16_i8", {k16, k16}, {k8}, {}, 2, kernel<i16, i16, i8>, c16168); \
  put(#kernel "_i16_i16_i16", {k16, k16}, {k16}, {}, 2, kernel<i16, i16, i16>, c161616);

    OCT_XY(layernorm, params, 5, (norm_cost<60, 260, 75, 415, -10>),
           (norm_cost<60, 290, 75, 510, 0>), (norm_cost<60, 355, 250, 315, 93>),
           (norm_cost<60, 230, 250, 450, -43>))
    OCT_XY(rmsnorm, {k16}, 5, (norm_cost<60, 275, 75, 440, 111>), (norm_cost<60, 190, 75, 440, 27>),
           (norm_cost<60, 285, 200, 250, 140>), (norm_cost<60, 215, 200, 365, 60>))
    put("softmax_i8_i8", {k8}, {k8}, {k16}, 3, softmax<i8>, row_cost<60, 450, 2980>);
    put("softmax_i16_i8", {k16}, {k8}, {k16}, 3, softmax<i16>, row_cost<60, 420, 3180>);
    OCT_ABY(add, (block_cost<105, 115>), (block_cost<120, 527>), (block_cost<120, 400>),
            (block_cost<120, 410>), (block_cost<110, 356>), (block_cost<115, 227>))
    OCT_ABY(mul, (block_cost<170, 690>), (block_cost<170, 690>), (block_cost<170, 660>),
            (block_cost<170, 690>), (block_cost<160, 670>), (block_cost<160, 680>))
    OCT_XY(requant, {}, 2, (requant_bytes_cost<115, 245>), (block_cost<115, 270>),
           (block_cost<115, 246>), (block_cost<115, 278>))
    put("requant_i32_i8", {k32}, {k8}, {}, 2, requant<i32, i8>, block_cost<117, 240>);
    put("requant_i32_i16", {k32}, {k16}, {}, 2, requant<i32, i16>, block_cost<120, 268>);
    OCT_XY(affine, params, 2, (affine_cost<12, 15, 180, 540, 1690>),
           (affine_cost<1, 0, 160, 0, 1210>), (affine_cost<18, 23, 260, 445, 1690>),
           (affine_cost<1, 0, 160, 0, 1210>))
    put("table_i8_i8", {k8}, {k8}, {k8}, 1, table_i8, block_cost<89, 349>);
    put("table_i16_i16", {k16}, {k16}, {k16}, 1, table_i16<i16>, block_cost<180, 1540>);
    put("table_i16_i8", {k16}, {k8}, {k16}, 1, table_i16<i8>, block_cost<150, 1660>);
    const auto rotate = [&](std::string_view name, Elem x, Elem y, Golden g) {
      put(name, {x, k16}, {y}, {}, 5, g, rotary_cost<150, 60, 730, 1100>);
    };
    rotate("rotary_i8_i8", k8, k8, rotary<i8, i8>);
    rotate("rotary_i8_i16", k8, k16, rotary<i8, i16>);
    rotate("rotary_i16_i8", k16, k8, rotary<i16, i8>);
    rotate("rotary_i16_i16", k16, k16, rotary<i16, i16>);
    const auto put_turn = [&](std::string_view name, Elem x, Elem y, Golden g) {
      put(name, {x, k16}, {y}, {}, 6, g, turn_cost);
    };
    put_turn("turn_i8_i8", k8, k8, turn<i8, i8>);
    put_turn("turn_i8_i16", k8, k16, turn<i8, i16>);
    put_turn("turn_i16_i8", k16, k8, turn<i16, i8>);
    put_turn("turn_i16_i16", k16, k16, turn<i16, i16>);
    put("key_mask", {Elem::kI64}, {Elem::kU8}, {}, 1, key_mask, mask_cost);
    row_wise_ = false;
    put("transpose_b1", {k8}, {k8}, {}, 1, transpose<i8>, column_cost<4, 105, 33, 160>);
    put("transpose_b2", {k16}, {k16}, {}, 1, transpose<i16>, column_cost<2, 105, 27, 327>);
    OCT_XY(mean, {}, 2, (column_cost<4, 105, 25, 250>), (column_cost<4, 105, 25, 253>),
           (column_cost<4, 120, 26, 270>), (column_cost<4, 100, 25, 276>))
    put("maxpool_i8", {k8}, {k8}, {}, 11, maxpool<i8>, pool_cost<4>);
    put("maxpool_i16", {k16}, {k16}, {}, 11, maxpool<i16>, pool_cost<2>);
    OCT_XY(avgpool, {}, 13, pool_cost<4>, pool_cost<4>, pool_cost<4>, pool_cost<4>)
#undef OCT_XY
#undef OCT_ABY
    for (std::size_t i = 0; i < entries_.size(); ++i) index_.emplace(entries_[i].name, i);
  }

  [[nodiscard]] const std::vector<KernelInfo>& entries() const { return entries_; }
  [[nodiscard]] const KernelInfo* find(std::string_view name) const {
    const auto it = index_.find(name);
    if (it != index_.end()) return &entries_[it->second];
    for (const auto* more : {&dialect_kernels(), &quantised_kernels()}) {
      for (const KernelInfo& info : *more) {
        if (info.name == name) return &info;
      }
    }
    return nullptr;
  }

 private:
  void put(std::string_view name, std::vector<Elem> inputs, std::vector<Elem> outputs,
           std::vector<Elem> constants, std::size_t args, Golden golden, Cycles cycles) {
    entries_.push_back({name, function_name(name), row_wise_, std::move(inputs), std::move(outputs),
                        std::move(constants), args, golden, functions().at(name), cycles});
  }

  bool row_wise_ = true;
  std::vector<KernelInfo> entries_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

const Table& the_table() {
  static const Table table;
  return table;
}

}  // namespace

const KernelInfo& kernel_info(std::string_view name) {
  const KernelInfo* info = the_table().find(name);
  if (info == nullptr) {
    throw ir::GraphError(
        fmt::format("there is no kernel {}; those that exist: OCT_NET_KERNELS in "
                    "sw/kernels/oct_network.h",
                    name));
  }
  return *info;
}
bool has_kernel(std::string_view name) { return the_table().find(name) != nullptr; }
const std::vector<KernelInfo>& all_kernels() { return the_table().entries(); }

}  // namespace oct::integer
