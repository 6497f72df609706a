// SPDX-License-Identifier: Apache-2.0
// oct_core_pkg: types inside the RISC-V core. Described in docs/architecture/core.md.
package oct_core_pkg;

  // data accesses without an answer, requests queued included
  localparam int unsigned MaxOutstanding = 8;
  localparam int unsigned MaxRemote         = 4;  // of these, not to L1
  localparam int unsigned NumHpm         = 4;  // mhpmcounter3 .. 6; the others read zero
  localparam int unsigned HpmWidth       = 32;

  // ---- Decoded instruction ---------------------------------------------------------------------
  typedef enum logic [3:0] {
    AluAdd, AluSub, AluSll, AluSrl, AluSra, AluSlt, AluSltu, AluXor, AluOr, AluAnd
  } alu_op_e;

  typedef enum logic [1:0] {SelARs1, SelAPc, SelAZero, SelAZimm} sel_a_e;
  typedef enum logic [1:0] {SelBRs2, SelBRs3, SelBImm, SelBIlen} sel_b_e;
  typedef enum logic [1:0] {SelCRs2, SelCRs3, SelCRs1, SelCImm} sel_c_e;

  // Where the value of write port A comes from.
  typedef enum logic [2:0] {ResAlu, ResLink, ResCsr, ResDiv, ResMl, ResMul} res_e;

  // Instructions that do something of their own in EX.
  typedef enum logic [3:0] {
    UnitNone, UnitBranch, UnitJal, UnitJalr, UnitLoad, UnitStore, UnitDiv, UnitCsr,
    UnitFence, UnitFenceI, UnitWfi, UnitMret, UnitHwloop, UnitTrap
  } unit_e;

  typedef struct packed {
    unit_e                 unit;
    res_e                  res;
    alu_op_e               alu_op;
    // branch condition, access size, division, loop set-up: as encoded
    logic [2:0]            funct3;
    logic                  rd_we;      // write port A
    logic                  postinc;    // load/store at rs1 itself; rs1 := rs1 + operand b by port A
    oct_cluster_pkg::amo_e amo;
    logic [3:0]            cause;      // UnitTrap
    oct_riscv_pkg::csr_op_e csr_op;
    logic                  csr_we;
  } ctrl_t;

  localparam int unsigned MlOpWidth = $bits(oct_ml_pkg::ml_mul_op_t);  // the wider of two

  // What the ML extension adds on its way to EX.
  typedef struct packed {
    logic loop;
    logic we_start;
    logic we_end;
    logic we_count;
    logic start_next;
    logic addr_reg;
    // the end is so far away that no younger instruction in the pipeline reaches it
    logic quiet;
  } hwloop_ctrl_t;

  // ---- Core <-> instruction buffer -------------------------------------------------------------
  // Two bytes at a time: the low half-word at pc, the high one at pc + 2 (perhaps in the next line).
  // The data come beside this.
  typedef struct packed {
    logic        lo_valid;
    logic        lo_err;
    logic        hi_valid;
    logic        hi_err;
  } l0_rsp_t;

  // ---- Hardware performance monitor --------------------------------------------------------------
  // mhpmevent value = position; 0 counts nothing.
  typedef enum logic [3:0] {
    HpmNone, HpmLoadStall, HpmBusStall, HpmFetchStall, HpmTaken, HpmAsleep, HpmMulStall,
    HpmLoad, HpmStore, HpmMispredict, HpmLsuFull, HpmDiv
  } hpm_event_e;
  localparam int unsigned NumHpmEvents = 12;

  // ---- RVFI: an instruction as it leaves EX -------------------------------------------------------
  typedef struct packed {
    logic        valid;
    logic        trap;
    logic        intr;                 // first instruction of a trap handler
    logic [31:0] insn;
    logic [31:0] pc;
    logic [31:0] npc;
    logic [4:0]  rs1, rs2, rs3;
    logic [31:0] rs1_data, rs2_data, rs3_data;
    logic        rd_we;                // write port A
    logic [4:0]  rd;
    logic        late;                 // its value comes one stage later than rd_data
    logic [31:0] rd_data;
    logic        ld_we;                // loads: write port B
    logic [4:0]  ld_rd;
    logic        mem;
    logic        mem_amo;
    logic        mem_we;
    logic        posted;               // no answer is waited for
    logic [1:0]  mem_size;
    logic [31:0] mem_addr;
    logic [31:0] mem_wdata;
  } retire_t;

  // ---- RVFI: one record per instruction, in program order. Masks and data of memory accesses are
  // relative to mem_addr: the datum is in the low bits. rd2: base register of a post-increment.
  typedef struct packed {
    logic        valid;
    logic [63:0] order;
    logic [31:0] insn;
    logic        trap;
    logic        halt;
    logic        intr;
    logic [1:0]  mode;
    logic [1:0]  ixl;
    logic [4:0]  rs1_addr, rs2_addr, rs3_addr;
    logic [31:0] rs1_rdata, rs2_rdata, rs3_rdata;
    logic [4:0]  rd_addr;
    logic [31:0] rd_wdata;
    logic [4:0]  rd2_addr;
    logic [31:0] rd2_wdata;
    logic [31:0] pc_rdata, pc_wdata;
    logic [31:0] mem_addr;
    logic [3:0]  mem_rmask, mem_wmask;
    logic [31:0] mem_rdata, mem_wdata;
    logic        mem_amo;
  } rvfi_t;

endpackage
