// SPDX-License-Identifier: Apache-2.0
// Products: blocks of rows of A, panels (columns of the weights with their parameters), in one of
// two orders. What is at home in L1 is used in place; everything else goes through buffers.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "compiler/schedule/builder.hpp"
#include "compiler/schedule/cost.hpp"

namespace oct::schedule {
namespace {

namespace engine_ = golden::engine;
using integer::Epilogue;
using integer::Gemm;
constexpr double kJob = 30;             // cycles that a further job of the engine costs
constexpr double kLoad = 4;             // ... of the DMA
constexpr double kLatency = 150;        // of a transfer, semaphores included
constexpr double kRoundTrip = 300;      // what follows waits for a tensor that goes through L2
constexpr std::int64_t kLittle = 6144;  // bytes that are never worth waiting for
constexpr double kNotAhead = 600;       // no room for the next operation's constants

struct Plan {
  std::int64_t rows = 1, cols = 1;
  bool rows_outer = true;
  std::size_t a_slots = 1, w_slots = 1, small_slots = 1;  // small: residual, output
  std::int64_t need = 0;
  double cost = 0;
  std::size_t number = 0;
};

class GemmTiler final : public Tiler {
 public:
  GemmTiler(Builder& b, std::size_t op)
      : b_(b),
        op_(op),
        g_(std::get<Gemm>(b.graph().operations[op].what)),
        batch_(g_.y.sizes[0]),
        m_(g_.a.sizes[1]),
        n_(g_.w.sizes[g_.w_kn ? 2 : 1]),
        k_(g_.w.sizes[g_.w_kn ? 1 : 2]),
        y_bytes_(b.elem(g_.y)),
        r_bytes_(g_.r.used() ? b.elem(g_.r) : 0),
        shared_w_(batch_ == 1 || g_.w.sizes[0] == 1 || g_.w.strides[0] == 0),
        shared_a_(batch_ > 1 && (g_.a.sizes[0] == 1 || g_.a.strides[0] == 0)) {}

  bool start() override {
    if (ready_) return true;
    if (plans_.empty()) make_plans();
    if (!reserve(choice_)) return false;
    preload();
    return true;
  }
  void stop() override {
    b_.free(panels_.ring);
    b_.free(table_);
    panels_ = {};
    ready_.reset();
  }
  double cost() override {
    if (plans_.empty()) make_plans();
    return value_;
  }
  void begin(bool any) override;
  [[nodiscard]] std::size_t steps() const override {
    return static_cast<std::size_t>(batch_ * row_blocks(*ready_) * col_blocks(*ready_));
  }
  void step(std::size_t s) override {
    const Block x = nth(s);
    product(x.batch, x.row, x.col);
  }
  [[nodiscard]] std::int64_t rows(std::size_t s) const override {
    const Block x = nth(s);
    const std::int64_t before = ready_->rows_outer ? std::min(m_, x.row * ready_->rows) : 0;
    return x.col + 1 == col_blocks(*ready_) ? std::min(m_, (x.row + 1) * ready_->rows) : before;
  }
  [[nodiscard]] std::int64_t needs(std::size_t s) const override {
    const Block x = nth(s);
    const bool again = !ready_->rows_outer && x.col > 0;
    return again ? m_ : std::min(m_, (x.row + 1) * ready_->rows);
  }
  void end() override {
    free_rings();
    stop();
  }

 private:
  [[nodiscard]] std::int64_t row_blocks(const Plan& p) const { return ceil_div(m_, p.rows); }
  [[nodiscard]] std::int64_t col_blocks(const Plan& p) const { return ceil_div(n_, p.cols); }
  [[nodiscard]] View a(std::int64_t b, std::int64_t m0, std::int64_t rows) const {
    return g_.a.slice(0, g_.a.sizes[0] == 1 ? 0 : b, 1).slice(1, m0, rows);
  }
  [[nodiscard]] View w(std::int64_t b, std::int64_t n0, std::int64_t cols) const {
    return g_.w.slice(0, g_.w.sizes[0] == 1 ? 0 : b, 1).slice(g_.w_kn ? 2 : 1, n0, cols);
  }
  [[nodiscard]] View block(const View& v, bool trans, std::int64_t b, std::int64_t m0,
                           std::int64_t rows, std::int64_t n0, std::int64_t cols) const {
    return v.slice(0, v.sizes[0] == 1 ? 0 : b, 1)
        .slice(trans ? 2 : 1, m0, rows)
        .slice(trans ? 1 : 2, n0, cols);
  }
  [[nodiscard]] bool table() const { return g_.epilogue.table != integer::kNone; }
  [[nodiscard]] std::int64_t planes_bytes(std::int64_t cols) const {
    const Epilogue& e = g_.epilogue;
    return 8 * cols + (e.plane_b != integer::kNone ? 8 * cols : 0) +
           (e.plane_c != integer::kNone ? up(4 * cols, 8) : 0);
  }
  [[nodiscard]] std::int64_t w_bytes(std::int64_t cols) const {
    return b_.in_l1(g_.w) ? 0 : up(b_.dense_bytes(w(0, 0, std::min(cols, n_))), 8);
  }
  struct Block {
    std::int64_t batch, row, col;
  };
  [[nodiscard]] Block nth(std::size_t s) const {
    const std::int64_t mb = row_blocks(*ready_), nb = col_blocks(*ready_);
    const std::int64_t in = static_cast<std::int64_t>(s) % (mb * nb),
                       batch = static_cast<std::int64_t>(s) / (mb * nb);
    return ready_->rows_outer ? Block{batch, in / nb, in % nb} : Block{batch, in % mb, in / mb};
  }
  void make_plans();
  void add_plans(std::int64_t rows, std::int64_t cols);
  [[nodiscard]] bool cols_fit(std::int64_t cols) const;
  double cost_of(const Plan& p) const;
  bool reserve(std::size_t plan);
  void preload();
  bool rings();
  void free_rings();
  struct Panel {
    Place w;
    std::int64_t a = 0, b = 0, c = 0;
  };
  Panel panel(std::int64_t b, std::int64_t n0, std::int64_t cols);
  [[nodiscard]] std::vector<std::uint8_t> pack(const View* w, std::int64_t n0,
                                               std::int64_t cols) const;
  void product(std::int64_t b, std::int64_t mb, std::int64_t nb);

  Builder& b_;
  std::size_t op_;
  const Gemm& g_;
  std::int64_t batch_, m_, n_, k_, y_bytes_, r_bytes_;
  bool shared_w_, shared_a_;
  std::vector<Plan> plans_;  // by cost
  std::size_t choice_ = 0;
  double value_ = 0;
  double beside_ = 0;          // cycles of the kernels that share its rows
  std::optional<Plan> ready_;  // what start() has prepared
  Cache panels_, blocks_;
  std::vector<Panel> panel_places_;
  Ring table_, residual_, out_;
};

// ---- Sizes of blocks ---------------------------------------------------------------------------

/// Whether outputs and operands at home in L1 start on words with such columns.
bool GemmTiler::cols_fit(std::int64_t cols) const {
  if (cols >= n_ || cols % 8 == 0) return true;
  const bool here = b_.in_l1(g_.y) || (g_.r.used() && b_.in_l1(g_.r)) || b_.in_l1(g_.w);
  return !here;
}

double GemmTiler::cost_of(const Plan& p) const {
  const std::int64_t mb = row_blocks(p), nb = col_blocks(p);
  const std::int64_t w_loads = static_cast<std::int64_t>(p.w_slots) >= nb
                                   ? (shared_w_ ? nb : nb * batch_)
                                   : nb * batch_ * (p.rows_outer ? mb : 1);
  const std::int64_t a_loads =
      p.rows_outer || static_cast<std::int64_t>(p.a_slots) >= mb ? mb * batch_ : mb * nb * batch_;
  const double jobs = static_cast<double>(mb * nb * batch_);
  const double job = kJob + cost::gemm(b_.machine(), p.rows, p.cols, k_, y_bytes_, r_bytes_);
  const double products = jobs * job;
  double in = 0, out = 0, waits = 0;
  // `count` transfers of `cycles`, one buffer more being used up in `use` cycles.
  const auto stream = [&](double count, double cycles, std::size_t slots, double use) {
    if (count > 1) {
      waits += count * std::max(0.0, cycles + kLatency - static_cast<double>(slots - 1) * use);
    }
    return count * (cycles + kLoad);
  };
  const double inner = static_cast<double>(p.rows_outer ? nb : mb) * job;
  if (!b_.in_l1(g_.a)) {
    in += stream(static_cast<double>(a_loads), cost::dma(p.rows, k_), p.a_slots,
                 p.rows_outer ? inner : job);
    if (!b_.constant(g_.a)) waits += kRoundTrip;
  }
  if (static_cast<std::int64_t>(p.w_slots) < nb || w_loads > 0) {
    in += stream(static_cast<double>(w_loads), cost::dma(1, w_bytes(p.cols) + planes_bytes(p.cols)),
                 p.w_slots, p.rows_outer ? job : inner);
  }
  if (g_.r.used() && !b_.in_l1(g_.r)) {
    in += stream(jobs, cost::dma(p.rows, p.cols * r_bytes_), p.small_slots, job);
  }
  if (!b_.in_l1(g_.y)) {
    const std::int64_t y_rows = g_.y_trans ? p.cols : p.rows, y_cols = g_.y_trans ? p.rows : p.cols;
    out += stream(jobs, cost::dma(y_rows, y_cols * y_bytes_), p.small_slots, job);
    waits += kRoundTrip;
  }
  // Neighbours start when the first rows are done, and wait for the last ones.
  const double pieces =
      p.rows_outer ? static_cast<double>(mb * batch_) : static_cast<double>(batch_);
  return std::max({products + waits, in, out}) + 0.05 * (in + out) +
         (b_.tuning().tail * products + b_.tuning().beside * beside_) / pieces;
}

void GemmTiler::add_plans(std::int64_t rows, std::int64_t cols) {
  Plan p;
  p.rows = rows, p.cols = cols;
  const std::int64_t mb = row_blocks(p), nb = col_blocks(p);
  const bool a_here = b_.in_l1(g_.a);
  std::vector<std::size_t> a_slots{1}, w_slots{1};
  if (!a_here && mb * batch_ > 1) a_slots.push_back(2);
  if (!a_here && mb > 2 && nb > 1) a_slots.push_back(static_cast<std::size_t>(mb));
  const std::int64_t panels = shared_w_ ? nb : nb * batch_;
  for (const std::int64_t s : {std::int64_t{2}, std::int64_t{3}, nb}) {
    if (s > 1 && s <= panels && w_slots.back() < static_cast<std::size_t>(s)) {
      w_slots.push_back(static_cast<std::size_t>(s));
    }
  }
  const std::int64_t a_bytes = a_here ? 0 : up(b_.dense_bytes(a(0, 0, rows)), 64);
  const std::int64_t w_bytes = up(this->w_bytes(cols) + planes_bytes(cols), 64);
  std::int64_t small = 0;
  if (g_.r.used() && !b_.in_l1(g_.r)) small += up(rows * up(cols * r_bytes_, 8), 64);
  if (!b_.in_l1(g_.y)) {
    small += g_.y_trans ? up(cols * up(rows, 8), 64) : up(rows * up(cols * y_bytes_, 8), 64);
  }
  for (const bool rows_outer : {true, false}) {
    if (!rows_outer && (mb == 1 || nb == 1)) continue;
    for (const std::size_t as : a_slots) {
      for (const std::size_t ws : w_slots) {
        for (const std::size_t ss : {std::size_t{1}, std::size_t{2}}) {
          const bool two = small > 0 && mb * nb * batch_ > 1;
          if (ss == 2 ? !two : two && small <= kLittle) continue;
          p.rows_outer = rows_outer;
          p.a_slots = as, p.w_slots = ws, p.small_slots = ss;
          p.need = (a_here ? 0 : static_cast<std::int64_t>(as) * a_bytes) +
                   static_cast<std::int64_t>(ws) * w_bytes + static_cast<std::int64_t>(ss) * small +
                   (table() ? 256 : 0);
          p.cost = cost_of(p);
          p.number = plans_.size();
          plans_.push_back(p);
        }
      }
    }
  }
}

void GemmTiler::make_plans() {
  beside_ = b_.beside(op_).cycles;
  std::vector<std::int64_t> rows, cols;
  const auto add = [](std::vector<std::int64_t>& to, std::int64_t v) {
    if (std::find(to.begin(), to.end(), v) == to.end()) to.push_back(v);
  };
  const std::int64_t row_step = g_.y_trans ? 8 : 1;
  if (m_ <= b_.tuning().rows * 5 / 4) add(rows, m_);
  for (const std::int64_t r : {256, 128, 96, 64, 48, 32, 24, 16, 8, 4, 2, 1}) {
    if (r >= m_ || r > b_.tuning().rows || r % row_step != 0) continue;
    // Even blocks.
    add(rows, std::min(m_, up(ceil_div(m_, ceil_div(m_, r)), row_step)));
  }
  if (g_.y_trans) add(rows, std::min<std::int64_t>(m_, 8));
  add(cols, n_);
  for (const std::int64_t c : {1024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1}) {
    if (c >= n_ || !cols_fit(c)) continue;
    const std::int64_t even =
        c < 16 ? c : std::min(n_, up(ceil_div(n_, ceil_div(n_, c)), std::int64_t{16}));
    add(cols, even);
  }
  for (const std::int64_t r : rows) {
    for (const std::int64_t c : cols) {
      if (r <= 65535 && c <= 65535) add_plans(r, c);
    }
  }
  std::sort(plans_.begin(), plans_.end(), [](const Plan& x, const Plan& y) {
    return std::tuple(x.cost, x.need, x.number) < std::tuple(y.cost, y.need, y.number);
  });
  // The cheapest that fits; better one that leaves room for the next operation's constants.
  const std::int64_t budget = b_.budget(op_);
  const auto value = [&](const Plan& p) {
    return p.need > budget ? kNoRoom + static_cast<double>(p.need)
                           : p.cost + (p.need > budget * 6 / 10 ? kNotAhead : 0);
  };
  choice_ = 0;
  for (std::size_t i = 0; i < plans_.size(); ++i) {
    if (value(plans_[i]) < value(plans_[choice_])) choice_ = i;
  }
  value_ = value(plans_[choice_]);
}

// ---- Buffers -----------------------------------------------------------------------------------

bool GemmTiler::reserve(std::size_t plan) {
  const Plan& p = plans_[plan];
  const std::string& name = b_.graph().operations[op_].name;
  const std::int64_t bytes = up(w_bytes(p.cols) + planes_bytes(p.cols), 64);
  if (!b_.allocate(panels_.ring, bytes, p.w_slots, name + " weights")) return false;
  if (table() && !b_.allocate(table_, 256, 1, name + " table")) {
    b_.free(panels_.ring);
    return false;
  }
  ready_ = p;
  return true;
}

void GemmTiler::preload() {
  const Plan& p = *ready_;
  panel_places_.assign(p.w_slots, {});
  if (table()) b_.load_bytes(g_.epilogue.table, 0, 256, table_.slots[0], op_);
  if (!b_.constant(g_.w)) return;
  for (std::int64_t i = 0; i < std::min<std::int64_t>(col_blocks(p), std::ssize(panel_places_));
       ++i) {
    panel(0, i * p.cols, std::min(p.cols, n_ - i * p.cols));
  }
}

bool GemmTiler::rings() {
  const Plan& p = *ready_;
  const std::string& name = b_.graph().operations[op_].name;
  bool good = true;
  if (!b_.in_l1(g_.a)) {
    good = b_.allocate(blocks_.ring, b_.dense_bytes(a(0, 0, p.rows)), p.a_slots, name + " rows");
  }
  if (good && g_.r.used() && !b_.in_l1(g_.r)) {
    good = b_.allocate(residual_, p.rows * up(p.cols * r_bytes_, 8), p.small_slots,
                       name + " residual");
  }
  if (good && !b_.in_l1(g_.y)) {
    good =
        b_.allocate(out_, g_.y_trans ? p.cols * up(p.rows, 8) : p.rows * up(p.cols * y_bytes_, 8),
                    p.small_slots, name + " output");
  }
  if (!good) free_rings();
  return good;
}

void GemmTiler::free_rings() {
  b_.free(blocks_.ring);
  b_.free(residual_);
  b_.free(out_);
  blocks_ = {};
}

// ---- Jobs --------------------------------------------------------------------------------------

GemmTiler::Panel GemmTiler::panel(std::int64_t b, std::int64_t n0, std::int64_t cols) {
  const Plan& p = *ready_;
  const std::int64_t key = (shared_w_ ? 0 : b) * col_blocks(p) + n0 / p.cols;
  const std::size_t slots = panels_.ring.slots.size();
  panels_.holds.resize(slots, -1);
  for (std::size_t i = 0; i < slots; ++i) {
    if (panels_.holds[i] == key) return panel_places_[i];
  }
  const std::size_t slot = panels_.ring.next % slots;
  const std::int64_t at = panels_.ring.take();
  panels_.holds[slot] = key;
  Panel x;
  const View view = w(b, n0, cols);
  std::int64_t from = 0, to = at;  // of the run that comes in one piece
  if (b_.in_l1(g_.w)) {
    x.w = b_.home(view);
  } else if (b_.constant(g_.w)) {
    x.w = {at, b_.dense(view)};
    from = b_.dense_bytes(view);
  } else {
    x.w = b_.load(view, at, op_);
    to = at + up(b_.dense_bytes(view), 8);
  }
  const Epilogue& e = g_.epilogue;
  const bool packed = from != 0;
  x.a = to + from;
  x.b = e.plane_b == integer::kNone ? 0 : x.a + 8 * cols;
  x.c = e.plane_c == integer::kNone ? 0 : (x.b != 0 ? x.b : x.a) + 8 * cols;
  const std::string name =
      fmt::format("panel {}+{} {} {} {} of {} {} {}", packed ? g_.w.tensor : -1,
                  packed ? view.offset : 0, n0, cols, g_.w_kn, e.plane_a, e.plane_b, e.plane_c);
  const std::int64_t l2 = b_.put(name, [&] { return pack(packed ? &view : nullptr, n0, cols); });
  b_.load_run(l2, from + planes_bytes(cols), to, op_,
              fmt::format("{} columns {}", b_.graph().operations[op_].name, n0));
  panel_places_[slot] = x;
  return x;
}

/// Weights, if given, and the planes' parts behind them.
std::vector<std::uint8_t> GemmTiler::pack(const View* w, std::int64_t n0, std::int64_t cols) const {
  std::vector<std::uint8_t> bytes;
  if (w != nullptr) {
    const auto strides = b_.dense(*w);
    const std::vector<std::uint8_t>& data = b_.graph().at(w->tensor).data;
    bytes.resize(static_cast<std::size_t>(b_.dense_bytes(*w)));
    for (std::int64_t i = 0; i < w->sizes[1]; ++i) {
      std::copy_n(data.begin() + w->offset + i * w->strides[1], w->sizes[2],
                  bytes.begin() + i * strides[1]);
    }
  }
  const auto plane = [&](TensorId t, std::int64_t width) {
    if (t == integer::kNone) return;
    const std::vector<std::uint8_t>& data = b_.graph().at(t).data;
    bytes.insert(bytes.end(), data.begin() + n0 * width, data.begin() + (n0 + cols) * width);
    bytes.resize(static_cast<std::size_t>(up(std::ssize(bytes), 8)));
  };
  plane(g_.epilogue.plane_a, 8);
  plane(g_.epilogue.plane_b, 8);
  plane(g_.epilogue.plane_c, 4);
  return bytes;
}

void GemmTiler::product(std::int64_t b, std::int64_t mb, std::int64_t nb) {
  const Plan& p = *ready_;
  const std::int64_t m0 = mb * p.rows, rows = std::min(p.rows, m_ - m0);
  const std::int64_t n0 = nb * p.cols, cols = std::min(p.cols, n_ - n0);
  const Panel x = panel(b, n0, cols);
  const Place a_at =
      b_.fetch(a(b, m0, rows), blocks_, (shared_a_ ? 0 : b) * row_blocks(p) + mb, op_);
  const Epilogue& e = g_.epilogue;
  engine_::Descriptor d;
  auto& w = d.w;
  w[0] = engine_::kOpGemm;
  const bool residual = e.residual != Epilogue::Residual::kNone;
  const bool y16 = y_bytes_ == 2, r16 = r_bytes_ == 2;
  w[4] = (g_.w_kn ? 1U : 0U) | (g_.y_trans ? 2U : 0U) | (y16 ? 4U : 0U) |
         (residual && r16 ? 8U : 0U) | static_cast<std::uint32_t>(e.residual) << 4 |
         (table() ? 64U : 0U) | (e.relu ? 128U : 0U) |
         (!residual && e.plane_b != integer::kNone ? 256U : 0U);
  w[5] = word(rows) | word(cols) << 16;
  std::int64_t segment = 0;
  if (g_.a.sizes.size() == 4) {
    segment = g_.a.sizes[3];
    if (g_.a.sizes[2] == 1 || a_at.strides[2] == segment) segment = 0;
    w[21] = segment != 0 ? word(a_at.strides[2]) : 0;
  }
  w[6] = word(k_) | word(segment) << 16;
  w[7] = word(a_at.addr), w[8] = word(a_at.strides[1]);
  w[9] = word(x.w.addr), w[10] = word(x.w.strides[1]);
  if (residual) {
    const Place r = b_.fetch(block(g_.r, false, b, m0, rows, n0, cols), residual_, op_);
    w[13] = word(r.addr), w[14] = word(r.strides[1]);
  }
  const View out = block(g_.y, g_.y_trans, b, m0, rows, n0, cols);
  const Place y = b_.target(out, out_);
  w[11] = word(y.addr), w[12] = word(y.strides[1]);
  w[15] = word(x.a), w[16] = word(x.b), w[17] = word(x.c);
  if (table()) w[18] = word(table_.slots[0]);
  w[19] = (word(e.lo) & 0xffff) | word(e.hi) << 16;
  for (const unsigned i : {8U, 10U, 12U, 14U}) w[i] = (w[i] + 7) & ~7U;  // of a single row: any
  b_.engine(d, op_);
  b_.finish(out, y, op_);
}

void GemmTiler::begin(bool any) {
  if (plans_.empty()) make_plans();
  const auto fits = [&](std::size_t plan) {
    if (plans_[plan].need > b_.available()) return false;
    if (reserve(plan) && rings()) return true;
    stop();
    return false;
  };
  if (ready_) {
    if (rings() || (any && b_.evict(op_) && rings())) return;
    if (!any) throw Allocator::NoRoom("later");
    stop();
  }
  bool found = fits(choice_);
  if (!found && any) {
    b_.evict(op_);
    found = fits(choice_);
    for (std::size_t i = 0; i < plans_.size() && !found; ++i) found = fits(i);  // by cost
  }
  if (!found) throw Allocator::NoRoom(b_.graph().operations[op_].name + ": no blocks fit");
  preload();
}

}  // namespace

std::unique_ptr<Tiler> make_gemm(Builder& b, std::size_t op) {
  return std::make_unique<GemmTiler>(b, op);
}

}  // namespace oct::schedule
