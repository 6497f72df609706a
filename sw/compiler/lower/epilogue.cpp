// SPDX-License-Identifier: Apache-2.0
// Epilogues: planes of parameters and tables of a product, from real numbers.
#include <algorithm>
#include <cmath>

#include "compiler/lower/numbers.hpp"
#include "compiler/lower/product.hpp"

namespace oct::lower {
namespace {

/// Parameters of the epilogue.
struct Columns {
  const Context& ctx;
  const Chain& chain;
  std::size_t n;

  [[nodiscard]] double gain(std::size_t i) const {
    return chain.product_sign * (chain.gain.empty() ? 1 : chain.gain[i]);
  }
  [[nodiscard]] double residual_gain(std::size_t i) const {
    return chain.residual_sign * (chain.residual_gain.empty() ? 1 : chain.residual_gain[i]);
  }
  [[nodiscard]] bool shifted() const {
    return std::any_of(chain.shift.begin(), chain.shift.end(), [](double s) { return s != 0; });
  }
};

/// The integers as they are.
Table unchanged(double step) {
  Table table{{}, step};
  for (int i = -128; i < 128; ++i) table.entries.push_back(static_cast<std::uint8_t>(i));
  return table;
}

}  // namespace

void fill_epilogue(Context& ctx, const Chain& chain, Factors& f, const View& y, const View& r,
                   const std::string& name, integer::Epilogue& e) {
  const std::size_t n = f.scale_w.size();
  const Columns c{ctx, chain, n};
  const double sy = ctx.scale(y);
  const std::int32_t zy = ctx.zero(y);
  std::vector<double> unit(n), factor(n);  // of the accumulator; behind the table
  for (std::size_t i = 0; i < n; ++i) {
    // A channel without weights: steps that hold the bias.
    if (f.scale_w[i] == 0) f.scale_w[i] = sy / f.scale_a / 256;
    unit[i] = f.scale_a * f.scale_w[i];
  }
  double table_step = 0, table_zero = 0;  // of its results; of what it reads, as a real number
  std::int32_t zero_late = zy;            // behind the table
  const bool rounded = chain.before_functions != ir::kNone;
  if (rounded) {
    const double step = ctx.scale_as(chain.before_functions, Elem::kI8);
    const bool exact = !chain.functions.empty() && !chain.multiply && chain.residual == ir::kNone &&
                       chain.gain.empty() && ctx.elem(y) == Elem::kI8;
    const std::int32_t zero = ctx.zero_as(chain.before_functions, Elem::kI8);
    const Table table = chain.functions.empty()
                            ? unchanged(step)
                            : make_table(ctx.graph, chain.functions, {step, zero},
                                         {exact ? sy : 0, exact ? zy : 0});
    table_zero = zero * step;
    if (exact) zero_late = 0;
    table_step = table.step;
    e.table = ctx.constant(name + ".table", Elem::kU8, {256}, table.entries);
    std::vector<std::uint32_t> words;
    for (std::size_t i = 0; i < n; ++i) words.push_back(scale_word(unit[i] / step, 14));
    e.plane_c = ctx.constant_words(name + ".plane_c", words);
  }
  for (std::size_t i = 0; i < n; ++i) {
    factor[i] = (table_step != 0 ? table_step : unit[i]) * c.gain(i) / sy;
  }
  unsigned shift = 0;  // of the product with the residual
  if (chain.multiply) {
    // u in as many bits as there are: the largest is 2^22.5 at the largest value seen.
    const double most = table_step != 0 ? 127 * table_step
                                        : ctx.quant(ctx.graph.node(chain.product).output).max_abs;
    const double whole = ctx.scale(r) / sy * 0x1p14;  // y in F = u real * r * whole
    const double bits = std::floor(std::log2(0x1.6p22 / std::max(most * whole, 1e-30)));
    shift = static_cast<unsigned>(std::clamp(bits, 0.0, 63.0));
    for (std::size_t i = 0; i < n; ++i) {
      // m1 brings u to whole * 2^shift; scale_word takes the 14 bits of F away again.
      factor[i] = factor[i] * ctx.scale(r) * std::ldexp(1.0, static_cast<int>(shift));
    }
  }
  std::vector<std::int32_t> bias(n, 0);
  std::vector<double> late(n, 0);  // what the accumulator cannot hold
  for (std::size_t i = 0; i < n; ++i) {
    // Zero points: of the operand, and of what the table reads.
    double b = ((f.bias.empty() ? 0 : f.bias[i]) + table_zero) / unit[i];
    if (f.zero_a != 0) b -= static_cast<double>(f.zero_a) * static_cast<double>(f.sum_w[i]);
    if (std::abs(b) < 0x1p30 || rounded || chain.relu || chain.multiply) {
      bias[i] = to_int32(b);
    } else {
      late[i] = b * unit[i] * c.gain(i);
    }
    // What passes a table unchanged still has its zero point.
    if (rounded && chain.functions.empty()) late[i] -= table_zero * c.gain(i);
  }
  e.plane_a = ctx.constant(name + ".plane_a", Elem::kI32, {static_cast<std::int64_t>(2 * n)},
                           plane_a(bias, factor));
  const bool any_late = std::any_of(late.begin(), late.end(), [](double d) { return d != 0; });
  if (chain.residual != ir::kNone || c.shifted() || any_late || zero_late != 0) {
    std::vector<std::uint32_t> words;
    for (std::size_t i = 0; i < n; ++i) {
      std::uint32_t m2 = 0;
      if (chain.multiply) {
        m2 = static_cast<std::uint32_t>(shift) << 24;
      } else if (chain.residual != ir::kNone) {
        m2 = scale_word(ctx.scale(r) * c.residual_gain(i) / sy, 14);
      }
      words.push_back(m2);
      double b = (chain.shift.empty() ? 0 : chain.shift[i]) + late[i];
      if (chain.residual != ir::kNone) b -= ctx.zero(r) * ctx.scale(r) * c.residual_gain(i);
      words.push_back(static_cast<std::uint32_t>(to_int32((b / sy + zero_late) * 0x1p14)));
    }
    e.plane_b = ctx.constant_words(name + ".plane_b", words);
  }
  e.relu = chain.relu;
  const unsigned bits = ctx.elem(y) == Elem::kI8 ? 8 : 16;
  e.lo = to_bits(std::nearbyint(std::max(chain.low / sy, -0x1p30)) + zy, bits);
  e.hi = to_bits(std::nearbyint(std::min(chain.high / sy, 0x1p30)) + zy, bits);
  if (chain.residual != ir::kNone) {
    e.residual =
        chain.multiply ? integer::Epilogue::Residual::kMultiply : integer::Epilogue::Residual::kAdd;
  }
}

}  // namespace oct::lower
