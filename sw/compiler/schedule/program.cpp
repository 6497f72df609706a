// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace oct::schedule {
namespace {
constexpr std::int64_t kBucket[2] = {4096, 65536};
constexpr std::uint32_t kTwoUnits = 1U << 8;

std::int64_t floor_mod(std::int64_t a, std::int64_t b) { return (a % b + b) % b; }
std::size_t at(Queue q) { return static_cast<std::size_t>(q); }
}  // namespace

std::int64_t Range::first() const { return stride < 0 ? addr + (rows - 1) * stride : addr; }
std::int64_t Range::end() const { return (stride < 0 ? addr : addr + (rows - 1) * stride) + bytes; }

bool overlap(const Range& a, const Range& b) {
  if (a.memory != b.memory || a.first() >= b.end() || b.first() >= a.end()) return false;
  if (a.rows == 1 && b.rows == 1) return true;
  // A single row within one stride of the other counts as a row of that stride.
  const std::int64_t stride = std::abs(a.rows > 1 ? a.stride : b.stride);
  if ((a.rows > 1 && std::abs(a.stride) != stride) ||
      (b.rows > 1 && std::abs(b.stride) != stride) || stride == 0 || a.bytes > stride ||
      b.bytes > stride) {
    return true;  // different strides: hulls
  }
  // Columns modulo the stride. Rows of overlapping hulls may still miss each other by one row at
  // the ends; taking that as an overlap only costs a wait.
  const std::int64_t distance = floor_mod(b.first() - a.first(), stride);
  return distance < a.bytes || distance + b.bytes > stride;
}

// ---- Dependences
// ---------------------------------------------------------------------------------

std::pair<std::int64_t, std::int64_t> Program::buckets(const Range& r) const {
  const std::int64_t size = kBucket[static_cast<std::size_t>(r.memory)];
  return {r.first() / size, (r.end() - 1) / size};
}

void Program::require(Known& need, const Known& known, const Range& r) const {
  const auto& map = accesses_.at(static_cast<std::size_t>(r.memory));
  const auto [from, to] = buckets(r);
  for (auto it = map.lower_bound(from); it != map.end() && it->first <= to; ++it) {
    for (const Access& a : it->second) {
      if (a.index <= need[a.queue] || a.index <= known[a.queue]) continue;
      if ((r.write || a.range.write) && overlap(r, a.range)) need[a.queue] = a.index;
    }
  }
}

void Program::remember(const Job& job, const Range& r) {
  auto& map = accesses_.at(static_cast<std::size_t>(r.memory));
  const auto [from, to] = buckets(r);
  const bool dense = r.rows == 1 || std::abs(r.stride) == r.bytes;
  for (std::int64_t b = from; b <= to; ++b) {
    auto& list = map[b];
    if (r.write && dense) {
      // Whoever meets what this write covers meets this write too, and it waits for them.
      std::erase_if(list, [&](const Access& a) {
        return a.range.first() >= r.first() && a.range.end() <= r.end();
      });
    }
    list.push_back({r, at(job.queue), job.index});
  }
}

std::uint32_t Program::append(Job job) {
  const std::size_t q = at(job.queue);
  const std::size_t id = jobs_.size();
  // What is known to have ended when this job starts: what its waits say and imply, and what the
  // job before it in its queue knew.
  Known need, known;
  need.fill(-1);
  known.fill(-1);
  if (!queues_[q].empty()) known = started_[queues_[q].back()];
  for (const Range& r : job.ranges) {
    if (r.bytes <= 0 || r.rows <= 0 || r.first() < 0) {
      throw std::logic_error(fmt::format("{}: empty or negative range at {}", job.note, r.addr));
    }
    require(need, known, r);
  }
  std::vector<Wait> waits;
  for (;;) {
    // The wait that is newest in the common order implies most.
    std::int64_t best = -1;
    std::size_t best_queue = 0;
    for (std::size_t p = 0; p < kNumQueues; ++p) {
      if (need[p] <= known[p]) continue;
      const auto candidate =
          static_cast<std::int64_t>(queues_[p][static_cast<std::size_t>(need[p])]);
      if (candidate > best) best = candidate, best_queue = p;
    }
    if (best < 0) break;
    waits.push_back({static_cast<Queue>(best_queue), static_cast<std::uint32_t>(need[best_queue])});
    const Known& then = started_[static_cast<std::size_t>(best)];
    for (std::size_t p = 0; p < kNumQueues; ++p) known[p] = std::max(known[p], then[p]);
    known[best_queue] = std::max(known[best_queue], need[best_queue]);
  }
  job.waits = std::move(waits);
  job.index = static_cast<std::uint32_t>(queues_[q].size());
  for (const Range& r : job.ranges) remember(job, r);
  queues_[q].push_back(id);
  started_.push_back(known);
  jobs_.push_back(std::move(job));
  return jobs_.back().index;
}

std::array<std::vector<std::uint32_t>, kNumQueues> Program::rings() const {
  std::array<std::vector<std::uint32_t>, kNumQueues> rings;
  const auto wait_word = [](const Wait& w) {
    return 1U << 31 | static_cast<std::uint32_t>(w.queue) << 16 | ((w.index + 1) & 0xffff);
  };
  for (std::size_t q = 0; q < kNumQueues; ++q) {
    if (queues_[q].size() > kMaxJobs) {
      throw std::length_error(
          fmt::format("{} jobs in one queue; semaphores count to {}", queues_[q].size(), kMaxJobs));
    }
    for (const std::size_t id : queues_[q]) {
      const Job& job = jobs_[id];
      std::size_t next = 0;
      while (job.waits.size() - next > 2) {
        std::array<std::uint32_t, 16> nop{};
        nop[0] = job.layer << 16;
        nop[1] = wait_word(job.waits[next]);
        nop[2] = wait_word(job.waits[next + 1]);
        next += 2;
        rings[q].insert(rings[q].end(), nop.begin(), nop.end());
      }
      std::vector<std::uint32_t> words = job.words;
      if (words.size() != 16 && words.size() != 32) {
        throw std::logic_error(job.note + ": a descriptor has 16 or 32 words");
      }
      words[0] = (words[0] & 0xff) | (words.size() == 32 ? kTwoUnits : 0) | job.layer << 16;
      words[1] = next < job.waits.size() ? wait_word(job.waits[next]) : 0;
      words[2] = next + 1 < job.waits.size() ? wait_word(job.waits[next + 1]) : 0;
      words[3] = 1U << 15 | static_cast<std::uint32_t>(q) << 8 | 1;
      rings[q].insert(rings[q].end(), words.begin(), words.end());
    }
  }
  return rings;
}

}  // namespace oct::schedule
