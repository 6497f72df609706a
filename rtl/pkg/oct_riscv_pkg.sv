// SPDX-License-Identifier: Apache-2.0
// oct_riscv_pkg: numbers from the RISC-V unprivileged and privileged specifications, and which
// control and status registers exist in Octant's core.
package oct_riscv_pkg;

  // ---- Major opcodes (instr[6:0]) ------------------------------------------------------------
  localparam logic [6:0] OpcLoad    = 7'h03;
  localparam logic [6:0] OpcMiscMem = 7'h0f;
  localparam logic [6:0] OpcOpImm   = 7'h13;
  localparam logic [6:0] OpcAuipc   = 7'h17;
  localparam logic [6:0] OpcStore   = 7'h23;
  localparam logic [6:0] OpcAmo     = 7'h2f;
  localparam logic [6:0] OpcOp      = 7'h33;
  localparam logic [6:0] OpcLui     = 7'h37;
  localparam logic [6:0] OpcBranch  = 7'h63;
  localparam logic [6:0] OpcJalr    = 7'h67;
  localparam logic [6:0] OpcJal     = 7'h6f;
  localparam logic [6:0] OpcSystem  = 7'h73;

  // ---- Exceptions and interrupts ---------------------------------------------------------------
  localparam logic [4:0] CauseFetchAccess     = 5'd1;
  localparam logic [4:0] CauseIllegal         = 5'd2;
  localparam logic [4:0] CauseBreakpoint      = 5'd3;
  localparam logic [4:0] CauseLoadMisaligned  = 5'd4;
  localparam logic [4:0] CauseLoadAccess      = 5'd5;
  localparam logic [4:0] CauseStoreMisaligned = 5'd6;
  localparam logic [4:0] CauseStoreAccess     = 5'd7;
  localparam logic [4:0] CauseEcallM          = 5'd11;

  localparam int unsigned IrqSoftware = 3;
  localparam int unsigned IrqTimer    = 7;
  localparam int unsigned IrqExternal = 11;  // no source in Octant; mie holds its enable
  localparam int unsigned IrqBusError = 24;

  // ---- Control and status registers ------------------------------------------------------------
  localparam logic [11:0] CsrMstatus       = 12'h300;
  localparam logic [11:0] CsrMisa          = 12'h301;
  localparam logic [11:0] CsrMie           = 12'h304;
  localparam logic [11:0] CsrMtvec         = 12'h305;
  localparam logic [11:0] CsrMstatush      = 12'h310;
  localparam logic [11:0] CsrMcountinhibit = 12'h320;
  localparam logic [11:0] CsrMhpmevent3    = 12'h323;
  localparam logic [11:0] CsrMscratch      = 12'h340;
  localparam logic [11:0] CsrMepc          = 12'h341;
  localparam logic [11:0] CsrMcause        = 12'h342;
  localparam logic [11:0] CsrMtval         = 12'h343;
  localparam logic [11:0] CsrMip           = 12'h344;
  // Octant: address of a bus error; a write clears it
  localparam logic [11:0] CsrBusErrAddr    = 12'h7c1;
  localparam logic [11:0] CsrMcycle        = 12'hb00;
  localparam logic [11:0] CsrMinstret      = 12'hb02;
  localparam logic [11:0] CsrMhpmcounter3  = 12'hb03;
  localparam logic [11:0] CsrMcycleh       = 12'hb80;
  localparam logic [11:0] CsrMinstreth     = 12'hb82;
  localparam logic [11:0] CsrMvendorid     = 12'hf11;
  localparam logic [11:0] CsrMarchid       = 12'hf12;
  localparam logic [11:0] CsrMimpid        = 12'hf13;
  localparam logic [11:0] CsrMhartid       = 12'hf14;
  localparam logic [11:0] CsrMconfigptr    = 12'hf15;

  // MXL = 32 bit; A, C, I, M.
  localparam logic [31:0] Misa = 32'h4000_1105;
  localparam logic [31:0] Marchid = 32'd0;

  // What csr instructions do to the register (funct3[1:0]).
  typedef enum logic [1:0] {CsrRead, CsrWrite, CsrSet, CsrClear} csr_op_e;

endpackage
