// SPDX-License-Identifier: Apache-2.0
// Steps of the attention engine's arithmetic: corners written out, and each against real numbers.
#include "engine.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <ctime>

#include "harness/seed.hpp"

using namespace oct::golden::engine;

namespace {

/// The scale nearest to a positive number, its mantissa in [2^22, 2^23) as compilers make it.
Scale nearest_scale(double v) {
  int e = 0;
  auto m = static_cast<std::int32_t>(std::lround(std::ldexp(std::frexp(v, &e), 23)));
  if (m == 1 << 23) m /= 2, ++e;
  REQUIRE((e <= 23 && e > -40));
  return {m, static_cast<unsigned>(23 - e)};
}
double value(Scale s) { return std::ldexp(s.m, -static_cast<int>(s.s)); }

constexpr double kHalf = 0.5;

}  // namespace

TEST_CASE("engine arithmetic: rounding, saturation, scales") {
  CHECK(rs(5, 0) == 5);
  CHECK(rs(-5, 0) == -5);
  CHECK(rs(1, 1) == 1);  // ties towards +infinity
  CHECK(rs(-1, 1) == 0);
  CHECK(rs(-3, 1) == -1);
  CHECK(rs(7, 2) == 2);
  CHECK(rs(6, 2) == 2);
  CHECK(rs(5, 2) == 1);
  CHECK(rs(-6, 2) == -1);
  CHECK(rs(-7, 2) == -2);
  CHECK(rs(std::int64_t{1} << 55, 63) == 0);
  CHECK(rs(-(std::int64_t{1} << 55), 63) == 0);
  CHECK(rs(std::int64_t{1} << 55, 56) == 1);
  CHECK(rs(-(std::int64_t{1} << 55), 56) == 0);
  CHECK(rs(-(std::int64_t{1} << 55) - 1, 56) == -1);
  CHECK(sat<32>(std::int64_t{1} << 31) == 0x7fffffff);
  CHECK(sat<32>(-(std::int64_t{1} << 31) - 1) == -0x80000000LL);
  CHECK(sat<32>(-5) == -5);
  CHECK(sat<24>(0x800000) == 0x7fffff);
  CHECK(clip(5, -1, 4) == 4);
  CHECK(clip(-2, -1, 4) == -1);
  CHECK(unpack_scale(0x3fffffff) == Scale{-1, 63});
  CHECK(unpack_scale(0xc1800000) == Scale{-0x800000, 1});  // two bits without meaning
  CHECK(unpack_scale(pack_scale({-12345, 47})) == Scale{-12345, 47});
  CHECK(apply(-(std::int64_t{1} << 32), {-0x800000, 0}) == 0x7fffffff);
  CHECK(apply((std::int64_t{1} << 32) - 1, {-0x800000, 0}) == -0x7fffffff - 1);
  CHECK(apply(3, {1, 1}) == 2);
  CHECK(apply(-3, {1, 1}) == -1);
}

TEST_CASE("engine arithmetic: epilogue, corners") {
  const std::int8_t* none = nullptr;
  const Scale one{1 << 14, 0};  // one step of output for one of acc
  Channel c{.m1 = one};
  Epilogue e;
  CHECK(epilogue(5, 0, c, e, none) == 5);
  CHECK(epilogue(1000, 0, c, e, none) == 127);
  CHECK(epilogue(-1000, 0, c, e, none) == -128);
  c.m1 = {1 << 13, 0};
  CHECK(epilogue(5, 0, c, e, none) == 3);
  CHECK(epilogue(-5, 0, c, e, none) == -2);
  e.lo = -1;
  CHECK(epilogue(-5, 0, c, e, none) == -1);
  e.lo = -128;
  // bias beyond 32 bits does not wrap
  c = {.bias = 0x7fffffff, .m1 = {1, 18}};
  CHECK(epilogue(0x3fffffff, 0, c, e, none) == 1);
  c.bias = -0x7fffffff - 1;
  CHECK(epilogue(-0x40000000, 0, c, e, none) == -1);
  // u saturates at 2^17 steps before b2 brings it back
  c = {.bias = 0, .b2 = -0x7fffffff - 1, .m1 = {0x7fffff, 0}};
  CHECK(epilogue(0x40000000, 0, c, e, none) == 0);
  // ReLU before residual and b2
  e.relu = true;
  c = {.b2 = -3 << 14, .m1 = one, .m2 = one};
  CHECK(epilogue(-7, 0, c, e, none) == -3);
  e.residual = Residual::kAdded;
  CHECK(epilogue(-7, 10, c, e, none) == 7);
  e = {.residual = Residual::kMultiplied};
  c = {.b2 = 1 << 14, .m1 = {1, 0}, .m2 = {123, 0}};  // m2 is not used
  CHECK(epilogue(1 << 14, 3, c, e, none) == 4);
  CHECK(epilogue(1 << 14, -3, c, e, none) == -2);
  c = {.m1 = {1, 0}, .m2 = {0, 16}};
  CHECK(epilogue(1 << 30, 1, c, e, none) == (0x7fffff >> 16) / (1 << 14));  // u in 24 bits
  e = {.residual = Residual::kMultiplied, .lo = -32768, .hi = 32767};
  c.m2.s = 0;
  CHECK(epilogue(1 << 30, 64, c, e, none) == 32767);
  CHECK(epilogue(1 << 30, -64, c, e, none) == -32768);
  CHECK(epilogue(-(1 << 30), 64, c, e, none) == -32768);
  std::array<std::int8_t, 256> table{};
  for (int i = 0; i < 256; ++i) table[static_cast<unsigned>(i)] = static_cast<std::int8_t>(127 - i);
  e = {.table = true};
  c = {.m0 = one, .m1 = one};
  CHECK(epilogue(0, 0, c, e, table.data()) == -1);
  CHECK(epilogue(-500, 0, c, e, table.data()) == 127);
  CHECK(epilogue(500, 0, c, e, table.data()) == -128);
  c.bias = 600;
  CHECK(epilogue(-500, 0, c, e, table.data()) == 127 - 228);
}

TEST_CASE("engine arithmetic: the epilogue follows the real numbers") {
  auto random = tb::rng("engine epilogue");
  for (int n = 0; n < 100000; ++n) {
    const bool wide = tb::chance(random, 50);
    const double top = wide ? 32767 : 127;
    Epilogue e{.residual = static_cast<Residual>(random() % 3), .relu = tb::chance(random, 20)};
    if (wide) e.lo = -32768, e.hi = 32767;
    const auto acc = static_cast<std::int32_t>(random()) >> (1 + random() % 20);
    const auto r = static_cast<std::int16_t>(random());
    Channel c;
    c.bias = static_cast<std::int32_t>(random()) >> (random() % 25);
    c.b2 = static_cast<std::int32_t>(random()) >> (1 + random() % 16);
    const double t = double(acc) + c.bias;
    const double target = top * (0.01 + tb::uniform(random, 0, 1000) * 1e-3);
    const double in = std::max(100.0, std::abs(t));
    c.m1 = nearest_scale(std::ldexp(target / in, 14));
    c.m2 = nearest_scale(std::ldexp(target / 32768, 14));
    double y = t * value(c.m1) / 16384;
    if (e.relu) y = std::max(y, 0.0);
    if (e.residual == Residual::kAdded) y += r * value(c.m2) / 16384;
    double allowed = kHalf + 3.0 / 32768;
    if (e.residual == Residual::kMultiplied) {
      c.m1 = nearest_scale(std::ldexp(0.99 * (0.3 + 0.7 * (random() % 1000) * 1e-3) / in, 23));
      c.m2.s = wide ? 9 : 17;
      double u = t * value(c.m1);
      if (e.relu) u = std::max(u, 0.0);
      y = u * r / std::ldexp(1, 14 + static_cast<int>(c.m2.s));
      allowed += 0.5 * std::abs(r) / std::ldexp(1, 14 + static_cast<int>(c.m2.s));
    }
    y = std::clamp(y + c.b2 / 16384.0, double(e.lo), double(e.hi));
    INFO("seed " << tb::seed() << " n " << n << " y " << y);
    REQUIRE(std::abs(epilogue(acc, r, c, e, nullptr) - y) <= allowed);
  }
}

TEST_CASE("engine arithmetic: logits and exponentials") {
  CHECK(logit(1 << 21, {0x7fffff, 0}) == 32767);
  CHECK(logit(-(1 << 21), {0x7fffff, 0}) == -32767);  // -32768 is for hidden keys
  CHECK(logit(3, {1, 1}) == 2);
  CHECK(logit(-3, {1, 1}) == -1);
  CHECK(ceiling(0) == 0);
  CHECK(ceiling(1) == 1);
  CHECK(ceiling(64) == 1);
  CHECK(ceiling(-1) == 0);
  CHECK(ceiling(-64) == -1);
  CHECK(ceiling(32767) == 512);
  CHECK(ceiling(-32767) == -511);
  CHECK(ceiling(kHidden) == kInitialMax);
  for (std::size_t f = 0; f < 64; ++f) {
    const double real = 65536 * std::exp2(-double(f) / 64);
    CHECK(kExp2Table[f] == std::min(65535.0, std::floor(real + 0.5)));
  }
  CHECK(exponential(0, 0) == 65535 << 4);
  CHECK(weight(exponential(0, 0)) == 255);
  CHECK(exponential(512, 32767) == 64830 << 4);
  CHECK(exponential(20, 0) == 0);
  CHECK(exponential(20, 1) == std::uint32_t{33125} << 4 >> 19);
  CHECK(exponential(19, 0) == std::uint32_t{65535} << 4 >> 19);
  CHECK(exponential(512, -32767) == 0);
  CHECK(weight(2047) == 0);
  CHECK(weight(2048) == 1);
  CHECK(weight(0xff7ff) == 255);
  CHECK(weight(0xfffff) == 255);
  for (int max = -3; max <= 3; ++max) {
    for (int l = 64 * max - 1400; l <= 64 * max; ++l) {
      const double real = std::ldexp(std::exp2(l / 64.0 - max), 20);
      CHECK(std::abs(exponential(max, l) - real) <= real * 2e-5 + 1);
      CHECK(std::abs(weight(exponential(max, l)) - real / 4096) <= (real > 1.04e6 ? 1.0 : 0.51));
    }
  }
  // The largest weight of a row lies in 128..255.
  for (int l = -200; l <= 200; ++l) {
    const unsigned p = weight(exponential(ceiling(l), l));
    CHECK((p >= 128 && p <= 255));
  }
}

TEST_CASE("engine arithmetic: rescaling and normalisation") {
  CHECK(rescale_shift(-512, 512) == 31);
  CHECK(rescale_shift(3, 3) == 0);
  CHECK(rescale_shift(-512, -481) == 31);
  CHECK(rescale_shift(-512, -482) == 30);
  CHECK(normaliser(0, {0x7fffff, 5}) == Scale{0, 0});
  CHECK(normaliser(std::uint64_t{1} << 23, {0x400000, 10}) == Scale{0x400000, 7});
  CHECK(normaliser(std::uint64_t{1} << 19, {0x7fffff, 7}) == Scale{0x7fffff, 0});
  CHECK(normaliser(std::uint64_t{1} << 19, {0x7fffff, 0}) == Scale{0x7fffff, 0});  // clipped
  CHECK(normaliser((std::uint64_t{1} << 37) - 1, {0x400000, 63}) == Scale{0x200000, 63});
  CHECK(normaliser(0xffffff, {0x7fffff, 20}).m == 0x3fffff);
  CHECK(normalise(-(1 << 30), {0x7fffff, 0}) == -128);
  CHECK(normalise(1 << 30, {0x7fffff, 0}) == 127);
  CHECK(normalise(1 << 30, {0, 0}) == 0);
  auto random = tb::rng("engine normalise");
  for (int n = 0; n < 50000; ++n) {
    const std::uint64_t sum = (std::uint64_t{1} << 19) + (random() >> (27 + random() % 18));
    const auto acc = static_cast<std::int32_t>((static_cast<double>(random() % 20001) - 10000) /
                                               10000 * 127 * double(sum) / 4096);
    const Scale o = nearest_scale(1.0);
    const double real = std::clamp(double(acc) * 4096 / double(sum), -128.0, 127.0);
    INFO("sum " << sum << " acc " << acc);
    REQUIRE(std::abs(normalise(acc, normaliser(sum, o)) - real) <= 0.5 + 1.0 / 4096);
  }
}

TEST_CASE("engine arithmetic: a tile grows the maximum, hides keys, leaves an empty row alone") {
  std::vector<std::int8_t> v(64, 100);
  const std::int8_t* rows[] = {v.data()};
  std::int32_t acc = 0;
  QueryState s{.acc = &acc};
  const std::vector<std::int16_t> hidden(64, kHidden);
  attention_tile(s, hidden, rows);
  CHECK(s.max == -512);
  CHECK(s.sum == 0);
  CHECK(acc == 0);
  attention_tile(s, std::vector<std::int16_t>{-32767}, rows);
  CHECK(s.max == -511);
  CHECK(s.sum == exponential(-511, -32767));
  CHECK(acc == 100 * 129);  // 2^(-63/64) of 256, rounded
  attention_tile(s, std::vector<std::int16_t>{-32767 + 64 * 3}, rows);
  CHECK(s.max == -508);
  CHECK(s.sum == 530000 / 8 + 530000);
  CHECK(acc == 12900 / 8 + 12900);
  attention_tile(s, std::vector<std::int16_t>{32767, kHidden, 32767}, rows);
  CHECK(s.max == 512);
  CHECK(s.sum == 2 * (64830 << 4));
  CHECK(acc == 2 * 25300);
  acc = -5;
  s = {.max = 0, .sum = 0, .acc = &acc};
  v[0] = 0;
  attention_tile(s, std::vector<std::int16_t>{64}, rows);
  CHECK(acc == -3);  // towards -infinity
}

// Not a mark on a shared machine, only a guard against losing the vector units.
TEST_CASE("engine model: fast enough for whole networks") {
  std::vector<std::uint8_t> l1(1024 * 1024, 1);
  GemmJob j{.w_kn = true, .m = 512, .n = 512, .k = 512};
  j.a = {0, 512}, j.b = {512 * 512, 512}, j.c = {2 * 512 * 512, 512},
  j.plane_a_addr = 3 * 512 * 512;
  const std::clock_t start = std::clock();
  constexpr int kTimes = 8;
  for (int i = 0; i < kTimes; ++i) REQUIRE(run_gemm(l1, j) == JobResult{});
  const double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  const double gmacs = kTimes * 512.0 * 512 * 512 / 1e9 / seconds;
  CHECK(gmacs > 1);
}
