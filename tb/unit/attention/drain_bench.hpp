// SPDX-License-Identifier: Apache-2.0
// Everything around oct_attn_drain: commands, L1, accumulators, softmax, dots and the output, each
// at its own pace, and what the golden model says must come out.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <vector>

#include "Vtb_attn_drain.h"
#include "drain_model.hpp"
#include "harness/clocked.hpp"

namespace drain_bench {

/// How busy everything around the block is, in percent.
struct Mood {
  unsigned dots = 30, reads = 80, answers = 80, sums = 80, out = 80, full = 50;
};

using Random = std::mt19937_64;

class Bench {
 public:
  explicit Bench(const std::string& name) : random_(tb::rng(name)), memory_(kMemory) {
    sums_.fill(std::vector<std::int32_t>(kUnits));
    dut_->clear_i = 0;
    dut_->d_valid_i = 0;
    dut_->dot_soon_i = dut_->dot_valid_i = 0;
    dut_->rd_ready_i = 0;
    dut_->data_valid_i = 0;
    dut_->region_full_i = 0;
    dut_->acc_ready_i = dut_->acc_valid_i = 0;
    dut_->norm_valid_i = 0;
    dut_->y_ready_i = 0;
    dut_.reset();
  }

  Random& random() { return random_; }
  bool chance(unsigned percent) { return tb::chance(random_, percent); }
  unsigned uniform(unsigned lo, unsigned hi) { return tb::uniform(random_, lo, hi); }
  Mood mood;
  std::uint64_t vectors = 0, logits = 0;
  std::uint64_t cycles() const { return dut_.cycles(); }

  /// Two jobs, each with some commands; runs them to their end.
  void round(const std::vector<Job>& jobs, std::vector<Command> commands) {
    for (unsigned c = 0; c < 2; ++c) {
      const Job& j = jobs[c];
      const auto bit = [&](auto& port, bool v) {
        port = static_cast<CData>((port & ~(1U << c)) | static_cast<unsigned>(v) << c);
      };
      bit(dut_->job_attn_i, j.attn);
      bit(dut_->job_last_i, j.last);
      bit(dut_->job_table_i, j.table);
      bit(dut_->job_relu_i, j.epilogue.relu);
      bit(dut_->job_plane_b_i, j.plane_b);
      bit(dut_->job_r16_i, j.r16);
      const auto field = [&](auto& port, unsigned width, std::uint64_t v) {
        const std::uint64_t mask = ((std::uint64_t{1} << width) - 1) << (c * width);
        port =
            static_cast<std::decay_t<decltype(port)>>((port & ~mask) | (v << (c * width) & mask));
      };
      field(dut_->job_res_i, 2, static_cast<unsigned>(j.epilogue.residual));
      field(dut_->job_lo_i, 16, static_cast<std::uint16_t>(j.epilogue.lo));
      field(dut_->job_hi_i, 16, static_cast<std::uint16_t>(j.epilogue.hi));
      field(dut_->job_tab_i, 32, j.tab);
      field(dut_->job_r_stride_i, 32, j.r_stride);
    }
    for (const Command& c : commands) {
      for (Vector& v : model_.vectors(jobs[c.ctx], c)) expected_.push_back(std::move(v));
    }
    given_.assign(commands.begin(), commands.end());
    filling_.assign(commands.begin(), commands.end());
    for (const Command& c : commands) {
      if (jobs[c.ctx].attn) norms_.push_back(c);
    }
    const std::uint64_t limit = dut_.cycles() + 100000;
    while (!step()) {
      if (dut_.cycles() > limit) {
        throw std::runtime_error(
            "end of the drains: not reached within 100000 cycles; vectors left: " +
            std::to_string(expected_.size()));
      }
    }
    for (unsigned i = 0; i < 20; ++i) step();
    CHECK(expected_.empty());
    CHECK(dut_->region_full_i == 0);
    CHECK(norms_.empty());
    CHECK(dut_->idle_o);
  }

  /// Synchronous clear in the middle of something.
  void clear() {
    dut_->clear_i = 1;
    dut_->d_valid_i = 0;
    dut_->dot_soon_i = 0;
    dut_->dot_valid_i = 0;
    dut_->data_valid_i = 0;
    dut_->norm_valid_i = 0;
    dut_->acc_valid_i = 0;
    for (unsigned i = 0; i < 3; ++i) dut_.tick();
    dut_->clear_i = 0;
    dut_->region_full_i = 0;
    given_.clear();
    filling_.clear();
    norms_.clear();
    expected_.clear();
    dots_.clear();
    for (auto& q : answers_) q.clear();
    soon_ = half_ = false;
    dut_.eval();
    CHECK(dut_->idle_o);
  }

  /// Starts a round and clears after `n` cycles.
  void broken_round(const std::vector<Job>& jobs, std::vector<Command> commands, unsigned n) {
    stop_after_ = n;
    try {
      round(jobs, std::move(commands));
    } catch (const Stop&) {
    }
    stop_after_ = 0;
    clear();
  }

  std::vector<std::uint8_t>& memory() { return memory_; }
  void put32(std::uint32_t addr, std::uint32_t v) {
    for (unsigned i = 0; i < 4; ++i) memory_.at(addr + i) = static_cast<std::uint8_t>(v >> 8 * i);
  }

 private:
  struct Stop {};
  struct Answer {
    std::uint64_t time;
    std::uint32_t tag;
    std::uint8_t mask;
    std::array<std::uint64_t, 8> words;
  };
  struct Logit {
    std::uint64_t time;
    bool split;
    std::vector<int> lo, hi;
  };

  // One cycle; true when all is over.
  bool step() {
    if (stop_after_ != 0 && --stop_after_ == 0) throw Stop{};
    offer_command();
    offer_dots();
    offer_sums();
    offer_norm();
    offer_answers();
    dut_->rd_ready_i = static_cast<CData>(chance(mood.reads) | chance(mood.reads) << 1);
    dut_->acc_ready_i = chance(mood.sums);
    dut_->y_ready_i = chance(mood.out);
    dut_.eval();
    take_outputs();
    dut_.tick();
    after_edge();
    return given_.empty() && expected_.empty() && filling_.empty() && norms_.empty() &&
           dut_->idle_o;
  }

  void offer_command() {
    if (given_.empty() || dut_->d_valid_i) return;
    if (!chance(70)) return;
    const Command& c = given_.front();
    dut_->d_valid_i = 1;
    dut_->d_ctx_i = static_cast<CData>(c.ctx);
    dut_->d_region_i = static_cast<CData>(c.region);
    dut_->d_table_load_i = c.table_load;
    dut_->d_rows_i = static_cast<CData>(c.rows & 127);
    dut_->d_groups_i = static_cast<CData>(c.groups);
    dut_->d_cols_i = static_cast<SData>(c.cols);
    dut_->d_y_addr_i = c.y;
    dut_->d_r_addr_i = c.r;
    dut_->d_a_addr_i = c.a;
    dut_->d_b_addr_i = c.b;
    dut_->d_c_addr_i = c.c;
  }

  void offer_dots() {
    dut_->dot_valid_i = soon_;
    if (soon_) {
      Logit l{dut_.cycles() + kLatency, chance(50), {}, {}};
      golden::Scale q{static_cast<std::int32_t>(random_() >> 40) - (1 << 23), uniform(0, 63)};
      if (chance(80))
        q = {static_cast<std::int32_t>(uniform(1 << 22, (1 << 23) - 1)), uniform(26, 38)};
      dut_->dot_split_i = l.split;
      dut_->dot_scale_i = golden::pack_scale(q);
      for (unsigned u = 0; u < kUnits; ++u) {
        const auto lo = static_cast<std::int32_t>(random_()) >> (31 - uniform(10, 21));
        const auto hi = static_cast<std::int32_t>(random_()) >> (31 - uniform(10, 20));
        dut_->dot_lo_i[u] = static_cast<std::uint32_t>(lo);
        dut_->dot_hi_i[u] = static_cast<std::uint32_t>(hi);
        l.lo.push_back(golden::logit(lo, q));
        l.hi.push_back(golden::logit(hi, q));
      }
      dots_.push_back(l);
    }
    if (chance(5)) burst_ = chance(mood.dots);
    soon_ = burst_ && chance(90);
    dut_->dot_soon_i = soon_;
  }

  // The next command's regions become full when they are free, two of them one after the other.
  void offer_sums() {
    if (filling_.empty()) return;
    const Command& c = filling_.front();
    const bool both = c.rows > 64;
    const unsigned need = both ? (half_ ? 2 : 1) : 1U << c.region;
    const unsigned busy = both && !half_ ? 3 : need;
    if ((dut_->region_full_i & busy) != 0 || freed_ != 0 || !chance(half_ ? 2 : mood.full)) {
      return;
    }
    const std::size_t first = need == 2 && both ? 64 : 0;
    const std::size_t last = both && first == 0 ? 64 : c.sums.size();
    const unsigned base = both ? 0 : 64 * c.region;
    for (std::size_t i = first; i < last; ++i) sums_[base + i] = c.sums[i];
    dut_->region_full_i |= static_cast<CData>(need);
    half_ = both && first == 0;
    if (!half_) filling_.pop_front();
  }

  void offer_norm() {
    if (dut_->norm_valid_i || norms_.empty() || !chance(mood.full)) return;
    dut_->norm_valid_i = 1;
    for (unsigned u = 0; u < kUnits; ++u) {
      dut_->norm_i[u] = golden::pack_scale(norms_.front().norm[u]);
      dut_->state_i[2 * u] = static_cast<std::uint32_t>(norms_.front().state[u]);
      dut_->state_i[2 * u + 1] = static_cast<std::uint32_t>(norms_.front().state[u] >> 32);
    }
  }

  void offer_answers() {
    dut_->data_valid_i = 0;
    for (unsigned h = 0; h < kHalves; ++h) {
      auto& q = answers_[h];
      if (q.empty() || q.front().time > dut_.cycles() || !chance(mood.answers)) continue;
      dut_->data_valid_i |= static_cast<CData>(1U << h);
      auto& tags = dut_->data_tag_i;
      using Tags = std::decay_t<decltype(tags)>;
      tags = static_cast<Tags>((tags & ~(Tags{0xffffffffU} << 32 * h % (8 * sizeof(Tags)))) |
                               Tags{q.front().tag} << 32 * h % (8 * sizeof(Tags)));
      for (unsigned i = 0; i < 8; ++i) {
        dut_->data_i[16 * h + 2 * i] = static_cast<std::uint32_t>(q.front().words[i]);
        dut_->data_i[16 * h + 2 * i + 1] = static_cast<std::uint32_t>(q.front().words[i] >> 32);
      }
      q.pop_front();
    }
  }

  void take_outputs() {
    command_taken_ = dut_->d_valid_i && dut_->d_ready_o;
    norm_taken_ = dut_->norm_valid_i && dut_->norm_ready_o;
    freed_ = dut_->region_free_o;
    row_ = -1;
    if (dut_->acc_req_o && dut_->acc_ready_i) {
      row_ = dut_->acc_row_o;
      REQUIRE((dut_->region_full_i >> (row_ / 64) & 1) == 1);
    }
    for (unsigned i = 0; i < 2; ++i) {
      if ((dut_->rd_valid_o & dut_->rd_ready_i) >> i & 1) read(i);
    }
    if (dut_->y_valid_o && dut_->y_ready_i) check_vector();
    if (dut_->logit_valid_o) check_logit();
    if (!dots_.empty()) REQUIRE(dots_.front().time > dut_.cycles());
  }

  void read(unsigned i) {
    Answer a{dut_.cycles() + 3 + random_() % 4, 0, 0, {}};
    a.tag = dut_->rd_tag_o >> (32 * i) & 0xffffffff;
    a.mask = static_cast<std::uint8_t>(dut_->rd_mask_o >> (8 * i));
    const auto addr = static_cast<std::uint32_t>(dut_->rd_addr_o >> (32 * i));
    const auto stride = static_cast<std::uint32_t>(dut_->rd_stride_o >> (32 * i));
    const unsigned lw = dut_->rd_lw_o >> (2 * i) & 3;
    REQUIRE(addr % 8 == 0);
    for (unsigned w = 0; w < 8; ++w) {
      a.words[w] = random_();
      if (!(a.mask >> w & 1)) continue;
      const std::uint32_t at = addr + (w >> lw) * stride + 8 * (w & ((1U << lw) - 1));
      REQUIRE(at + 8 <= kMemory);
      REQUIRE(wanted_[at / 8]);
      a.words[w] = model_.get32(at) | std::uint64_t{model_.get32(at + 4)} << 32;
    }
    REQUIRE(dut_->rd_half_o < kHalves);
    answers_[i == 0 ? 0 : dut_->rd_half_o].push_back(a);
  }

  void check_vector() {
    REQUIRE(!expected_.empty());
    const Vector& v = expected_.front();
    INFO("vector " << vectors << " seed " << tb::seed());
    INFO(v.what);
    REQUIRE(dut_->y_addr_o == v.y_addr);
    REQUIRE(dut_->y_first_o == v.first);
    REQUIRE(dut_->y_group_last_o == v.group_last);
    REQUIRE(dut_->y_last_o == v.last);
    for (unsigned u = 0; u < v.y.size(); ++u) {
      const unsigned bits = element16(dut_->y_o, u);
      const int y = v.bits == 16 ? static_cast<std::int16_t>(bits) : static_cast<std::int8_t>(bits);
      INFO("unit " << u);
      REQUIRE(y == v.y[u]);
    }
    expected_.pop_front();
    ++vectors;
  }

  void check_logit() {
    REQUIRE(!dots_.empty());
    const Logit& l = dots_.front();
    REQUIRE(l.time == dut_.cycles());
    for (unsigned u = 0; u < kUnits; ++u) {
      REQUIRE(static_cast<std::int16_t>(element16(dut_->logit_lo_o, u)) == l.lo[u]);
      if (l.split) REQUIRE(static_cast<std::int16_t>(element16(dut_->logit_hi_o, u)) == l.hi[u]);
    }
    dots_.pop_front();
    ++logits;
  }

  // Ports of up to 64 bits are integers, wider ones arrays of 32-bit words.
  template <typename Port>
  static unsigned element16(const Port& port, unsigned i) {
    if constexpr (std::is_integral_v<Port>) {
      return static_cast<unsigned>(port >> 16 * i) & 0xffff;
    } else {
      return port[i / 2] >> 16 * (i % 2) & 0xffff;
    }
  }

  void after_edge() {
    if (command_taken_) {
      dut_->d_valid_i = 0;
      given_.pop_front();
    }
    if (norm_taken_) {
      dut_->norm_valid_i = 0;
      norms_.pop_front();
    }
    dut_->region_full_i &= static_cast<CData>(~freed_);
    dut_->acc_valid_i = row_ >= 0;
    for (unsigned u = 0; u < kUnits; ++u) {
      dut_->acc_data_i[u] = row_ >= 0
                                ? static_cast<std::uint32_t>(sums_[static_cast<unsigned>(row_)][u])
                                : static_cast<std::uint32_t>(random_());
    }
  }

  tb::Clocked<Vtb_attn_drain> dut_;
  Random random_;
  std::vector<std::uint8_t> memory_;
  Model model_{memory_};
  std::deque<Command> given_, filling_, norms_;
  std::deque<Vector> expected_;
  std::deque<Logit> dots_;
  std::array<std::deque<Answer>, 2> answers_;
  std::array<std::vector<std::int32_t>, 128> sums_;
  bool soon_ = false, burst_ = false, command_taken_ = false, norm_taken_ = false;
  unsigned freed_ = 0, stop_after_ = 0;
  int row_ = -1;
  bool half_ = false;

 public:
  /// Words that a read may touch; only what belongs to valid rows and columns.
  std::vector<bool> wanted_ = std::vector<bool>(kMemory / 8);
  void want(std::uint32_t addr, std::uint32_t bytes) {
    for (std::uint32_t w = addr / 8; w < (addr + bytes + 7) / 8; ++w) wanted_.at(w) = true;
  }
};

}  // namespace drain_bench
