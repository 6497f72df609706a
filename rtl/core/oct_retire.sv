// SPDX-License-Identifier: Apache-2.0
// oct_retire: what RVFI tells about an instruction, put together as it leaves EX. Only in test
// benches (parameter Rvfi of oct_core); oct_rvfi waits for late results and puts them in order.
module oct_retire
  import oct_core_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        id_fire_i,
  input  logic [31:0] id_instr_i,
  input  logic [31:0] id_raw_i,
  input  logic [31:0] rs1_i,
  input  logic [31:0] rs2_i,
  input  logic [31:0] rs3_i,

  input  logic        retire_i,
  input  logic        trap_i,
  input  logic        irq_i,
  input  logic [31:0] pc_i,
  input  logic [31:0] npc_i,
  input  logic        rd_we_i,
  input  logic        late_i,
  input  logic [4:0]  rd_i,
  input  logic [31:0] result_i,
  input  logic        ld_i,
  input  logic [4:0]  ld_rd_i,
  input  logic        mem_i,
  input  logic        mem_we_i,
  input  logic        posted_i,
  input  ctrl_t       ctrl_i,
  input  logic [31:0] addr_i,
  input  logic [31:0] wdata_i,
  output retire_t     retire_o
);
  logic [31:0] instr_q, raw_q, rs1_q, rs2_q, rs3_q;
  logic        intr_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) intr_q <= 1'b0;
    else if (trap_i || irq_i) intr_q <= 1'b1;
    else if (retire_i) intr_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (id_fire_i) begin
      instr_q <= id_instr_i;
      raw_q   <= id_raw_i;
      rs1_q   <= rs1_i;
      rs2_q   <= rs2_i;
      rs3_q   <= rs3_i;
    end
  end

  always_comb begin
    retire_o           = '0;
    retire_o.valid     = retire_i || trap_i;
    retire_o.trap      = trap_i;
    retire_o.intr      = intr_q;
    retire_o.insn      = raw_q;
    retire_o.pc        = pc_i;
    retire_o.npc       = npc_i;
    retire_o.rs1       = instr_q[19:15];
    retire_o.rs2       = instr_q[24:20];
    retire_o.rs3       = instr_q[11:7];
    retire_o.rs1_data  = rs1_q;
    retire_o.rs2_data  = rs2_q;
    retire_o.rs3_data  = rs3_q;
    retire_o.rd_we     = rd_we_i && !trap_i;
    retire_o.rd        = rd_i;
    retire_o.late      = late_i;
    retire_o.rd_data   = result_i;
    retire_o.ld_we     = ld_i && mem_i && !trap_i;
    retire_o.ld_rd     = ld_rd_i;
    retire_o.mem       = mem_i && !trap_i;
    retire_o.mem_amo   = ctrl_i.amo != oct_cluster_pkg::AmoNone;
    retire_o.mem_we    = mem_we_i;
    retire_o.posted    = posted_i;
    retire_o.mem_size  = ctrl_i.funct3[1:0];
    retire_o.mem_addr  = addr_i;
    retire_o.mem_wdata = wdata_i;
  end

  logic unused;
  assign unused = ^{ctrl_i, instr_q};
endmodule
