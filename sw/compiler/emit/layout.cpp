// SPDX-License-Identifier: Apache-2.0
#include "compiler/emit/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "compiler/emit/emit.hpp"
#include "compiler/emit/toolchain.hpp"
#include "compiler/ir/tensor.hpp"

namespace oct::emit {
namespace {

using schedule::Queue;

constexpr std::uint32_t kL1First = 512;  // below: the runtime's own data; the linker checks it
// Code, console, trap stacks and the runtime's rings; descriptors come on top.
constexpr std::uint32_t kProgramBytes = 256 * 1024;
constexpr std::uint32_t kArenaAlign = 64 * 1024;
constexpr std::int64_t kProgramReserve = 8 << 20;
constexpr std::uint32_t kTwoUnits = 1U << 8, kUnitWords = 16;
constexpr std::uint32_t kModifier = 1U << 31;

void split_rings(const schedule::Program& program, Layout& out) {
  const auto flat = program.rings();
  for (std::size_t q = 0; q < schedule::kNumQueues; ++q) {
    const auto& jobs = program.queue(static_cast<Queue>(q));
    std::size_t next = 0;
    for (std::size_t at = 0; at < flat[q].size();) {
      Descriptor d;
      d.unit = static_cast<std::uint32_t>(at / kUnitWords);
      const std::size_t n = (flat[q][at] & kTwoUnits) != 0 ? 2 * kUnitWords : kUnitWords;
      d.words.assign(flat[q].begin() + static_cast<std::ptrdiff_t>(at),
                     flat[q].begin() + static_cast<std::ptrdiff_t>(at + n));
      if (d.words[3] != 0) d.job = jobs.at(next++);
      at += n;
      for (std::size_t w = n - 4; w < n; ++w) out.uses_slot |= (d.words[w] & kModifier) != 0;
      out.rings[q].push_back(std::move(d));
    }
    out.units[q] = out.ready[q] = static_cast<std::uint32_t>(flat[q].size() / kUnitWords);
    out.jobs[q] = static_cast<std::uint32_t>(jobs.size());
  }
}

/// The input that holds the id at this place in L2, and its position there.
std::pair<std::string, std::uint32_t> port_of(const integer::Graph& graph,
                                              const schedule::Network& network, std::int64_t id) {
  for (const integer::Port& p : graph.inputs) {
    const std::int64_t at = network.l2.at(static_cast<std::size_t>(p.view.tensor));
    if (at >= 0 && id >= at && id < at + graph.at(p.view.tensor).bytes()) {
      return {p.name, static_cast<std::uint32_t>((id - at - p.view.offset) / 8)};
    }
  }
  return {"(computed ids)", 0};
}

/// Ids in steps of eight bytes for descriptors in equal steps are one table.
bool continues(const Ids& t, const Ids& n) {
  if (t.queue != n.queue || t.stride != n.stride || t.limit != n.limit || t.port != n.port ||
      n.ids != t.ids + 8 * static_cast<std::int64_t>(t.count)) {
    return false;
  }
  if (t.count == 1) return n.word > t.word;
  return n.word == t.word + t.count * t.word_step && n.base == t.base + t.count * t.base_step;
}

void gather_ids(const integer::Graph& graph, const schedule::Network& network, Layout& out) {
  for (const schedule::Patch& p : network.patches) {
    const auto q = static_cast<std::size_t>(p.queue);
    const std::size_t job = network.program.queue(p.queue).at(p.index);
    const auto it = std::find_if(out.rings[q].begin(), out.rings[q].end(),
                                 [&](const Descriptor& d) { return d.job == job; });
    Ids n;
    n.queue = p.queue;
    n.word = it->unit * kUnitWords + p.word;
    n.base = it->words.at(p.word);
    n.ids = p.id_l2;
    n.stride = p.stride;
    n.limit = p.limit;
    std::tie(n.port, n.position) = port_of(graph, network, p.id_l2);
    out.ready[q] = std::min(out.ready[q], it->unit);
    if (!out.ids.empty() && continues(out.ids.back(), n)) {
      Ids& t = out.ids.back();
      if (t.count == 1) t.word_step = n.word - t.word, t.base_step = n.base - t.base;
      ++t.count;
    } else {
      out.ids.push_back(n);
    }
  }
}

/// Argument blocks: offsets become addresses.
void place_calls(const schedule::Network& network, Layout& out) {
  out.image = network.image;
  for (const schedule::Call& call : network.calls) {
    const std::int64_t at = call.l2 - network.image_l2;
    const auto bytes = static_cast<std::int64_t>(call.words.size()) * 4;
    if (call.l2 < 0 || at < 0 || at + bytes > static_cast<std::int64_t>(out.image.size())) {
      throw ir::CompileError(
          fmt::format("call of {}: its words are not in the image", call.kernel));
    }
    std::vector<std::uint32_t> words = call.words;
    for (const schedule::Call::Place& p : call.places) {
      words.at(p.word) += p.memory == schedule::Memory::kL1 ? out.l1_base : out.arena;
    }
    std::memcpy(out.image.data() + at, words.data(), static_cast<std::size_t>(bytes));
  }
}

}  // namespace

const char* queue_name(std::size_t queue) {
  constexpr std::array<const char*, schedule::kNumQueues> kNames{"engine", "dma-in", "dma-out",
                                                                 "team 0", "team 1"};
  return kNames.at(queue);
}

schedule::Machine machine(const std::string& config) {
  const MachineHeader h = machine_header(config);
  schedule::Machine m;
  m.name = config;
  m.l1_first = kL1First;
  m.l1_bytes = static_cast<std::int64_t>(h.l1_bytes) - h.workers * std::int64_t{h.worker_stack} -
               h.controller_stack - kL1First;
  m.l2_bytes = static_cast<std::int64_t>(h.l2_bytes) - kProgramReserve;
  m.workers = h.workers;
  m.macs = h.macs;
  return m;
}

Layout lay_out(const integer::Graph& graph, const schedule::Network& network,
               const std::string& config) {
  const MachineHeader h = machine_header(config);
  const schedule::Machine m = machine(config);
  Layout out;
  out.l1_base = h.l1_base;
  out.l1_first = static_cast<std::uint32_t>(m.l1_first);
  out.l1_end = static_cast<std::uint32_t>(m.l1_first + m.l1_bytes);
  out.l2_base = h.l2_base;
  out.all_workers = (1U << h.workers) - 1;
  split_rings(network.program, out);
  std::uint32_t descriptors = 0;
  for (const std::uint32_t units : out.units) descriptors += units * kUnitWords * 4;
  out.arena =
      h.l2_base + (kProgramBytes + descriptors + kArenaAlign - 1) / kArenaAlign * kArenaAlign;
  const std::int64_t room = std::int64_t{h.l2_base} + h.l2_bytes - out.arena;
  if (network.l2_used > room) {
    throw ir::CompileError(fmt::format("{}: needs {} KiB of L2 beside the program, {} has {} KiB",
                                       graph.name, (network.l2_used + 1023) / 1024, config,
                                       room / 1024));
  }
  gather_ids(graph, network, out);
  place_calls(network, out);
  return out;
}

}  // namespace oct::emit
