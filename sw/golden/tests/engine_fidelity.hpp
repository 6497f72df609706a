// SPDX-License-Identifier: Apache-2.0
// How far the engine's arithmetic is from real numbers: the golden model against float64.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "engine.hpp"

namespace fidelity {

namespace engine = oct::golden::engine;

struct Error {
  double of_range = 0;      // mean |error| / (largest - smallest exact output)
  double of_row_range = 0;  // the same with the range of each row
  double l2 = 0;            // |error| / |exact|
};

/// A positive real number as a scale, mantissa in [2^22, 2^23).
inline engine::Scale to_scale(double v) {
  int e = 0;
  auto m = static_cast<std::int32_t>(std::lround(std::ldexp(std::frexp(v, &e), 23)));
  if (m == 1 << 23) m /= 2, ++e;
  return v == 0 ? engine::Scale{0, 0} : engine::Scale{m, static_cast<unsigned>(23 - e)};
}

struct Attention {
  std::uint32_t sq, sk, d;
  std::vector<std::int8_t> q, k, v;  // v is transposed: [d][sk]
  double scale = 1;                  // of the logits, natural units for one of the dot product
};

inline std::int8_t normal8(std::mt19937_64& random, double deviation) {
  std::normal_distribution<double> n(0, deviation);
  return static_cast<std::int8_t>(std::clamp(std::lround(n(random)), -127L, 127L));
}

/// Queries and keys drawn so that logits have a deviation of `deviation`.
inline Attention random_attention(std::mt19937_64& random, std::uint32_t sk, double deviation) {
  Attention a{32, sk, 64, {}, {}, {}, deviation / (32.0 * 32 * 8)};
  for (std::uint32_t i = 0; i < a.sq * a.d; ++i) a.q.push_back(normal8(random, 32));
  for (std::uint32_t i = 0; i < sk * a.d; ++i) a.k.push_back(normal8(random, 32));
  for (std::uint32_t i = 0; i < sk * a.d; ++i) a.v.push_back(normal8(random, 32));
  return a;
}

/// Each query sees one key `height` above all others, and all of them at a level of its own, so
/// that the tail's weights lie anywhere between two roundings.
inline Attention peaked_attention(std::mt19937_64& random, std::uint32_t sk, double height) {
  Attention a{63, sk, 64, {}, {}, {}, height / 1e4};
  a.q.resize(std::size_t{a.sq} * a.d);
  a.k.resize(std::size_t{sk} * a.d);
  for (std::uint32_t i = 0; i < a.sq; ++i) {
    a.q[i * a.d + i] = 100;
    a.q[i * a.d + 63] = static_cast<std::int8_t>(random() % 101);
    a.k[random() % sk * a.d + i] = 100;
  }
  for (std::uint32_t j = 0; j < sk; ++j) a.k[j * a.d + 63] = 25;
  for (std::uint32_t i = 0; i < sk * a.d; ++i) a.v.push_back(normal8(random, 32));
  return a;
}

/// softmax(scale Q K^T) V in float64, [sq][d].
inline std::vector<double> exact(const Attention& a) {
  std::vector<double> out(std::size_t{a.sq} * a.d), p(a.sk);
  for (std::uint32_t i = 0; i < a.sq; ++i) {
    double top = -1e300, sum = 0;
    for (std::uint32_t j = 0; j < a.sk; ++j) {
      int dot = 0;
      for (std::uint32_t c = 0; c < a.d; ++c) dot += a.q[i * a.d + c] * a.k[j * a.d + c];
      p[j] = a.scale * dot;
      top = std::max(top, p[j]);
    }
    for (double& x : p) sum += x = std::exp(x - top);
    for (std::uint32_t c = 0; c < a.d; ++c) {
      double o = 0;
      for (std::uint32_t j = 0; j < a.sk; ++j) o += p[j] * a.v[c * a.sk + j];
      out[i * a.d + c] = o / sum;
    }
  }
  return out;
}

/// The engine's output against `real`, its scale such that the largest output is 127.
inline Error attention_error(const Attention& a, const std::vector<double>& real) {
  double top = 0;
  for (const double o : real) top = std::max(top, std::abs(o));
  const std::uint32_t stride = (a.sk + 7) / 8 * 8;
  engine::AttnJob j{.sq = a.sq, .sk = a.sk, .d = a.d, .dv = a.d};
  std::vector<std::uint8_t> l1;
  const auto put = [&](const std::vector<std::int8_t>& bytes) {
    l1.resize((l1.size() + 7) / 8 * 8);
    const auto at = static_cast<std::uint32_t>(l1.size());
    l1.insert(l1.end(), bytes.begin(), bytes.end());
    return at;
  };
  std::vector<std::int8_t> v(std::size_t{stride} * a.d);
  for (std::uint32_t c = 0; c < a.d; ++c) {
    std::copy_n(&a.v[std::size_t{c} * a.sk], a.sk, &v[std::size_t{c} * stride]);
  }
  j.q = {put(a.q), a.d};
  j.k = {put(a.k), a.d};
  j.v = {put(v), stride};
  j.o = {put(a.q), a.d};
  const std::uint32_t scales[] = {engine::pack_scale(to_scale(a.scale * 64 / std::log(2.0))),
                                  engine::pack_scale(to_scale(127 / top))};
  std::vector<std::int8_t> bytes;
  for (const std::uint32_t s : scales) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::int8_t>(s >> (8 * i)));
  }
  j.params = put(bytes);
  engine::run_attention(l1, j);
  Error result;
  double squares = 0, norm = 0;
  for (std::uint32_t i = 0; i < a.sq; ++i) {
    const auto row = real.begin() + i * a.d;
    const auto [lo, hi] = std::minmax_element(row, row + a.d);
    double sum = 0;
    for (std::uint32_t c = 0; c < a.d; ++c) {
      const double e = static_cast<std::int8_t>(l1[j.o.row(i) + c]) * top / 127 - row[c];
      sum += std::abs(e);
      squares += e * e;
      norm += row[c] * row[c];
    }
    result.of_range += sum / static_cast<double>(real.size());
    result.of_row_range += sum / a.d / (*hi - *lo) / a.sq;
  }
  const auto [lo, hi] = std::minmax_element(real.begin(), real.end());
  result.of_range /= *hi - *lo;
  result.l2 = std::sqrt(squares / norm);
  return result;
}
inline Error attention_error(const Attention& a) { return attention_error(a, exact(a)); }

/// Largest |engine - real| of random requantisations in steps of the output: {scale as stored,
/// any real scale}. Inputs reach to 2^30, outputs fill their range.
struct Requantisation {
  double stored = 0, real = 0;
};
inline Requantisation requantisation_error(std::mt19937_64& random, bool wide, int count) {
  Requantisation worst;
  engine::Epilogue e;
  if (wide) e.lo = -32768, e.hi = 32767;
  for (int n = 0; n < count; ++n) {
    engine::Channel c;
    const int bits = 1 + static_cast<int>(random() % 30);
    const auto acc = static_cast<std::int32_t>(random() % (2ULL << bits)) - (1 << bits);
    c.bias = static_cast<std::int32_t>(random() % (2ULL << bits)) - (1 << bits);
    const double factor =
        std::min(500.0, static_cast<double>(e.hi) / (1 << (bits + 1)) *
                            (0.3 + 0.7 * static_cast<double>(random() >> 12) * 0x1p-52));
    c.m1 = to_scale(factor * 16384);
    if (c.m1.s > 63) continue;
    const double t = static_cast<double>(acc) + c.bias;
    const double stored = t * c.m1.m * std::ldexp(1, -14 - static_cast<int>(c.m1.s));
    const int y = engine::epilogue(acc, 0, c, e, nullptr);
    worst.stored = std::max(worst.stored, std::abs(y - stored));
    worst.real = std::max(worst.real, std::abs(y - t * factor));
  }
  return worst;
}

/// A table activation whose output is stored in the scale of its input: largest distance, in steps,
/// from the function of the 8-bit pre-activation, of the real one, and of the latter rounded.
struct Activation {
  double of_index = 0, of_real = 0;
  int rounded = 0;
};
template <typename F>
Activation activation_error(F f, double input_step, double output_step) {
  std::array<std::int8_t, 256> table{};
  for (int i = -128; i < 128; ++i) {
    const double y = std::round(f(i * input_step) / output_step);
    table[static_cast<std::size_t>(i + 128)] =
        static_cast<std::int8_t>(std::clamp(y, -128.0, 127.0));
  }
  Activation worst;
  engine::Epilogue e{.table = true};
  const engine::Channel c{.m0 = to_scale(16384 / 1024.0), .m1 = to_scale(16384)};
  for (std::int32_t acc = -128 * 1024; acc < 128 * 1024 - 512; ++acc) {
    const int y = engine::epilogue(acc, 0, c, e, table.data());
    const double index = engine::table_index(acc, c.m0) * input_step;
    const double of_real = std::clamp(f(acc / 1024.0 * input_step) / output_step, -128.0, 127.0);
    worst.of_index = std::max(worst.of_index, std::abs(y - f(index) / output_step));
    worst.of_real = std::max(worst.of_real, std::abs(y - of_real));
    worst.rounded = std::max(worst.rounded, std::abs(y - static_cast<int>(std::lround(of_real))));
  }
  return worst;
}

inline double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
inline double silu(double x) { return x / (1 + std::exp(-x)); }

}  // namespace fidelity
