// SPDX-License-Identifier: Apache-2.0
// Products: their buffers and jobs.
#include "compiler/schedule/gemm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace oct::schedule {

namespace engine_ = golden::engine;
using integer::Epilogue;

// ---- Buffers -----------------------------------------------------------------------------------

std::int64_t GemmTiler::panel_bytes(const GemmPlan& p) const {
  return up(w_bytes(p.cols) + planes_bytes(p.cols), 64);
}

bool GemmTiler::reserve(std::size_t plan, std::size_t slots) {
  const GemmPlan& p = plans_[plan];
  const std::string& name = b_.graph().operations[op_].name;
  if (!b_.allocate(panels_.ring, panel_bytes(p), slots, name + " weights")) return false;
  if (table() && !b_.allocate(table_, 256, 1, name + " table")) {
    b_.free(panels_.ring);
    return false;
  }
  ready_ = p;
  return true;
}

/// The buffers for panels that there was no room for at the start.
void GemmTiler::grow() {
  while (
      panels_.ring.slots.size() < ready_->w_slots &&
      b_.extend(panels_.ring, panel_bytes(*ready_), b_.graph().operations[op_].name + " weights")) {
  }
}

void GemmTiler::preload() {
  const GemmPlan& p = *ready_;
  panel_places_.assign(p.w_slots, {});
  if (table()) b_.load_bytes(g_.epilogue.table, 0, 256, table_.slots[0], op_);
  if (!b_.constant(g_.w)) return;
  for (std::int64_t i = 0;
       i < std::min<std::int64_t>(col_blocks(p), std::ssize(panels_.ring.slots)); ++i) {
    panel(0, i * p.cols, std::min(p.cols, n_ - i * p.cols));
  }
}

bool GemmTiler::rings() {
  const GemmPlan& p = *ready_;
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
  const GemmPlan& p = *ready_;
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
  x.slot = at;
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
  const std::int64_t l2 = b_.put(name, from + planes_bytes(cols),
                                 [&] { return pack(packed ? &view : nullptr, n0, cols); });
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
  const GemmPlan& p = *ready_;
  const std::int64_t m0 = mb * p.rows, rows = std::min(p.rows, m_ - m0);
  const std::int64_t n0 = nb * p.cols, cols = std::min(p.cols, n_ - n0);
  grow();
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
  b_.used(panels_.ring, x.slot);
  b_.used(blocks_.ring, a_at.addr);
  if (residual) b_.used(residual_, w[13]);
  b_.finish(out, y, op_);
  b_.used(out_, y.addr);
}

void GemmTiler::begin(bool any) {
  if (plans_.empty()) make_plans();
  const auto fits = [&](std::size_t plan) {
    if (plans_[plan].need > b_.available()) return false;
    if (reserve(plan, plans_[plan].w_slots) && rings()) return true;
    stop();
    return false;
  };
  if (ready_) {
    if (rings() || (any && b_.evict(op_) && rings())) return grow();
    if (!any) throw Allocator::NoRoom("later");
    stop();
  }
  bool found = fits(choice_);
  if (!found && any) {
    b_.evict(op_);
    found = fits(choice_);
    if (!found) {
      std::sort(plans_.begin(), plans_.end(), [](const GemmPlan& x, const GemmPlan& y) {
        return std::tuple(x.cost, x.need, x.number) < std::tuple(y.cost, y.need, y.number);
      });
      for (std::size_t i = 0; i < plans_.size() && !found; ++i) found = fits(i);
    }
  }
  if (!found) throw Allocator::NoRoom(b_.graph().operations[op_].name + ": no blocks fit");
  preload();
}

std::unique_ptr<Tiler> make_gemm(Builder& b, std::size_t op) {
  return std::make_unique<GemmTiler>(b, op);
}

}  // namespace oct::schedule
