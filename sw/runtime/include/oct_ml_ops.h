// SPDX-License-Identifier: Apache-2.0
// oct_ml_ops.h: the list of intrinsics of oct_ml.h as X-macros: name, encoding, and what the host's
// twin computes. Meaning: sw/golden/ml_ext.hpp; tb/unit/core/oct_ml_twin_test.cpp holds them equal.
#ifndef OCT_ML_OPS_H
#define OCT_ML_OPS_H

// Lane-wise, six variants each. X(name, funct7, signed lanes, expression of lanes x and y of w
// bits)
#define OCT_ML_SIMD(X)                                   \
  X(add, 0x00, 1, x + y)                                 \
  X(sub, 0x04, 1, x - y)                                 \
  X(avg, 0x08, 1, octt_sext((uint32_t)(x + y), w) >> 1)  \
  X(avgu, 0x0c, 0, octt_zext((uint32_t)(x + y), w) >> 1) \
  X(min, 0x10, 1, x < y ? x : y)                         \
  X(minu, 0x14, 0, x < y ? x : y)                        \
  X(max, 0x18, 1, x > y ? x : y)                         \
  X(maxu, 0x1c, 0, x > y ? x : y)                        \
  X(srl, 0x20, 0, x >> (y & (w - 1)))                    \
  X(sra, 0x24, 1, x >> (y & (w - 1)))                    \
  X(sll, 0x28, 0, x << (y & (w - 1)))                    \
  X(or, 0x2c, 1, x | y)                                  \
  X(xor, 0x30, 1, x ^ y)                                 \
  X(and, 0x34, 1, x& y)                                  \
  X(cmpeq, 0x02, 1, -(x == y))                           \
  X(cmpne, 0x06, 1, -(x != y))                           \
  X(cmpgt, 0x0a, 1, -(x > y))                            \
  X(cmpge, 0x0e, 1, -(x >= y))                           \
  X(cmplt, 0x12, 1, -(x < y))                            \
  X(cmple, 0x16, 1, -(x <= y))                           \
  X(cmpgtu, 0x1a, 0, -(x > y))                           \
  X(cmpgeu, 0x1e, 0, -(x >= y))                          \
  X(cmpltu, 0x22, 0, -(x < y))                           \
  X(cmpleu, 0x26, 0, -(x <= y))

// Dot products, six variants each. X(name, funct7, a signed, b signed)
#define OCT_ML_DOT(X) X(dotup, 0x40, 0, 0) X(dotusp, 0x44, 0, 1) X(dotsp, 0x48, 1, 1)
#define OCT_ML_SDOT(X) X(sdotup, 0x4c, 0, 0) X(sdotusp, 0x50, 0, 1) X(sdotsp, 0x54, 1, 1)

// rd, rs1, rs2. X(name, CORE-V name, opcode, funct3, funct7, expression of a and b)
#define OCT_ML_R(X)                                                                    \
  X(shuffle_h, "cv.shuffle.h", 0x7b, 0, 0x60, octt_shuffle2(16, a, b, a))              \
  X(shuffle_b, "cv.shuffle.b", 0x7b, 1, 0x60, octt_shuffle2(8, a, b, a))               \
  X(pack, "cv.pack", 0x7b, 0, 0x78, a << 16 | (b & 0xffff))                            \
  X(pack_h, "cv.pack.h", 0x7b, 0, 0x79, (a & 0xffff0000U) | b >> 16)                   \
  X(sle, "cv.sle", 0x2b, 3, 0x29, (uint32_t)((int32_t)a <= (int32_t)b))                \
  X(sleu, "cv.sleu", 0x2b, 3, 0x2a, (uint32_t)(a <= b))                                \
  X(min, "cv.min", 0x2b, 3, 0x2b, (int32_t)a < (int32_t)b ? a : b)                     \
  X(minu, "cv.minu", 0x2b, 3, 0x2c, a < b ? a : b)                                     \
  X(max, "cv.max", 0x2b, 3, 0x2d, (int32_t)a > (int32_t)b ? a : b)                     \
  X(maxu, "cv.maxu", 0x2b, 3, 0x2e, a > b ? a : b)                                     \
  X(clipr, "cv.clipr", 0x2b, 3, 0x3a, octt_clipr((int32_t)a, ~(int32_t)b, (int32_t)b)) \
  X(clipur, "cv.clipur", 0x2b, 3, 0x3b, octt_clipr((int32_t)a, 0, (int32_t)b))         \
  X(ror, "cv.ror", 0x2b, 3, 0x20, a >> (b & 31) | a << ((32 - (b & 31)) & 31))         \
  X(extractr, "cv.extractr", 0x2b, 3, 0x18, octt_extract(a, b & 0x3ff))                \
  X(extractur, "cv.extractur", 0x2b, 3, 0x19, octt_extractu(a, b & 0x3ff))             \
  X(bclrr, "cv.bclrr", 0x2b, 3, 0x1c, a & ~octt_field(b & 0x3ff))                      \
  X(bsetr, "cv.bsetr", 0x2b, 3, 0x1d, a | octt_field(b & 0x3ff))

// rd, rs1, rs2 with the old rd as c. X(name, CORE-V name, opcode, funct3, funct7, expression of a,
// b, c)
#define OCT_ML_RD(X)                                                                        \
  X(shuffle2_h, "cv.shuffle2.h", 0x7b, 0, 0x70, octt_shuffle2(16, a, b, c))                 \
  X(shuffle2_b, "cv.shuffle2.b", 0x7b, 1, 0x70, octt_shuffle2(8, a, b, c))                  \
  X(packlo_b, "cv.packlo.b", 0x7b, 1, 0x7c, (c & 0xffff0000U) | (a & 255) << 8 | (b & 255)) \
  X(packhi_b, "cv.packhi.b", 0x7b, 1, 0x7d, (c & 0xffff) | a << 24 | (b & 255) << 16)       \
  X(mac, "cv.mac", 0x2b, 3, 0x48, c + a * b)                                                \
  X(msu, "cv.msu", 0x2b, 3, 0x49, c - a * b)                                                \
  X(addnr, "cv.addnr", 0x2b, 3, 0x40, octt_shr(c + a, b & 31, 0, 1))                        \
  X(addunr, "cv.addunr", 0x2b, 3, 0x41, octt_shr(c + a, b & 31, 0, 0))                      \
  X(addrnr, "cv.addrnr", 0x2b, 3, 0x42, octt_shr(c + a, b & 31, 1, 1))                      \
  X(addurnr, "cv.addurnr", 0x2b, 3, 0x43, octt_shr(c + a, b & 31, 1, 0))                    \
  X(subnr, "cv.subnr", 0x2b, 3, 0x44, octt_shr(c - a, b & 31, 0, 1))                        \
  X(subunr, "cv.subunr", 0x2b, 3, 0x45, octt_shr(c - a, b & 31, 0, 0))                      \
  X(subrnr, "cv.subrnr", 0x2b, 3, 0x46, octt_shr(c - a, b & 31, 1, 1))                      \
  X(suburnr, "cv.suburnr", 0x2b, 3, 0x47, octt_shr(c - a, b & 31, 1, 0))                    \
  X(insertr, "cv.insertr", 0x2b, 3, 0x1a, octt_insert(a, c, b & 0x3ff))                     \
  X(rq_b0, "oct.rq.b0", 0x2b, 5, 0, octt_rq(8, a, b, c, 0))                                 \
  X(rq_b1, "oct.rq.b1", 0x2b, 5, 1, octt_rq(8, a, b, c, 1))                                 \
  X(rq_b2, "oct.rq.b2", 0x2b, 5, 2, octt_rq(8, a, b, c, 2))                                 \
  X(rq_b3, "oct.rq.b3", 0x2b, 5, 3, octt_rq(8, a, b, c, 3))                                 \
  X(rq_h0, "oct.rq.h0", 0x2b, 5, 4, octt_rq(16, a, b, c, 0))                                \
  X(rq_h1, "oct.rq.h1", 0x2b, 5, 5, octt_rq(16, a, b, c, 1))                                \
  X(arq_b, "oct.arq.b", 0x2b, 5, 8, octt_arq(8, 8, a, b, c))                                \
  X(arq_h, "oct.arq.h", 0x2b, 5, 9, octt_arq(16, 16, a, b, c))                              \
  X(arq_hb, "oct.arq.hb", 0x2b, 5, 10, octt_arq(16, 8, a, b, c))

// rd, rs1. X(name, CORE-V name, opcode, funct3, funct7, expression of a)
#define OCT_ML_UNARY(X)                                                                           \
  X(abs_h, "cv.abs.h", 0x7b, 0, 0x38, octt_abs(16, a))                                            \
  X(abs_b, "cv.abs.b", 0x7b, 1, 0x38, octt_abs(8, a))                                             \
  X(abs, "cv.abs", 0x2b, 3, 0x28, octt_abs(32, a))                                                \
  X(exths, "cv.exths", 0x2b, 3, 0x30, (uint32_t)octt_sext(a, 16))                                 \
  X(exthz, "cv.exthz", 0x2b, 3, 0x31, a & 0xffff)                                                 \
  X(extbs, "cv.extbs", 0x2b, 3, 0x32, (uint32_t)octt_sext(a, 8))                                  \
  X(extbz, "cv.extbz", 0x2b, 3, 0x33, a & 0xff)                                                   \
  X(ff1, "cv.ff1", 0x2b, 3, 0x21, a == 0 ? 32 : (uint32_t)__builtin_ctz(a))                       \
  X(fl1, "cv.fl1", 0x2b, 3, 0x22, a == 0 ? 32 : 31 - (uint32_t)__builtin_clz(a))                  \
  X(clb, "cv.clb", 0x2b, 3, 0x23, a == 0 ? 0 : a == ~0U ? 31 : (uint32_t)__builtin_clrsb((int)a)) \
  X(cnt, "cv.cnt", 0x2b, 3, 0x24, (uint32_t)__builtin_popcount(a))

// rd, rs1, rs2, shift. X(name, CORE-V name, funct3, funct2, expression of a, b, i)
#define OCT_ML_SHIFT(X)                                                            \
  X(addn, "cv.addn", 2, 0, octt_shr(a + b, i, 0, 1))                               \
  X(addun, "cv.addun", 2, 1, octt_shr(a + b, i, 0, 0))                             \
  X(addrn, "cv.addrn", 2, 2, octt_shr(a + b, i, 1, 1))                             \
  X(addurn, "cv.addurn", 2, 3, octt_shr(a + b, i, 1, 0))                           \
  X(subn, "cv.subn", 3, 0, octt_shr(a - b, i, 0, 1))                               \
  X(subun, "cv.subun", 3, 1, octt_shr(a - b, i, 0, 0))                             \
  X(subrn, "cv.subrn", 3, 2, octt_shr(a - b, i, 1, 1))                             \
  X(suburn, "cv.suburn", 3, 3, octt_shr(a - b, i, 1, 0))                           \
  X(mulsn, "cv.mulsn", 4, 0, octt_shr(octt_muls(a, b), i, 0, 1))                   \
  X(mulhhsn, "cv.mulhhsn", 4, 1, octt_shr(octt_muls(a >> 16, b >> 16), i, 0, 1))   \
  X(mulsrn, "cv.mulsrn", 4, 2, octt_shr(octt_muls(a, b), i, 1, 1))                 \
  X(mulhhsrn, "cv.mulhhsrn", 4, 3, octt_shr(octt_muls(a >> 16, b >> 16), i, 1, 1)) \
  X(mulun, "cv.mulun", 5, 0, octt_shr((a & 0xffff) * (b & 0xffff), i, 0, 0))       \
  X(mulhhun, "cv.mulhhun", 5, 1, octt_shr((a >> 16) * (b >> 16), i, 0, 0))         \
  X(mulurn, "cv.mulurn", 5, 2, octt_shr((a & 0xffff) * (b & 0xffff), i, 1, 0))     \
  X(mulhhurn, "cv.mulhhurn", 5, 3, octt_shr((a >> 16) * (b >> 16), i, 1, 0))

// The same with the old rd as c. X(name, CORE-V name, opcode, funct3, funct2, expression of a, b,
// c, i)
#define OCT_ML_SHIFTD(X)                                                                     \
  X(macsn, "cv.macsn", 0x5b, 6, 0, octt_shr(c + octt_muls(a, b), i, 0, 1))                   \
  X(machhsn, "cv.machhsn", 0x5b, 6, 1, octt_shr(c + octt_muls(a >> 16, b >> 16), i, 0, 1))   \
  X(macsrn, "cv.macsrn", 0x5b, 6, 2, octt_shr(c + octt_muls(a, b), i, 1, 1))                 \
  X(machhsrn, "cv.machhsrn", 0x5b, 6, 3, octt_shr(c + octt_muls(a >> 16, b >> 16), i, 1, 1)) \
  X(macun, "cv.macun", 0x5b, 7, 0, octt_shr(c + (a & 0xffff) * (b & 0xffff), i, 0, 0))       \
  X(machhun, "cv.machhun", 0x5b, 7, 1, octt_shr(c + (a >> 16) * (b >> 16), i, 0, 0))         \
  X(macurn, "cv.macurn", 0x5b, 7, 2, octt_shr(c + (a & 0xffff) * (b & 0xffff), i, 1, 0))     \
  X(machhurn, "cv.machhurn", 0x5b, 7, 3, octt_shr(c + (a >> 16) * (b >> 16), i, 1, 0))       \
  X(mrq_h, "oct.mrq.h", 0x2b, 6, 0, octt_mrq(16, a, b, c, i))                                \
  X(mrq_hb, "oct.mrq.hb", 0x2b, 6, 1, octt_mrq(8, a, b, c, i))

// rd, rs1, immediate. X(name, CORE-V name, kind, funct3, funct7, expression of a, i)
// kind U6: six bits, lowest in funct7; I5: five bits; F: width - 1 in bits 9:5, position in 4:0.
#define OCT_ML_IMM(X)                                                                    \
  X(extract_h, "cv.extract.h", U6, 0, 0x5c, (uint32_t)octt_sext(a >> (i & 1) * 16, 16))  \
  X(extract_b, "cv.extract.b", U6, 1, 0x5c, (uint32_t)octt_sext(a >> (i & 3) * 8, 8))    \
  X(extractu_h, "cv.extractu.h", U6, 2, 0x5c, a >> (i & 1) * 16 & 0xffff)                \
  X(extractu_b, "cv.extractu.b", U6, 3, 0x5c, a >> (i & 3) * 8 & 0xff)                   \
  X(shuffle_sci_h, "cv.shuffle.sci.h", U6, 6, 0x60,                                      \
    octt_shuffle2(16, a, (i & 1) | (i & 2) << 15, a))                                    \
  X(shufflei0_sci_b, "cv.shufflei0.sci.b", U6, 7, 0x60, octt_shuffle_sci(a, i, 0))       \
  X(shufflei1_sci_b, "cv.shufflei1.sci.b", U6, 7, 0x64, octt_shuffle_sci(a, i, 1))       \
  X(shufflei2_sci_b, "cv.shufflei2.sci.b", U6, 7, 0x68, octt_shuffle_sci(a, i, 2))       \
  X(shufflei3_sci_b, "cv.shufflei3.sci.b", U6, 7, 0x6c, octt_shuffle_sci(a, i, 3))       \
  X(clip, "cv.clip", I5, 3, 0x38, octt_clipr((int32_t)a, ~octt_bound(i), octt_bound(i))) \
  X(clipu, "cv.clipu", I5, 3, 0x39, octt_clipr((int32_t)a, 0, octt_bound(i)))            \
  X(extract, "cv.extract", F, 0, 0x00, octt_extract(a, i))                               \
  X(extractu, "cv.extractu", F, 0, 0x20, octt_extractu(a, i))                            \
  X(bclr, "cv.bclr", F, 1, 0x00, a & ~octt_field(i))                                     \
  X(bset, "cv.bset", F, 1, 0x20, a | octt_field(i))

// The same with the old rd as c. X(name, CORE-V name, kind, funct3, funct7, expression of a, c, i)
#define OCT_ML_IMMD(X)                                                       \
  X(insert_h, "cv.insert.h", U6, 4, 0x5c, octt_insert_lane(16, a, c, i & 1)) \
  X(insert_b, "cv.insert.b", U6, 5, 0x5c, octt_insert_lane(8, a, c, i & 3))  \
  X(insert, "cv.insert", F, 0, 0x40, octt_insert(a, c, i))

#endif
