// SPDX-License-Identifier: Apache-2.0
#include "engine_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "engine_plan_parts.hpp"

namespace octant {
namespace {
using namespace plan_parts;

// ---- Everything in L1: one job, an image in, an image out ------------------------------------

void plan_in_l1(Plan& plan, const EngineCase& c, const Machine& machine, std::mt19937_64& random,
                L2& l2) {
  golden::Descriptor d;
  u32 next = 0;
  const auto room = [&](u64 bytes) {
    const u32 at = next;
    if (next + bytes > machine.l1_bytes) {
      throw std::invalid_argument(
          fmt::format("{}: operands do not fit into the machine's {} bytes of L1; try --from-l2",
                      c.name(), machine.l1_bytes));
    }
    next = up(next + bytes, 64);
    return at;
  };
  std::vector<u8> image;
  if (c.kind == EngineCase::Kind::kGemm) {
    const u32 row = up(c.k, 8), out = up(c.n, 8);
    const u32 a = room(u64{c.m} * row), b = room(u64{c.n} * row), y = room(u64{c.m} * out);
    const u32 p = room(u64{c.n} * 8);
    image = noise(random, next);
    const std::vector<u8> planes = plane_a(random, c.n, c.k);
    std::copy(planes.begin(), planes.end(), image.begin() + p);
    d = gemm(c.m, c.n, c.k, a, row, b, row, y, out, p);
  } else {
    const u32 row = up(c.d, 8), v_stride = up(c.s, 8);
    const u32 q = room(u64{c.heads} * c.s * row), k = room(u64{c.heads} * c.s * row);
    const u32 v = room(u64{c.heads} * c.d * v_stride), p = room(u64{c.heads} * 8);
    image = noise(random, next);
    const std::vector<u8> params = head_parameters(c.heads, c.d);
    std::copy(params.begin(), params.end(), image.begin() + p);
    d = attention(c, c.heads, q, k, v, v_stride, p);
  }
  std::vector<u8> result = image;
  result.resize(machine.l1_bytes);
  expect(result, d, c.name());
  result.resize(image.size());
  const u32 bytes = static_cast<u32>(image.size());
  const u32 in = l2.put(std::move(image)), out = l2.room(bytes);
  add(plan.stage, {.l2 = in, .l1 = 0, .bytes = bytes, .signal0 = signal(kSemStage)});
  d.w[1] = wait(kSemStart, 1);
  add(plan.rings[kEngine], d);
  add(plan.collect, {.l2 = out, .l1 = 0, .bytes = bytes});
  plan.expected.push_back({out, std::move(result)});
}

void plan_attention_l2(Plan& plan, const EngineCase& c, const Machine& machine,
                       std::mt19937_64& random, L2& l2) {
  const u32 row = up(c.d, 8), v_stride = up(c.s, 8);
  const u32 qk = c.s * row, vt = c.d * v_stride;
  const u32 head = up(qk, 64), set = 2 * head + up(vt, 64), p_l1 = 0;
  const u32 base = up(8 * c.heads, 64);
  const u32 sets = std::min(c.heads, (machine.l1_bytes - base) / set);
  if (sets < std::min(2U, c.heads)) {
    throw std::invalid_argument(fmt::format("{}: two heads need {} bytes of L1, the machine has {}",
                                            c.name(), 2 * set + base, machine.l1_bytes));
  }
  const std::vector<u8> params = head_parameters(c.heads, c.d);
  const u32 p_l2 = l2.put(params);
  auto& in = plan.rings[kDmaIn];
  u32 loads = 0;
  const auto load = [&](Copy copy) {
    if (loads == 0) copy.wait0 = wait(kSemStart, 1);
    copy.signal0 = signal(kSemIn);
    add(in, copy);
    ++loads;
  };
  load({.l2 = p_l2, .l1 = p_l1, .bytes = 8 * c.heads});
  for (u32 h = 0; h < c.heads; ++h) {
    std::vector<u8> image(base + set);
    std::copy(params.begin() + 8 * h, params.begin() + 8 * h + 8, image.begin());
    const u32 q = base + h % sets * set, k = q + head, v = k + head;
    for (u32 i = base; i < image.size(); ++i) image[i] = static_cast<u8>(random());
    const auto piece = [&](u32 at, u32 bytes) {
      return l2.put({image.begin() + base + at, image.begin() + base + at + bytes});
    };
    const u32 freed = h >= sets ? wait(kSemOut, h - sets + 1) : 0;
    const u32 k_l2 = piece(head, qk), q_l2 = piece(0, qk), v_l2 = piece(2 * head, vt);
    load({.l2 = k_l2, .l1 = k, .bytes = qk, .wait1 = freed});
    load({.l2 = q_l2, .l1 = q, .bytes = qk});
    load({.l2 = v_l2, .l1 = v, .bytes = vt});
    golden::Descriptor d = attention(c, 1, q, k, v, v_stride, p_l1 + 8 * h);
    d.w[1] = wait(kSemIn, loads);
    d.w[3] = signal(kSemDone);
    add(plan.rings[kEngine], d);
    expect(image, attention(c, 1, base, base + head, base + 2 * head, v_stride, 0), c.name());
    const u32 y_l2 = l2.room(qk);
    add(plan.rings[kDmaOut], {.l2 = y_l2,
                              .l1 = q,
                              .bytes = qk,
                              .wait0 = wait(kSemDone, h + 1),
                              .signal0 = signal(kSemOut)});
    plan.expected.push_back({y_l2, {image.begin() + base, image.begin() + base + qk}});
  }
}

}  // namespace

std::string EngineCase::name() const {
  std::string text;
  if (kind == Kind::kAttention) {
    text = fmt::format("attention {}x{}x{}", heads, s, d);
  } else if (gemv) {
    text = fmt::format("gemv {}x{}", k, n);
  } else {
    text = fmt::format("gemm {}x{}x{}", m, k, n);
  }
  if (mask == Mask::kCausal) text += " causal";
  if (mask == Mask::kPadding) text += " padding";
  if (from == From::kL2) text += " from-l2";
  if (from == From::kWeightsL2) text += " b-from-l2";
  return text;
}

std::uint64_t EngineCase::macs() const {
  if (kind == Kind::kGemm) return u64{m} * k * n;
  u64 pairs = u64{s} * s;
  if (mask == Mask::kCausal) pairs = u64{s} * (s + 1) / 2;
  if (mask == Mask::kPadding) pairs = u64{s} * std::max(1U, s - s / 8);
  return 2 * heads * pairs * d;
}

std::array<std::uint32_t, 3> parse_shape(const std::string& option, const std::string& text,
                                         unsigned parts) {
  std::array<std::uint32_t, 3> shape{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (unsigned i = 0; i < parts; ++i) {
    const auto [next, error] = std::from_chars(at, end, shape[i]);
    const bool separated = i + 1 < parts ? next != end && *next == 'x' : next == end;
    if (error != std::errc{} || !separated || shape[i] == 0 || shape[i] > 65535) {
      throw std::invalid_argument(
          fmt::format("{} {}: write {} sizes of 1 to 65535 with x between", option, text, parts));
    }
    at = next + 1;
  }
  return shape;
}

Plan make_plan(const EngineCase& c, const Machine& machine, std::mt19937_64& random) {
  Plan plan;
  plan.from_l2 = c.from != EngineCase::From::kL1;
  L2 l2{plan, machine.l2_base + (2U << 20)};
  if (!plan.from_l2) {
    plan_in_l1(plan, c, machine, random, l2);
  } else if (c.kind == EngineCase::Kind::kGemm) {
    plan_gemm_l2(plan, c, machine, random, l2);
  } else {
    plan_attention_l2(plan, c, machine, random, l2);
  }
  return plan;
}

}  // namespace octant
