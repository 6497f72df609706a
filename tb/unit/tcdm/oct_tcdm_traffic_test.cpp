// SPDX-License-Identifier: Apache-2.0
// L1 under random traffic, races between atomics, starvation bounds, and what conflicts cost.
#include <catch2/catch.hpp>
#include <cmath>
#include <iostream>

#include "tcdm_bench.hpp"

using namespace tcdm;

namespace {

struct Profile {
  const char* name;
  unsigned narrow, word, line;  // percent of free cycles in which a port asks again
  unsigned atomics;             // percent of a core's accesses
  unsigned writes;
  std::uint32_t words;  // accesses fall on so many words
  bool vanish;          // line ports take a request back now and then
};

class Traffic {
 public:
  Traffic(Tcdm& t, const Profile& p)
      : t_(t), p_(p), random_(tb::rng(std::string("tcdm ") + p.name)) {
    t_.lines_may_vanish = p.vanish;
  }
  void offer() {
    for (int m = 0; m < kNarrow; ++m) {
      if (!t_.narrow[m].valid && tb::chance(random_, p_.narrow)) t_.narrow[m] = narrow(m);
    }
    for (auto& w : t_.word) {
      if (!w.valid && tb::chance(random_, p_.word)) {
        w = {.valid = true,
             .we = tb::chance(random_, p_.writes),
             .word = place(),
             .wdata = random_()};
        w.be = tb::chance(random_, 50) ? 255 : static_cast<unsigned>(random_() & 255);
      }
    }
    for (auto& l : t_.line) {
      if (p_.vanish && tb::chance(random_, 10)) l.mask = 0;
      if (l.mask == 0 && tb::chance(random_, p_.line)) {
        l = {.mask = tb::chance(random_, 70) ? 255 : static_cast<unsigned>(random_() & 255),
             .line = place() / 8};
        l.be = tb::chance(random_, 50) ? ~0ULL : random_();
        for (auto& d : l.data) d = random_();
      }
    }
  }
  std::mt19937_64& random() { return random_; }

 private:
  std::uint32_t place() { return tb::uniform<std::uint32_t>(random_, 0, p_.words - 1); }
  Narrow narrow(int m) {
    Narrow r{.valid = true, .we = tb::chance(random_, p_.writes), .addr = place() * 8};
    r.addr += tb::chance(random_, 50) ? 4 : 0;
    r.be = tb::chance(random_, 50) ? 15 : static_cast<unsigned>(random_() & 15);
    r.wdata = static_cast<std::uint32_t>(random_());
    if (m != kHost && tb::chance(random_, p_.atomics)) {
      r.amo = static_cast<Amo>(tb::uniform<int>(random_, Lr, Maxu));
      if (tb::chance(random_, 50)) r.amo = t_.reserved(m) ? Sc : Lr;
      r.we = r.amo != Lr;
      r.be = 15;
      if (r.amo == Sc && last_[m] && tb::chance(random_, 80)) r.addr = *last_[m];
      if (r.amo == Lr) last_[m] = r.addr;
    }
    return r;
  }
  Tcdm& t_;
  const Profile& p_;
  std::mt19937_64 random_;
  std::array<std::optional<std::uint32_t>, kNarrow> last_{};
};

const Profile kProfiles[] = {
    {"everything everywhere", 100, 100, 100, 0, 50, kWords, false},
    {"sparse", 10, 10, 10, 20, 50, kWords, false},
    {"few words", 60, 60, 30, 30, 50, 24, false},
    {"one word", 80, 30, 10, 60, 50, 1, false},
    {"atomics on few words", 100, 5, 5, 90, 30, 10, false},
    {"atomics everywhere", 100, 50, 50, 90, 50, kWords, false},
    {"lines vanish", 80, 80, 80, 30, 50, 64, true},
    {"cores only", 100, 0, 0, 30, 30, 200, false},
    {"engine only", 0, 100, 0, 0, 50, 200, false},
    {"dma only", 0, 0, 100, 0, 50, 200, false},
};

}  // namespace

TEST_CASE("tcdm: random traffic of every kind against the reference memory") {
  const int cycles = 6000;
  for (const Profile& profile : kProfiles) {
    INFO(profile.name);
    Tcdm t;
    Traffic traffic(t, profile);
    for (int c = 0; c < cycles; ++c) {
      traffic.offer();
      t.cycle();
    }
    CAPTURE(t.max_wait);
    REQUIRE(t.grants > 100);
    for (int c = 0; c < 4 * kBound; ++c) t.cycle();  // all that stood is served
    for (auto& r : t.narrow) REQUIRE(!r.valid);
    for (auto& r : t.word) REQUIRE(!r.valid);
    for (auto& r : t.line) REQUIRE(r.mask == 0);
    REQUIRE(t.dut->idle_o);
  }
}

TEST_CASE("tcdm: clear at random moments") {
  Tcdm t;
  Profile profile = kProfiles[2];
  profile.name = "clear";
  Traffic traffic(t, profile);
  for (int round = 0; round < 300; ++round) {
    for (int c = tb::uniform<int>(traffic.random(), 0, 40); c > 0; --c) {
      traffic.offer();
      t.cycle();
    }
    t.clear = true;
    const bool withdraw = tb::chance(traffic.random(), 50);
    if (withdraw) {
      for (auto& r : t.narrow) r.valid = false;
      for (auto& r : t.word) r.valid = false;
      for (auto& r : t.line) r.mask = 0;
    }
    for (int c = tb::uniform<int>(traffic.random(), 1, 4); c > 0; --c) t.cycle();
    REQUIRE(t.dut->idle_o);
    t.clear = false;
  }
}

TEST_CASE("tcdm: counters raced for by AMOs and by LR/SC loops lose no increment") {
  const int each = 150;
  for (int style = 0; style < 3; ++style) {  // 0: AMO, 1: LR/SC, 2: both mixed, neighbours written
    INFO(style);
    Tcdm t;
    auto random = tb::rng("tcdm races");
    const std::uint32_t counter = 8 * 40;
    t.store(0, counter, 0);
    std::array<int, kNarrow> done{}, tries{};
    std::array<bool, kNarrow> loaded{};
    int total = 0, since = 0, longest = 0;
    for (int c = 0; total < each * kCores; ++c) {
      REQUIRE(c < 400000);
      for (int m = 0; m < kCores; ++m) {
        if (t.narrow[m].valid || done[m] == each) continue;
        const bool swap = style == 1 || (style == 2 && (m & 1));
        if (!swap) {
          t.narrow[m] = {.valid = true, .we = true, .addr = counter, .wdata = 1, .amo = Add};
        } else if (!loaded[m]) {
          t.narrow[m] = {.valid = true, .addr = counter, .amo = Lr};
        } else {
          t.narrow[m] = {
              .valid = true, .we = true, .addr = counter, .wdata = t.n_rdata[m] + 1, .amo = Sc};
        }
      }
      if (style == 2) {  // other words of bank and line, never the counter's own
        if (!t.word[0].valid)
          t.word[0] = {.valid = true, .we = true, .word = counter / 8 + 1, .wdata = random()};
        if (t.line[0].mask == 0)
          t.line[0] = {.mask = 0xff & ~(1U << (counter / 8 % 8)), .line = counter / 64};
      }
      std::array<std::uint32_t, kNarrow> keep = t.n_rdata;
      t.cycle();
      bool progress = false;
      for (int m = 0; m < kCores; ++m) {
        if (!t.n_taken[m]) {
          t.n_rdata[m] = keep[m];
          continue;
        }
        const bool swap = style == 1 || (style == 2 && (m & 1));
        if (swap && !loaded[m]) {
          loaded[m] = true;
          ++tries[m];
          continue;
        }
        loaded[m] = false;
        if (swap && t.n_rdata[m] != 0) continue;  // SC failed
        ++done[m];
        ++total;
        progress = true;
      }
      // Forward progress: while anybody loops, somebody succeeds before long.
      since = progress ? 0 : since + 1;
      longest = std::max(longest, since);
      REQUIRE(since <= 2 * kBound);
    }
    for (auto& r : t.word) r.valid = false;
    t.line[0].mask = 0;
    REQUIRE(t.load(kHost, counter) == static_cast<std::uint32_t>(each * kCores));
    std::cout << fmt::format("tcdm race, style {}: longest time without a success {} cycles\n",
                             style, longest);
  }
}

TEST_CASE("tcdm: nobody starves, whoever else floods the same bank") {
  for (int victim = 0; victim < kMasters; victim += 3) {
    Tcdm t;
    int worst = 0;
    auto random = tb::rng("tcdm starvation");
    for (int c = 0; c < 3000; ++c) {
      // Everybody asks for one bank in every cycle; the lines for its group.
      for (int m = 0; m < kNarrow; ++m) {
        if (!t.narrow[m].valid) {
          t.narrow[m] = {.valid = true, .we = true, .addr = 0};
          if (m != kHost && tb::chance(random, 30)) t.narrow[m].amo = Add;
        }
      }
      for (auto& w : t.word) {
        if (!w.valid) w = {.valid = true, .word = 0};
      }
      for (auto& l : t.line) {
        if (l.mask == 0) l = {.mask = 255, .line = 0};
      }
      t.cycle();
      worst = std::max(worst, t.max_wait);
    }
    INFO(worst);
    REQUIRE(worst <= kBound);
    REQUIRE(worst > 2);  // there was something to bound
    if (victim == 0)
      std::cout << fmt::format("tcdm flooded bank: longest wait {} cycles, bound {}\n", worst,
                               kBound);
  }
  // A single core against lines that come without end.
  Tcdm t;
  for (int i = 0; i < 20; ++i) {
    t.narrow[0] = {.valid = true, .addr = 0};
    for (int c = 0; t.narrow[0].valid; ++c) {
      REQUIRE(c <= 2 * kPatience + 5);
      if (t.line[0].mask == 0) t.line[0] = {.mask = 255, .line = 0};
      t.cycle();
    }
  }
}

namespace {

/// Expected accesses per cycle of n requesters that pick one of m banks at random.
double expected(double n, double m) { return m * (1 - std::pow(1 - 1 / m, n)); }

}  // namespace

TEST_CASE("tcdm: random readers lose no more than chance, and the same each") {
  Tcdm t;
  auto random = tb::rng("tcdm readers");
  const int cycles = 20000;
  for (int n : {1, 2, kCores - 1, kCores}) {
    std::array<int, kNarrow> served{};
    for (int c = 0; c < cycles; ++c) {
      for (int m = 0; m < n; ++m) {
        if (!t.narrow[m].valid) {
          t.narrow[m] = {.valid = true,
                         .addr = tb::uniform<std::uint32_t>(random, 0, kWords - 1) * 8};
        }
      }
      t.cycle();
      for (int m = 0; m < n; ++m) served[m] += t.n_taken[m];
    }
    int total = 0, least = cycles, most = 0;
    for (int m = 0; m < n; ++m) {
      total += served[m];
      least = std::min(least, served[m]);
      most = std::max(most, served[m]);
      t.narrow[m].valid = false;
    }
    const double rate = static_cast<double>(total) / cycles / n;
    const double formula = expected(n, kBanks) / n;
    std::cout << fmt::format(
        "tcdm {} random readers on {} banks: {:.2f} % granted, formula {:.2f} %, "
        "least {:.2f} %, most {:.2f} %\n",
        n, kBanks, 100 * rate, 100 * formula, 100.0 * least / cycles, 100.0 * most / cycles);
    REQUIRE(rate > formula - 0.03);
    REQUIRE(most - least < cycles / 25);
  }
}

TEST_CASE("tcdm: streams keep their rate") {
  Tcdm t;
  auto random = tb::rng("tcdm streams");
  const int cycles = 20000;
  struct Result {
    double engine, lines, cores;
  };
  // The engine streams `ports` words a cycle in rows of eight, elastic to one row; the DMA `dma`
  // percent of full rate in each direction of `both`; the cores read at random in `cores` percent
  // of the cycles.
  auto run = [&](int ports, unsigned dma, bool both, unsigned cores) {
    std::array<unsigned, 2> backlog{};
    std::array<std::uint32_t, 2> next_line{0, kLines / 2};
    std::array<std::uint32_t, kWord> next{};
    for (int m = 0; m < kWord; ++m)
      next[m] = static_cast<std::uint32_t>(m / 8 * (kWords / 3) / 8 * 8 + m % 8);
    std::uint64_t words = 0, lanes = 0, taken = 0, wanted_words = 0, wanted = 0;
    for (int c = 0; c < cycles; ++c) {
      for (int m = 0; m < ports; ++m) {
        if (!t.word[m].valid) {
          t.word[m] = {.valid = true, .word = next[m]};
          next[m] = (next[m] + 8) % kWords;
        }
        ++wanted_words;
      }
      for (int p = 0; p < 2; ++p) {
        if (!both && p == 1) continue;
        backlog[p] += dma;  // lines come at this rate and queue up
        if (t.line[p].mask == 0 && backlog[p] >= 100) {
          backlog[p] -= 100;
          t.line[p] = {.mask = 255, .line = next_line[p]};
          next_line[p] = (next_line[p] + 1) % kLines;
        }
      }
      for (int m = 0; m < kCores - 1; ++m) {
        if (!t.narrow[m].valid && tb::chance(random, cores)) {
          t.narrow[m] = {.valid = true,
                         .addr = tb::uniform<std::uint32_t>(random, 0, kWords - 1) * 8};
        }
        wanted += t.narrow[m].valid;
      }
      t.cycle();
      words += std::count(t.w_taken.begin(), t.w_taken.end(), true);
      lanes += std::popcount(t.l_taken[0]) + std::popcount(t.l_taken[1]);
      taken += std::count(t.n_taken.begin(), t.n_taken.end(), true);
    }
    for (auto& r : t.narrow) r.valid = false;
    for (auto& r : t.word) r.valid = false;
    for (auto& r : t.line) r.mask = 0;
    t.cycle();
    const double directions = both ? 2 : 1;
    Result r{words / std::max(1.0, double(wanted_words)), lanes / (8 * directions * cycles),
             taken / std::max(1.0, double(wanted))};
    std::cout << fmt::format(
        "tcdm streams: engine {} ports, DMA {} % of 64 byte/cycle{}, cores {} %: engine {:.2f} %, "
        "DMA {:.2f} % of full rate, cores' requests granted {:.2f} %\n",
        ports, dma, both ? " each way" : "", cores, 100 * r.engine, 100 * r.lines, 100 * r.cores);
    return r;
  };
  REQUIRE(run(0, 100, false, 0).lines == 1.0);
  REQUIRE(run(0, 100, true, 0).lines > 0.99);
  // Both directions alone take all of 16 banks; there the cores' share must come off.
  REQUIRE(run(0, 100, true, 20).lines > (kBanks >= 32 ? 0.97 : 0.75));
  REQUIRE(run(kBanks / 4, 0, false, 0).engine > 0.99);
  // What a matrix product asks for, under standard traffic.
  const Result standard = run(kBanks / 4, 50, false, 10);
  REQUIRE(standard.engine > 0.97);
  // On 16 banks the two streams may lock into a phase in which they meet again and again.
  REQUIRE(standard.lines > (kBanks >= 32 ? 0.49 : 0.45));
  // Two rows of eight meet each other now and then, without any other traffic, too.
  const double quiet = run(kBanks / 2, 0, false, 0).engine;
  const Result wide = run(kBanks / 2, 50, false, 10);
  REQUIRE(wide.engine > quiet - 0.10);
  REQUIRE(wide.lines > (kBanks >= 32 ? 0.49 : 0.45));
  // A stream that falls behind goes first; what the engine loses, it loses to as many banks.
  t.urgent = 1;
  const Result behind = run(kBanks / 2, 100, false, 0);
  REQUIRE(behind.lines > 0.99);
  REQUIRE(behind.engine > (kBanks >= 32 ? 0.6 : 0.4));
  t.urgent = 0;
  const Result all = run(kBanks / 2, 100, true, 100);  // more than the banks can serve
  REQUIRE(all.engine > 0.4);
  REQUIRE(all.lines > 0.3);
  REQUIRE(all.cores > 0.01);
}
