// SPDX-License-Identifier: Apache-2.0
// oct_rvfi: instructions as they left EX become RVFI records in program order, one per cycle, once the
// value of a multiplication or load has come. Only in test benches. Beyond the standard: rvfi_rd2_*
// (base register of a post-increment access), rvfi_rs3_*, rvfi_mem_amo. docs/architecture/core.md.
// Test: tb/unit/core/oct_core_test.cpp.
`include "oct_assert.svh"

module oct_rvfi
  import oct_core_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,
  input  retire_t     retire_i,
  input  logic [31:0] late_i,
  input  logic        ld_i,
  input  logic [31:0] ld_data_i,
  output rvfi_t       rvfi_o
);
  // What follows a load may retire while the load waits: the queue is as long as any test needs.
  localparam int unsigned Width = 10;
  localparam int unsigned Depth = 1 << Width;

  retire_t          item_q [Depth];
  logic             done_q [Depth];
  logic [31:0]      ld_q   [Depth];           // load data, or what an atomic returned
  logic [Width-1:0] mem_idx_q [MaxOutstanding];  // items of accesses without an answer, in order
  logic [Width-1:0] wr_q, rd_q, late_idx_q;
  logic [2:0]       mem_wr_q, mem_rd_q;
  logic             late_q, pop, waits;
  logic [63:0]      order_q;
  retire_t          head;

  assign waits = retire_i.mem && !retire_i.posted;
  assign head = item_q[rd_q];
  assign pop  = rd_q != wr_q && done_q[rd_q];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wr_q     <= '0;
      rd_q     <= '0;
      mem_wr_q <= '0;
      mem_rd_q <= '0;
      late_q   <= 1'b0;
      order_q  <= '0;
    end else begin
      // clear_i drops what is not complete, but answers still come.
      if (clear_i) rd_q <= wr_q;
      else if (pop) rd_q <= rd_q + 1'b1;
      if (pop && !clear_i) order_q <= order_q + 64'd1;
      late_q <= retire_i.valid && retire_i.rd_we && retire_i.late;
      if (retire_i.valid) wr_q <= wr_q + 1'b1;
      if (retire_i.valid && waits) mem_wr_q <= mem_wr_q + 1'b1;
      if (ld_i) mem_rd_q <= mem_rd_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    late_idx_q <= wr_q;
    if (ld_i) begin
      ld_q[mem_idx_q[mem_rd_q]]   <= ld_data_i;
      done_q[mem_idx_q[mem_rd_q]] <= 1'b1;
    end
    if (late_q) begin
      item_q[late_idx_q].rd_data <= late_i;
      done_q[late_idx_q]         <= 1'b1;
    end
    if (retire_i.valid) begin
      item_q[wr_q] <= retire_i;
      done_q[wr_q] <= !(waits || (retire_i.rd_we && retire_i.late));
      if (waits) mem_idx_q[mem_wr_q] <= wr_q;
    end
  end

  always_comb begin
    logic [3:0] mask;
    mask = (head.mem_size == 2'd0) ? 4'b0001 : (head.mem_size == 2'd1) ? 4'b0011 : 4'b1111;
    rvfi_o            = '0;
    rvfi_o.valid      = pop && !clear_i;
    rvfi_o.order      = order_q;
    rvfi_o.insn       = head.insn;
    rvfi_o.trap       = head.trap;
    rvfi_o.intr       = head.intr;
    rvfi_o.mode       = 2'd3;
    rvfi_o.ixl        = 2'd1;
    rvfi_o.rs1_addr   = head.rs1;
    rvfi_o.rs2_addr   = head.rs2;
    rvfi_o.rs3_addr   = head.rs3;
    rvfi_o.rs1_rdata  = head.rs1_data;
    rvfi_o.rs2_rdata  = head.rs2_data;
    rvfi_o.rs3_rdata  = head.rs3_data;
    if (head.ld_we) begin
      rvfi_o.rd_addr   = head.ld_rd;
      rvfi_o.rd_wdata  = ld_q[rd_q];
      rvfi_o.rd2_addr  = head.rd_we ? head.rd : '0;
      rvfi_o.rd2_wdata = head.rd_we ? head.rd_data : '0;
    end else if (head.rd_we && head.mem) begin
      rvfi_o.rd2_addr  = head.rd;
      rvfi_o.rd2_wdata = head.rd_data;
    end else if (head.rd_we) begin
      rvfi_o.rd_addr   = head.rd;
      rvfi_o.rd_wdata  = head.rd_data;
    end
    rvfi_o.pc_rdata = head.pc;
    rvfi_o.pc_wdata = head.npc;
    if (head.mem) begin
      rvfi_o.mem_addr  = head.mem_addr;
      rvfi_o.mem_rmask = (head.mem_we && !head.mem_amo) ? '0 : mask;
      rvfi_o.mem_wmask = head.mem_we ? mask : '0;
      rvfi_o.mem_rdata = (head.mem_we && !head.mem_amo) ? '0 : ld_q[rd_q];
      rvfi_o.mem_wdata = head.mem_we ? head.mem_wdata : '0;
      rvfi_o.mem_amo   = head.mem_amo;
    end
  end

  `OCT_ASSERT(RoomLeft_A, wr_q + 1'b1 != rd_q)

  logic unused;
  assign unused = ^{head.valid, head.late, head.posted};
endmodule
