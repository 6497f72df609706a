// SPDX-License-Identifier: Apache-2.0
#include "compute_bench.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <stdexcept>

namespace compute {
namespace {
template <typename Port>
u32* wide(Port& port) {
  if constexpr (requires { port.data(); })
    return reinterpret_cast<u32*>(port.data());
  else
    return reinterpret_cast<u32*>(&port);
}
template <typename Port>
void put(Port& port, int bit, int width, u64 value) {
  if constexpr (std::is_integral_v<Port>) {
    const u64 mask = ((u64{1} << width) - 1) << bit;
    port = static_cast<Port>((u64{port} & ~mask) | (value << bit & mask));
  } else {
    throw std::logic_error("put: wide port");
  }
}
}  // namespace

Bench::Bench(std::mt19937_64 generator, Manners m) : random(std::move(generator)), manners(m) {
  contexts_.resize(2);
  dut->clear_i = 0;
  dut->s_valid_i = 0;
  dut->logit_valid_i = 0;
  dut->region_free_i = 0;
  dut->acc_req_i = 0;
  dut->acc_row_i = 0;
  dut->norm_ready_i = 0;
  dut->b_valid_i = 0;
  dut.reset();
}

// ---- Beats -------------------------------------------------------------------------------------
void Bench::x_row(const std::array<u8, 64>& data, int bytes, bool split, u8 mask) {
  Beat b;
  b.index = rows_ % 64;
  b.order = rows_++;
  b.bytes = bytes;
  b.split = split;
  b.mask = mask;
  b.data = data;
  x_[kHalves == 2 ? b.index % 2 : 0].push_back(b);
}

void Bench::words(const std::vector<u64>& values) {
  // One beat each, or two in one.
  for (std::size_t i = 0; i < values.size();) {
    Beat b;
    b.dest = kMask;
    b.order = words_;
    const std::size_t count = values.size() - i >= 2 && tb::chance(random, 50) ? 2 : 1;
    b.mask = static_cast<u8>(count == 2 ? 3 : 1);
    std::memcpy(b.data.data(), &values[i], 8 * count);
    words_ += static_cast<int>(count);
    i += count;
    m_.push_back(b);
  }
}

Bench::WUse Bench::w_use(bool bank) { return {bank, uses_[bank]++}; }

void Bench::w_claim() {
  const WUse use = w_use(true);
  for (int h = 0; h < kHalves; ++h) {
    Beat b;
    b.dest = kW;
    b.bank = true;
    b.order = use.order;
    b.last = true;
    b.mask = 0;
    for (u8& v : b.data) v = byte();
    w_[static_cast<unsigned>(h)].push_back(b);
  }
}

/// rows[u]: lanes of unit u. `bytes` of them matter, the others are noise.
void Bench::w_rows(bool bank, const std::vector<std::array<u8, 64>>& rows, int bytes) {
  const WUse use = w_use(bank);
  for (int h = 0; h < kHalves; ++h) {
    const int first = h * kUnits / kHalves;
    const int count = std::clamp(static_cast<int>(rows.size()) - first, 0, kUnits / kHalves);
    for (int i = 0; i < std::max(count, 1); ++i) {
      Beat b;
      b.dest = kW;
      b.bank = bank;
      b.order = use.order;
      b.last = i + 1 >= count;
      b.index = first + i;
      b.mask = 0;
      if (count > 0) {
        b.mask = static_cast<u8>((1U << (bytes + 7) / 8) - 1);
        b.data = rows[static_cast<unsigned>(first + i)];
      }
      w_[static_cast<unsigned>(h)].push_back(b);
    }
  }
}

/// The same numbers, but eight lanes a beat, one word of eight units for each.
void Bench::w_columns(bool bank, const std::vector<std::array<u8, 64>>& rows, int bytes) {
  const WUse use = w_use(bank);
  const bool turns = kHalves == 2 && kUnits == 8;
  for (int h = 0; h < kHalves; ++h) {
    std::vector<Beat> list;
    const int unit0 = kUnits == 16 ? 8 * h : 0;
    for (int lane = turns ? 8 * h : 0; lane < bytes; lane += turns ? 16 : 8) {
      if (unit0 >= static_cast<int>(rows.size())) break;
      Beat b;
      b.dest = kW;
      b.bank = bank;
      b.kn = true;
      b.order = use.order;
      b.index = lane;
      b.mask = static_cast<u8>((1U << std::min(8, bytes - lane)) - 1);
      b.high = kUnits == 4 && tb::chance(random, 50);
      for (u8& v : b.data) v = byte();
      for (int i = 0; i < 8 && lane + i < bytes; ++i) {
        for (int u = 0; u < 8 && unit0 + u < static_cast<int>(rows.size()); ++u) {
          b.data[static_cast<unsigned>(8 * i + u + (b.high ? 4 : 0))] =
              rows[static_cast<unsigned>(unit0 + u)][static_cast<unsigned>(lane + i)];
        }
      }
      list.push_back(b);
    }
    if (list.empty()) {
      Beat b;
      b.dest = kW;
      b.bank = bank;
      b.kn = true;
      b.order = use.order;
      b.mask = 0;
      list.push_back(b);
    }
    list.back().last = true;
    for (const Beat& b : list) w_[static_cast<unsigned>(h)].push_back(b);
  }
}

void Bench::drive_beat(int half, const Beat* beat) {
  put(dut->b_valid_i, half, 1, beat != nullptr);
  if (beat == nullptr) return;
  put(dut->b_mask_i, 8 * half, 8, beat->mask);
  put(dut->b_dest_i, 8 * half, 8, beat->dest);
  put(dut->b_index_i, 8 * half, 8, static_cast<u64>(beat->index));
  put(dut->b_bytes_i, 8 * half, 8, static_cast<u64>(beat->bytes));
  put(dut->b_bank_i, half, 1, beat->bank);
  put(dut->b_kn_i, half, 1, beat->kn);
  put(dut->b_split_i, half, 1, beat->split);
  put(dut->b_high_i, half, 1, beat->high);
  put(dut->b_last_i, half, 1, beat->last);
  std::memcpy(reinterpret_cast<u8*>(wide(dut->b_data_i)) + 64 * half, beat->data.data(), 64);
}

void Bench::beats() {
  for (int h = 0; h < kHalves; ++h) {
    std::array<std::deque<Beat>*, 3> from{&x_[static_cast<unsigned>(h)],
                                          &w_[static_cast<unsigned>(h)], h == 0 ? &m_ : nullptr};
    std::array<bool, 3> may{};
    for (unsigned i = 0; i < 3; ++i) {
      if (from[i] == nullptr || from[i]->empty()) continue;
      const Beat& b = from[i]->front();
      if (i == 0) may[i] = b.order < rows_free_;
      if (i == 1) may[i] = b.order < bank_free_[b.bank];
      if (i == 2) may[i] = b.order + (b.mask == 3 ? 2 : 1) <= words_free_;
    }
    unsigned pick = tb::uniform<unsigned>(random, 0, 2);
    if (manners.in_turn) pick = may[2] ? 2 : turn_[static_cast<unsigned>(h)]++ % 2;
    for (unsigned n = 0; n < 3 && !may[pick]; ++n) pick = (pick + 1) % 3;
    if (!may[pick] || !tb::chance(random, manners.beats)) {
      drive_beat(h, nullptr);
      continue;
    }
    drive_beat(h, &from[pick]->front());
    from[pick]->pop_front();
  }
}

// ---- Slots -------------------------------------------------------------------------------------
void Bench::slot() {
  if (!slot_shown_ && !slots_.empty() && tb::chance(random, manners.slots)) {
    const Slot& s = slots_.front();
    // Two jobs under way at most; the context of the one before the last is free then.
    const bool two = s.job >= 2 && drains_left_[static_cast<unsigned>(s.job - 2)] > 0;
    if (!two) {
      slot_shown_ = true;
      const Context& c = contexts_[static_cast<unsigned>(s.job)];
      const int x = s.job & 1;
      put(dut->ctx_causal_i, x, 1, c.causal);
      put(dut->ctx_first_i, x, 1, c.first);
      put(dut->ctx_last_i, x, 1, c.last);
      put(dut->ctx_offset_i, 32 * x, 32, static_cast<u32>(c.offset));
      put(dut->ctx_window_i, 16 * x, 16, static_cast<u64>(c.window));
      dut->s_ctx_i = static_cast<u8>(x);
      dut->s_kind_i = static_cast<u8>(s.kind);
      dut->s_rows_i = s.rows & 127;
      dut->s_acc_base_i = static_cast<u8>(s.acc_base);
      dut->s_keys_i = static_cast<u8>(s.keys);
      dut->s_key0_i = static_cast<u32>(s.key0);
      dut->s_q0_i = static_cast<u32>(s.q0);
      dut->s_bank_i = s.bank;
      dut->s_w_first_i = s.w_first;
      dut->s_w_last_i = s.w_last;
      dut->s_x_keep_i = s.x_keep;
      dut->s_acc_first_i = s.acc_first;
      dut->s_acc_last_i = s.acc_last;
      dut->s_split_i = s.split;
      dut->s_dual_i = s.dual;
      dut->s_odd_i = s.odd;
      dut->s_tail_i = s.tail;
      dut->s_tile_first_i = s.tile_first;
      dut->s_tile_last_i = s.tile_last;
      dut->s_par_i = s.par;
      dut->s_mask_i = s.mask;
    }
  }
  dut->s_valid_i = slot_shown_;
}

// ---- Lanes, drain, scales
// ------------------------------------------------------------------------
void Bench::logits() {
  dut->logit_valid_i = !lanes_.empty() && lanes_.front().due == now_;
  if (dut->logit_valid_i) {
    std::memcpy(wide(dut->logit_lo_i), lanes_.front().lo.data(), 2 * kUnits);
    std::memcpy(wide(dut->logit_hi_i), lanes_.front().hi.data(), 2 * kUnits);
    lanes_.pop_front();
  }
  if (dut->dot_valid_o) {
    Logits l;
    l.due = now_ + static_cast<u64>(manners.latency);
    const auto scale = golden::unpack_scale(dut->dot_scale_o);
    for (unsigned u = 0; u < kUnits; ++u) {
      l.lo[u] = static_cast<std::int16_t>(
          golden::logit(static_cast<std::int32_t>(wide(dut->dot_lo_o)[u]), scale));
      l.hi[u] = dut->dot_split_o ? static_cast<std::int16_t>(golden::logit(
                                       static_cast<std::int32_t>(wide(dut->dot_hi_o)[u]), scale))
                                 : static_cast<std::int16_t>(byte() << 8);
    }
    lanes_.push_back(l);
  }
}

void Bench::drain() {
  dut->region_free_i = 0;
  dut->acc_req_i = 0;
  if (drains_.empty()) return;
  Drain& d = drains_.front();
  if (dut->acc_valid_o) {
    const auto& want = d.sums[drain_got_];
    const int units = d.units[drain_got_];
    for (int u = 0; u < units; ++u) {
      const auto got = static_cast<std::int32_t>(wide(dut->acc_data_o)[u]);
      if (got == want[static_cast<unsigned>(u)]) continue;
      if (d.odd && u % 2 == 1 && static_cast<int>(drain_got_) + 1 == d.rows) continue;
      INFO("job " << d.job << " row " << drain_got_ << " of " << d.rows << " unit " << u);
      REQUIRE(got == want[static_cast<unsigned>(u)]);
    }
    REQUIRE(units > 0);
    ++drain_got_;
  }
  const bool high = d.base >= 64 || d.rows > 64;
  const bool low = d.base < 64;
  const unsigned need = (low ? 1U : 0U) | (high ? 2U : 0U);
  if ((dut->region_full_o & need) != need) return;
  if (static_cast<int>(drain_got_) == d.rows) {
    dut->region_free_i = static_cast<u8>(need);
    --drains_left_[static_cast<unsigned>(d.job)];
    drains_.pop_front();
    drain_row_ = drain_got_ = 0;
  } else if (static_cast<int>(drain_row_) < d.rows &&
             (drain_out_ || tb::chance(random, manners.drain))) {
    dut->acc_req_i = 1;
    dut->acc_row_i = static_cast<u8>(d.base + static_cast<int>(drain_row_));
    drain_out_ = true;
  }
}

void Bench::norm() {
  dut->norm_ready_i = tb::chance(random, manners.norm);
  if (!dut->norm_valid_o || !dut->norm_ready_i) return;
  REQUIRE_FALSE(norms_.empty());
  const Norm& n = norms_.front();
  for (int u = 0; u < n.queries * (n.dual ? 2 : 1); ++u) {
    const auto i = static_cast<unsigned>(n.dual ? u / 2 : u);
    const auto at = static_cast<unsigned>(u);
    INFO("job " << n.job << " unit " << u << " state " << n.state[i]);
    const u64 state = u64{wide(dut->state_o)[2 * at + 1]} << 32 | wide(dut->state_o)[2 * at];
    if (n.raw)
      REQUIRE(state == n.state[i]);
    else
      REQUIRE(wide(dut->norm_o)[at] == golden::pack_scale(n.scale[i]));
  }
  norms_.pop_front();
}

std::string Bench::waits() const {
  return "weights " + std::to_string(events[0]) + ", accumulators " + std::to_string(events[1]) +
         ", W " + std::to_string(events[2]) + ", X " + std::to_string(events[3]) + " cycles";
}

bool Bench::done() const {
  return slots_.empty() && drains_.empty() && norms_.empty() && x_[0].empty() && x_[1].empty() &&
         w_[0].empty() && w_[1].empty() && m_.empty();
}

void Bench::cycle() {
  now_ = dut.cycles();
  const int rows = dut->x_free_o, free_words = dut->mask_free_o, banks = dut->w_free_o;
  beats();
  slot();
  logits();
  drain();
  norm();
  dut.eval();
  if (dut->acc_req_i && dut->acc_ready_o) {
    ++drain_row_;
    drain_out_ = false;
  }
  for (unsigned i = 0; i < 5; ++i) events[i] += dut->events_o >> i & 1;
  if (dut->events_o & 16) {
    if (!started_) first_step_ = now_;
    started_ = true;
    last_step_ = now_;
    ++steps;
  }
  if (dut->s_valid_i && dut->s_ready_o) {
    slots_.pop_front();
    slot_shown_ = false;
  }
  dut.tick();
  rows_free_ += rows;
  words_free_ += free_words;
  for (unsigned b = 0; b < 2; ++b) bank_free_[b] += banks >> b & 1;
}

u64 Bench::run(const std::string& name) {
  started_ = false;
  steps = 0;
  events = {};
  u64 idle = 0;
  while (!done()) {
    const auto before = steps + drain_got_ + norms_.size() + drains_.size();
    cycle();
    idle = before == steps + drain_got_ + norms_.size() + drains_.size() ? idle + 1 : 0;
    if (idle > 3000) throw std::runtime_error(name + ": no progress within 3000 cycles");
  }
  dut->b_valid_i = 0;
  dut->s_valid_i = 0;
  dut->region_free_i = 0;
  dut->norm_ready_i = 0;
  dut.wait_until([&] { return dut->idle_o; }, 100, name + ": idle");
  return last_step_ - first_step_ + 1;
}

void Bench::abort() {
  dut->clear_i = 1;
  dut->b_valid_i = 0;
  dut->s_valid_i = 0;
  dut->logit_valid_i = 0;
  dut->region_free_i = 0;
  dut->acc_req_i = 0;
  dut->norm_ready_i = 0;
  dut.tick(tb::uniform(random, 1, 3));
  dut->clear_i = 0;
  dut.eval();
  REQUIRE(dut->idle_o);
  slots_.clear();
  drains_.clear();
  norms_.clear();
  lanes_.clear();
  m_.clear();
  for (auto* q : {&x_[0], &x_[1], &w_[0], &w_[1]}) q->clear();
  rows_ = words_ = 0;
  rows_free_ = 64;
  words_free_ = 4;
  uses_ = {};
  bank_free_ = {1, 1};
  slot_shown_ = drain_out_ = false;
  drain_row_ = drain_got_ = 0;
  bank_ = region_ = false;
  for (int& left : drains_left_) left = 0;
}
}  // namespace compute
