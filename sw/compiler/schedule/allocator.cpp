// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "compiler/schedule/program.hpp"

namespace oct::schedule {
namespace {
constexpr std::int64_t kSmall = 4096;
std::int64_t up(std::int64_t v, std::int64_t to) { return (v + to - 1) / to * to; }
}  // namespace

std::int64_t Allocator::place_high(std::int64_t bytes, std::int64_t align) const {
  for (auto it = free_.rbegin(); it != free_.rend();) {
    const std::int64_t end = it->first + it->second.bytes;  // of a run of neighbours
    for (;;) {
      const std::int64_t first = it->first, start = (end - bytes) / align * align;
      if (start >= first && start >= 0) return start;
      if (++it == free_.rend() || it->first + it->second.bytes != first) break;
    }
  }
  return -1;
}

std::int64_t Allocator::place(std::int64_t bytes, std::int64_t align, Where where) const {
  if (where == Where::kHighest) return place_high(bytes, align);
  // At one of the ends of a run of neighbouring free pieces, so that the rest stays whole. The best
  // place has been free for longest; little blocks go into the smallest run instead.
  struct Best {
    std::int64_t start = -1, run = 0;
    std::size_t since = 0;
  } best;
  const bool small = bytes <= kSmall;
  for (auto it = free_.begin(); it != free_.end();) {
    const std::int64_t first = it->first;
    auto next = it;
    std::int64_t end = first;
    for (; next != free_.end() && next->first == end; ++next) end += next->second.bytes;
    for (const std::int64_t start : {up(first, align), (end - bytes) / align * align}) {
      if (start < first || start + bytes > end) continue;
      std::size_t since = 0;
      for (auto p = it; p != next; ++p) {
        if (p->first < start + bytes && start < p->first + p->second.bytes) {
          since = std::max(since, p->second.since);
        }
      }
      const bool better = small ? std::pair(end - first, since) < std::pair(best.run, best.since)
                                : since < best.since;
      if (best.start < 0 || better) best = {start, end - first, since};
    }
    it = next;
  }
  return best.start;
}

bool Allocator::fits(std::int64_t bytes, std::int64_t align) const {
  return place(up(bytes, 8), align, Where::kOldest) >= 0;
}

std::int64_t Allocator::allocate(std::int64_t bytes, std::size_t now, std::string name,
                                 std::int64_t align, Where where) {
  bytes = up(std::max<std::int64_t>(bytes, 1), 8);
  const std::int64_t start = place(bytes, align, where);
  if (start < 0) {
    throw NoRoom(fmt::format("{}: {} bytes do not fit into L1 ({} of {} in use)", name, bytes,
                             used_, bytes_));
  }
  const std::int64_t end = start + bytes;
  for (auto it = free_.begin(); it != free_.end() && it->first < end;) {
    const std::int64_t from = it->first, to = it->first + it->second.bytes;
    const std::size_t since = it->second.since;
    if (to <= start) {
      ++it;
      continue;
    }
    it = free_.erase(it);
    if (from < start) free_[from] = {start - from, since};
    if (to > end) it = std::next(free_.insert_or_assign(end, Free{to - end, since}).first);
  }
  live_[start] = blocks_.size();
  blocks_.push_back({start, bytes, now, ~std::size_t{0}, std::move(name)});
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  return start;
}

void Allocator::free(std::int64_t addr, std::size_t now, std::size_t since) {
  const auto it = live_.find(addr);
  if (it == live_.end()) throw std::logic_error(fmt::format("no live block at {:#x}", addr));
  Block& b = blocks_[it->second];
  b.to = now;
  free_[addr] = {b.bytes, std::min(now, since)};
  used_ -= b.bytes;
  live_.erase(it);
}

std::string check_blocks(const std::vector<Allocator::Block>& blocks, const Program& program) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t j = i + 1; j < blocks.size(); ++j) {
      const auto &a = blocks[i], &b = blocks[j];
      const bool times = a.from < b.to && b.from < a.to;
      const bool bytes = a.addr < b.addr + b.bytes && b.addr < a.addr + a.bytes;
      if (times && bytes) {
        return fmt::format("{} [{:#x}, {:#x}) and {} [{:#x}, {:#x}) live at the same time", a.name,
                           a.addr, a.addr + a.bytes, b.name, b.addr, b.addr + b.bytes);
      }
    }
  }
  for (std::size_t t = 0; t < program.jobs().size(); ++t) {
    for (const Range& r : program.jobs()[t].ranges) {
      if (r.memory != Memory::kL1) continue;
      const bool inside = std::any_of(blocks.begin(), blocks.end(), [&](const auto& b) {
        return b.from <= t && t < b.to && b.addr <= r.first() && r.end() <= b.addr + b.bytes;
      });
      if (!inside) {
        return fmt::format("{}: L1 [{:#x}, {:#x}) lies in no live block", program.jobs()[t].note,
                           r.first(), r.end());
      }
    }
  }
  return {};
}

}  // namespace oct::schedule
