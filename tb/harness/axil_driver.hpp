// SPDX-License-Identifier: Apache-2.0
// tb::AxilDriver: the host's side of the AXI4-Lite port. Accesses run the clock through `tick`.
//
//   tb::AxilDriver host(tb::bind_axil(dut.model()), [&] { dut.tick(); });
//   host.write(0x0010, 1);
//   CHECK(host.read(0x0000) == version);
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>

#include "harness/axil_pins.hpp"

namespace tb {

/// The subordinate answered with SLVERR or DECERR, or not at all.
struct AxilError : std::runtime_error {
  AxilError(const std::string& text, unsigned resp_) : std::runtime_error(text), resp(resp_) {}
  unsigned resp;  ///< 2, 3; 0: no answer
};

class AxilDriver {
 public:
  /// `tick` runs one clock cycle with the pins as they stand; outputs are settled afterwards.
  /// `settle` evaluates the model without an edge; needed only if its outputs depend on its inputs
  /// within a cycle.
  AxilDriver(const AxilPins& pins, std::function<void()> tick, std::function<void()> settle = {},
             std::uint64_t timeout = 200'000);

  /// All inputs low, as they must be before reset.
  void idle();

  [[nodiscard]] std::uint32_t read(std::uint32_t addr);
  void write(std::uint32_t addr, std::uint32_t data, unsigned strb = 0xf);

  /// Like read and write, but return the response code instead of throwing.
  unsigned try_read(std::uint32_t addr, std::uint32_t& data);
  unsigned try_write(std::uint32_t addr, std::uint32_t data, unsigned strb = 0xf);

  /// Consecutive words, several under way at a time.
  void write_words(std::uint32_t addr, std::span<const std::uint32_t> data);
  void read_words(std::uint32_t addr, std::span<std::uint32_t> data);

 private:
  [[noreturn]] void timed_out(const char* what, std::uint32_t addr) const;

  AxilPins p_;
  std::function<void()> tick_, settle_;
  std::uint64_t timeout_;
};

}  // namespace tb
