// SPDX-License-Identifier: Apache-2.0
// oct_attn_lane against the golden model: every kind of operation, one after the other without a
// gap, operands at the ends of their ranges as often as not.
#include <catch2/catch.hpp>
#include <deque>

#include "Vtb_attn_lane.h"
#include "engine_math.hpp"
#include "harness/clocked.hpp"

namespace {

namespace golden = oct::golden::engine;

struct Operation {
  bool logit = false, split = false, index = false, looked_up = false, add = false, mul = false;
  bool relu = false, plane_b = false;
  std::int32_t t = 0, hi = 0, bias = 0, b2 = 0;
  golden::Scale s1{}, s2{};
  std::int16_t r = 0, min = -32768, max = 32767;
};

struct Result {
  int y, hi;
  bool split;
};

Result expected(const Operation& o) {
  if (o.logit) return {golden::logit(o.t, o.s1), golden::logit(o.hi, o.s1), o.split};
  const std::int64_t t = std::int64_t{o.t} + (o.looked_up ? 0 : o.bias);
  if (o.index) return {golden::table_index(t, o.s1), 0, false};
  golden::Epilogue e{.relu = o.relu, .lo = o.min, .hi = o.max};
  if (o.add) e.residual = golden::Residual::kAdded;
  if (o.mul) e.residual = golden::Residual::kMultiplied;
  const golden::Channel c{
      .bias = o.looked_up ? 0 : o.bias, .b2 = o.plane_b ? o.b2 : 0, .m1 = o.s1, .m2 = o.s2};
  return {golden::epilogue(o.t, o.r, c, e, nullptr), 0, false};
}

class Lane {
 public:
  Lane() {
    dut_->valid_i = 0;
    for (int i = 0; i < 12; ++i) dut_.tick();
  }
  /// `o` absent: a cycle without an operation.
  void step(const Operation* o) {
    dut_->valid_i = o != nullptr;
    if (o != nullptr) {
      drive(*o);
      queue_.push_back({*o, dut_.cycles() + 9});
    }
    dut_.eval();
    const bool due = !queue_.empty() && queue_.front().second == dut_.cycles();
    REQUIRE(bool(dut_->valid_o) == due);
    if (due) {
      const Operation& was = queue_.front().first;
      const Result want = expected(was);
      INFO("seed " << tb::seed() << " t " << was.t << " bias " << was.bias << " m1 " << was.s1.m
                   << " s1 " << was.s1.s << " r " << was.r << " m2 " << was.s2.m << " s2 "
                   << was.s2.s << " b2 " << was.b2 << " add " << was.add << " mul " << was.mul
                   << " logit " << was.logit << " index " << was.index);
      REQUIRE(static_cast<std::int16_t>(dut_->y_o) == want.y);
      if (want.split) REQUIRE(static_cast<std::int16_t>(dut_->hi_o) == want.hi);
      queue_.pop_front();
    }
    dut_.tick();
  }
  void flush() {
    for (int i = 0; i < 10; ++i) step(nullptr);
    CHECK(queue_.empty());
  }

 private:
  void drive(const Operation& o) {
    dut_->logit_i = o.logit;
    dut_->split_i = o.split;
    dut_->index_i = o.index;
    dut_->looked_up_i = o.looked_up;
    dut_->add_i = o.add;
    dut_->mul_i = o.mul;
    dut_->relu_i = o.relu;
    dut_->plane_b_i = o.plane_b;
    dut_->t_i = static_cast<std::uint32_t>(o.t);
    dut_->hi_i = static_cast<std::uint32_t>(o.hi);
    dut_->bias_i = static_cast<std::uint32_t>(o.bias);
    dut_->b2_i = static_cast<std::uint32_t>(o.b2);
    dut_->m1_i = static_cast<std::uint32_t>(o.s1.m);
    dut_->s1_i = static_cast<CData>(o.s1.s);
    // Logits use one scale for both products.
    dut_->m2_i = static_cast<std::uint32_t>(o.logit ? o.s1.m : o.s2.m);
    dut_->s2_i = static_cast<CData>(o.logit ? o.s1.s : o.s2.s);
    dut_->r_i = static_cast<std::uint16_t>(o.r);
    dut_->min_i = static_cast<std::uint16_t>(o.logit ? -32767 : o.index ? -128 : o.min);
    dut_->max_i = static_cast<std::uint16_t>(o.logit ? 32767 : o.index ? 127 : o.max);
  }
  tb::Clocked<Vtb_attn_lane> dut_;
  std::deque<std::pair<Operation, std::uint64_t>> queue_;
};

/// Signed, `bits` wide: an end of the range, near zero, or anything of any size.
std::int32_t number(std::mt19937_64& random, unsigned bits) {
  const std::int64_t top = (std::int64_t{1} << (bits - 1)) - 1;
  switch (random() % 8) {
    case 0:
      return static_cast<std::int32_t>(top - static_cast<std::int64_t>(random() % 3));
    case 1:
      return static_cast<std::int32_t>(-top - 1 + static_cast<std::int64_t>(random() % 3));
    case 2:
      return static_cast<std::int32_t>(random() % 5) - 2;
    default:
      return static_cast<std::int32_t>(static_cast<std::int64_t>(random()) >>
                                       (64 - 1 - random() % bits));
  }
}

Operation draw(std::mt19937_64& random) {
  Operation o;
  const unsigned kind = random() % 8;
  o.logit = kind < 2;
  o.split = kind == 0;
  o.index = kind == 2;
  o.looked_up = kind == 3;
  if (!o.logit && !o.index) {
    const unsigned residual = random() % 3;
    o.add = residual == 1;
    o.mul = residual == 2;
    o.relu = tb::chance(random, 25);
    o.plane_b = o.add || o.mul || tb::chance(random, 30);
  }
  o.t = number(random, o.logit ? 23 : o.looked_up ? 8 : 32);
  o.hi = number(random, 22);
  o.bias = number(random, 32);
  o.b2 = number(random, 32);
  o.s1 = {number(random, 24), static_cast<unsigned>(random() % 64)};
  o.s2 = {number(random, 24), static_cast<unsigned>(random() % 64)};
  if (tb::chance(random, 60)) {
    o.s1.s = static_cast<unsigned>(random() % 24 + (o.mul ? 8 : 16));
    o.s2.s = static_cast<unsigned>(random() % 24);
  }
  o.r = static_cast<std::int16_t>(number(random, 16));
  if (tb::chance(random, 40)) o.min = -128, o.max = 127;
  if (tb::chance(random, 10)) o.min = o.max = static_cast<std::int16_t>(random());
  return o;
}

}  // namespace

TEST_CASE("lane: corners") {
  Lane lane;
  constexpr std::int32_t kMin = -0x7fffffff - 1, kMax = 0x7fffffff;
  constexpr golden::Scale kSteep{-0x800000, 0}, kUp{0x7fffff, 0}, kOne{1 << 14, 0};
  std::vector<Operation> all;
  for (const std::int32_t t : {kMin, -1, 0, 1, kMax}) {
    for (const std::int32_t bias : {kMin, 0, kMax}) {
      for (const golden::Scale s :
           {kSteep, kUp, kOne, golden::Scale{-1, 0}, golden::Scale{-0x800000, 63},
            golden::Scale{0x7fffff, 55}, golden::Scale{-0x800000, 55}}) {
        Operation o{.t = t, .bias = bias, .s1 = s};
        all.push_back(o);
        o.index = true;
        all.push_back(o);
        o.index = false;
        o.relu = o.plane_b = true;
        o.b2 = kMin;
        all.push_back(o);
        for (const std::int16_t r : {std::int16_t{-32768}, std::int16_t{0}, std::int16_t{32767}}) {
          o.add = true;
          o.mul = false;
          o.r = r;
          o.s2 = s;
          all.push_back(o);
          o.add = false;
          o.mul = true;
          all.push_back(o);
        }
      }
    }
  }
  for (const std::int32_t t : {-(1 << 22), -1, 0, 3, (1 << 22) - 1}) {
    for (const golden::Scale s : {kSteep, kUp, golden::Scale{1, 1}, golden::Scale{0x400000, 29}}) {
      all.push_back({.logit = true, .split = true, .t = t, .hi = t / 2, .s1 = s});
    }
  }
  for (const Operation& o : all) lane.step(&o);
  lane.flush();
}

TEST_CASE("lane: random operations without a gap") {
  Lane lane;
  auto random = tb::rng("lane");
  for (int n = 0; n < 200000; ++n) {
    const Operation o = draw(random);
    lane.step(&o);
  }
  lane.flush();
}

TEST_CASE("lane: random operations with gaps") {
  Lane lane;
  auto random = tb::rng("lane gaps");
  for (int n = 0; n < 50000; ++n) {
    const Operation o = draw(random);
    lane.step(tb::chance(random, 40) ? &o : nullptr);
  }
  lane.flush();
}
