// SPDX-License-Identifier: Apache-2.0
#include "harness/axi_checker.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace tb {
namespace {

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", value);
  return text;
}

/// Lanes of the beat at `addr`.
std::uint64_t lanes(std::uint32_t addr, unsigned size) {
  const unsigned bytes = 1U << size;
  const unsigned first = addr % kAxiBytes;
  const unsigned end = (first / bytes + 1) * bytes;
  const std::uint64_t upto = end == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << end) - 1;
  return upto & ~((std::uint64_t{1} << first) - 1);
}

}  // namespace

void AxiChecker::fail(const std::string& rule) const {
  throw ProtocolError(port_ + ", cycle " + std::to_string(cycle_) + ": " + rule);
}

void AxiChecker::reset() {
  AxiChecker fresh(port_);
  fresh.cycle_ = cycle_;
  *this = std::move(fresh);
}

bool AxiChecker::idle() const {
  return open_ == 0 && early_.empty() && !ar_.valid && !aw_.valid && !w_.valid;
}

void AxiChecker::expect_idle() const {
  if (!idle()) fail("the run ends with " + std::to_string(open_) + " bursts under way");
}

void AxiChecker::check_ax(const Ax& ax, const char* channel) const {
  const std::string what = std::string(channel) + " " + hex(ax.addr) + " id " +
                           std::to_string(ax.id) + " len " + std::to_string(ax.len) + " size " +
                           std::to_string(ax.size) + ": ";
  if (ax.burst != 1) fail(what + "burst type " + std::to_string(ax.burst) + ", only INCR is used");
  if (ax.size > 6) fail(what + "transfers wider than the bus");
  const std::uint64_t first = ax.addr >> ax.size << ax.size;
  const std::uint64_t last = first + ((std::uint64_t{ax.len} + 1) << ax.size) - 1;
  if (first >> 12 != last >> 12) fail(what + "crosses a 4 KiB boundary");
}

void AxiChecker::check(const AxiPins& p) {
  // Nothing offered and nothing held: the usual cycle.
  if (*p.arvalid | *p.rvalid | ar_.valid | r_.valid) check_read(p);
  if (*p.awvalid | *p.wvalid | *p.bvalid | aw_.valid | w_.valid | b_.valid) check_write(p);
  ++cycle_;
}

void AxiChecker::check_read(const AxiPins& p) {
  Ax ar;
  if (*p.arvalid) {
    ar = {.addr = *p.araddr,
          .valid = 1,
          .id = *p.arid,
          .len = *p.arlen,
          .size = *p.arsize,
          .burst = p.arburst != nullptr ? *p.arburst : std::uint8_t{1}};
    if (!ar_.valid) check_ax(ar, "AR");
  }
  if (ar_.valid && ar != ar_) {
    fail(ar.valid ? "AR changed before it was taken" : "ARVALID fell before ARREADY");
  }

  R r;
  if (*p.rvalid) {
    r.valid = 1, r.id = *p.rid, r.resp = *p.rresp, r.last = *p.rlast;
    std::memcpy(r.data.data(), p.rdata, sizeof r.data);
  }
  if (r_.valid && r != r_) {
    fail(r.valid ? "R changed before it was taken" : "RVALID fell before RREADY");
  }
  if (r.valid && !r_.valid) {
    const std::deque<unsigned>& due = read_beats_[r.id & 15U];
    if (due.empty()) fail("R with id " + std::to_string(r.id) + " without a request");
    if (r.last != (due.front() == 1)) {
      fail("R id " + std::to_string(r.id) + (r.last ? ": RLAST too early" : ": RLAST missing"));
    }
  }

  // What is taken at the coming edge.
  if (r.valid && *p.rready) {
    std::deque<unsigned>& due = read_beats_[r.id & 15U];
    if (--due.front() == 0) due.pop_front(), --open_;
    r.valid = 0;
  }
  if (ar.valid && *p.arready) {
    read_beats_[ar.id & 15U].push_back(ar.len + 1U);
    ++open_;
    ++reads_;
    ar.valid = 0;
  }
  if (ar.valid)
    ar_ = ar;
  else
    ar_ = Ax{};
  if (r.valid)
    r_ = r;
  else
    r_ = R{};
}

void AxiChecker::check_write(const AxiPins& p) {
  Ax aw;
  if (*p.awvalid) {
    aw = {.addr = *p.awaddr,
          .valid = 1,
          .id = *p.awid,
          .len = *p.awlen,
          .size = *p.awsize,
          .burst = p.awburst != nullptr ? *p.awburst : std::uint8_t{1}};
    if (!aw_.valid) check_ax(aw, "AW");
  }
  if (aw_.valid && aw != aw_) {
    fail(aw.valid ? "AW changed before it was taken" : "AWVALID fell before AWREADY");
  }
  W w;
  if (*p.wvalid) {
    w.valid = 1, w.strb = *p.wstrb, w.last = *p.wlast;
    std::memcpy(w.data.data(), p.wdata, sizeof w.data);
  }
  if (w_.valid && w != w_) {
    fail(w.valid ? "W changed before it was taken" : "WVALID fell before WREADY");
  }
  B b;
  if (*p.bvalid) b = {.valid = 1, .id = *p.bid, .resp = *p.bresp};
  if (b_.valid && b != b_) {
    fail(b.valid ? "B changed before it was taken" : "BVALID fell before BREADY");
  }
  if (b.valid && responses_[b.id & 15U] == 0) {
    fail("B with id " + std::to_string(b.id) + " without a complete write");
  }

  if (b.valid && *p.bready) --responses_[b.id & 15U], --open_, b.valid = 0;
  if (aw.valid && *p.awready) {
    aw_open_.push_back(aw);
    ++open_;
    ++writes_;
    aw.valid = 0;
  }
  if (w.valid && *p.wready) {
    early_.push_back({w.strb, w.last != 0});
    w.valid = 0;
  }
  take_write_beats();
  if (aw.valid)
    aw_ = aw;
  else
    aw_ = Ax{};
  if (w.valid)
    w_ = w;
  else
    w_ = W{};
  b_ = b;
}

void AxiChecker::take_write_beats() {
  while (!early_.empty() && !aw_open_.empty()) {
    Ax& aw = aw_open_.front();
    const Beat beat = early_.front();
    early_.pop_front();
    if ((beat.strb & ~lanes(aw.addr, aw.size)) != 0) {
      fail("W beat " + std::to_string(aw_beats_) + " of the burst to " + hex(aw.addr) +
           ": strobes outside the lanes of the transfer");
    }
    const bool last = aw_beats_ == aw.len;
    if (beat.last != last) {
      fail("W beat " + std::to_string(aw_beats_) + " of " + std::to_string(aw.len + 1) +
           (last ? ": WLAST missing" : ": WLAST too early"));
    }
    ++aw_beats_;
    aw.addr = ((aw.addr >> aw.size) + 1) << aw.size;
    if (last) {
      ++responses_[aw.id & 15U];
      aw_beats_ = 0;
      aw_open_.pop_front();
    }
  }
}

void AxilChecker::fail(const std::string& rule) const {
  throw ProtocolError(port_ + ", cycle " + std::to_string(cycle_) + ": " + rule);
}

void AxilChecker::reset() {
  AxilChecker fresh(port_);
  fresh.cycle_ = cycle_;
  *this = std::move(fresh);
}

void AxilChecker::check_held(Channel& channel, bool valid, bool ready, std::uint64_t payload) {
  if (channel.held && !valid) fail(std::string(channel.name) + "VALID fell before it was taken");
  if (channel.held && payload != channel.payload) {
    fail(std::string(channel.name) + " changed before it was taken");
  }
  channel.held = valid && !ready;
  channel.payload = payload;
}

void AxilChecker::check(const AxilPins& p) {
  ++cycle_;
  if (!(*p.awvalid | *p.wvalid | *p.bvalid | *p.arvalid | *p.rvalid) &&
      !(aw_.held || w_.held || b_.held || ar_.held || r_.held)) {
    return;
  }
  check_held(aw_, *p.awvalid, *p.awready, *p.awaddr);
  check_held(w_, *p.wvalid, *p.wready, std::uint64_t{*p.wstrb} << 32 | *p.wdata);
  check_held(b_, *p.bvalid, *p.bready, *p.bresp);
  check_held(ar_, *p.arvalid, *p.arready, *p.araddr);
  check_held(r_, *p.rvalid, *p.rready, std::uint64_t{*p.rresp} << 32 | *p.rdata);
  if (*p.bvalid && std::min(aw_count_, w_count_) == 0) fail("B without a complete write");
  if (*p.rvalid && reads_ == 0) fail("R without a request");
  if (*p.bvalid && *p.bresp == 1) fail("EXOKAY on AXI4-Lite (B)");
  if (*p.rvalid && *p.rresp == 1) fail("EXOKAY on AXI4-Lite (R)");
  aw_count_ += (*p.awvalid & *p.awready) - (*p.bvalid & *p.bready);
  w_count_ += (*p.wvalid & *p.wready) - (*p.bvalid & *p.bready);
  reads_ += (*p.arvalid & *p.arready) - (*p.rvalid & *p.rready);
}

}  // namespace tb
