// SPDX-License-Identifier: Apache-2.0
// The integer dialect's kernels in C against their golden functions: element types, corners, tails,
// teams of one to eight. The golden functions themselves: sw/golden/tests/dialect_test.cpp.
#include "golden/dialect.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "compiler/integer/kernels.hpp"
#include "harness/seed.hpp"
#include "oct_network.h"

namespace {

using oct::integer::Elem;
using oct::integer::KernelInfo;
using Random = std::mt19937_64;
constexpr std::uint32_t kBase = 0x10001000;

std::int64_t draw(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}
constexpr std::uint32_t kByte = 0, kUnsigned = 1, kWord = 2;

struct Operand {
  std::int64_t rows, bytes, stride, at;
};

/// Operands in one image, job words, and the call of the golden function.
struct Job {
  const KernelInfo* info;
  std::vector<std::uint8_t> image;
  std::vector<Operand> operands;  // inputs, then the output
  std::vector<std::int32_t> args;
  std::int64_t rows;

  void operand(std::int64_t count, std::int64_t n, std::uint32_t type, std::int64_t stride = -1) {
    const std::int64_t bytes = n * (type == kWord ? 4 : 1);
    const Operand o{count, bytes, stride < 0 ? (bytes + 7) / 8 * 8 : stride,
                    static_cast<std::int64_t>(image.size())};
    image.resize(image.size() + static_cast<std::size_t>(count * ((bytes + 15) / 8 * 8)), 0x5a);
    args[1] |= static_cast<std::int32_t>(type << (4 * operands.size()));
    operands.push_back(o);
  }
  void fill(std::size_t i, Random& random, std::int64_t low, std::int64_t high) {
    const std::uint32_t type = static_cast<std::uint32_t>(args[1]) >> (4 * i) & 15;
    const Operand& o = operands[i];
    const std::int64_t size = type == kWord ? 4 : 1;
    if (type == kByte)
      low = std::max<std::int64_t>(low, -128), high = std::min<std::int64_t>(high, 127);
    if (type == kUnsigned)
      low = std::max<std::int64_t>(low, 0), high = std::min<std::int64_t>(high, 255);
    for (std::int64_t r = 0; r < (o.stride == 0 ? 1 : o.rows); ++r) {
      for (std::int64_t j = 0; j < o.bytes; j += size) {
        const std::int64_t pick = draw(random, 0, 9);
        const std::int64_t v = pick == 0 ? low : pick == 1 ? high : draw(random, low, high);
        std::memcpy(&image[static_cast<std::size_t>(o.at + r * o.stride + j)], &v,
                    static_cast<std::size_t>(size));
      }
    }
  }
  void check(unsigned team) {
    std::vector<std::uint8_t> want = image;
    oct::integer::KernelCall call;
    call.rows = rows, call.args = args;
    std::vector<std::uint32_t> words{static_cast<std::uint32_t>(rows)};
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const Operand& o = operands[i];
      auto& list = i < info->inputs.size() ? call.inputs : call.outputs;
      list.push_back({&want[static_cast<std::size_t>(o.at)], o.stride});
      words.push_back(kBase + static_cast<std::uint32_t>(o.at));
      words.push_back(static_cast<std::uint32_t>(o.stride));
    }
    for (const std::int32_t a : args) words.push_back(static_cast<std::uint32_t>(a));
    REQUIRE(args.size() == info->args);
    REQUIRE(operands.size() == info->inputs.size() + 1);
    try {
      info->golden(call);
    } catch (const oct::golden::dialect::Overflow&) {
      return;  // refused before the machine sees it
    }
    std::vector<std::uint8_t> got = image;
    oct_net_map(0, kBase, static_cast<std::uint32_t>(got.size()), got.data());
    for (unsigned rank = team; rank-- > 0;) {
      auto job = words;
      REQUIRE(info->host(job.data(), rank, team) == 0);
    }
    INFO(info->name << " args " << Catch::Detail::stringify(args) << " rows " << rows << " team "
                    << team << " seed " << tb::seed());
    REQUIRE((got == want));
    ++compared;
  }
  static inline std::size_t compared = 0;
};

Job job(const std::string& name, std::int64_t rows, std::vector<std::int32_t> args) {
  return {&oct::integer::kernel_info(name), {}, {}, std::move(args), rows};
}

std::int32_t lo_of(std::uint32_t t) { return t == kByte ? -128 : t == kUnsigned ? 0 : INT32_MIN; }
std::int32_t hi_of(std::uint32_t t) { return t == kByte ? 127 : t == kUnsigned ? 255 : INT32_MAX; }

struct Shape {
  std::int64_t rows, n;
};
constexpr std::array<Shape, 7> kShapes{
    {{1, 1}, {3, 5}, {2, 16}, {5, 33}, {1, 70}, {9, 12}, {4, 64}}};

template <typename F>
void for_shapes(F f) {
  for (const Shape& s : kShapes)
    for (const unsigned team : {1U, 2U, 3U, 8U}) f(s, team);
}

}  // namespace

TEST_CASE("dialect kernels: RequantShift, narrow and wide, one factor and many") {
  auto random = tb::rng("dialect rq");
  for_shapes([&](Shape s, unsigned team) {
    for (const std::uint32_t x : {kByte, kUnsigned, kWord}) {
      for (const std::uint32_t y : {kByte, kUnsigned, kWord}) {
        for (const int wide : {0, 1}) {
          const auto shift = static_cast<std::int32_t>(draw(random, 0, wide ? 31 : 18));
          const std::int64_t top = wide ? INT32_MAX : 1 << 14, add = wide ? INT32_MAX : 1 << 28;
          const auto n = static_cast<std::int32_t>(s.n);
          Job many = job("d_rq", s.rows, {n, 0, shift, lo_of(y), hi_of(y), wide});
          many.operand(s.rows, s.n, x), many.fill(0, random, -top, top);
          const bool shared = draw(random, 0, 1) != 0;
          many.operand(s.rows, s.n, kWord, shared ? 0 : -1), many.fill(1, random, -top, top);
          many.operand(s.rows, s.n, kWord, shared ? 0 : -1), many.fill(2, random, -add, add);
          many.operand(s.rows, s.n, y);
          many.check(team);
          Job one = job("d_rq1", s.rows,
                        {n, 0, static_cast<std::int32_t>(draw(random, -top, top)),
                         static_cast<std::int32_t>(draw(random, -add, add)), shift, lo_of(y),
                         hi_of(y), wide});
          one.operand(s.rows, s.n, x), one.fill(0, random, -top, top);
          one.operand(s.rows, s.n, y);
          one.check(team);
        }
      }
    }
  });
  REQUIRE(Job::compared > 900);
}

TEST_CASE("dialect kernels: two operands, activations, NoNorm") {
  auto random = tb::rng("dialect elements");
  for_shapes([&](Shape s, unsigned team) {
    const auto n = static_cast<std::int32_t>(s.n);
    for (const std::uint32_t a : {kByte, kUnsigned, kWord}) {
      for (const std::uint32_t b : {kByte, kUnsigned, kWord}) {
        for (const int kind : {0, 1, 2, 3, 4}) {
          Job j = job("d_binary", s.rows, {n, 0, kind});
          j.operand(s.rows, s.n, a), j.fill(0, random, -30000, 30000);
          j.operand(s.rows, s.n, b), j.fill(1, random, -30000, 30000);
          j.operand(s.rows, s.n, kWord);
          j.check(team);
        }
      }
      Job g = job("d_act", s.rows,
                  {n, 0, 0, static_cast<std::int32_t>(draw(random, -300, -1)),
                   static_cast<std::int32_t>(draw(random, 1, 90000)), 0});
      g.operand(s.rows, s.n, a), g.fill(0, random, -1000, 1000);
      g.operand(s.rows, s.n, kWord);
      g.check(team);
      Job h = job("d_act", s.rows, {n, 0, 1, 33, 765, 1530});
      h.operand(s.rows, s.n, a), h.fill(0, random, -3000, 3000);
      h.operand(s.rows, s.n, kWord);
      h.check(team);
      for (const int d : {65536, 1, 1000}) {
        Job m = job("d_nonorm", s.rows,
                    {n, 0, static_cast<std::int32_t>(draw(random, -500, 500)), d, -128, 127});
        m.operand(s.rows, s.n, a), m.fill(0, random, -100000, 100000);
        m.operand(s.rows, s.n, kWord), m.fill(1, random, -70000, 70000);
        m.operand(s.rows, s.n, kWord, 0), m.fill(2, random, INT32_MIN, INT32_MAX);
        m.operand(s.rows, s.n, kByte);
        m.check(team);
      }
    }
  });
}

TEST_CASE("dialect kernels: softmaxes and norms") {
  auto random = tb::rng("dialect rows");
  for_shapes([&](Shape s, unsigned team) {
    const auto n = static_cast<std::int32_t>(s.n);
    for (const std::uint32_t x : {kByte, kUnsigned, kWord}) {
      for (const int kind : {0, 1, 2}) {
        for (const int wide : {0, 1}) {
          std::vector<std::int32_t> args{n, 0, kind, 1, 345, 62395, 255, 256, wide};
          if (kind == 0 && wide) args = {n, 0, 0, 7, 30000, 99, 8, 256, 1};
          if (kind == 1) args = {n, 0, 1, 256, 0, 0, 0, 0, 0};
          if (kind == 2)
            args = {n, 0, 2, 256, static_cast<std::int32_t>(draw(random, 1, 20)), 0, 0, 0, 0};
          Job j = job("d_softmax", s.rows, args);
          j.operand(s.rows, s.n, x), j.fill(0, random, wide && kind == 0 ? -100000 : -400, 400);
          j.operand(s.rows, s.n, kUnsigned);
          j.check(team);
        }
      }
      for (const int kind : {0, 1}) {
        for (const int wide : {0, 1}) {
          Job j = job("d_norm", s.rows,
                      {n, 0, kind, draw(random, 0, 2) == 0 ? 777 : 16384, -128, 127, wide});
          const std::int64_t top = wide ? 1 << 20 : 1000;
          j.operand(s.rows, s.n, x), j.fill(0, random, -top, top);
          j.operand(s.rows, s.n, kWord, 0), j.fill(1, random, wide ? INT32_MIN : -450000, 450000);
          j.operand(s.rows, s.n, kWord, 0), j.fill(2, random, -140000, 140000);
          j.operand(s.rows, s.n, kByte);
          j.check(team);
        }
      }
    }
  });
}

TEST_CASE("dialect kernels: products and sums over rows") {
  auto random = tb::rng("dialect products");
  for_shapes([&](Shape s, unsigned team) {
    const auto k = static_cast<std::int32_t>(s.n);
    for (const std::uint32_t a : {kByte, kUnsigned, kWord}) {
      for (const std::uint32_t b : {kByte, kUnsigned, kWord}) {
        for (const std::int64_t cols : {1, 4, 7, 16}) {
          const auto ldw = static_cast<std::int32_t>((b == kWord ? 4 * s.n : (s.n + 3) / 4 * 4) +
                                                     (draw(random, 0, 1) != 0 ? 4 : 0));
          for (const bool sum : {false, true}) {
            std::vector<std::int32_t> args{k, 0, static_cast<std::int32_t>(cols), ldw};
            if (sum) args.push_back(static_cast<std::int32_t>(draw(random, -3, 3)));
            Job j = job(sum ? "d_matmul_c" : "d_matmul", s.rows, args);
            const std::int64_t top = a == kWord || b == kWord ? 1000 : 255;
            j.operand(s.rows, s.n, a), j.fill(0, random, -top, top);
            j.operand(1, cols * ldw / (b == kWord ? 4 : 1), b, 0), j.fill(1, random, -top, top);
            if (sum) j.operand(s.rows, cols, kWord, 0), j.fill(2, random, -9999, 9999);
            j.operand(s.rows, cols, kWord);
            j.check(team);
          }
        }
      }
      for (const int kind : {0, 1, 2, 3}) {
        Job j = job("d_reduce", s.rows, {k, 0, kind, static_cast<std::int32_t>(s.rows)});
        j.operand(s.rows, s.n, a), j.fill(0, random, -100000, 100000);
        j.operand(1, s.n, kWord);
        j.check(team);
      }
    }
  });
}
