// SPDX-License-Identifier: Apache-2.0
// Golden functions of the kernels of networks against the same in double, written apart.
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "golden/network.hpp"
#include "harness/seed.hpp"

namespace {

namespace net = oct::golden::net;
using i8 = std::int8_t;
using i16 = std::int16_t;

template <typename T>
std::vector<T> draw(std::mt19937_64& random, std::size_t n, double deviation) {
  std::normal_distribution<double> normal(0, deviation);
  std::vector<T> v(n);
  for (T& x : v) x = net::clip_to<T>(std::llround(normal(random)));
  return v;
}
template <typename T>
double bounded(double v) {
  return std::clamp<double>(v, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
}
oct::golden::engine::Scale scale(double factor) {
  return oct::golden::engine::unpack_scale(net::scale_word(factor));
}
double uniform(std::mt19937_64& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

/// Largest and mean distance of results from what they should be, in units of the result.
struct Error {
  double worst = 0, total = 0;
  std::size_t count = 0;
  void add(double want, double got) {
    const double e = std::abs(want - got);
    worst = std::max(worst, e);
    total += e;
    ++count;
  }
  [[nodiscard]] double mean() const { return total / static_cast<double>(count); }
};

}  // namespace

TEST_CASE("network golden: scale words hold what they are asked for") {
  auto random = tb::rng("network scales");
  for (int i = 0; i < 2000; ++i) {
    const double f = std::exp2(uniform(random, -25, 9.99)) * (i % 2 == 0 ? 1 : -1);
    const auto k = scale(f);
    INFO(f << ", seed " << tb::seed());
    REQUIRE(k.s >= net::kMinShift);
    REQUIRE(k.s <= net::kMaxShift);
    REQUIRE(std::abs(std::ldexp(k.m, -static_cast<int>(k.s)) / f - 1) <= std::exp2(-22.9));
  }
  CHECK(scale(0).m == 0);
  CHECK(scale(1).m == 1 << 22);
  CHECK(scale(std::nextafter(1.0, 0.0)).m == 1 << 22);
  CHECK(scale(std::exp2(-40)).m == 1 << 7);
  CHECK(net::add_word(1, 1) == (11U << 26 | 2048U << 13 | 2048U));
}

TEST_CASE("network golden: add, mul, requant, affine are one rounding from double") {
  auto random = tb::rng("network elements");
  Error a8, a16, m16, r8, r16, f8, f16;
  for (int turn = 0; turn < 200; ++turn) {
    const auto a = draw<i16>(random, 64, 9000), b = draw<i16>(random, 64, 9000);
    const double fa = uniform(random, 0.3, 1), fb = uniform(random, -1, 1),
                 fm = uniform(random, 0.5, 2) / 9000;
    const auto word = net::add_word(fa, fb), word8 = net::add_word(fa / 300, fb / 300);
    const auto fr = uniform(random, 0.2, 1.5) / 256;
    const auto g = static_cast<i16>(uniform(random, -32000, 32000));
    const auto be = static_cast<i16>(uniform(random, -2000, 2000));
    for (std::size_t i = 0; i < a.size(); ++i) {
      a16.add(bounded<i16>(a[i] * fa + b[i] * fb), net::add<i16>(a[i], b[i], word));
      a8.add(bounded<i8>((a[i] * fa + b[i] * fb) / 300), net::add<i8>(a[i], b[i], word8));
      m16.add(bounded<i16>(a[i] * fm * b[i]), net::mul<i16>(a[i], b[i], scale(fm)));
      r8.add(bounded<i8>(a[i] * fr), net::scaled<i8>(a[i], scale(fr)));
      r16.add(bounded<i16>(a[i] * 3000.0 * fr), net::scaled<i16>(a[i] * 3000, scale(fr)));
      f8.add(bounded<i8>(a[i] * double(g) / (1 << 22) + be / 16384.0),
             net::affine<i8>(a[i], g, be, 22));
      f16.add(bounded<i16>(a[i] * double(g) / (1 << 15) + be), net::affine<i16>(a[i], g, be, 15));
    }
  }
  INFO("seed " << tb::seed());
  CHECK(a16.worst < 0.5 + 32768 * 2 * std::exp2(-12));  // 13-bit multipliers
  CHECK(a8.worst < 0.5 + 0.06);
  CHECK(m16.worst < 0.51);
  CHECK(r8.worst < 0.501);
  CHECK(r16.worst < 0.51);
  CHECK(f8.worst <= 0.5);
  CHECK(f16.worst <= 0.5);
}

TEST_CASE("network golden: norms stay near double") {
  auto random = tb::rng("network norms");
  for (const unsigned n : {33U, 64U, 288U, 384U, 512U}) {
    Error l8, l16, r8, r16, b8;
    for (int turn = 0; turn < 30; ++turn) {
      const double deviation = std::exp2(uniform(random, 8, 13));
      auto x = draw<i16>(random, n, deviation);
      const double shift = uniform(random, -0.5, 0.5) * deviation;
      for (auto& v : x) v = net::clip_to<i16>(v + std::lround(shift));
      const auto x8 = draw<i8>(random, n, uniform(random, 15, 40));
      // y: INT8 in steps of 1/25, INT16 in steps of 1/6000.
      const double gain = 25, gain16 = 6000;
      std::vector<double> gamma(n), beta(n);
      std::vector<i16> g8(n), b8q(n), g16(n), b16(n);
      const unsigned pre = net::norm_pre(n);
      constexpr unsigned kFrac = 12;
      for (unsigned i = 0; i < n; ++i) {
        gamma[i] = uniform(random, 0.5, 1.2);
        beta[i] = uniform(random, -0.5, 0.5);
        g8[i] = static_cast<i16>(std::lround(gamma[i] * gain * (1 << (15 - kFrac))));
        b8q[i] = static_cast<i16>(std::lround(beta[i] * gain * 128));
        g16[i] = static_cast<i16>(std::lround(gamma[i] * gain16 * (1 << (13 - kFrac))));
        b16[i] = static_cast<i16>(std::lround(beta[i] * gain16 / 4));
      }
      const net::Norm p{n, pre, kFrac, 0};
      std::vector<i8> y8(n), z8(n), yb(n);
      std::vector<i16> y16(n), z16(n);
      net::layernorm(p, x.data(), g8.data(), b8q.data(), y8.data());
      net::layernorm(p, x.data(), g16.data(), b16.data(), y16.data());
      net::rmsnorm(p, x.data(), g8.data(), z8.data());
      net::rmsnorm(p, x.data(), g16.data(), z16.data());
      net::rmsnorm({n, 0, kFrac, 0}, x8.data(), g8.data(), yb.data());
      const auto moments = [n](const auto& v) {
        double mean = 0, square = 0;
        for (const auto e : v) mean += e / double(n), square += double(e) * e / n;
        return std::pair{mean, square};
      };
      const auto [mean, square] = moments(x);
      const double sigma = std::sqrt(square - mean * mean), rms = std::sqrt(square);
      const double rms8 = std::sqrt(moments(x8).second);
      for (unsigned i = 0; i < n; ++i) {
        const double normal = (x[i] - mean) / sigma * gamma[i] + beta[i];
        l8.add(bounded<i8>(normal * gain), y8[i]);
        l16.add(bounded<i16>(normal * gain16), y16[i]);
        r8.add(bounded<i8>(x[i] / rms * gamma[i] * gain), z8[i]);
        r16.add(bounded<i16>(x[i] / rms * gamma[i] * gain16), z16[i]);
        b8.add(bounded<i8>(x8[i] / rms8 * gamma[i] * gain), yb[i]);
      }
    }
    INFO("n " << n << ": " << l8.worst << ' ' << l8.mean() << ", 16: " << l16.worst << ' '
              << l16.mean() << ", rms " << r8.worst << ' ' << r8.mean() << ", 16: " << r16.worst
              << ' ' << r16.mean() << ", int8: " << b8.worst << ' ' << b8.mean() << ", seed "
              << tb::seed());
    // 16-bit gamma in steps of a 50th in 8 bits: mostly rounding; INT16 in steps of 1/6000 of
    // sigma.
    CHECK(l8.worst < 1.1);
    CHECK(r8.worst < 1.1);
    CHECK(b8.worst < 1.1);
    CHECK(l8.mean() < 0.30);
    CHECK(r8.mean() < 0.30);
    CHECK(b8.mean() < 0.30);
    CHECK(l16.worst < 60);
    CHECK(r16.worst < 24);
    CHECK(l16.mean() < 4);
    CHECK(r16.mean() < 4);
  }
}

TEST_CASE("network golden: softmax, tables, rotary embedding, means stay near double") {
  auto random = tb::rng("network functions");
  Error soft, table16, table8, turned, average;
  for (int turn = 0; turn < 60; ++turn) {
    const unsigned n = 1 + static_cast<unsigned>(tb::uniform(random, 0, 400));
    const auto x = draw<i16>(random, n, 8000);
    const double s_x = uniform(random, 0.0001, 0.0012);
    std::vector<i8> y(n);
    net::softmax<i16>(n, scale(s_x * std::numbers::log2e * 64), {1 << 22, 15}, x.data(), y.data());
    double sum = 0;
    for (const auto v : x) sum += std::exp(v * s_x);
    for (unsigned i = 0; i < n; ++i)
      soft.add(std::min(127.0, std::exp(x[i] * s_x) / sum * 128), y[i]);

    // GELU over -6..6
    std::vector<i16> t16(513), t8(513);
    const auto gelu = [](double v) { return v / 2 * (1 + std::erf(v / std::numbers::sqrt2)); };
    for (int i = 0; i <= 512; ++i) {
      const double v = gelu((i - 256) * 128 * 6 / 32768.0);
      t16[static_cast<std::size_t>(i)] = net::clip_to<i16>(std::lround(v * 5000));
      t8[static_cast<std::size_t>(i)] = net::clip_to<i16>(std::lround(v * 20 * 256));
    }
    for (const auto v : x) {
      table16.add(bounded<i16>(gelu(v * 6 / 32768.0) * 5000), net::table_i16<i16>(v, t16.data()));
      table8.add(bounded<i8>(gelu(v * 6 / 32768.0) * 20), net::table_i16<i8>(v, t8.data()));
    }

    constexpr unsigned d = 16, r = 12;
    const auto row = draw<i16>(random, 2 * d, 9000);
    std::vector<i16> cs(r), z(2 * d);
    std::vector<double> angle(r / 2);
    for (unsigned i = 0; i < r / 2; ++i) {
      angle[i] = uniform(random, 0, 100);
      cs[i] = static_cast<i16>(std::lround(std::cos(angle[i]) * 16384));
      cs[r / 2 + i] = static_cast<i16>(std::lround(std::sin(angle[i]) * 16384));
    }
    const bool interleaved = turn % 2 == 0;
    net::rotary(2 * d, d, r, interleaved, scale(0.7 / 16384), row.data(), cs.data(), z.data());
    for (unsigned head = 0; head < 2 * d; head += d) {
      for (unsigned i = 0; i < r / 2; ++i) {
        const unsigned p = head + (interleaved ? 2 * i : i), q = p + (interleaved ? 1 : r / 2);
        const double c = std::cos(angle[i]), s = std::sin(angle[i]);
        turned.add(bounded<i16>(0.7 * (row[p] * c - row[q] * s)), z[p]);
        turned.add(bounded<i16>(0.7 * (row[p] * s + row[q] * c)), z[q]);
      }
      for (unsigned i = head + r; i < head + d; ++i) turned.add(0.7 * row[i], z[i]);
    }

    std::vector<i16> m(8);
    const unsigned rows = n / 8 + 1;
    const auto block = draw<i16>(random, rows * 8, 9000);
    net::mean<i16, i16>(rows, 8, scale(0.9 / rows), {block.data(), 16}, m.data());
    for (unsigned j = 0; j < 8; ++j) {
      double sum_j = 0;
      for (unsigned i = 0; i < rows; ++i) sum_j += block[i * 8 + j];
      average.add(bounded<i16>(sum_j / rows * 0.9), m[j]);
    }
  }
  INFO("softmax " << soft.worst << ' ' << soft.mean() << ", tables " << table16.worst << ' '
                  << table8.worst << ", rotary " << turned.worst << ", mean " << average.worst
                  << ", seed " << tb::seed());
  CHECK(soft.worst < 1.4);  // logits in steps of a 64th of an octave: 0.54 % of 128, and rounding
  CHECK(table16.worst < 1.2);
  CHECK(table8.worst < 0.52);
  CHECK(turned.worst < 2.2);  // cosines in 15 bits
  CHECK(average.worst < 0.51);
}

TEST_CASE("network golden: rows of one value are beta, whatever is shifted out") {
  for (const int value : {0, 1, -1, 5, 1000, -3000}) {
    const std::vector<i16> x(384, static_cast<i16>(value)), gamma(384, 800), beta(384, 1280);
    std::vector<i8> y(384);
    std::vector<i16> z(384);
    net::layernorm(net::Norm{384, 4, 12, 1000000}, x.data(), gamma.data(), beta.data(), y.data());
    net::layernorm(net::Norm{384, 4, 12, 1000000}, x.data(), gamma.data(), beta.data(), z.data());
    INFO("value " << value);
    CHECK(std::all_of(y.begin(), y.end(), [](i8 v) { return v == 10; }));
    CHECK(std::all_of(z.begin(), z.end(), [](i16 v) { return std::abs(v - 5120) <= 2; }));
  }
}

TEST_CASE("network golden: rows of full scale") {
  for (const unsigned n : {1U, 3U, 4U, 15U, 16U, 42U, 63U, 64U, 256U, 1024U, 4096U}) {
    const unsigned pre = net::norm_pre(n);
    INFO(n << " values, pre " << pre);
    CHECK(std::ldexp(n, 30 - 2 * static_cast<int>(pre)) < std::exp2(32));
    if (pre > 0) CHECK(std::ldexp(n, 32 - 2 * static_cast<int>(pre)) >= std::exp2(32));
    const std::vector<i16> x(n, -32768), gamma(n, 800), beta(n, 1280);
    std::vector<i8> y(n), z(n);
    net::layernorm(net::Norm{n, pre, 12, 1000000}, x.data(), gamma.data(), beta.data(), y.data());
    net::rmsnorm(net::Norm{n, pre, 12, 0}, x.data(), gamma.data(), z.data());
    CHECK(std::all_of(y.begin(), y.end(), [](i8 v) { return v == 10; }));
    CHECK(std::all_of(z.begin(), z.end(), [](i8 v) { return v == -100; }));
  }
}
