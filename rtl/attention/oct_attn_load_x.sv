// SPDX-License-Identifier: Apache-2.0
// oct_attn_load_x: fetches the rows of X commands into the ring, one beat a row. Even ring rows come
// through half 0, odd ones through half 1, each channel at its own pace; a row is asked for only when
// its place in the ring is free. Parameter and mask words of a command go before its rows, through
// half 0. Two rows a cycle. Test: tb/unit/attention_memory/oct_attn_load_test.cpp.
`include "oct_assert.svh"

module oct_attn_load_x
  import oct_attn_pkg::*;
(
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                clear_i,      // forgets commands; the ring is empty, next row 0
  output logic                idle_o,       // no command here (rows may still be in the ports)

  input  logic                cmd_valid_i,
  output logic                cmd_ready_o,
  input  x_cmd_t              cmd_i,

  input  logic [1:0]          free_i,       // rows of the ring given back, oldest first: 0..2
  input  logic [1:0]          mask_free_i,  // words that leave the mask queue in this cycle: 0..2

  output rbeat_t [Halves-1:0] beat_o,       // flip-flops and one gate; withdrawn only by clear_i
  input  logic   [Halves-1:0] ready_i
);
  localparam int unsigned HalfRows    = XRows / Halves;
  localparam int unsigned CreditWidth = $clog2(HalfRows + 1);
  localparam int unsigned MaskWidth   = $clog2(MaskSlots + 1);

  // What one channel does for a command.
  typedef struct packed {
    logic        ctx;
    logic [31:0] addr;     // its first row
    logic [31:0] step;     // between its rows
    logic [31:0] pstride;
    logic [7:0]  rows;     // of this channel
    logic [7:0]  mask;     // words of a row
    logic [6:0]  bytes;
    logic        turn;     // one channel alone: rows turn about with those of the next two lines
    logic [7:0]  mask2;
    logic [6:0]  bytes2;
    logic        split;
    logic        odd;      // its last row has only its first piece
    logic        par_en;
    logic [31:0] par_addr;
    logic        mask_en;
    logic [31:0] mask_addr;
  } part_t;

  // ---- A command becomes a part for each channel --------------------------------------------------
  logic  [Halves-1:0] pend_valid_d, pend_valid_q;
  part_t [Halves-1:0] pend_d, pend_q;
  logic  [Halves-1:0] lead;     // the command's first row is this channel's
  logic  [7:0]        rows;
  logic               take, pairs, head_q;   // head_q: half of the next row

  assign cmd_ready_o = pend_valid_q == '0 && !clear_i;
  assign take        = cmd_valid_i && cmd_ready_o;
  assign pairs       = cmd_i.more != '0;

  always_comb begin
    rows         = {cmd_i.rows == '0, cmd_i.rows};
    for (int unsigned h = 0; h < Halves; h++) lead[h] = Halves == 1 || head_q == 1'(h);
    pend_d       = '0;
    pend_valid_d = '0;
    if (take) begin
      for (int unsigned h = 0; h < Halves; h++) begin
        pend_d[h].ctx     = cmd_i.ctx;
        pend_d[h].addr    = lead[h] ? cmd_i.addr : cmd_i.addr + (pairs ? 32'd64 : cmd_i.stride);
        pend_d[h].step    = (Halves == 1 || pairs) ? cmd_i.stride : {cmd_i.stride[30:0], 1'b0};
        pend_d[h].pstride = cmd_i.pstride;
        pend_d[h].rows    = (Halves == 1) ? rows : (rows + 8'(lead[h])) >> 1;
        pend_d[h].bytes   = (pairs && !lead[h]) ? cmd_i.more : cmd_i.bytes;
        pend_d[h].turn    = Halves == 1 && pairs;
        pend_d[h].bytes2  = cmd_i.more;
        pend_d[h].split   = cmd_i.split;
        pend_d[h].odd     = cmd_i.split && cmd_i.odd && (Halves == 1 || rows[0] == lead[h]);
        for (int unsigned i = 0; i < 8; i++) begin
          pend_d[h].mask[i]  = 7'(cmd_i.split ? 8 * (i % 4) : 8 * i) < pend_d[h].bytes;
          pend_d[h].mask2[i] = 7'(8 * i) < cmd_i.more;
        end
        if (h == 0) begin
          pend_d[h].par_en    = cmd_i.par_en;
          pend_d[h].par_addr  = cmd_i.par_addr;
          pend_d[h].mask_en   = cmd_i.mask_en;
          pend_d[h].mask_addr = cmd_i.mask_addr;
        end
        pend_valid_d[h] = pend_d[h].rows != '0 || pend_d[h].par_en || pend_d[h].mask_en;
      end
    end
  end

  // ---- Places in the ring: two rows in order are never in the same half ----------------------------
  logic [Halves-1:0][CreditWidth-1:0] credit_q;
  logic [Halves-1:0][1:0]             back;     // places given back
  logic [MaskWidth-1:0]               mask_credit_q;
  logic                               tail_q;   // half of the oldest row

  always_comb begin
    back = '0;
    for (int unsigned h = 0; h < Halves; h++) begin
      if (Halves == 1) back[h] = free_i;
      else back[h] = {1'b0, free_i[1] || (free_i[0] && tail_q == 1'(h))};
    end
  end

  // ---- Channels --------------------------------------------------------------------------------------
  logic  [Halves-1:0]                cur_valid_q, word, go, last, load, row_go, second;
  part_t [Halves-1:0]                cur_q;
  logic  [Halves-1:0][XIdxWidth-1:0] index_q;

  always_comb begin
    for (int unsigned h = 0; h < Halves; h++) begin
      word[h]   = cur_q[h].par_en || cur_q[h].mask_en;
      second[h] = Halves == 1 && cur_q[h].turn && cur_q[h].rows[0];
      beat_o[h] = '0;
      beat_o[h].valid  = cur_valid_q[h] && (word[h] ? mask_credit_q != '0 : credit_q[h] != '0);
      beat_o[h].ctx    = cur_q[h].ctx;
      beat_o[h].addr   = cur_q[h].par_en ? cur_q[h].par_addr :
                         cur_q[h].mask_en ? cur_q[h].mask_addr : cur_q[h].addr;
      beat_o[h].stride = cur_q[h].pstride;
      beat_o[h].lw     = cur_q[h].split ? 2'd2 : 2'd3;
      beat_o[h].mask   = second[h] ? cur_q[h].mask2 : cur_q[h].mask;
      if (cur_q[h].odd && cur_q[h].rows == 8'd1) beat_o[h].mask[7:4] = '0;
      if (word[h]) beat_o[h].mask = 8'd1;
      beat_o[h].tag.dest  = word[h] ? DestMask : DestX;
      beat_o[h].tag.index = index_q[h];
      beat_o[h].tag.split = cur_q[h].split;
      beat_o[h].tag.bytes = second[h] ? cur_q[h].bytes2 : cur_q[h].bytes;
    end
  end

  always_comb begin
    for (int unsigned h = 0; h < Halves; h++) begin
      go[h]     = beat_o[h].valid && ready_i[h];
      row_go[h] = go[h] && !word[h];
      last[h]   = cur_q[h].rows[7:1] == '0 && (word[h] ?
                  !cur_q[h].rows[0] && !(cur_q[h].par_en && cur_q[h].mask_en) : 1'b1);
      load[h]   = cur_valid_q[h] ? pend_valid_q[h] && go[h] && last[h]
                                 : pend_valid_q[h] || pend_valid_d[h];
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pend_valid_q  <= '0;
      cur_valid_q   <= '0;
      head_q        <= 1'b0;
      tail_q        <= 1'b0;
      mask_credit_q <= MaskWidth'(MaskSlots);
      for (int unsigned h = 0; h < Halves; h++) begin
        credit_q[h] <= CreditWidth'(HalfRows);
        index_q[h]  <= XIdxWidth'(h);
      end
    end else if (clear_i) begin
      pend_valid_q  <= '0;
      cur_valid_q   <= '0;
      head_q        <= 1'b0;
      tail_q        <= 1'b0;
      mask_credit_q <= MaskWidth'(MaskSlots);
      for (int unsigned h = 0; h < Halves; h++) begin
        credit_q[h] <= CreditWidth'(HalfRows);
        index_q[h]  <= XIdxWidth'(h);
      end
    end else if (cmd_valid_i || !idle_o || free_i != '0 || mask_free_i != '0) begin
      if (take) head_q <= head_q ^ rows[0];
      tail_q <= tail_q ^ free_i[0];
      for (int unsigned h = 0; h < Halves; h++) begin
        pend_valid_q[h] <= (pend_valid_q[h] && !load[h]) || (pend_valid_d[h] && cur_valid_q[h]);
        cur_valid_q[h]  <= load[h] || (cur_valid_q[h] && !(go[h] && last[h]));
        credit_q[h]     <= credit_q[h] + CreditWidth'(back[h]) - CreditWidth'(row_go[h]);
        if (row_go[h]) index_q[h] <= index_q[h] + XIdxWidth'(Halves);
      end
      mask_credit_q <= mask_credit_q + MaskWidth'(mask_free_i) - MaskWidth'(go[0] && word[0]);
    end
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned h = 0; h < Halves; h++) begin
      if (take) pend_q[h] <= pend_d[h];
      if (load[h]) cur_q[h] <= pend_valid_q[h] ? pend_q[h] : pend_d[h];
      else if (go[h]) begin
        if (cur_q[h].par_en) cur_q[h].par_en <= 1'b0;
        else if (cur_q[h].mask_en) cur_q[h].mask_en <= 1'b0;
        else begin
          if (Halves == 1 && cur_q[h].turn) begin
            cur_q[h].addr <= second[h] ? cur_q[h].addr + cur_q[h].step - 32'd64 :
                                         cur_q[h].addr + 32'd64;
          end else begin
            cur_q[h].addr <= cur_q[h].addr + cur_q[h].step;
          end
          cur_q[h].rows <= cur_q[h].rows - 8'd1;
        end
      end
    end
  end

  assign idle_o = pend_valid_q == '0 && cur_valid_q == '0;

  `OCT_ASSERT(FreeInRange_A, free_i != 2'd3)
  `OCT_ASSERT(MaskCredit_A, mask_credit_q <= MaskWidth'(MaskSlots))
  for (genvar h = 0; h < Halves; h++) begin : gen_check
    `OCT_ASSERT(Credit_A, credit_q[h] <= CreditWidth'(HalfRows))
    `OCT_ASSERT(BeatHeld_A, beat_o[h].valid && !ready_i[h] && !clear_i |=> $stable(beat_o[h]))
  end
endmodule
