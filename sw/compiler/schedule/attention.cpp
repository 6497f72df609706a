// SPDX-License-Identifier: Apache-2.0
// Attention: by groups of key heads, blocks of queries and, where keys and values do not fit, along
// the keys with a state area between the jobs.
#include <algorithm>
#include <cstring>
#include <optional>
#include <tuple>

#include "compiler/schedule/builder.hpp"
#include "compiler/schedule/cost.hpp"

namespace oct::schedule {
namespace {

namespace engine_ = golden::engine;
using integer::Attention;
constexpr double kJob = 10, kLoad = 10, kAlone = 350, kRoundTrip = 300;

struct Plan {
  std::int64_t groups = 1, rows = 1, keys = 1;
  std::size_t slots = 1;                 // of queries and outputs
  std::size_t k_slots = 1, v_slots = 1;  // of keys and values
  std::int64_t need = 0;
  double cost = 0;
  std::size_t number = 0;
};

class AttentionTiler final : public Tiler {
 public:
  AttentionTiler(Builder& b, std::size_t op)
      : b_(b),
        op_(op),
        a_(std::get<Attention>(b.graph().operations[op].what)),
        heads_(a_.q.sizes[0]),
        sq_(a_.q.sizes[1]),
        d_(a_.q.sizes[2]),
        groups_(a_.k.sizes[0]),
        sk_(a_.k.sizes[1]),
        dv_(a_.v.sizes[1]),
        share_(heads_ / groups_) {}

  bool start() override {
    if (!params_.slots.empty()) return true;
    if (!b_.allocate(params_, params_bytes(), 1, b_.graph().operations[op_].name + " scales")) {
      return false;
    }
    scales_there_ = b_.graph().at(a_.k.tensor).role != integer::Role::kState;
    if (scales_there_) b_.load_bytes(a_.head_params, 0, 8 * heads_, params_.slots[0], op_);
    if (b_.machine().engine) return true;
    room_.table = params_.slots[0] + up(8 * heads_, 64);
    const auto table = [] {
      std::vector<std::uint8_t> bytes(TeamRoom::kTableBytes);
      std::memcpy(bytes.data(), engine_::kExp2Table.data(), bytes.size());
      return bytes;
    };
    b_.load_run(b_.put("exponentials", TeamRoom::kTableBytes, table), TeamRoom::kTableBytes,
                room_.table, op_, "exponentials");
    return true;
  }
  void stop() override { b_.free(params_); }
  double cost() override {
    if (plans_.empty()) make_plans();
    const std::int64_t budget = b_.budget(op_) - up(params_bytes(), 64);
    std::int64_t least = plans_[0].need;
    for (const Plan& p : plans_) {
      if (p.need <= budget) return p.cost;
      least = std::min(least, p.need);
    }
    return kNoRoom + static_cast<double>(least);
  }
  void begin(bool any) override;
  [[nodiscard]] std::size_t steps() const override {
    return static_cast<std::size_t>(ceil_div(groups_, plan_->groups) * row_blocks());
  }
  void step(std::size_t s) override;
  [[nodiscard]] std::int64_t rows(std::size_t s) const override {
    const auto i = static_cast<std::int64_t>(s),
               last = static_cast<std::int64_t>(steps()) - row_blocks();
    return i < last ? 0 : std::min(sq_, (i - last + 1) * plan_->rows);
  }
  [[nodiscard]] std::int64_t needs(std::size_t /*s*/) const override { return sq_; }
  void end() override {
    free_rings();
    stop();
  }

 private:
  void load_row(const Place& keys);
  [[nodiscard]] std::int64_t row_blocks() const { return ceil_div(sq_, plan_->rows); }
  void make_plans();
  void add_plan(Plan p);
  bool rings(const Plan& p);
  void free_rings();
  void block(const Plan& p, std::int64_t g0, std::int64_t m0);
  [[nodiscard]] std::int64_t params_bytes() const {
    return b_.machine().engine ? 8 * heads_ : up(8 * heads_, 64) + TeamRoom::kTableBytes;
  }
  /// What the workers need to do the engine's work.
  [[nodiscard]] std::int64_t room_bytes() const {
    return b_.machine().engine ? 0 : up(b_.machine().workers * TeamRoom::bytes_for(dv_), 64);
  }
  [[nodiscard]] std::int64_t state_bytes(const Plan& p) const {
    engine_::AttnJob job;
    job.sq = word(p.rows), job.dv = word(dv_);
    const std::int64_t head = job.state_bytes();
    return p.keys < sk_ ? p.groups * share_ * head : 0;
  }

  Builder& b_;
  std::size_t op_;
  const Attention& a_;
  std::int64_t heads_, sq_, d_, groups_, sk_, dv_, share_;
  std::vector<Plan> plans_;
  std::optional<Plan> plan_;
  Ring params_, q_, o_, state_, mask_, team_;
  TeamRoom room_;
  bool scales_there_ = false;
  Cache k_, v_;
  Place mask_at_;
};

void AttentionTiler::add_plan(Plan p) {
  const std::int64_t gb = ceil_div(groups_, p.groups), mb = ceil_div(sq_, p.rows),
                     kb = ceil_div(sk_, p.keys);
  const bool q_here = b_.in_l1(a_.q), o_here = b_.in_l1(a_.o), k_here = b_.in_l1(a_.k),
             v_here = b_.in_l1(a_.v);
  const std::int64_t heads = p.groups * share_;
  const std::int64_t q = q_here ? 0 : up(heads * p.rows * up(d_, 8), 64);
  const std::int64_t o = o_here ? 0 : up(heads * p.rows * up(dv_, 8), 64);
  const std::int64_t k = k_here ? 0 : up(p.groups * p.keys * up(d_, 8), 64);
  const std::int64_t v = v_here ? 0 : up(p.groups * dv_ * up(p.keys, 8), 64);
  constexpr std::int64_t one = 1;
  // Between blocks of keys the sums of each group of queries are stored and loaded again.
  constexpr double kState = 55;
  const auto product = [&](std::int64_t rows) {
    const double state = kb > 1 ? kState * static_cast<double>(ceil_div(rows, 16)) : 0;
    return static_cast<double>(heads) *
           (cost::attention(b_.machine(), rows, p.keys, d_, dv_) + state);
  };
  const double products =
      static_cast<double>(gb * kb) *
      (static_cast<double>(mb) * kJob + static_cast<double>(mb - 1) * product(p.rows) +
       product(sq_ - (mb - 1) * p.rows));
  for (const std::size_t slots : {std::size_t{1}, std::size_t{2}}) {
    if (slots == 2 && ((q == 0 && o == 0) || gb * mb == 1)) continue;
    // One more buffer for keys alone: half of the loads that stand between two heads.
    for (const auto& [ks, vs] : {std::pair{one, one}, std::pair{2 * one, one},
                                 std::pair{2 * one, 2 * one}, std::pair{kb, kb}}) {
      if (ks > 1 && ((k == 0 && v == 0) || gb * kb == 1)) continue;
      if (ks != vs && (k == 0 || v == 0 || kb > 1)) continue;
      if (vs == kb && kb == 2) continue;
      p.slots = slots;
      p.k_slots = static_cast<std::size_t>(ks), p.v_slots = static_cast<std::size_t>(vs);
      p.need = static_cast<std::int64_t>(slots) * (q + o) + ks * k + vs * v + state_bytes(p) +
               room_bytes() +
               (b_.in_l1(a_.key_mask.used() ? a_.key_mask : a_.q) || !a_.key_mask.used()
                    ? 0
                    : up(a_.key_mask.sizes[1], 64));
      const std::int64_t k_loads = vs >= kb ? gb * kb : gb * mb * kb;
      const double k_load = k == 0 ? 0 : kLoad + cost::dma(p.keys, p.groups * d_);
      const double v_load = v == 0 ? 0 : kLoad + cost::dma(p.groups * dv_, p.keys);
      const double q_load = q == 0 ? 0 : kLoad + cost::dma(heads * p.rows, d_);
      const double o_store = o == 0 ? 0 : kLoad + cost::dma(heads * p.rows, dv_);
      const double in =
          static_cast<double>(k_loads) * (k_load + v_load) + static_cast<double>(gb * mb) * q_load;
      const double out = static_cast<double>(gb * mb) * o_store;
      double alone = 0;
      if (slots == 1 && gb * mb > 1 && q + o > 0) {
        alone += static_cast<double>(gb * mb) * (q_load + o_store + 2 * kAlone);
      }
      const double waits = (ks == 1 ? k_load : 0) + (vs == 1 ? v_load : 0);
      if (waits > 0 && k_loads > 1) alone += static_cast<double>(k_loads) * (waits + kAlone);
      const double pieces = gb == 1 ? static_cast<double>(mb) : 1;
      p.cost = std::max({products + alone, in, out}) + 0.05 * (in + out) +
               b_.tuning().tail * products / pieces +
               ((q > 0 ? 1 : 0) + (k > 0 ? 1 : 0) + (v > 0 ? 1 : 0) + (o > 0 ? 1 : 0)) * kRoundTrip;
      p.number = plans_.size();
      plans_.push_back(p);
    }
  }
}

void AttentionTiler::make_plans() {
  for (std::int64_t g = groups_; g >= 1; g = g == 1 ? 0 : ceil_div(g, 2)) {
    if (g * share_ > 255) continue;
    for (const std::int64_t r :
         {sq_, std::int64_t{256}, std::int64_t{128}, std::int64_t{96}, std::int64_t{64},
          std::int64_t{48}, std::int64_t{32}, std::int64_t{16}, std::int64_t{8}, std::int64_t{1}}) {
      if (r > sq_) continue;
      const std::int64_t rows =
          r < 16 ? r : std::min(sq_, up(ceil_div(sq_, ceil_div(sq_, r)), std::int64_t{16}));
      for (const std::int64_t c : {sk_, std::int64_t{1024}, std::int64_t{512}, std::int64_t{256},
                                   std::int64_t{128}, std::int64_t{64}}) {
        if (c > sk_ || rows > 65535 || c > 65535) continue;
        Plan p;
        p.groups = g, p.rows = rows, p.keys = c;
        add_plan(p);
      }
    }
  }
  std::sort(plans_.begin(), plans_.end(), [](const Plan& x, const Plan& y) {
    return std::tuple(x.cost, x.need, x.number) < std::tuple(y.cost, y.need, y.number);
  });
}

bool AttentionTiler::rings(const Plan& p) {
  const std::string& name = b_.graph().operations[op_].name;
  const auto view = [&](const View& v, std::int64_t heads, std::size_t dim, std::int64_t count) {
    return v.slice(0, 0, heads).slice(dim, 0, count);
  };
  const std::int64_t heads = p.groups * share_;
  bool good = true;
  const auto ring = [&](Ring& r, const View& v, const View& part, std::size_t slots,
                        const char* what) {
    if (good && !b_.in_l1(v)) good = b_.allocate(r, b_.dense_bytes(part), slots, name + what);
  };
  ring(k_.ring, a_.k, view(a_.k, p.groups, 1, p.keys), p.k_slots, " keys");
  ring(v_.ring, a_.v, view(a_.v, p.groups, 2, p.keys), p.v_slots, " values");
  ring(q_, a_.q, view(a_.q, heads, 1, p.rows), p.slots, " queries");
  ring(o_, a_.o, view(a_.o, heads, 1, p.rows), p.slots, " output");
  if (a_.key_mask.used()) ring(mask_, a_.key_mask, a_.key_mask, 1, " mask");
  if (good && state_bytes(p) > 0) good = b_.allocate(state_, state_bytes(p), 1, name + " state");
  if (good && room_bytes() > 0) {
    good = b_.allocate(team_, room_bytes(), 1, name + " workers");
    if (good) room_.scratch = team_.slots[0];
    room_.bytes = TeamRoom::bytes_for(dv_), room_.workers = b_.machine().workers;
  }
  if (!good) free_rings();
  return good;
}

void AttentionTiler::free_rings() {
  for (Ring* r : {&k_.ring, &v_.ring, &q_, &o_, &mask_, &state_, &team_}) b_.free(*r);
  k_ = {};
  v_ = {};
}

/// The slot's row to its place in the buffer.
void AttentionTiler::load_row(const Place& keys) {
  Transfer t;
  t.l1 = keys.addr, t.l2 = b_.l2(a_.k);
  t.sizes = {groups_, d_};
  t.l1_strides = {keys.strides[0]}, t.l2_strides = {a_.k.strides[0]};
  t.slots = b_.graph().slots;
  t.slot_stride = a_.k.strides[1], t.l1_slot_stride = keys.strides[1];
  for (Job& j : dma_jobs(std::move(t))) {
    b_.append(std::move(j), op_, "load " + b_.graph().at(a_.k.tensor).name + " new row");
  }
}

void AttentionTiler::block(const Plan& p, std::int64_t g0, std::int64_t m0) {
  const std::int64_t groups = std::min(p.groups, groups_ - g0), rows = std::min(p.rows, sq_ - m0);
  const std::int64_t h0 = g0 * share_, heads = groups * share_;
  const auto rows_of = [&](const View& v) { return v.slice(0, h0, heads).slice(1, m0, rows); };
  const std::int64_t key_blocks = ceil_div(sk_, p.keys);
  Place q, o;
  for (std::int64_t i = 0; i < key_blocks; ++i) {
    const std::int64_t j0 = i * p.keys, keys = std::min(p.keys, sk_ - j0);
    const std::int64_t number = g0 / p.groups * key_blocks + i;
    Place k, v;
    const auto values = [&] {
      v = b_.fetch(a_.v.slice(0, g0, groups).slice(2, j0, keys), v_, number, op_);
    };
    // New rows of caches come in this order: values first (lower/caches_first.cpp). Else values are
    // what waits longest for its buffer.
    const bool cache = b_.graph().at(a_.k.tensor).role == integer::Role::kState;
    const bool past = groups == groups_ && keys == sk_ && row_blocks() == 1 && !b_.in_l1(a_.k) &&
                      adds_row(b_.graph(), a_.k);
    const auto scales = [&] {
      if (!scales_there_) b_.load_bytes(a_.head_params, 0, 8 * heads_, params_.slots[0], op_);
      scales_there_ = true;
    };
    if (past) {
      k = b_.load(a_.k, k_.ring.take(), op_, true);
      scales();
    }
    if (cache) values();
    if (past) {
      load_row(k);
    } else {
      k = b_.fetch(a_.k.slice(0, g0, groups).slice(1, j0, keys), k_, number, op_);
    }
    // Behind a cache, for the new row of which the DMA waits: what is little does not go in front.
    scales();
    if (i == 0) {
      q = b_.fetch(rows_of(a_.q), q_, op_);
      o = b_.target(rows_of(a_.o), o_);
    }
    if (!cache) values();
    const bool first = i == 0, last = i + 1 == key_blocks;
    engine_::Descriptor d;
    auto& w = d.w;
    w[0] = engine_::kOpAttn;
    w[4] = (a_.causal ? 1U : 0U) | (a_.key_mask.used() ? 2U : 0U) | (first ? 4U : 0U) |
           (last ? 8U : 0U);
    w[5] = word(rows) | word(keys) << 16;
    w[6] = word(d_) | word(dv_) << 8 | word(heads) << 16 | word(share_) << 24;
    w[7] = word(q.addr), w[8] = word(q.strides[1]);
    w[9] = word(k.addr), w[10] = word(k.strides[1]);
    w[11] = word(v.addr), w[12] = word(v.strides[1]);
    w[13] = word(o.addr), w[14] = word(o.strides[1]);
    w[15] = word(params_.slots[0] + 8 * h0);
    if (a_.key_mask.used()) w[16] = word(mask_at_.addr + j0 / 8);
    if (!first || !last) w[17] = word(state_.slots[0]);
    w[18] = word(a_.offset + m0 - j0);
    w[19] = word(a_.window);
    w[20] = word(q.strides[0]), w[21] = word(k.strides[0]);
    w[22] = word(v.strides[0]), w[23] = word(o.strides[0]);
    for (const unsigned x : {8U, 10U, 12U, 14U, 20U, 21U, 22U, 23U}) w[x] = (w[x] + 7) & ~7U;
    b_.engine(d, op_, room_);
    b_.used(k_.ring, k.addr);
    b_.used(v_.ring, v.addr);
    b_.used(q_, q.addr);
  }
  b_.finish(rows_of(a_.o), o, op_);
  b_.used(o_, o.addr);
}

void AttentionTiler::begin(bool any) {
  if (plans_.empty()) make_plans();
  const std::int64_t budget = b_.budget(op_) - up(params_bytes(), 64);
  std::optional<Plan>& plan = plan_;
  if (!any) {  // beside the operation before, as planned or not at all
    const bool had = !params_.slots.empty();
    const auto best =
        std::find_if(plans_.begin(), plans_.end(), [&](const Plan& p) { return p.need <= budget; });
    if (best != plans_.end() && start()) {
      if (rings(*best)) {
        plan = *best;
        return;
      }
      if (!had) stop();
    }
    throw Allocator::NoRoom("later");
  }
  for (int round = 0; round < 2 && !plan; ++round) {
    if (start()) {
      for (const Plan& p : plans_) {
        if (p.need <= budget && rings(p)) {
          plan = p;
          break;
        }
        if (round == 0 && p.need <= budget) break;  // rather take back what was loaded early
      }
    }
    if (!plan) b_.evict(op_);
  }
  if (!plan) {
    stop();
    throw Allocator::NoRoom(b_.graph().operations[op_].name + ": no blocks fit");
  }
}

void AttentionTiler::step(std::size_t s) {
  if (a_.key_mask.used() && s == 0) mask_at_ = b_.fetch(a_.key_mask, mask_, op_);
  const auto i = static_cast<std::int64_t>(s);
  block(*plan_, i / row_blocks() * plan_->groups, i % row_blocks() * plan_->rows);
}

}  // namespace

std::unique_ptr<Tiler> make_attention(Builder& b, std::size_t op) {
  return std::make_unique<AttentionTiler>(b, op);
}

}  // namespace oct::schedule
