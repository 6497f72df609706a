// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <iostream>

#include "dma_bench.hpp"

using dma::Bench;
using dma::Job;

namespace {

// DMA-in and DMA-out run side by side in their own halves of both memories.
constexpr dma::Window kL1In{0, dma::kL1 / 2}, kL1Out{dma::kL1 / 2, dma::kL1};
constexpr dma::Window kL2In{dma::kL2Base, dma::kL2Base + dma::kL2Bytes / 2};
constexpr dma::Window kL2Out{kL2In.end, dma::kL2Base + std::int64_t{dma::kL2Bytes}};

Job random_job(std::mt19937_64& r, int dir, std::uint32_t l2_offset = 0) {
  const bool fill = dir == 0 && tb::chance(r, 15);
  return dma::random_job(r, dir == 0 ? kL2In : kL2Out, dir == 0 ? kL1In : kL1Out, l2_offset, fill);
}

tb::AxiMemoryConfig random_memory(std::mt19937_64& r) {
  return {.read_latency = tb::uniform(r, 1U, 120U),
          .write_latency = tb::uniform(r, 1U, 120U),
          .stall_percent = tb::chance(r, 40) ? 0 : tb::uniform(r, 1U, 70U),
          .max_reads = tb::uniform(r, 1U, 64U),
          .max_writes = tb::uniform(r, 1U, 64U),
          .seed = r()};
}

dma::L1Config random_l1(std::mt19937_64& r) {
  return {.refuse_percent = tb::chance(r, 40) ? 0 : tb::uniform(r, 1U, 60U)};
}

Job flat(std::uint32_t l2, std::uint32_t l1, std::uint32_t bytes) {
  return {.l2 = l2, .l1 = l1, .row = bytes};
}

constexpr std::uint32_t kOut = static_cast<std::uint32_t>(kL2Out.first);

}  // namespace

TEST_CASE("dma: corner cases one by one") {
  Bench b({.read_latency = 5, .write_latency = 5, .seed = tb::derived_seed("corners")});
  const std::uint32_t l1_out = kL1Out.first;
  std::vector<Job> jobs = {
      flat(dma::kL2Base, 0, 64),              // one line
      flat(dma::kL2Base + 63, 127, 1),        // one byte, ends of lines
      flat(dma::kL2Base + 63, 64, 2),         // two source lines, one destination line
      flat(dma::kL2Base + 64, 127, 2),        // one source line, two destination lines
      flat(dma::kL2Base + 40, 8, 16),         // rotated past the end, one line each
      flat(dma::kL2Base + 1, 62, 64),         // two and two
      flat(dma::kL2Base + 0xfc1, 3, 700),     // across 4 KiB
      flat(dma::kL2Base + 0x3c0, 0x80, 192),  // across a burst border
      {.l2 = dma::kL2Base, .l1 = 1, .row = 1, .count1 = 64, .l2_stride1 = 64, .l1_stride1 = 1},
      {.l2 = dma::kL2Base,
       .l1 = 4032,
       .row = 64,
       .count1 = 64,
       .l2_stride1 = 384,
       .l1_stride1 = static_cast<std::uint32_t>(-64)},
      {.l2 = dma::kL2Base + 5000,
       .l1 = 0,
       .row = 10,
       .count1 = 3,
       .count2 = 4,
       .l2_stride1 = static_cast<std::uint32_t>(-1000),
       .l2_stride2 = 7,
       .l1_stride1 = 10,
       .l1_stride2 = 100},
      {.l2 = dma::kL2Base + 9, .l1 = 70, .row = 33, .count1 = 5},  // strides 0: the last row stays
  };
  for (Job j : jobs) {
    b.push(0, j);
    b.run();
    j.l2 += kOut - dma::kL2Base;
    j.l1 += l1_out;
    b.push(1, j);
    b.run();
  }
  b.push(0,
         {.op = dma::kFill, .l2 = 0x12345678, .l1 = 3, .row = 150, .count1 = 3, .l1_stride1 = 201});
  b.push(0, flat(dma::kL2Base + 3, 1000, 100));  // its data arrive while the fill is running
  b.push(0, {.op = dma::kNop});
  b.push(1, {.op = dma::kNop});
  b.run();
  CHECK(b.ended[0].size() == jobs.size() + 3);
  CHECK(b.ended[1].size() == jobs.size() + 1);
}

TEST_CASE("dma: random jobs, both directions at once") {
  auto r = tb::rng("dma random");
  for (int round = 0; round < 60; ++round) {
    const std::uint32_t l2_offset = tb::chance(r, 50) ? 0 : static_cast<std::uint32_t>(r());
    Bench b(random_memory(r), random_l1(r), l2_offset);
    b.job_percent = tb::chance(r, 70) ? 100 : 3;
    unsigned count[2] = {0, 0};
    for (int d = 0; d < 2; ++d) {
      if (tb::chance(r, 15)) continue;
      count[d] = tb::uniform(r, 1U, 25U);
      for (unsigned i = 0; i < count[d]; ++i) b.push(d, random_job(r, d, l2_offset));
    }
    b.run(2'000'000);
    CHECK(b.ended[0].size() == count[0]);
    CHECK(b.ended[1].size() == count[1]);
  }
}

TEST_CASE("dma: bad jobs end with cause and address and touch nothing") {
  auto r = tb::rng("dma bad");
  const auto l1 = static_cast<std::uint32_t>(dma::kL1);
  const auto neg = [](std::int64_t x) { return static_cast<std::uint32_t>(-x); };
  std::vector<Job> bad = {
      {.op = 0x12},
      {.op = 0x30},
      {.op = 0x20},
      {.op = 0xff},
      {.row = 0},
      {.count1 = 0},
      {.count2 = 0},
      {.l1 = l1},
      {.l1 = 0xffff'ffc0},
      {.l1 = l1 - 63},
      {.l1 = 0, .row = l1 + 1},
      {.l1 = 64, .row = 0xffff'ffff},
      {.l1 = 1, .row = 0xffff'ffff},
      {.l1 = 0, .row = 1, .count1 = 2, .l1_stride1 = neg(1)},
      {.l1 = 0, .row = 1, .count1 = 2, .l1_stride1 = l1},
      {.l1 = l1 - 64, .row = 64, .count1 = 2, .l1_stride1 = 1},
      {.l1 = l1 - 1, .row = 1, .count2 = 2, .l1_stride2 = neg(l1)},
      {.l1 = 0, .row = 1, .count1 = 2, .l1_stride1 = 0x8000'0000},
      // 32-bit arithmetic would come back into L1.
      {.l1 = 0, .row = 1, .count1 = 3, .l1_stride1 = 0x8000'0000},
      {.l1 = 0,
       .row = 1,
       .count1 = 0xffff,
       .count2 = 0xffff,
       .l1_stride1 = l1 / 2 + 1,
       .l1_stride2 = 1},
      {.l1 = 64, .row = 64, .count1 = 2, .count2 = 2, .l1_stride1 = neg(64), .l1_stride2 = neg(64)},
      {.l1 = 64, .row = 1, .count1 = 66, .count2 = 2, .l1_stride1 = neg(1), .l1_stride2 = 70},
      {.l1 = l1 / 2,
       .row = 64,
       .count1 = 3,
       .count2 = 2,
       .l1_stride1 = l1 / 4 - 32,
       .l1_stride2 = 1},
  };
  for (int i = 0; i < 400; ++i) {
    Job j{.l1 = static_cast<std::uint32_t>(r() % l1),
          .row = tb::uniform(r, 1U, 300U),
          .count1 = tb::uniform(r, 1U, 0xffffU),
          .count2 = tb::uniform(r, 1U, 0xffffU)};
    const auto stride = [&] {
      const auto s = tb::uniform<std::int64_t>(r, -4, 4) *
                     (tb::chance(r, 20) ? 0x7fff'ffff / 4 : tb::uniform(r, 0, 600));
      return static_cast<std::uint32_t>(s);
    };
    j.l1_stride1 = stride(), j.l1_stride2 = stride();
    if (tb::chance(r, 50)) j.count1 = tb::uniform(r, 1U, 300U);
    if (tb::chance(r, 50)) j.count2 = 1;
    if (dma::check(j, true).cause != dma::kNone) bad.push_back(j);
  }
  Bench b({.read_latency = 20, .write_latency = 20, .seed = r()});
  for (const Job& j : bad) {
    b.push(0, j);
    b.push(1, j);
    if (tb::chance(r, 10)) b.push(0, random_job(r, 0));
    if (tb::chance(r, 10)) b.push(1, random_job(r, 1));
  }
  b.push(1, {.op = dma::kFill});
  b.run(2'000'000);
  const auto stats = b.memory.stats();
  CHECK(b.ended[0].size() >= bad.size());
  // The verdicts of the list itself: the model could share a mistake with the RTL.
  const std::vector<dma::Verdict> first = {
      {dma::kBadOp, 0x12},          {dma::kBadOp, 0x30},     {dma::kBadOp, 0x20},
      {dma::kBadOp, 0xff},          {dma::kBadField, 6},     {dma::kBadField, 7},
      {dma::kBadField, 7},          {dma::kL1Range, l1},     {dma::kL1Range, 0xffff'ffc0},
      {dma::kL1Range, l1},          {dma::kL1Range, l1},     {dma::kL1Range, l1},
      {dma::kL1Range, l1},          {dma::kL1Range, neg(1)}, {dma::kL1Range, l1},
      {dma::kL1Range, l1},          {dma::kL1Range, neg(1)}, {dma::kL1Range, 0x8000'0000},
      {dma::kL1Range, 0x8000'0000}, {dma::kL1Range, l1},     {dma::kL1Range, neg(64)},
      {dma::kL1Range, neg(1)},      {dma::kL1Range, l1}};
  for (std::size_t i = 0; i < first.size(); ++i) {
    INFO("bad job " << i);
    CHECK(dma::check(bad[i], true) == first[i]);
  }
  // Jobs that just fit are good.
  CHECK(dma::check({.l1 = 0, .row = l1}, true).cause == dma::kNone);
  CHECK(dma::check({.l1 = 64, .row = 1, .count1 = 65, .l1_stride1 = neg(1)}, true).cause ==
        dma::kNone);
  b.push(0, {.l2 = dma::kL2Base, .l1 = 64, .row = 1, .count1 = 65, .l1_stride1 = neg(1)});
  b.push(0, {.l2 = dma::kL2Base, .l1 = 0, .row = l1});
  b.run();
  CHECK(b.ended[0].back().verdict.cause == dma::kNone);
  CHECK(b.memory.stats().read_beats == stats.read_beats + l1 / 64 + 65);
}

TEST_CASE("dma: AXI errors end the job with cause and address, the next job runs") {
  auto r = tb::rng("dma axi errors");
  for (int round = 0; round < 60; ++round) {
    Bench b(random_memory(r), random_l1(r));
    const bool timeout = tb::chance(r, 30), dec = tb::chance(r, 50);
    const std::uint32_t cause = timeout ? dma::kTimeout : dec ? dma::kDecErr : dma::kSlvErr;
    b.dut->axi_rd_timeout_i = b.dut->axi_wr_timeout_i = timeout;
    for (int d = 0; d < 2; ++d) {
      const std::uint32_t base = (d == 0 ? dma::kL2Base : kOut), l1 = d == 0 ? 0 : kL1Out.first;
      const std::uint32_t bytes = tb::uniform(r, 64U, 12'000U), at = tb::uniform(r, 0U, bytes - 1);
      if (!timeout) {
        b.memory.inject(base + 0x8000 + at, 1, dec ? tb::AxiFault::kDecErr : tb::AxiFault::kSlvErr);
        for (unsigned i = tb::uniform(r, 0U, 4U); i > 0; --i) {
          b.push(d, flat(base + tb::uniform(r, 0U, 3000U), l1 + tb::uniform(r, 0U, 999U), 700));
        }
      }
      b.push(d, flat(base + 0x8000, l1 + tb::uniform(r, 0U, 99U), bytes));
      const std::size_t victim = timeout ? 0 : b.waiting(d) - 1;
      for (unsigned i = tb::uniform(r, 1U, 5U); i > 0; --i) {
        b.push(d, flat(base + tb::uniform(r, 0U, 3000U), l1 + tb::uniform(r, 0U, 999U), 700));
      }
      const std::size_t total = b.waiting(d);
      b.run(1'000'000);
      REQUIRE(b.ended[d].size() == total);
      for (std::size_t i = 0; i < total; ++i) {
        const auto& v = b.ended[d][i].verdict;
        INFO("round " << round << " dir " << d << " job " << i);
        if (timeout) {
          CHECK(v.cause == dma::kTimeout);
          CHECK(v.addr == ((b.ended[d][i].job.l2) & ~63U));
        } else {
          CHECK(v.cause == (i == victim ? cause : dma::kNone));
          // Reads name the line, writes the burst.
          const std::uint32_t unit = d == 0 ? 64 : 64 * oct::config::kDmaBurstBeats;
          if (i == victim) CHECK((v.addr | (unit - 1)) == ((base + 0x8000 + at) | (unit - 1)));
        }
      }
    }
    b.dut->axi_rd_timeout_i = b.dut->axi_wr_timeout_i = 0;
    b.memory.clear_faults();
    for (int d = 0; d < 2; ++d) {
      for (int i = 0; i < 3; ++i) b.push(d, random_job(r, d));
    }
    b.run(1'000'000);
  }
}

TEST_CASE("dma: outside L2 in the middle of a job") {
  auto r = tb::rng("dma decerr");
  Bench b({.read_latency = 30, .write_latency = 30, .seed = r()});
  const std::uint32_t end = dma::kL2Base + dma::kL2Bytes;
  b.push(0, flat(end - 4096, 0, 8192));
  b.push(0, flat(dma::kL2Base, 0, 100));
  b.run();
  b.push(1, flat(end - 4096, kL1Out.first, 8192));
  b.push(1, flat(kOut, kL1Out.first, 100));
  b.run();
  for (int d = 0; d < 2; ++d) {
    CHECK(b.ended[d][0].verdict == dma::Verdict{dma::kDecErr, end});
    CHECK(b.ended[d][1].verdict.cause == dma::kNone);
  }
}

TEST_CASE("dma: clear at any moment") {
  auto r = tb::rng("dma clear");
  for (int round = 0; round < 30; ++round) {
    Bench b(random_memory(r), random_l1(r));
    for (int again = 0; again < 6; ++again) {
      const bool faults = tb::chance(r, 30);
      if (faults) {
        b.memory.inject(dma::kL2Base + r() % dma::kL2Bytes, 20'000, tb::AxiFault::kSlvErr);
      }
      for (int d = 0; d < 2; ++d) {
        for (unsigned i = tb::uniform(r, 0U, 8U); i > 0; --i) b.push(d, random_job(r, d));
      }
      const unsigned moment =
          tb::chance(r, 30) ? tb::uniform(r, 0U, 12U) : tb::uniform(r, 0U, 800U);
      for (unsigned i = 0; i < moment; ++i) b.cycle();
      b.abort();
      b.memory.clear_faults();
      for (int d = 0; d < 2; ++d) {
        b.ended[d].clear();
        for (int i = 0; i < 2; ++i) b.push(d, random_job(r, d));
      }
      b.run(1'000'000);
      CHECK(b.ended[0].size() == 2);
      CHECK(b.ended[1].size() == 2);
    }
  }
}

namespace {

struct Rate {
  double in = 0, out = 0;  // percent of 64 bytes a cycle, from the first job taken to the last done
};

Rate measure(const char* name, unsigned dirs, const std::function<Job(int, unsigned)>& job,
             unsigned jobs, dma::L1Config l1 = {}) {
  Bench b({.read_latency = 100,
           .write_latency = 100,
           .max_reads = 512,
           .max_writes = 512,
           .seed = tb::derived_seed("rate")},
          l1);
  double bytes[2] = {0, 0};
  for (int d = 0; d < 2; ++d) {
    if (!(dirs >> d & 1)) continue;
    for (unsigned i = 0; i < jobs; ++i) {
      b.push(d, job(d, i));
      bytes[d] += 1.0 * job(d, i).row * job(d, i).count1 * job(d, i).count2;
    }
  }
  b.run(2'000'000);
  Rate rate;
  double* percent[2] = {&rate.in, &rate.out};
  for (int d = 0; d < 2; ++d) {
    if (!b.ended[d].empty())
      *percent[d] = bytes[d] / 0.64 / (b.ended[d].back().cycle - b.first_cycle);
  }
  std::cout << fmt::format("dma rate {:44} in {:6.2f} %  out {:6.2f} %  conflicts {}\n", name,
                           rate.in, rate.out, b.conflicts);
  return rate;
}

}  // namespace

TEST_CASE("dma: rate at 100 cycles of memory latency") {
  const auto stream = [](std::uint32_t bytes, std::uint32_t l2_skew, std::uint32_t l1_skew) {
    return [=](int d, unsigned i) {
      const std::uint32_t slots = static_cast<std::uint32_t>(dma::kL1 / 2 / bytes);
      Job j = flat((d == 0 ? dma::kL2Base : kOut) + i % 8 * bytes + l2_skew,
                   (d == 0 ? 0 : kL1Out.first) + i % slots * bytes + l1_skew, bytes);
      if (l2_skew + l1_skew != 0) j.row -= 128;
      return j;
    };
  };
  const bool wide = oct::config::kNumBanks >= 32;
  const Rate in = measure("16 KiB, in alone", 1, stream(16384, 0, 0), 64);
  CHECK(in.in >= 97);
  const Rate out = measure("16 KiB, out alone", 2, stream(16384, 0, 0), 64);
  CHECK(out.out >= 97);
  const Rate both = measure("16 KiB, both at once", 3, stream(16384, 0, 0), 64);
  CHECK(both.in >= (wide ? 97 : 80));
  CHECK(both.out >= (wide ? 97 : 80));
  const Rate odd = measure("16 KiB - 128, misaligned, in alone", 1, stream(16384, 5, 58), 64);
  CHECK(odd.in >= 90);
  const Rate odd_out = measure("16 KiB - 128, misaligned, out alone", 2, stream(16384, 58, 5), 64);
  CHECK(odd_out.out >= 90);
  measure("16 KiB - 128, misaligned, both", 3, stream(16384, 5, 58), 64);
  measure("4 KiB, both at once", 3, stream(4096, 0, 0), 256);
  measure("1 KiB, both at once", 3, stream(1024, 0, 0), 512);
  measure("16 KiB, both, 5 % of lanes refused", 3, stream(16384, 0, 0), 64, {.refuse_percent = 5});

  const auto rows = [](std::uint32_t row, std::uint32_t skew) {
    return [=](int d, unsigned) {
      return Job{.l2 = (d == 0 ? dma::kL2Base : kOut) + skew,
                 .l1 = d == 0 ? 0 : static_cast<std::uint32_t>(kL1Out.first),
                 .row = row,
                 .count1 = 128,
                 .l2_stride1 = 384,
                 .l1_stride1 = row};
    };
  };
  for (const std::uint32_t row : {32U, 64U}) {
    for (const std::uint32_t skew : {0U, 32U}) {
      const auto name = fmt::format("128 rows of {} from a [128,384] tensor, + {}", row, skew);
      const Rate rate = measure((name + ", in").c_str(), 1, rows(row, skew), 32);
      const Rate write = measure((name + ", out").c_str(), 2, rows(row, skew), 32);
      if (skew == 0) CHECK(rate.in >= 90.0 * row / 64);
      if (skew == 0) CHECK(write.out >= 85.0 * row / 64);
    }
  }
}
