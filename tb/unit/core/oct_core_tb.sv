// SPDX-License-Identifier: Apache-2.0
// oct_core_tb: oct_core_tile with RVFI, all ports flat. The memories are C++ (core_bench.hpp).
// Described in docs/architecture/core.md, used by tb/unit/core and tb/lockstep.
module oct_core_tb (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         clear_i,
  output logic         idle_o,
  input  logic [31:0]  hart_id_i,
  input  logic [31:0]  boot_addr_i,
  input  logic         msip_i,
  input  logic         mtip_i,

  output logic         fetch_valid_o,
  output logic [31:0]  fetch_addr_o,       // of the line
  input  logic         fetch_rsp_valid_i,
  input  logic         fetch_rsp_err_i,
  input  logic [31:0]  fetch_rsp_addr_i,
  input  logic [511:0] fetch_rsp_data_i,
  output logic         icache_flush_o,

  output logic         data_valid_o,
  output logic [31:0]  data_addr_o,
  output logic         data_we_o,
  output logic [3:0]   data_be_o,
  output logic [31:0]  data_wdata_o,
  output logic [3:0]   data_amo_o,         // amo_e
  input  logic         data_ready_i,
  input  logic         data_rsp_valid_i,
  input  logic         data_rsp_err_i,
  input  logic [31:0]  data_rsp_rdata_i,
  input  logic         data_ack_valid_i,
  input  logic         data_ack_err_i,

  output logic [2:0]   status_state_o,     // core_state_e
  output logic [31:0]  status_pc_o,
  output logic [31:0]  status_addr_o,

  output logic         rvfi_valid,
  output logic [63:0]  rvfi_order,
  output logic [31:0]  rvfi_insn,
  output logic         rvfi_trap,
  output logic         rvfi_halt,
  output logic         rvfi_intr,
  output logic [1:0]   rvfi_mode,
  output logic [1:0]   rvfi_ixl,
  output logic [4:0]   rvfi_rs1_addr,
  output logic [4:0]   rvfi_rs2_addr,
  output logic [4:0]   rvfi_rs3_addr,
  output logic [31:0]  rvfi_rs1_rdata,
  output logic [31:0]  rvfi_rs2_rdata,
  output logic [31:0]  rvfi_rs3_rdata,
  output logic [4:0]   rvfi_rd_addr,
  output logic [31:0]  rvfi_rd_wdata,
  output logic [4:0]   rvfi_rd2_addr,
  output logic [31:0]  rvfi_rd2_wdata,
  output logic [31:0]  rvfi_pc_rdata,
  output logic [31:0]  rvfi_pc_wdata,
  output logic [31:0]  rvfi_mem_addr,
  output logic [3:0]   rvfi_mem_rmask,
  output logic [3:0]   rvfi_mem_wmask,
  output logic [31:0]  rvfi_mem_rdata,
  output logic [31:0]  rvfi_mem_wdata,
  output logic         rvfi_mem_amo
);
  import oct_cluster_pkg::*;

  fetch_req_t          fetch_req;
  fetch_rsp_t          fetch_rsp;
  data_req_t           data_req;
  data_rsp_t           data_rsp;
  store_ack_t          data_ack;
  core_status_t        status;
  oct_core_pkg::rvfi_t rvfi;

  oct_core_tile #(.Rvfi(1'b1)) u_tile (
    .clk_i, .rst_ni, .clear_i, .idle_o, .hart_id_i, .boot_addr_i, .msip_i, .mtip_i,
    .fetch_req_o(fetch_req), .fetch_rsp_i(fetch_rsp), .icache_flush_o,
    .data_req_o(data_req), .data_rsp_i(data_rsp), .data_ack_i(data_ack),
    .status_o(status), .rvfi_o(rvfi)
  );

  assign fetch_valid_o  = fetch_req.valid;
  assign fetch_addr_o   = {fetch_req.line, 6'd0};
  assign fetch_rsp      = '{valid: fetch_rsp_valid_i, err: fetch_rsp_err_i,
                            line: fetch_rsp_addr_i[31:6], data: fetch_rsp_data_i};
  assign data_valid_o   = data_req.valid;
  assign data_addr_o    = data_req.addr;
  assign data_we_o      = data_req.we;
  assign data_be_o      = data_req.be;
  assign data_wdata_o   = data_req.wdata;
  assign data_amo_o     = data_req.amo;
  assign data_rsp       = '{ready: data_ready_i, valid: data_rsp_valid_i, err: data_rsp_err_i,
                            rdata: data_rsp_rdata_i};
  assign data_ack       = '{valid: data_ack_valid_i, err: data_ack_err_i};
  assign status_state_o = status.state;
  assign status_pc_o    = status.pc;
  assign status_addr_o  = status.addr;

  assign {rvfi_valid, rvfi_order, rvfi_insn, rvfi_trap, rvfi_halt, rvfi_intr, rvfi_mode, rvfi_ixl,
          rvfi_rs1_addr, rvfi_rs2_addr, rvfi_rs3_addr, rvfi_rs1_rdata, rvfi_rs2_rdata, rvfi_rs3_rdata,
          rvfi_rd_addr, rvfi_rd_wdata, rvfi_rd2_addr, rvfi_rd2_wdata, rvfi_pc_rdata, rvfi_pc_wdata,
          rvfi_mem_addr, rvfi_mem_rmask, rvfi_mem_wmask, rvfi_mem_rdata, rvfi_mem_wdata,
          rvfi_mem_amo} = rvfi;

  logic unused;
  assign unused = ^fetch_rsp_addr_i[5:0];
endmodule
