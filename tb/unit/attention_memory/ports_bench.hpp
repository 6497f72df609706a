// SPDX-License-Identifier: Apache-2.0
// Beats and writes for oct_attn_ports, and what has to come of them: deliveries, errors, L1.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>

#include "mem_bench.hpp"

namespace attn {

inline constexpr unsigned kTagMask = (1U << 21) - 1;

struct Beat {
  bool valid = false;
  unsigned ctx = 0, lw = 3, mask = 0xff, tag = 0;
  std::uint32_t addr = 0, stride = 0;
};

struct Write {
  bool valid = false;
  unsigned ctx = 0, lw = 3;
  std::uint32_t addr = 0, stride = 0;
  std::uint64_t be = 0;
  std::array<std::uint64_t, 8> data{};
};

inline std::uint32_t word_addr(std::uint32_t addr, std::uint32_t stride, unsigned lw, unsigned i) {
  return addr + (i >> lw) * stride + 8 * (i & ((1U << lw) - 1));
}

/// Drives beats, checks what is delivered and which errors are reported.
class Ports {
 public:
  explicit Ports(const std::string& name) : b(name) {
    b.dut->direct_i = 1;
    writes_end_ = kL1;
  }

  /// Parameters go through the half that the lowest bit of their tag names (tb_attn_mem).
  static unsigned half_of(unsigned channel, unsigned tag) {
    return channel < 4 ? channel % 2 : channel == 4 ? 0 : tag & (kHalves - 1);
  }
  static bool exists(unsigned channel) { return kHalves == 2 || (channel != 1 && channel != 3); }

  /// One cycle with the beats in `want` and the write in `write`.
  void cycle() {
    b.quiet();
    unsigned valid = 0;
    for (unsigned c = 0; c < 6; ++c) {
      if (!exists(c) || !want[c].valid) continue;
      valid |= 1U << c;
      b.dut->b_ctx_i[c] = want[c].ctx & 1;
      b.dut->b_addr_i[c] = want[c].addr;
      b.dut->b_stride_i[c] = want[c].stride;
      b.dut->b_lw_i[c] = want[c].lw & 3;
      b.dut->b_mask_i[c] = want[c].mask & 0xff;
      b.dut->b_tag_i[c] = want[c].tag;
    }
    b.dut->b_valid_i = valid & 63;
    b.dut->y_valid_i = write.valid;
    b.dut->y_ctx_i = write.ctx & 1;
    b.dut->y_addr_i = write.addr;
    b.dut->y_stride_i = write.stride;
    b.dut->y_lw_i = write.lw & 3;
    b.dut->y_be_i = write.be;
    for (unsigned i = 0; i < 8; ++i) b.dut->y_data_i[i] = write.data[i];
    b.settle();
    for (unsigned c = 0; c < 6; ++c) {
      if (want[c].valid && exists(c) && ((b.dut->b_ready_o >> c) & 1)) take(c);
    }
    if (write.valid && b.dut->y_ready_o) take_write();
    b.tick();
    for (unsigned h = 0; h < 2; ++h) {
      if (b.delivered(h)) check(h);
      if (b.failed(h)) check_error(h);
    }
  }

  void drain() {
    for (auto& w : want) w.valid = false;
    write.valid = false;
    for (int n = 0; (b.dut->idle_o & 1) == 0; ++n) {
      REQUIRE(n < 2000);
      cycle();
    }
    REQUIRE(b.dut->pending_o == 0);
    for (const auto& e : expected) REQUIRE(e.empty());
    REQUIRE(read_errors.empty());
    for (const auto& e : write_errors) INFO("missing error at " << e.addr);
    REQUIRE(write_errors.empty());
    const bool same = b.l1 == memory_();  // compared outside, or Catch2 prints all of it
    REQUIRE(same);
  }

  Beat random_beat(unsigned outside_percent) {
    auto& r = b.random;
    Beat beat;
    beat.valid = true;
    beat.ctx = tb::chance(r, 50);
    beat.lw = tb::uniform(r, 0U, 3U);
    beat.mask = tb::chance(r, 60) ? 0xff : static_cast<unsigned>(r() & 0xff);
    beat.tag = static_cast<unsigned>(r()) & kTagMask;
    // The upper quarter of L1 is written; reads stay below, or leave L1.
    const int span = static_cast<int>(kL1 / 4 * 3);
    const int pieces = 8 >> beat.lw;
    const int stride = tb::uniform(r, -span / 8 / pieces, span / 8 / pieces) * 8;
    beat.stride = static_cast<std::uint32_t>(stride);
    int low = std::max(0, -stride * (pieces - 1));
    int high = span - 64 - std::max(0, stride * (pieces - 1));
    beat.addr = static_cast<std::uint32_t>(tb::uniform(r, low / 8, std::max(low, high) / 8) * 8);
    if (tb::chance(r, outside_percent)) {
      if (tb::chance(r, 50)) beat.stride = static_cast<std::uint32_t>(r()) & ~7U;
      if (tb::chance(r, 50)) beat.addr = static_cast<std::uint32_t>(r()) & ~7U;
      if (tb::chance(r, 30)) beat.addr = kL1 - 8 * tb::uniform(r, 1U, 8U);
      for (unsigned i = 0; i < 8; ++i) {  // nothing of what is written
        const std::uint32_t at = word_addr(beat.addr, beat.stride, beat.lw, i);
        if (at >= kL1 / 4 * 3 && at < kL1) beat.mask &= ~(1U << i);
      }
    }
    return beat;
  }

  /// Every write has its own words, so that the order of writes does not matter.
  Write random_write(unsigned outside_percent) {
    auto& r = b.random;
    Write w;
    w.valid = true;
    w.ctx = tb::chance(r, 50);
    w.lw = tb::uniform(r, 0U, 3U);
    for (auto& word : w.data) word = r();
    w.be = r() | (tb::chance(r, 50) ? ~0ULL : 0);
    if (tb::chance(r, 30)) w.be &= ~(0xffULL << (8 * tb::uniform(r, 0, 7)));
    if (tb::chance(r, 20)) w.be &= r() & r();
    const std::uint32_t piece = 8U << w.lw, pieces = 8 >> w.lw;
    const std::uint32_t gap = 8 * tb::uniform(r, 0U, 3U);
    if (writes_end_ < kL1 / 4 * 3 + pieces * (piece + gap) + 64) {
      writes_end_ = kL1;
      flush = true;
    }
    writes_end_ -= pieces * (piece + gap);
    w.addr = writes_end_;
    w.stride = piece + gap;
    if (tb::chance(r, 30)) {
      w.addr += w.stride * (pieces - 1);
      w.stride = -w.stride;
    }
    if (tb::chance(r, outside_percent)) w.addr += kL1 / 4 * tb::uniform(r, 1U, 11U);
    return w;
  }

  Bench b;
  std::array<Beat, 6> want{};
  Write write;
  bool flush = false;  // the next write goes over old places: let those before it end first
  std::array<std::deque<Beat>, 2> expected;
  std::deque<std::pair<unsigned, attn::Error>> read_errors;
  std::deque<attn::Error> write_errors;
  std::array<std::uint64_t, 2> beats{};

  void forget() {  // after clear
    for (auto& e : expected) e.clear();
    read_errors.clear();
    write_errors.clear();
    memory_() = b.l1;
  }

 private:
  std::vector<std::uint8_t>& memory_() {
    if (golden_.empty()) golden_ = b.l1;
    return golden_;
  }

  void take(unsigned c) {
    const unsigned h = half_of(c, want[c].tag);
    expected[h].push_back(want[c]);
    for (unsigned i = 0; i < 8; ++i) {
      const std::uint32_t at = word_addr(want[c].addr, want[c].stride, want[c].lw, i);
      if (((want[c].mask >> i) & 1) && at >= kL1) {
        read_errors.push_back({h, {want[c].ctx, at}});
        break;
      }
    }
    want[c].valid = false;
  }

  void take_write() {
    auto& golden = memory_();
    bool reported = false;
    for (unsigned i = 0; i < 8; ++i) {
      const std::uint32_t at = word_addr(write.addr, write.stride, write.lw, i);
      const unsigned be = (write.be >> (8 * i)) & 0xff;
      if (be == 0) continue;
      if (at >= kL1) {
        if (!reported) write_errors.push_back({write.ctx, at});
        reported = true;
        continue;
      }
      for (unsigned k = 0; k < 8; ++k) {
        if ((be >> k) & 1) golden[at + k] = static_cast<std::uint8_t>(write.data[i] >> (8 * k));
      }
    }
    write.valid = false;
  }

  void check(unsigned h) {
    REQUIRE_FALSE(expected[h].empty());
    const Beat e = expected[h].front();
    expected[h].pop_front();
    ++beats[h];
    const attn::Delivery d = b.delivery(h);
    REQUIRE(d.tag == e.tag);
    REQUIRE(d.mask == e.mask);
    for (unsigned i = 0; i < 8; ++i) {
      const std::uint32_t at = word_addr(e.addr, e.stride, e.lw, i);
      REQUIRE(d.data[i] == (((e.mask >> i) & 1) ? b.word(at) : 0));
    }
  }

  void check_error(unsigned h) {
    const attn::Error e = b.error(h);
    const auto r = std::find(read_errors.begin(), read_errors.end(), std::pair{h, e});
    if (r != read_errors.end()) {
      read_errors.erase(r);
      return;
    }
    const auto w = std::find(write_errors.begin(), write_errors.end(), e);
    INFO("error of half " << h << ", context " << e.ctx << ", address " << e.addr);
    REQUIRE(w != write_errors.end());
    write_errors.erase(w);
  }

  std::vector<std::uint8_t> golden_;
  std::uint32_t writes_end_;
};

}  // namespace attn
