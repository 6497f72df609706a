// SPDX-License-Identifier: Apache-2.0
// The wires of one AXI4 manager as the memory model and the checker see them: pointers, so that one
// compiled model serves every Verilated module. bind_axi() points at the flat pins of a top level;
// AxiStructPins stands between packed structs (axi_rd_req_t ...) and the model.
#pragma once

#include <array>
#include <cstdint>

namespace tb {

inline constexpr unsigned kAxiBytes = 64;
inline constexpr unsigned kAxiWords = kAxiBytes / 4;

/// Inputs of the subordinate are const. A read-only or write-only manager leaves the other half
/// unbound: the defaults point to wires that are always 0.
struct AxiPins {
  static inline std::uint8_t nobody8 = 0;
  static inline std::uint32_t nobody32 = 0;
  static inline std::uint64_t nobody64 = 0;
  static inline std::array<std::uint32_t, kAxiWords> nobody512{};
  /// Where outputs of an unbound half go.
  static inline std::array<std::uint32_t, kAxiWords> nowhere{};
  /// One byte each: the checker reads outputs back.
  static inline std::array<std::uint8_t, 10> nowhere8{};

  const std::uint8_t* awvalid = &nobody8;
  const std::uint8_t* awid = &nobody8;
  const std::uint32_t* awaddr = &nobody32;
  const std::uint8_t* awlen = &nobody8;
  const std::uint8_t* awsize = &nobody8;
  const std::uint8_t* awburst = nullptr;  // absent: INCR
  std::uint8_t* awready = &nowhere8[0];

  const std::uint8_t* wvalid = &nobody8;
  const std::uint32_t* wdata = nobody512.data();
  const std::uint64_t* wstrb = &nobody64;
  const std::uint8_t* wlast = &nobody8;
  std::uint8_t* wready = &nowhere8[1];

  std::uint8_t* bvalid = &nowhere8[2];
  std::uint8_t* bid = &nowhere8[3];
  std::uint8_t* bresp = &nowhere8[4];
  const std::uint8_t* bready = &nobody8;

  const std::uint8_t* arvalid = &nobody8;
  const std::uint8_t* arid = &nobody8;
  const std::uint32_t* araddr = &nobody32;
  const std::uint8_t* arlen = &nobody8;
  const std::uint8_t* arsize = &nobody8;
  const std::uint8_t* arburst = nullptr;
  std::uint8_t* arready = &nowhere8[5];

  std::uint8_t* rvalid = &nowhere8[6];
  std::uint8_t* rid = &nowhere8[7];
  std::uint32_t* rdata = nowhere.data();
  std::uint8_t* rresp = &nowhere8[8];
  std::uint8_t* rlast = &nowhere8[9];
  const std::uint8_t* rready = &nobody8;
};

/// The pins m_axi_mem_* of a Verilated oct_top (or a stand-in with the same pins).
template <typename Model>
[[nodiscard]] AxiPins bind_axi(Model& m) {
  AxiPins p;
  p.awvalid = &m.m_axi_mem_awvalid;
  p.awid = &m.m_axi_mem_awid;
  p.awaddr = &m.m_axi_mem_awaddr;
  p.awlen = &m.m_axi_mem_awlen;
  p.awsize = &m.m_axi_mem_awsize;
  p.awburst = &m.m_axi_mem_awburst;
  p.awready = &m.m_axi_mem_awready;
  p.wvalid = &m.m_axi_mem_wvalid;
  p.wdata = &m.m_axi_mem_wdata[0];
  p.wstrb = &m.m_axi_mem_wstrb;
  p.wlast = &m.m_axi_mem_wlast;
  p.wready = &m.m_axi_mem_wready;
  p.bvalid = &m.m_axi_mem_bvalid;
  p.bid = &m.m_axi_mem_bid;
  p.bresp = &m.m_axi_mem_bresp;
  p.bready = &m.m_axi_mem_bready;
  p.arvalid = &m.m_axi_mem_arvalid;
  p.arid = &m.m_axi_mem_arid;
  p.araddr = &m.m_axi_mem_araddr;
  p.arlen = &m.m_axi_mem_arlen;
  p.arsize = &m.m_axi_mem_arsize;
  p.arburst = &m.m_axi_mem_arburst;
  p.arready = &m.m_axi_mem_arready;
  p.rvalid = &m.m_axi_mem_rvalid;
  p.rid = &m.m_axi_mem_rid;
  p.rdata = &m.m_axi_mem_rdata[0];
  p.rresp = &m.m_axi_mem_rresp;
  p.rlast = &m.m_axi_mem_rlast;
  p.rready = &m.m_axi_mem_rready;
  return p;
}

/// For modules whose ports are the packed structs of oct_cluster_pkg. Use:
///   tb::AxiStructPins s; const tb::AxiPins pins = s.pins();      // once; s must outlive pins
///   each cycle: mem.drive(pins); s.store_rd(&dut->rd_rsp_i[0]); dut.eval();
///               s.load_rd(dut->rd_req_o); mem.sample(pins); dut.tick();
class AxiStructPins {
 public:
  AxiStructPins() = default;
  AxiStructPins(const AxiStructPins&) = delete;  // pins() points into this object
  AxiStructPins& operator=(const AxiStructPins&) = delete;

  [[nodiscard]] AxiPins pins() {
    AxiPins p;
    p.awvalid = &aw_.valid, p.awid = &aw_.id, p.awaddr = &aw_.addr, p.awlen = &aw_.len;
    p.awsize = &aw_.size, p.awready = &awready_;
    p.wvalid = &wvalid_, p.wdata = wdata_.data(), p.wstrb = &wstrb_, p.wlast = &wlast_;
    p.wready = &wready_;
    p.bvalid = &bvalid_, p.bid = &bid_, p.bresp = &bresp_, p.bready = &bready_;
    p.arvalid = &ar_.valid, p.arid = &ar_.id, p.araddr = &ar_.addr, p.arlen = &ar_.len;
    p.arsize = &ar_.size, p.arready = &arready_;
    p.rvalid = &rvalid_, p.rid = &rid_, p.rdata = rdata_.data(), p.rresp = &rresp_;
    p.rlast = &rlast_, p.rready = &rready_;
    return p;
  }

  /// axi_rd_req_t: 49 bits.
  void load_rd(std::uint64_t req) {
    rready_ = req & 1;
    ar_ = ax((req >> 1) & kAxMask, (req >> 48) & 1);
  }
  /// axi_rd_rsp_t: 521 bits, a port of 17 words.
  void store_rd(std::uint32_t* rsp) const {
    std::uint64_t carry = rlast_ | (rresp_ & 3U) << 1;
    unsigned bits = 3;
    for (unsigned i = 0; i < kAxiWords; ++i) {
      carry |= static_cast<std::uint64_t>(rdata_[i]) << bits;
      rsp[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    carry |= static_cast<std::uint64_t>(rid_ & 15U) << bits;
    carry |= static_cast<std::uint64_t>(rvalid_ & 1U) << (bits + 4);
    carry |= static_cast<std::uint64_t>(arready_ & 1U) << (bits + 5);
    rsp[kAxiWords] = static_cast<std::uint32_t>(carry);
  }
  /// axi_wr_req_t: 627 bits, a port of 20 words.
  void load_wr(const std::uint32_t* req) {
    bready_ = req[0] & 1;
    wlast_ = (req[0] >> 1) & 1;
    wstrb_ = field(req, 2, 64);
    for (unsigned i = 0; i < kAxiWords; ++i) {
      wdata_[i] = static_cast<std::uint32_t>(field(req, 66 + 32 * i, 32));
    }
    wvalid_ = static_cast<std::uint8_t>(field(req, 578, 1));
    aw_ = ax(field(req, 579, 47), static_cast<unsigned>(field(req, 626, 1)));
  }
  /// axi_wr_rsp_t: 9 bits.
  [[nodiscard]] std::uint16_t store_wr() const {
    return static_cast<std::uint16_t>((awready_ & 1U) << 8 | (wready_ & 1U) << 7 |
                                      (bvalid_ & 1U) << 6 | (bid_ & 15U) << 2 | (bresp_ & 3U));
  }

 private:
  static constexpr std::uint64_t kAxMask = (std::uint64_t{1} << 47) - 1;
  struct Ax {
    std::uint8_t valid = 0, id = 0, len = 0, size = 0;
    std::uint32_t addr = 0;
  };

  static Ax ax(std::uint64_t bits, unsigned valid) {
    Ax a;
    a.valid = static_cast<std::uint8_t>(valid);
    a.size = bits & 7;
    a.len = static_cast<std::uint8_t>(bits >> 3);
    a.addr = static_cast<std::uint32_t>(bits >> 11);
    a.id = (bits >> 43) & 15;
    return a;
  }
  static std::uint64_t field(const std::uint32_t* words, unsigned low, unsigned width) {
    std::uint64_t value = 0;
    for (unsigned got = 0; got < width;) {
      const unsigned bit = low + got;
      value |= static_cast<std::uint64_t>(words[bit / 32] >> (bit % 32)) << got;
      got += 32 - bit % 32;
    }
    return width == 64 ? value : value & ((std::uint64_t{1} << width) - 1);
  }

  Ax aw_, ar_;
  std::uint8_t awready_ = 0, wready_ = 0, arready_ = 0, wvalid_ = 0, wlast_ = 0, bready_ = 0;
  std::uint8_t bvalid_ = 0, bid_ = 0, bresp_ = 0;
  std::uint8_t rvalid_ = 0, rid_ = 0, rresp_ = 0, rlast_ = 0, rready_ = 0;
  std::uint64_t wstrb_ = 0;
  std::array<std::uint32_t, kAxiWords> wdata_{}, rdata_{};
};

}  // namespace tb
