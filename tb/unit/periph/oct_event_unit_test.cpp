// SPDX-License-Identifier: Apache-2.0
// oct_event_unit: barriers, job mailboxes and events; directed cases with their latencies. Random
// ones: oct_event_unit_random_test.cpp.
#include "event_unit_bench.hpp"

using event_unit::Answer, event_unit::Eu, event_unit::kAll, event_unit::kNumBarriers,
    event_unit::kNumCores, event_unit::kNumWorkers, event_unit::kWorkers;

TEST_CASE("event unit: registers of a core, errors elsewhere") {
  Eu eu("registers");
  for (unsigned c = 0; c < kNumCores; ++c) {
    CHECK(eu.read(c, 0).data == c);
    CHECK_FALSE(eu.write(c, 8, 0xffffffff).err);
    CHECK(eu.read(c, 8).data == 0x7ffff);
    for (unsigned a :
         {0x004U, 0x010U, 0x018U, 0x01cU, 0x024U, 0x028U, 0x02cU, 0x030U, 0x0fcU, 0x200U, 0xffcU}) {
      INFO("core " << c << " offset " << a);
      CHECK(eu.read(c, a).err);
    }
    for (unsigned a : {0x000U, 0x00cU, 0x014U, 0x020U, 0x024U, 0x028U, 0x02cU, 0x104U,
                       0x100 + 8 * kNumBarriers}) {
      INFO("core " << c << " offset " << a);
      CHECK(eu.write(c, a, 0).err);
    }
  }
  CHECK(eu.read(kNumWorkers, 0x20).err);  // the controller has no mailbox
  eu.dut->be_i = 3;
  CHECK(eu.write(0, 8, 0).err);
  eu.dut->be_i = 15;
  CHECK(eu.read(0, 8).data == 0x7ffff);
}

TEST_CASE("event unit: barrier of all cores answers two cycles after the last arrival") {
  Eu eu("barrier");
  for (unsigned c = 0; c < kNumCores; ++c) eu.write(c, 0x100 + 8 * (c % kNumBarriers), kAll);
  for (unsigned b = 0; b < kNumBarriers; ++b)
    CHECK(eu.read(0, 0x100 + 8 * b).data == (b < kNumCores ? kAll : 0));
  for (unsigned last = 0; last < kNumCores; ++last) {
    for (unsigned c = 0; c < kNumCores; ++c) {
      if (c != last) eu.start(c, false, 0x104);
    }
    for (unsigned n = 0; n < 20; ++n) eu.tick();
    for (unsigned c = 0; c < kNumCores; ++c) CHECK(eu.answers[c].empty());
    eu.start(last, false, 0x104);
    for (unsigned c = 0; c < kNumCores; ++c) {
      const Answer a = eu.finish(c);
      CHECK_FALSE(a.err);
      CHECK(a.cycle - eu.last_taken == 2);
    }
  }
  // All in one cycle, twice in a row.
  for (unsigned n = 0; n < 2; ++n) {
    for (unsigned c = 0; c < kNumCores; ++c) eu.start(c, false, 0x104);
    for (unsigned c = 0; c < kNumCores; ++c) CHECK(eu.finish(c).cycle - eu.last_taken == 2);
  }
}

TEST_CASE("event unit: barrier corner cases") {
  Eu eu("barrier corners");
  eu.write(0, 0x108, 3);
  CHECK(eu.read(2, 0x10c).err);  // not a member
  // All cores write masks in one cycle: none is lost.
  for (unsigned c = 0; c < kNumCores && c < kNumBarriers; ++c)
    eu.start(c, true, 0x100 + 8 * c, 1U << c | 1);
  for (unsigned c = 0; c < kNumCores && c < kNumBarriers; ++c) CHECK_FALSE(eu.finish(c).err);
  for (unsigned c = 0; c < kNumCores && c < kNumBarriers; ++c)
    CHECK(eu.read(0, 0x100 + 8 * c).data == (1U << c | 1));
  // A mask that shrinks lets those go who wait.
  eu.write(0, 0x110, 5);
  eu.start(2, false, 0x114);
  for (unsigned n = 0; n < 10; ++n) eu.tick();
  CHECK(eu.answers[2].empty());
  eu.write(0, 0x110, 4);
  CHECK_FALSE(eu.finish(2).err);
  // A core that is reset while it waits arrives anew.
  eu.write(0, 0x110, 7);
  eu.start(2, false, 0x114);
  for (unsigned n = 0; n < 5; ++n) eu.tick();
  eu.dut->core_clear_i = 4;
  for (unsigned n = 0; n < 3; ++n) eu.tick();
  eu.dut->core_clear_i = 0;
  eu.outstanding[2] = 0;
  eu.start(0, false, 0x114);
  eu.start(1, false, 0x114);
  for (unsigned n = 0; n < 10; ++n) eu.tick();
  CHECK(eu.answers[0].empty());
  eu.start(2, false, 0x114);
  for (unsigned c = 0; c < 3; ++c) CHECK_FALSE(eu.finish(c).err);
}

TEST_CASE("event unit: a team job wakes its workers within two cycles") {
  Eu eu("team");
  for (unsigned w = 0; w < kNumWorkers; ++w) eu.start(w, false, 0x20);
  for (unsigned n = 0; n < 10; ++n) eu.tick();
  eu.offer(0, 0x8000'1000, 0xabc, kWorkers);
  for (unsigned w = 0; w < kNumWorkers; ++w) {
    const Answer a = eu.finish(w);
    CHECK(a.data == 0x8000'1000);
    CHECK(a.cycle - eu.job_taken[0] == 2);
  }
  for (unsigned w = 0; w < kNumWorkers; ++w) {
    CHECK(eu.read(w, 0x24).data == 0xabc);
    CHECK(eu.read(w, 0x28).data == (kNumWorkers << 16 | w));
    CHECK(eu.read(w, 0x20).err);  // one job at a time
    CHECK(eu.done[0].empty());
    CHECK_FALSE(eu.write(w, 0x2c, 0).err);
    CHECK(eu.write(w, 0x2c, 0).err);  // none running
  }
  eu.tick();
  REQUIRE(eu.done[0].size() == 1);
  CHECK_FALSE(eu.done[0][0].err);
  CHECK(eu.done[1].empty());
}

TEST_CASE("event unit: failures and resets inside a job end it") {
  Eu eu("failures");
  eu.offer(1, 1, 2, 3);
  CHECK(eu.read(0, 0x20).data == 1);
  CHECK(eu.read(1, 0x20).data == 1);
  eu.write(1, 0x2c, 77);
  eu.write(0, 0x2c, 0);
  eu.tick();
  REQUIRE(eu.done[1].size() == 1);
  CHECK(eu.done[1][0].err);
  CHECK(eu.done[1][0].data == 77);
  eu.done[1].clear();
  // Both fail in one cycle: the lowest worker's code.
  eu.offer(0, 1, 2, 3);
  CHECK_FALSE(eu.read(0, 0x20).err);
  CHECK_FALSE(eu.read(1, 0x20).err);
  eu.start(0, true, 0x2c, 5);
  eu.start(1, true, 0x2c, 6);
  eu.finish(0);
  eu.finish(1);
  eu.tick();
  REQUIRE(eu.done[0].size() == 1);
  CHECK(eu.done[0][0].data == 5);
  eu.done[0].clear();
  // Reset in the middle.
  eu.offer(0, 9, 2, 3);
  CHECK(eu.read(0, 0x20).data == 9);
  CHECK(eu.read(1, 0x20).data == 9);
  eu.write(0, 0x2c, 0);
  eu.dut->core_clear_i = 2;
  for (unsigned n = 0; n < 5; ++n) eu.tick();
  REQUIRE(eu.done[0].size() == 1);
  CHECK(eu.done[0][0].err);
  eu.dut->core_clear_i = 0;
  // A job for a core in reset waits for it.
  eu.dut->core_clear_i = 1;
  eu.offer(0, 10, 2, 1);
  for (unsigned n = 0; n < 5; ++n) eu.tick();
  eu.dut->core_clear_i = 0;
  CHECK(eu.read(0, 0x20).data == 10);
  // Abort forgets all.
  eu.start(1, false, 0x20);
  for (unsigned n = 0; n < 5; ++n) eu.tick();
  eu.dut->clear_i = 1;
  eu.tick();
  eu.tick();
  CHECK(eu.dut->idle_o == 1);
  eu.dut->clear_i = 0;
  eu.outstanding.fill(0);
  CHECK(eu.write(0, 0x2c, 0).err);
  eu.done[0].clear();
  eu.offer(0, 11, 2, 3);
  CHECK(eu.read(1, 0x20).data == 11);
  CHECK(eu.done[0].empty());
}
