// SPDX-License-Identifier: Apache-2.0
// Random jobs of every kernel in the table.
#include <bit>

#include "compiler/integer/kernels.hpp"
#include "compiler/integer/random_builder.hpp"
#include "golden/network.hpp"

namespace oct::integer {
namespace {

namespace net = golden::net;

std::int32_t word(double factor) { return static_cast<std::int32_t>(net::scale_word(factor)); }
double steps(Elem e) { return e == Elem::kI8 ? 127 : e == Elem::kI16 ? 32767 : 65000; }

/// Rows as two jobs, if there are that many; an operand of one row serves both.
View in_two(const View& v, bool two) {
  View out = v;
  const std::int64_t r = v.sizes[0];
  const bool shared = v.strides[0] == 0;
  out.sizes = {two ? 2 : 1, two ? r / 2 : r, v.sizes[1]};
  out.strides = {shared ? 0 : out.sizes[1] * v.strides[0], v.strides[0], v.strides[1]};
  return out;
}

}  // namespace

void RandomBuilder::finish_kernel(Kernel k, const std::vector<View>& inputs, TensorId y) {
  const View out = rows_of(y);
  const std::int64_t rows = inputs.front().sizes[0];
  const bool two = out.sizes[0] == rows && rows % 2 == 0 && chance(15);
  for (const View& v : inputs) k.inputs.push_back(in_two(v, two));
  k.outputs.push_back(in_two(out, two));
  const std::string name = k.name;
  add(name.c_str(), std::move(k));
  value(out);
}

/// Kernels whose rows are independent and whose output has the input's sizes.
bool RandomBuilder::row_kernel(const std::string& name) {
  const KernelInfo& info = kernel_info(name);
  const auto is = [&](const char* prefix) { return name.starts_with(prefix); };
  View x = part_of(pick(info.inputs[0]));
  const Elem in = info.inputs[0], out = info.outputs[0];
  std::vector<View> inputs;
  Kernel k{.name = name, .inputs = {}, .outputs = {}, .constants = {}, .args = {}};
  std::int64_t pad = 0;  // columns more than the input has
  if (is("rotary") || is("turn")) {
    std::int64_t d =
        2 * uniform(1, std::max<std::int64_t>(1, std::min<std::int64_t>(32, x.sizes[1] / 2)));
    if (x.sizes[1] < d) return false;
    x = x.slice(1, 0, uniform(1, x.sizes[1] / d) * d);
    const std::int64_t r = 2 * uniform(1, d / 2);
    const bool shared = chance(30);
    View cs = rows_of(noise("cs", Elem::kI16, {shared ? 1 : x.sizes[0], r}));
    if (shared) cs.sizes[0] = x.sizes[0], cs.strides[0] = 0;
    inputs = {x, cs};
    k.args = {static_cast<std::int32_t>(x.sizes[1]), static_cast<std::int32_t>(d),
              static_cast<std::int32_t>(r), chance(50) ? 1 : 0,
              word(std::ldexp(steps(out) / steps(in), -15))};
    if (is("turn")) {
      k.args.push_back(d % 4 == 0 ? 4 * static_cast<std::int32_t>(uniform(0, 3)) : 0);
      pad = x.sizes[1] / d * k.args.back();
    }
  }
  const std::int64_t rows = x.sizes[0], n = x.sizes[1];
  const auto n_arg = static_cast<std::int32_t>(n);
  if (is("layernorm") || is("rmsnorm")) {
    const int pre =
        in == Elem::kI16 ? static_cast<int>(net::norm_pre(static_cast<std::uint64_t>(n))) : 0;
    k.constants = {noise("gamma", Elem::kI16, {n})};
    if (is("layernorm")) k.constants.push_back(noise("beta", Elem::kI16, {n}));
    k.args = {n_arg, pre, static_cast<std::int32_t>(uniform(10, 13)),
              static_cast<std::int32_t>(uniform(0, 100000)), 0};
  } else if (is("softmax")) {
    const auto table = net::softmax_table();
    k.constants = {constant("exp2", Elem::kI16, {64}, [&](std::int64_t i) -> std::int64_t {
      return table.at(static_cast<std::size_t>(i));
    })};
    k.args = {n_arg, word(500 / steps(in)), word(127)};
  } else if (is("add") || is("mul")) {
    View b = x;
    std::vector<View> fit;
    for (const View& v : values_) {
      if (elem(v) == info.inputs[1] && v.sizes[1] == n && (v.sizes[0] == rows || v.sizes[0] == 1)) {
        fit.push_back(v);
      }
    }
    if (!fit.empty()) {
      b = fit[random_() % fit.size()];
    } else {
      b = rows_of(noise("b", info.inputs[1], {chance(50) ? 1 : rows, n}));
    }
    if (b.sizes[0] != rows) b.sizes[0] = rows, b.strides[0] = 0;
    inputs = {x, b};
    if (is("mul")) {
      k.args = {n_arg, word(2 * steps(out) / (steps(in) * steps(info.inputs[1])))};
    } else {
      // Both operands come to about half of the range.
      const double least = std::min(steps(in), steps(info.inputs[1]));
      const int shift = std::clamp(10 - std::ilogb(steps(out) / least), 0, 31);
      const auto m = [&](Elem e) {
        return static_cast<std::int32_t>(steps(out) / steps(e) * 0.5 * std::ldexp(1, shift)) &
               0x1fff;
      };
      k.args = {n_arg,
                static_cast<std::int32_t>(static_cast<std::uint32_t>(m(in)) |
                                          static_cast<std::uint32_t>(m(info.inputs[1])) << 13 |
                                          static_cast<std::uint32_t>(shift) << 26)};
    }
  } else if (is("requant")) {
    k.args = {n_arg, word(steps(out) / steps(in) * (chance(50) ? 0.7 : -1.3))};
  } else if (is("affine")) {
    k.constants = {noise("gamma", Elem::kI16, {n}), noise("beta", Elem::kI16, {n})};
    k.args = {n_arg, static_cast<std::int32_t>(uniform(8, 16))};
  } else if (is("table")) {
    const bool wide = in == Elem::kI16;
    k.constants = {noise("table", wide ? Elem::kI16 : Elem::kI8, {wide ? 513 : 256})};
    k.args = {n_arg};
  } else if (!is("rotary") && !is("turn")) {
    return false;
  }
  if (inputs.empty()) inputs = {x};
  finish_kernel(std::move(k), inputs, tensor(out, {rows, n + pad}));
  return true;
}

/// Kernels that see all rows.
bool RandomBuilder::plane_kernel(const std::string& name) {
  const KernelInfo& info = kernel_info(name);
  const auto is = [&](const char* prefix) { return name.starts_with(prefix); };
  View x = part_of(pick(info.inputs[0]));
  const Elem in = info.inputs[0], out = info.outputs[0];
  const std::int64_t rows = x.sizes[0], n = x.sizes[1];
  Kernel k{.name = name, .inputs = {}, .outputs = {}, .constants = {}, .args = {}};
  k.args = {static_cast<std::int32_t>(n)};
  const double factor = steps(out) / steps(in);
  if (is("transpose")) {
    const bool two = rows % 2 == 0 && chance(30);
    k.inputs = {in_two(x, two)};
    const TensorId y = tensor(out, {two ? 2 : 1, n, two ? rows / 2 : rows});
    k.outputs = {graph_.whole(y)};
    add("transpose", std::move(k));
    value(rows_of(y));
    return true;
  }
  if (is("mean")) {
    k.args.push_back(word(factor / static_cast<double>(rows)));
    finish_kernel(std::move(k), {x}, tensor(out, {1, n}));
    return true;
  }
  const std::int64_t h = uniform(1, std::min<std::int64_t>(rows, 9)), w = rows / h;
  x = x.slice(0, 0, h * w);
  const std::int64_t kh = uniform(1, std::min<std::int64_t>(h, 3)),
                     kw = uniform(1, std::min<std::int64_t>(w, 3));
  const std::int64_t sh = uniform(1, 2), sw = uniform(1, 2);
  const std::int64_t top = uniform(0, kh - 1), left = uniform(0, kw - 1);
  const std::int64_t oh = (h + top - kh) / sh + 1, ow = (w + left - kw) / sw + 1;
  for (const std::int64_t v : {h, w, kh, kw, sh, sw, top, left, oh, ow}) {
    k.args.push_back(static_cast<std::int32_t>(v));
  }
  if (is("avgpool")) {
    k.args.push_back(chance(50) ? 1 : 0);
    k.args.push_back(word(std::min(factor / static_cast<double>(kh * kw), 3.0)));
  } else if (!is("maxpool")) {
    return false;
  }
  const TensorId y = tensor(out, {oh * ow, n});
  k.inputs = {in_two(x, false)};
  k.outputs = {in_two(rows_of(y), false)};
  add("pool", std::move(k));
  value(rows_of(y));
  return true;
}

void RandomBuilder::kernel() {
  const auto& all = all_kernels();
  for (;;) {
    const KernelInfo& info = all[random_() % all.size()];
    const std::string name(info.name);
    if (name == "key_mask") continue;  // belongs to attention
    if (info.row_wise ? row_kernel(name) : plane_kernel(name)) return;
  }
}

}  // namespace oct::integer
