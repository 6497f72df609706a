// SPDX-License-Identifier: Apache-2.0
// oct_tcdm_pkg: sizes and types inside L1, and the arithmetic of its atomics.
// Described in docs/architecture/tcdm.md. Twin of amo_result: tb/unit/tcdm/tcdm_bench.hpp.
package oct_tcdm_pkg;
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;

  localparam int unsigned NumNarrow  = NumCores + 1;  // cores, then the host
  localparam int unsigned NumWord    = EnginePorts;
  localparam int unsigned NumLine    = 2;
  localparam int unsigned LineWr     = 0;             // DMA writes into L1
  localparam int unsigned LineRd     = 1;             // DMA reads from L1
  localparam int unsigned NumMasters = NumNarrow + NumWord + NumLine;  // in this order

  localparam int unsigned Patience   = 8;   // cycles between two looks at who still waits
  localparam int unsigned LinePatience = 2;  // refused so often in a row, a line goes before words

  typedef logic [NumBanks-1:0]     banks_t;  // a bit per bank
  typedef logic [BankIdxWidth-1:0] bank_idx_t;

  // From a narrow port's adapter to the crossbar. Reservations make it fall without a grant.
  typedef struct packed {
    logic                   valid;
    logic                   lock;   // first half of an AMO: keeps the bank for the two cycles after
    logic                   owner;  // second half: passes the lock, is always granted
    logic                   we;
    logic [L1WordWidth-1:0] word;
    logic                   hi;     // upper half of the word
    logic [3:0]             be;
    logic [31:0]            wdata;
  } narrow_req_t;

  // What happened in the cycle before; a lane of a line counts as one.
  typedef struct packed {
    logic [$clog2(NumNarrow+1)-1:0]         narrow_granted;
    logic [$clog2(NumNarrow+1)-1:0]         narrow_refused;
    logic [$clog2(NumWord+1)-1:0]           word_granted;
    logic [$clog2(NumWord+1)-1:0]           word_refused;
    logic [$clog2(NumLine*LineLanes+1)-1:0] line_granted;
    logic [$clog2(NumLine*LineLanes+1)-1:0] line_refused;
  } tcdm_events_t;

  // What an AMO writes.
  function automatic logic [31:0] amo_result(input amo_e op, input logic [31:0] old_value,
                                             input logic [31:0] operand);
    logic        is_unsigned, less, want_less;
    logic [32:0] a, b;
    is_unsigned = op == AmoMinu || op == AmoMaxu;
    want_less   = op == AmoMin || op == AmoMinu;
    a    = {!is_unsigned && old_value[31], old_value};
    b    = {!is_unsigned && operand[31], operand};
    less = $signed(a) < $signed(b);
    unique case (op)
      AmoAdd:                             return old_value + operand;
      AmoXor:                             return old_value ^ operand;
      AmoAnd:                             return old_value & operand;
      AmoOr:                              return old_value | operand;
      AmoMin, AmoMax, AmoMinu, AmoMaxu:   return (less == want_less) ? old_value : operand;
      default:                            return operand;
    endcase
  endfunction
endpackage
