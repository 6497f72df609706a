// SPDX-License-Identifier: Apache-2.0
// oct_engine.h on a host: descriptors say what the fields meant, calls give the golden model's
// results.
#include <catch2/catch.hpp>
#include <cstring>

#include "engine.hpp"
#include "oct_engine.h"

namespace {

namespace golden = oct::golden::engine;

golden::Descriptor descriptor(const oct_engine_desc_t& d) {
  golden::Descriptor g;
  for (unsigned i = 0; i < 32; ++i) g.w[i] = d.unit[i / 16].w[i % 16];
  return g;
}

template <typename T>
T* l1(std::uint32_t offset) {
  return reinterpret_cast<T*>(oct_l1() + offset);
}

}  // namespace

TEST_CASE("engine descriptors: every field of a GEMM") {
  oct_gemm_t g{};
  g.m = 11, g.n = 12, g.k = 13, g.batch = 14, g.segment = 64, g.piece = 72;
  g.a = {oct_l1() + 8, 16, 24};
  g.b = {oct_l1() + 32, -40, 48};
  g.c = {oct_l1() + 56, 64, 72};
  g.r = {oct_l1() + 80, 88, 96};
  g.b_kn = 1, g.c16 = 1, g.r16 = 1, g.residual = OCT_RESIDUAL_MUL, g.relu = 1, g.affine = 1;
  g.plane_a = l1<oct_plane_a_t>(104);
  g.plane_b = l1<oct_plane_b_t>(112);
  g.plane_c = l1<oct_plane_c_t>(120);
  g.plane_batch = 128;
  g.table = l1<std::int8_t>(136);
  g.lo = -5, g.hi = 300;
  const golden::Descriptor d = descriptor(oct_desc_gemm(77, &g));
  CHECK(d.w[0] == (77U << 16 | 0x130));
  CHECK(golden::check(d) == golden::JobResult{});
  const golden::GemmJob j = golden::decode_gemm(d);
  CHECK((j.m == 11 && j.n == 12 && j.k == 13 && j.batch == 14));
  CHECK((j.segment == 64 && j.segment_stride == 72));
  CHECK((j.a.addr == 8 && j.a.stride == 16 && j.a_batch == 24));
  CHECK((j.b.addr == 32 && j.b.stride == 0U - 40 && j.b_batch == 48));
  CHECK((j.c.addr == 56 && j.c.stride == 64 && j.c_batch == 72));
  CHECK((j.r.addr == 80 && j.r.stride == 88 && j.r_batch == 96));
  CHECK((j.plane_a_addr == 104 && j.plane_b_addr == 112 && j.plane_c_addr == 120));
  CHECK((j.p_batch == 128 && j.table_addr == 136));
  CHECK(
      (j.w_kn && !j.y_trans && j.y16 && j.r16 && j.plane_b && j.epilogue.relu && j.epilogue.table));
  CHECK(j.epilogue.residual == golden::Residual::kMultiplied);
  CHECK((j.epilogue.lo == -5 && j.epilogue.hi == 300));

  oct_gemm_t plain{};
  plain.m = plain.n = plain.k = 1;
  plain.c_trans = 1;
  const golden::GemmJob p = golden::decode_gemm(descriptor(oct_desc_gemm(0, &plain)));
  CHECK((p.y_trans && !p.w_kn && !p.plane_b && p.batch == 1));
  CHECK((p.epilogue.lo == -128 && p.epilogue.hi == 127));
  plain.c16 = 1;
  CHECK(golden::decode_gemm(descriptor(oct_desc_gemm(0, &plain))).epilogue.lo == -32768);
  plain.affine = 1;
  CHECK(golden::decode_gemm(descriptor(oct_desc_gemm(0, &plain))).plane_b);
}

TEST_CASE("engine descriptors: every field of attention") {
  oct_attn_t a{};
  a.sq = 11, a.sk = 12, a.d = 13, a.dv = 14, a.heads = 15, a.group = 3;
  a.q = {oct_l1() + 8, 16, 24};
  a.k = {oct_l1() + 32, 40, 48};
  a.v = {oct_l1() + 56, 64, 72};
  a.o = {oct_l1() + 80, 88, 96};
  a.params = l1<oct_head_t>(104);
  a.causal = 1, a.offset = -7, a.window = 9;
  a.mask = l1<std::uint64_t>(112);
  a.state = oct_l1() + 128;
  a.more_before = 1;
  const golden::Descriptor d = descriptor(oct_desc_attention(3, &a));
  CHECK(d.w[0] == (3U << 16 | 0x131));
  CHECK(golden::check(d) == golden::JobResult{});
  const golden::AttnJob j = golden::decode_attn(d);
  CHECK((j.sq == 11 && j.sk == 12 && j.d == 13 && j.dv == 14 && j.heads == 15 && j.group == 3));
  CHECK((j.q.addr == 8 && j.q.stride == 16 && j.q_head == 24));
  CHECK((j.k.addr == 32 && j.k.stride == 40 && j.k_head == 48));
  CHECK((j.v.addr == 56 && j.v.stride == 64 && j.v_head == 72));
  CHECK((j.o.addr == 80 && j.o.stride == 88 && j.o_head == 96));
  CHECK((j.params == 104 && j.mask == 112 && j.state == 128));
  CHECK((j.causal && j.key_mask && !j.first && j.last && j.offset == -7 && j.window == 9));
  a.more_before = 0, a.more_after = 1, a.mask = nullptr;
  const golden::AttnJob k = golden::decode_attn(descriptor(oct_desc_attention(3, &a)));
  CHECK((k.first && !k.last && !k.key_mask));
  CHECK(OCT_ATTN_STATE_BYTES(11, 14) == j.state_bytes());
  CHECK(OCT_ATTN_STATE_BYTES(17, 13) == 32 * (4 * 14 + 8));
}

TEST_CASE("engine calls on a host: GEMM, parameter registers, errors") {
  std::memset(oct_l1(), 0, 4096);
  for (int i = 0; i < 16; ++i) l1<std::int8_t>(0)[i] = static_cast<std::int8_t>(i - 8);
  for (int i = 0; i < 16; ++i) l1<std::int8_t>(64)[i] = static_cast<std::int8_t>(3 * i - 20);
  auto* plane = l1<oct_plane_a_t>(128);
  plane[0] = {5, OCT_SCALE(1 << 13, 0)};  // halves
  plane[1] = {-6, OCT_SCALE(-(1 << 13), 0)};
  oct_gemm_t g{};
  g.m = 2, g.n = 2, g.k = 8;
  g.a = {l1<void>(0), 8, 0};
  g.b = {l1<void>(64), 8, 0};
  g.c = {l1<void>(256), 8, 0};
  g.plane_a = plane;
  REQUIRE(oct_gemm(&g) == 0);
  for (int i = 0; i < 2; ++i) {
    for (int n = 0; n < 2; ++n) {
      int sum = plane[n].bias;
      for (int k = 0; k < 8; ++k)
        sum += l1<std::int8_t>(0)[8 * i + k] * l1<std::int8_t>(64)[8 * n + k];
      const double half = (n == 0 ? 0.5 : -0.5) * sum;
      const double y = std::min(127.0, std::max(-128.0, std::floor(half + 0.5)));
      CHECK(int{l1<std::int8_t>(256)[8 * i + n]} == int(y));
    }
  }
  // The number of rows from a register.
  l1<std::int8_t>(256)[8] = 99;
  oct_engine_desc_t d = oct_desc_gemm(9, &g);
  oct_engine_word(&d, 5, 2U << 16);
  oct_engine_modify(&d, 0, 4, 5, 1);
  oct_preg_write(4, 1);
  CHECK(oct_engine_wait(oct_engine_start(&d)) == 0);
  CHECK(int{l1<std::int8_t>(256)[8]} == 99);
  oct_preg_write(4, 0);
  CHECK(oct_engine_wait(oct_engine_start(&d)) == -1);
  const oct_error_t e = oct_error();
  CHECK((e.valid && e.queue == OCT_QUEUE_ENGINE && e.tag == 9));
  CHECK((e.cause == OCT_CAUSE_BAD_FIELD && e.addr == 5));
  oct_error_clear();
  CHECK(oct_gemm(&g) == 0);
}

TEST_CASE("engine calls on a host: attention") {
  std::memset(oct_l1(), 0, 4096);
  // Equal logits: the mean of the values that are seen.
  for (int i = 0; i < 8; ++i) l1<std::int8_t>(512)[i] = static_cast<std::int8_t>(10 * i);
  *l1<oct_head_t>(1024) = {OCT_SCALE(1 << 22, 22), OCT_SCALE(1 << 22, 22)};
  oct_attn_t a{};
  a.sq = 8, a.sk = 8, a.d = 4, a.dv = 1, a.causal = 1;
  a.q = {l1<void>(0), 8, 0};
  a.k = {l1<void>(256), 8, 0};
  a.v = {l1<void>(512), 8, 0};
  a.o = {l1<void>(768), 8, 0};
  a.params = l1<oct_head_t>(1024);
  REQUIRE(oct_attention(&a) == 0);
  for (int i = 0; i < 8; ++i) CHECK(std::abs(l1<std::int8_t>(768)[8 * i] - 5 * i) <= 1);
}
