// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <deque>
#include <iostream>

#include "mem_bench.hpp"

using attn::Bench;
using attn::kL1;
using attn::kUnits;

namespace {

/// One drained block: what d_cmd_t and its job say.
struct Block {
  unsigned ctx = 0, rows = 1, groups = 1, cols = kUnits;
  bool attn = false, raw = false, y_trans = false, y16 = false, job_last = false;
  bool dual = false, odd = false;  // two channels a row, two units a query
  std::uint32_t addr = 0, stride = 0;

  [[nodiscard]] bool transposed() const { return !raw && (attn || y_trans); }
};

class Out {
 public:
  explicit Out(const std::string& name) : b(name), golden(b.l1) {}

  /// Where unit u of row `row` of group g goes, and how many bytes.
  static std::pair<std::uint32_t, unsigned> place(const Block& k, unsigned g, unsigned row,
                                                  unsigned u) {
    const unsigned column = g * kUnits + u;
    if (k.raw) return {k.addr + row * 2 * kUnits + 2 * u, 2};
    if (k.dual) return {k.addr + u / 2 * k.stride + 2 * row + u % 2, 1};
    if (k.transposed()) return {k.addr + column * k.stride + row, 1};
    if (k.y16) return {k.addr + row * k.stride + 2 * column, 2};
    return {k.addr + row * k.stride + column, 1};
  }

  /// Sends the vectors of a block, `rate` percent of the cycles, and writes the golden memory.
  void send(const Block& k, unsigned rate = 100) {
    last_sent = k;
    b.dut->job_flags_i[k.ctx] =
        static_cast<CData>(k.attn | (k.attn && !k.raw) << 1 | k.y_trans << 2 | k.y16 << 3);
    b.dut->job_stride_i[k.ctx] = k.stride;
    for (unsigned g = 0; g < k.groups; ++g) {
      for (unsigned row = 0; row < k.rows; ++row) {
        const bool group_last = row + 1 == k.rows, last = group_last && g + 1 == k.groups;
        for (unsigned u = 0; u < kUnits; ++u) {
          const auto value = static_cast<std::uint16_t>(b.random());
          b.dut->v_y_i[u] = value;
          if (!k.raw && g * kUnits + (k.dual ? u / 2 : u) >= k.cols) continue;
          if (k.dual && k.odd && last && u % 2 == 1) continue;
          const auto [at, bytes] = place(k, g, row, u);
          for (unsigned i = 0; i < bytes; ++i) {
            golden.at(at + i) = static_cast<std::uint8_t>(value >> (8 * i));
          }
        }
        b.dut->v_flags_i = static_cast<CData>((row == 0 && g == 0) | group_last << 1 | last << 2);
        b.dut->d_ctx_i = k.ctx & 1;
        b.dut->d_cols_i = static_cast<SData>(k.cols);
        b.dut->d_dual_i = k.dual;
        b.dut->d_odd_i = k.odd;
        b.dut->d_addr_i = k.addr;
        b.dut->d_job_last_i = k.job_last;
        bool taken = false;
        for (int n = 0; !taken; ++n) {
          if (n == 500) throw std::runtime_error("vector taken: not within 500 cycles");
          b.dut->v_valid_i = tb::chance(b.random, rate);
          b.settle();
          taken = b.dut->v_valid_i && b.dut->v_ready_o;
          if (taken && last && k.job_last) ++ends_due[k.ctx];
          cycle();
        }
      }
    }
    b.dut->v_valid_i = 0;
  }

  /// One edge. A job that ends has all of its bytes in its half of L1.
  void cycle() {
    b.tick();
    ++cycles;
    for (unsigned c = 0; c < 2; ++c) {
      if (((b.dut->job_end_o >> c) & 1) == 0) continue;
      ++ends[c];
      REQUIRE(ends[c] == ends_due[c]);
      const auto half = static_cast<std::ptrdiff_t>(c * (kL1 / 2));
      const bool written =
          std::equal(b.l1.begin() + half, b.l1.begin() + half + kL1 / 2, golden.begin() + half);
      REQUIRE(written);
    }
  }

  void finish() {
    for (int n = 0; b.dut->idle_o != 15; ++n) {
      REQUIRE(n < 1000);
      b.settle();
      cycle();
    }
    REQUIRE(ends == ends_due);
    unsigned at = 0;
    while (at < kL1 && b.l1[at] == golden[at]) ++at;
    if (at < kL1) FAIL("byte " << at << " of L1 differs; last block " << name(last_sent));
  }

  static std::string name(const Block& k) {
    return std::to_string(k.rows) + " rows, " + std::to_string(k.cols) + " columns at " +
           std::to_string(k.addr) + ", stride " + std::to_string(static_cast<int>(k.stride)) +
           (k.raw            ? ", raw"
            : k.transposed() ? ", transposed"
            : k.y16          ? ", INT16"
                             : ", INT8");
  }

  Block random_block(unsigned half) {
    auto& r = b.random;
    Block k;
    k.ctx = tb::chance(r, 50);
    k.attn = tb::chance(r, 40);
    k.raw = k.attn && tb::chance(r, 30);
    k.y_trans = !k.attn && tb::chance(r, 40);
    k.y16 = !k.attn && !k.y_trans && tb::chance(r, 50);
    k.rows = tb::chance(r, 30) ? tb::uniform(r, 1U, 3U) : tb::uniform(r, 1U, 32U);
    k.groups = k.attn ? 1 : tb::uniform(r, 1U, std::min(64 / k.rows, 6U));
    k.cols = (k.groups - 1) * kUnits + tb::uniform(r, 1U, kUnits);
    k.dual = k.attn && !k.raw && tb::chance(r, 40);
    k.odd = tb::chance(r, 50);
    if (k.dual) k.cols = tb::uniform(r, 1U, kUnits / 2);
    const unsigned high = k.transposed() ? k.cols : k.rows;
    const unsigned wide = (k.transposed() ? k.rows : k.cols) * (k.y16 || k.dual ? 2 : 1);
    const std::uint32_t gap = tb::chance(r, 50) ? 0 : 8 * tb::uniform(r, 0U, 5U);
    k.stride = (wide + 15) / 8 * 8 + gap;
    const std::uint32_t size = k.raw ? k.rows * 2 * kUnits : high * k.stride;
    k.addr = half * (kL1 / 2) + 8 * tb::uniform(r, 0U, (kL1 / 2 - size) / 8 - 1);
    if (!k.raw && tb::chance(r, 20)) {  // rows upwards
      k.addr += (high - 1) * k.stride;
      k.stride = -k.stride;
    }
    // Blocks may begin in the middle of a word: transposed anywhere, with four units at its half.
    if (k.transposed() && !k.dual && tb::chance(r, 30)) k.addr += tb::uniform(r, 1U, 7U);
    if (kUnits == 4 && !k.transposed() && !k.y16 && !k.raw && tb::chance(r, 30)) k.addr += 4;
    return k;
  }

  Bench b;
  std::vector<std::uint8_t> golden;
  std::array<unsigned, 2> ends_due{}, ends{};
  std::uint64_t cycles = 0;
  Block last_sent;
};

}  // namespace

TEST_CASE("attn_out: shapes one by one") {
  Out o("out corners");
  for (unsigned mode = 0; mode < 7; ++mode) {
    for (const unsigned rows : {1U, 2U, 3U, 4U, 7U, 8U, 9U, 16U, 31U, 32U}) {
      for (const unsigned cols : {1U, kUnits / 2, kUnits - 1, kUnits, kUnits + 1, 2 * kUnits}) {
        Block k{.rows = rows, .cols = cols, .job_last = true, .addr = 4096, .stride = 136};
        k.attn = mode >= 3;
        k.raw = mode == 4;
        k.y_trans = mode == 1;
        k.y16 = mode == 2;
        k.dual = mode >= 5;
        k.odd = mode == 6;
        if (k.attn && cols > (k.dual ? kUnits / 2 : kUnits)) continue;
        k.groups = (cols + kUnits - 1) / kUnits;
        o.send(k);
        o.finish();
      }
    }
  }
  Block wide{.rows = 128, .cols = 3, .attn = true, .job_last = true, .addr = 64, .stride = 128};
  o.send(wide);  // attention with 128 channels
  o.finish();
  Block flat{
      .rows = 1, .groups = 64, .cols = 64 * kUnits, .job_last = true, .addr = 64, .stride = 8};
  o.send(flat);  // one row of activations
  o.finish();
}

TEST_CASE("attn_out: random blocks, two jobs, refusals") {
  for (int run = 0; run < 10; ++run) {
    Out o("out random " + std::to_string(run));
    auto& r = o.b.random;
    o.b.refuse = tb::chance(r, 30) ? 0 : tb::uniform(r, 1U, 80U);
    const unsigned rate = tb::chance(r, 50) ? 100 : tb::uniform(r, 10U, 90U);
    for (int n = 0; n < 40; ++n) {
      // Two jobs at once, each in its half of L1, so that the order of writes does not matter.
      for (unsigned i = 0; i < 2; ++i) {
        Block k = o.random_block(i);
        k.ctx = i;
        k.job_last = tb::chance(r, 50);
        o.send(k, rate);
      }
      o.finish();
    }
    REQUIRE(o.ends[0] + o.ends[1] > 5);
  }
}

TEST_CASE("attn_out: the end of a job waits for its own last write, not for the next job's") {
  Out o("out ends");
  auto& r = o.b.random;
  o.b.refuse = 70;
  for (int n = 0; n < 60; ++n) {
    Block first{.ctx = n & 1U, .rows = 8, .job_last = true, .stride = 64};
    first.y_trans = tb::chance(r, 50);
    first.addr = first.ctx * (kL1 / 2) + 8 * tb::uniform(r, 0U, 64U);
    Block second{.ctx = ~n & 1U,
                 .rows = 32,
                 .groups = 2,
                 .cols = 2 * kUnits,
                 .job_last = true,
                 .stride = 64};
    second.addr = second.ctx * (kL1 / 2);
    const unsigned before = o.ends[first.ctx];
    o.send(first);
    o.send(second);
    REQUIRE(o.ends[first.ctx] == before + 1);
    o.finish();
  }
}

TEST_CASE("attn_out: clear forgets beats and ends") {
  Out o("out clear");
  auto& r = o.b.random;
  for (int n = 0; n < 60; ++n) {
    o.b.refuse = tb::uniform(r, 0U, 80U);
    Block k = o.random_block(n & 1U);
    k.job_last = tb::chance(r, 60);
    o.send(k);
    const int wait = tb::uniform(r, 0, 6);
    for (int i = 0; i < wait; ++i) {
      o.b.settle();
      o.cycle();
    }
    o.b.dut->clear_i = 1;
    o.b.settle();
    o.cycle();
    o.b.dut->clear_i = 0;
    o.b.settle();
    o.golden = o.b.l1;
    o.ends_due = o.ends;
    REQUIRE(o.b.dut->idle_o == 15);
    o.finish();
  }
}

TEST_CASE("attn_out: vectors a cycle") {
  struct Case {
    const char* name;
    Block block;
    double least;
  };
  const double two = kUnits == 16 ? 0.88 : 0.99;
  const std::uint32_t wide = 2 * 4 * kUnits;
  for (const Case& c :
       {Case{"INT8",
             {.rows = 16, .groups = 4, .cols = 4 * kUnits, .addr = 64, .stride = wide},
             0.99},
        Case{"INT16",
             {.rows = 16, .groups = 4, .cols = 4 * kUnits, .y16 = true, .addr = 64, .stride = wide},
             0.95},
        Case{"transposed",
             {.rows = 16,
              .groups = 4,
              .cols = 4 * kUnits,
              .y_trans = true,
              .addr = 64,
              .stride = 64},
             two}}) {
    for (const unsigned refuse : {0U, 10U}) {
      Out o("out rate");
      o.b.refuse = refuse;
      const std::uint64_t before = o.cycles;
      constexpr unsigned kBlocks = 20;
      for (unsigned n = 0; n < kBlocks; ++n) o.send(c.block);
      const double rate = 64.0 * kBlocks / static_cast<double>(o.cycles - before);
      std::cout << "attn_out " << oct::config::kName << ", " << c.name << ", " << refuse
                << " % refused: " << rate << " vectors a cycle\n";
      CHECK(rate > c.least - (refuse != 0 ? 0.06 : 0));
    }
  }
}
