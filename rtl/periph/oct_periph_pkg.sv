// SPDX-License-Identifier: Apache-2.0
// oct_periph_pkg: types shared by the parts of the queues, the registers and the event unit.
// Described in docs/architecture/queues.md and control.md.
package oct_periph_pkg;
  import oct_job_pkg::*;

  // ---- Register port of a sub-block ----------------------------------------------------------
  // valid is a one-cycle pulse, whole words only; ack answers it, one or more cycles later, and the
  // next pulse comes no earlier than the cycle after.
  typedef struct packed {
    logic        valid;
    logic        we;
    logic [11:0] addr;
    logic [31:0] wdata;
  } reg_req_t;

  typedef struct packed {
    logic        ack;
    logic        err;    // no such register, or not now
    logic [31:0] rdata;
  } reg_rsp_t;

  // ---- Errors --------------------------------------------------------------------------------
  localparam logic [2:0] SourceOther = 3'd7;  // not a queue: AXI time-out of core or cache

  typedef struct packed {
    logic        valid;
    logic [2:0]  qid;    // queue_e or SourceOther
    logic [15:0] tag;
    cause_e      cause;
    logic [31:0] addr;
  } error_t;

  // CauseBadField of a ring register rather than a descriptor: its offset in the queue's block.
  localparam logic [31:0] RingField = 32'h8000_0000;

  // ---- Semaphores ----------------------------------------------------------------------------
  typedef enum logic [1:0] {
    SemAdd,        // data 0: a read
    SemSet,
    SemPoison,     // value untouched
    SemPoisonAll
  } sem_op_e;

  typedef struct packed {
    logic        valid;
    sem_op_e     op;
    logic [5:0]  sem;
    logic [15:0] data;
  } sem_req_t;

  // Every access to a semaphore is told to all waiters.
  typedef struct packed {
    logic        valid;
    logic        all;      // every semaphore was poisoned
    logic [5:0]  sem;
    logic [15:0] value;
    logic        poison;
  } sem_news_t;

  // ---- Heads of the queues -------------------------------------------------------------------
  localparam int unsigned InFlight = 4;  // jobs of one queue in their unit

  // From the loader to the head registers, two descriptor words at a time.
  typedef struct packed {
    logic [NumQueues-1:0] sel;     // one-hot
    logic                 write;   // data belongs to `pair`
    logic [3:0]           pair;
    logic [63:0]          data;
    logic                 finish;  // the descriptor is complete
    logic                 bad;     // with finish: malformed, never to be started
    logic                 two;     // with finish: it has two units
  } load_t;

  // What a queue shows in its STATUS, TAG and WANT registers.
  typedef struct packed {
    logic        valid;     // a descriptor is at the head
    logic        waiting;   // it waits for `sem`
    logic        offered;   // it is offered to its unit
    logic        poisoned;
    logic [7:0]  op;
    logic [15:0] tag;
    logic        which;     // wait 0 or 1
    logic [5:0]  sem;
    logic [15:0] wanted;
    logic [15:0] found;
    logic [2:0]  in_flight;
  } head_status_t;

  localparam int unsigned NumCounters = 16;

  // ---- Events --------------------------------------------------------------------------------
  localparam int unsigned NumEvents  = 19;
  localparam int unsigned EvSoft     = 0;   // 0..7
  localparam int unsigned EvQueue    = 8;   // 8..12
  localparam int unsigned EvError    = 16;
  localparam int unsigned EvDoorbell = 17;
  localparam int unsigned EvTimer    = 18;
endpackage
