// SPDX-License-Identifier: Apache-2.0
// oct_attn_load_w: fills the W banks of all units. Each half has a channel that begins a command at once
// if it is idle, else without a gap behind the one before, as soon as the bank is free. Row mode: a
// beat is what one unit takes, and no half gets ahead of the other; column mode: a beat is one word of
// eight rows of W. Only words that somebody needs are fetched. Each channel ends each command, claims
// too, with a beat marked "last", which has no words where there is nothing to do. Test: tb/unit/attention_memory/oct_attn_load_test.cpp.
`include "oct_assert.svh"

module oct_attn_load_w
  import oct_attn_pkg::*;
(
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                clear_i,      // forgets commands; both banks are free
  output logic                idle_o,       // no command here (beats may still be in the ports)

  input  logic                cmd_valid_i,
  output logic                cmd_ready_o,
  input  w_cmd_t              cmd_i,

  input  logic [1:0]          free_i,       // the bank may be loaded again, from this cycle on

  output rbeat_t [Halves-1:0] beat_o,       // flip-flops and a few gates; withdrawn only by clear_i
  input  logic   [Halves-1:0] ready_i
);
  localparam int unsigned HalfUnits = Units / Halves;
  localparam int unsigned HalfLog   = $clog2(HalfUnits);
  // Column mode: with sixteen units each half takes its own word of every row, with eight units the
  // halves take turns at eight rows each.
  localparam bit          Turns   = Halves > 1 && Units == 8;
  localparam int unsigned ColStep = Turns ? 16 : 8;  // rows from beat to beat of a channel
  localparam int unsigned ColLog  = $clog2(ColStep);

  // What one channel does for a command. An item is a unit (row mode) or a row of W (column mode).
  typedef struct packed {
    logic                 ctx;
    logic                 bank;
    logic                 kn;
    logic                 split;
    logic                 dual;    // items 2i and 2i + 1 from one place ...
    logic                 pairs;   // ... or the second from 64 bytes behind it
    logic [7:0]           mask2;   // words of the second
    logic [31:0]          addr;    // of its next beat
    logic [31:0]          step;    // between its beats
    logic [31:0]          stride;  // inside a beat
    logic [7:0]           mask;    // words of a full beat
    logic [6:0]           items;   // left
    logic [XIdxWidth-1:0] index;   // next item
  } part_t;

  // ---- A command becomes a part for each channel --------------------------------------------------
  logic               take;
  logic  [Halves-1:0] pend_valid_q;
  part_t [Halves-1:0] pend_d, pend_q;
  logic  [6:0]        used;
  logic               dual;

  assign used        = 7'(cmd_i.count);
  assign dual        = cmd_i.dual && !cmd_i.kn;
  assign cmd_ready_o = pend_valid_q == '0 && !clear_i;
  assign take        = cmd_valid_i && cmd_ready_o;

  always_comb begin
    pend_d = '0;
    if (take) begin
      for (int unsigned h = 0; h < Halves; h++) begin
        pend_d[h].ctx    = cmd_i.ctx;
        pend_d[h].bank   = cmd_i.bank;
        pend_d[h].kn     = cmd_i.kn;
        pend_d[h].split  = cmd_i.split && !cmd_i.kn;
        pend_d[h].stride = cmd_i.kn ? cmd_i.stride : '0;
        pend_d[h].step   = cmd_i.kn ? cmd_i.stride << ColLog : cmd_i.stride;
        pend_d[h].addr   = cmd_i.addr;
        pend_d[h].dual   = dual;
        pend_d[h].pairs  = dual && cmd_i.more != '0;
        if (!cmd_i.kn) begin
          pend_d[h].items = (used <= 7'(h * HalfUnits)) ? '0 : used - 7'(h * HalfUnits);
          if (pend_d[h].items > 7'(HalfUnits)) pend_d[h].items = 7'(HalfUnits);
          pend_d[h].index = XIdxWidth'(h * HalfUnits);
          if (h != 0) pend_d[h].addr = cmd_i.addr + (dual ? cmd_i.stride << (HalfLog - 1)
                                                            : cmd_i.stride << HalfLog);
        end else if (Turns) begin
          pend_d[h].items = (cmd_i.bytes <= 7'(8 * h)) ? '0 : cmd_i.bytes - 7'(8 * h);
          pend_d[h].index = XIdxWidth'(8 * h);
          if (h != 0) pend_d[h].addr = cmd_i.addr + (cmd_i.stride << 3);
        end else begin
          pend_d[h].items = (used <= 7'(8 * h)) ? '0 : cmd_i.bytes;
          if (h != 0) pend_d[h].addr = cmd_i.addr + 32'd8;
        end
        if (cmd_i.claim) pend_d[h].items = '0;
        for (int unsigned i = 0; i < 8; i++) begin
          pend_d[h].mask[i] = cmd_i.kn || 7'(cmd_i.split ? 8 * (i % 4) : 8 * i) < cmd_i.bytes;
          pend_d[h].mask2[i] = 7'(8 * i) < cmd_i.more;
        end
      end
    end
  end

  // ---- Channels --------------------------------------------------------------------------------------
  logic  [Halves-1:0][1:0] free_q;         // banks that the channel may load
  logic  [Halves-1:0]      cur_valid_q, go, last, done, load, second;
  part_t [Halves-1:0]      cur_q;

  // Halves that walk in step seldom meet in a bank, never if the stride is a power of two: a half that
  // has got ahead waits for the other.
  logic [Halves-1:0] ahead;

  always_comb begin
    ahead = '0;
    if (Halves > 1) begin
      for (int unsigned h = 0; h < Halves; h++) begin
        if (cur_valid_q[Halves-1-h] && !pend_valid_q[h] && !cur_q[h].kn) begin
          ahead[h] = pend_valid_q[Halves-1-h] ||
              cur_q[h].index[HalfLog-1:0] > cur_q[Halves-1-h].index[HalfLog-1:0];
        end
      end
    end
  end

  always_comb begin
    for (int unsigned h = 0; h < Halves; h++) begin
      last[h]   = cur_q[h].items <= (cur_q[h].kn ? 7'(ColStep) : 7'd1);
      second[h] = cur_q[h].pairs && cur_q[h].index[0];
      beat_o[h] = '0;
      beat_o[h].valid  = cur_valid_q[h] && !ahead[h] &&
                         (free_q[h][cur_q[h].bank] || free_i[cur_q[h].bank]);
      beat_o[h].ctx    = cur_q[h].ctx;
      beat_o[h].addr   = cur_q[h].addr;
      beat_o[h].stride = cur_q[h].stride;
      beat_o[h].lw     = cur_q[h].split ? 2'd2 : cur_q[h].kn ? 2'd0 : 2'd3;
      for (int unsigned i = 0; i < 8; i++) begin
        beat_o[h].mask[i] = (second[h] ? cur_q[h].mask2[i] : cur_q[h].mask[i]) &&
                            7'(i) < (cur_q[h].kn ? cur_q[h].items : 7'd8);
      end
      if (cur_q[h].items == '0) beat_o[h].mask = '0;
      beat_o[h].tag.dest     = DestW;
      beat_o[h].tag.index    = cur_q[h].index;
      beat_o[h].tag.bank     = cur_q[h].bank;
      beat_o[h].tag.kn       = cur_q[h].kn;
      beat_o[h].tag.split    = cur_q[h].split;
      beat_o[h].tag.half_sel = Units == 4 && cur_q[h].kn && cur_q[h].addr[2];
      beat_o[h].tag.last     = last[h];
    end
  end

  always_comb begin
    for (int unsigned h = 0; h < Halves; h++) begin
      go[h]   = beat_o[h].valid && ready_i[h];
      done[h] = go[h] && last[h];
      load[h] = cur_valid_q[h] ? pend_valid_q[h] && done[h] : pend_valid_q[h] || take;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pend_valid_q <= '0;
      cur_valid_q  <= '0;
      free_q       <= '1;
    end else if (clear_i) begin
      pend_valid_q <= '0;
      cur_valid_q  <= '0;
      free_q       <= '1;
    end else if (cmd_valid_i || !idle_o || free_i != '0) begin
      for (int unsigned h = 0; h < Halves; h++) begin
        pend_valid_q[h] <= (pend_valid_q[h] && !load[h]) || (take && cur_valid_q[h]);
        cur_valid_q[h]  <= load[h] || (cur_valid_q[h] && !done[h]);
        for (int unsigned b = 0; b < 2; b++) begin
          if (done[h] && cur_q[h].bank == 1'(b)) free_q[h][b] <= 1'b0;
          else if (free_i[b]) free_q[h][b] <= 1'b1;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned h = 0; h < Halves; h++) begin
      if (take) pend_q[h] <= pend_d[h];
      if (load[h]) cur_q[h] <= pend_valid_q[h] ? pend_q[h] : pend_d[h];
      else if (go[h]) begin
        if (cur_q[h].dual && !cur_q[h].index[0]) begin
          cur_q[h].addr <= cur_q[h].addr + (cur_q[h].pairs ? 32'd64 : 32'd0);
        end else begin
          cur_q[h].addr <= cur_q[h].addr + cur_q[h].step - (second[h] ? 32'd64 : 32'd0);
        end
        cur_q[h].index <= cur_q[h].index + (cur_q[h].kn ? XIdxWidth'(ColStep) : XIdxWidth'(1));
        cur_q[h].items <= cur_q[h].items - (cur_q[h].kn ? 7'(ColStep) : 7'd1);
      end
    end
  end

  assign idle_o = pend_valid_q == '0 && cur_valid_q == '0;

  `OCT_ASSERT(FreeTaken_A, (free_i & (free_q[0] | free_q[Halves-1])) == '0 || clear_i)
  for (genvar h = 0; h < Halves; h++) begin : gen_check
    `OCT_ASSERT(BeatHeld_A, beat_o[h].valid && !ready_i[h] && !clear_i |=> $stable(beat_o[h]))
  end
endmodule
