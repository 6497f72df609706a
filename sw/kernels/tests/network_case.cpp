// SPDX-License-Identifier: Apache-2.0
#include "network_case.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "golden/network.hpp"
#include "oct_ml.h"

namespace oct::network_case {
namespace {

using integer::Elem;
namespace net = golden::net;

std::int64_t draw(std::mt19937_64& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

std::int64_t value(std::mt19937_64& random, Elem e, bool extreme) {
  const std::int64_t top = e == Elem::kI8 ? 127 : e == Elem::kI16 ? 32767 : 2147483647;
  if (e == Elem::kI64) return draw(random, 0, 3) == 0 ? 0 : draw(random, 1, 5);
  if (extreme)
    return std::array<std::int64_t, 5>{top, -top - 1, 0, -top, 1}.at(
        static_cast<std::size_t>(draw(random, 0, 4)));
  return draw(random, -top - 1, top);
}

void put(std::uint8_t* at, Elem e, std::int64_t v) {
  std::memcpy(at, &v, static_cast<std::size_t>(integer::elem_bytes(e)));
}

Operand operand(std::int64_t rows, std::int64_t n, Elem e, std::int64_t pad) {
  const std::int64_t align = e == Elem::kI64 ? 8 : 4, used = n * integer::elem_bytes(e);
  Operand o{{}, rows, (used + align - 1) / align * align + pad, used};
  o.data.assign(static_cast<std::size_t>(rows * o.stride), 0xa5);
  return o;
}

Operand random_operand(std::mt19937_64& random, std::int64_t rows, std::int64_t n, Elem e,
                       const Shape& shape) {
  Operand o = operand(rows, n, e, shape.pad);
  // Narrow rows too: a row's own magnitude.
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto down =
        shape.extreme || e == Elem::kI64 ? 0 : draw(random, 0, e == Elem::kI8 ? 3 : 6);
    for (std::int64_t j = 0; j < n; ++j) {
      put(o.data.data() + i * o.stride + j * integer::elem_bytes(e), e,
          value(random, e, shape.extreme) >> down);
    }
  }
  return o;
}

std::vector<std::uint8_t> half_words(std::mt19937_64& random, std::int64_t n, int low, int high) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(2 * n));
  for (std::int64_t i = 0; i < n; ++i)
    put(bytes.data() + 2 * i, Elem::kI16, draw(random, low, high));
  return bytes;
}

std::int32_t scale(double factor) { return static_cast<std::int32_t>(net::scale_word(factor)); }
double top_of(Elem e) { return e == Elem::kI8 ? 127 : e == Elem::kI16 ? 32767 : 2147483647; }
/// Between half and twice what maps the input's range to the output's.
double factor(std::mt19937_64& random, double from, double to) {
  return std::exp2(static_cast<double>(draw(random, -100, 100)) / 100) * to / from *
         (draw(random, 0, 7) == 0 ? -1 : 1);
}

std::string family(std::string_view name) { return std::string(name.substr(0, name.find('_'))); }

}  // namespace

Case make_case(const std::string& kernel, const Shape& shape, std::mt19937_64& random) {
  Case c;
  c.info = &integer::kernel_info(kernel);
  const std::string kind = family(kernel);
  const Elem x = c.info->inputs[0], y = c.info->outputs[0];
  std::int64_t n = shape.n, out_rows = shape.rows, out_n = shape.n;
  c.rows = shape.rows;
  const auto word = [&](std::int64_t v) { c.args.push_back(static_cast<std::int32_t>(v)); };

  if (kind == "layernorm" || kind == "rmsnorm") {
    const std::int64_t pre =
        x == Elem::kI16 ? golden::net::norm_pre(static_cast<std::uint64_t>(n)) : 0;
    const auto eps =
        static_cast<std::uint64_t>(draw(random, 0, 1)) * static_cast<std::uint64_t>(n * n);
    c.args = {static_cast<std::int32_t>(n), static_cast<std::int32_t>(pre),
              static_cast<std::int32_t>(draw(random, 10, 13)), static_cast<std::int32_t>(eps), 0};
    const int gain = shape.extreme || y == Elem::kI16 ? 32767 : 2600;
    c.constants.push_back(half_words(random, n, -gain, gain));
    if (kind == "layernorm") c.constants.push_back(half_words(random, n, -gain, gain));
  } else if (kind == "softmax") {
    word(n);
    word(scale(std::exp2(draw(random, -2, 7)) / (x == Elem::kI8 ? 1 : 256)));
    word(static_cast<std::int64_t>(golden::engine::pack_scale({1 << 22, 15})));
    const auto table = net::softmax_table();
    c.constants.emplace_back(128);
    std::memcpy(c.constants[0].data(), table.data(), 128);
  } else if (kind == "add") {
    word(n);
    word(oct_arq_param(static_cast<std::int32_t>(draw(random, -4096, 4095)),
                       static_cast<std::int32_t>(draw(random, -4096, 4095)),
                       static_cast<unsigned>(draw(random, 8, 20))));
  } else if (kind == "mul") {
    word(n);
    word(scale(factor(random, top_of(x) * top_of(c.info->inputs[1]), top_of(y))));
  } else if (kind == "requant") {
    word(n);
    word(scale(factor(random, top_of(x), top_of(y))));
  } else if (kind == "affine") {
    word(n);
    word(x == Elem::kI8 ? draw(random, 10, 16) : draw(random, y == Elem::kI8 ? 17 : 14, 24));
    c.constants.push_back(half_words(random, n, -32768, 32767));
    c.constants.push_back(half_words(random, n, -32768, 32767));
  } else if (kind == "table") {
    word(n);
    const std::int64_t entries = x == Elem::kI8 ? 256 : 513;
    c.constants.push_back(half_words(random, x == Elem::kI8 ? 128 : entries, -32768, 32767));
  } else if (kind == "rotary" || kind == "turn") {
    const std::int64_t d = 2 * std::max<std::int64_t>(2, 2 * (n / 16)), heads = (n + d - 1) / d;
    const std::int64_t r = d / 2 * (draw(random, 0, 1) == 0 ? 1 : 2);
    out_n = n = heads * d;
    c.args = {static_cast<std::int32_t>(n), static_cast<std::int32_t>(d),
              static_cast<std::int32_t>(r), static_cast<std::int32_t>(draw(random, 0, 1)),
              scale(factor(random, top_of(x), top_of(y)) / 16384)};
    if (kind == "turn") {
      word(d % 4 == 0 ? 4 * draw(random, 0, 9) : 0);
      out_n += heads * c.args.back();
    }
    Operand cs = operand(c.rows, r, Elem::kI16, shape.pad);
    for (std::int64_t i = 0; i < c.rows; ++i) {
      for (std::int64_t j = 0; j < r / 2; ++j) {
        const double angle = static_cast<double>(draw(random, 0, 6283)) / 1000;
        std::uint8_t* at = cs.data.data() + i * cs.stride + 2 * j;
        put(at, Elem::kI16, std::lround(std::cos(angle) * 16384));
        put(at + r, Elem::kI16, std::lround(std::sin(angle) * 16384));
      }
    }
    c.inputs = {random_operand(random, c.rows, n, x, shape), cs};
  } else if (kind == "key") {
    word(n);
    out_n = (n + 63) / 64 * 8;
  } else if (kind == "transpose") {
    word(n);
    out_rows = n;
    out_n = c.rows;
  } else if (kind == "mean") {
    word(n);
    word(scale(factor(random, top_of(x), top_of(y)) / static_cast<double>(c.rows)));
    out_rows = 1;
  } else {  // pools
    const auto side = [&](std::int64_t low, std::int64_t high) { return draw(random, low, high); };
    const std::int64_t h = side(1, 7), w = side(1, 7), kh = side(1, 3), kw = side(1, 3);
    const std::int64_t sh = side(1, 2), sw = side(1, 2), top = side(0, kh - 1),
                       left = side(0, kw - 1);
    const std::int64_t oh = (h + top) / sh + 1 - (sh == 1 ? 1 : 0), ow = (w + left - 1) / sw + 1;
    c.rows = h * w;
    out_rows = oh * ow;
    for (const auto v : {n, h, w, kh, kw, sh, sw, top, left, oh, ow}) word(v);
    if (kind == "avgpool") {
      word(draw(random, 0, 1));
      word(static_cast<std::int64_t>(net::scale_word(
          std::abs(factor(random, top_of(x), top_of(y))) / static_cast<double>(kh * kw))));
      if ((c.args.back() >> 24 & 63) < 21)
        c.args.back() = scale(1.0 / static_cast<double>(kh * kw));
    }
  }
  if (c.inputs.empty()) {
    for (const Elem e : c.info->inputs)
      c.inputs.push_back(random_operand(random, c.rows, n, e, shape));
  }
  c.outputs = {operand(out_rows, out_n, y, y == Elem::kU8 ? 0 : shape.pad)};

  integer::KernelCall call;
  call.rows = c.rows;
  for (auto& o : c.inputs) call.inputs.push_back({o.data.data(), o.stride});
  for (auto& o : c.outputs) call.outputs.push_back({o.data.data(), o.stride});
  for (const auto& k : c.constants) call.constants.push_back(k.data());
  call.args = c.args;
  c.info->golden(call);
  return c;
}

namespace {
std::size_t round8(std::size_t v) { return (v + 7) / 8 * 8; }
}  // namespace

std::vector<std::uint32_t> place(const Case& c, std::uint32_t base,
                                 std::vector<std::uint8_t>& image) {
  std::vector<std::uint32_t> words{static_cast<std::uint32_t>(c.rows)};
  image.clear();
  const auto add = [&](const std::vector<std::uint8_t>& data, bool output) {
    words.push_back(base + static_cast<std::uint32_t>(image.size()));
    const std::size_t at = image.size();
    image.resize(round8(at + data.size()), 0xa5);
    if (!output)
      std::copy(data.begin(), data.end(), image.begin() + static_cast<std::ptrdiff_t>(at));
  };
  for (const auto& o : c.inputs) {
    add(o.data, false);
    words.push_back(static_cast<std::uint32_t>(o.stride));
  }
  for (const auto& o : c.outputs) {
    add(o.data, true);
    words.push_back(static_cast<std::uint32_t>(o.stride));
  }
  for (const auto& k : c.constants) add(k, false);
  for (const auto a : c.args) words.push_back(static_cast<std::uint32_t>(a));
  return words;
}

std::size_t output_offset(const Case& c) {
  std::size_t at = 0;
  for (const auto& o : c.inputs) at = round8(at + o.data.size());
  return at;
}

}  // namespace oct::network_case
