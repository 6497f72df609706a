// SPDX-License-Identifier: Apache-2.0
#include "harness/axil_driver.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace tb {
namespace {

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%06x", value);
  return text;
}

const char* name_of(unsigned resp) { return resp == 3 ? "DECERR" : "SLVERR"; }

}  // namespace

AxilDriver::AxilDriver(const AxilPins& pins, std::function<void()> tick,
                       std::function<void()> settle, std::uint64_t timeout)
    : p_(pins), tick_(std::move(tick)), settle_(std::move(settle)), timeout_(timeout) {
  idle();
}

void AxilDriver::idle() {
  *p_.awvalid = *p_.wvalid = *p_.bready = *p_.arvalid = *p_.rready = 0;
  *p_.awprot = *p_.arprot = *p_.wstrb = 0;
  *p_.awaddr = *p_.araddr = *p_.wdata = 0;
}

void AxilDriver::timed_out(const char* what, std::uint32_t addr) const {
  throw AxilError(std::string("s_axi_ctrl: ") + what + " of " + hex(addr) + ": no answer within " +
                      std::to_string(timeout_) + " cycles",
                  0);
}

std::uint32_t AxilDriver::read(std::uint32_t addr) {
  std::uint32_t data = 0;
  if (const unsigned resp = try_read(addr, data); resp != 0) {
    throw AxilError(std::string("s_axi_ctrl: read of ") + hex(addr) + ": " + name_of(resp), resp);
  }
  return data;
}

void AxilDriver::write(std::uint32_t addr, std::uint32_t data, unsigned strb) {
  if (const unsigned resp = try_write(addr, data, strb); resp != 0) {
    throw AxilError(std::string("s_axi_ctrl: write of ") + hex(addr) + ": " + name_of(resp), resp);
  }
}

unsigned AxilDriver::try_read(std::uint32_t addr, std::uint32_t& data) {
  *p_.arvalid = 1;
  *p_.araddr = addr;
  *p_.rready = 1;
  for (std::uint64_t n = 0; n < timeout_; ++n) {
    if (settle_) settle_();  // handshakes are decided by the values before the edge
    const bool asked = *p_.arvalid && *p_.arready;
    const bool answered = *p_.rvalid != 0;
    const unsigned resp = *p_.rresp;
    if (answered) data = *p_.rdata;
    tick_();
    if (asked) *p_.arvalid = 0;
    if (answered) {
      *p_.rready = 0;
      return resp;
    }
  }
  timed_out("read", addr);
}

unsigned AxilDriver::try_write(std::uint32_t addr, std::uint32_t data, unsigned strb) {
  *p_.awvalid = *p_.wvalid = *p_.bready = 1;
  *p_.awaddr = addr;
  *p_.wdata = data;
  *p_.wstrb = static_cast<std::uint8_t>(strb);
  for (std::uint64_t n = 0; n < timeout_; ++n) {
    if (settle_) settle_();
    const bool addressed = *p_.awvalid && *p_.awready;
    const bool sent = *p_.wvalid && *p_.wready;
    const bool answered = *p_.bvalid != 0;
    const unsigned resp = *p_.bresp;
    tick_();
    if (addressed) *p_.awvalid = 0;
    if (sent) *p_.wvalid = 0;
    if (answered) {
      *p_.bready = 0;
      return resp;
    }
  }
  timed_out("write", addr);
}

void AxilDriver::write_words(std::uint32_t addr, std::span<const std::uint32_t> data) {
  std::size_t addresses = 0, words = 0, answers = 0;
  std::uint64_t quiet = 0;
  unsigned bad = 0;
  std::uint32_t bad_at = 0;
  *p_.bready = 1;
  while (answers < data.size()) {
    *p_.awvalid = addresses < data.size();
    *p_.awaddr = addr + 4 * static_cast<std::uint32_t>(addresses);
    *p_.wvalid = words < data.size();
    if (words < data.size()) *p_.wdata = data[words];
    *p_.wstrb = 0xf;
    if (settle_) settle_();
    const bool addressed = *p_.awvalid && *p_.awready;
    const bool sent = *p_.wvalid && *p_.wready;
    const bool answered = *p_.bvalid != 0;
    const unsigned resp = *p_.bresp;
    tick_();
    addresses += addressed;
    words += sent;
    const std::uint32_t at = addr + 4 * static_cast<std::uint32_t>(answers);
    answers += answered;
    if (answered && resp != 0 && bad == 0) bad = resp, bad_at = at;
    quiet = addressed || sent || answered ? 0 : quiet + 1;
    if (quiet > timeout_) timed_out("write", at);
  }
  *p_.bready = *p_.awvalid = *p_.wvalid = 0;
  if (bad != 0) throw AxilError("s_axi_ctrl: write of " + hex(bad_at) + ": " + name_of(bad), bad);
}

void AxilDriver::read_words(std::uint32_t addr, std::span<std::uint32_t> data) {
  std::size_t addresses = 0, answers = 0;
  std::uint64_t quiet = 0;
  unsigned bad = 0;
  std::uint32_t bad_at = 0;
  *p_.rready = 1;
  while (answers < data.size()) {
    *p_.arvalid = addresses < data.size();
    *p_.araddr = addr + 4 * static_cast<std::uint32_t>(addresses);
    if (settle_) settle_();
    const bool addressed = *p_.arvalid && *p_.arready;
    const bool answered = *p_.rvalid != 0;
    const unsigned resp = *p_.rresp;
    if (answered) data[answers] = *p_.rdata;
    tick_();
    addresses += addressed;
    const std::uint32_t at = addr + 4 * static_cast<std::uint32_t>(answers);
    answers += answered;
    if (answered && resp != 0 && bad == 0) bad = resp, bad_at = at;
    quiet = addressed || answered ? 0 : quiet + 1;
    if (quiet > timeout_) timed_out("read", at);
  }
  *p_.rready = *p_.arvalid = 0;
  if (bad != 0) throw AxilError("s_axi_ctrl: read of " + hex(bad_at) + ": " + name_of(bad), bad);
}

}  // namespace tb
