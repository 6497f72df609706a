// SPDX-License-Identifier: Apache-2.0
// oct_core_tile: a core with its instruction buffer; the unit that the cluster replicates. Who the
// core is comes by ports, so that all instances share one piece of simulation code.
// Test: tb/unit/core/oct_core_test.cpp.
module oct_core_tile
  import oct_core_pkg::*;
  import oct_cluster_pkg::*;
#(
  parameter bit Rvfi = 1'b0           // test benches only: rvfi_o tells of every instruction
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         clear_i /* verilator public_flat_rd */,        // hold in reset state
  output logic         idle_o,         // no access without an answer

  input  logic [31:0]  hart_id_i /* verilator public_flat_rd */,
  input  logic [31:0]  boot_addr_i /* verilator public_flat_rd */,    // taken while clear_i is high
  input  logic         msip_i /* verilator public_flat_rd */,
  input  logic         mtip_i /* verilator public_flat_rd */,

  output fetch_req_t   fetch_req_o,
  input  fetch_rsp_t   fetch_rsp_i /* verilator public_flat_rd */,
  output logic         icache_flush_o, // one cycle: fence.i, after all stores have been answered

  output data_req_t    data_req_o,
  input  data_rsp_t    data_rsp_i /* verilator public_flat_rd */,
  input  store_ack_t   data_ack_i /* verilator public_flat_rd */,     // stores to L2

  output core_status_t status_o,
  output rvfi_t        rvfi_o
);
  /* verilator no_inline_module */
  logic        lookup, prefetch, core_idle, l0_idle, retire_ld;
  logic [31:1] pc;
  l0_rsp_t     l0_rsp;
  logic [31:0] l0_data;
  retire_t     retire;
  logic [31:0] retire_late, retire_ld_data;

  assign idle_o = core_idle && l0_idle;

  oct_core #(.Rvfi(Rvfi)) u_core (
    .clk_i, .rst_ni, .clear_i, .idle_o(core_idle), .hart_id_i, .boot_addr_i, .msip_i, .mtip_i,
    .l0_lookup_o(lookup), .l0_prefetch_o(prefetch), .l0_pc_o(pc), .l0_rsp_i(l0_rsp),
    .l0_data_i(l0_data),
    .fence_i_o(icache_flush_o), .data_req_o, .data_rsp_i, .data_ack_i, .status_o,
    .retire_o(retire), .retire_late_o(retire_late), .retire_ld_o(retire_ld),
    .retire_ld_data_o(retire_ld_data)
  );

  oct_l0 u_l0 (
    .clk_i, .rst_ni, .clear_i, .flush_i(icache_flush_o), .lookup_i(lookup), .prefetch_i(prefetch),
    .pc_i(pc), .rsp_o(l0_rsp), .data_o(l0_data), .idle_o(l0_idle), .fetch_req_o, .fetch_rsp_i
  );

  if (Rvfi) begin : g_rvfi
    oct_rvfi u_rvfi (
      .clk_i, .rst_ni, .clear_i, .retire_i(retire), .late_i(retire_late), .ld_i(retire_ld),
      .ld_data_i(retire_ld_data), .rvfi_o
    );
  end else begin : g_no_rvfi
    assign rvfi_o = '0;

    logic unused;
    assign unused = ^{retire, retire_late, retire_ld, retire_ld_data};
  end
endmodule
