// SPDX-License-Identifier: Apache-2.0
#include "network/lost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compiler/schedule/attribution.hpp"
#include "golden/engine_steps.hpp"

namespace octant {
namespace {

namespace engine = oct::golden::engine;
using oct::schedule::Network;
using oct::schedule::Queue;
using oct::schedule::Span;

struct Name {
  const char *key, *text;
};
constexpr std::array<Name, kCauses> kNames{{
    {"useful", "engine: useful products"},
    {"padding", "engine: padding of the array"},
    {"wait_input", "engine waits for input"},
    {"wait_weights", "engine waits for weights"},
    {"wait_output", "engine waits for output"},
    {"wait_softmax", "engine waits for softmax"},
    {"refusals", "engine waits, a port refused"},
    {"job_edges", "start and end of a job"},
    {"hand_over", "hand-over of a job"},
    {"semaphore_dma_in", "waits for DMA from L2"},
    {"semaphore_dma_out", "waits for DMA to L2"},
    {"semaphore_workers", "waits for workers"},
    {"empty_start", "queue empty: start"},
    {"empty_between", "queue empty: between"},
    {"empty_end", "queue empty: end"},
    {"workers", "workers' jobs"},
}};

constexpr std::size_t at(EngineState s) { return static_cast<std::size_t>(s); }
std::uint64_t& at(Causes& c, Cause cause) { return c.at(static_cast<std::size_t>(cause)); }

Cause awaited(Queue q) {
  if (q == Queue::kDmaIn) return Cause::kDmaIn;
  if (q == Queue::kDmaOut) return Cause::kDmaOut;
  return Cause::kWorkers;
}

/// The array's steps belong to the engine's jobs in their order; which part of them is of use.
class Array {
 public:
  Array(const Network& network, unsigned macs) : network_(network), macs_(macs) {
    for (const std::size_t id : network.program.queue(Queue::kEngine)) {
      total_ += engine::steps(descriptor(id), macs / 64);
    }
  }
  [[nodiscard]] std::uint64_t steps() const { return total_; }
  /// Of so many steps more: the useful ones.
  std::uint64_t useful(std::uint64_t n) {
    const auto& jobs = network_.program.queue(Queue::kEngine);
    while (n != 0 && (left_ != 0 || next_ < jobs.size())) {
      if (left_ == 0) {
        const engine::Descriptor d = descriptor(jobs[next_++]);
        left_ = engine::steps(d, macs_ / 64);
        share_ = static_cast<double>(engine::products(d)) /
                 static_cast<double>(std::max<std::uint64_t>(1, left_) * macs_);
        continue;
      }
      const std::uint64_t some = std::min(n, left_);
      left_ -= some, n -= some;
      real_ += share_ * static_cast<double>(some);
    }
    const auto whole = static_cast<std::uint64_t>(real_ + 1e-6);
    return whole - std::exchange(told_, whole);
  }

 private:
  [[nodiscard]] engine::Descriptor descriptor(std::size_t job) const {
    engine::Descriptor d;
    const auto& words = network_.program.jobs()[job].words;
    std::copy(words.begin(), words.end(), d.w.begin());
    return d;
  }
  const Network& network_;
  unsigned macs_;
  std::uint64_t total_ = 0, left_ = 0, told_ = 0;
  std::size_t next_ = 0;
  double share_ = 0, real_ = 0;
};

/// Puts what the engine did in an interval under causes; what is put there is taken from it.
class Ledger {
 public:
  Ledger(Array& array, EngineCycles& interval, bool first)
      : array_(array), cycles_(interval), first_(first) {}

  /// `n` cycles in which the queue's head waits; `idle` is what an idle engine waits for.
  void waits(std::uint64_t n, Cause idle, Causes& to) {
    n -= move(EngineState::kQueued, n, idle, to);
    n -= move(EngineState::kEmpty, n, first_ ? Cause::kEmptyStart : Cause::kEmpty, to);
    n -= move(EngineState::kNoSlot, n, Cause::kJobEdges, to);
    rest(n, to);
  }
  /// `n` cycles of a job that has all it needs.
  void runs(std::uint64_t n, Causes& to) {
    n -= rest(n, to);
    n -= move(EngineState::kNoSlot, n, Cause::kJobEdges, to);
    n -= move(EngineState::kQueued, n, Cause::kHandOver, to);
    move(EngineState::kEmpty, n, first_ ? Cause::kEmptyStart : Cause::kEmpty, to);
  }

 private:
  std::uint64_t move(EngineState state, std::uint64_t most, Cause cause, Causes& to) {
    const std::uint64_t n = std::min<std::uint64_t>(most, cycles_.at(at(state)));
    cycles_.at(at(state)) -= static_cast<std::uint32_t>(n);
    at(to, cause) += n;
    return n;
  }
  std::uint64_t rest(std::uint64_t most, Causes& to) {
    Causes steps{};
    std::uint64_t n = move(EngineState::kComputing, most, Cause::kUseful, steps);
    const std::uint64_t useful = array_.useful(n);
    at(to, Cause::kUseful) += useful;
    at(to, Cause::kPadding) += n - useful;
    constexpr std::array<std::pair<EngineState, Cause>, 5> kWaits{
        {{EngineState::kWaitX, Cause::kInput},
         {EngineState::kWaitW, Cause::kWeights},
         {EngineState::kWaitAcc, Cause::kOutput},
         {EngineState::kWaitP, Cause::kSoftmax},
         {EngineState::kRefused, Cause::kRefusals}}};
    for (const auto& [state, cause] : kWaits) n += move(state, most - n, cause, to);
    return n;
  }

  Array& array_;
  EngineCycles& cycles_;
  bool first_;
};

}  // namespace

const char* cause_key(Cause c) { return kNames.at(static_cast<std::size_t>(c)).key; }
const char* cause_text(Cause c) { return kNames.at(static_cast<std::size_t>(c)).text; }

std::vector<std::string> LostCycles::check(std::uint64_t whole) const {
  std::vector<std::string> wrong;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto sum = std::accumulate(layers[i].begin(), layers[i].end(), std::uint64_t{0});
    if (sum != cycles[i]) {
      wrong.push_back(
          fmt::format("lost cycles: layer {} has {} cycles, its causes {}", i, cycles[i], sum));
    }
    all += sum;
  }
  if (unused != 0) {
    wrong.push_back(fmt::format("lost cycles: {} more were seen than passed between jobs", unused));
  }
  if (all != whole) {
    wrong.push_back(fmt::format("lost cycles: the network has {}, the causes {}", whole, all));
  }
  return wrong;
}

LostCycles lost_cycles(const Network& network, const std::vector<JobTime>& times,
                       std::vector<EngineCycles> watched, std::uint64_t early,
                       unsigned macs_per_cycle) {
  LostCycles lost;
  lost.layers.resize(network.layers.size());
  lost.cycles.resize(network.layers.size());
  std::vector<double> start, end;
  for (const JobTime& t : times) {
    start.push_back(static_cast<double>(t.start));
    end.push_back(static_cast<double>(t.end));
  }
  const bool engine = oct::schedule::leading_queue(network.program) == Queue::kEngine;
  if (engine) {
    auto& empty = watched.at(0).at(at(EngineState::kEmpty));
    empty -= static_cast<std::uint32_t>(std::min<std::uint64_t>(empty, early));
  }
  Array array(network, macs_per_cycle);
  std::size_t job = 0;  // of the leading queue
  for (const Span& s : oct::schedule::attribute(network.program, start, end)) {
    const auto n = static_cast<std::uint64_t>(s.to - s.from);
    const Queue queue = network.program.jobs()[s.job].queue;
    const bool runs = s.what == Span::What::kRuns;
    Causes& layer = lost.layers.at(s.layer);
    lost.cycles.at(s.layer) += n;
    if (s.what == Span::What::kRest) {
      at(layer, Cause::kEmptyEnd) += n;
    } else if (!engine) {
      const bool team = queue == Queue::kTeam0 || queue == Queue::kTeam1;
      at(layer, runs && team ? Cause::kTeam : awaited(queue)) += n;
    } else {
      Ledger ledger(array, watched.at(job), job == 0);
      if (runs) {
        ledger.runs(n, layer);
      } else {
        ledger.waits(n, awaited(queue), layer);
      }
    }
    if (!runs) continue;
    if (engine) {
      for (const std::uint32_t left : watched.at(job)) lost.unused += left;
    }
    ++job;
  }
  for (const Causes& c : lost.layers) {
    for (std::size_t i = 0; i < kCauses; ++i) lost.total.at(i) += c.at(i);
  }
  return lost;
}

std::vector<std::string> check_watch(
    const Network& network, const std::vector<EngineCycles>& watched, unsigned macs_per_cycle,
    const std::vector<std::pair<std::string, std::uint64_t>>& counted) {
  std::vector<std::string> wrong;
  const auto compare = [&](const std::string& what, std::uint64_t seen, std::uint64_t wanted) {
    if (seen == wanted) return;
    wrong.push_back(fmt::format("lost cycles: {}: {} seen, {} counted", what, seen, wanted));
  };
  std::array<std::uint64_t, std::tuple_size_v<EngineCycles>> sums{};
  for (const EngineCycles& i : watched) {
    for (std::size_t s = 0; s < sums.size(); ++s) sums.at(s) += i.at(s);
  }
  const std::uint64_t computing = sums.at(at(EngineState::kComputing));
  std::uint64_t waiting = sums.at(at(EngineState::kRefused));
  for (const auto s :
       {EngineState::kWaitX, EngineState::kWaitW, EngineState::kWaitAcc, EngineState::kWaitP}) {
    waiting += sums.at(at(s));
  }
  std::uint64_t waits = 0;
  for (const auto& [name, value] : counted) {
    if (name == "computing") compare("steps of the array", computing, value);
    if (name == "no_slot")
      compare("cycles without a slot", sums.at(at(EngineState::kNoSlot)), value);
    if (name.starts_with("wait_")) waits += value;
  }
  compare("cycles in which a slot waits", waiting, waits);
  compare("steps of the array, by jobs", computing, Array(network, macs_per_cycle).steps());
  return wrong;
}

}  // namespace octant
