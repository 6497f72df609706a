// SPDX-License-Identifier: Apache-2.0
#include "queue_bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace queues {
namespace {

constexpr unsigned kSem = 0x400, kSemAdd = 0x500, kPoison = 0x680;

}  // namespace

Bench::Bench(const std::string& name, const BenchConfig& c)
    : dut(tb::derived_seed(name + " model")), config(c), random(tb::rng(name)) {
  poisoned_at_.fill(kNever);
  dut->clear_i = 0;
  dut->l2_offset_i = 0;
  dut->reg_valid_i = 0;
  dut->reg_we_i = 0;
  dut->reg_addr_i = 0;
  dut->reg_wdata_i = 0;
  dut->ar_ready_i = 0;
  dut->r_valid_i = 0;
  dut->r_resp_i = 0;
  dut->job_ready_i = 0;
  dut->done_i = 0;
  dut->ext_error_i = 0;
  dut->error_clear_i = 0;
  for (unsigned i = 0; i < 16; ++i) dut->r_data_i[i] = 0;
  for (unsigned q = 0; q < kQueues; ++q) dut->done_cause_i[q] = dut->done_addr_i[q] = 0;
  dut.reset();
}

void Bench::fail(unsigned q, const Desc* desc, const std::string& what) const {
  throw std::runtime_error(fmt::format("cycle {}, queue {}, descriptor {}{}: {}", dut.cycles(), q,
                                       pushed[q], desc ? fmt::format(" (tag {})", desc->tag) : "",
                                       what));
}

bool Bench::write(unsigned addr, std::uint32_t data) {
  dut->reg_valid_i = 1;
  dut->reg_we_i = 1;
  dut->reg_addr_i = addr & 0xfff;
  dut->reg_wdata_i = data;
  tick();
  dut->reg_valid_i = 0;
  for (unsigned n = 0; !dut->reg_ack_o; ++n) {
    if (n == 200) throw std::runtime_error("register write: not answered within 200 cycles");
    tick();
  }
  const bool error = dut->reg_err_o;
  tick();
  return error;
}

std::uint32_t Bench::read(unsigned addr, bool* error) {
  dut->reg_valid_i = 1;
  dut->reg_we_i = 0;
  dut->reg_addr_i = addr & 0xfff;
  tick();
  dut->reg_valid_i = 0;
  for (unsigned n = 0; !dut->reg_ack_o; ++n) {
    if (n == 200) throw std::runtime_error("register read: not answered within 200 cycles");
    tick();
  }
  const std::uint32_t data = dut->reg_rdata_o;
  if (error != nullptr) *error = dut->reg_err_o;
  tick();
  return data;
}

void Bench::set_ring(unsigned queue, std::uint32_t base, std::uint32_t size) {
  if (write(0x40 * queue + 4, size) || write(0x40 * queue, base))
    fail(queue, nullptr, "BASE, SIZE");
  base_[queue] = base;
  size_[queue] = size;
  tail_[queue] = 0;
}

void Bench::set_sem(unsigned sem, std::uint16_t value) {
  sems_[sem] = value;
  if (write(kSem + 4 * sem, value)) throw std::runtime_error("SEM refused");
}

void Bench::add_sem(unsigned sem, std::uint16_t value) {
  sems_[sem] = static_cast<std::uint16_t>(sems_[sem] + value);
  if (write(kSemAdd + 4 * sem, value)) throw std::runtime_error("SEM_ADD refused");
}

bool Bench::append(unsigned q, unsigned max_units) {
  const std::uint32_t head = read(0x40 * q + 8);
  unsigned units = 0;
  while (appended_[q] < lists[q].size()) {
    const Desc& desc = lists[q][appended_[q]];
    const auto need = static_cast<std::uint32_t>(desc.words.size() / 16);
    if (units + need > max_units || tail_[q] + need - head > size_[q]) break;
    for (std::uint32_t i = 0; i < desc.words.size(); ++i) {
      const std::uint32_t pos = (tail_[q] + i / 16) % size_[q];
      memory_[base_[q] + l2_offset + 64 * pos + 4 * (i % 16)] = desc.words[i];
    }
    tail_[q] += need;
    units += need;
    ++appended_[q];
  }
  if (units == 0) return false;
  if (write(0x40 * q + 12, tail_[q])) fail(q, nullptr, "doorbell refused");
  return true;
}

bool Bench::settled() const {
  for (unsigned q = 0; q < kQueues; ++q) {
    if (pushed[q] != lists[q].size() || !jobs_[q].empty()) return false;
  }
  return true;
}

void Bench::run(unsigned limit) {
  const std::uint64_t end = dut.cycles() + limit;
  for (;;) {
    bool all = true;
    for (unsigned q = 0; q < kQueues; ++q) {
      if (appended_[q] == lists[q].size()) continue;
      all = false;
      if (tb::chance(random, 50)) append(q, tb::uniform(random, 2U, 12U));
    }
    if (all && settled()) break;
    tick();
    if (dut.cycles() > end) {
      std::string where;
      for (unsigned q = 0; q < kQueues; ++q) {
        where += fmt::format(" q{}: {}/{}", q, pushed[q], lists[q].size());
      }
      throw std::runtime_error(fmt::format("graph: not done within {} cycles:{}", limit, where));
    }
  }
  wait_idle(200);
}

void Bench::wait_idle(unsigned limit) {
  for (unsigned n = 0; dut->busy_o != 0; ++n) {
    if (n == limit)
      throw std::runtime_error(fmt::format("busy_o: {:05b} for {} cycles", dut->busy_o, limit));
    tick();
  }
  for (unsigned n = 0; n < 4; ++n) tick();
}

void Bench::run_lossy(unsigned victim, unsigned limit) {
  const std::uint64_t end = dut.cycles() + limit;
  for (;;) {
    bool all = true;
    for (unsigned q = 0; q < kQueues; ++q) {
      if (q == victim && poison_all) continue;
      if (pushed[q] != lists[q].size() || !jobs_[q].empty()) all = false;
      if (appended_[q] != lists[q].size() && tb::chance(random, 50)) append(q, 8);
    }
    if (all && poison_all) break;
    tick();
    if (dut.cycles() > end) {
      std::string where;
      for (unsigned q = 0; q < kQueues; ++q) {
        where += fmt::format(" q{}: {}/{} jobs {}", q, pushed[q], lists[q].size(), jobs_[q].size());
      }
      throw std::runtime_error(fmt::format("graph with a failed read: not done:{}{}", where,
                                           poison_all ? ", poisoned" : ""));
    }
  }
  wait_idle(1000);
}

void Bench::resume() {
  for (unsigned q = 0; q < kQueues; ++q) {
    lists[q].clear();
    pushed[q] = appended_[q] = 0;
  }
}

void Bench::forget() {
  for (unsigned q = 0; q < kQueues; ++q) {
    lists[q].clear();
    jobs_[q].clear();
    units_[q].clear();
    pushed[q] = appended_[q] = 0;
    seen_valid_[q] = false;
  }
  sems_.fill(0);
  poisoned_at_.fill(kNever);
  poison_all = false;
}

void Bench::tick() {
  drive();
  dut.eval();
  sample();
  dut.tick();
  dut->done_i = 0;
}

void Bench::drive() {
  dut->l2_offset_i = l2_offset;
  dut->ar_ready_i = !tb::chance(random, config.stall_percent);
  const bool due = !reads_.empty() && reads_.front().due <= dut.cycles();
  if (due && (r_offered_ || !tb::chance(random, config.stall_percent))) {
    const std::uint32_t addr = reads_.front().addr;
    for (unsigned i = 0; i < 16; ++i) dut->r_data_i[i] = memory_[addr + 4 * i];
    dut->r_resp_i = bad_reads.contains(addr) ? 2 : 0;
    r_offered_ = true;
  }
  dut->r_valid_i = r_offered_;
  unsigned ready = 0, done = 0;
  for (unsigned q = 0; q < kQueues; ++q) {
    if (units_[q].size() < config.depth && tb::chance(random, config.ready_percent))
      ready |= 1U << q;
    if (!units_[q].empty() && units_[q].front().due <= dut.cycles() && !hold_done) {
      done |= 1U << q;
      dut->done_cause_i[q] = units_[q].front().desc->fail_cause;
      dut->done_addr_i[q] = units_[q].front().desc->fail_addr;
    }
  }
  if (dut->clear_i) ready = done = 0;
  dut->job_ready_i = static_cast<CData>(ready);
  dut->done_i = static_cast<CData>(done);
}

void Bench::settle_queue(unsigned q) {
  while (!jobs_[q].empty() && jobs_[q].front().ended) {
    const Job job = jobs_[q].front();
    jobs_[q].pop_front();
    for (const Signal& s : job.desc->signals) {
      if (!s.enable || s.sem >= 64) continue;
      if (!job.fail)
        sems_[s.sem] = static_cast<std::uint16_t>(sems_[s.sem] + s.add);
      else if (poisoned_at_[s.sem] == kNever)
        poisoned_at_[s.sem] = dut.cycles();
    }
  }
}

void Bench::check_waits(unsigned q, const Desc& desc) {
  for (const Wait& w : desc.waits) {
    if (!w.enable) continue;
    if (static_cast<std::int16_t>(sems_[w.sem] - w.value) < 0) {
      fail(q, &desc,
           fmt::format("started with semaphore {} = {:#x}, wants {:#x}", w.sem, sems_[w.sem],
                       w.value));
    }
    if (poisoned_at_[w.sem] != kNever && poisoned_at_[w.sem] + 64 < dut.cycles()) {
      fail(q, &desc, fmt::format("started although semaphore {} is poisoned", w.sem));
    }
  }
}

void Bench::check_job(unsigned q) {
  if (pushed[q] >= lists[q].size()) fail(q, nullptr, "a job that nobody wrote");
  const Desc& desc = lists[q][pushed[q]];
  if (dut->tag_o[q] != desc.tag || dut->op_o[q] != desc.op) fail(q, &desc, "wrong op or tag");
  if (desc.bad || desc.op == OCT_OP_NOP) fail(q, &desc, "malformed or empty descriptor started");
  check_waits(q, desc);
  for (unsigned i = 0; i < desc.payload.size(); ++i) {
    const std::uint32_t word = q == 0   ? dut->engine_words_o[i]
                               : q <= 2 ? dut->dma_words_o[q - 1][i]
                                        : dut->team_words_o[q - 3][i];
    if (word != desc.payload[i]) {
      fail(q, &desc, fmt::format("w{} is {:#x}, expected {:#x}", i + 4, word, desc.payload[i]));
    }
  }
}

void Bench::sample() {
  if (dut->ar_valid_o && dut->ar_ready_i) {
    if (dut->ar_addr_o % 64 || dut->ar_len_o || dut->ar_size_o != 6)
      fail(0, nullptr, "AR malformed");
    std::uint64_t due = dut.cycles() + tb::uniform(random, config.latency_min, config.latency_max);
    if (!reads_.empty()) due = std::max(due, reads_.back().due);
    reads_.push_back({dut->ar_addr_o, due});
  }
  if (dut->r_valid_i && dut->r_ready_o) {
    if (dut->r_resp_i && !dut->clear_i) poison_all = true;
    reads_.pop_front();
    r_offered_ = false;
  }
  if (dut->clear_i) return;
  error_events += dut->error_event_o;
  for (unsigned q = 0; q < kQueues; ++q) {
    empty_events[q] += dut->empty_event_o >> q & 1;
    if (dut->done_i >> q & 1) {
      units_[q].pop_front();
      const auto job =
          std::find_if(jobs_[q].begin(), jobs_[q].end(), [](const Job& j) { return !j.ended; });
      job->ended = true;
      job->fail = job->desc->fail_cause != 0;
      last_done = dut.cycles();
    }
    settle_queue(q);
  }
  if (poison_all) {
    for (auto& p : poisoned_at_) p = std::min(p, dut.cycles());
  }
  for (unsigned q = 0; q < kQueues; ++q) {
    const bool valid = dut->job_valid_o >> q & 1;
    if (valid && !seen_valid_[q]) {
      check_job(q);
      rises.emplace_back(q, dut.cycles());
    }
    seen_valid_[q] = valid && !(dut->job_ready_i >> q & 1);
    if (!(dut->push_o >> q & 1)) continue;
    if (pushed[q] >= lists[q].size()) fail(q, nullptr, "a descriptor that nobody wrote");
    Desc& desc = lists[q][pushed[q]];
    const bool is_auto = dut->push_auto_o >> q & 1, failed = is_auto && (dut->push_fail_o >> q & 1);
    if (!is_auto) {
      desc.started = true;
      units_[q].push_back({&desc, dut.cycles() + tb::uniform(random, 1U, config.job_max)});
    } else if (failed) {
      const bool reason =
          desc.bad || std::any_of(desc.waits.begin(), desc.waits.end(), [&](const Wait& w) {
            return w.enable && w.sem < 64 && poisoned_at_[w.sem] != kNever;
          });
      if (!reason) fail(q, &desc, "skipped without a reason");
      desc.skipped = true;
    } else {
      if (desc.op != OCT_OP_NOP || desc.bad) fail(q, &desc, "ended without having started");
      check_waits(q, desc);
      desc.started = true;
    }
    jobs_[q].push_back({&desc, is_auto, failed, is_auto});
    ++pushed[q];
    settle_queue(q);
  }
}

void Bench::check_final() {
  for (unsigned i = 0; i < 64; ++i) {
    const std::uint32_t got = read(kSem + 4 * i);
    const std::uint32_t want = sems_[i] | (poisoned(i) ? 0x10000U : 0U);
    if (got != want)
      throw std::runtime_error(fmt::format("semaphore {}: {:#x}, expected {:#x}", i, got, want));
  }
  for (unsigned half = 0; half < 2; ++half) {
    std::uint32_t want = 0;
    for (unsigned i = 0; i < 32; ++i) want |= poisoned(32 * half + i) ? 1U << i : 0U;
    if (read(kPoison + 4 * half) != want) throw std::runtime_error("POISON differs");
  }
}

Desc make(unsigned queue, unsigned op, unsigned tag, std::mt19937_64& random, unsigned workers) {
  Desc desc;
  const bool two = op == OCT_OP_GEMM || op == OCT_OP_ATTN;
  desc.op = op;
  desc.tag = tag;
  desc.words.resize(two ? 32 : 16);
  desc.words[0] = OCT_DESC_HEAD(op, tag) | (two ? OCT_DESC_TWO_UNITS : 0U);
  const unsigned payload = queue == 0 ? (two ? 24 : 8) : queue <= 2 ? 8 : 3;
  for (unsigned i = 0; i < payload; ++i) desc.words[4 + i] = static_cast<std::uint32_t>(random());
  if (queue >= 3) desc.words[6] = tb::uniform<std::uint32_t>(random, 1, (1U << workers) - 1);
  desc.payload.assign(desc.words.begin() + 4, desc.words.begin() + 4 + payload);
  if (queue == 0) desc.payload.resize(28);
  return desc;
}

void set_wait(Desc& desc, unsigned which, unsigned sem, std::uint16_t value) {
  desc.waits[which] = {true, sem, value};
  desc.words[1 + which] = OCT_DESC_WAIT(sem, value);
}

void set_signal(Desc& desc, unsigned which, unsigned sem, unsigned add) {
  desc.signals[which] = {true, sem, add};
  desc.words[3] |= OCT_DESC_SIGNAL(sem, add) << (16 * which);
}

}  // namespace queues
