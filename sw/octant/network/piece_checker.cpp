// SPDX-License-Identifier: Apache-2.0
#include "network/piece_checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "compiler/integer/rows.hpp"
#include "compiler/schedule/attribution.hpp"

namespace octant {
namespace {

using oct::integer::Role;
using oct::schedule::Job;
using oct::schedule::Memory;
using oct::schedule::Piece;
using oct::schedule::Queue;

constexpr std::size_t kWrongShown = 8;
constexpr std::array<const char*, oct::schedule::kNumQueues> kQueueNames{
    "engine", "dma-in", "dma-out", "team 0", "team 1"};

/// Integer at this place, for messages.
std::int64_t element(oct::integer::Elem elem, const std::uint8_t* at) {
  switch (elem) {
    case oct::integer::Elem::kI8:
      return static_cast<std::int8_t>(*at);
    case oct::integer::Elem::kU8:
      return *at;
    default: {
      std::int64_t value = 0;
      const auto bytes = static_cast<std::size_t>(oct::integer::elem_bytes(elem));
      std::memcpy(&value, at, bytes);
      const auto unused = static_cast<unsigned>(64 - 8 * bytes);
      return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << unused) >> unused;
    }
  }
}

}  // namespace

PieceChecker::PieceChecker(const oct::integer::Graph& graph, const oct::schedule::Network& network,
                           const oct::integer::Memory& golden, std::uint32_t arena,
                           std::int64_t slot)
    : graph_(graph),
      network_(network),
      golden_(golden),
      arena_(arena),
      slot_(slot),
      leading_(oct::schedule::leading_queue(network.program)) {
  pieces_.resize(network.program.jobs().size());
  times_.resize(pieces_.size());
  for (std::size_t i = 0; i < network.pieces.size(); ++i) {
    pieces_.at(network.pieces[i].job).push_back(i);
  }
  covered_.resize(graph.tensors.size());
  for (std::size_t t = 0; t < covered_.size(); ++t) {
    if (graph.tensors[t].role == Role::kConstant || graph.tensors[t].role == Role::kInput) continue;
    covered_[t].resize(static_cast<std::size_t>(graph.tensors[t].bytes()));
  }
}

void PieceChecker::attach(const tb::BackDoor& door, std::uint32_t l1_bytes, unsigned controller,
                          tb::AxiMemory& memory) {
  l1_ = tb::L1View(door, l1_bytes);
  engine_.attach(door);
  memory_ = &memory;
  semaphores_ = door.semaphores;
  held_ = door.held + controller / 8;
  held_bit_ = static_cast<std::uint8_t>(1U << controller % 8);
}

std::uint64_t PieceChecker::runs() const {
  std::uint64_t least = ~std::uint64_t{0};
  for (std::size_t q = 0; q < kQueues; ++q) {
    const std::size_t jobs = network_.program.queue(static_cast<Queue>(q)).size();
    if (jobs != 0) least = std::min(least, run_[q] + (seen_[q] == jobs ? 1 : 0));
  }
  return least;
}

std::string PieceChecker::job_name(const Job& job) const {
  const std::string layer = job.layer < network_.layers.size() ? network_.layers[job.layer].name
                                                               : fmt::format("{}", job.layer);
  return fmt::format("{} job {} ({}), layer {}",
                     kQueueNames.at(static_cast<std::size_t>(job.queue)), job.index, job.note,
                     layer);
}

void PieceChecker::changed(std::size_t queue) {
  const std::uint16_t now = semaphores_[queue];
  if (now < seen_[queue]) {  // the controller starts the next run
    seen_[queue] = 0;
    ++run_[queue];
  }
  const std::size_t jobs = network_.program.queue(static_cast<Queue>(queue)).size();
  if (now > jobs) {
    throw std::runtime_error(fmt::format("semaphore of queue {} is {}, the queue has {} jobs",
                                         kQueueNames.at(queue), now, jobs));
  }
  while (seen_[queue] < now) ended(queue, seen_[queue]++);
}

void PieceChecker::ended(std::size_t queue, std::uint32_t index) {
  const std::size_t id = network_.program.queue(static_cast<Queue>(queue)).at(index);
  if (run_[queue] == 0) {
    if (static_cast<Queue>(queue) == leading_) watched_.push_back(engine_.take());
    JobTime& t = times_[id];
    t.end = cycle_;
    const auto after = [&](Queue q, std::uint32_t i) {
      t.start = std::max(t.start, times_[network_.program.queue(q).at(i)].end);
    };
    if (index != 0) after(static_cast<Queue>(queue), index - 1);
    for (const oct::schedule::Wait& w : network_.program.jobs()[id].waits) after(w.queue, w.index);
  }
  if (progress && (++ended_ % 64 == 0)) {
    progress(static_cast<double>(ended_) / static_cast<double>(times_.size()));
  }
  for (const std::size_t piece : pieces_[id]) compare(network_.pieces[piece]);
}

void PieceChecker::compare(const Piece& p) {
  const oct::integer::Tensor& tensor = graph_.at(p.tensor);
  const auto t = static_cast<std::size_t>(p.tensor);
  const auto bytes = static_cast<std::size_t>(p.range.bytes);
  buffer_.resize(bytes);
  for (std::int64_t row = 0; row < p.range.rows; ++row) {
    const std::int64_t at = p.range.addr + row * p.range.stride + slot_ * p.slot_stride;
    const std::int64_t offset = p.offset + row * p.stride + slot_ * p.slot_stride;
    if (offset < 0 || offset + p.range.bytes > tensor.bytes()) {
      throw std::logic_error(fmt::format("{}: a piece reaches outside {}",
                                         job_name(network_.program.jobs()[p.job]), tensor.name));
    }
    if (p.range.memory == Memory::kL1) {
      l1_.read(static_cast<std::uint64_t>(at), buffer_);
    } else {
      memory_->read(arena_ + static_cast<std::uint64_t>(at), buffer_);
    }
    const std::uint8_t* want = golden_.at(t).data() + offset;
    if (!covered_[t].empty()) {
      const auto first = covered_[t].begin() + offset;
      std::fill(first, first + p.range.bytes, true);
    }
    if (std::memcmp(buffer_.data(), want, bytes) == 0) continue;
    const auto size = static_cast<std::size_t>(oct::integer::elem_bytes(tensor.elem));
    for (std::size_t i = 0; i + size <= bytes; i += size) {
      if (std::memcmp(&buffer_[i], want + i, size) == 0) continue;
      if (mismatches_++ == 0 || wrong_.size() < kWrongShown) {
        wrong_.push_back(fmt::format(
            "{}: {} at byte {} ({} offset {:#x}): got {}, want {}",
            job_name(network_.program.jobs()[p.job]), tensor.name,
            offset + static_cast<std::int64_t>(i), p.range.memory == Memory::kL1 ? "L1" : "L2",
            at + static_cast<std::int64_t>(i), element(tensor.elem, &buffer_[i]),
            element(tensor.elem, want + i)));
      }
    }
  }
}

PieceChecker::Coverage PieceChecker::coverage() const {
  Coverage all;
  // What no operation writes belongs to nobody: bytes behind a row's last element, between heads.
  std::vector<std::vector<bool>> written(covered_.size());
  for (std::size_t t = 0; t < covered_.size(); ++t) written[t].resize(covered_[t].size());
  for (const auto& op : graph_.operations) {
    oct::integer::for_each_view(op, [&](const oct::integer::View& v, bool writes) {
      const auto t = static_cast<std::size_t>(v.tensor);
      if (!writes || written[t].empty()) return;
      const std::int64_t bytes =
          (v.sizes.empty() ? 1 : v.sizes.back()) * oct::integer::elem_bytes(graph_.tensors[t].elem);
      oct::integer::for_each_row(
          v, [&](std::int64_t o) { std::fill_n(written[t].begin() + o, bytes, true); });
    });
  }
  for (std::size_t t = 0; t < covered_.size(); ++t) {
    const oct::integer::Tensor& tensor = graph_.tensors[t];
    if (covered_[t].empty()) continue;
    // Bytes behind a row's last element belong to nobody.
    const std::int64_t size = oct::integer::elem_bytes(tensor.elem), row = tensor.row_bytes();
    const std::int64_t used = tensor.shape.empty() ? size : tensor.shape.back() * size;
    std::int64_t seen = 0, missing = 0;
    for (std::int64_t i = 0; i < tensor.bytes(); ++i) {
      if (row != 0 && i % row >= used) continue;
      const bool state = tensor.role == Role::kState;  // the slot's rows
      if (!state && !written[t][static_cast<std::size_t>(i)]) continue;
      ++(covered_[t][static_cast<std::size_t>(i)] ? seen : missing);
    }
    all.elements += static_cast<std::uint64_t>(seen / size);
    if (missing == 0) {
      ++all.tensors;
    } else if (tensor.role != Role::kState) {  // its past is the host's
      all.missing.push_back(
          fmt::format("{}: {} of {} bytes", tensor.name, missing, seen + missing));
    } else if (seen != 0) {
      ++all.tensors;
    }
  }
  return all;
}

std::string PieceChecker::heads() const {
  std::string text = "jobs\n";
  for (std::size_t q = 0; q < kQueues; ++q) {
    const auto& list = network_.program.queue(static_cast<Queue>(q));
    if (list.empty()) continue;
    text += fmt::format("  {:<8} {} of {} ended", kQueueNames.at(q), seen_[q], list.size());
    if (seen_[q] < list.size()) {
      const Job& job = network_.program.jobs()[list[seen_[q]]];
      text += ", at " + job_name(job);
      for (const oct::schedule::Wait& w : job.waits) {
        const auto other = static_cast<std::size_t>(w.queue);
        if (seen_[other] > w.index) continue;
        text += fmt::format(
            "; waits for {}",
            job_name(network_.program.jobs()[network_.program.queue(w.queue).at(w.index)]));
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace octant
