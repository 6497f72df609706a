// SPDX-License-Identifier: Apache-2.0
// oct_job_pkg: descriptors in the work queues and the interface between a queue and its unit.
// Described in docs/architecture/queues.md; C view in sw/runtime/include/oct_queue.h.
package oct_job_pkg;
  import oct_config_pkg::*;

  // ---- Queues ------------------------------------------------------------------------------
  localparam int unsigned NumQueues = 5;
  localparam int unsigned NumTeams  = 2;
  typedef enum logic [2:0] {
    QueueEngine = 0,
    QueueDmaIn  = 1,
    QueueDmaOut = 2,
    QueueTeam0  = 3,
    QueueTeam1  = 4
  } queue_e;

  // ---- Descriptor: one 64-byte unit (engine: two), little-endian 32-bit words ---------------
  // w0  op[7:0] flags[15:8] tag[31:16]     flags[0]: the descriptor has two units
  // w1  wait 0: value[15:0] sem[21:16] enable[31]
  // w2  wait 1
  // w3  signals: two halves of add[7:0] sem[13:8] enable[15]
  // w4.. payload
  // the last four words: parameter modifiers, scale[15:0] word[20:16] preg[24:21] enable[31]:
  //     word[word] += preg[preg] * signed(scale), modulo 2^32, before the job is started
  typedef struct packed {
    logic        enable;
    logic [8:0]  rsvd;
    logic [5:0]  sem;
    logic [15:0] value;
  } wait_t;

  typedef struct packed {
    logic       enable;
    logic       rsvd;
    logic [5:0] sem;
    logic [7:0] add;
  } signal_t;

  typedef struct packed {
    logic        enable;
    logic [5:0]  rsvd;
    logic [3:0]  preg;
    logic [4:0]  word;
    logic [15:0] scale;
  } modifier_t;

  localparam logic [7:0] OpNop     = 8'h00;  // waits, then signals; valid in every queue
  localparam logic [7:0] OpDmaCopy = 8'h10;
  localparam logic [7:0] OpDmaFill = 8'h11;  // DMA-in only: L1 filled with the word w4
  localparam logic [7:0] OpTeamRun = 8'h20;
  localparam logic [7:0] OpGemm    = 8'h30;
  localparam logic [7:0] OpAttn    = 8'h31;

  // ---- Jobs as the units see them: waits satisfied, modifiers applied ------------------------
  // job_valid && job_ready hands a job over; jobs of one unit end in order, each with one cycle of
  // done.valid. Several may be in flight.
  typedef struct packed {
    logic [7:0]  op;
    logic [15:0] tag;
    logic [31:0] l2_addr;                 // w4; OpDmaFill: the fill word
    logic [31:0] l1_addr;                 // w5; byte offset into L1
    logic [31:0] row_bytes;               // w6; bytes of a row, >= 1
    logic [15:0] count1;                  // w7[15:0]; rows, >= 1
    logic [15:0] count2;                  // w7[31:16]; planes, >= 1
    logic [31:0] l2_stride1, l2_stride2;  // w8, w9; signed bytes between rows, between planes
    logic [31:0] l1_stride1, l1_stride2;  // w10, w11
  } dma_job_t;

  typedef struct packed {
    logic [15:0]           tag;
    logic [31:0]           func;  // w4
    logic [31:0]           arg;   // w5
    logic [NumWorkers-1:0] mask;  // w6; >= 1 worker, none above NumWorkers
  } team_job_t;

  typedef struct packed {
    logic [7:0]       op;
    logic [15:0]      tag;
    logic [27:0][31:0] words;     // w4..w31
  } engine_job_t;

  // ---- How a job ends ----------------------------------------------------------------------
  typedef enum logic [7:0] {
    CauseNone        = 8'h00,
    CauseBadOp       = 8'h01,  // op unknown to this queue
    CauseBadField    = 8'h02,  // address holds the index of the descriptor word
    CauseL1Range     = 8'h03,  // address holds the first L1 offset outside
    CauseAxiSlvErr   = 8'h04,  // address holds the L2 address
    CauseAxiDecErr   = 8'h05,
    CauseAxiTimeout  = 8'h06,
    CauseFetch       = 8'h07,  // descriptor could not be read; address holds its L2 address
    CausePoisoned    = 8'h08,  // skipped, waited on a poisoned semaphore
    CauseKernel      = 8'h09,  // a worker reported failure; address holds its code
    CauseAborted     = 8'h0a
  } cause_e;

  typedef struct packed {
    logic        valid;
    cause_e      cause;  // CauseNone: success
    logic [31:0] addr;
  } job_done_t;

endpackage
