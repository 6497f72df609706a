// SPDX-License-Identifier: Apache-2.0
// The kernels of the integer dialect: golden functions and costs. Operands have the element types
// that args[1] names (sw/kernels/oct_dialect.h).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "compiler/integer/kernels.hpp"
#include "compiler/ir/tensor.hpp"
#include "golden/dialect.hpp"
#include "kernels/oct_dialect.h"

namespace oct::integer {
namespace {

namespace dialect = golden::dialect;
using dialect::i64;
using Args = std::vector<std::int32_t>;
using Values = std::vector<i64>;

std::size_t index(i64 i) { return static_cast<std::size_t>(i); }

i64 get(const std::uint8_t* at, i64 i, Elem e) {
  if (e == Elem::kI8) return reinterpret_cast<const std::int8_t*>(at)[i];
  if (e == Elem::kU8) return at[i];
  std::int32_t v = 0;
  std::memcpy(&v, at + 4 * i, sizeof v);
  return v;
}

/// An operand of a call: inputs first, then outputs.
class Operand {
 public:
  Operand(const KernelCall& c, std::size_t i)
      : rows_(i < c.inputs.size() ? c.inputs[i] : c.outputs.at(i - c.inputs.size())),
        elem_(typed_elem(c.args, i)) {}
  [[nodiscard]] i64 at(i64 row, i64 i) const {
    return get(rows_.data + row * rows_.stride, i, elem_);
  }
  void put(i64 row, i64 i, i64 v) const {
    std::uint8_t* to = rows_.data + row * rows_.stride;
    const std::int32_t narrow = dialect::int32(v);
    if (elem_ == Elem::kI32) {
      std::memcpy(to + 4 * i, &narrow, sizeof narrow);
      return;
    }
    const bool fits = elem_ == Elem::kU8 ? v >= 0 && v <= 255 : v >= -128 && v <= 127;
    if (!fits) throw dialect::Overflow(fmt::format("the result {} does not fit 8 bits", v));
    to[i] = static_cast<std::uint8_t>(v);
  }
  [[nodiscard]] const std::int32_t* words(i64 row) const {
    return reinterpret_cast<const std::int32_t*>(rows_.data + row * rows_.stride);
  }
  [[nodiscard]] Values row(i64 r, i64 n) const {
    Values v(index(n));
    for (i64 i = 0; i < n; ++i) v[index(i)] = at(r, i);
    return v;
  }
  void put(i64 r, const Values& v) const {
    for (std::size_t i = 0; i < v.size(); ++i) put(r, static_cast<i64>(i), v[i]);
  }

 private:
  Rows rows_;
  Elem elem_;
};

/// f(row, element) -> result, for all.
template <typename F>
void elements(const KernelCall& c, F f) {
  const Operand y(c, c.inputs.size());
  for (i64 r = 0; r < c.rows; ++r)
    for (i64 i = 0; i < c.args[0]; ++i) y.put(r, i, f(r, i));
}
/// f(row, results) for each row.
template <typename F>
void rows(const KernelCall& c, F f) {
  const Operand x(c, 0), y(c, c.inputs.size());
  Values out(index(c.args[0]));
  for (i64 r = 0; r < c.rows; ++r) {
    f(r, x.row(r, c.args[0]), out);
    y.put(r, out);
  }
}

void rq(const KernelCall& c) {
  const Operand x(c, 0), m(c, 1), a(c, 2);
  const Args& k = c.args;
  elements(c, [&](i64 r, i64 i) {
    return dialect::requant_shift(x.at(r, i), m.at(r, i), a.at(r, i), static_cast<unsigned>(k[2]),
                                  {k[3], k[4]});
  });
}
void rq1(const KernelCall& c) {
  const Operand x(c, 0);
  const Args& k = c.args;
  elements(c, [&](i64 r, i64 i) {
    return dialect::requant_shift(x.at(r, i), k[2], k[3], static_cast<unsigned>(k[4]),
                                  {k[5], k[6]});
  });
}
void binary(const KernelCall& c) {
  const Operand a(c, 0), b(c, 1);
  elements(c, [&](i64 r, i64 i) {
    const i64 u = a.at(r, i), v = b.at(r, i);
    return std::array{u + v, u - v, u * v, std::max(u, v), std::min(u, v)}.at(index(c.args[2]));
  });
}
void act(const KernelCall& c) {
  const Operand x(c, 0);
  const Args& k = c.args;
  elements(c, [&](i64 r, i64 i) {
    return k[2] == 0 ? dialect::gelu(x.at(r, i), k[3], k[4])
                     : dialect::hardswish(x.at(r, i), k[3], k[4], k[5]);
  });
}
void nonorm(const KernelCall& c) {
  const Operand x(c, 0), w(c, 1), bias(c, 2);
  const Args& k = c.args;
  elements(c, [&](i64 r, i64 i) {
    return dialect::nonorm(x.at(r, i), w.at(r, i), bias.at(r, i), k[2], k[3], {k[4], k[5]});
  });
}
void softmax(const KernelCall& c) {
  const Args& k = c.args;
  rows(c, [&](i64, const Values& x, Values& y) {
    if (k[2] == 0) return dialect::softmax({k[3], k[4], k[5], k[6], k[7]}, x, y);
    if (k[2] == 1) return dialect::ita_max(k[3], x, y);
    dialect::ita_partial_max(k[3], index(k[4]), x, y);
  });
}
void norm(const KernelCall& c) {
  const Operand w(c, 1), bias(c, 2);
  const Args& k = c.args;
  rows(c, [&](i64 r, const Values& x, Values& y) {
    const dialect::Clip clip{k[4], k[5]};
    if (k[2] == 0) return dialect::layernorm(x, w.words(r), bias.words(r), k[3], clip, y);
    dialect::rmsnorm(x, w.words(r), k[3], clip, y);
  });
}
void reduce(const KernelCall& c) {
  const Operand x(c, 0), y(c, 1);
  for (i64 i = 0; i < c.args[0]; ++i) {
    Values column(index(c.rows));
    i64 sum = 0;
    for (i64 r = 0; r < c.rows; ++r) sum = dialect::add(sum, column[index(r)] = x.at(r, i));
    const auto [low, high] = std::minmax_element(column.begin(), column.end());
    y.put(0, i,
          std::array{sum, dialect::mean(sum, std::max(c.args[3], 1)), *high, *low}.at(
              index(c.args[2])));
  }
}

template <typename A, typename B>
i64 dot(const std::uint8_t* a, const std::uint8_t* b, i64 n) {
  const auto* x = reinterpret_cast<const A*>(a);
  const auto* y = reinterpret_cast<const B*>(b);
  using Sum = std::conditional_t<sizeof(A) + sizeof(B) == 2, std::int32_t, i64>;
  if constexpr (sizeof(Sum) == 4) {  // at most 2^16 a product
    i64 total = 0;
    for (i64 from = 0; from < n; from += 16384) {
      Sum sum = 0;
      for (i64 i = from; i < std::min(n, from + 16384); ++i) sum += Sum{x[i]} * y[i];
      total += sum;
    }
    return total;
  } else {
    i64 total = 0;
    for (i64 i = 0; i < n; ++i) total = dialect::add(total, i64{x[i]} * y[i]);
    return total;
  }
}
template <typename A>
i64 dot(const std::uint8_t* a, const std::uint8_t* b, i64 n, Elem e) {
  return e == Elem::kI8   ? dot<A, std::int8_t>(a, b, n)
         : e == Elem::kU8 ? dot<A, std::uint8_t>(a, b, n)
                          : dot<A, std::int32_t>(a, b, n);
}
void product(const KernelCall& c, bool sum) {
  const Args& k = c.args;
  const Elem at = typed_elem(k, 0), bt = typed_elem(k, 1);
  const Operand y(c, c.inputs.size());
  for (i64 r = 0; r < c.rows; ++r) {
    const std::uint8_t* a = c.inputs[0].data + r * c.inputs[0].stride;
    for (i64 j = 0; j < k[2]; ++j) {
      const std::uint8_t* b = c.inputs[1].data + j * k[3];
      const i64 v = at == Elem::kI8   ? dot<std::int8_t>(a, b, k[0], bt)
                    : at == Elem::kU8 ? dot<std::uint8_t>(a, b, k[0], bt)
                                      : dot<std::int32_t>(a, b, k[0], bt);
      y.put(r, j, sum ? dialect::add(dialect::mul(v, k[4]), Operand(c, 2).at(r, j)) : v);
    }
  }
}
void matmul(const KernelCall& c) { product(c, false); }
void matmul_c(const KernelCall& c) { product(c, true); }

// ---- Cost --------------------------------------------------------------------------------------

double share(i64 units, unsigned workers) {
  return static_cast<double>((units + workers - 1) / workers);
}
/// Blocks of 16 elements are dealt out.
template <int Start, int Element>
double element_cost(i64 rows, const Args& a, unsigned workers) {
  const i64 blocks = std::max<i64>((a.at(0) + 15) / 16, 1);
  const double turns = share(rows * blocks, workers);
  return Start + turns * (a.at(0) / static_cast<double>(blocks) * Element / 100) +
         20 * std::ceil(turns / static_cast<double>(blocks));
}
template <int Start, int Row, int Element>
double row_cost(i64 rows, const Args& a, unsigned workers) {
  return Start + share(rows, workers) * (Row + a.at(0) * (Element / 100.0));
}
double rq_cost(i64 rows, const Args& a, unsigned workers) {
  return a.back() != 0 ? element_cost<160, 1900>(rows, a, workers)
                       : element_cost<160, 1000>(rows, a, workers);
}
double norm_cost(i64 rows, const Args& a, unsigned workers) {
  return a.back() != 0 ? row_cost<200, 900, 9000>(rows, a, workers)
                       : row_cost<200, 700, 4500>(rows, a, workers);
}
double reduce_cost(i64 rows, const Args& a, unsigned workers) {
  return 100 + share(a.at(0), workers) * (20 + 7.0 * static_cast<double>(rows));
}
double product_cost(i64 rows, const Args& a, unsigned workers) {
  const bool bytes = typed_elem(a, 0) != Elem::kI32 && typed_elem(a, 1) != Elem::kI32;
  const bool fast = (a.at(1) & 0xff) == 0 && a.at(0) % 8 == 0;
  const double tiles = share((rows + 3) / 4 * ((a.at(2) + 3) / 4), workers);
  return 150 + tiles * (130 + a.at(0) * (fast ? 6.6 : bytes ? 12.0 : 190.0));
}

struct Row {
  std::string_view name;
  bool row_wise;
  void (*golden)(const KernelCall&);
  double (*cycles)(i64, const Args&, unsigned);
};
constexpr std::array<Row, 10> kRows{{{"d_rq", true, rq, rq_cost},
                                     {"d_rq1", true, rq1, rq_cost},
                                     {"d_binary", true, binary, element_cost<150, 900>},
                                     {"d_act", true, act, element_cost<150, 1800>},
                                     {"d_nonorm", true, nonorm, element_cost<160, 2400>},
                                     {"d_softmax", true, softmax, row_cost<150, 300, 9000>},
                                     {"d_norm", true, norm, norm_cost},
                                     {"d_reduce", false, reduce, reduce_cost},
                                     {"d_matmul", true, matmul, product_cost},
                                     {"d_matmul_c", true, matmul_c, product_cost}}};

}  // namespace

Elem typed_elem(const std::vector<std::int32_t>& args, std::size_t operand) {
  constexpr std::array<Elem, 3> kElems{Elem::kI8, Elem::kU8, Elem::kI32};
  const auto code = static_cast<std::uint32_t>(args.at(1)) >> (4 * operand) & 15;
  if (code >= kElems.size()) {
    throw ir::GraphError(fmt::format("kernel argument 1: {} is no element type", code));
  }
  return kElems.at(code);
}

const std::vector<KernelInfo>& dialect_kernels() {
  static const std::vector<KernelInfo> table = [] {
    std::vector<KernelInfo> t;
    const auto put = [&](std::string_view name, std::string_view function, std::size_t inputs,
                         std::size_t args, int (*host)(void*, unsigned, unsigned)) {
      const auto* row =
          std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.name == name; });
      if (row == kRows.end()) throw ir::GraphError(fmt::format("kernel {} is not listed", name));
      KernelInfo info;
      info.name = name, info.function = function;
      info.row_wise = row->row_wise, info.typed = true;
      info.inputs.assign(inputs, Elem::kI32), info.outputs.assign(1, Elem::kI32);
      info.args = args;
      info.golden = row->golden, info.host = host, info.cycles = row->cycles;
      t.push_back(std::move(info));
    };
#define OCT_PUT(name, inputs, args) put(#name, "oct_net_" #name, inputs, args, oct_net_##name);
    OCT_NET_DIALECT(OCT_PUT)
#undef OCT_PUT
    return t;
  }();
  return table;
}

}  // namespace oct::integer
