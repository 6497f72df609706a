// SPDX-License-Identifier: Apache-2.0
// The order of the operations' steps: some are under way side by side.
#include <algorithm>
#include <cassert>
#include <limits>
#include <optional>

#include "compiler/integer/kernels.hpp"
#include "compiler/schedule/builder.hpp"
#include "compiler/schedule/cost.hpp"

namespace oct::schedule {

bool Builder::begin_homes(std::size_t op) {
  std::vector<std::size_t> begun;
  try {
    for (const std::size_t t : beginning_[op]) {
      if (l1_home_[t] >= 0 || inherited_[t]) continue;
      l1_home_[t] = l1_.allocate(graph_.tensors[t].bytes(), net_.program.now(),
                                 graph_.tensors[t].name, 64, Allocator::Where::kHighest);
      begun.push_back(t);
    }
  } catch (const Allocator::NoRoom&) {
    for (const std::size_t t : begun) {
      l1_.free(l1_home_[t], net_.program.now());
      l1_home_[t] = -1;
    }
    return false;
  }
  for (const std::size_t t : ending_[op]) {
    const TensorId heir = homes_.heir[t];
    if (heir != integer::kNone) l1_home_[index(heir)] = l1_home_[t];
  }
  return true;
}

void Builder::end_homes(std::size_t op) {
  for (const std::size_t t : ending_[op]) {
    if (homes_.in_l1[t] && homes_.heir[t] == integer::kNone) {
      l1_.free(l1_home_[t], net_.program.now());
    }
    if (net_.l2[t] >= 0 && homes_.l2[t] >= 0) {
      net_.l2_blocks.push_back(
          {net_.l2[t], up(std::max<std::int64_t>(1, graph_.tensors[t].bytes()), 8),
           op_begin_[homes_.first[t]], net_.program.now(), graph_.tensors[t].name});
    }
  }
}

bool Builder::evict(std::size_t op) {
  bool any = false;
  for (std::size_t j = op + 1; j < tilers_.size(); ++j) {
    if (!started_[j] || begun_[j]) continue;
    tilers_[j]->stop();
    started_[j] = false;
    any = true;
  }
  return any;
}

void Builder::look_ahead(std::size_t op) {
  for (std::size_t j = op + 1; j < tilers_.size() && j <= op + tuning_.ahead; ++j) {
    if (started_[j] || begun_[j]) continue;
    if (!begin_homes(j) || !tilers_[j]->start()) return;
    started_[j] = true;
  }
}

std::unique_ptr<Tiler> Builder::tiler(std::size_t i) {
  return std::visit(
      [&](const auto& what) -> std::unique_ptr<Tiler> {
        using T = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<T, integer::Gemm>) return make_gemm(*this, i);
        if constexpr (std::is_same_v<T, integer::Attention>) return make_attention(*this, i);
        if constexpr (std::is_same_v<T, integer::Kernel>) return make_kernel(*this, i);
        if constexpr (std::is_same_v<T, integer::Copy>) return make_copy(*this, i);
        if constexpr (std::is_same_v<T, integer::Gather>) return make_gather(*this, i);
      },
      graph_.operations[i].what);
}

/// Begins an operation; false: there is no room beside those under way.
bool Builder::begin(std::size_t op, bool must) {
  now_op_ = op;
  op_begin_[op] = net_.program.now();
  if (must) {
    if (!begin_homes(op) && !(evict(op) && begin_homes(op))) {
      throw Allocator::NoRoom(graph_.operations[op].name + ": homes");
    }
    if (!started_[op]) started_[op] = tilers_[op]->start();  // before those behind it
    look_ahead(op);
    tilers_[op]->begin(true);
  } else {
    if (!begin_homes(op)) return false;
    try {
      tilers_[op]->begin(false);
    } catch (const Allocator::NoRoom&) {
      return false;
    }
  }
  begun_[op] = true;
  return true;
}

/// Whether an operation may go on beside those under way: another unit does it than the one before,
/// which may be at its end, too; of what they have not finished, it takes rows only.
bool Builder::may_join(std::size_t op) const {
  if (op - head_ >= kSideBySide) return false;
  const bool over = done_[op - 1] == tilers_[op - 1]->steps();
  const bool gather = std::holds_alternative<integer::Gather>(graph_.operations[op].what);
  if (!over && unit(op) == unit(op - 1) && !gather && !starved(op - 1) && !leads(op)) return false;
  if (unit(op) == Queue::kDmaIn && !gather) return false;  // takes its buffers when it needs them
  for (std::size_t p = head_; p < op; ++p) {
    if (done_[p] < tilers_[p]->steps() && relation(p, op) == Relation::kAll) return false;
  }
  return true;
}

/// Whether a product waits for rows while the array has nothing to do.
bool Builder::starved(std::size_t op) const {
  if (!tuning_.peers || unit(op) != Queue::kEngine) return false;
  const auto when = ready(op);
  return !when || *when > clock_.free(Queue::kEngine);
}

/// Whether the workers' rows are those that the array waits for: then each block goes through all
/// kernels before the next one.
bool Builder::leads(std::size_t op) const {
  if (unit(op) != Queue::kTeam0 || !machine().engine) return false;
  for (std::size_t i = head_; i <= op; ++i) {
    if (unit(i) == Queue::kEngine) return false;
  }
  return true;
}

void Builder::join() {
  std::size_t next = head_;
  while (next < tilers_.size() && begun_[next]) ++next;
  while (next < tilers_.size() && next > head_ && may_join(next) && begin(next, false)) ++next;
}

Relation Builder::relation(std::size_t before, std::size_t op) const {
  assert(before < op && op - before <= kSideBySide);
  return relations_[op][op - before - 1];
}

/// When an operation's next step could start, as far as is known: the rows that it takes are there,
/// its unit is free. Nothing: the rows have not been written yet.
std::optional<double> Builder::ready(std::size_t op) const {
  const std::int64_t need = tilers_[op]->needs(done_[op]);
  double when = clock_.free(unit(op));
  if (unit(op) == Queue::kEngine) when -= tuning_.lead;
  if (unit(op) == Queue::kDmaIn) when += 1e-3 * static_cast<double>(done_[op]);  // taking turns
  for (std::size_t p = op - std::min(op, kSideBySide); p < op; ++p) {
    const Relation r = relation(p, op);
    if (r == Relation::kNone) continue;
    const bool over = p < head_ || done_[p] == tilers_[p]->steps();
    if (!over && (r == Relation::kAll || log_[p].empty() || log_[p].back().rows < need)) return {};
    for (const Step& s : log_[p]) {
      when = std::max(when, s.end);
      if (r == Relation::kRows && s.rows >= need) break;
    }
  }
  return when;
}

Queue Builder::unit(std::size_t op) const {
  const auto& what = graph_.operations[op].what;
  const bool engine = std::holds_alternative<integer::Gemm>(what) ||
                      std::holds_alternative<integer::Attention>(what);
  if (engine && machine().engine) return Queue::kEngine;
  return engine || std::holds_alternative<integer::Kernel>(what) ? Queue::kTeam0 : Queue::kDmaIn;
}

void Builder::step(std::size_t op) {
  now_op_ = op;
  const std::size_t s = done_[op]++;
  const std::int64_t rows = tilers_[op]->rows(s);
  tilers_[op]->step(s);
  const bool token = graph_.slots > 1 && machine().engine;
  if (token && s == 0 && std::holds_alternative<integer::Attention>(graph_.operations[op].what)) {
    for (std::size_t i = op + 1; i < std::min(op + 3, tilers_.size()); ++i) rehearse(i);
  }
  double end = 0;
  while (clock_.jobs() < now()) end = std::max(end, clock_.add(net_.program));
  log_[op].push_back({rows, end});
}

/// The first call of a kernel waits for its instructions, one line after the other. Where a token's
/// workers have nothing to do until attention has ended, they call what comes behind it once more,
/// ahead of time and with nothing that counts.
void Builder::rehearse(std::size_t op) {
  constexpr double kShort = 400;  // cycles that surely find room
  const auto* k = std::get_if<integer::Kernel>(&graph_.operations[op].what);
  if (k == nullptr || called_.contains(k->name) || !k->constants.empty()) return;
  const integer::KernelInfo& info = integer::kernel_info(k->name);
  const std::int64_t rows = std::min<std::int64_t>(k->outputs[0].sizes[1], machine().workers);
  const double cycles = info.cycles(rows, k->args, machine().workers);
  if (!info.row_wise || cycles > kShort) return;
  std::vector<CallRows> operands;
  std::int64_t most = 1;
  const auto add = [&](const View& v, bool write) {
    const bool shared = v.sizes[1] == 1 && rows > 1;
    const std::int64_t bytes = v.sizes[2] * elem(v), step = shared ? 0 : up(bytes, 8);
    operands.push_back({Memory::kL1, 0, step, shared ? 1 : rows, bytes, write});
    most = std::max(most, rows * up(bytes, 8));
  };
  for (const View& v : k->inputs) add(v, false);
  for (const View& v : k->outputs) add(v, true);
  Ring scratch;
  if (!allocate(scratch, most, 1, graph_.operations[op].name + " ahead of time")) return;
  for (CallRows& x : operands) x.addr = scratch.slots[0];
  call(call_job(k->name, rows, operands, {}, k->args), op, cycles);
  free(scratch);
}

void Builder::finish_ops() {
  while (head_ < tilers_.size() && begun_[head_] && done_[head_] == tilers_[head_]->steps()) {
    tilers_[head_]->end();
    end_homes(head_++);
  }
}

Network Builder::build() {
  const std::size_t ops = graph_.operations.size();
  ending_.resize(ops);
  beginning_.resize(ops);
  for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
    if (homes_.in_l1[t]) beginning_[homes_.first[t]].push_back(t);
    if (homes_.last[t] != Homes::kNever && graph_.tensors[t].role == integer::Role::kActivation) {
      ending_[homes_.last[t]].push_back(t);
    }
  }
  inherited_.assign(graph_.tensors.size(), false);
  std::vector<TensorId> taken(ops, integer::kNone);  // whose place an operation's results take
  for (std::size_t t = 0; t < homes_.heir.size(); ++t) {
    if (homes_.heir[t] == integer::kNone) continue;
    inherited_[index(homes_.heir[t])] = true;
    taken[homes_.last[t]] = static_cast<TensorId>(t);
  }
  started_.assign(ops, false);
  for (std::size_t i = 0; i < ops; ++i) {
    relations_.emplace_back();
    for (std::size_t p = i; p-- > i - std::min(i, kSideBySide);) {
      relations_.back().push_back(schedule::relation(graph_, p, i, taken[i]));
    }
  }
  op_begin_.assign(ops, 0);
  const bool calls = std::any_of(graph_.operations.begin(), graph_.operations.end(), [&](auto& o) {
    return std::holds_alternative<integer::Kernel>(o.what) || !machine().engine;
  });
  for (std::size_t i = 0; i < ops; ++i) {
    tilers_.push_back(tiler(i));
  }
  if (calls) new_call_page();
  begun_.assign(ops, false);
  done_.assign(ops, 0);
  log_.assign(ops, {});
  // Some operations are under way side by side; the step whose rows have been there for longest is
  // next. So workers and engine have work at the same time.
  while (head_ < ops) {
    if (!begun_[head_]) begin(head_, true);
    std::size_t last = head_;
    while (last + 1 < ops && begun_[last + 1]) ++last;
    join();
    if (tuning_.ahead > 1) look_ahead(head_);
    while (last + 1 < ops && begun_[last + 1]) ++last;
    std::size_t next = head_;
    double since = std::numeric_limits<double>::max();
    for (std::size_t i = head_; i <= last; ++i) {
      if (done_[i] == tilers_[i]->steps()) continue;
      const auto when = ready(i);
      if (!when) continue;
      const bool behind = *when == since && unit(i) == Queue::kTeam0 && unit(next) == Queue::kTeam0;
      if (*when < since || behind) next = i, since = *when;
    }
    step(next);
    join();  // buffers of its own for what comes next, before those of the last are given back
    while (last + 1 < ops && begun_[last + 1]) ++last;
    if (done_[last] < tilers_[last]->steps() &&
        done_[last] + tuning_.near >= tilers_[last]->steps()) {
      now_op_ = last;
      look_ahead(last);
    }
    now_op_ = head_;
    finish_ops();
  }
  net_.layers.reserve(ops);
  for (const Operation& op : graph_.operations) {
    Layer l;
    l.name = op.name;
    l.unit = std::holds_alternative<integer::Kernel>(op.what)   ? "workers"
             : std::holds_alternative<integer::Copy>(op.what)   ? "dma"
             : std::holds_alternative<integer::Gather>(op.what) ? "dma"
             : machine().engine                                 ? "engine"
                                                                : "workers";
    if (const auto* g = std::get_if<integer::Gemm>(&op.what)) {
      l.macs =
          static_cast<std::uint64_t>(g->a.sizes[0] * g->a.sizes[1] * g->w.sizes[1] * g->w.sizes[2]);
    } else if (const auto* a = std::get_if<integer::Attention>(&op.what)) {
      l.macs = static_cast<std::uint64_t>(a->q.sizes[0] * a->q.sizes[1] * a->k.sizes[1] *
                                          (a->q.sizes[2] + a->v.sizes[1]));
    }
    net_.layers.push_back(std::move(l));
  }
  for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {  // inputs, outputs, states
    if (graph_.tensors[t].role == integer::Role::kActivation || homes_.l2[t] < 0) continue;
    net_.l2_blocks.push_back({net_.l2[t],
                              up(std::max<std::int64_t>(1, graph_.tensors[t].bytes()), 8), 0,
                              ~std::size_t{0}, graph_.tensors[t].name});
  }
  net_.l1_blocks = l1_.blocks();
  net_.l2_used = net_.image_l2 + image_bytes_;
  cost::estimate(net_);
  return std::move(net_);
}

}  // namespace oct::schedule
