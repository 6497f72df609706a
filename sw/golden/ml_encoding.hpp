// SPDX-License-Identifier: Apache-2.0
// Table of all instructions of the ML extension (ml_insn.hpp). CORE-V encodings as in the CV32E40P
// user manual v1.x; tb/unit/core/oct_ml_encoding_test.cpp compares every one that clang 22 knows
// with what it assembles. Octant's own instructions use custom-1 with funct3 101 and 110, which no
// CORE-V extension touches.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ml_insn.hpp"

namespace oct::golden::ml {

namespace detail {
using Eval = u32 (*)(u32, u32, u32, u32);
#define OCT_EVAL(expr)                    \
  [](u32 a, u32 b, u32 c, u32 i) -> u32 { \
    (void)a, (void)b, (void)c, (void)i;   \
    return expr;                          \
  }

inline Insn simd(std::string name, Form form, u32 f5, u32 f, u32 funct3, Eval eval,
                 bool sc = false) {
  return {std::move(name),
          Ext::kSimd,
          form,
          word(kCustom3, funct3, f5 << 2 | f << 1),
          eval,
          (funct3 & 1) != 0 ? 8U : 16U,
          sc};
}
/// The six variants .h .b .sc.h .sc.b .sci.h .sci.b.
inline void simd6(std::vector<Insn>& t, const std::string& name, u32 f5, u32 f, Form vec,
                  Form sci_h, Form sci_b, Eval h, Eval b) {
  t.push_back(simd(name + ".h", vec, f5, f, 0, h));
  t.push_back(simd(name + ".b", vec, f5, f, 1, b));
  t.push_back(simd(name + ".sc.h", vec, f5, f, 4, h, true));
  t.push_back(simd(name + ".sc.b", vec, f5, f, 5, b, true));
  t.push_back(simd(name + ".sci.h", sci_h, f5, f, 6, h, true));
  t.push_back(simd(name + ".sci.b", sci_b, f5, f, 7, b, true));
}
#define OCT_SIMD(name, f5, f, vec, sci, expr)          \
  simd6(                                               \
      t, name, f5, f, Form::vec, Form::sci, Form::sci, \
      [](u32 a, u32 b, u32 c, u32) {                   \
        constexpr unsigned W = 16;                     \
        (void)c;                                       \
        return expr;                                   \
      },                                               \
      [](u32 a, u32 b, u32 c, u32) {                   \
        constexpr unsigned W = 8;                      \
        (void)c;                                       \
        return expr;                                   \
      })
#define OCT_SIMD_SHIFT(name, f5, expr)                \
  simd6(                                              \
      t, name, f5, 0, Form::kR, Form::kU4, Form::kU3, \
      [](u32 a, u32 b, u32, u32) {                    \
        constexpr unsigned W = 16;                    \
        return expr;                                  \
      },                                              \
      [](u32 a, u32 b, u32, u32) {                    \
        constexpr unsigned W = 8;                     \
        return expr;                                  \
      })

inline void add_simd(std::vector<Insn>& t) {
  OCT_SIMD("cv.add", 0, 0, kR, kS6, add<W>(a, b));
  OCT_SIMD("cv.sub", 1, 0, kR, kS6, sub<W>(a, b));
  OCT_SIMD("cv.avg", 2, 0, kR, kS6, (avg<W, true>(a, b)));
  OCT_SIMD("cv.avgu", 3, 0, kR, kU6, (avg<W, false>(a, b)));
  OCT_SIMD("cv.min", 4, 0, kR, kS6, (min<W, true>(a, b)));
  OCT_SIMD("cv.minu", 5, 0, kR, kU6, (min<W, false>(a, b)));
  OCT_SIMD("cv.max", 6, 0, kR, kS6, (max<W, true>(a, b)));
  OCT_SIMD("cv.maxu", 7, 0, kR, kU6, (max<W, false>(a, b)));
  OCT_SIMD_SHIFT("cv.srl", 8, srl<W>(a, b));
  OCT_SIMD_SHIFT("cv.sra", 9, sra<W>(a, b));
  OCT_SIMD_SHIFT("cv.sll", 10, sll<W>(a, b));
  OCT_SIMD("cv.or", 11, 0, kR, kS6, W != 0 ? a | b : 0);
  OCT_SIMD("cv.xor", 12, 0, kR, kS6, W != 0 ? a ^ b : 0);
  OCT_SIMD("cv.and", 13, 0, kR, kS6, W != 0 ? a & b : 0);
  t.push_back(simd("cv.abs.h", Form::kUnary, 14, 0, 0, OCT_EVAL(abs<16>(a))));
  t.push_back(simd("cv.abs.b", Form::kUnary, 14, 0, 1, OCT_EVAL(abs<8>(a))));
  OCT_SIMD("cv.dotup", 16, 0, kR, kU6, (dot<W, false, false>(a, b, 0)));
  OCT_SIMD("cv.dotusp", 17, 0, kR, kS6, (dot<W, false, true>(a, b, 0)));
  OCT_SIMD("cv.dotsp", 18, 0, kR, kS6, (dot<W, true, true>(a, b, 0)));
  OCT_SIMD("cv.sdotup", 19, 0, kRd, kU6d, (dot<W, false, false>(a, b, c)));
  OCT_SIMD("cv.sdotusp", 20, 0, kRd, kS6d, (dot<W, false, true>(a, b, c)));
  OCT_SIMD("cv.sdotsp", 21, 0, kRd, kS6d, (dot<W, true, true>(a, b, c)));
  t.push_back(simd("cv.extract.h", Form::kU6, 23, 0, 0, OCT_EVAL((extract_lane<16, true>(a, i)))));
  t.push_back(simd("cv.extract.b", Form::kU6, 23, 0, 1, OCT_EVAL((extract_lane<8, true>(a, i)))));
  t.push_back(
      simd("cv.extractu.h", Form::kU6, 23, 0, 2, OCT_EVAL((extract_lane<16, false>(a, i)))));
  t.push_back(simd("cv.extractu.b", Form::kU6, 23, 0, 3, OCT_EVAL((extract_lane<8, false>(a, i)))));
  t.push_back(simd("cv.insert.h", Form::kU6d, 23, 0, 4, OCT_EVAL(insert_lane<16>(a, c, i))));
  t.push_back(simd("cv.insert.b", Form::kU6d, 23, 0, 5, OCT_EVAL(insert_lane<8>(a, c, i))));
  t.push_back(simd("cv.shuffle.h", Form::kR, 24, 0, 0, OCT_EVAL(shuffle<16>(a, b))));
  t.push_back(simd("cv.shuffle.b", Form::kR, 24, 0, 1, OCT_EVAL(shuffle<8>(a, b))));
  t.push_back(simd("cv.shuffle.sci.h", Form::kU6, 24, 0, 6, OCT_EVAL(shuffle_sci_h(a, i))));
  t.push_back(simd("cv.shufflei0.sci.b", Form::kU6, 24, 0, 7, OCT_EVAL(shuffle_sci_b(a, i, 0))));
  t.push_back(simd("cv.shufflei1.sci.b", Form::kU6, 25, 0, 7, OCT_EVAL(shuffle_sci_b(a, i, 1))));
  t.push_back(simd("cv.shufflei2.sci.b", Form::kU6, 26, 0, 7, OCT_EVAL(shuffle_sci_b(a, i, 2))));
  t.push_back(simd("cv.shufflei3.sci.b", Form::kU6, 27, 0, 7, OCT_EVAL(shuffle_sci_b(a, i, 3))));
  t.push_back(simd("cv.shuffle2.h", Form::kRd, 28, 0, 0, OCT_EVAL(shuffle2<16>(a, b, c))));
  t.push_back(simd("cv.shuffle2.b", Form::kRd, 28, 0, 1, OCT_EVAL(shuffle2<8>(a, b, c))));
  t.push_back({"cv.pack", Ext::kSimd, Form::kR, word(kCustom3, 0, 0x78), OCT_EVAL(pack(a, b))});
  t.push_back({"cv.pack.h", Ext::kSimd, Form::kR, word(kCustom3, 0, 0x79), OCT_EVAL(pack_h(a, b))});
  t.push_back(
      {"cv.packlo.b", Ext::kSimd, Form::kRd, word(kCustom3, 1, 0x7c), OCT_EVAL(packlo_b(a, b, c))});
  t.push_back(
      {"cv.packhi.b", Ext::kSimd, Form::kRd, word(kCustom3, 1, 0x7d), OCT_EVAL(packhi_b(a, b, c))});
  OCT_SIMD("cv.cmpeq", 0, 1, kR, kS6, (cmp<W, true, Cmp::kEq>(a, b)));
  OCT_SIMD("cv.cmpne", 1, 1, kR, kS6, (cmp<W, true, Cmp::kNe>(a, b)));
  OCT_SIMD("cv.cmpgt", 2, 1, kR, kS6, (cmp<W, true, Cmp::kGt>(a, b)));
  OCT_SIMD("cv.cmpge", 3, 1, kR, kS6, (cmp<W, true, Cmp::kGe>(a, b)));
  OCT_SIMD("cv.cmplt", 4, 1, kR, kS6, (cmp<W, true, Cmp::kLt>(a, b)));
  OCT_SIMD("cv.cmple", 5, 1, kR, kS6, (cmp<W, true, Cmp::kLe>(a, b)));
  OCT_SIMD("cv.cmpgtu", 6, 1, kR, kU6, (cmp<W, false, Cmp::kGt>(a, b)));
  OCT_SIMD("cv.cmpgeu", 7, 1, kR, kU6, (cmp<W, false, Cmp::kGe>(a, b)));
  OCT_SIMD("cv.cmpltu", 8, 1, kR, kU6, (cmp<W, false, Cmp::kLt>(a, b)));
  OCT_SIMD("cv.cmpleu", 9, 1, kR, kU6, (cmp<W, false, Cmp::kLe>(a, b)));
}

inline void add_alu(std::vector<Insn>& t) {
  const auto r = [&t](const char* name, Ext ext, Form form, u32 f7, Eval e) {
    t.push_back({name, ext, form, word(kCustom1, 3, f7), e});
  };
  const Ext alu = Ext::kAlu, bit = Ext::kBitmanip;
  r("cv.abs", alu, Form::kUnary, 0x28, OCT_EVAL(abs<32>(a)));
  r("cv.sle", alu, Form::kR, 0x29, OCT_EVAL((static_cast<i32>(a) <= static_cast<i32>(b))));
  r("cv.sleu", alu, Form::kR, 0x2a, OCT_EVAL(a <= b));
  r("cv.min", alu, Form::kR, 0x2b, OCT_EVAL((min<32, true>(a, b))));
  r("cv.minu", alu, Form::kR, 0x2c, OCT_EVAL((min<32, false>(a, b))));
  r("cv.max", alu, Form::kR, 0x2d, OCT_EVAL((max<32, true>(a, b))));
  r("cv.maxu", alu, Form::kR, 0x2e, OCT_EVAL((max<32, false>(a, b))));
  r("cv.exths", alu, Form::kUnary, 0x30, OCT_EVAL((extract_lane<16, true>(a, 0))));
  r("cv.exthz", alu, Form::kUnary, 0x31, OCT_EVAL((extract_lane<16, false>(a, 0))));
  r("cv.extbs", alu, Form::kUnary, 0x32, OCT_EVAL((extract_lane<8, true>(a, 0))));
  r("cv.extbz", alu, Form::kUnary, 0x33, OCT_EVAL((extract_lane<8, false>(a, 0))));
  r("cv.clip", alu, Form::kImm5, 0x38, OCT_EVAL(clipr(a, clip_bound(i))));
  r("cv.clipu", alu, Form::kImm5, 0x39, OCT_EVAL(clipur(a, clip_bound(i))));
  r("cv.clipr", alu, Form::kR, 0x3a, OCT_EVAL(clipr(a, b)));
  r("cv.clipur", alu, Form::kR, 0x3b, OCT_EVAL(clipur(a, b)));
  r("cv.addnr", alu, Form::kRd, 0x40, OCT_EVAL(shift_round(c + a, b & 31, false, true)));
  r("cv.addunr", alu, Form::kRd, 0x41, OCT_EVAL(shift_round(c + a, b & 31, false, false)));
  r("cv.addrnr", alu, Form::kRd, 0x42, OCT_EVAL(shift_round(c + a, b & 31, true, true)));
  r("cv.addurnr", alu, Form::kRd, 0x43, OCT_EVAL(shift_round(c + a, b & 31, true, false)));
  r("cv.subnr", alu, Form::kRd, 0x44, OCT_EVAL(shift_round(c - a, b & 31, false, true)));
  r("cv.subunr", alu, Form::kRd, 0x45, OCT_EVAL(shift_round(c - a, b & 31, false, false)));
  r("cv.subrnr", alu, Form::kRd, 0x46, OCT_EVAL(shift_round(c - a, b & 31, true, true)));
  r("cv.suburnr", alu, Form::kRd, 0x47, OCT_EVAL(shift_round(c - a, b & 31, true, false)));
  r("cv.extractr", bit, Form::kR, 0x18, OCT_EVAL(extract(a, field_of(b))));
  r("cv.extractur", bit, Form::kR, 0x19, OCT_EVAL(extractu(a, field_of(b))));
  r("cv.insertr", bit, Form::kRd, 0x1a, OCT_EVAL(insert(a, c, field_of(b))));
  r("cv.bclrr", bit, Form::kR, 0x1c, OCT_EVAL(bclr(a, field_of(b))));
  r("cv.bsetr", bit, Form::kR, 0x1d, OCT_EVAL(bset(a, field_of(b))));
  r("cv.ror", bit, Form::kR, 0x20, OCT_EVAL(ror(a, b)));
  r("cv.ff1", bit, Form::kUnary, 0x21, OCT_EVAL(ff1(a)));
  r("cv.fl1", bit, Form::kUnary, 0x22, OCT_EVAL(fl1(a)));
  r("cv.clb", bit, Form::kUnary, 0x23, OCT_EVAL(clb(a)));
  r("cv.cnt", bit, Form::kUnary, 0x24, OCT_EVAL(cnt(a)));
  r("cv.mac", Ext::kMac, Form::kRd, 0x48, OCT_EVAL(mac(a, b, c)));
  r("cv.msu", Ext::kMac, Form::kRd, 0x49, OCT_EVAL(msu(a, b, c)));

  const auto f2 = [&t](const char* name, Ext ext, Form form, u32 funct3, u32 f, Eval e) {
    t.push_back({name, ext, form, word(kCustom2, funct3, f << 5), e});
  };
  f2("cv.extract", bit, Form::kField, 0, 0, OCT_EVAL(extract(a, field_of(i))));
  f2("cv.extractu", bit, Form::kField, 0, 1, OCT_EVAL(extractu(a, field_of(i))));
  f2("cv.insert", bit, Form::kFieldD, 0, 2, OCT_EVAL(insert(a, c, field_of(i))));
  f2("cv.bclr", bit, Form::kField, 1, 0, OCT_EVAL(bclr(a, field_of(i))));
  f2("cv.bset", bit, Form::kField, 1, 1, OCT_EVAL(bset(a, field_of(i))));
  f2("cv.addn", alu, Form::kShift, 2, 0, OCT_EVAL(shift_round(a + b, i, false, true)));
  f2("cv.addun", alu, Form::kShift, 2, 1, OCT_EVAL(shift_round(a + b, i, false, false)));
  f2("cv.addrn", alu, Form::kShift, 2, 2, OCT_EVAL(shift_round(a + b, i, true, true)));
  f2("cv.addurn", alu, Form::kShift, 2, 3, OCT_EVAL(shift_round(a + b, i, true, false)));
  f2("cv.subn", alu, Form::kShift, 3, 0, OCT_EVAL(shift_round(a - b, i, false, true)));
  f2("cv.subun", alu, Form::kShift, 3, 1, OCT_EVAL(shift_round(a - b, i, false, false)));
  f2("cv.subrn", alu, Form::kShift, 3, 2, OCT_EVAL(shift_round(a - b, i, true, true)));
  f2("cv.suburn", alu, Form::kShift, 3, 3, OCT_EVAL(shift_round(a - b, i, true, false)));
  const Ext mac = Ext::kMac;
  f2("cv.mulsn", mac, Form::kShift, 4, 0, OCT_EVAL((mul_n<true, 0>(a, b, 0, i, false))));
  f2("cv.mulhhsn", mac, Form::kShift, 4, 1, OCT_EVAL((mul_n<true, 1>(a, b, 0, i, false))));
  f2("cv.mulsrn", mac, Form::kShift, 4, 2, OCT_EVAL((mul_n<true, 0>(a, b, 0, i, true))));
  f2("cv.mulhhsrn", mac, Form::kShift, 4, 3, OCT_EVAL((mul_n<true, 1>(a, b, 0, i, true))));
  f2("cv.mulun", mac, Form::kShift, 5, 0, OCT_EVAL((mul_n<false, 0>(a, b, 0, i, false))));
  f2("cv.mulhhun", mac, Form::kShift, 5, 1, OCT_EVAL((mul_n<false, 1>(a, b, 0, i, false))));
  f2("cv.mulurn", mac, Form::kShift, 5, 2, OCT_EVAL((mul_n<false, 0>(a, b, 0, i, true))));
  f2("cv.mulhhurn", mac, Form::kShift, 5, 3, OCT_EVAL((mul_n<false, 1>(a, b, 0, i, true))));
  f2("cv.macsn", mac, Form::kShiftD, 6, 0, OCT_EVAL((mul_n<true, 0>(a, b, c, i, false))));
  f2("cv.machhsn", mac, Form::kShiftD, 6, 1, OCT_EVAL((mul_n<true, 1>(a, b, c, i, false))));
  f2("cv.macsrn", mac, Form::kShiftD, 6, 2, OCT_EVAL((mul_n<true, 0>(a, b, c, i, true))));
  f2("cv.machhsrn", mac, Form::kShiftD, 6, 3, OCT_EVAL((mul_n<true, 1>(a, b, c, i, true))));
  f2("cv.macun", mac, Form::kShiftD, 7, 0, OCT_EVAL((mul_n<false, 0>(a, b, c, i, false))));
  f2("cv.machhun", mac, Form::kShiftD, 7, 1, OCT_EVAL((mul_n<false, 1>(a, b, c, i, false))));
  f2("cv.macurn", mac, Form::kShiftD, 7, 2, OCT_EVAL((mul_n<false, 0>(a, b, c, i, true))));
  f2("cv.machhurn", mac, Form::kShiftD, 7, 3, OCT_EVAL((mul_n<false, 1>(a, b, c, i, true))));

  const auto oct = [&t](const char* name, Form form, u32 funct3, u32 f7, Eval e) {
    t.push_back({name, Ext::kOct, form, word(kCustom1, funct3, f7), e});
  };
  oct("oct.rq.b0", Form::kRq, 5, 0, OCT_EVAL(rq<8>(a, b, c, 0)));
  oct("oct.rq.b1", Form::kRq, 5, 1, OCT_EVAL(rq<8>(a, b, c, 1)));
  oct("oct.rq.b2", Form::kRq, 5, 2, OCT_EVAL(rq<8>(a, b, c, 2)));
  oct("oct.rq.b3", Form::kRq, 5, 3, OCT_EVAL(rq<8>(a, b, c, 3)));
  oct("oct.rq.h0", Form::kRq, 5, 4, OCT_EVAL(rq<16>(a, b, c, 0)));
  oct("oct.rq.h1", Form::kRq, 5, 5, OCT_EVAL(rq<16>(a, b, c, 1)));
  oct("oct.arq.b", Form::kRd, 5, 8, OCT_EVAL((arq<8, 8>(a, b, c))));
  oct("oct.arq.h", Form::kRd, 5, 9, OCT_EVAL((arq<16, 16>(a, b, c))));
  oct("oct.arq.hb", Form::kRd, 5, 10, OCT_EVAL((arq<16, 8>(a, b, c))));
  oct("oct.mrq.h", Form::kShiftD, 6, 0, OCT_EVAL(mrq<16>(a, b, c, i)));
  oct("oct.mrq.hb", Form::kShiftD, 6, 0x20, OCT_EVAL(mrq<8>(a, b, c, i)));

  const auto m = [&t](const char* name, u32 funct3, Eval e) {
    t.push_back({name, Ext::kM, Form::kR, word(kOp, funct3, 1), e});
  };
  m("mul", 0, OCT_EVAL(a * b));
  m("mulh", 1, OCT_EVAL((mulh<true, true>(a, b))));
  m("mulhsu", 2, OCT_EVAL((mulh<true, false>(a, b))));
  m("mulhu", 3, OCT_EVAL((mulh<false, false>(a, b))));
}
#undef OCT_SIMD
#undef OCT_SIMD_SHIFT
#undef OCT_EVAL

inline void add_mem(std::vector<Insn>& t) {
  struct Load {
    const char* name;
    u32 funct3, reg7;
  };
  for (const Load& l : {Load{"cv.lb", 0, 0},
                        {"cv.lh", 1, 1},
                        {"cv.lw", 2, 2},
                        {"cv.lbu", 4, 8},
                        {"cv.lhu", 5, 9}}) {
    t.push_back({l.name, Ext::kMem, Form::kLoadImm, word(kCustom0, l.funct3, 0), nullptr});
    t.push_back({l.name, Ext::kMem, Form::kLoadReg, word(kCustom1, 3, l.reg7), nullptr});
    t.push_back({l.name, Ext::kMem, Form::kLoadRr, word(kCustom1, 3, l.reg7 | 4), nullptr});
  }
  for (u32 size = 0; size < 3; ++size) {
    const std::string name = std::string("cv.s") + "bhw"[size];
    t.push_back({name, Ext::kMem, Form::kStoreImm, word(kCustom1, size, 0), nullptr});
    t.push_back({name, Ext::kMem, Form::kStoreReg, word(kCustom1, 3, 0x10 | size), nullptr});
    t.push_back({name, Ext::kMem, Form::kStoreRr, word(kCustom1, 3, 0x14 | size), nullptr});
  }
  const char* loops[] = {"starti", "start", "endi", "end", "counti", "count", "setupi", "setup"};
  for (u32 f4 = 0; f4 < 8; ++f4) {
    t.push_back({std::string("cv.") + loops[f4], Ext::kHwlp, Form::kHwlp,
                 word(kCustom1, 4, 0) | f4 << 8, nullptr});
  }
}
}  // namespace detail

/// All instructions that oct_ml_decode accepts.
inline const std::vector<Insn>& table() {
  static const std::vector<Insn> t = [] {
    std::vector<Insn> r;
    detail::add_simd(r);
    detail::add_alu(r);
    detail::add_mem(r);
    return r;
  }();
  return t;
}

}  // namespace oct::golden::ml
