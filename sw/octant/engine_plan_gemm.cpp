// SPDX-License-Identifier: Apache-2.0
// Products from L2: blocks of rows of A, chunks of columns of B, a buffer ring for each.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine_plan_parts.hpp"

namespace octant::plan_parts {
namespace {
struct Ring {
  u32 base = 0, bytes = 0, slots = 0;
  [[nodiscard]] u32 at(u32 i) const { return base + i % slots * bytes; }
};

/// How a product is cut.
struct Cut {
  std::vector<u32> blocks, chunks;  // rows, columns
};

constexpr u32 kFirst = 32, kLast = 16, kMost = 64;  // rows; rows or columns

/// Row blocks: the first is small so that work starts early, yet large enough to cover the loading
/// of the next chunk of columns; the last is small, half of what is left, so that little is left to
/// store. Chunks of columns: the first one a single group of columns. Both up to 64 rows or columns
/// and 16 KiB: more would be waited for while little has been loaded; only weights that are loaded
/// again for each block are worth larger ones.
Cut cut(const EngineCase& c, const Machine& machine, u32 row, bool a_here, u32 rows) {
  const u32 units = std::max(8U, machine.macs / 64);  // outputs start on words
  const u32 bytes = c.m == 1 ? 32768 : 16384;         // nothing but loading: few copies
  const u32 most = c.m == 1 || a_here ? bytes / row : std::min(bytes / row, kMost);
  const u32 columns = std::max(units, std::min(up(c.n, units), most / units * units));
  // Rows as many as leave room for all of the weights, if half of L1 holds them.
  const u32 weights = c.n * row;
  const bool all = weights <= machine.l1_bytes / 2;
  const u32 spare = all ? std::min(machine.l1_bytes - weights - machine.l1_bytes / 8, 2 * bytes)
                        : machine.l1_bytes / 2;
  const u32 block = a_here ? c.m : std::clamp(spare / 2 / row / 8 * 8, 1U, rows);
  Cut r;
  for (u32 m = 0; m < c.m;) {
    const u32 left = c.m - m;
    u32 size = std::min(block, left);
    if (m == 0 && !a_here && left > 2 * kFirst && block > kFirst) size = kFirst;
    if (size == left && !a_here && left > kFirst) size = left - std::clamp(left / 2, kLast, kFirst);
    r.blocks.push_back(size);
    m += size;
  }
  for (u32 n = 0; n < c.n;) {
    const u32 left = c.n - n;
    u32 size = std::min(n == 0 ? units : columns, left);
    if (c.m == 1 && size == left && left > units) size = (left - 1) / units * units;
    r.chunks.push_back(size);
    n += size;
  }
  return r;
}

/// Places in L1: two buffers for blocks of A, three for results; all of B if it fits, else a ring
/// of what is left.
struct Layout {
  Cut cut;
  Ring a, y, b;
  u32 params = 0, y_row = 0;  // place; bytes
  bool resident = false;
};
Layout lay_out(const EngineCase& c, const Machine& machine, u32 row, bool a_here, u32 rows) {
  Layout r;
  r.cut = cut(c, machine, row, a_here, rows);
  u32 next = 0;
  const auto room = [&](u64 bytes) {
    const u32 at = next;
    next = up(next + bytes, 64);
    return at;
  };
  const auto& [blocks, chunks] = r.cut;
  const u32 columns = *std::max_element(chunks.begin(), chunks.end());
  const u32 largest = *std::max_element(blocks.begin(), blocks.end());
  r.a = {0, up(u64{largest} * row, 64), a_here ? 1U : std::min<u32>(2, blocks.size())};
  r.a.base = room(u64{r.a.bytes} * r.a.slots);
  r.params = room(u64{c.n} * 8);
  r.y_row = a_here ? up(c.n, 8) : up(columns, 8);
  r.y = {0, up(u64{largest} * r.y_row, 64), a_here ? 1U : 3U};
  r.y.base = room(u64{r.y.bytes} * r.y.slots);
  const u32 left = machine.l1_bytes - std::min(machine.l1_bytes, next);
  r.resident = u64{c.n} * row <= left;
  r.b = {next, up(u64{columns} * row, 64), 0};
  const auto all = static_cast<u32>(chunks.size());
  r.b.slots = r.resident ? all : std::min(all, left / r.b.bytes);
  return r;
}
}  // namespace

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

  // Smaller blocks of rows rather than no second buffer for columns, if that helps.
  Layout at = lay_out(c, machine, row, a_here, kMost);
  for (u32 rows = kMost / 2;
       rows >= 1 && at.b.slots < std::min<std::size_t>(2, at.cut.chunks.size()); rows /= 2) {
    if (Layout next = lay_out(c, machine, row, a_here, rows); next.b.slots > at.b.slots) {
      at = std::move(next);
    }
  }
  if (at.b.slots == 0) {
    throw std::invalid_argument(
        fmt::format("{}: rows of {} bytes are too long for blocks in {} bytes of L1", c.name(), row,
                    machine.l1_bytes));
  }
  const auto& [blocks, chunks] = at.cut;
  const u32 p_l1 = at.params;
  const auto b_at = [&](u32 slot, u32 n0) {
    return at.resident ? at.b.base + n0 * row : at.b.at(slot);
  };

  const u32 a_l2 = l2.put(std::move(a)), b_l2 = l2.put(std::move(b)), p_l2 = l2.put(params);
  const u32 y_l2 = l2.room(static_cast<u32>(result.size()));
  if (a_here) {
    add(plan.stage,
        {.l2 = a_l2, .l1 = at.a.base, .bytes = c.m * row, .signal0 = signal(kSemStage)});
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
  // Block and chunk buffers -> job that used them last.
  std::vector<u32> b_used(at.b.slots, 0), a_used(at.a.slots, 0);
  u32 m0 = 0;
  const auto load_rows = [&](u32 i) {
    Copy copy{.l2 = a_l2 + m0 * row, .l1 = at.a.at(i), .bytes = blocks[i] * row};
    if (i >= at.a.slots) copy.wait1 = wait(kSemDone, a_used[i % at.a.slots]);
    load(copy);
  };
  // Block i times chunk j, which is at `b_slot`, when what has been loaded is there.
  const auto multiply = [&](u32 i, u32 j, u32 n0, u32 b_slot) {
    const u32 y = a_here ? at.y.base + n0 : at.y.at(jobs);
    const u32 y_stride = at.y_row;
    golden::Descriptor d = gemm(blocks[i], chunks[j], c.k, at.a.at(i), row, b_at(b_slot, n0), row,
                                y, y_stride, p_l1 + 8 * n0);
    d.w[1] = wait(kSemIn, loads);
    if (!a_here && jobs >= at.y.slots) d.w[2] = wait(kSemOut, jobs - at.y.slots + 1);
    d.w[3] = signal(kSemDone);
    add(plan.rings[kEngine], d);
    ++jobs;
    a_used[i % at.a.slots] = jobs;
    b_used[b_slot % at.b.slots] = jobs;
    if (a_here) return;
    add(plan.rings[kDmaOut], {.l2 = y_l2 + m0 * out + n0,
                              .l1 = y,
                              .bytes = chunks[j],
                              .rows = blocks[i],
                              .l2_stride = out,
                              .l1_stride = y_stride,
                              .wait0 = wait(kSemDone, jobs),
                              .signal0 = signal(kSemOut)});
  };
  for (u32 i = 0; i < blocks.size(); ++i) {
    if (!a_here) load_rows(i);
    u32 n0 = 0;
    for (u32 j = 0; j < chunks.size(); ++j) {
      if (i == 0 || !at.resident) {
        const u32 slot = at.resident ? j : b_loads;
        Copy copy{.l2 = b_l2 + n0 * row, .l1 = b_at(slot, n0), .bytes = chunks[j] * row};
        if (b_loads >= at.b.slots) copy.wait1 = wait(kSemDone, b_used[slot % at.b.slots]);
        load(copy);
        // One row: all other parameters behind the second chunk, as each copy costs some cycles.
        const bool rest = c.m == 1 && j == 1;
        if (!a_here && i == 0 && (c.m != 1 || j <= 1)) {
          load({.l2 = p_l2 + 8 * n0,
                .l1 = p_l1 + 8 * n0,
                .bytes = 8 * (rest ? c.n - n0 : chunks[j])});
        }
        ++b_loads;
      }
      const u32 b_slot = at.resident ? j : b_loads - 1;
      multiply(i, j, n0, b_slot);
      n0 += chunks[j];
    }
    m0 += blocks[i];
  }
  if (a_here) {
    add(plan.collect, {.l2 = y_l2, .l1 = at.y.base, .bytes = c.m * out});
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
}  // namespace octant::plan_parts
