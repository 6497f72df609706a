// SPDX-License-Identifier: Apache-2.0
// oct_csr: machine-mode control and status registers, trap entry and return, interrupt choice.
// Reads are combinational; existence and access rights were checked in ID (csr_exists).
// Test: tb/unit/core/oct_core_test.cpp, tb/lockstep.
module oct_csr
  import oct_riscv_pkg::*;
  import oct_core_pkg::*;
(
  input  logic                    clk_i,
  input  logic                    rst_ni,
  input  logic                    clear_i,
  input  logic [31:0]             hart_id_i,
  input  logic                    msip_i,
  input  logic                    mtip_i,

  // The csr instruction in EX.
  input  logic                    access_i,
  input  logic                    write_i,
  input  csr_op_e                 op_i,
  input  logic [11:0]             addr_i,
  input  logic [31:0]             wdata_i,
  output logic [31:0]             rdata_o,

  input  logic                    trap_i,
  input  logic                    trap_irq_i,
  input  logic [4:0]              trap_cause_i,   // exceptions only
  input  logic [31:0]             trap_pc_i,
  input  logic [31:0]             trap_val_i,
  input  logic                    mret_i,
  output logic [31:0]             vector_o,       // of the trap entered last
  output logic [31:0]             mepc_o,
  output logic                    irq_o,          // an enabled interrupt is to be taken
  output logic                    wake_o,         // WFI ends

  input  logic                    bus_err_i,
  input  logic [31:0]             bus_err_addr_i,

  input  logic                    retire_i,
  output logic                    counting_o,     // events_i matters
  input  logic [NumHpmEvents-1:0] events_i,
  input  logic [1:0][31:0]        loop_start_i,
  input  logic [1:0][31:0]        loop_end_i,
  input  logic [1:0][31:0]        loop_count_i
);
  logic        mie_q, mpie_q;                      // mstatus
  logic [3:0]  en_q;                               // mie: bus error, external, timer, software
  logic        msip_q, mtip_q, bus_err_q;
  logic [31:1] mepc_q;
  logic [31:2] mtvec_q;
  logic        vectored_q;
  logic [31:0] mscratch_q, mcause_q, mtval_q, bus_err_addr_q;
  logic [31:0] mie, mip, wvalue, counter_rdata;
  logic        write;

  always_comb begin
    mie              = '0;
    mie[IrqBusError] = en_q[3];
    mie[IrqExternal] = en_q[2];
    mie[IrqTimer]    = en_q[1];
    mie[IrqSoftware] = en_q[0];
    mip              = '0;
    mip[IrqBusError] = bus_err_q;
    mip[IrqTimer]    = mtip_q;
    mip[IrqSoftware] = msip_q;
  end

  assign wake_o   = (bus_err_q && en_q[3]) || (mtip_q && en_q[1]) || (msip_q && en_q[0]);
  assign irq_o    = wake_o && mie_q;
  assign mepc_o   = {mepc_q, 1'b0};
  assign vector_o = {mtvec_q, 2'b00}
                    + ((vectored_q && mcause_q[31]) ? {25'd0, mcause_q[4:0], 2'b00} : 32'd0);
  assign write    = access_i && write_i;

  oct_counters u_counters (
    .clk_i, .rst_ni, .clear_i, .retire_i, .counting_o, .events_i, .read_i(access_i), .addr_i,
    .write_i(write), .wdata_i(wvalue), .rdata_o(counter_rdata)
  );

  // ---- Read -----------------------------------------------------------------------------------------
  always_comb begin
    rdata_o = counter_rdata;
    if (access_i) begin
      // What is addressed, OR-ed: one gate level for all.
      if (addr_i == CsrMstatus) begin
        rdata_o = rdata_o | {19'd0, 2'b11, 3'd0, mpie_q, 3'd0, mie_q, 3'd0};
      end
      if (addr_i == CsrMisa)       rdata_o = rdata_o | Misa;
      if (addr_i == CsrMie)        rdata_o = rdata_o | mie;
      if (addr_i == CsrMtvec)      rdata_o = rdata_o | {mtvec_q, 1'b0, vectored_q};
      if (addr_i == CsrMscratch)   rdata_o = rdata_o | mscratch_q;
      if (addr_i == CsrMepc)       rdata_o = rdata_o | mepc_o;
      if (addr_i == CsrMcause)     rdata_o = rdata_o | mcause_q;
      if (addr_i == CsrMtval)      rdata_o = rdata_o | mtval_q;
      if (addr_i == CsrMip)        rdata_o = rdata_o | mip;
      if (addr_i == CsrBusErrAddr) rdata_o = rdata_o | bus_err_addr_q;
      if (addr_i == CsrMarchid)    rdata_o = rdata_o | Marchid;
      if (addr_i == CsrMhartid)    rdata_o = rdata_o | hart_id_i;
      for (int unsigned i = 0; i < 2; i++) begin
        if (addr_i[11:2] == {9'b1100_1100_0, 1'(i)}) begin
          if (addr_i[1:0] == 2'd0) rdata_o = rdata_o | loop_start_i[i];
          if (addr_i[1:0] == 2'd1) rdata_o = rdata_o | loop_end_i[i];
          if (addr_i[1])           rdata_o = rdata_o | loop_count_i[i];
        end
      end
    end
  end

  always_comb begin
    wvalue = wdata_i;
    if (op_i == CsrSet)   wvalue = rdata_o | wdata_i;
    if (op_i == CsrClear) wvalue = rdata_o & ~wdata_i;
  end

  // ---- Registers that decide whether something happens ------------------------------------------------
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {mie_q, mpie_q, en_q, msip_q, mtip_q, bus_err_q} <= '0;
    end else if (clear_i) begin
      {mie_q, mpie_q, en_q, msip_q, mtip_q, bus_err_q} <= '0;
    end else begin
      msip_q <= msip_i;
      mtip_q <= mtip_i;
      if (bus_err_i) bus_err_q <= 1'b1;
      else if (write && addr_i == CsrBusErrAddr) bus_err_q <= 1'b0;
      if (trap_i) begin
        mie_q  <= 1'b0;
        mpie_q <= mie_q;
      end else if (mret_i) begin
        mie_q  <= mpie_q;
        mpie_q <= 1'b1;
      end else if (write && addr_i == CsrMstatus) begin
        mie_q  <= wvalue[3];
        mpie_q <= wvalue[7];
      end else if (write && addr_i == CsrMie) begin
        en_q <= {wvalue[IrqBusError], wvalue[IrqExternal], wvalue[IrqTimer], wvalue[IrqSoftware]};
      end
    end
  end

  // ---- Registers whose start value Spike has as zero, too: reset with the rest. They mean nothing
  // until they are written, so a core held and released keeps them. ------------------------------------
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {mepc_q, mtvec_q, vectored_q, mscratch_q, mcause_q, mtval_q} <= '0;
    end else if (trap_i) begin
      mepc_q   <= trap_pc_i[31:1];
      mcause_q <= {27'd0, trap_cause_i};
      mtval_q  <= trap_val_i;
      if (trap_irq_i) begin
        mtval_q <= '0;
        mcause_q <= {1'b1, 26'd0, 5'(IrqTimer)};
        if (msip_q && en_q[0]) mcause_q[4:0] <= 5'(IrqSoftware);
        if (bus_err_q && en_q[3]) mcause_q[4:0] <= 5'(IrqBusError);
      end
    end else if (write) begin
      unique case (addr_i)
        CsrMtvec:    {mtvec_q, vectored_q} <= {wvalue[31:2], wvalue[0]};
        CsrMscratch: mscratch_q <= wvalue;
        CsrMepc:     mepc_q     <= wvalue[31:1];
        CsrMcause:   mcause_q   <= wvalue;
        CsrMtval:    mtval_q    <= wvalue;
        default: ;
      endcase
    end
  end

  // The first error is kept until software has seen it.
  always_ff @(posedge clk_i) begin
    if (bus_err_i && !bus_err_q) bus_err_addr_q <= bus_err_addr_i;
  end

  logic unused;
  assign unused = trap_pc_i[0];
endmodule
