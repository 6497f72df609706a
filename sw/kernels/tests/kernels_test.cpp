// SPDX-License-Identifier: Apache-2.0
// Kernels on the host against the golden model, for several shapes and numbers of workers, and
// LayerNorm against double.
#include "kernels.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <vector>

#include "harness/seed.hpp"
#include "network.hpp"
#include "oct_kernels.h"
#include "oct_ml.h"

namespace {

using Bytes = std::vector<std::int8_t>;
using Halves = std::vector<std::int16_t>;

template <typename T>
std::vector<T> random_vector(std::mt19937_64& random, std::size_t n, int lo, int hi) {
  std::vector<T> v(n);
  for (T& x : v) x = static_cast<T>(tb::uniform(random, lo, hi));
  return v;
}

struct Shape {
  unsigned m, n, k;
};
const Shape kShapes[] = {{64, 64, 64}, {4, 4, 8},    {4, 4, 12},   {5, 7, 3},
                         {9, 12, 16},  {12, 10, 20}, {1, 64, 128}, {33, 4, 4}};

}  // namespace

TEST_CASE("kernels: matmul with INT32 and INT8 results") {
  auto random = tb::rng("kernels matmul");
  for (const auto [m, n, k] : kShapes) {
    for (const unsigned size : {1U, 2U, 8U}) {
      INFO(m << "x" << n << "x" << k << " on " << size);
      const auto a = random_vector<std::int8_t>(random, m * k, -128, 127);
      const auto b = random_vector<std::int8_t>(random, n * k, -128, 127);
      const auto bias = random_vector<std::int32_t>(random, n, -100000, 100000);
      std::vector<std::uint32_t> rq(n);
      for (auto& p : rq)
        p = oct_rq_param(tb::uniform(random, 1 << 24, (1 << 26) - 1),
                         static_cast<unsigned>(tb::uniform(random, 30, 38)));
      std::vector<std::int32_t> c(m * n, 0x55555555);
      Bytes y(m * n, 0x55), z(m * n, 0x55);
      for (unsigned rank = 0; rank < size; ++rank) {
        oct_matmul_i8_i32(a.data(), b.data(), c.data(), m, n, k, rank, size);
        oct_matmul_i8_i8(a.data(), b.data(), bias.data(), rq.data(), y.data(), m, n, k, rank, size);
        oct_matmul_i8_i8(a.data(), b.data(), nullptr, rq.data(), z.data(), m, n, k, rank, size);
      }
      for (unsigned i = 0; i < m; ++i) {
        for (unsigned j = 0; j < n; ++j) {
          const auto sum =
              oct::golden::dot(std::span(a).subspan(i * k, k), std::span(b).subspan(j * k, k));
          REQUIRE(c[i * n + j] == sum);
          REQUIRE(int{y[i * n + j]} ==
                  int{oct::golden::requantize(static_cast<std::uint32_t>(sum + bias[j]), rq[j])});
          REQUIRE(int{z[i * n + j]} ==
                  int{oct::golden::requantize(static_cast<std::uint32_t>(sum), rq[j])});
        }
      }
    }
  }
}

TEST_CASE("kernels: residual add in INT8, INT16 and INT16 to INT8") {
  auto random = tb::rng("kernels residual");
  for (const unsigned n : {1U, 2U, 3U, 4U, 15U, 16U, 17U, 63U, 128U, 1000U, 1030U}) {
    for (const unsigned size : {1U, 3U, 8U}) {
      INFO(n << " on " << size);
      const std::uint32_t arq =
          oct_arq_param(tb::uniform(random, -4096, 4095), tb::uniform(random, -4096, 4095),
                        static_cast<unsigned>(tb::uniform(random, 8, 14)));
      const auto a = random_vector<std::int8_t>(random, n, -128, 127),
                 b = random_vector<std::int8_t>(random, n, -128, 127);
      const auto c = random_vector<std::int16_t>(random, n, -32768, 32767),
                 d = random_vector<std::int16_t>(random, n, -32768, 32767);
      Bytes y(n, 0x55), z(n, 0x55);
      Halves w(n, 0x5555);
      for (unsigned rank = 0; rank < size; ++rank) {
        oct_add_i8(a.data(), b.data(), y.data(), n, arq, rank, size);
        oct_add_i16(c.data(), d.data(), w.data(), n, arq, rank, size);
        oct_add_i16_i8(c.data(), d.data(), z.data(), n, arq, rank, size);
      }
      for (unsigned i = 0; i < n; ++i) {
        REQUIRE(int{y[i]} == oct::golden::add_requantize<8>(a[i], b[i], arq));
        REQUIRE(int{w[i]} == oct::golden::add_requantize<16>(c[i], d[i], arq));
        REQUIRE(int{z[i]} == oct::golden::add_requantize<8>(c[i], d[i], arq));
      }
    }
  }
}

namespace {

struct Case {
  unsigned n;
  double sigma, mean;
  bool int8;
};

/// Runs one LayerNorm and returns the largest and the mean error against double in units of y.
std::pair<double, double> layernorm_case(std::mt19937_64& random, const Case& t) {
  constexpr unsigned rows = 8, frac = 11;
  constexpr double scale_y = 4.0 / 127;  // y covers four sigma at gamma = 1
  std::normal_distribution<double> normal(t.mean, t.sigma);
  const int limit = t.int8 ? 127 : 32767;
  Halves x(rows * t.n);
  for (auto& v : x)
    v = static_cast<std::int16_t>(
        std::clamp(std::lround(normal(random)), -limit - 1L, long{limit}));
  std::vector<double> gamma(t.n), beta(t.n);
  Halves gq(t.n), bq(t.n);
  for (unsigned i = 0; i < t.n; ++i) {
    gq[i] = static_cast<std::int16_t>(
        std::lround((0.5 + tb::uniform(random, 0, 1000) / 1000.0) / scale_y * (1 << (15 - frac))));
    bq[i] = static_cast<std::int16_t>(
        std::lround(tb::uniform(random, -500, 500) / 1000.0 / scale_y * 128));
    gamma[i] = gq[i] * scale_y / (1 << (15 - frac));
    beta[i] = bq[i] * scale_y / 128;
  }
  const unsigned pre = t.int8 ? 0 : oct::golden::net::norm_pre(t.n);
  const oct_layernorm_t p{t.n, pre, frac, 0, gq.data(), bq.data()};
  const oct::golden::LayerNorm g{t.n, pre, frac, 0, gq, bq};
  Bytes y(rows * t.n, 0x55), want(t.n);
  Bytes x8(x.begin(), x.end());
  for (unsigned rank = 0; rank < 3; ++rank) {
    if (t.int8)
      oct_layernorm_i8_i8(x8.data(), y.data(), rows, &p, rank, 3);
    else
      oct_layernorm_i16_i8(x.data(), y.data(), rows, &p, rank, 3);
  }
  double worst = 0, total = 0;
  for (unsigned r = 0; r < rows; ++r) {
    Halves row(x.begin() + r * t.n, x.begin() + (r + 1) * t.n);
    double mean = 0, var = 0;
    for (const auto v : row) mean += v / double(t.n);
    for (const auto v : row) var += (v - mean) * (v - mean) / t.n;
    if (t.int8)
      for (auto& v : row) v = static_cast<std::int16_t>(v * 256);
    oct::golden::layernorm_row(g, row, t.int8, want);
    for (unsigned i = 0; i < t.n; ++i) {
      REQUIRE(int{y[r * t.n + i]} == int{want[i]});
      const double exact =
          ((x[r * t.n + i] - mean) / std::sqrt(var) * gamma[i] + beta[i]) / scale_y;
      const double error = std::abs(std::clamp(exact, -128.0, 127.0) - want[i]);
      worst = std::max(worst, error);
      total += error / (rows * t.n);
    }
  }
  return {worst, total};
}

}  // namespace

TEST_CASE("kernels: LayerNorm equals the golden model and stays near double") {
  auto random = tb::rng("kernels layernorm");
  // Rounding alone gives at most 0.5 and 0.25 on average. A row that uses less than 1/300 of INT16
  // feels the shift in front of the squares.
  for (const Case& t : {Case{384, 3000, 200, false},
                        {384, 150, -40, false},
                        {384, 150, 12000, false},
                        {512, 8000, -3000, false},
                        {64, 1000, 0, false},
                        {128, 40, 5, false},
                        {12, 500, 100, false},
                        {1024, 5000, 0, false},
                        {384, 30, 5, true},
                        {512, 12, -60, true},
                        {64, 40, 0, true},
                        {20, 25, 3, true},
                        {4, 30, 0, true}}) {
    const auto [worst, mean] = layernorm_case(random, t);
    INFO("n " << t.n << " sigma " << t.sigma << " mean " << t.mean << ": worst " << worst
              << ", average " << mean);
    const bool narrow = t.sigma < 100 && !t.int8;
    CHECK(worst < (narrow ? 2.5 : 1.0));
    if (t.n >= 64) CHECK(mean < (narrow ? 0.45 : 0.28));  // an average needs numbers
  }
}

TEST_CASE("kernels: LayerNorm of constant and of extreme rows equals the golden model") {
  for (const int value : {0, 1, -1, 32767, -32768}) {
    Halves x(16, static_cast<std::int16_t>(value));
    for (const bool alternate : {false, true}) {
      if (alternate)
        for (std::size_t i = 0; i < x.size(); i += 2) x[i] = static_cast<std::int16_t>(~x[i]);
      const Halves gamma(16, 500), beta(16, -300);
      for (const std::uint64_t eps : {std::uint64_t{0}, std::uint64_t{256}}) {
        const oct_layernorm_t p{16, 2, 11, eps, gamma.data(), beta.data()};
        Bytes y(16), want(16);
        oct_layernorm_i16_i8(x.data(), y.data(), 1, &p, 0, 1);
        oct::golden::layernorm_row({16, 2, 11, eps, gamma, beta}, x, false, want);
        INFO(value << " eps " << eps << (alternate ? " alternating" : ""));
        REQUIRE(std::memcmp(y.data(), want.data(), y.size()) == 0);
      }
    }
  }
}
