// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace oct::schedule {
namespace {

using integer::Role;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

void fill(Images::Bytes bytes, std::mt19937_64& random) {
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t x = random();
    std::memcpy(&bytes[i], &x, std::min<std::size_t>(8, bytes.size() - i));
  }
}

}  // namespace

void fail(const Job& job, const std::string& why) {
  throw ir::GraphError(fmt::format("{} (queue {}, job {}): {}", job.note,
                                   static_cast<unsigned>(job.queue), job.index, why));
}

Images::Images(const integer::Graph& graph, const Network& network, const Golden& golden, Bytes l1,
               Bytes l2, std::span<const std::uint8_t> image, std::uint64_t seed, std::int64_t slot)
    : graph_(graph),
      net_(network),
      golden_(golden),
      l1_(l1),
      l2_(l2),
      slot_(slot < 0 ? graph.slots - 1 : slot) {
  std::mt19937_64 random(seed);
  fill(l1_, random);
  fill(l2_, random);
  std::copy(image.begin(), image.end(), l2_.begin() + network.image_l2);
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    const Role role = graph.tensors[t].role;
    if ((role != Role::kInput && role != Role::kState) || network.l2[t] < 0) continue;
    std::copy(golden[t].begin(), golden[t].end(), l2_.begin() + network.l2[t]);
  }
  for (const Piece& p : network.pieces) {
    pieces_[p.job].push_back(&p);
    if (graph.at(p.tensor).role != Role::kState || p.range.memory != Memory::kL2) continue;
    for (std::int64_t r = 0; r < p.range.rows; ++r) {
      for (std::int64_t b = 0; b < p.range.bytes; ++b) {
        l2_[index(p.range.addr + slot_ * p.slot_stride + r * p.range.stride + b)] ^= 0x5a;
      }
    }
  }
}

std::uint8_t* Images::at(const Job& job, Memory memory, std::int64_t addr,
                         std::int64_t bytes) const {
  const Bytes image = memory == Memory::kL1 ? l1_ : l2_;
  if (addr < 0 || bytes < 0 || addr + bytes > std::ssize(image)) {
    fail(job, fmt::format("{} [{:#x}, {:#x}) is outside", memory == Memory::kL1 ? "L1" : "L2", addr,
                          addr + bytes));
  }
  return image.data() + addr;
}

void Images::copy(const Job& job, std::vector<std::uint32_t> w) const {
  for (std::size_t i = 12; i < 16; ++i) {  // modifiers
    if (w[i] >> 31 == 0) continue;
    if ((w[i] >> 21 & 15) != 0) fail(job, "parameter register that nobody sets");
    w.at(w[i] >> 16 & 31) += static_cast<std::uint32_t>(slot_ * static_cast<std::int16_t>(w[i]));
  }
  const std::int64_t bytes = w[6];
  const auto sign = [](std::uint32_t v) { return std::int64_t{static_cast<std::int32_t>(v)}; };
  for (std::int64_t p = 0; p < (w[7] >> 16); ++p) {
    for (std::int64_t r = 0; r < (w[7] & 0xffff); ++r) {
      std::uint8_t* l2 = at(job, Memory::kL2, w[4] + r * sign(w[8]) + p * sign(w[9]), bytes);
      std::uint8_t* l1 = at(job, Memory::kL1, w[5] + r * sign(w[10]) + p * sign(w[11]), bytes);
      const bool in = job.queue == Queue::kDmaIn;
      std::memcpy(in ? l1 : l2, in ? l2 : l1, index(bytes));
    }
  }
}

void Images::compare(std::size_t id) {
  const auto it = pieces_.find(id);
  if (it == pieces_.end()) return;
  const Job& job = net_.program.jobs()[id];
  for (const Piece* piece : it->second) {
    const Piece& p = *piece;
    const auto& want = golden_.at(index(p.tensor));
    for (std::int64_t r = 0; r < p.range.rows; ++r) {
      const std::int64_t moved = slot_ * p.slot_stride, from = p.offset + moved + r * p.stride;
      if (from < 0 || from + p.range.bytes > std::ssize(want))
        fail(job, "piece outside its tensor");
      const std::uint8_t* got =
          at(job, p.range.memory, p.range.addr + moved + r * p.range.stride, p.range.bytes);
      for (std::int64_t b = 0; b < p.range.bytes; ++b) {
        if (got[b] == want[index(from + b)]) continue;
        fail(job, fmt::format("{} differs at byte {}: {} instead of {}", graph_.at(p.tensor).name,
                              from + b, got[b], want[index(from + b)]));
      }
      compared_ += p.range.bytes;
    }
  }
}

}  // namespace oct::schedule
