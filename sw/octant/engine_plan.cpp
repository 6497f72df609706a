// SPDX-License-Identifier: Apache-2.0
#include "engine_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>
#include <stdexcept>

#include "engine.hpp"

namespace octant {
namespace {
using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
namespace golden = oct::golden::engine;

constexpr u32 kOpCopy = 0x10;

u32 up(u64 v, u32 to) { return static_cast<u32>((v + to - 1) / to * to); }
u32 wait(u32 sem, u32 value) { return 1U << 31 | sem << 16 | (value & 0xffff); }
u32 signal(u32 sem) { return 1U << 15 | sem << 8 | 1; }

/// L2 from a base upwards.
struct L2 {
  Plan& plan;
  u32 next;
  u32 put(std::vector<u8> bytes) {
    const u32 at = room(static_cast<u32>(bytes.size()));
    plan.memory.push_back({at, std::move(bytes)});
    return at;
  }
  u32 room(u32 bytes) {
    const u32 at = next;
    next = up(next + u64{bytes}, 4096);
    return at;
  }
};

/// Rows of `bytes` between L2 and L1.
struct Copy {
  u32 l2, l1, bytes, rows = 1, l2_stride = 0, l1_stride = 0;
  u32 wait0 = 0, wait1 = 0, signal0 = 0;
};
void add(std::vector<u32>& ring, const Copy& c) {
  std::array<u32, 16> w{};
  w[0] = kOpCopy;
  w[1] = c.wait0, w[2] = c.wait1, w[3] = c.signal0;
  w[4] = c.l2, w[5] = c.l1, w[6] = c.bytes;
  w[7] = c.rows | 1U << 16;
  w[8] = c.l2_stride, w[10] = c.l1_stride;
  ring.insert(ring.end(), w.begin(), w.end());
}
void add(std::vector<u32>& ring, const golden::Descriptor& d) {
  ring.insert(ring.end(), d.w.begin(), d.w.end());
}

std::vector<u8> noise(std::mt19937_64& random, u64 bytes) {
  std::vector<u8> v(bytes);
  for (u8& b : v) b = static_cast<u8>(random());
  return v;
}
void put32(std::vector<u8>& v, u64 at, u32 x) { std::memcpy(&v[at], &x, 4); }

/// Plane A for `n` channels: outputs of K products spread over INT8.
std::vector<u8> plane_a(std::mt19937_64& random, u32 n, u32 k) {
  std::vector<u8> v(u64{n} * 8);
  const double scale = 40.0 / (5400.0 * std::sqrt(static_cast<double>(k)));
  for (u32 i = 0; i < n; ++i) {
    put32(v, 8 * i, static_cast<u32>(static_cast<std::int32_t>(random()) >> 14));
    const double wanted = scale * (0.5 + static_cast<double>(random() % 1000) / 1000);
    int exponent = 0;
    const double mantissa = std::frexp(wanted, &exponent);  // [0.5, 1) * 2^exponent
    const auto m = static_cast<u32>(std::lround(mantissa * (1 << 23)));
    const u32 shift = static_cast<u32>(23 - exponent - 14);
    put32(v, 8 * i + 4, std::min(m, (1U << 23) - 1) | shift << 24);
  }
  return v;
}

std::vector<u8> head_parameters(u32 heads, u32 d) {
  std::vector<u8> v(u64{heads} * 8);
  // Logits of deviation about 2 octaves; outputs as they are.
  const double scale = 128.0 / (5400.0 * std::sqrt(static_cast<double>(d)));
  int exponent = 0;
  const double mantissa = std::frexp(scale, &exponent);
  for (u32 h = 0; h < heads; ++h) {
    put32(v, 8 * h, static_cast<u32>(mantissa * (1 << 23)) | static_cast<u32>(23 - exponent) << 24);
    put32(v, 8 * h + 4, 0x600000U | 22U << 24);  // 1.5
  }
  return v;
}

golden::Descriptor gemm(u32 m, u32 n, u32 k, u32 a, u32 a_stride, u32 b, u32 b_stride, u32 y,
                        u32 y_stride, u32 params) {
  golden::Descriptor d;
  d.w[0] = golden::kOpGemm | 1U << 8;
  d.w[5] = m | n << 16;
  d.w[6] = k;
  d.w[7] = a, d.w[8] = a_stride, d.w[9] = b, d.w[10] = b_stride;
  d.w[11] = y, d.w[12] = y_stride;
  d.w[15] = params;
  d.w[19] = 0x007fff80;
  return d;
}

/// Runs the descriptors of the case without waits on an image of L1.
void expect(std::span<u8> l1, const golden::Descriptor& d, const std::string& name) {
  const golden::JobResult r = golden::run_engine_job(l1, d);
  if (r.cause != golden::Cause::kNone) {
    throw std::invalid_argument(fmt::format("{}: the engine refuses it (cause {}, {})", name,
                                            static_cast<int>(r.cause), r.addr));
  }
}

golden::Descriptor attention(const EngineCase& c, u32 heads, u32 q, u32 k, u32 v, u32 v_stride,
                             u32 params) {
  golden::Descriptor d;
  const u32 row = up(c.d, 8);
  d.w[0] = golden::kOpAttn | 1U << 8;
  d.w[4] = 3U << 2 | (c.mask == EngineCase::Mask::kCausal ? 1U : 0U);
  const u32 keys = c.mask == EngineCase::Mask::kPadding ? std::max(1U, c.s - c.s / 8) : c.s;
  d.w[5] = c.s | keys << 16;
  d.w[6] = c.d | c.d << 8 | heads << 16 | 1U << 24;
  d.w[7] = q, d.w[8] = row, d.w[9] = k, d.w[10] = row, d.w[11] = v, d.w[12] = v_stride;
  d.w[13] = q, d.w[14] = row;  // the output takes the place of Q
  d.w[15] = params;
  d.w[20] = c.s * row, d.w[21] = c.s * row, d.w[22] = c.d * v_stride, d.w[23] = c.s * row;
  return d;
}

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

// ---- From L2: blocks of rows of A, chunks of columns of B, a buffer ring for each --------------

struct Ring {
  u32 base = 0, bytes = 0, slots = 1;
  [[nodiscard]] u32 at(u32 i) const { return base + i % slots * bytes; }
};

void plan_gemm_l2(Plan& plan, const EngineCase& c, const Machine& machine, std::mt19937_64& random,
                  L2& l2) {
  const bool a_here = c.from == EngineCase::From::kWeightsL2;  // A and C stay in L1
  const u32 row = up(c.k, 8), out = up(c.n, 8);
  std::vector<u8> a = noise(random, u64{c.m} * row), b = noise(random, u64{c.n} * row);
  std::vector<u8> params = plane_a(random, c.n, c.k);

  // What must come out, in an image with everything side by side.
  std::vector<u8> image = a;
  image.insert(image.end(), b.begin(), b.end());
  const u32 p_at = up(image.size(), 8);
  image.resize(p_at);
  image.insert(image.end(), params.begin(), params.end());
  const u32 y_at = up(image.size(), 8);
  image.resize(y_at + u64{c.m} * out);
  expect(image, gemm(c.m, c.n, c.k, 0, row, static_cast<u32>(a.size()), row, y_at, out, p_at),
         c.name());
  std::vector<u8> result(image.begin() + y_at, image.end());

  // Row blocks: the first is small so that work starts early, yet large enough to cover the loading
  // of the next chunk of columns; the last is small so that little is left to store. Chunks of
  // columns: about 16 KiB of weights, the first one a single group of columns.
  const u32 units = std::max(8U, machine.macs / 64);  // outputs start on words
  const u32 columns = std::max(units, std::min(up(c.n, units), 16384 / row / units * units));
  std::vector<u32> blocks, chunks;
  // Rows as many as leave room for all of the weights, if half of L1 holds them.
  const u32 weights = c.n * row;
  const u32 spare = weights <= machine.l1_bytes / 2
                        ? machine.l1_bytes - weights - machine.l1_bytes / 8
                        : machine.l1_bytes / 2;
  const u32 block = a_here ? c.m : std::clamp(spare / 2 / row / 8 * 8, 1U, 64U);
  constexpr u32 kFirst = 32, kLast = 16;
  for (u32 m = 0; m < c.m;) {
    const u32 left = c.m - m;
    u32 size = std::min(block, left);
    if (m == 0 && !a_here && left > 2 * kFirst && block > kFirst) size = kFirst;
    if (size == left && !a_here && left > kLast) size = left - kLast;
    blocks.push_back(size);
    m += size;
  }
  for (u32 n = 0; n < c.n;) {
    const u32 size = std::min(n == 0 ? units : columns, c.n - n);
    chunks.push_back(size);
    n += size;
  }

  u32 next = 0;
  const auto room = [&](u64 bytes) {
    const u32 at = next;
    next = up(next + bytes, 64);
    return at;
  };
  const u32 largest = *std::max_element(blocks.begin(), blocks.end());
  Ring a_ring{0, up(u64{largest} * row, 64), a_here ? 1U : std::min<u32>(2, blocks.size())};
  a_ring.base = room(u64{a_ring.bytes} * a_ring.slots);
  const u32 p_l1 = room(params.size());
  Ring y_ring{0, up(u64{largest} * (a_here ? out : up(columns, 8)), 64), a_here ? 1U : 3U};
  y_ring.base = room(u64{y_ring.bytes} * y_ring.slots);
  // All of B stays if it fits, else a ring of what is left.
  const u32 left = machine.l1_bytes - std::min(machine.l1_bytes, next);
  const bool resident = u64{c.n} * row <= left;
  Ring b_ring{next, up(u64{columns} * row, 64), 0};
  b_ring.slots = resident ? static_cast<u32>(chunks.size())
                          : std::min<u32>(static_cast<u32>(chunks.size()), left / b_ring.bytes);
  const auto b_at = [&](u32 slot, u32 n0) {
    return resident ? b_ring.base + n0 * row : b_ring.at(slot);
  };
  if (b_ring.slots < std::min<std::size_t>(2, chunks.size())) {
    throw std::invalid_argument(
        fmt::format("{}: rows of {} bytes are too long for blocks in {} bytes of L1", c.name(), row,
                    machine.l1_bytes));
  }

  const u32 a_l2 = l2.put(std::move(a)), b_l2 = l2.put(std::move(b)), p_l2 = l2.put(params);
  const u32 y_l2 = l2.room(static_cast<u32>(result.size()));
  if (a_here) {
    add(plan.stage,
        {.l2 = a_l2, .l1 = a_ring.base, .bytes = c.m * row, .signal0 = signal(kSemStage)});
    add(plan.stage, {.l2 = p_l2, .l1 = p_l1, .bytes = c.n * 8, .signal0 = signal(kSemStage)});
  }

  auto& in = plan.rings[kDmaIn];
  u32 loads = 0, jobs = 0, b_loads = 0;
  bool started = false;
  const auto load = [&](Copy copy) {
    if (!started) copy.wait0 = wait(kSemStart, 1);
    started = true;
    copy.signal0 = signal(kSemIn);
    add(in, copy);
    ++loads;
  };
  // Chunk -> index of the load that brought it last; block and chunk buffers -> job that used them
  // last.
  std::vector<u32> loaded(chunks.size(), 0), b_used(b_ring.slots, 0), a_used(a_ring.slots, 0);
  u32 m0 = 0;
  for (u32 i = 0; i < blocks.size(); ++i) {
    if (!a_here) {
      Copy copy{.l2 = a_l2 + m0 * row, .l1 = a_ring.at(i), .bytes = blocks[i] * row};
      if (i >= a_ring.slots) copy.wait1 = wait(kSemDone, a_used[i % a_ring.slots]);
      load(copy);
    }
    u32 n0 = 0;
    for (u32 j = 0; j < chunks.size(); ++j) {
      if (i == 0 || !resident) {
        const u32 slot = resident ? j : b_loads;
        Copy copy{.l2 = b_l2 + n0 * row, .l1 = b_at(slot, n0), .bytes = chunks[j] * row};
        if (b_loads >= b_ring.slots) copy.wait1 = wait(kSemDone, b_used[slot % b_ring.slots]);
        load(copy);
        if (!a_here && i == 0) {
          load({.l2 = p_l2 + 8 * n0, .l1 = p_l1 + 8 * n0, .bytes = 8 * chunks[j]});
        }
        loaded[j] = loads;
        ++b_loads;
      }
      const u32 b_slot = resident ? j : b_loads - 1;
      const u32 y = a_here ? y_ring.base + n0 : y_ring.at(jobs);
      const u32 y_stride = a_here ? out : up(columns, 8);
      golden::Descriptor d = gemm(blocks[i], chunks[j], c.k, a_ring.at(i), row, b_at(b_slot, n0),
                                  row, y, y_stride, p_l1 + 8 * n0);
      d.w[1] = wait(kSemIn, i == 0 || !resident ? loads : std::max(loaded[j], loads));
      if (!a_here && jobs >= y_ring.slots) d.w[2] = wait(kSemOut, jobs - y_ring.slots + 1);
      d.w[3] = signal(kSemDone);
      add(plan.rings[kEngine], d);
      ++jobs;
      a_used[i % a_ring.slots] = jobs;
      b_used[b_slot % b_ring.slots] = jobs;
      if (!a_here) {
        add(plan.rings[kDmaOut], {.l2 = y_l2 + m0 * out + n0,
                                  .l1 = y,
                                  .bytes = chunks[j],
                                  .rows = blocks[i],
                                  .l2_stride = out,
                                  .l1_stride = y_stride,
                                  .wait0 = wait(kSemDone, jobs),
                                  .signal0 = signal(kSemOut)});
      }
      n0 += chunks[j];
    }
    m0 += blocks[i];
  }
  if (a_here) {
    add(plan.collect, {.l2 = y_l2, .l1 = y_ring.base, .bytes = c.m * out});
  }
  if (out != c.n) {  // bytes behind the rows are not written
    for (u32 m = 0; m < c.m; ++m) {
      std::vector<u8> line(result.begin() + u64{m} * out, result.begin() + u64{m} * out + c.n);
      plan.expected.push_back({y_l2 + m * out, std::move(line)});
    }
  } else {
    plan.expected.push_back({y_l2, std::move(result)});
  }
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
