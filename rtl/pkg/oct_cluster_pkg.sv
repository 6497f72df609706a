// SPDX-License-Identifier: Apache-2.0
// oct_cluster_pkg: what more than one block must agree on: derived sizes, the memory map, and the
// bus types. Sizes themselves come from the machine description (oct_config_pkg, generated).
// Described in docs/architecture/interfaces.md.
package oct_cluster_pkg;
  import oct_config_pkg::*;

  // ---- Derived sizes -----------------------------------------------------------------------
  localparam int unsigned LineBytes     = 64;                 // AXI beat = cache line = DMA line
  localparam int unsigned LineWidth     = 8 * LineBytes;
  localparam int unsigned LineLanes     = LineBytes / 8;      // 64-bit words in a line
  localparam int unsigned L1AddrWidth   = $clog2(L1Bytes);    // byte offset into L1
  localparam int unsigned L1WordWidth   = L1AddrWidth - 3;    // 64-bit word offset
  localparam int unsigned L1LineWidth   = L1AddrWidth - 6;    // line offset
  localparam int unsigned BankIdxWidth  = $clog2(NumBanks);
  localparam int unsigned BankAddrWidth = $clog2(BankWords);
  localparam int unsigned NumGroups     = NumBanks / LineLanes;  // banks that hold one line
  localparam int unsigned GroupIdxWidth = (NumGroups > 1) ? $clog2(NumGroups) : 1;
  localparam int unsigned CoreIdxWidth  = $clog2(NumCores);
  localparam int unsigned Controller    = NumWorkers;         // index of the controller core

  // ---- Bank hash ---------------------------------------------------------------------------
  // bank = w % NumBanks with its group digits XORed by every higher group-sized digit of the word
  // offset w, so that no power-of-two stride piles onto few banks while the eight words of an
  // aligned line still lie in eight banks of one group, lane i in bank 8*group + i.
  function automatic logic [GroupIdxWidth-1:0] l1_group(input logic [L1LineWidth-1:0] line);
    logic [GroupIdxWidth-1:0] g;
    g = '0;
    for (int unsigned i = 0; i < L1LineWidth; i += GroupIdxWidth) begin
      g = g ^ GroupIdxWidth'(line >> i);
    end
    return g;
  endfunction

  function automatic logic [BankIdxWidth-1:0] l1_bank(input logic [L1WordWidth-1:0] word);
    return {l1_group(word[L1WordWidth-1:3]), word[2:0]};
  endfunction

  // Row inside the bank: the word offset above the bank digits.
  function automatic logic [BankAddrWidth-1:0] l1_row(input logic [L1WordWidth-1:0] word);
    return BankAddrWidth'(word >> BankIdxWidth);
  endfunction

  // ---- Memory map --------------------------------------------------------------------------
  typedef enum logic [2:0] {
    RegionL1,    // TCDM; loads, stores, LR/SC and AMOs
    RegionReg,   // control and status registers, queues, semaphores: 64 KiB
    RegionEu,    // this core's view of the event unit: 4 KiB
    RegionL2,    // outside memory behind the AXI manager; the only region code runs from
    RegionNone   // unmapped: access fault
  } region_e;

  localparam int unsigned RegBytes = 32'h0001_0000;
  localparam int unsigned EuBytes  = 32'h0000_1000;

  function automatic region_e region_of(input logic [31:0] addr);
    if ((addr ^ L1Base) < L1Bytes) return RegionL1;      // bases are aligned to their sizes
    if ((addr ^ RegBase) < RegBytes) return RegionReg;
    if ((addr ^ EuBase) < EuBytes) return RegionEu;
    if ((addr ^ L2Base) < L2Bytes) return RegionL2;
    return RegionNone;
  endfunction

  // ---- Data bus: the only narrow bus of the cluster ----------------------------------------
  // A request is taken in a cycle with valid && ready. Every request taken, store or load, is
  // answered by exactly one cycle of rsp.valid, in order, at least one cycle later; an answer
  // cannot be refused. Held valid requests do not change. Accesses are aligned; data sits in its
  // byte lanes; rdata lanes outside be are undefined.
  typedef enum logic [3:0] {
    AmoNone, AmoLr, AmoSc, AmoSwap, AmoAdd, AmoXor, AmoAnd, AmoOr, AmoMin, AmoMax, AmoMinu, AmoMaxu
  } amo_e;

  typedef struct packed {
    logic        valid;
    logic [31:0] addr;
    logic        we;      // AMOs and SC set we; LR does not
    logic [3:0]  be;
    logic [31:0] wdata;
    amo_e        amo;
  } data_req_t;

  typedef struct packed {
    logic        ready;
    logic        valid;
    logic        err;     // bus error: nothing was read or written
    logic [31:0] rdata;
  } data_rsp_t;

  // Answers to a core's stores to L2, beside the others (oct_core_demux).
  typedef struct packed {
    logic        valid;
    logic        err;
  } store_ack_t;

  // ---- L1 ports ----------------------------------------------------------------------------
  // 64-bit port (engine). Taken with valid && ready; rdata of a read is valid in the next cycle.
  typedef struct packed {
    logic                   valid;
    logic                   we;
    logic [L1WordWidth-1:0] word;
    logic [7:0]             be;
    logic [63:0]            wdata;
  } l1_word_req_t;

  typedef struct packed {
    logic        ready;
    logic        valid;   // read data, one cycle after a read was taken
    logic [63:0] rdata;
  } l1_word_rsp_t;

  // 512-bit port (DMA), one aligned line. Lanes are granted one by one: ready[i] takes lane i, and
  // only lanes with mask[i] ask. rvalid[i] follows one cycle after a read lane was taken.
  typedef struct packed {
    logic [LineLanes-1:0]   mask;
    logic                   we;
    logic                   urgent;  // the stream falls behind: goes before words
    logic [L1LineWidth-1:0] line;
    logic [LineBytes-1:0]   be;
    logic [LineWidth-1:0]   wdata;
  } l1_line_req_t;

  typedef struct packed {
    logic [LineLanes-1:0] ready;
    logic [LineLanes-1:0] valid;
    logic [LineWidth-1:0] rdata;
  } l1_line_rsp_t;

  // ---- Instruction fetch: core buffer <-> shared cache -------------------------------------
  // The request is held until an answer with the same line is seen, or changed at any time.
  // Answers go to all cores at once; each takes those that match its request.
  typedef struct packed {
    logic        valid;
    logic [31:6] line;
  } fetch_req_t;

  typedef struct packed {
    logic                 valid;
    logic                 err;
    logic [31:6]          line;
    logic [LineWidth-1:0] data;
  } fetch_rsp_t;

  // ---- AXI4 (internal structs; bursts are INCR; flat pins at oct_top) ----------------------
  localparam int unsigned AxiIdWidth = 4;
  typedef enum logic [AxiIdWidth-1:0] {
    AxiIdIcache = 0,
    AxiIdCores  = 1,
    AxiIdQueue  = 2,
    AxiIdDma    = 3
  } axi_id_e;

  typedef enum logic [1:0] {AxiOkay = 0, AxiExOkay = 1, AxiSlvErr = 2, AxiDecErr = 3} axi_resp_e;

  typedef struct packed {
    logic [AxiIdWidth-1:0] id;
    logic [31:0]           addr;
    logic [7:0]            len;   // beats - 1
    logic [2:0]            size;  // log2(bytes)
  } axi_ax_t;

  typedef struct packed {
    logic [LineWidth-1:0] data;
    logic [LineBytes-1:0] strb;
    logic                 last;
  } axi_w_t;

  typedef struct packed {
    logic [AxiIdWidth-1:0] id;
    logic [1:0]            resp;
  } axi_b_t;

  typedef struct packed {
    logic [AxiIdWidth-1:0] id;
    logic [LineWidth-1:0]  data;
    logic [1:0]            resp;
    logic                  last;
  } axi_r_t;

  typedef struct packed {
    logic    ar_valid;
    axi_ax_t ar;
    logic    r_ready;
  } axi_rd_req_t;

  typedef struct packed {
    logic   ar_ready;
    logic   r_valid;
    axi_r_t r;
  } axi_rd_rsp_t;

  typedef struct packed {
    logic    aw_valid;
    axi_ax_t aw;
    logic    w_valid;
    axi_w_t  w;
    logic    b_ready;
  } axi_wr_req_t;

  typedef struct packed {
    logic   aw_ready;
    logic   w_ready;
    logic   b_valid;
    axi_b_t b;
  } axi_wr_rsp_t;

  // ---- What a core shows to the host -------------------------------------------------------
  typedef enum logic [2:0] {
    CoreHeld,       // held in reset by the host
    CoreRunning,
    CoreFetch,      // waits for an instruction
    CoreLoad,       // waits for L1 or register data
    CoreEvent,      // asleep in a blocking read of the event unit
    CoreWfi,        // asleep in WFI
    CoreFence       // waits for its outstanding accesses
  } core_state_e;

  typedef struct packed {
    core_state_e state;
    logic [31:0] pc;      // of the oldest instruction that has not left execute
    // of the oldest data access without an answer (valid in CoreLoad/CoreEvent)
    logic [31:0] addr;
  } core_status_t;

endpackage
