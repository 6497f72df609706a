// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "compiler/schedule/cost.hpp"

namespace oct::schedule {
namespace {
/// Bytes of calls that one DMA job brings.
std::int64_t page_bytes(const Machine& m) {
  return std::clamp<std::int64_t>(m.l1_bytes / 64 / 64 * 64, 256, 2048);
}
constexpr std::int64_t kRound = 64;
}  // namespace

Builder::Builder(const Graph& graph, const Options& options, const Homes& homes,
                 const Tuning& tuning)
    : graph_(graph),
      options_(options),
      homes_(homes),
      tuning_(tuning),
      l1_(options.machine.l1_bytes, options.machine.l1_first),
      l1_home_(graph.tensors.size(), -1) {
  net_.l2 = homes.l2;
  net_.image_l2 = up(homes.l2_bytes, 64);
}

Builder::Beside Builder::beside(std::size_t op) {
  Beside most;
  const auto look = [&](std::size_t i) {
    if (!std::holds_alternative<integer::Kernel>(graph_.operations[i].what)) return;
    if (schedule::relation(graph_, std::min(i, op), std::max(i, op)) != Relation::kRows) return;
    const auto tiler = make_kernel(*this, i);
    most.bytes = std::max(most.bytes, tiler->beside());
    most.cycles += tiler->cost();
  };
  if (!tuning_.together || !std::holds_alternative<integer::Gemm>(graph_.operations[op].what)) {
    return most;
  }
  if (op > 0) look(op - 1);
  if (op + 1 < graph_.operations.size()) look(op + 1);
  return most;
}

std::int64_t Builder::budget(std::size_t op) {
  const std::int64_t all =
      machine().l1_bytes - homes_.live[op] - 2 * page_bytes(machine()) - kRound;
  const std::int64_t others = beside(op).bytes;
  return (others < all / 2 ? all - others : all) / peers(op);
}

/// The network's first products, if they take the same rows and those come from the workers: they
/// share L1, so that all of them go on as rows come.
std::int64_t Builder::peers(std::size_t op) const {
  if (!tuning_.peers) return 1;
  const auto product = [&](std::size_t i) {
    return i < graph_.operations.size() ? std::get_if<integer::Gemm>(&graph_.operations[i].what)
                                        : nullptr;
  };
  std::size_t first = 0;
  while (first < graph_.operations.size() && unit(first) != Queue::kEngine) ++first;
  if (first == 0 || op < first || product(first) == nullptr ||
      !std::holds_alternative<integer::Kernel>(graph_.operations[first - 1].what)) {
    return 1;
  }
  std::size_t end = first;
  while (product(end) != nullptr && product(end)->a.tensor == product(first)->a.tensor) ++end;
  return op < end ? static_cast<std::int64_t>(end - first) : 1;
}

// ---- Buffers -----------------------------------------------------------------------------------

std::vector<std::int64_t> Builder::dense(const View& v) const {
  const std::size_t rank = v.sizes.size();
  assert(rank >= 1);
  std::vector<std::int64_t> strides(rank - 1);
  std::int64_t run = v.sizes.back() * elem(v);
  for (std::size_t d = rank - 1; d-- > 0;) {
    const bool pieces = rank == 4 && d == 2;  // segments of a row stand side by side
    const bool overlapped = rank == 3 && d == 1 && v.sizes[1] > 1 && v.strides[1] > 0 &&
                            v.strides[1] < run && v.strides[1] % 8 == 0;
    const std::int64_t step = overlapped ? v.strides[d] : pieces ? run : up(run, 8);
    strides[d] = v.sizes[d] > 1 && v.strides[d] == 0 ? 0 : step;
    run = strides[d] == 0 ? run : (v.sizes[d] - 1) * step + (overlapped ? run : step);
  }
  return strides;
}

std::int64_t Builder::dense_bytes(const View& v) const {
  const auto strides = dense(v);
  std::int64_t bytes = v.sizes.back() * elem(v);
  for (std::size_t d = 0; d < strides.size(); ++d) bytes += (v.sizes[d] - 1) * strides[d];
  return up(bytes, 8);
}

bool Builder::allocate(Ring& ring, std::int64_t bytes, std::size_t count, const std::string& name) {
  assert(ring.slots.empty());
  ring.used.clear();
  ring.next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (extend(ring, bytes, name)) continue;
    free(ring);
    return false;
  }
  return true;
}

bool Builder::extend(Ring& ring, std::int64_t bytes, const std::string& name) {
  try {
    ring.slots.push_back(l1_.allocate(bytes, net_.program.now(), name));
  } catch (const Allocator::NoRoom&) {
    return false;
  }
  ring.used.push_back(0);
  return true;
}

void Builder::free(Ring& ring) {
  for (std::size_t i = 0; i < ring.slots.size(); ++i) {
    l1_.free(ring.slots[i], now(), ring.used[i] == 0 ? now() : ring.used[i]);
  }
  ring.slots.clear();
}

void Builder::used(Ring& ring, std::int64_t addr) const {
  for (std::size_t i = 0; i < ring.slots.size(); ++i) {
    if (ring.slots[i] == addr) ring.used[i] = now();
  }
}

// ---- Operands ----------------------------------------------------------------------------------

Place Builder::home(const View& v) const {
  assert(l1_home_[index(v.tensor)] >= 0);
  return {l1_home_[index(v.tensor)] + v.offset, {v.strides.begin(), v.strides.end() - 1}};
}

std::int64_t Builder::l2(const View& v) {
  place_constant(v.tensor);
  assert(net_.l2[index(v.tensor)] >= 0);
  return net_.l2[index(v.tensor)] + v.offset;
}

Place Builder::load(const View& v, std::int64_t addr, std::size_t op, bool past) {
  Place place{addr, dense(v)};
  Transfer t;
  t.l1 = addr;
  t.l2 = l2(v);
  t.sizes = v.sizes;
  t.sizes.back() *= elem(v);
  t.l1_strides = place.strides;
  t.l2_strides.assign(v.strides.begin(), v.strides.end() - 1);
  t.own_gaps = true;
  t.slot_stride = v.slot_stride, t.slots = graph_.slots;
  for (std::size_t d = 0; d < place.strides.size(); ++d) {
    if (place.strides[d] == 0) t.sizes[d] = 1;
    const bool overlapped =
        d == 1 && place.strides.size() == 2 && t.sizes[1] > 1 && place.strides[1] < t.sizes[2];
    if (overlapped) {
      t.sizes[2] += (t.sizes[1] - 1) * place.strides[1];
      t.sizes[1] = 1;
    }
  }
  for (Job& j : dma_jobs(std::move(t))) {
    if (past) std::erase_if(j.ranges, [](const Range& r) { return r.memory == Memory::kL2; });
    append(std::move(j), op, "load " + graph_.at(v.tensor).name);
  }
  return place;
}

void Builder::load_into(const View& from, const View& to, std::size_t op) {
  const Place at = home(to);
  Transfer t;
  t.l1 = at.addr;
  t.l2 = l2(from);
  t.sizes = from.sizes;
  t.sizes.back() *= elem(from);
  t.l1_strides = at.strides;
  t.l2_strides.assign(from.strides.begin(), from.strides.end() - 1);
  t.slot_stride = from.slot_stride, t.slots = graph_.slots;
  for (Job& j : dma_jobs(std::move(t))) {
    dma_pieces(append(std::move(j), op, graph_.operations[op].name), to.tensor);
  }
}

void Builder::load_bytes(TensorId t, std::int64_t from, std::int64_t bytes, std::int64_t addr,
                         std::size_t op) {
  place_constant(t);
  load_run(net_.l2[index(t)] + from, bytes, addr, op, graph_.at(t).name);
}

void Builder::load_run(std::int64_t l2, std::int64_t bytes, std::int64_t addr, std::size_t op,
                       const std::string& what) {
  Transfer x;
  x.l1 = addr, x.l2 = l2, x.sizes = {bytes};
  for (Job& j : dma_jobs(std::move(x))) append(std::move(j), op, "load " + what);
}

std::int64_t Builder::room(std::int64_t bytes) {
  const std::int64_t at = up(image_bytes_, 64);
  image_bytes_ = at + up(std::max<std::int64_t>(1, bytes), 64);
  if (!options_.draft) net_.image.resize(static_cast<std::size_t>(image_bytes_));
  return at;
}

std::int64_t Builder::put(const std::string& key, std::int64_t bytes,
                          const std::function<std::vector<std::uint8_t>()>& data) {
  const auto [it, fresh] = packed_.try_emplace(key, 0);
  if (!fresh) return it->second;
  const std::int64_t at = room(bytes);
  if (!options_.draft) {
    const std::vector<std::uint8_t> from = data();
    assert(std::ssize(from) <= up(std::max<std::int64_t>(1, bytes), 64));
    std::copy(from.begin(), from.end(), net_.image.begin() + at);
  }
  return it->second = net_.image_l2 + at;
}

Place Builder::fetch(const View& v, Ring& ring, std::size_t op) {
  if (in_l1(v)) return home(v);
  return load(v, ring.take(), op);
}

Place Builder::fetch(const View& v, Cache& cache, std::int64_t block, std::size_t op) {
  if (in_l1(v)) return home(v);
  const std::size_t slots = cache.ring.slots.size();
  cache.holds.resize(slots, -1);
  cache.places.resize(slots);
  for (std::size_t i = 0; i < slots; ++i) {
    if (cache.holds[i] == block) return cache.places[i];
  }
  const std::size_t slot = cache.ring.next % slots;
  cache.places[slot] = load(v, cache.ring.take(), op);
  cache.holds[slot] = block;
  return cache.places[slot];
}

Place Builder::target(const View& v, Ring& ring) {
  if (in_l1(v)) return home(v);
  return {ring.take(), dense(v)};
}

void Builder::finish(const View& v, const Place& from, std::size_t op) {
  if (in_l1(v)) {
    piece(v, Memory::kL1, from.addr, from.strides, net_.program.now() - 1);
    return;
  }
  Transfer t;
  t.in = false;
  t.l1 = from.addr;
  t.l2 = l2(v);
  t.sizes = v.sizes;
  t.sizes.back() *= elem(v);
  t.l1_strides = from.strides;
  t.l2_strides.assign(v.strides.begin(), v.strides.end() - 1);
  t.slot_stride = v.slot_stride, t.slots = graph_.slots;
  for (Job& j : dma_jobs(std::move(t))) {
    dma_pieces(append(std::move(j), op, "store " + graph_.at(v.tensor).name), v.tensor,
               v.slot_stride);
  }
}

void Builder::dma_pieces(std::size_t job, TensorId tensor, std::int64_t slot_stride) {
  const Job& j = net_.program.jobs()[job];
  const auto& w = j.words;
  const bool in = j.queue == Queue::kDmaIn;
  const auto sign = [](std::uint32_t x) { return std::int64_t{static_cast<std::int32_t>(x)}; };
  const std::int64_t base = in ? l1_home_[index(tensor)] : net_.l2[index(tensor)];
  for (std::int64_t plane = 0; plane < (w[7] >> 16); ++plane) {
    Piece p;
    p.job = job;
    p.tensor = tensor;
    p.stride = sign(in ? w[10] : w[8]);
    p.range = {in ? Memory::kL1 : Memory::kL2,
               (in ? w[5] : w[4]) + plane * sign(in ? w[11] : w[9]),
               w[6],
               w[7] & 0xffff,
               p.stride,
               true};
    p.offset = p.range.addr - base;
    p.slot_stride = slot_stride;
    net_.pieces.push_back(p);
  }
}

void Builder::piece(const View& v, Memory memory, std::int64_t addr,
                    const std::vector<std::int64_t>& strides, std::size_t job) {
  const std::size_t rank = v.sizes.size();
  const std::int64_t rows = rank > 1 ? v.sizes[rank - 2] : 1;
  std::vector<std::int64_t> at(rank > 2 ? rank - 2 : 0);
  for (;;) {
    Piece p;
    p.job = job;
    p.tensor = v.tensor;
    p.offset = v.offset;
    p.range = {memory, addr, v.sizes.back() * elem(v), rows, rank > 1 ? strides[rank - 2] : 0,
               true};
    p.stride = rank > 1 ? v.strides[rank - 2] : 0;
    for (std::size_t d = 0; d < at.size(); ++d) {
      p.range.addr += at[d] * strides[d];
      p.offset += at[d] * v.strides[d];
    }
    net_.pieces.push_back(p);
    std::size_t d = at.size();
    while (d > 0 && ++at[d - 1] == v.sizes[d - 1]) at[--d] = 0;
    if (d == 0) return;
  }
}

// ---- Jobs --------------------------------------------------------------------------------------

std::size_t Builder::append(Job job, std::size_t op, const std::string& note) {
  job.layer = static_cast<std::uint32_t>(op);
  job.note = note;
  if (job.estimate == 0) job.estimate = cost::job(machine(), job);
  job.drain = cost::drain(machine(), job);
  net_.program.append(std::move(job));
  return net_.program.now() - 1;
}

void Builder::engine(const golden::engine::Descriptor& d, std::size_t op, const TeamRoom& room) {
  Job j = engine_job(d);
  if (machine().engine) {
    append(std::move(j), op, graph_.operations[op].name);
  } else {
    call(engine_call(d, room), op, cost::job(machine(), j));
  }
}

void Builder::new_call_page() {
  page_ = next_page_;
  const std::int64_t bytes = page_bytes(machine());
  const auto load_page = [&](Page& p, std::int64_t l1) {
    p = {l1, net_.image_l2 + room(bytes), 0};
    Transfer t;
    t.l1 = p.l1, t.l2 = p.l2, t.sizes = {bytes};
    for (Job& j : dma_jobs(t)) append(std::move(j), now_op_, "calls");
  };
  if (page_.l1 < 0) {
    const auto block = [&] { return l1_.allocate(bytes, net_.program.now(), "calls"); };
    load_page(page_, block());
    load_page(next_page_, block());
    return;
  }
  load_page(next_page_, other_page_);
}

void Builder::call(CallJob job, std::size_t op, double cycles) {
  std::int64_t words = std::ssize(job.call.words);
  // Where workers that share a row of a norm meet (oct_network.h).
  if (job.call.kernel.find("norm_") != std::string::npos && job.call.words[0] < machine().workers) {
    words = std::max<std::int64_t>(words, 12 + 6 * machine().workers);
  }
  const std::int64_t bytes = up(4 * words, 8);
  if (page_.l1 < 0 || page_.used + bytes > page_bytes(machine())) {
    other_page_ = page_.l1;
    new_call_page();
  }
  job.call.l1 = page_.l1 + page_.used;
  job.call.l2 = page_.l2 + page_.used;
  page_.used += bytes;
  if (!options_.draft) {
    std::memcpy(&net_.image[static_cast<std::size_t>(job.call.l2 - net_.image_l2)],
                job.call.words.data(), 4 * job.call.words.size());
  }
  Job j;
  j.queue = Queue::kTeam0;
  j.words.resize(16);
  j.words[0] = kOpTeamRun;
  j.words[5] = word(job.call.l1);
  j.ranges = std::move(job.ranges);
  j.ranges.push_back({Memory::kL1, job.call.l1, bytes, 1, 0, false});
  // A kernel's first call fetches its instructions from L2.
  constexpr double kFirstCall = 230;
  const bool first = called_.insert(job.call.kernel).second;
  j.estimate = cycles + (first ? kFirstCall : 0);
  j.kernel = static_cast<int>(net_.calls.size());
  net_.calls.push_back(std::move(job.call));
  append(std::move(j), op, graph_.operations[op].name);
}

void Builder::place_constant(TensorId id) {
  const integer::Tensor& t = graph_.at(id);
  if (t.role != integer::Role::kConstant || net_.l2[index(id)] >= 0) return;
  net_.l2[index(id)] = put("tensor " + std::to_string(id), t.bytes(), [&] { return t.data; });
}

}  // namespace oct::schedule
