// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <future>
#include <map>
#include <set>

#include "compiler/schedule/attribution.hpp"
#include "compiler/schedule/builder.hpp"

namespace oct::schedule {
namespace {

using Key = std::vector<std::int64_t>;

/// What the cost of an operation depends on, besides its class: which operands of its own and of
/// its neighbours are at home in L1, and how much of it is taken.
class Costs {
 public:
  Costs(const Graph& graph, const Options& options, const Tuning& tuning)
      : graph_(graph), options_(options), tuning_(tuning) {
    for (const Operation& op : graph.operations) uses_.push_back(uses(graph, op));
  }
  double operator()(std::size_t op, const Homes& homes) {
    Key key{static_cast<std::int64_t>(tuning_.classes[op])};
    for (std::size_t i = op - std::min<std::size_t>(op, 1); i <= op + 1 && i < uses_.size(); ++i) {
      std::int64_t bits = 1;
      for (const Use& u : uses_[i]) {
        bits = 2 * bits + (homes.in_l1[Builder::index(u.view->tensor)] ? 1 : 0);
      }
      key.push_back(bits);
      key.push_back(homes.live[i]);
    }
    const auto [it, fresh] = known_.try_emplace(std::move(key), 0);
    if (fresh) it->second = Builder(graph_, options_, homes, tuning_).cost(op);
    return it->second;
  }

 private:
  const Graph& graph_;
  const Options& options_;
  const Tuning& tuning_;
  std::vector<std::vector<Use>> uses_;
  std::map<Key, double> known_;
};

/// One way of tiling; homes that leave too little room are given up one by one. Nothing: even
/// without homes there is too little L1, or the pieces are too many; `reason` says where.
std::optional<Network> attempt(const Graph& graph, const Options& options, const Tuning& tuning,
                               std::string& reason) {
  std::set<TensorId> banned;
  for (std::size_t i = 0; i < graph.operations.size(); ++i) {
    if (!tuning.choice(i).in_l2) continue;
    for (const Use& u : uses(graph, graph.operations[i])) {
      if (u.write) banned.insert(u.view->tensor);
    }
  }
  Costs costs(graph, options, tuning);
  for (;;) {
    const Homes homes =
        choose_homes(graph, [&](std::size_t op, const Homes& h) { return costs(op, h); }, banned);
    Builder builder(graph, options, homes, tuning);
    try {
      Network n = builder.build();
      for (std::size_t q = 0; q < kNumQueues; ++q) {
        const std::size_t jobs = n.program.queue(static_cast<Queue>(q)).size();
        if (jobs <= Program::kMaxJobs) continue;
        reason = fmt::format("{} jobs in one queue, whose semaphore counts to {}", jobs,
                             Program::kMaxJobs);
        return std::nullopt;
      }
      return n;
    } catch (const Allocator::NoRoom& e) {
      reason = e.what();
    }
    const std::size_t op = builder.now_op();
    TensorId worst = integer::kNone;
    for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
      if (!homes.in_l1[t] || homes.first[t] > op || homes.last[t] < op) continue;
      if (worst == integer::kNone ||
          graph.tensors[t].bytes() > graph.tensors[static_cast<std::size_t>(worst)].bytes()) {
        worst = static_cast<TensorId>(t);
      }
    }
    if (worst == integer::kNone) return std::nullopt;
    banned.insert(worst);
  }
}

/// The network's beginning without the constants' bytes: enough for estimates.
Graph sample(const Graph& graph, std::size_t operations) {
  Graph g;
  g.name = graph.name;
  g.slots = graph.slots;
  g.operations.assign(graph.operations.begin(),
                      graph.operations.begin() + static_cast<std::ptrdiff_t>(operations));
  for (const integer::Tensor& t : graph.tensors) {
    integer::Tensor& x = g.tensors.emplace_back();
    x.name = t.name, x.elem = t.elem, x.role = t.role, x.shape = t.shape, x.row_align = t.row_align;
  }
  return g;
}

/// How often each operation of a sample counts: the second one of its class also stands for
/// those behind the sample.
std::vector<double> shares(const std::vector<std::size_t>& classes, std::size_t length) {
  std::vector<double> times(length, 1);
  std::map<std::size_t, std::vector<std::size_t>> shown;
  for (std::size_t i = 0; i < length; ++i) shown[classes[i]].push_back(i);
  for (std::size_t i = length; i < classes.size(); ++i) {
    const auto it = shown.find(classes[i]);
    if (it != shown.end()) ++times[it->second[std::min<std::size_t>(1, it->second.size() - 1)]];
  }
  return times;
}

/// Looks for the cheapest way, step by step.
class Search {
 public:
  /// Kernels take longer now and then; a way that this throws out of step is not the best.
  static constexpr double kSlow = 1.2;
  /// `times`: how often each operation counts.
  Search(const Graph& graph, const Options& options, std::vector<double> times, std::string& reason)
      : graph_(graph), options_(options), times_(std::move(times)), reason_(reason) {
    options_.draft = true;
  }
  /// Whether it is the best up to now.
  bool look(const Tuning& tuning, double better = 1) {
    const std::optional<Network> n = attempt(graph_, options_, tuning, reason_);
    if (!n) return false;
    jobs_ += n->program.now();
    const double cycles = value(*n);
    if (found_ && cycles >= best_ * better) return false;
    found_ = true, best_ = cycles, tuning_ = tuning;
    return true;
  }
  /// For each class what would be better for it alone.
  void classes();

  [[nodiscard]] bool found() const { return found_; }
  [[nodiscard]] const Tuning& tuning() const { return tuning_; }

 private:
  /// Cycles, if kernels take what they should and if they take longer; the mean.
  [[nodiscard]] double value(const Network& n) const {
    double cycles = 0;
    for (std::size_t i = 0; i < times_.size(); ++i) cycles += times_[i] * n.layers[i].estimate;
    const cost::Times t = cost::simulate(n.program, kSlow);
    for (const Span& s : attribute(n.program, t.start, t.end)) {
      cycles += times_[s.layer] * (s.to - s.from);
    }
    return cycles / 2;
  }
  const Graph& graph_;
  Options options_;
  std::vector<double> times_;
  std::string& reason_;
  bool found_ = false;
  double best_ = 0;
  Tuning tuning_;
  std::size_t jobs_ = 0;  // of all that was tried
};

void Search::classes() {
  constexpr double kBetter = 0.9998;  // a choice that saves less is not worth having
  using Order = Choice::Order;
  const std::size_t limit = jobs_ + options_.effort;
  std::map<std::size_t, std::size_t> first;  // operation of each class
  for (std::size_t i = 0; i < graph_.operations.size(); ++i) {
    first.try_emplace(tuning_.classes[i], i);
  }
  const std::size_t count = 1 + *std::max_element(tuning_.classes.begin(), tuning_.classes.end());
  if (tuning_.choices.empty()) tuning_.choices.resize(count);
  const auto change = [&](std::size_t c, const auto& set) {
    if (jobs_ > limit) return false;
    Tuning t = tuning_;
    set(t.choices[c]);
    return look(t, kBetter);
  };
  for (bool again = true; again && jobs_ < limit;) {
    again = false;
    for (const auto& [c, op] : first) {
      const auto& what = graph_.operations[op].what;
      if (std::holds_alternative<integer::Gemm>(what)) {
        for (const std::int64_t rows : {32, 64, 128, 0}) {
          again |= change(c, [&](Choice& x) { x.rows = rows; });
        }
        for (const std::int64_t cols : {16, 32, 48, 64, 128, 0}) {
          again |= change(c, [&](Choice& x) { x.cols = cols; });
        }
        for (const Order o : {Order::kRows, Order::kColumns, Order::kAny}) {
          again |= change(c, [&](Choice& x) { x.order = o; });
        }
        again |= change(c, [](Choice& x) { x.other_wait = !x.other_wait; });
      } else if (std::holds_alternative<integer::Kernel>(what)) {
        for (const std::int64_t rows : {8, 16, 32}) {
          again |= change(c, [&](Choice& x) { x.rows = rows; });
        }
      }
      again |= change(c, [](Choice& x) { x.in_l2 = !x.in_l2; });
    }
  }
}

/// Where a search begins.
enum class Start : std::uint8_t { kPlain, kFine, kWithoutExtras };

/// Ways that differ from the best in what holds for all operations.
void neighbours(Search& s) {
  const auto change = [&](const auto& set) {
    Tuning t = s.tuning();
    set(t);
    s.look(t);
  };
  for (const double lead : {0.0, 500.0, 1500.0, 2000.0, 2500.0})
    change([&](Tuning& t) { t.lead = lead; });
  for (const auto& [not_ahead, round_trip, first] :
       {std::array{100.0, 300.0, 0.0}, std::array{100.0, 600.0, 0.0}, std::array{300.0, 600.0, 0.5},
        std::array{0.0, 600.0, 1.0}}) {
    change([&](Tuning& t) { t.not_ahead = not_ahead, t.round_trip = round_trip, t.first = first; });
  }
  change([](Tuning& t) { t.peers = !t.peers; });
  change([](Tuning& t) { t.wait = !t.wait; });
}

}  // namespace

std::vector<std::size_t> classes(const Graph& graph) {
  const auto shape = [&](const Operation& op) {
    std::string s = fmt::format("{}", op.what.index());
    const auto view = [&](const View& v) {
      if (!v.used()) return;
      s += fmt::format(" {} {}", static_cast<int>(graph.at(v.tensor).elem),
                       static_cast<int>(graph.at(v.tensor).role));
      // Layers of which a few columns differ count as equal.
      for (const std::int64_t n : v.sizes) s += fmt::format(",{}", up(n, n > 256 ? 64 : 16));
    };
    if (const auto* g = std::get_if<integer::Gemm>(&op.what)) {
      for (const View* v : {&g->a, &g->w, &g->y, &g->r}) view(*v);
      s += fmt::format(" {} {} {}", g->w_kn, g->y_trans, g->epilogue.table != integer::kNone);
    } else if (const auto* a = std::get_if<integer::Attention>(&op.what)) {
      for (const View* v : {&a->q, &a->k, &a->v, &a->o, &a->key_mask}) view(*v);
    } else if (const auto* k = std::get_if<integer::Kernel>(&op.what)) {
      s += k->name;
      for (const View& v : k->inputs) view(v);
      for (const View& v : k->outputs) view(v);
    } else if (const auto* c = std::get_if<integer::Copy>(&op.what)) {
      view(c->from);
    } else if (const auto* x = std::get_if<integer::Gather>(&op.what)) {
      view(x->to);
    }
    return s;
  };
  std::vector<std::string> shapes;
  for (const Operation& op : graph.operations) shapes.push_back(shape(op));
  std::map<std::string, std::size_t> known;
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const std::string s = (i > 0 ? shapes[i - 1] : "") + "|" + shapes[i] + "|" +
                          (i + 1 < shapes.size() ? shapes[i + 1] : "");
    result.push_back(known.try_emplace(s, known.size()).first->second);
  }
  return result;
}

std::size_t sample_length(const std::vector<std::size_t>& classes) {
  constexpr std::size_t kOften = 4, kShown = 3;
  std::map<std::size_t, std::size_t> all, shown;
  for (const std::size_t c : classes) ++all[c];
  std::size_t missing = 0, length = 0;
  for (const auto& [c, n] : all) missing += n >= kOften ? kShown : 0;
  while (length < classes.size() && missing > 0) {
    const std::size_t c = classes[length++];
    if (all[c] >= kOften && ++shown[c] <= kShown) --missing;
  }
  return length == 0 || 2 * length > classes.size() ? classes.size() : length;
}

std::optional<Network> search(const Graph& graph, const Options& options, bool quick,
                              std::string& reason) {
  const std::vector<std::size_t> all = schedule::classes(graph);
  std::vector<Tuning> ways{Tuning{.rows = 64},
                           Tuning{.rows = 32},
                           Tuning{.rows = 64, .beside = 0.6},
                           Tuning{.rows = 32, .beside = 0.3},
                           Tuning{.rows = 64, .beside = 0.3},
                           Tuning{.rows = 128, .kernel_rows = 32, .tail = 0.05}};
  // Operations of a token are short: the next ones' constants must be on their way long before.
  if (graph.slots > 1) {
    for (const unsigned ahead : {2U, 3U}) ways.push_back({.rows = 64, .ahead = ahead});
  }
  for (Tuning& t : ways) t.classes = all;
  if (quick) {
    for (const Tuning& t : ways) {
      if (auto n = attempt(graph, options, t, reason)) return n;
    }
  }
  const std::size_t length = sample_length(all);
  const Graph part = sample(graph, length);
  const std::vector<double> times = shares(all, length);
  // Choices are made one by one and on a sample: on the whole the ends of several searches, made
  // side by side, are held against each other.
  struct End {
    std::optional<Tuning> tuning;
    std::string reason;
  };
  const auto search_from = [&](Start start) {
    End end;
    Search one(part, options, times, end.reason);
    for (const bool wait : {false, true}) {
      for (Tuning t : ways) {
        t.wait = wait;
        t.fine = start == Start::kFine;
        t.extras = start != Start::kWithoutExtras;
        one.look(t);
      }
    }
    if (!one.found()) return end;
    neighbours(one);
    if (start != Start::kWithoutExtras) one.classes();
    end.tuning = one.tuning();
    return end;
  };
  std::vector<std::future<End>> searches;
  for (const Start start : {Start::kPlain, Start::kFine, Start::kWithoutExtras}) {
    searches.push_back(std::async(std::launch::async, search_from, start));
  }
  std::vector<Tuning> ends;
  for (std::future<End>& f : searches) {
    End end = f.get();
    if (end.tuning) {
      ends.push_back(std::move(*end.tuning));
    } else {
      reason = end.reason;
    }
  }
  Search whole(graph, options, shares(all, all.size()), reason);
  for (const Tuning& t : ends) whole.look(t);
  if (whole.found()) return attempt(graph, options, whole.tuning(), reason);
  // With very little L1 nothing goes on side by side.
  return attempt(graph, options, {.rows = 32, .kernel_rows = 8, .together = false, .classes = all},
                 reason);
}

}  // namespace oct::schedule
