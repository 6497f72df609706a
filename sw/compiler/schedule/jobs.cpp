// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace oct::schedule {
namespace {

namespace engine = golden::engine;
constexpr std::int64_t kMaxCount = 65535;  // rows and planes: 16 bits
constexpr std::int64_t kMaxRanges = 64;    // of an operand with three dimensions; else its hull

std::int64_t sign(std::uint32_t v) { return static_cast<std::int32_t>(v); }

/// `planes` times `rows` times `bytes`.
void add_planes(std::vector<Range>& to, Memory memory, bool write, std::int64_t addr,
                std::int64_t planes, std::int64_t plane_stride, std::int64_t rows,
                std::int64_t stride, std::int64_t bytes) {
  if (rows == 1 || stride == bytes) {
    bytes += (rows - 1) * stride;
    rows = 1;
  }
  if (rows == 1 && planes > 1) {
    rows = planes, stride = plane_stride, planes = 1;
    if (stride == bytes) bytes *= rows, rows = 1;
  }
  if (planes > kMaxRanges) {
    const Range hull{memory, addr, bytes, rows, stride, write};
    to.push_back({memory, hull.first(), hull.end() - hull.first(), planes, plane_stride, write});
    return;
  }
  for (std::int64_t p = 0; p < planes; ++p) {
    to.push_back({memory, addr + p * plane_stride, bytes, rows, stride, write});
  }
}

/// Merges neighbours that are one run in both memories.
void coalesce(Transfer& t) {
  for (std::size_t i = t.sizes.size() - 1; i-- > 0;) {  // dimensions of one element
    if (t.sizes[i] != 1) continue;
    const auto at = static_cast<std::ptrdiff_t>(i);
    t.sizes.erase(t.sizes.begin() + at);
    t.l1_strides.erase(t.l1_strides.begin() + at);
    t.l2_strides.erase(t.l2_strides.begin() + at);
  }
  while (t.sizes.size() > 1) {  // rows into the run
    const std::size_t i = t.sizes.size() - 2;
    const std::int64_t run = t.sizes.back(), s1 = t.l1_strides[i], s2 = t.l2_strides[i];
    if (s1 != s2 || s1 < run || (s1 != run && !t.own_gaps)) break;
    t.sizes[i] = (t.sizes[i] - 1) * s1 + run;
    // Once there are gaps at the end of the run, the next dimension may not be merged exactly.
    t.sizes.pop_back();
    t.l1_strides.pop_back();
    t.l2_strides.pop_back();
  }
  for (std::size_t i = t.sizes.size() - 1; i-- > 1;) {  // planes into rows
    const std::size_t o = i - 1;
    if (t.l1_strides[o] != t.sizes[i] * t.l1_strides[i] ||
        t.l2_strides[o] != t.sizes[i] * t.l2_strides[i]) {
      continue;
    }
    t.sizes[o] *= t.sizes[i];
    t.l1_strides[o] = t.l1_strides[i];
    t.l2_strides[o] = t.l2_strides[i];
    const auto at = static_cast<std::ptrdiff_t>(i);
    t.sizes.erase(t.sizes.begin() + at);
    t.l1_strides.erase(t.l1_strides.begin() + at);
    t.l2_strides.erase(t.l2_strides.begin() + at);
  }
}

struct Dim {
  std::int64_t size = 1, l1 = 0, l2 = 0;
};

Job dma_job(const Transfer& t, std::int64_t l1, std::int64_t l2, const Dim& rows,
            const Dim& planes) {
  const std::int64_t bytes = t.sizes.back();
  Job j;
  j.queue = t.in ? Queue::kDmaIn : Queue::kDmaOut;
  j.words.resize(16);
  j.words[0] = kOpDmaCopy;
  j.words[4] = word(l2);
  j.words[5] = word(l1);
  j.words[6] = word(bytes);
  j.words[7] = word(rows.size) | word(planes.size) << 16;
  j.words[8] = word(rows.l2), j.words[9] = word(planes.l2);
  j.words[10] = word(rows.l1), j.words[11] = word(planes.l1);
  add_planes(j.ranges, Memory::kL2, !t.in, l2, planes.size, planes.l2, rows.size, rows.l2, bytes);
  add_planes(j.ranges, Memory::kL1, t.in, l1, planes.size, planes.l1, rows.size, rows.l1, bytes);
  return j;
}

/// The addresses move with the slot; what may be touched is everything from the first to the last.
void add_slot(Job& j, const Transfer& t) {
  std::size_t at = 12;
  const auto moves = [&](unsigned address, std::int64_t stride, Memory memory) {
    std::int64_t left = stride;
    for (; at < 16 && left != 0; ++at) {
      const std::int64_t scale = std::clamp<std::int64_t>(left, -32768, 32767);
      j.words[at] = 1U << 31 | address << 16 | (word(scale) & 0xffff);
      left -= scale;
    }
    if (left != 0) throw std::length_error(fmt::format("a slot of {} bytes", stride));
    const std::int64_t more = (t.slots - 1) * stride;
    for (Range& r : j.ranges) {
      if (r.memory != memory || stride == 0) continue;
      const std::int64_t first = std::min(r.first(), r.first() + more);
      r = {memory, first, std::max(r.end(), r.end() + more) - first, 1, 0, r.write};
    }
  };
  moves(4, t.slot_stride, Memory::kL2);
  moves(5, t.l1_slot_stride, Memory::kL1);
}

void split(const Transfer& t, std::size_t dim, std::int64_t l1, std::int64_t l2,
           std::vector<Job>& jobs) {
  const std::size_t left = t.sizes.size() - 1 - dim;  // dimensions that count rows
  const auto at = [&](std::size_t i) { return Dim{t.sizes[i], t.l1_strides[i], t.l2_strides[i]}; };
  if (left == 0) {
    jobs.push_back(dma_job(t, l1, l2, {}, {}));
    return;
  }
  const Dim outer = at(dim);
  if (left > 2) {
    for (std::int64_t i = 0; i < outer.size; ++i) {
      split(t, dim + 1, l1 + i * outer.l1, l2 + i * outer.l2, jobs);
    }
    return;
  }
  const Dim inner = left == 2 ? at(dim + 1) : outer;
  const Dim planes = left == 2 ? outer : Dim{};
  for (std::int64_t p = 0; p < planes.size; p += kMaxCount) {
    for (std::int64_t r = 0; r < inner.size; r += kMaxCount) {
      jobs.push_back(dma_job(t, l1 + p * planes.l1 + r * inner.l1,
                             l2 + p * planes.l2 + r * inner.l2,
                             {std::min(kMaxCount, inner.size - r), inner.l1, inner.l2},
                             {std::min(kMaxCount, planes.size - p), planes.l1, planes.l2}));
    }
  }
}

void gemm_ranges(std::vector<Range>& to, const engine::GemmJob& j) {
  const auto matrix = [&](engine::Matrix x, std::uint32_t batch_stride, std::int64_t rows,
                          std::int64_t bytes, bool write) {
    add_planes(to, Memory::kL1, write, x.addr, j.batch, sign(batch_stride), rows, sign(x.stride),
               bytes);
  };
  if (j.segment == 0) {
    matrix(j.a, j.a_batch, j.m, j.k, false);
  } else {
    for (std::uint32_t k = 0; k < j.k; k += j.segment) {
      const std::uint32_t at = j.a.addr + k / j.segment * j.segment_stride;
      matrix({at, j.a.stride}, j.a_batch, j.m, std::min(j.segment, j.k - k), false);
    }
  }
  matrix(j.b, j.b_batch, j.w_kn ? j.k : j.n, j.w_kn ? j.n : j.k, false);
  const std::int64_t width = j.y16 ? 2 : 1;
  matrix(j.c, j.c_batch, j.y_trans ? j.n : j.m, (j.y_trans ? j.m : j.n) * width, true);
  if (j.epilogue.residual != engine::Residual::kNone) {
    matrix(j.r, j.r_batch, j.m, std::int64_t{j.n} * (j.r16 ? 2 : 1), false);
  }
  const std::int64_t n = j.n;
  matrix({j.plane_a_addr, 0}, j.p_batch, 1, 8 * n, false);
  if (j.plane_b) matrix({j.plane_b_addr, 0}, j.p_batch, 1, 8 * n, false);
  if (j.epilogue.table) {
    matrix({j.plane_c_addr, 0}, j.p_batch / 2, 1, 4 * n, false);
    matrix({j.table_addr, 0}, 0, 1, 256, false);
  }
}

void attention_ranges(std::vector<Range>& to, const engine::AttnJob& j) {
  const auto matrix = [&](engine::Matrix x, std::uint32_t head_stride, std::int64_t heads,
                          std::int64_t rows, std::int64_t bytes, bool write) {
    add_planes(to, Memory::kL1, write, x.addr, heads, sign(head_stride), rows, sign(x.stride),
               bytes);
  };
  const std::int64_t key_heads = ceil_div(j.heads, j.group);
  matrix(j.q, j.q_head, j.heads, j.sq, j.d, false);
  matrix(j.k, j.k_head, key_heads, j.sk, j.d, false);
  matrix(j.v, j.v_head, key_heads, j.dv, j.sk, false);
  if (j.last) matrix(j.o, j.o_head, j.heads, j.sq, j.dv, true);
  matrix({j.params, 0}, 0, 1, 1, 8 * std::int64_t{j.heads}, false);
  if (j.key_mask) matrix({j.mask, 0}, 0, 1, 1, up(j.sk, 64) / 8, false);
  const std::int64_t state = std::int64_t{j.state_bytes()} * j.heads;
  if (!j.first) matrix({j.state, 0}, 0, 1, 1, state, false);
  if (!j.last) matrix({j.state, 0}, 0, 1, 1, state, true);
}

}  // namespace

std::vector<Job> dma_jobs(Transfer t) {
  assert(t.l1_strides.size() + 1 == t.sizes.size() && t.l2_strides.size() + 1 == t.sizes.size());
  coalesce(t);
  std::vector<Job> jobs;
  split(t, 0, t.l1, t.l2, jobs);
  if (t.slot_stride != 0) {
    for (Job& j : jobs) add_slot(j, t);
  }
  return jobs;
}

Job engine_job(const engine::Descriptor& d) {
  if (const engine::JobResult r = engine::check(d); r.cause != engine::Cause::kNone) {
    throw std::logic_error(fmt::format("engine descriptor: word {} is bad", r.addr));
  }
  Job j;
  j.queue = Queue::kEngine;
  j.words.assign(d.w.begin(), d.w.end());
  if (d.op() == engine::kOpGemm) {
    gemm_ranges(j.ranges, engine::decode_gemm(d));
  } else {
    attention_ranges(j.ranges, engine::decode_attn(d));
  }
  return j;
}

CallJob engine_call(const engine::Descriptor& d, const TeamRoom& room) {
  constexpr std::size_t kWords = 28;  // engine.md; the rest would be modifiers
  CallJob j;
  j.ranges = engine_job(d).ranges;
  j.call.words.assign(d.w.begin(), d.w.begin() + kWords);
  std::vector<std::uint32_t> places{7, 9, 11, 13, 15, 16, 17};
  if (d.op() == engine::kOpGemm) {
    j.call.kernel = kTeamGemm;
    places.push_back(18);
  } else {
    j.call.kernel = kTeamAttention;
    j.call.words[24] = word(room.scratch), j.call.words[25] = word(room.bytes);
    j.call.words[26] = word(room.table);
    places.insert(places.end(), {24, 26});
    j.ranges.push_back({Memory::kL1, room.scratch, room.bytes * room.workers, 1, 0, true});
    j.ranges.push_back({Memory::kL1, room.table, TeamRoom::kTableBytes, 1, 0, false});
  }
  for (const std::uint32_t p : places) j.call.places.push_back({p, Memory::kL1});
  return j;
}

engine::Descriptor descriptor_of(const std::vector<std::uint32_t>& words) {
  engine::Descriptor d;
  std::copy(words.begin(), words.end(), d.w.begin());
  if (d.op() == engine::kOpAttn) d.w[24] = d.w[25] = d.w[26] = 0;
  return d;
}

CallJob call_job(const std::string& kernel, std::int64_t rows,
                 const std::vector<CallRows>& operands, const std::vector<CallRows>& constants,
                 const std::vector<std::int32_t>& args) {
  CallJob j;
  j.call.kernel = kernel;
  auto& words = j.call.words;
  words.push_back(word(rows));
  const auto place = [&](const CallRows& r) {
    j.call.places.push_back({static_cast<std::uint32_t>(words.size()), r.memory});
    words.push_back(word(r.addr));
    add_planes(j.ranges, r.memory, r.write, r.addr, 1, 0, r.rows, r.stride, r.bytes);
  };
  for (const CallRows& r : operands) {
    place(r);
    words.push_back(word(r.stride));
  }
  for (const CallRows& r : constants) place(r);
  for (const std::int32_t a : args) words.push_back(word(a));
  return j;
}

}  // namespace oct::schedule
