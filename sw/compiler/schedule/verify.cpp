// SPDX-License-Identifier: Apache-2.0
// The program runner: job lists on images of L1 and L2, in any order that the waits allow.
#include <fmt/format.h>

#include <cstring>
#include <map>

#include "compiler/integer/kernels.hpp"
#include "compiler/schedule/images.hpp"
#include "compiler/schedule/jobs.hpp"
#include "golden/engine.hpp"

namespace oct::schedule {
namespace {

namespace engine = golden::engine;
using Bytes = std::vector<std::uint8_t>;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

std::int64_t l1_end(const Network& network) {
  std::int64_t end = 0;
  for (const Allocator::Block& b : network.l1_blocks) end = std::max(end, b.addr + b.bytes);
  return end;
}

class Runner {
 public:
  Runner(const integer::Graph& graph, const Network& network, const std::vector<Bytes>& golden,
         std::uint64_t seed, std::int64_t slot)
      : net_(network),
        l1_(index(l1_end(network))),
        l2_(index(network.l2_used)),
        images_(graph, network, golden, l1_, l2_, network.image, seed, slot) {
    for (const Patch& p : network.patches) patches_[{p.queue, p.index}] = &p;
  }
  std::int64_t run(std::uint64_t seed);

 private:
  void dma(const Job& job) const;
  void team(const Job& job);
  void engine_job(const Job& job, const engine::Descriptor& d);
  void execute_job(const Job& job);

  const Network& net_;
  Bytes l1_, l2_;
  Images images_;
  std::map<std::pair<Queue, std::uint32_t>, const Patch*> patches_;
};

void Runner::dma(const Job& job) const {
  std::vector<std::uint32_t> w = job.words;
  if (const auto it = patches_.find({job.queue, job.index}); it != patches_.end()) {
    const Patch& p = *it->second;
    std::int64_t id = 0;
    std::memcpy(&id, images_.at(job, Memory::kL2, p.id_l2, 8), 8);
    if (id < 0 || id >= p.limit) fail(job, fmt::format("id {} is not below {}", id, p.limit));
    w[p.word] += static_cast<std::uint32_t>(id) * p.stride;
  }
  images_.copy(job, std::move(w));
}

/// The words as they stand in L1: a call that was not loaded in time shows.
void Runner::team(const Job& job) {
  const Call& call = net_.calls.at(static_cast<std::size_t>(job.kernel));
  std::vector<std::uint32_t> words(call.words.size());
  const std::int64_t bytes = 4 * std::ssize(words);
  std::memcpy(words.data(), images_.at(job, Memory::kL1, job.words[5], bytes), index(bytes));
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
    return images_.at(job, memory, words.at(next++), 0);
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
  images_.compare(static_cast<std::size_t>(&job - net_.program.jobs().data()));
}

std::int64_t Runner::run(std::uint64_t seed) {
  try {
    execute(net_.program, seed, [&](const Job& job) { execute_job(job); });
  } catch (const ir::GraphError&) {
    throw;
  } catch (const std::logic_error& e) {
    throw ir::GraphError(e.what());
  }
  if (images_.compared() == 0) throw ir::GraphError("nothing was compared");
  return images_.compared();
}

}  // namespace

std::int64_t verify(const integer::Graph& graph, const Network& network,
                    const std::vector<Bytes>& golden, std::uint64_t seed, std::int64_t slot) {
  Runner runner(graph, network, golden, seed, slot);
  return runner.run(seed);
}

}  // namespace oct::schedule
