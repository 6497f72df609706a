// SPDX-License-Identifier: Apache-2.0
// The program runner: job lists on images of L1 and L2, in any order that the waits allow.
#include <fmt/format.h>

#include <cstring>
#include <map>
#include <random>
#include <span>

#include "compiler/integer/kernels.hpp"
#include "compiler/schedule/jobs.hpp"
#include "golden/engine.hpp"

namespace oct::schedule {
namespace {

namespace engine = golden::engine;
using integer::Graph;
using integer::Role;
using Bytes = std::vector<std::uint8_t>;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

class Runner {
 public:
  Runner(const Graph& graph, const Network& network, const std::vector<Bytes>& golden,
         std::uint64_t seed, std::int64_t slot);
  std::int64_t run(std::uint64_t seed);

 private:
  [[noreturn]] void fail(const Job& job, const std::string& why) const {
    throw ir::GraphError(fmt::format("{} (queue {}, job {}): {}", job.note,
                                     static_cast<unsigned>(job.queue), job.index, why));
  }
  std::uint8_t* at(const Job& job, Memory memory, std::int64_t addr, std::int64_t bytes);
  void dma(const Job& job);
  void team(const Job& job);
  void engine_job(const Job& job, const engine::Descriptor& d);
  void execute_job(const Job& job);
  void compare(const Job& job, const Piece& p);

  const Graph& graph_;
  const Network& net_;
  const std::vector<Bytes>& golden_;
  Bytes l1_, l2_;
  std::map<std::size_t, std::vector<const Piece*>> pieces_;  // by job
  std::map<std::pair<Queue, std::uint32_t>, const Patch*> patches_;
  std::int64_t slot_ = 0;
  std::int64_t compared_ = 0;
};

Runner::Runner(const Graph& graph, const Network& network, const std::vector<Bytes>& golden,
               std::uint64_t seed, std::int64_t slot)
    : graph_(graph), net_(network), golden_(golden), slot_(slot < 0 ? graph.slots - 1 : slot) {
  std::mt19937_64 random(seed);
  std::int64_t l1_end = 0;
  for (const Allocator::Block& b : network.l1_blocks) l1_end = std::max(l1_end, b.addr + b.bytes);
  const auto noise = [&](Bytes& bytes) {
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
      const std::uint64_t x = random();
      std::memcpy(&bytes[i], &x, 8);
    }
    for (; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(random());
  };
  l1_.resize(index(l1_end));
  l2_.resize(index(network.l2_used));
  noise(l1_);
  noise(l2_);
  std::copy(network.image.begin(), network.image.end(), l2_.begin() + network.image_l2);
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    const Role role = graph.tensors[t].role;
    if ((role != Role::kInput && role != Role::kState) || network.l2[t] < 0) continue;
    std::copy(golden[t].begin(), golden[t].end(), l2_.begin() + network.l2[t]);
  }
  // What the network writes must come from it: states lose those bytes.
  for (const Piece& p : network.pieces) {
    pieces_[p.job].push_back(&p);
    if (graph.at(p.tensor).role != Role::kState || p.range.memory != Memory::kL2) continue;
    for (std::int64_t r = 0; r < p.range.rows; ++r) {
      for (std::int64_t b = 0; b < p.range.bytes; ++b) {
        l2_[index(p.range.addr + slot_ * p.slot_stride + r * p.range.stride + b)] ^= 0x5a;
      }
    }
  }
  for (const Patch& p : network.patches) patches_[{p.queue, p.index}] = &p;
}

std::uint8_t* Runner::at(const Job& job, Memory memory, std::int64_t addr, std::int64_t bytes) {
  Bytes& image = memory == Memory::kL1 ? l1_ : l2_;
  if (addr < 0 || bytes < 0 || addr + bytes > std::ssize(image)) {
    fail(job, fmt::format("{} [{:#x}, {:#x}) is outside", memory == Memory::kL1 ? "L1" : "L2", addr,
                          addr + bytes));
  }
  return &image[index(addr)];
}

void Runner::dma(const Job& job) {
  std::vector<std::uint32_t> w = job.words;
  if (const auto it = patches_.find({job.queue, job.index}); it != patches_.end()) {
    const Patch& p = *it->second;
    std::int64_t id = 0;
    std::memcpy(&id, at(job, Memory::kL2, p.id_l2, 8), 8);
    if (id < 0 || id >= p.limit) fail(job, fmt::format("id {} is not below {}", id, p.limit));
    w[p.word] += static_cast<std::uint32_t>(id) * p.stride;
  }
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
      std::memcpy(job.queue == Queue::kDmaIn ? l1 : l2, job.queue == Queue::kDmaIn ? l2 : l1,
                  index(bytes));
    }
  }
}

/// The words as they stand in L1: a call that was not loaded in time shows.
void Runner::team(const Job& job) {
  const Call& call = net_.calls.at(static_cast<std::size_t>(job.kernel));
  std::vector<std::uint32_t> words(call.words.size());
  const std::int64_t bytes = 4 * std::ssize(words);
  std::memcpy(words.data(), at(job, Memory::kL1, job.words[5], bytes), index(bytes));
  if (is_engine_call(call)) {
    engine_job(job, descriptor_of(words));
    return;
  }
  const integer::KernelInfo& info = integer::kernel_info(call.kernel);
  integer::KernelCall k;
  std::size_t next = 0, place = 0;
  const auto pointer = [&]() {
    const Memory memory = call.places.at(place).memory;
    if (call.places[place++].word != next) fail(job, "places of the call are out of order");
    return at(job, memory, words.at(next++), 0);
  };
  k.rows = words.at(next++);
  for (auto* list : {&k.inputs, &k.outputs}) {
    const std::size_t count = list == &k.inputs ? info.inputs.size() : info.outputs.size();
    for (std::size_t i = 0; i < count; ++i) {
      std::uint8_t* data = pointer();
      list->push_back({data, static_cast<std::int32_t>(words.at(next++))});
    }
  }
  for (std::size_t i = 0; i < info.constants.size(); ++i) k.constants.push_back(pointer());
  while (next < words.size()) k.args.push_back(static_cast<std::int32_t>(words[next++]));
  info.golden(k);
}

void Runner::engine_job(const Job& job, const engine::Descriptor& d) {
  const engine::JobResult r = engine::run_engine_job(l1_, d);
  if (r.cause == engine::Cause::kNone) return;
  fail(job, fmt::format("the engine refuses it: cause {} at {:#x}", static_cast<unsigned>(r.cause),
                        r.addr));
}

void Runner::execute_job(const Job& job) {
  switch (job.queue) {
    case Queue::kEngine:
      engine_job(job, descriptor_of(job.words));
      break;
    case Queue::kDmaIn:
    case Queue::kDmaOut:
      dma(job);
      break;
    case Queue::kTeam0:
    case Queue::kTeam1:
      team(job);
      break;
  }
  const auto id = static_cast<std::size_t>(&job - net_.program.jobs().data());
  if (const auto it = pieces_.find(id); it != pieces_.end()) {
    for (const Piece* p : it->second) compare(job, *p);
  }
}

void Runner::compare(const Job& job, const Piece& p) {
  const Bytes& want = golden_.at(static_cast<std::size_t>(p.tensor));
  for (std::int64_t r = 0; r < p.range.rows; ++r) {
    const std::int64_t moved = slot_ * p.slot_stride, from = p.offset + moved + r * p.stride;
    if (from < 0 || from + p.range.bytes > std::ssize(want)) fail(job, "piece outside its tensor");
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

std::int64_t Runner::run(std::uint64_t seed) {
  try {
    execute(net_.program, seed, [&](const Job& job) { execute_job(job); });
  } catch (const ir::GraphError&) {
    throw;
  } catch (const std::logic_error& e) {
    throw ir::GraphError(e.what());
  }
  if (compared_ == 0) throw ir::GraphError("nothing was compared");
  return compared_;
}

}  // namespace

std::int64_t verify(const Graph& graph, const Network& network, const std::vector<Bytes>& golden,
                    std::uint64_t seed, std::int64_t slot) {
  Runner runner(graph, network, golden, seed, slot);
  return runner.run(seed);
}

}  // namespace oct::schedule
