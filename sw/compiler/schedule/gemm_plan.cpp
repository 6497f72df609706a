// SPDX-License-Identifier: Apache-2.0
// Which sizes of blocks a product could have, and what each costs.
#include <algorithm>
#include <tuple>

#include "compiler/schedule/gemm.hpp"

namespace oct::schedule {
namespace {
constexpr double kJob = 30;             // cycles that a further job of the engine costs
constexpr double kLoad = 4;             // ... of the DMA
constexpr double kLatency = 150;        // of a transfer, semaphores included
constexpr std::int64_t kLittle = 6144;  // bytes that are never worth waiting for
}  // namespace

/// Whether outputs and operands at home in L1 start on words with such columns.
bool GemmTiler::cols_fit(std::int64_t cols) const {
  if (cols >= n_ || cols % 8 == 0) return true;
  const bool here = b_.in_l1(g_.y) || (g_.r.used() && b_.in_l1(g_.r)) || b_.in_l1(g_.w);
  return !here;
}

double GemmTiler::cost_of(const GemmPlan& p, std::int64_t panel) const {
  const std::int64_t mb = row_blocks(p), nb = col_blocks(p);
  const std::int64_t w_loads = static_cast<std::int64_t>(p.w_slots) >= nb
                                   ? (shared_w_ ? nb : nb * batch_)
                                   : nb * batch_ * (p.rows_outer ? mb : 1);
  const std::int64_t a_loads =
      p.rows_outer || static_cast<std::int64_t>(p.a_slots) >= mb ? mb * batch_ : mb * nb * batch_;
  const double jobs = static_cast<double>(mb * nb * batch_);
  const double job =
      kJob + cost::gemm(b_.machine(), p.rows, p.cols, k_, y_bytes_, r_bytes_) +
      (b_.machine().engine && b_.tuning().extras ? cost::gemm_extra(p.rows, table(), r_bytes_) : 0);
  const double products = jobs * job;
  const double drain = cost::gemm_drain(b_.machine(), p.rows, p.cols, table());
  double in = 0, out = 0, waits = 0;
  // `count` transfers of `cycles`, one buffer more being used up in `use` cycles.
  const auto stream = [&](double count, double cycles, std::size_t slots, double use) {
    if (count > 1) {
      waits +=
          count * std::max(0.0, cycles + kLatency + drain - static_cast<double>(slots - 1) * use);
    }
    return count * (cycles + kLoad);
  };
  const double inner = static_cast<double>(p.rows_outer ? nb : mb) * job;
  if (!b_.in_l1(g_.a)) {
    in += stream(static_cast<double>(a_loads), cost::dma(p.rows, k_), p.a_slots,
                 p.rows_outer ? inner : job);
    if (!b_.constant(g_.a)) waits += b_.tuning().round_trip;
  }
  if (static_cast<std::int64_t>(p.w_slots) < nb || w_loads > 0) {
    in += stream(static_cast<double>(w_loads), cost::dma(1, panel), p.w_slots,
                 p.rows_outer ? job : inner);
  }
  if (g_.r.used() && !b_.in_l1(g_.r)) {
    in += stream(jobs, cost::dma(p.rows, p.cols * r_bytes_), p.small_slots, job);
  }
  if (!b_.in_l1(g_.y)) {
    const std::int64_t y_rows = g_.y_trans ? p.cols : p.rows, y_cols = g_.y_trans ? p.rows : p.cols;
    out += stream(jobs, cost::dma(y_rows, y_cols * y_bytes_), p.small_slots, job);
    waits += b_.tuning().round_trip;
  }
  // Where there is no room ahead, the first product waits for all of its operands.
  waits += b_.tuning().first * (cost::dma(1, panel) + cost::dma(p.rows, k_));
  // Neighbours start when the first rows are done, and wait for the last ones.
  const double pieces =
      p.rows_outer ? static_cast<double>(mb * batch_) : static_cast<double>(batch_);
  return std::max({products + waits, in, out}) + 0.05 * (in + out) +
         (b_.tuning().tail * products + b_.tuning().beside * beside_) / pieces;
}

void GemmTiler::add_plans(std::int64_t rows, std::int64_t cols) {
  GemmPlan p;
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
  const std::int64_t panel = w_bytes(cols) + planes_bytes(cols), w_bytes = up(panel, 64);
  std::int64_t small = 0;
  if (g_.r.used() && !b_.in_l1(g_.r)) small += up(rows * up(cols * r_bytes_, 8), 64);
  if (!b_.in_l1(g_.y)) {
    small += g_.y_trans ? up(cols * up(rows, 8), 64) : up(rows * up(cols * y_bytes_, 8), 64);
  }
  const Choice::Order order = b_.tuning().choice(op_).order;
  for (const bool rows_outer : {true, false}) {
    const bool one = mb == 1 || nb == 1;
    if (!one && order != Choice::Order::kAny && (order == Choice::Order::kRows) != rows_outer) {
      continue;
    }
    if (!rows_outer && one) continue;
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
          p.cost = cost_of(p, panel);
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
  const Choice choice = b_.tuning().choice(op_);
  const std::int64_t most = choice.rows > 0 ? choice.rows : b_.tuning().rows;
  const auto add = [](std::vector<std::int64_t>& to, std::int64_t v) {
    if (std::find(to.begin(), to.end(), v) == to.end()) to.push_back(v);
  };
  const std::int64_t row_step = g_.y_trans ? 8 : 1;
  if (m_ <= most * 5 / 4) add(rows, m_);
  for (const std::int64_t r : {256, 128, 96, 64, 48, 32, 24, 16, 8, 4, 2, 1}) {
    if (r >= m_ || r > most || r % row_step != 0) continue;
    // Even blocks.
    add(rows, std::min(m_, up(ceil_div(m_, ceil_div(m_, r)), row_step)));
  }
  // Blocks of the engine of the same size: 29 rows of 257, so 58 or 87.
  const std::int64_t block = ceil_div(m_, ceil_div(m_, 32));
  for (const std::int64_t n : {4, 3, 2, 1}) {
    const std::int64_t r = n * block;
    if (r < m_ && 32 * n <= most && r % row_step == 0) add(rows, r);
  }
  if (g_.y_trans) add(rows, std::min<std::int64_t>(m_, 8));
  if (choice.cols == 0 || n_ <= choice.cols) add(cols, n_);
  for (const std::int64_t c : {1024, 512, 256, 128, 96, 64, 48, 32, 16, 8, 4, 2, 1}) {
    if (c % 48 == 0 && !b_.tuning().fine && c != choice.cols) continue;
    if (c >= n_ || !cols_fit(c) || (choice.cols > 0 && c > choice.cols)) continue;
    const std::int64_t even =
        c < 16 ? c : std::min(n_, up(ceil_div(n_, ceil_div(n_, c)), std::int64_t{16}));
    add(cols, even);
  }
  const auto only_large = [](std::vector<std::int64_t>& of, std::int64_t most_of) {
    const auto small = [&](std::int64_t v) { return v <= most_of * 2 / 3; };
    if (!std::all_of(of.begin(), of.end(), small)) std::erase_if(of, small);
  };
  only_large(rows, choice.rows);
  only_large(cols, choice.cols);
  for (const std::int64_t r : rows) {
    for (const std::int64_t c : cols) {
      if (r <= 65535 && c <= 65535) add_plans(r, c);
    }
  }
  // The cheapest that fits; better one that leaves room for the next operation's constants.
  const std::int64_t budget = b_.budget(op_);
  const auto value = [&](const GemmPlan& p) {
    return p.need > budget ? kNoRoom + static_cast<double>(p.need)
                           : p.cost + (p.need > budget * 6 / 10 ? b_.tuning().not_ahead : 0);
  };
  const auto better = [&](const GemmPlan& x, const GemmPlan& y) {
    return std::tuple(value(x), x.cost, x.need, x.number) <
           std::tuple(value(y), y.cost, y.need, y.number);
  };
  const auto best = std::min_element(plans_.begin(), plans_.end(), better);
  choice_ = static_cast<std::size_t>(best - plans_.begin());
  value_ = value(*best);
}

}  // namespace oct::schedule
