// SPDX-License-Identifier: Apache-2.0
// Wires of one AXI4 manager without a model behind them, for tests of the harness itself.
#pragma once

#include <array>
#include <cstdint>

#include "harness/axi_pins.hpp"

namespace tb {

/// Has the members of a Verilated oct_top, so bind_axi() applies.
struct AxiWires {
  std::uint8_t m_axi_mem_awvalid = 0, m_axi_mem_awid = 0, m_axi_mem_awlen = 0, m_axi_mem_awsize = 6,
               m_axi_mem_awburst = 1, m_axi_mem_awready = 0;
  std::uint32_t m_axi_mem_awaddr = 0;
  std::uint8_t m_axi_mem_wvalid = 0, m_axi_mem_wlast = 0, m_axi_mem_wready = 0;
  std::array<std::uint32_t, kAxiWords> m_axi_mem_wdata{};
  std::uint64_t m_axi_mem_wstrb = 0;
  std::uint8_t m_axi_mem_bvalid = 0, m_axi_mem_bid = 0, m_axi_mem_bresp = 0, m_axi_mem_bready = 0;
  std::uint8_t m_axi_mem_arvalid = 0, m_axi_mem_arid = 0, m_axi_mem_arlen = 0, m_axi_mem_arsize = 6,
               m_axi_mem_arburst = 1, m_axi_mem_arready = 0;
  std::uint32_t m_axi_mem_araddr = 0;
  std::uint8_t m_axi_mem_rvalid = 0, m_axi_mem_rid = 0, m_axi_mem_rresp = 0, m_axi_mem_rlast = 0,
               m_axi_mem_rready = 0;
  std::array<std::uint32_t, kAxiWords> m_axi_mem_rdata{};
};

}  // namespace tb
