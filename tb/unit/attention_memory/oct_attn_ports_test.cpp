// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <iostream>

#include "mem_bench.hpp"

using attn::Bench;
using attn::kHalves;
using attn::kL1;

namespace {

constexpr unsigned kTagMask = (1U << 21) - 1;

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

std::uint32_t word_addr(std::uint32_t addr, std::uint32_t stride, unsigned lw, unsigned i) {
  return addr + (i >> lw) * stride + 8 * (i & ((1U << lw) - 1));
}

/// Drives beats, checks what is delivered and which errors are reported.
class Ports {
 public:
  explicit Ports(const std::string& name) : b(name) {
    b.dut->direct_i = 1;
    writes_end_ = kL1;
  }

  static unsigned half_of(unsigned channel) {
    return channel < 4 ? channel % 2 : channel == 4 ? 0 : kHalves - 1;
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
    const unsigned h = half_of(c);
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

}  // namespace

TEST_CASE("attn_ports: one beat of each kind, latency") {
  Ports p("ports single");
  for (unsigned c = 0; c < 6; ++c) {
    if (!Ports::exists(c)) continue;
    for (unsigned lw = 0; lw < 4; ++lw) {
      // Words in eight different lanes of a line cannot meet in a bank.
      const std::uint32_t stride = 64 + (8U << lw);
      p.want[c] = {.valid = true, .lw = lw, .tag = 77 + lw, .addr = 1024, .stride = stride};
      p.cycle();
      REQUIRE_FALSE(p.want[c].valid);
      const std::uint64_t before = p.beats[Ports::half_of(c)];
      for (int n = 0; n < 2; ++n) p.cycle();
      REQUIRE(p.beats[Ports::half_of(c)] == before);
      p.cycle();
      REQUIRE(p.beats[Ports::half_of(c)] == before + 1);
      p.drain();
    }
  }
  // An empty beat is delivered like any other.
  p.want[0] = {.valid = true, .mask = 0, .tag = 5};
  p.cycle();
  p.drain();
  REQUIRE(p.b.read == (kHalves == 2 ? 6 : 4) * 4 * 8);
}

TEST_CASE("attn_ports: addresses outside L1") {
  Ports p("ports outside");
  p.want[0] = {.valid = true, .ctx = 1, .tag = 1, .addr = kL1 - 32};     // its upper half
  p.want[2] = {.valid = true, .ctx = 0, .tag = 2, .addr = 0xffff'ffc0};  // all, address wraps not
  p.want[4] = {.valid = true, .ctx = 1, .lw = 0, .tag = 3, .addr = 16, .stride = 0xffff'fff8};
  p.want[5] = {
      .valid = true, .ctx = 0, .lw = 2, .tag = 4, .addr = 0x4000'0000, .stride = 0x4000'0000};
  for (int n = 0; n < 20; ++n) p.cycle();
  p.write = {.valid = true, .ctx = 1, .lw = 1, .addr = kL1 - 16, .stride = 8, .be = ~0ULL};
  for (int n = 0; n < 20; ++n) p.cycle();
  p.drain();
  REQUIRE(p.b.written == 3);
}

TEST_CASE("attn_ports: random beats, writes and refusals") {
  for (int run = 0; run < 12; ++run) {
    Ports p("ports random " + std::to_string(run));
    auto& r = p.b.random;
    p.b.refuse = tb::chance(r, 30) ? 0 : tb::uniform(r, 1U, 80U);
    const unsigned outside = tb::chance(r, 50) ? 0 : tb::uniform(r, 1U, 30U);
    std::array<unsigned, 7> rate{};
    for (auto& x : rate) x = tb::chance(r, 40) ? 100 : tb::uniform(r, 1U, 60U);
    for (unsigned c = 4; c < 7; ++c) rate[c] /= 4;  // few by contract
    for (int n = 0; n < 1500; ++n) {
      for (unsigned c = 0; c < 6; ++c) {
        if (!p.want[c].valid && tb::chance(r, rate[c])) p.want[c] = p.random_beat(outside);
      }
      if (!p.write.valid && tb::chance(r, rate[6])) {
        const Write w = p.random_write(outside);
        if (p.flush) p.drain();
        p.flush = false;
        p.write = w;
      }
      p.cycle();
    }
    p.drain();
    REQUIRE(p.beats[0] > 20);
  }
}

TEST_CASE("attn_ports: clear drops what is under way and nothing else") {
  Ports p("ports clear");
  auto& r = p.b.random;
  for (int run = 0; run < 150; ++run) {
    p.b.refuse = tb::chance(r, 30) ? 0 : tb::uniform(r, 1U, 80U);
    const int length = tb::uniform(r, 1, 40);
    for (int n = 0; n < length; ++n) {
      for (auto& w : p.want) {
        if (!w.valid && tb::chance(r, 60)) w = p.random_beat(10);
      }
      if (!p.write.valid && tb::chance(r, 30)) p.write = p.random_write(5);
      p.cycle();
    }
    for (auto& w : p.want) w.valid = false;
    p.write.valid = false;
    if (tb::chance(r, 80)) {
      p.b.dut->clear_i = 1;
      const int width = tb::uniform(r, 1, 3);
      for (int n = 0; n < width; ++n) {
        p.b.quiet();
        p.b.settle();
        p.b.tick();
        for (unsigned h = 0; h < 2; ++h) REQUIRE_FALSE(p.b.delivered(h));
        REQUIRE((p.b.dut->idle_o & 1) == 1);
        REQUIRE(p.b.dut->pending_o == 0);
      }
      p.b.dut->clear_i = 0;
      p.flush = false;
      p.b.quiet();
      p.b.settle();
      p.b.tick();  // an error of the last beat may still be shown
      p.forget();
    } else {
      p.drain();
      p.flush = false;
    }
  }
  p.drain();
}

TEST_CASE("attn_ports: words a cycle") {
  // Both halves stream rows of 64 bytes, as a matrix of weights is read for one row of activations:
  // slice by slice, sixteen rows `stride` apart, eight of them through each half.
  struct Case {
    const char* name;
    unsigned refuse, offered_percent, stride;
    double least, least_fpga;  // of what is offered and the ports could carry
  };
  // Two halves that walk in step meet in a bank or not, depending on the stride; once refusals have
  // parted them they do by chance, so often that 16 streams on 32 banks reach 7/8, on 16 banks 3/4.
  for (const Case c :
       {Case{"K 512", 0, 100, 512, 0.99, 0.99}, Case{"K 64", 0, 100, 64, 0.99, 0.99},
        Case{"K 384", 0, 100, 384, 0.80, 0.64}, Case{"K 200", 0, 100, 200, 0.75, 0.60},
        Case{"K 512, 10 % refused", 10, 100, 512, 0.85, 0.75},
        Case{"K 512, 10 of 16 words, 10 % refused", 10, 62, 512, 0.99, 0.97}}) {
    Ports p("ports rate");
    auto& r = p.b.random;
    p.b.refuse = c.refuse;
    std::array<std::uint32_t, 2> beat{};
    constexpr int kCycles = 4000;
    std::uint64_t offered = 0;
    for (int n = 0; n < kCycles; ++n) {
      for (unsigned h = 0; h < kHalves; ++h) {
        if (!tb::chance(r, c.offered_percent)) continue;
        ++offered;
        if (p.want[2 + h].valid) continue;
        const std::uint32_t slices = (c.stride + 63) / 64, slice = beat[h] / 8 % slices;
        const std::uint32_t row = beat[h] / 8 / slices * 8 * kHalves + h * 8 + beat[h] % 8;
        p.want[2 + h] = {.valid = true,
                         .tag = beat[h] & kTagMask,
                         .addr = (row * c.stride + slice * 64) % (kL1 / 2)};
        ++beat[h];
      }
      p.cycle();
    }
    const double words = 8.0 * static_cast<double>(p.beats[0] + p.beats[1]) / kCycles;
    const double ideal = std::min(static_cast<double>(offered) / kCycles * 8,
                                  8.0 * kHalves * (100 - c.refuse) / 100);
    std::cout << "attn_ports " << oct::config::kName << ", " << c.name << ": " << words
              << " words/cycle, " << 100 * words / ideal << " % of " << ideal << "\n";
    const bool few_banks = oct::config::kNumBanks < 2 * attn::kPorts;
    REQUIRE(words > ideal * (kHalves == 1 ? 0.95 : few_banks ? c.least_fpga : c.least));
    p.drain();
  }
}
