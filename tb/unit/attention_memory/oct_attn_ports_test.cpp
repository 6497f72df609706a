// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <iostream>

#include "ports_bench.hpp"

using attn::kHalves;
using attn::kL1;
using attn::kTagMask;
using attn::Ports;
using attn::Write;

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
      const std::uint64_t before = p.beats[Ports::half_of(c, 77 + lw)];
      for (int n = 0; n < 2; ++n) p.cycle();
      REQUIRE(p.beats[Ports::half_of(c, 77 + lw)] == before);
      p.cycle();
      REQUIRE(p.beats[Ports::half_of(c, 77 + lw)] == before + 1);
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

TEST_CASE("attn_ports: three of W to one of X, the others go first") {
  Ports p("ports order");
  std::array<int, 7> taken{};  // channels of half 0, and writes
  std::array<int, 7> since{}, longest{};
  for (int n = 0; n < 1000; ++n) {
    std::array<bool, 7> stood{};
    for (const unsigned c : {0U, 2U, 4U}) {
      if (c == 4 && n % 10 != 0) continue;
      if (!p.want[c].valid) p.want[c] = {.valid = true, .tag = c, .addr = 64 * (c + 1)};
    }
    if (n % 20 == 0 && !p.write.valid) p.write = p.random_write(0);
    for (unsigned c = 0; c < 7; ++c) stood[c] = c < 6 ? p.want[c].valid : p.write.valid;
    p.cycle();
    for (unsigned c = 0; c < 7; ++c) {
      const bool now = stood[c] && !(c < 6 ? p.want[c].valid : p.write.valid);
      taken[c] += now;
      since[c] = stood[c] && !now ? since[c] + 1 : 0;
      longest[c] = std::max(longest[c], since[c]);
    }
  }
  CHECK(std::abs(3 * taken[0] - taken[2]) <= 3);
  CHECK(taken[0] > 200);
  CHECK(taken[4] == 100);
  CHECK(longest[4] <= 4);  // while the half stands still for want of room
  CHECK(longest[6] <= 8);
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
