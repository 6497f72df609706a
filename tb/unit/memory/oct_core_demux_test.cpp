// SPDX-License-Identifier: Apache-2.0
// oct_core_demux against a reference that knows every request and answer: order across targets,
// eight outstanding, answers to the right request, no cycle lost on the way to L1.
#include <array>
#include <catch2/catch.hpp>
#include <deque>
#include <optional>

#include "Voct_core_demux.h"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace {

namespace config = oct::config;

struct Request {
  std::uint32_t addr = 0, wdata = 0;
  unsigned we = 0, be = 15, amo = 0;
};

enum Target { kL1, kEu, kSys };
/// What the order rule keeps apart.
enum Class { kClassL1, kClassEu, kClassReg, kClassLoad, kClassStore };

Class class_of(const Request& r) {
  if (r.addr - config::kL1Base < config::kL1Bytes) return kClassL1;
  if (r.addr - config::kEuBase < 0x1000) return kClassEu;
  if (r.addr - config::kL2Base < config::kL2Bytes) return r.we ? kClassStore : kClassLoad;
  return kClassReg;
}
Target target_of(const Request& r) {
  const Class c = class_of(r);
  return c == kClassL1 ? kL1 : c == kClassEu ? kEu : kSys;
}

struct Bench {
  Bench() {
    dut->clear_i = 0;
    show(nullptr);
    for (int t = 0; t < 3; ++t) respond(t, false, 0, 0, 0);
    dut.reset();
  }

  void show(const Request* r) {
    for (int i = 0; i < 3; ++i) dut->core_req_i[i] = 0;
    if (!r) return;
    // amo[3:0] wdata[35:4] be[39:36] we[40] addr[72:41] valid[73]
    dut->core_req_i[0] = r->amo | r->wdata << 4;
    dut->core_req_i[1] = r->wdata >> 28 | r->be << 4 | r->we << 8 | r->addr << 9;
    dut->core_req_i[2] = r->addr >> 23 | 1U << 9;
  }
  void respond(int target, bool ready, bool valid, bool err, std::uint32_t rdata) {
    const std::uint64_t bits =
        std::uint64_t{ready} << 34 | std::uint64_t{valid} << 33 | std::uint64_t{err} << 32 | rdata;
    (target == kL1 ? dut->l1_rsp_i : target == kEu ? dut->eu_rsp_i : dut->sys_rsp_i) = bits;
  }
  bool valid(int target) { return words(target)[2] >> 9 & 1; }
  const WData* words(int target) {
    return target == kL1   ? &dut->l1_req_o[0]
           : target == kEu ? &dut->eu_req_o[0]
                           : &dut->sys_req_o[0];
  }
  bool ready() { return dut->core_rsp_o >> 34 & 1; }
  bool answered() { return dut->core_rsp_o >> 33 & 1; }
  bool acked() { return dut->core_ack_o >> 1 & 1; }
  bool ack_err() { return dut->core_ack_o & 1; }
  bool err() { return dut->core_rsp_o >> 32 & 1; }
  std::uint32_t rdata() { return static_cast<std::uint32_t>(dut->core_rsp_o); }

  tb::Clocked<Voct_core_demux> dut;
};

const Request kLoadL1{.addr = config::kL1Base + 0x10};
const Request kStoreL1{.addr = config::kL1Base + 0x10, .we = 1};
const Request kReadEu{.addr = config::kEuBase + 0x14};
const Request kReadReg{.addr = config::kRegBase};
const Request kLoadL2{.addr = config::kL2Base + 0x20};
const Request kStoreL2{.addr = config::kL2Base + 0x20, .we = 1};

}  // namespace

TEST_CASE("core demux: every region goes to its target, within the cycle") {
  Bench t;
  const std::array<std::pair<Request, Target>, 9> table{{
      {{.addr = config::kL1Base}, kL1},
      {{.addr = config::kL1Base + config::kL1Bytes - 4, .we = 1}, kL1},
      {{.addr = config::kL1Base + config::kL1Bytes}, kSys},  // unmapped: refused by the system bus
      {kReadEu, kEu},
      {{.addr = config::kEuBase + 0x1000}, kSys},
      {kReadReg, kSys},
      {kLoadL2, kSys},
      {kStoreL2, kSys},
      {{.addr = 0}, kSys},
  }};
  for (const auto& [request, target] : table) {
    CAPTURE(request.addr);
    t.show(&request);
    t.dut.eval();
    for (int i = 0; i < 3; ++i) CHECK(t.valid(i) == (i == target));
    CHECK_FALSE(t.ready());
    t.respond(target, true, false, false, 0);
    t.dut.eval();
    CHECK(t.ready());
    for (int w = 0; w < 3; ++w) CHECK(t.words(target)[w] == t.dut->core_req_i[w]);
    t.respond(target, false, false, false, 0);
    t.dut.eval();
  }
}

TEST_CASE("core demux: which change of target waits, and for how long") {
  const std::array<Request, 6> kinds{kLoadL1, kStoreL1, kReadEu, kReadReg, kLoadL2, kStoreL2};
  for (const Request& first : kinds) {
    for (const Request& second : kinds) {
      CAPTURE(first.addr, first.we, second.addr, second.we);
      Bench t;
      t.show(&first);
      t.respond(target_of(first), true, false, false, 0);
      t.dut.tick();  // taken
      t.show(&second);
      t.respond(target_of(second), true, false, false, 0);
      t.dut.eval();
      // Reads of L1 pass stores to L2.
      const bool store = class_of(first) == kClassStore;
      const bool same = class_of(first) == class_of(second) ||
                        (store && class_of(second) == kClassL1 && !second.we);
      for (int wait = 0; wait < 3; ++wait) {
        CHECK(t.ready() == same);
        CHECK(t.valid(target_of(second)) == same);
        if (!same) t.dut.tick();
      }
      // The answer comes; another target is asked in the cycle after it.
      t.respond(target_of(first), true, true, false, 7);
      t.dut.eval();
      CHECK(t.answered() == !store);
      CHECK(t.acked() == store);
      if (!store) CHECK(t.rdata() == 7);
      CHECK(t.ready() == same);
      t.dut.tick();
      t.respond(target_of(first), true, false, false, 0);
      t.dut.eval();
      if (target_of(first) != target_of(second)) CHECK_FALSE(t.answered());
      if (!same) CHECK(t.ready());
    }
  }
}

TEST_CASE("core demux: eight answers due, not nine; a load a cycle from L1") {
  Bench t;
  t.respond(kL1, true, false, false, 0);
  t.show(&kLoadL1);
  for (int i = 0; i < 8; ++i) {
    t.dut.eval();
    CHECK(t.ready());
    t.dut.tick();
  }
  t.dut.eval();
  CHECK_FALSE(t.ready());
  CHECK_FALSE(t.valid(kL1));
  // One answer per cycle lets one request per cycle pass.
  t.respond(kL1, true, true, false, 0);
  t.dut.tick();
  for (int i = 0; i < 20; ++i) {
    t.dut.eval();
    CHECK(t.ready());
    t.dut.tick();
  }
}

TEST_CASE("core demux: clear drops answers, and is idle when the last has come") {
  Bench t;
  t.respond(kSys, true, false, false, 0);
  t.show(&kLoadL2);
  t.dut.tick(3);
  CHECK(t.dut->idle_o == 0);
  t.dut->clear_i = 1;
  t.dut.eval();
  CHECK_FALSE(t.ready());
  for (int i = 0; i < 3; ++i) CHECK_FALSE(t.valid(i));
  t.dut.tick(10);
  CHECK(t.dut->idle_o == 0);
  for (int answer = 0; answer < 3; ++answer) {
    CHECK(t.dut->idle_o == 0);
    t.respond(kSys, true, true, false, 1);
    t.dut.eval();
    CHECK_FALSE(t.answered());
    t.dut.tick();
  }
  t.respond(kSys, true, false, false, 0);
  t.dut.eval();
  CHECK(t.dut->idle_o == 1);
  t.dut->clear_i = 0;
  t.show(&kLoadL1);
  t.respond(kL1, true, false, false, 0);
  t.dut.eval();
  CHECK(t.ready());
}

TEST_CASE("core demux: clear forgets a blocking read, which is never answered") {
  Bench t;
  t.respond(kEu, true, false, false, 0);
  t.show(&kReadEu);
  t.dut.tick();
  t.show(nullptr);
  t.dut.tick(5);
  CHECK(t.dut->idle_o == 0);
  t.dut->clear_i = 1;
  t.dut.tick();
  CHECK(t.dut->idle_o == 1);
}

TEST_CASE("core demux: random traffic keeps the order of the program") {
  struct Due {
    Class kind;
    std::uint32_t id;
    unsigned delay;
  };
  unsigned total_passed = 0;
  for (int round = 0; round < 20; ++round) {
    auto random = tb::rng("core demux " + std::to_string(round));
    Bench t;
    std::array<std::deque<Due>, 3> due;         // per target, in order
    std::deque<std::uint32_t> program, stores;  // identifiers in the order of issue
    std::optional<Request> shown;
    std::uint32_t next_id = 0;
    unsigned answers = 0, changes = 0, passed = 0;
    Class last = kClassL1;
    const unsigned spread = tb::uniform(random, 1U, 12U), stay = tb::uniform(random, 0U, 95U);
    CAPTURE(round);
    for (int n = 0; n < 3000; ++n) {
      if (!shown && tb::chance(random, 80)) {
        const std::array<Request, 5> kinds{kLoadL1, kReadEu, kReadReg, kLoadL2, kStoreL2};
        Request r = kinds[random() % 5];
        while (tb::chance(random, stay) && class_of(r) != last) r = kinds[random() % 5];
        last = class_of(r);
        r.wdata = next_id;
        r.be = random() & 15;
        if (class_of(r) != kClassLoad && class_of(r) != kClassStore) r.we = random() & 1;
        shown = r;
      }
      t.show(shown ? &*shown : nullptr);
      std::array<bool, 3> ready{}, answer{};
      for (int i = 0; i < 3; ++i) {
        ready[i] = tb::chance(random, 70);
        for (auto& d : due[i]) d.delay -= d.delay > 0;
        answer[i] = !due[i].empty() && due[i].front().delay == 0;
        const std::uint32_t id =
            answer[i] ? due[i].front().id : static_cast<std::uint32_t>(random());
        t.respond(i, ready[i], answer[i], answer[i] && id % 3 == 0, id);
      }
      t.dut.eval();
      const bool ack = answer[kSys] && due[kSys].front().kind == kClassStore;
      REQUIRE(t.answered() == (answer[0] || answer[1] || (answer[2] && !ack)));
      REQUIRE(t.acked() == ack);
      if (ack) {
        REQUIRE(due[kSys].front().id == stores.front());
        REQUIRE(t.ack_err() == (stores.front() % 3 == 0));
        stores.pop_front();
        due[kSys].pop_front();
        answer[kSys] = false;
        ++answers;
      }
      for (int i = 0; i < 3; ++i) {
        if (!answer[i]) continue;
        // In order over all targets, not only within one.
        REQUIRE(t.rdata() == program.front());
        REQUIRE(due[i].front().id == program.front());
        REQUIRE(t.err() == (program.front() % 3 == 0));
        program.pop_front();
        due[i].pop_front();
        ++answers;
      }
      unsigned offers = 0;
      for (int i = 0; i < 3; ++i) offers += t.valid(i);
      REQUIRE(offers <= 1);
      if (shown) {
        const int target = target_of(*shown);
        REQUIRE(t.ready() == (t.valid(target) && ready[target]));
        if (t.ready()) {
          // The rule itself: nothing of another class is unanswered, but stores to L2 under a
          // read of L1.
          for (const auto& queue : due) {
            for (const Due& d : queue) {
              const bool pass = d.kind == kClassStore && class_of(*shown) == kClassL1 && !shown->we;
              passed += pass;
              REQUIRE((d.kind == class_of(*shown) || pass));
            }
          }
          REQUIRE(program.size() < 8 + 1);
          changes += !program.empty() ? 0 : 1;
          due[target].push_back({class_of(*shown), next_id, tb::uniform(random, 1U, spread)});
          (class_of(*shown) == kClassStore ? stores : program).push_back(next_id++);
          shown.reset();
        }
      } else {
        REQUIRE(offers == 0);
      }
      t.dut.tick();
    }
    CHECK(answers > 300);
    CHECK(changes > 0);
    total_passed += passed;
  }
  CHECK(total_passed > 100);
}
