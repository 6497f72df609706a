// SPDX-License-Identifier: Apache-2.0
// oct_dma_pkg: types shared by the parts of oct_dma. Described in docs/architecture/dma.md.
package oct_dma_pkg;
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;

  // ---- Jobs on chip, per direction ---------------------------------------------------------
  localparam int unsigned JobSlots = 4;
  localparam int unsigned TagWidth = $clog2(JobSlots);
  typedef logic [TagWidth-1:0] tag_t;
  typedef logic [TagWidth:0]   ptr_t;  // one bit more than a tag, so that full and empty differ

  // A checked job: counts and lengths minus one, everything on the L1 side modulo L1Bytes.
  typedef struct packed {
    logic                   null_;    // moves nothing: bad (cause set) or a no-operation
    logic                   fill;     // l2_addr is the fill word
    logic [3:0]             cause;
    logic [31:0]            l2_addr;  // offset included; null_: the error's address
    logic [31:0]            l2_stride1, l2_stride2;
    logic [L1AddrWidth-1:0] l1_addr, l1_stride1, l1_stride2;
    logic [L1AddrWidth-1:0] row_last;
    logic [15:0]            last1, last2;
  } xfer_t;

  // ---- Bursts ------------------------------------------------------------------------------
  // Bursts end at aligned multiples of BurstBeats, so they can never cross 4 KiB.
  localparam int unsigned BurstBeats = DmaBurstBeats;  // a power of two
  localparam logic [5:0]  BurstMask  = 6'(BurstBeats - 1);
  // Short bursts count by their beats: a gather of single lines still covers the memory's latency.
  localparam int unsigned MaxBeats   = DmaOutstanding * BurstBeats;
  localparam int unsigned BeatsWidth = $clog2(MaxBeats + BurstBeats + 1);
  typedef logic [BeatsWidth-1:0] beats_t;

  typedef struct packed {
    logic        null_;  // no burst; only says that its job ends here
    logic        last;   // last of its job
    logic [25:0] line;   // L2 address / 64
    logic [5:0]  len;    // beats - 1
  } burst_t;

  // ---- Steps: what is done with one source line ------------------------------------------------
  // The line is rotated up by `rot` bytes; the bytes of lo_mask go to the destination line `line`,
  // those of hi_mask to the line behind it.
  localparam int unsigned RemWidth = L1LineWidth + 1;
  typedef struct packed {
    logic                   null_;
    logic                   fill;
    logic                   last;      // last of its job
    logic                   row_end;   // no later step of this row: the hi part is complete
    logic                   lo, hi;    // the masks are not empty
    logic [5:0]             rot;
    logic [LineBytes-1:0]   lo_mask, hi_mask;
    logic [L1LineWidth-1:0] line;
    logic [25:0]            src;       // L2 address / 64 of the source line, for errors
  } step_t;

  // Bits below `n` set.
  function automatic logic [LineBytes-1:0] below(input logic [6:0] n);
    logic [LineBytes-1:0] mask;
`ifdef SYNTHESIS
    for (int unsigned i = 0; i < LineBytes; i++) mask[i] = 7'(i) < n;
`else
    mask = ~({LineBytes{1'b1}} << n);  // the same, in one step
`endif
    return mask;
  endfunction

  // Byte i moves to (i + by) mod 64.
  function automatic logic [LineWidth-1:0] rotate_up(input logic [LineWidth-1:0] data,
                                                     input logic [5:0] by);
    logic [LineWidth-1:0] d;
    d = data;
    if (by[5]) d = {d[LineWidth/2-1:0], d[LineWidth-1:LineWidth/2]};
    if (by[4]) d = {d[LineWidth-1-128:0], d[LineWidth-1-:128]};
    if (by[3]) d = {d[LineWidth-1-64:0], d[LineWidth-1-:64]};
    if (by[2]) d = {d[LineWidth-1-32:0], d[LineWidth-1-:32]};
    if (by[1]) d = {d[LineWidth-1-16:0], d[LineWidth-1-:16]};
    if (by[0]) d = {d[LineWidth-1-8:0], d[LineWidth-1-:8]};
    return d;
  endfunction

  // ---- What the performance counters count: one bit per event and cycle -------------------------
  typedef struct packed {
    logic in_busy;       // DMA-in has a job
    logic in_beat;       // L2 read beat taken
    logic in_line;       // L1 line written
    logic in_wait_l2;    // waits for read data
    logic in_wait_l1;    // read data wait for L1
    logic in_refused;    // L1 refused a lane
    logic out_busy;
    logic out_beat;      // L2 write beat taken
    logic out_line;      // L1 line read
    logic out_wait_l2;   // write data wait for L2
    logic out_wait_l1;   // waits for L1 data
    logic out_refused;   // L1 refused a lane
  } dma_events_t;
endpackage
