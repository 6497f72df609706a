// SPDX-License-Identifier: Apache-2.0
#include "harness/axi_memory.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace tb {
namespace {

constexpr std::uint8_t kOkay = 0, kSlvErr = 2, kDecErr = 3;

}  // namespace

AxiMemory::AxiMemory(const AxiMemoryConfig& config)
    : SparseMemory(config.base, config.bytes, config.seed), config_(config), random_(config.seed) {
  if (config.read_latency < 1 || config.write_latency < 1 || config.bytes_per_cycle < 1 ||
      config.max_reads < 1 || config.max_writes < 1 || config.stall_percent > 95) {
    throw std::invalid_argument(
        "AxiMemory: latencies, bytes per cycle and burst limits start at 1, stalls end at 95 %");
  }
  reads_.reserve(config.max_reads);
  writes_.reserve(config.max_writes);
  // A written burst waits for its latency in the ring, so that is what full bandwidth needs.
  w_ring_.resize(std::bit_ceil(std::uint64_t{config.write_latency} * 2 + 512));
  responses_.reserve(config.max_writes + 1);
}

void AxiMemory::inject(std::uint64_t addr, std::uint64_t bytes, AxiFault fault) {
  if (bytes == 0) throw std::invalid_argument("AxiMemory: a fault needs at least one byte");
  faults_.push_back({addr, addr + bytes - 1, fault});
}

void AxiMemory::clear_faults() {
  faults_.clear();
  hung_reads_ = hung_writes_ = 0;
  for (Burst& b : reads_) b.hang = false;
  for (Burst& b : writes_) b.hang = false;
  for (Burst& b : responses_) b.hang = false;
}

void AxiMemory::reset(const AxiPins& p) {
  reads_.clear();
  writes_.clear();
  responses_.clear();
  r_valid_ = b_valid_ = false;
  receiving_ = 0;
  w_head_ = w_assigned_ = w_tail_ = 0;
  hung_reads_ = hung_writes_ = 0;
  awake_ = true;
  *p.rvalid = *p.bvalid = *p.arready = *p.awready = *p.wready = 0;
}

bool AxiMemory::affords(Credit& credit, unsigned bytes) {
  if (config_.bytes_per_cycle >= kAxiBytes) return true;
  const std::uint64_t earned = (now_ - credit.since) * config_.bytes_per_cycle;
  credit.bytes = static_cast<unsigned>(
      std::min<std::uint64_t>(credit.bytes + earned, kAxiBytes + config_.bytes_per_cycle - 1));
  credit.since = now_;
  return credit.bytes >= bytes;
}

bool AxiMemory::faulty(std::uint64_t first, std::uint64_t last, AxiFault kind) const {
  return std::any_of(faults_.begin(), faults_.end(), [&](const Fault& f) {
    return f.kind == kind && first <= f.last && last >= f.first;
  });
}

AxiMemory::Burst AxiMemory::accept(std::uint32_t addr, unsigned len, unsigned size, unsigned id) {
  Burst b;
  b.addr = addr;
  b.beats = static_cast<std::uint16_t>(len + 1);
  b.id = static_cast<std::uint8_t>(id);
  b.size = static_cast<std::uint8_t>(size);
  if (!faults_.empty()) {
    const std::uint64_t last = (addr >> size << size) + (std::uint64_t{len + 1} << size) - 1;
    b.hang = faulty(addr, last, AxiFault::kHang);
  }
  return b;
}

std::uint8_t AxiMemory::response(const Burst& b) const {
  if (!contains(b.addr)) return kDecErr;
  if (faults_.empty()) return kOkay;
  const std::uint64_t last = (b.addr >> b.size << b.size) + (1U << b.size) - 1;
  if (faulty(b.addr, last, AxiFault::kDecErr)) return kDecErr;
  return faulty(b.addr, last, AxiFault::kSlvErr) ? kSlvErr : kOkay;
}

void AxiMemory::advance(Burst& b) {  // to the next aligned transfer
  b.addr = ((b.addr >> b.size) + 1) << b.size;
  --b.beats;
}

int AxiMemory::pick_read() {
  std::uint32_t seen = hung_reads_;
  int chosen = -1;
  unsigned candidates = 0;
  for (std::size_t i = 0; i < reads_.size(); ++i) {
    const Burst& b = reads_[i];
    if ((seen >> b.id & 1) != 0) continue;
    if (b.hang) {
      hung_reads_ |= 1U << b.id;
      seen |= 1U << b.id;
      continue;
    }
    if (!config_.reorder) return b.due <= now_ ? static_cast<int>(i) : -1;
    seen |= 1U << b.id;
    // Each candidate replaces the ones before with a chance that makes all equally likely.
    if (b.due <= now_ && random_.below(++candidates) == 0) chosen = static_cast<int>(i);
  }
  return chosen;
}

void AxiMemory::present_read(const AxiPins& p, std::size_t index) {
  Burst& b = reads_[index];
  const unsigned bytes = 1U << b.size;
  read_credit_.bytes -= std::min(read_credit_.bytes, bytes);
  const std::uint8_t resp = response(b);
  const bool whole = b.size == 6 && b.addr % kAxiBytes == 0;
  if (resp != kOkay || !whole) {
    // Lanes that carry nothing are noise, so that nobody comes to rely on them.
    for (unsigned i = 0; i < kAxiWords; ++i)
      p.rdata[i] = static_cast<std::uint32_t>(random_.next());
  }
  if (resp == kOkay) {
    const unsigned first = b.addr % kAxiBytes;
    const unsigned end = (first / bytes + 1) * bytes;
    std::memcpy(reinterpret_cast<std::uint8_t*>(p.rdata) + first, line(b.addr) + first,
                end - first);
  } else {
    ++stats_.errors;
  }
  advance(b);
  *p.rid = b.id;
  *p.rresp = resp;
  *p.rlast = b.beats == 0;
  ++stats_.read_beats;
  if (b.beats == 0) reads_.erase(reads_.begin() + static_cast<std::ptrdiff_t>(index));
}

void AxiMemory::drive(const AxiPins& p) {
  const bool gaps = config_.stall_percent != 0;
  if (!r_valid_ && !reads_.empty() && !(gaps && random_.chance(config_.stall_percent))) {
    const int index = pick_read();
    if (index >= 0 && affords(read_credit_, 1U << reads_[static_cast<std::size_t>(index)].size)) {
      present_read(p, static_cast<std::size_t>(index));
      r_valid_ = true;
    }
  }
  *p.rvalid = r_valid_;

  if (!writes_.empty()) perform_writes();
  if (!b_valid_ && !responses_.empty() && !(gaps && random_.chance(config_.stall_percent))) {
    present_response(p);
  }
  *p.bvalid = b_valid_;

  // Room for accepted bursts is counted with their answers, so that responses_ never grows.
  *p.arready = reads_.size() < config_.max_reads && !random_.chance(config_.stall_percent);
  *p.awready = writes_.size() + responses_.size() < config_.max_writes &&
               !random_.chance(config_.stall_percent);
  *p.wready = w_tail_ - w_head_ < w_ring_.size() && affords(write_credit_, kAxiBytes) &&
              !random_.chance(config_.stall_percent);
}

void AxiMemory::sample(const AxiPins& p) {
  if (*p.arvalid & *p.arready) {
    Burst b = accept(*p.araddr, *p.arlen, *p.arsize, *p.arid);
    b.due = now_ + config_.read_latency;
    if (config_.reorder) b.due += random_.below(config_.read_latency);
    reads_.push_back(b);
    ++stats_.read_bursts;
  }
  if (*p.awvalid & *p.awready) {
    writes_.push_back(accept(*p.awaddr, *p.awlen, *p.awsize, *p.awid));
    ++stats_.write_bursts;
  }
  if (*p.wvalid & *p.wready) {
    WriteBeat& beat = w_ring_[w_tail_++ & (w_ring_.size() - 1)];
    std::memcpy(beat.data.data(), p.wdata, kAxiBytes);
    beat.strb = *p.wstrb;
    write_credit_.bytes -= std::min(write_credit_.bytes, kAxiBytes);
    ++stats_.write_beats;
  }
  if (w_assigned_ != w_tail_) receive_write_beats();
  if (r_valid_ && *p.rready) r_valid_ = false;
  if (b_valid_ && *p.bready) b_valid_ = false;
  // Asleep, the pins keep their last values: ready high, valid low.
  awake_ = busy() || config_.stall_percent != 0 || *p.rvalid || *p.bvalid || !*p.arready ||
           !*p.awready || !*p.wready;
  ++now_;
}

void AxiMemory::receive_write_beats() {
  while (w_assigned_ != w_tail_ && receiving_ < writes_.size()) {
    Burst& b = writes_[receiving_];
    ++w_assigned_;
    if (++b.received != b.beats) continue;
    b.due = now_ + config_.write_latency;
    if (config_.reorder) b.due += random_.below(config_.write_latency);
    ++receiving_;
  }
}

void AxiMemory::perform_write_beat(Burst& b) {
  const WriteBeat& beat = w_ring_[w_head_++ & (w_ring_.size() - 1)];
  const std::uint8_t resp = response(b);
  if (resp != kOkay) {
    b.resp = std::max(b.resp, resp);
    ++stats_.errors;
  } else if (!b.hang && beat.strb != 0) {
    std::uint8_t* const target = line(b.addr);
    const auto* data = reinterpret_cast<const std::uint8_t*>(beat.data.data());
    if (beat.strb == ~std::uint64_t{0}) {
      std::memcpy(target, data, kAxiBytes);
    } else {
      for (unsigned i = 0; i < kAxiBytes; ++i) {
        if ((beat.strb >> i & 1) != 0) target[i] = data[i];
      }
    }
  }
  advance(b);
}

void AxiMemory::perform_writes() {
  // Data become visible as late as the protocol allows, when B may be sent: a unit that reports
  // a write as done before its response is found out by whoever reads too early.
  while (receiving_ > 0 && writes_.front().due <= now_) {
    Burst b = writes_.front();
    writes_.erase(writes_.begin());
    --receiving_;
    while (b.beats != 0) perform_write_beat(b);
    responses_.push_back(b);
  }
}

void AxiMemory::present_response(const AxiPins& p) {
  std::uint32_t seen = hung_writes_;
  std::size_t chosen = responses_.size();
  unsigned candidates = 0;
  for (std::size_t i = 0; i < responses_.size(); ++i) {
    const Burst& b = responses_[i];
    if ((seen >> b.id & 1) != 0) continue;
    if (b.hang) {
      hung_writes_ |= 1U << b.id;
      seen |= 1U << b.id;
      continue;
    }
    seen |= 1U << b.id;
    if (random_.below(++candidates) == 0) chosen = i;
    if (!config_.reorder) break;
  }
  if (chosen == responses_.size()) return;
  *p.bid = responses_[chosen].id;
  *p.bresp = responses_[chosen].resp;
  b_valid_ = true;
  responses_.erase(responses_.begin() + static_cast<std::ptrdiff_t>(chosen));
}

std::vector<std::string> AxiMemory::describe() const {
  std::vector<std::string> lines;
  const auto add = [&](const char* what, const Burst& b, const char* state) {
    char text[120];
    std::snprintf(text, sizeof text, "%s id %u at 0x%08x, %u beats: %s", what, b.id, b.addr,
                  b.beats, b.hang ? "never answered (injected)" : state);
    lines.emplace_back(text);
  };
  for (const Burst& b : reads_) add("read", b, b.due > now_ ? "latency" : "being answered");
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    add("write", writes_[i], i < receiving_ ? "latency" : "waits for data");
  }
  for (const Burst& b : responses_) add("write", b, "response due");
  if (r_valid_) lines.emplace_back("R beat not taken");
  if (b_valid_) lines.emplace_back("B not taken");
  return lines;
}

}  // namespace tb
