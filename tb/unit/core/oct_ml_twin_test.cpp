// SPDX-License-Identifier: Apache-2.0
// The plain-C twin of oct_ml.h equals the golden model, and every register instruction of the table
// has its intrinsic.
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "harness/seed.hpp"
#include "ml_encoding.hpp"
#include "oct_ml.h"

namespace ml = oct::golden::ml;

namespace {

using Fn = std::function<std::uint32_t(std::uint32_t a, std::uint32_t b, std::uint32_t c,
                                       std::uint32_t i)>;
using U = std::uint32_t;

std::map<std::string, Fn> intrinsics() {
  std::map<std::string, Fn> m;
#define SIX(name, r, s)                            \
  m["cv." #name ".h"] = r(oct_##name##_h);         \
  m["cv." #name ".b"] = r(oct_##name##_b);         \
  m["cv." #name ".sc.h"] = r(oct_##name##_sc_h);   \
  m["cv." #name ".sc.b"] = r(oct_##name##_sc_b);   \
  m["cv." #name ".sci.h"] = s(oct_##name##_sci_h); \
  m["cv." #name ".sci.b"] = s(oct_##name##_sci_b);
#define FN_R(f) [](U a, U b, U, U) -> U { return f(a, b); }
#define FN_RD(f) [](U a, U b, U c, U) -> U { return f(c, a, b); }
#define FN_UNARY(f) [](U a, U, U, U) -> U { return f(a); }
#define FN_IMM(f) [](U a, U, U, U i) -> U { return f(a, i); }
#define FN_IMMD(f) [](U a, U, U c, U i) -> U { return f(c, a, i); }
#define FN_SHIFT(f) [](U a, U b, U, U i) -> U { return f(a, b, i); }
#define FN_SHIFTD(f) [](U a, U b, U c, U i) -> U { return f(c, a, b, i); }
#define X_SIMD(name, f7, s, expr) SIX(name, FN_R, FN_IMM)
#define X_DOT(name, f7, sa, sb) SIX(name, FN_R, FN_IMM)
#define X_SDOT(name, f7, sa, sb) SIX(name, FN_RD, FN_IMMD)
#define X_R(name, cv, opc, f3, f7, expr) m[cv] = FN_R(oct_##name);
#define X_RD(name, cv, opc, f3, f7, expr) m[cv] = FN_RD(oct_##name);
#define X_UNARY(name, cv, opc, f3, f7, expr) m[cv] = FN_UNARY(oct_##name);
#define X_SHIFT(name, cv, f3, f2, expr) m[cv] = FN_SHIFT(oct_##name);
#define X_SHIFTD(name, cv, opc, f3, f2, expr) m[cv] = FN_SHIFTD(oct_##name);
#define X_IMM(name, cv, kind, f3, f7, expr) m[cv] = FN_IMM(oct_##name);
#define X_IMMD(name, cv, kind, f3, f7, expr) m[cv] = FN_IMMD(oct_##name);
  OCT_ML_SIMD(X_SIMD)
  OCT_ML_DOT(X_DOT)
  OCT_ML_SDOT(X_SDOT)
  OCT_ML_R(X_R)
  OCT_ML_RD(X_RD)
  OCT_ML_UNARY(X_UNARY)
  OCT_ML_SHIFT(X_SHIFT)
  OCT_ML_SHIFTD(X_SHIFTD)
  OCT_ML_IMM(X_IMM)
  OCT_ML_IMMD(X_IMMD)
  return m;
}

}  // namespace

TEST_CASE("oct_ml.h: the twin of every instruction equals the golden model") {
  const auto twins = intrinsics();
  const U corners[] = {0,          1,          ~0U,        0x7f,       0x80,
                       0x7fff,     0x8000,     0xffff,     0x7fffffff, 0x80000000,
                       0x80808080, 0x7fff8000, 0xf8000001, 0x01010101};
  std::size_t covered = 0;
  for (const ml::Insn& i : ml::table()) {
    if (i.eval == nullptr || i.ext == ml::Ext::kM) continue;
    INFO(i.name);
    REQUIRE(twins.count(i.name) == 1);
    const Fn& twin = twins.at(i.name);
    auto random = tb::rng("twin " + i.name);
    const auto [lo, hi] = ml::imm_range(i);
    const auto check = [&](U a, U b, U c, U imm) {
      const U got = twin(a, b, c, imm), want = ml::evaluate(i, a, b, c, imm);
      if (got == want) return true;
      UNSCOPED_INFO(std::hex << "rs1=" << a << " rs2=" << b << " rd=" << c << " imm=" << imm
                             << ": twin " << got << ", golden " << want);
      return false;
    };
    for (const U a : corners) {
      for (const U b : corners) {
        for (const U c : corners) {
          for (const std::int32_t imm : {lo, 0, 1, (lo + hi) / 2, hi}) {
            if (imm < lo || imm > hi) continue;
            if (!check(a, b, c, static_cast<U>(imm))) REQUIRE(false);
          }
        }
      }
    }
    for (int n = 0; n < 10000; ++n) {
      const auto a = static_cast<U>(random()), b = static_cast<U>(random()),
                 c = static_cast<U>(random());
      if (!check(a, b, c, static_cast<U>(tb::uniform(random, lo, hi)))) REQUIRE(false);
    }
    ++covered;
  }
  CHECK(covered == twins.size());
  CHECK(covered == 276);
}
