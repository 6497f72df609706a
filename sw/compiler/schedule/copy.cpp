// SPDX-License-Identifier: Apache-2.0
// Copies between views, and rows of tables by ids.
#include <algorithm>

#include "compiler/schedule/builder.hpp"
#include "compiler/schedule/cost.hpp"

namespace oct::schedule {
namespace {

using integer::Copy;
using integer::Gather;

class CopyTiler final : public Tiler {
 public:
  CopyTiler(Builder& b, std::size_t op)
      : b_(b), op_(op), c_(std::get<Copy>(b.graph().operations[op].what)) {}
  bool start() override { return true; }
  void stop() override {}
  double cost() override {
    std::int64_t rows = 1;
    for (std::size_t d = 0; d + 1 < c_.from.sizes.size(); ++d) rows *= c_.from.sizes[d];
    const double once = cost::dma(rows, c_.from.sizes.back() * b_.elem(c_.from));
    return (b_.in_l1(c_.from) || b_.in_l1(c_.to) ? 1 : 2) * (once + 150);
  }
  void begin(bool /*any*/) override {}
  void step(std::size_t s) override;
  [[nodiscard]] std::int64_t rows(std::size_t /*s*/) const override { return 0; }
  void end() override {}

 private:
  void through(const View& from, const View& to, std::int64_t limit);

  Builder& b_;
  std::size_t op_;
  const Copy& c_;
  Ring buffers_;
};

/// From L2 to L2, in parts of `limit` bytes.
void CopyTiler::through(const View& from, const View& to, std::int64_t limit) {
  if (b_.dense_bytes(from) <= limit) {
    const Place at = b_.load(from, buffers_.take(), op_);
    b_.finish(to, at, op_);
    return;
  }
  std::size_t d = 0;
  while (from.sizes[d] == 1) ++d;
  // As many of the outermost dimension as fit, at least one; then the next dimension.
  std::int64_t count = from.sizes[d];
  while (count > 1 && b_.dense_bytes(from.slice(d, 0, count)) > limit) count = ceil_div(count, 2);
  for (std::int64_t i = 0; i < from.sizes[d]; i += count) {
    const std::int64_t n = std::min(count, from.sizes[d] - i);
    through(from.slice(d, i, n), to.slice(d, i, n), limit);
  }
}

void CopyTiler::step(std::size_t /*s*/) {
  const bool from_l1 = b_.in_l1(c_.from), to_l1 = b_.in_l1(c_.to);
  if (from_l1 && !to_l1) {
    b_.finish(c_.to, b_.home(c_.from), op_);
    return;
  }
  if (to_l1) {
    b_.load_into(c_.from, c_.to, op_);
    return;
  }
  std::int64_t limit = std::min(up(b_.dense_bytes(c_.from), 64),
                                std::max<std::int64_t>(64, b_.machine().l1_bytes / 16 / 64 * 64));
  const std::string& name = b_.graph().operations[op_].name;
  while (!b_.allocate(buffers_, limit, 2, name + " buffer")) {
    if (b_.evict(op_)) continue;
    limit = up(limit / 2, 8);
    if (limit <= 8) throw Allocator::NoRoom(name + ": no buffer fits");
  }
  through(c_.from, c_.to, limit);
  b_.free(buffers_);
}

class GatherTiler final : public Tiler {
 public:
  GatherTiler(Builder& b, std::size_t op)
      : b_(b), op_(op), g_(std::get<Gather>(b.graph().operations[op].what)) {}
  bool start() override { return true; }
  void stop() override {}
  double cost() override {
    const double rows = static_cast<double>(g_.to.sizes[0]);
    return rows * 10 + (b_.in_l1(g_.to) ? 0 : rows * 4 + 150);
  }
  void begin(bool any) override;
  [[nodiscard]] std::size_t steps() const override {
    return static_cast<std::size_t>(ceil_div(g_.to.sizes[0], block_));
  }
  void step(std::size_t s) override;
  [[nodiscard]] std::int64_t rows(std::size_t s) const override {
    return std::min(g_.to.sizes[0], static_cast<std::int64_t>(s + 1) * block_);
  }
  void end() override { b_.free(buffers_); }

 private:
  void row(std::int64_t i, std::int64_t l1, double before);

  static constexpr std::int64_t kRows = 16;  // at a time: neighbours go on with them
  static constexpr double kPatch = 60;       // cycles of the controller for one row
  static constexpr double kTable = 500;      // ... and before some rows of a table

  Builder& b_;
  std::size_t op_;
  const Gather& g_;
  std::int64_t block_ = 1;
  Ring buffers_;
};

void GatherTiler::row(std::int64_t i, std::int64_t l1, double before) {
  const View table = b_.graph().whole(g_.table);
  Transfer t;
  t.l1 = l1, t.l2 = b_.l2(table);
  t.sizes = {table.sizes[1] * b_.elem(table)};
  for (Job& j : dma_jobs(t)) {
    // Any row of the table.
    const integer::Tensor& x = b_.graph().at(g_.table);
    for (Range& r : j.ranges) {
      if (r.memory == Memory::kL2) r = {Memory::kL2, t.l2, x.bytes(), 1, 0, false};
    }
    j.ranges.push_back({Memory::kL2, b_.l2(g_.ids) + i * g_.ids.strides[0], 8, 1, 0, false});
    Patch p;
    p.id_l2 = b_.l2(g_.ids) + i * g_.ids.strides[0];
    p.stride = word(x.row_bytes());
    p.limit = word(x.shape[0]);
    j.estimate = before + std::max(kPatch, cost::job(b_.machine(), j));
    const std::size_t at = b_.append(std::move(j), op_, b_.graph().operations[op_].name);
    p.index = b_.job(at).index;
    b_.patch(p);
    if (b_.in_l1(g_.to)) b_.dma_pieces(at, g_.to.tensor);
  }
}

void GatherTiler::begin(bool any) {
  block_ = std::min(g_.to.sizes[0], kRows);
  if (b_.in_l1(g_.to)) return;
  const std::string& name = b_.graph().operations[op_].name;
  while (!b_.allocate(buffers_, b_.dense_bytes(g_.to.slice(0, 0, block_)), 2, name + " rows")) {
    if (!any) throw Allocator::NoRoom("later");
    if (b_.evict(op_)) continue;
    if (block_ == 1) throw Allocator::NoRoom(name + ": no row fits");
    block_ = ceil_div(block_, 2);
  }
}

void GatherTiler::step(std::size_t s) {
  const std::int64_t first = static_cast<std::int64_t>(s) * block_;
  const View part = g_.to.slice(0, first, std::min(block_, g_.to.sizes[0] - first));
  const bool here = b_.in_l1(g_.to);
  const Place at = here ? b_.home(part) : Place{buffers_.take(), b_.dense(part)};
  for (std::int64_t j = 0; j < part.sizes[0]; ++j) {
    const bool table = j == 0 && part.sizes[0] > 1;
    row(first + j, at.addr + j * at.strides[0], table ? kTable : 0);
  }
  if (here) return;
  b_.finish(part, at, op_);
  b_.used(buffers_, at.addr);
}

}  // namespace

std::unique_ptr<Tiler> make_copy(Builder& b, std::size_t op) {
  return std::make_unique<CopyTiler>(b, op);
}
std::unique_ptr<Tiler> make_gather(Builder& b, std::size_t op) {
  return std::make_unique<GatherTiler>(b, op);
}

}  // namespace oct::schedule
