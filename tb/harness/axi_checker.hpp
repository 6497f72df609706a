// SPDX-License-Identifier: Apache-2.0
// tb::AxiChecker, tb::AxilChecker: the rules of AXI4 and AXI4-Lite at the pins of the cluster. Call
// check() once a cycle, all signals settled, before the rising edge. A broken rule throws
// ProtocolError with port, cycle and rule.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>

#include "harness/axi_pins.hpp"
#include "harness/axil_pins.hpp"

namespace tb {

struct ProtocolError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class AxiChecker {
 public:
  explicit AxiChecker(std::string port = "m_axi_mem") : port_(std::move(port)) {}

  void check(const AxiPins& p);
  /// After a reset of the manager: nothing is under way.
  void reset();
  /// At the end of a run: throws if a burst was left without its end.
  void expect_idle() const;

  [[nodiscard]] bool idle() const;
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  [[nodiscard]] std::uint64_t writes() const { return writes_; }

 private:
  struct Ax {
    std::uint32_t addr = 0;
    std::uint8_t valid = 0, id = 0, len = 0, size = 0, burst = 1;
    bool operator==(const Ax&) const = default;
  };
  struct W {
    std::array<std::uint32_t, kAxiWords> data{};
    std::uint64_t strb = 0;
    std::uint8_t valid = 0, last = 0;
    bool operator==(const W&) const = default;
  };
  struct R {
    std::array<std::uint32_t, kAxiWords> data{};
    std::uint8_t valid = 0, id = 0, resp = 0, last = 0;
    bool operator==(const R&) const = default;
  };
  struct B {
    std::uint8_t valid = 0, id = 0, resp = 0;
    bool operator==(const B&) const = default;
  };
  struct Beat {
    std::uint64_t strb;
    bool last;
  };

  [[noreturn]] void fail(const std::string& rule) const;
  void check_ax(const Ax& ax, const char* channel) const;
  void take_write_beats();
  void check_read(const AxiPins& p);
  void check_write(const AxiPins& p);

  std::string port_;
  std::uint64_t cycle_ = 0;
  // Offers not taken in the last cycle (valid = 0: none).
  Ax ar_, aw_;
  W w_;
  R r_;
  B b_;
  std::array<std::deque<unsigned>, 16> read_beats_;  // beats still due, burst by burst
  std::deque<Ax> aw_open_;                           // bursts whose data are not complete
  unsigned aw_beats_ = 0;                            // beats of the first of them seen
  std::deque<Beat> early_;                           // beats before their address
  std::array<unsigned, 16> responses_{};             // B due
  unsigned open_ = 0;                                // bursts under way, both directions
  std::uint64_t reads_ = 0, writes_ = 0;
};

class AxilChecker {
 public:
  explicit AxilChecker(std::string port = "s_axi_ctrl") : port_(std::move(port)) {}
  void check(const AxilPins& p);
  void reset();

 private:
  struct Channel {
    const char* name;
    bool held = false;
    std::uint64_t payload = 0;
  };
  [[noreturn]] void fail(const std::string& rule) const;
  void check_held(Channel& channel, bool valid, bool ready, std::uint64_t payload);

  std::string port_;
  std::uint64_t cycle_ = 0;
  Channel aw_{"AW"}, w_{"W"}, b_{"B"}, ar_{"AR"}, r_{"R"};
  unsigned aw_count_ = 0, w_count_ = 0, reads_ = 0;
};

}  // namespace tb
