// SPDX-License-Identifier: Apache-2.0
// Products: blocks of rows of A, panels (columns of the weights with their parameters), in one of
// two orders. What is at home in L1 is used in place; everything else goes through buffers.
#pragma once

#include <optional>
#include <vector>

#include "compiler/schedule/builder.hpp"
#include "compiler/schedule/cost.hpp"

namespace oct::schedule {

/// Sizes of blocks and panels, and their buffers.
struct GemmPlan {
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
        g_(std::get<integer::Gemm>(b.graph().operations[op].what)),
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
    // What there is room for: the first panels are loaded, others get their buffers later.
    const std::size_t least =
        b_.tuning().choice(op_).other_wait != b_.tuning().wait ? plans_[choice_].w_slots : 1;
    for (std::size_t slots = plans_[choice_].w_slots; slots >= least; --slots) {
      if (!reserve(choice_, slots)) continue;
      preload();
      return true;
    }
    return false;
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
  [[nodiscard]] std::int64_t row_blocks(const GemmPlan& p) const { return ceil_div(m_, p.rows); }
  [[nodiscard]] std::int64_t col_blocks(const GemmPlan& p) const { return ceil_div(n_, p.cols); }
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
    const integer::Epilogue& e = g_.epilogue;
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
  [[nodiscard]] double cost_of(const GemmPlan& p, std::int64_t panel) const;
  [[nodiscard]] std::int64_t panel_bytes(const GemmPlan& p) const;
  bool reserve(std::size_t plan, std::size_t slots);
  void grow();
  void preload();
  bool rings();
  void free_rings();
  struct Panel {
    Place w;
    std::int64_t a = 0, b = 0, c = 0;
    std::int64_t slot = 0;
  };
  Panel panel(std::int64_t b, std::int64_t n0, std::int64_t cols);
  [[nodiscard]] std::vector<std::uint8_t> pack(const View* w, std::int64_t n0,
                                               std::int64_t cols) const;
  void product(std::int64_t b, std::int64_t mb, std::int64_t nb);

  Builder& b_;
  std::size_t op_;
  const integer::Gemm& g_;
  std::int64_t batch_, m_, n_, k_, y_bytes_, r_bytes_;
  bool shared_w_, shared_a_;
  std::vector<GemmPlan> plans_;
  std::size_t choice_ = 0;
  double value_ = 0;
  double beside_ = 0;              // cycles of the kernels that share its rows
  std::optional<GemmPlan> ready_;  // what start() has prepared
  Cache panels_, blocks_;
  std::vector<Panel> panel_places_;
  Ring table_, residual_, out_;
};

}  // namespace oct::schedule
