// SPDX-License-Identifier: Apache-2.0
// Kernels of the workers: row-wise ones by blocks of rows, the others at once. What does not fit
// into L1 is used where it stands in L2.
#include <algorithm>
#include <utility>

#include "compiler/integer/kernels.hpp"
#include "compiler/schedule/builder.hpp"
#include "compiler/schedule/cost.hpp"

namespace oct::schedule {
namespace {

using integer::Kernel;
constexpr double kJobCycles = 2000;  // of a call that is worth its start

/// Batch and rows of all operands as one dimension, where strides allow it.
Kernel flatten(Kernel k) {
  const auto each = [&](auto f) {
    for (View& v : k.inputs) f(v);
    for (View& v : k.outputs) f(v);
  };
  bool can = true;
  each([&](const View& v) {
    can = can && v.sizes[1] == k.outputs[0].sizes[1] &&
          (v.sizes[0] == 1 || v.strides[0] == v.sizes[1] * v.strides[1]);
  });
  if (!can) return k;
  each([](View& v) {
    v.sizes[1] *= v.sizes[0];
    v.sizes[0] = 1;
  });
  return k;
}

class KernelTiler final : public Tiler {
 public:
  KernelTiler(Builder& b, std::size_t op)
      : b_(b),
        op_(op),
        info_(integer::kernel_info(std::get<Kernel>(b.graph().operations[op].what).name)),
        k_(std::get<Kernel>(b.graph().operations[op].what)) {
    if (info_.row_wise) k_ = flatten(std::move(k_));
    for (const TensorId t : k_.constants) constant_bytes_ += up(bytes_of(t), 64);
    views_ = k_.inputs;
    views_.insert(views_.end(), k_.outputs.begin(), k_.outputs.end());
    rings_.resize(views_.size());
  }

  bool start() override {
    if (constant_bytes_ == 0 || !constants_.slots.empty()) return true;
    if (constant_bytes_ > b_.budget(op_) / 2) return true;  // they stay in L2
    if (!b_.allocate(constants_, constant_bytes_, 1, name() + " constants")) return false;
    std::int64_t at = constants_.slots[0];
    for (const TensorId t : k_.constants) {
      b_.load_bytes(t, 0, bytes_of(t), at, op_);
      at += up(bytes_of(t), 64);
    }
    return true;
  }
  void stop() override { b_.free(constants_); }
  double cost() override;
  std::int64_t beside() override { return info_.row_wise ? need(planned_rows()) : 0; }
  void begin(bool any) override;
  /// One more than there are blocks if results are stored: each block's store comes with the next
  /// block's call, so that other stores do not stand behind it while the workers are at it.
  [[nodiscard]] std::size_t steps() const override {
    return static_cast<std::size_t>(blocks()) + (stores() ? 1 : 0);
  }
  void step(std::size_t s) override {
    const auto i = static_cast<std::int64_t>(s);
    const std::vector<Store> before = std::exchange(stores_, {});
    const auto store = [&] {
      for (const Store& x : before) b_.finish(x.view, x.from, op_);
    };
    if (!twice_) store();  // the next block comes into the same buffers
    if (i < blocks()) {
      const std::int64_t r = i % row_blocks() * block_;
      block(i / row_blocks(), r, std::min(block_, all() - r));
    }
    if (twice_) store();
  }
  [[nodiscard]] std::int64_t rows(std::size_t s) const override {
    return std::min(all(), (static_cast<std::int64_t>(s) + (stores() ? 0 : 1)) * block_);
  }
  [[nodiscard]] std::int64_t needs(std::size_t s) const override {
    return std::min(all(), static_cast<std::int64_t>(s + 1) * block_);
  }
  void end() override {
    free_rings();
    stop();
  }

 private:
  struct Store {
    View view;
    Place from;
  };
  [[nodiscard]] std::int64_t row_blocks() const { return ceil_div(all(), block_); }
  [[nodiscard]] std::int64_t blocks() const { return batches() * row_blocks(); }
  [[nodiscard]] bool stores() const {
    for (std::size_t i = k_.inputs.size(); i < views_.size(); ++i) {
      if (!rings_[i].slots.empty()) return true;
    }
    return false;
  }
  [[nodiscard]] std::int64_t batches() const { return k_.outputs[0].sizes[0]; }
  [[nodiscard]] std::int64_t all() const {
    return info_.row_wise ? k_.outputs[0].sizes[1] : k_.inputs[0].sizes[1];
  }
  [[nodiscard]] const std::string& name() const { return b_.graph().operations[op_].name; }
  [[nodiscard]] std::int64_t bytes_of(TensorId t) const {
    return std::max<std::int64_t>(1, b_.graph().at(t).bytes());
  }
  [[nodiscard]] bool is_output(std::size_t i) const { return i >= k_.inputs.size(); }
  [[nodiscard]] View part(std::size_t i, std::int64_t batch, std::int64_t r0,
                          std::int64_t rows) const {
    const View& v = views_[i];
    const View one = v.slice(0, v.sizes[0] == 1 ? 0 : batch, 1);
    if (!info_.row_wise) return one;
    return v.sizes[1] == 1 ? one : one.slice(1, r0, rows);
  }
  [[nodiscard]] double cycles_of(std::int64_t rows) const {
    return info_.cycles(rows, k_.args, b_.machine().workers);
  }
  /// Rows of a block: as few as keep the start of a job small, so that neighbours wait little.
  [[nodiscard]] std::int64_t planned_rows() const {
    if (!info_.row_wise) return all();
    const std::int64_t chosen = b_.tuning().choice(op_).rows;
    const std::int64_t most = std::min(all(), chosen > 0 ? chosen : b_.tuning().kernel_rows);
    std::int64_t rows = std::min<std::int64_t>(most, b_.machine().workers);
    while (rows < most && cycles_of(rows) < kJobCycles) rows = std::min(most, 2 * rows);
    return rows;
  }
  /// Bytes with blocks of so many rows, once each: two would be better.
  [[nodiscard]] std::int64_t need(std::int64_t rows) const {
    std::int64_t bytes = constant_bytes_;
    for (std::size_t i = 0; i < views_.size(); ++i) {
      if (!b_.in_l1(views_[i])) bytes += up(b_.dense_bytes(part(i, 0, 0, rows)), 64);
    }
    return bytes;
  }
  bool rings(std::int64_t rows, std::size_t slots);
  void free_rings() {
    for (Ring& r : rings_) b_.free(r);
  }
  void block(std::int64_t batch, std::int64_t r0, std::int64_t rows);

  Builder& b_;
  std::size_t op_;
  const integer::KernelInfo& info_;
  Kernel k_;
  std::int64_t constant_bytes_ = 0, block_ = 1;
  std::vector<View> views_;
  std::vector<Ring> rings_;
  std::vector<Store> stores_;  // of the last block
  bool twice_ = false;         // two buffers for each operand
  Ring constants_;
};

bool KernelTiler::rings(std::int64_t rows, std::size_t slots) {
  for (std::size_t i = 0; i < views_.size(); ++i) {
    if (b_.in_l1(views_[i])) continue;
    if (!b_.allocate(rings_[i], b_.dense_bytes(part(i, 0, 0, rows)), slots, name() + " rows")) {
      free_rings();
      return false;
    }
  }
  twice_ = slots > 1;
  return true;
}

double KernelTiler::cost() {
  const std::int64_t rows = planned_rows();
  const auto jobs = static_cast<double>(batches() * ceil_div(all(), rows));
  std::int64_t need = constant_bytes_;
  double cycles = jobs * cycles_of(rows);
  for (std::size_t i = 0; i < views_.size(); ++i) {
    if (b_.in_l1(views_[i])) continue;
    const View v = part(i, 0, 0, rows);
    need += 2 * b_.dense_bytes(v);
    cycles += 300 + 0.3 * jobs * cost::dma(v.sizes[1], v.sizes[2] * b_.elem(v));
  }
  // Without room for them, operands stay in L2: an access there takes a hundred times as long.
  return need <= b_.budget(op_)                            ? cycles
         : info_.row_wise && need / rows <= b_.budget(op_) ? 1.3 * cycles + 500
                                                           : 100 * cycles;
}

void KernelTiler::block(std::int64_t batch, std::int64_t r0, std::int64_t rows) {
  std::vector<CallRows> operands, constants;
  std::vector<Place> places(views_.size());
  for (std::size_t i = 0; i < views_.size(); ++i) {
    const View v = part(i, batch, r0, rows);
    CallRows x;
    Place& at = places[i];
    if (!b_.in_l1(v) && rings_[i].slots.empty()) {
      x.memory = Memory::kL2;
      at = {b_.l2(v), {v.strides.begin(), v.strides.end() - 1}};
    } else {
      at = is_output(i) ? b_.target(v, rings_[i]) : b_.fetch(v, rings_[i], op_);
    }
    x.addr = at.addr;
    x.stride = v.sizes[1] == 1 && info_.row_wise && rows > 1 ? 0 : at.strides[1];
    x.rows = v.sizes[1];
    x.bytes = v.sizes[2] * b_.elem(v);
    x.write = is_output(i);
    operands.push_back(x);
  }
  std::int64_t at = constants_.slots.empty() ? -1 : constants_.slots[0];
  for (const TensorId t : k_.constants) {
    CallRows x;
    x.bytes = bytes_of(t), x.rows = 1;
    if (at >= 0) {
      x.addr = at;
      at += up(bytes_of(t), 64);
    } else {
      x.memory = Memory::kL2;
      x.addr = b_.l2(b_.graph().whole(t));
    }
    constants.push_back(x);
  }
  b_.call(call_job(k_.name, rows, operands, constants, k_.args), op_, cycles_of(rows));
  const std::size_t job = b_.now() - 1;
  for (std::size_t i = k_.inputs.size(); i < views_.size(); ++i) {
    const View v = part(i, batch, r0, rows);
    if (operands[i].memory == Memory::kL2) {
      b_.piece(v, Memory::kL2, places[i].addr, places[i].strides, job);
    } else if (b_.in_l1(v)) {
      b_.piece(v, Memory::kL1, places[i].addr, places[i].strides, job);
    } else {
      stores_.push_back({v, places[i]});
    }
  }
}

void KernelTiler::begin(bool any) {
  if (!any) {
    block_ = planned_rows();
    if (rings(block_, 2) || rings(block_, 1)) {
      if (start()) return;
      free_rings();
    }
    throw Allocator::NoRoom("later");
  }
  if (!start() && b_.evict(op_) && !start()) {
    // The constants stay in L2.
  }
  std::int64_t rows = 0;
  const std::int64_t most = planned_rows();
  for (int round = 0; round < 2 && rows == 0; ++round) {
    for (std::int64_t r = most; r >= 1 && rows == 0; r = r == 1 ? 0 : ceil_div(r, 2)) {
      const bool single = batches() * ceil_div(all(), r) == 1;
      if (rings(r, single ? 1 : 2) || (!single && r <= 8 && rings(r, 1))) rows = r;
      if (!info_.row_wise) break;
      if (round == 0 && rows == 0 && b_.evict(op_)) break;
    }
  }
  if (rows == 0) {
    rows = most;
    for (const View& v : views_) {
      if (v.slot_stride == 0) continue;
      stop();
      throw Allocator::NoRoom(name() + ": no rows fit");
    }
  }
  block_ = ceil_div(all(), ceil_div(all(), rows));
}

}  // namespace

std::unique_ptr<Tiler> make_kernel(Builder& b, std::size_t op) {
  return std::make_unique<KernelTiler>(b, op);
}

}  // namespace oct::schedule
