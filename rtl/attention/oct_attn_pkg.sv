// SPDX-License-Identifier: Apache-2.0
// oct_attn_pkg: what the blocks of the attention engine agree on: sizes, jobs, commands, beats, steps.
// Structure: docs/architecture/engine.md; arithmetic: docs/architecture/engine_arithmetic.md,
// bit-exact twin sw/golden/engine.hpp; C view of the descriptor: sw/runtime/include/oct_engine.h.
package oct_attn_pkg;
  import oct_config_pkg::*;

  // ---- Sizes -------------------------------------------------------------------------------
  // columns (GEMM) or queries (attention) at once
  localparam int unsigned Units     = EngineMacs / 64;
  localparam int unsigned Lanes     = 64;               // products of a unit: one X row
  localparam int unsigned RowWidth  = 8 * Lanes;
  // groups of eight L1 ports, one beat a cycle each
  localparam int unsigned Halves    = EnginePorts / 8;
  localparam int unsigned XRows     = 64;               // ring of X rows
  localparam int unsigned AccRows   = 128;              // accumulator rows, two regions
  localparam int unsigned RegionRows = AccRows / 2;
  localparam int unsigned MaxRows   = 32;               // rows of a GEMM block
  localparam int unsigned AccWidth  = 32;
  localparam int unsigned FracBits  = 14;               // F of the arithmetic page
  localparam int unsigned TileKeys  = 64;
  localparam int unsigned NumCtx    = 2;                // jobs under way
  localparam int unsigned MaskSlots = 4;                // mask queue: words waiting or on their way

  localparam int unsigned XIdxWidth   = $clog2(XRows);
  localparam int unsigned AccIdxWidth = $clog2(AccRows);
  localparam int unsigned UnitIdxWidth = $clog2(Units);

  // ---- Descriptor payload, words w4..w27 (docs/architecture/engine.md has the table) ---------
  localparam logic [1:0] ResNone = 2'd0;
  localparam logic [1:0] ResAdd  = 2'd1;
  localparam logic [1:0] ResMul  = 2'd2;

  // One job as all blocks see it while it is under way; constant from its start to its end.
  // Strides are signed byte distances, multiples of 8; addresses are byte offsets into L1.
  typedef struct packed {
    logic        attn;       // attention, else GEMM
    // GEMM
    logic        w_kn;       // W stored [K][N], else [N][K]
    logic        y_trans;    // C stored [N][M]
    logic        y16;
    logic        r16;
    logic [1:0]  res;        // Res*
    logic        plane_b;    // plane B in use
    logic        table_en;
    logic        relu;
    logic signed [15:0] lo;
    logic signed [15:0] hi;
    logic [31:0] tab_addr;
    // both
    logic [31:0] y_stride;
    logic [31:0] r_stride;
    // attention
    logic        causal;
    logic        first;
    logic        last;
    logic [31:0] offset;     // signed
    logic [15:0] window;     // 0: none
  } ctx_t;

  // ---- Commands: the planner walks a job once and tells every block what to do, slot by slot --
  // X loader: `rows` rows of the ring, in order. A row is 64 bytes from two pieces when split, else
  // from one; bytes beyond `bytes` of a piece become zero.
  typedef struct packed {
    logic                 ctx;
    logic [31:0]          addr;
    logic [31:0]          stride;   // between rows
    logic [31:0]          pstride;  // split: between the two pieces of a row
    logic [6:0]           rows;     // 1..128, as 0 (also in s_cmd_t and d_cmd_t)
    logic [6:0]           bytes;    // of a piece: 1..64, split 1..32
    logic                 split;    // words 0-3 and 4-7 are two pieces
    logic                 odd;      // split: the last row has only its first piece
    // Not 0: rows come in pairs, `stride` apart; the second is the `more` bytes behind the 64 of the
    // first.
    logic [6:0]           more;
    // Before the rows up to two single words go to the mask queue (DestMask), in this order and all
    // through half 0: the head's parameters {mo/so, mq/sq} and the key mask of the tile.
    logic                 par_en;
    logic [31:0]          par_addr;
    logic                 mask_en;
    logic [31:0]          mask_addr;
  } x_cmd_t;

  // W loader: fills bank `bank` of all units. Row mode: unit u takes `bytes` bytes at addr + u *
  // stride as its lanes; split: lanes 0-31 and 32-63 both take the same 32 bytes. Column mode (kn):
  // lane k of unit u takes byte u of row k at addr + k * stride. Row mode, dual: units 2i and 2i + 1
  // take the same bytes at addr + i * stride, or, with `more`, the second takes the `more` bytes behind
  // the 64 of the first. `claim`: nothing is loaded, the bank is only taken from the loader (the
  // softmax writes it) until its release.
  typedef struct packed {
    logic                   ctx;
    logic                   claim;
    logic [31:0]            addr;
    logic [31:0]            stride;
    logic                   bank;
    logic                   kn;
    logic                   split;
    logic                   dual;
    logic [6:0]             bytes;   // row mode: bytes a unit; column mode: rows
    logic [6:0]             more;
    logic [UnitIdxWidth:0]  count;   // units in use, 1..Units
  } w_cmd_t;

  typedef enum logic [1:0] {
    SlotGemm,  // acc[acc_base + i] (+)= X row i * W[bank]
    SlotQk,    // logits of the tile: key i (split: 2i, 2i+1) = X row i * W[0]
    SlotAv,    // acc[acc_base + i] = (acc >> D) + X row i * P (W[1], unsigned)
    // continuation, two of them between the group's first SlotQk with the SlotAv that may
    SlotLoad
               // follow it and what comes then: X row i goes to acc[acc_base + i] as it is (word u is
               // unit u's; acc_first); with tile_first the StateRows rows are the group's state words
               // {M[63:48], L[39:0]}, unit 0 first. Its first SlotAv then adds (no acc_first).
  } slot_e;

  // Array sequencer: one step a cycle, `rows` steps. A dual step takes two rows of the ring, the first
  // for the even units, the second for the odd ones; units 2i and 2i + 1 have the same query. SlotQk:
  // the two dots of a query are added, or, with split, are the logits of two keys. SlotAv: they are
  // two channels.
  typedef struct packed {
    logic                   ctx;
    slot_e                  kind;
    logic [6:0]             rows;
    logic                   bank;
    logic                   w_first;    // waits until the bank is loaded
    logic                   w_last;     // the bank is free after this slot
    logic                   x_keep;     // the rows stay for the next slot, else each is freed
    logic                   dual;
    logic                   odd;        // dual: the last step takes only one row
    // SlotAv: the group's last key stands alone behind the 64 of this tile and comes along: a step
    // takes a second row, whose first byte is V of that key. SlotQk: 65 keys say so.
    logic                   tail;
    logic [AccIdxWidth-1:0] acc_base;
    // overwrites instead of adding; waits until the region is free
    logic                   acc_first;
    logic                   acc_last;   // the region is complete after this slot
    // SlotQk
    logic                   split;
    logic [6:0]             keys;       // of this tile, 1..65
    logic [16:0]            key0;       // index of its first key
    logic [16:0]            q0;         // index of the query in unit 0
    logic                   tile_first; // first tile of the group: state starts anew
    logic                   tile_last;  // last tile of the group: the divider starts after its P
    logic                   par_en;     // first tile of a head: takes {mo/so, mq/sq} from the mask
                                        // queue; the sequencer keeps them for the slots that follow
    // takes the tile's mask word from the mask queue (after par_en's)
    logic                   mask_en;
  } s_cmd_t;

  // Drain: what becomes of one accumulator region. GEMM: groups g = 0.. of `rows` rows each, row i of
  // group g is output row m0 + i, columns Units*g... Attention: `rows` rows are dv, units queries;
  // dual: a row has channels 2i and 2i + 1 of a query in two units, the last one 2i alone if odd.
  typedef struct packed {
    logic                   ctx;
    logic                   region;
    logic                   dual;
    logic                   odd;
    logic [6:0]             rows;       // GEMM 1..32; attention 1..64
    logic [6:0]             groups;     // column groups, 1..64; attention 1
    // GEMM: columns of all groups; attention: queries of the group
    logic [15:0]            cols;
    logic [31:0]            y_addr;     // first byte of this block's output
    logic [31:0]            r_addr;
    logic [31:0]            a_addr;     // parameter planes, at the first column
    logic [31:0]            b_addr;
    logic [31:0]            c_addr;
    logic                   table_load; // first drain of a job with a table
    logic                   job_last;   // the job is done when the writes of this drain are
  } d_cmd_t;

  // ---- Beats: up to eight 64-bit words of one half of the ports ------------------------------
  // The eight words are 1, 2, 4 or 8 pieces of contiguous words: word i is at
  // addr + (i >> lw) * stride + 8 * (i & (2^lw - 1)). Words without mask are not accessed.
  // W beats: half h serves units h * Units/Halves and up in row mode (one unit a beat). In column mode
  // a beat is eight rows, one word each: word i is lane index + i of eight units, which are 8h and up
  // with sixteen units, else 0 and up. Every half ends every W command, claims too, with one beat
  // marked `last`, which may be empty (no mask). Mask beats: word 0, then word 1, as far as masked.
  typedef enum logic [2:0] {DestX, DestW, DestRes, DestPar, DestMask} dest_e;

  typedef struct packed {
    dest_e                  dest;
    logic [XIdxWidth-1:0]   index;   // X: ring row; W: unit (row mode) or first lane (column mode)
    logic                   bank;    // W
    logic                   kn;      // W: column mode
    logic                   split;   // X: two pieces
    logic                   half_sel;// W column mode with four units: which half of each word
    logic [6:0]             bytes;   // X: valid bytes of a piece
    logic                   last;    // W: last beat of its half for this command
    logic [1:0]             pad;     // zero: data in whole words of 32 bits simulate faster
  } tag_t;

  typedef struct packed {
    logic        valid;
    logic        ctx;
    logic [31:0] addr;
    logic [31:0] stride;
    logic [1:0]  lw;      // log2 words of a piece
    logic [7:0]  mask;
    tag_t        tag;
  } rbeat_t;              // read request of one half; taken with ready

  typedef struct packed {
    logic                valid;  // cannot be refused: the requester had room
    logic [7:0]          mask;
    tag_t                tag;
    logic [RowWidth-1:0] data;   // words without mask and words outside L1 are zero
  } rdata_t;

  typedef struct packed {
    logic                valid;
    logic                ctx;
    logic [31:0]         addr;
    logic [31:0]         stride;
    logic [1:0]          lw;
    logic [Lanes-1:0]    be;     // words without any byte are not accessed
    logic [RowWidth-1:0] data;
  } wbeat_t;

  // An access outside L1 that was not made: the byte offset of the first such word of a beat.
  typedef struct packed {
    logic        valid;
    logic        ctx;
    logic [31:0] addr;
  } l1_err_t;

  // ---- Drain to output -----------------------------------------------------------------------
  // Results of all units for one accumulator row, in the order of d_cmd_t: group by group, row by row.
  typedef struct packed {
    logic                   first;       // of the command
    logic                   group_last;  // last row of its group
    logic                   last;        // of the command
    logic [Units-1:0][15:0] y;           // INT8 in the low byte; units beyond the columns: anything
  } yvec_t;

  // A factor m * 2^-shift, as its word in memory.
  typedef struct packed {
    logic [1:0]         rsvd;
    logic [5:0]         shift;
    logic signed [23:0] m;
  } scale_t;

  // ---- Array to lanes ------------------------------------------------------------------------
  // One result of every unit; logits: both halves when split.
  localparam int unsigned DotWidth = 23;  // 64 products of 9 x 8 bit, signed
  localparam int unsigned HalfWidth = 22; // 32 products
  // Rows of X that hold the state words of a group (SlotLoad).
  localparam int unsigned StateRows = (Units > 8) ? 2 : 1;

  // In slots of 32 bits, which simulate faster; the padding is zero.
  typedef struct packed {
    logic [31:HalfWidth]         pad_hi;
    logic signed [HalfWidth-1:0] hi;  // lanes 32 to 63; of use when split
    logic [31:DotWidth]          pad_lo;
    logic signed [DotWidth-1:0]  lo;  // all lanes; split: lanes 0 to 31
  } dot_t;

  // One step on its way from the sequencer through array and accumulators.
  typedef struct packed {
    logic                   qk;        // a logit
    logic                   sum;       // into accumulator `row`
    logic                   load;      // X goes to accumulator `row` as it is
    logic                   state;     // X is state row `row`
    logic                   bank;
    logic                   weights;   // W is unsigned, the accumulator shifts by D first
    logic                   tail;      // then by the tail's D, and its product is added
    logic                   split;     // two keys
    logic                   dual;
    logic                   add;       // else overwrites
    logic [AccIdxWidth-1:0] row;
    logic [1:0]             full;      // regions complete with this step
  } step_t;

  localparam logic signed [15:0] KeyHidden = 16'sh8000;  // logit of a key that is not visible

  // What the softmax has to know about a tile, with the first step of its SlotQk.
  typedef struct packed {
    logic        ctx;
    logic        split;
    logic        dual;
    logic [6:0]  keys;
    logic [16:0] key0;
    logic [16:0] q0;
    logic        first;
    logic        last;
    logic        mask_en;
    logic [63:0] mask;
    scale_t      scale_o;
  } tile_t;

  // Ports of a unit that write one lane in eight rows (column mode).
  localparam int unsigned ColPorts = (Units <= 8) ? Halves : 1;

  // Why the array did not step, or that it did: one flag at most in a cycle.
  typedef struct packed {
    logic computing;
    logic wait_x;
    logic wait_w;
    logic wait_acc;   // the region is still drained
    logic wait_p;     // weights of the tile, or room for its logits
  } array_events_t;
endpackage
