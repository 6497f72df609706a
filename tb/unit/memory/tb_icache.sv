// SPDX-License-Identifier: Apache-2.0
// tb_icache: oct_icache with flat request vectors and its AXI side as pins.
`include "tb/unit/memory/tb_axi_pins.svh"

// A line address has no low bits, and a cache writes nothing.
/* verilator lint_off UNUSEDSIGNAL */
module tb_icache
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_l2_pkg::*;
(
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              clear_i,
  output logic              idle_o,
  input  logic              flush_i,
  input  logic [1:0]        prefetch_i,
  input  logic [15:0]       req_valid_i,
  input  logic [15:0][31:0] req_addr_i,
  output logic              rsp_valid_o,
  output logic              rsp_err_o,
  output logic [31:0]       rsp_addr_o,
  output logic [511:0]      rsp_data_o,
  output logic              hit_o,
  output logic              miss_o,
  output logic              prefetched_o,
  output logic              stall_o,
  `TB_AXI_PORTS
);
  fetch_req_t [NumCores-1:0] req;
  fetch_rsp_t     rsp;
  icache_events_t events;
  axi_rd_req_t    rd_req;
  axi_rd_rsp_t    rd_rsp;
  axi_wr_req_t    wr_req;
  axi_wr_rsp_t    wr_rsp;

  always_comb begin
    for (int i = 0; i < NumCores; i++) req[i] = '{valid: req_valid_i[i], line: req_addr_i[i][31:6]};
  end
  assign {rsp_valid_o, rsp_err_o, rsp_data_o} = {rsp.valid, rsp.err, rsp.data};
  assign rsp_addr_o = {rsp.line, 6'd0};
  assign {hit_o, miss_o, prefetched_o, stall_o} = events;
  assign wr_req = '0;

  oct_icache u_icache (
    .clk_i, .rst_ni, .clear_i, .idle_o, .flush_i, .prefetch_i, .fetch_req_i(req), .fetch_rsp_o(rsp),
    .rd_req_o(rd_req), .rd_rsp_i(rd_rsp), .events_o(events)
  );

  `TB_AXI_WIRES(rd_req, rd_rsp, wr_req, wr_rsp)
endmodule
