// SPDX-License-Identifier: Apache-2.0
// Real numbers as the units read them.
#include "compiler/lower/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "compiler/lower/context.hpp"
#include "golden/network.hpp"

namespace oct::lower {

std::vector<std::int32_t> sum_args(std::int32_t n, const golden::quantised::Sum& k) {
  const auto c = static_cast<std::uint64_t>(k.c);
  return {n,
          k.ma,
          k.mb,
          static_cast<std::int32_t>(c & 0xffffffff),
          static_cast<std::int32_t>(c >> 32),
          static_cast<std::int32_t>(k.s)};
}
std::vector<std::int32_t> product_args(std::int32_t n, const golden::quantised::Product& k) {
  return {n, k.za, k.zb, k.zy, k.m, static_cast<std::int32_t>(k.s)};
}

std::uint32_t kernel_scale(double factor) {
  if (!(std::abs(factor) < 0x1p10)) {
    throw Unsupported(
        fmt::format("its operands are far larger than its result (factor {:.3g})", factor),
        "calibrate with more samples; masks that are added to numbers stay unknown");
  }
  return golden::net::scale_word(factor);
}

std::uint32_t scale_word(double scale, int f) {
  if (scale == 0) return 0;
  int e = 0;
  const double fraction = std::frexp(scale, &e);  // in +-[0.5, 1)
  double m = std::nearbyint(fraction * 0x1p23);
  int s = 23 - e - f;
  if (std::abs(m) == 0x1p23) {
    m /= 2;
    --s;
  }
  if (s < 0) {  // beyond the largest scale there is
    m = std::copysign(0x1p23 - 1, m);
    s = 0;
  }
  if (s > 63) {  // small: fewer bits are left
    m = std::nearbyint(std::ldexp(m, 63 - s));
    s = 63;
  }
  return (static_cast<std::uint32_t>(static_cast<std::int32_t>(m)) & 0xffffffU) |
         static_cast<std::uint32_t>(s) << 24;
}

std::vector<std::uint8_t> bytes_of_words(const std::vector<std::uint32_t>& words) {
  std::vector<std::uint8_t> out(words.size() * 4);
  std::memcpy(out.data(), words.data(), out.size());
  return out;
}

std::vector<std::uint8_t> plane_a(const std::vector<std::int32_t>& bias,
                                  const std::vector<double>& scale) {
  std::vector<std::uint32_t> words;
  for (std::size_t n = 0; n < scale.size(); ++n) {
    words.push_back(n < bias.size() ? static_cast<std::uint32_t>(bias[n]) : 0);
    words.push_back(scale_word(scale[n], 14));
  }
  return bytes_of_words(words);
}

std::int32_t to_int32(double v) {
  return static_cast<std::int32_t>(std::clamp(std::nearbyint(v), -0x1p31, 0x1p31 - 1));
}

std::int32_t to_bits(double v, unsigned bits) {
  const double most = std::ldexp(1.0, static_cast<int>(bits) - 1) - 1;
  return static_cast<std::int32_t>(std::clamp(std::nearbyint(v), -most - 1, most));
}

std::int64_t padded(std::int64_t bytes) { return (bytes + 7) / 8 * 8; }

Weights quantize_weights(const ir::Tensor& w) {
  const std::int64_t k = w.shape().at(0), n = w.shape().at(1), row = padded(k);
  const auto v = w.data<float>();
  Weights out;
  out.data.resize(static_cast<std::size_t>(n * row));
  out.scale.assign(static_cast<std::size_t>(n), 0);
  for (std::int64_t i = 0; i < k; ++i) {
    for (std::int64_t c = 0; c < n; ++c) {
      double& s = out.scale[static_cast<std::size_t>(c)];
      s = std::max(s, std::abs(static_cast<double>(v[static_cast<std::size_t>(i * n + c)])));
    }
  }
  for (double& s : out.scale) s = s > 0 ? s / 127 : 0;
  for (std::int64_t c = 0; c < n; ++c) {
    const double s = out.scale[static_cast<std::size_t>(c)];
    if (s == 0) continue;
    for (std::int64_t i = 0; i < k; ++i) {
      out.data[static_cast<std::size_t>(c * row + i)] = static_cast<std::uint8_t>(
          to_bits(static_cast<double>(v[static_cast<std::size_t>(i * n + c)]) / s, 8));
    }
  }
  return out;
}

}  // namespace oct::lower
