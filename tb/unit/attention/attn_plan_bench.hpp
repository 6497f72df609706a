// SPDX-License-Identifier: Apache-2.0
// Planner under test, which collects commands, and a model of the engine that carries them out.
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <deque>
#include <random>
#include <utility>
#include <vector>

#include "Vtb_attn_plan.h"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace plan {
using u32 = std::uint32_t;
constexpr u32 kL1 = 131072;
constexpr int kUnits = oct::config::kEngineMacs / 64;

using Words = std::array<u32, 32>;  // w0..w31

struct XCmd {
  u32 addr, stride, pstride, par_addr, mask_addr;
  int rows, bytes, more;
  bool split, odd, par, mask;
};
struct WCmd {
  u32 addr, stride;
  bool claim, bank, kn, split, dual;
  int bytes, more, units;
};
struct SCmd {
  int kind, rows, acc_base, keys, key0, q0;
  bool bank, w_first, w_last, x_keep, acc_first, acc_last, split, tile_first, tile_last, par, mask,
      dual, odd, tail;
};
struct DCmd {
  bool region, table, last, dual, odd;
  int rows, groups, cols;
  u32 y, r, a, b, c;
};

struct Planner {
  tb::Clocked<Vtb_attn_plan> dut;
  std::mt19937_64 random = tb::rng("planner");
  std::deque<XCmd> x;
  std::deque<WCmd> w;
  std::deque<SCmd> s;
  std::deque<DCmd> d;
  unsigned ready_percent = 70;
  bool done = false;
  u32 cause = 0, addr = 0;

  Planner() {
    dut->clear_i = 0;
    dut->job_valid_i = 0;
    dut->job_end_i = 0;
    dut->range_i = 0;
    dut->x_ready_i = dut->w_ready_i = dut->s_ready_i = dut->d_ready_i = 0;
    dut.reset();
  }
  void cycle() {
    dut->x_ready_i = tb::chance(random, ready_percent);
    dut->w_ready_i = tb::chance(random, ready_percent);
    dut->s_ready_i = tb::chance(random, ready_percent);
    dut->d_ready_i = tb::chance(random, ready_percent);
    dut.eval();
    if (dut->x_valid_o && dut->x_ready_i)
      x.push_back({dut->x_addr_o, dut->x_stride_o, dut->x_pstride_o, dut->x_par_addr_o,
                   dut->x_mask_addr_o, dut->x_rows_o ? dut->x_rows_o : 128, dut->x_bytes_o,
                   dut->x_more_o, !!dut->x_split_o, !!dut->x_odd_o, !!dut->x_par_o,
                   !!dut->x_mask_o});
    if (dut->w_valid_o && dut->w_ready_i)
      w.push_back({dut->w_addr_o, dut->w_stride_o, !!dut->w_claim_o, !!dut->w_bank_o, !!dut->w_kn_o,
                   !!dut->w_split_o, !!dut->w_dual_o, dut->w_bytes_o, dut->w_more_o,
                   dut->w_units_o});
    if (dut->s_valid_o && dut->s_ready_i)
      s.push_back(
          {dut->s_kind_o,      dut->s_rows_o,         dut->s_acc_base_o,    dut->s_keys_o,
           int(dut->s_key0_o), int(dut->s_q0_o),      !!dut->s_bank_o,      !!dut->s_w_first_o,
           !!dut->s_w_last_o,  !!dut->s_x_keep_o,     !!dut->s_acc_first_o, !!dut->s_acc_last_o,
           !!dut->s_split_o,   !!dut->s_tile_first_o, !!dut->s_tile_last_o, !!dut->s_par_o,
           !!dut->s_mask_o,    !!dut->s_dual_o,       !!dut->s_odd_o,       !!dut->s_tail_o});
    if (dut->d_valid_o && dut->d_ready_i)
      d.push_back({!!dut->d_region_o, !!dut->d_table_o, !!dut->d_last_o, !!dut->d_dual_o,
                   !!dut->d_odd_o, dut->d_rows_o, dut->d_groups_o, dut->d_cols_o, dut->d_y_addr_o,
                   dut->d_r_addr_o, dut->d_a_addr_o, dut->d_b_addr_o, dut->d_c_addr_o});
    done = dut->done_o;
    if (done) {
      cause = dut->cause_o;
      addr = dut->addr_o;
    }
    dut.tick();
  }
  void offer(u32 op, const Words& words) {
    dut->op_i = op;
    for (int i = 0; i < 28; ++i) dut->words_i[i] = words[i + 4];
    dut->job_valid_i = 1;
    for (int i = 0;; ++i) {
      REQUIRE(i < 100);
      dut.eval();
      const bool taken = dut->job_ready_o;
      cycle();
      if (taken) break;
    }
    dut->job_valid_i = 0;
  }
  /// A bad job: how it ends.
  std::pair<u32, u32> refused(u32 op, const Words& words) {
    offer(op, words);
    for (int i = 0; i < 20; ++i) {
      if (done) return {cause, addr};
      cycle();
    }
    return {~0U, 0};
  }
  /// All commands of a good job.
  void walk(u32 op, const Words& words, bool ctx) {
    x.clear(), w.clear(), s.clear(), d.clear();
    offer(op, words);
    for (int i = 0; i < 400000; ++i) {
      cycle();
      REQUIRE(!done);
      if (!d.empty() && d.back().last && s.size() && s.back().acc_last && last_of(s)) break;
    }
    for (int i = 0; i < 60; ++i) cycle();
    CAPTURE(x.size(), w.size(), s.size(), d.size());
    REQUIRE(!d.empty());
    REQUIRE(d.back().last);
    dut->job_end_i = ctx ? 2 : 1;
    cycle();
    dut->job_end_i = 0;
    for (int i = 0; !done; ++i) {
      REQUIRE(i < 5);
      cycle();
    }
    CHECK(cause == 0);
    cycle();
    CHECK(dut->idle_o == 1);
  }
  bool last_of(const std::deque<SCmd>& q) const {
    int regions = 0;
    for (const auto& c : q) regions += c.acc_last;
    return regions == int(d.size());
  }
};

/// What the array would hold: X rows, W banks, sums.
struct Engine {
  std::vector<std::uint8_t> l1;
  std::vector<std::array<int, 64>> rows;
  std::array<std::array<std::array<int, 64>, kUnits>, 2> bank{};
  std::array<std::array<std::int64_t, kUnits>, 128> acc{};

  explicit Engine(std::mt19937_64& random) : l1(kL1) {
    for (auto& b : l1) b = static_cast<std::uint8_t>(random());
  }
  int at(u32 a) const { return static_cast<std::int8_t>(l1[a % kL1]); }
  void load_x(const XCmd& c) {
    rows.clear();
    for (int i = 0; i < c.rows; ++i) {
      std::array<int, 64> row{};
      if (c.more > 0) {  // pairs of rows
        const u32 from = c.addr + i / 2 * c.stride + (i % 2 ? 64 : 0);
        for (int b = 0; b < (i % 2 ? c.more : c.bytes); ++b) row[b] = at(from + b);
        rows.push_back(row);
        continue;
      }
      for (int p = 0; p < (c.split ? 2 : 1); ++p) {
        if (c.split && c.odd && p == 1 && i + 1 == c.rows) continue;
        for (int b = 0; b < c.bytes; ++b)
          row[32 * p + b] = at(c.addr + i * c.stride + p * c.pstride + b);
      }
      rows.push_back(row);
    }
  }
  void load_w(const WCmd& c) {
    for (auto& unit : bank[c.bank]) unit.fill(99);  // what is not loaded must not matter
    for (int u = 0; u < c.units; ++u) {
      if (c.dual) {
        const bool second = c.more > 0 && u % 2 == 1;
        const u32 from = c.addr + u / 2 * c.stride + (second ? 64 : 0);
        for (int k = 0; k < (second ? c.more : c.bytes); ++k) bank[c.bank][u][k] = at(from + k);
        continue;
      }
      for (int k = 0; k < c.bytes; ++k) {
        const u32 a = c.kn ? c.addr + k * c.stride + u : c.addr + u * c.stride + k;
        bank[c.bank][u][k] = at(a);
        if (c.split) bank[c.bank][u][k + 32] = at(a);
      }
    }
  }
};
}  // namespace plan
