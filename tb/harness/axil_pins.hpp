// SPDX-License-Identifier: Apache-2.0
// The wires of an AXI4-Lite subordinate (24-bit address, 32-bit data), seen from the host.
#pragma once

#include <cstdint>

namespace tb {

struct AxilPins {
  std::uint8_t *awvalid, *wvalid, *bready, *arvalid, *rready;
  std::uint8_t *awprot, *arprot, *wstrb;
  std::uint32_t *awaddr, *araddr, *wdata;
  const std::uint8_t *awready, *wready, *bvalid, *bresp, *arready, *rvalid, *rresp;
  const std::uint32_t* rdata;
};

/// The pins s_axi_ctrl_* of a Verilated oct_top (or of oct_axil with the same names).
template <typename Model>
[[nodiscard]] AxilPins bind_axil(Model& m) {
  return {.awvalid = &m.s_axi_ctrl_awvalid,
          .wvalid = &m.s_axi_ctrl_wvalid,
          .bready = &m.s_axi_ctrl_bready,
          .arvalid = &m.s_axi_ctrl_arvalid,
          .rready = &m.s_axi_ctrl_rready,
          .awprot = &m.s_axi_ctrl_awprot,
          .arprot = &m.s_axi_ctrl_arprot,
          .wstrb = &m.s_axi_ctrl_wstrb,
          .awaddr = &m.s_axi_ctrl_awaddr,
          .araddr = &m.s_axi_ctrl_araddr,
          .wdata = &m.s_axi_ctrl_wdata,
          .awready = &m.s_axi_ctrl_awready,
          .wready = &m.s_axi_ctrl_wready,
          .bvalid = &m.s_axi_ctrl_bvalid,
          .bresp = &m.s_axi_ctrl_bresp,
          .arready = &m.s_axi_ctrl_arready,
          .rvalid = &m.s_axi_ctrl_rvalid,
          .rresp = &m.s_axi_ctrl_rresp,
          .rdata = &m.s_axi_ctrl_rdata};
}

}  // namespace tb
