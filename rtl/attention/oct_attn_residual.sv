// SPDX-License-Identifier: Apache-2.0
// oct_attn_residual: fetches the residual rows of drains ahead of the lanes, several rows a
// beat, and hands out one row a cycle. Test: tb/unit/attention/oct_attn_drain_test.cpp.
`include "oct_assert.svh"

module oct_attn_residual
  import oct_attn_pkg::*;
  import oct_attn_lane_pkg::*;
(
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       clear_i,

  input  logic       cmd_valid_i,
  output logic       cmd_done_o,     // with the last beat, or at once if there is no residual
  input  d_cmd_t     cmd_i,
  input  ctx_t       job_i,

  output rbeat_t     beat_o,
  input  logic       ready_i,
  input  rdata_t     rdata_i,        // of half 0

  output logic       there_o,        // a row that is not spoken for yet
  input  logic       claim_i,        // one is: it will be taken in at least four cycles
  input  logic       take_i,         // row_o was used
  output logic [Units-1:0][15:0] row_o
);
  localparam int unsigned Words8   = (Units < 8) ? 1 : Units / 8;   // of a row, INT8
  localparam int unsigned Words16  = Units / 4;
  localparam int unsigned PtrWidth = $clog2(ResBeats);

  // ---- Requests ---------------------------------------------------------------------------------
  logic        active_q, wanted, go, group_end;
  logic [6:0]  row_q, left_rows;    // first row of the beat; rows from there on
  logic [6:0]  group_q;
  logic [15:0] left_q;              // columns from this group on
  logic [31:0] addr_q, base_q, group_bytes;
  logic [3:0]  per_beat, rows;
  logic [3:0]  words;
  logic [PtrWidth:0] credit_q;

  assign wanted    = cmd_valid_i && !job_i.attn && job_i.res != ResNone;
  assign words     = job_i.r16 ? 4'(Words16) : 4'(Words8);
  assign per_beat  = job_i.r16 ? 4'(8 / Words16) : 4'(8 / Words8);
  assign left_rows = cmd_i.rows - row_q;
  assign rows      = (left_rows < 7'(per_beat)) ? left_rows[3:0] : per_beat;
  assign group_end = left_rows <= 7'(per_beat);
  assign go        = beat_o.valid && ready_i;
  assign cmd_done_o = (cmd_valid_i && !wanted) ||
                      (go && group_end && group_q + 7'd1 == cmd_i.groups);
  assign group_bytes = job_i.r16 ? 32'(2 * Units) : 32'(Units);

  // Word i of a beat: row i >> lw, from column 4 or 8 * (i mod 2^lw) on.
  function automatic logic word_there(input logic [2:0] i, input logic [1:0] lw,
                                      input logic [3:0] count, input logic wide,
                                      input logic [15:0] columns);
    logic [2:0] word;
    word = i & ((3'd1 << lw) - 3'd1);
    return {1'b0, i >> lw} < count && (wide ? {11'd0, word, 2'd0} : {10'd0, word, 3'd0}) < columns;
  endfunction

  always_comb begin
    beat_o              = '0;
    beat_o.ctx          = cmd_i.ctx;
    beat_o.addr         = {addr_q[31:3], 3'd0};
    beat_o.stride       = job_i.r_stride;
    beat_o.lw           = (words == 4'd4) ? 2'd2 : (words == 4'd2) ? 2'd1 : 2'd0;
    beat_o.tag.dest     = DestRes;
    beat_o.tag.bytes    = 7'(rows);
    beat_o.tag.split    = job_i.r16;
    beat_o.tag.half_sel = addr_q[2];
    beat_o.valid        = active_q && wanted && credit_q != '0;
    for (int unsigned i = 0; i < 8; i++) begin
      beat_o.mask[i] = word_there(3'(i), beat_o.lw, rows, job_i.r16, left_q);
    end
  end

  // ---- Beats that came --------------------------------------------------------------------------
  typedef struct packed {
    logic [3:0] rows;
    logic       wide;
    logic       high;     // four units, INT8: the upper half of the words
  } info_t;

  logic                here, read, fill, last_row, beat_valid_q, row_valid_q;
  logic [PtrWidth-1:0] wr_q, rd_q;
  logic [PtrWidth:0]   stored_q;              // beats in memory, not read yet
  logic [2:0]          pos_q;                 // row of the beat
  logic [6:0]          there_q;               // rows that came and are not claimed
  info_t               info_q [ResBeats];
  info_t               info;
  logic [RowWidth-1:0] data;

  assign here     = rdata_i.valid && rdata_i.tag.dest == DestRes;
  assign fill     = beat_valid_q && (!row_valid_q || take_i);
  assign last_row = 4'(pos_q) + 4'd1 == info.rows;
  assign read     = stored_q != '0 && (!beat_valid_q || (fill && last_row));
  assign there_o  = there_q != '0;

  oct_tech_sram_1r1w #(.Words(ResBeats), .Width(RowWidth)) u_beats (
    .clk_i,
    .rd_req_i  (read),
    .rd_addr_i (rd_q),
    .rd_data_o (data),
    .wr_req_i  (here),
    .wr_addr_i (wr_q),
    .wr_be_i   ('1),
    .wr_data_i (rdata_i.data)
  );

  // Row pos_q of the beat, every unit 16 bits.
  function automatic logic [Units-1:0][15:0] row_of(input logic [RowWidth-1:0] beat,
                                                    input logic [2:0] pos, input logic is_wide,
                                                    input logic high);
    logic [Units-1:0][15:0] row;
    logic [16*Units-1:0]    wide;
    logic [8*Units-1:0]     narrow;
    wide   = '0;
    narrow = '0;
    for (int unsigned i = 0; i < 8 / Words16; i++) begin
      if (3'(i) == pos) wide = beat[64*Words16*i +: 16*Units];
    end
    for (int unsigned i = 0; i < 8 / Words8; i++) begin
      if (3'(i) == pos) begin
        narrow = beat[64*Words8*i +: 8*Units];
        if (Units < 8 && high) narrow = beat[64*Words8*i+64-8*Units +: 8*Units];
      end
    end
    for (int unsigned u = 0; u < Units; u++) begin
      row[u] = is_wide ? wide[16*u +: 16] : {{8{narrow[8*u+7]}}, narrow[8*u +: 8]};
    end
    return row;
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q     <= 1'b0;
      credit_q     <= (PtrWidth + 1)'(ResBeats);
      wr_q         <= '0;
      rd_q         <= '0;
      stored_q     <= '0;
      beat_valid_q <= 1'b0;
      row_valid_q  <= 1'b0;
      there_q      <= '0;
    end else if (clear_i) begin
      active_q     <= 1'b0;
      credit_q     <= (PtrWidth + 1)'(ResBeats);
      wr_q         <= '0;
      rd_q         <= '0;
      stored_q     <= '0;
      beat_valid_q <= 1'b0;
      row_valid_q  <= 1'b0;
      there_q      <= '0;
    end else if (wanted || credit_q != (PtrWidth + 1)'(ResBeats) || row_valid_q) begin
      active_q     <= wanted && !cmd_done_o;
      credit_q     <= credit_q - (PtrWidth + 1)'(go) + (PtrWidth + 1)'(fill && last_row);
      if (here) wr_q <= wr_q + PtrWidth'(1);
      if (read) rd_q <= rd_q + PtrWidth'(1);
      stored_q     <= stored_q + (PtrWidth + 1)'(here) - (PtrWidth + 1)'(read);
      beat_valid_q <= read || (beat_valid_q && !(fill && last_row));
      row_valid_q  <= fill || (row_valid_q && !take_i);
      there_q      <= there_q + (here ? 7'(rdata_i.tag.bytes) : 7'd0) - 7'(claim_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!active_q) begin
      row_q   <= '0;
      group_q <= '0;
      left_q  <= cmd_i.cols;
      addr_q  <= cmd_i.r_addr;
      base_q  <= cmd_i.r_addr;
    end else if (go) begin
      row_q  <= group_end ? '0 : row_q + 7'(per_beat);
      addr_q <= group_end ? base_q + group_bytes : addr_q + (job_i.r_stride << (2'd3 - beat_o.lw));
      if (group_end) begin
        base_q  <= base_q + group_bytes;
        group_q <= group_q + 7'd1;
        left_q  <= left_q - 16'(Units);
      end
    end
    if (here) info_q[wr_q] <= '{rows: rdata_i.tag.bytes[3:0], wide: rdata_i.tag.split,
                                high: rdata_i.tag.half_sel};
    if (read) begin
      info  <= info_q[rd_q];
      pos_q <= '0;
    end else if (fill) begin
      pos_q <= pos_q + 3'd1;
    end
    if (fill) row_o <= row_of(data, pos_q, info.wide, info.high);
  end

  logic unused;
  assign unused = ^{cmd_i, job_i, rdata_i};

  `OCT_ASSERT(RowThere_A, take_i |-> row_valid_q)
  `OCT_ASSERT(ClaimThere_A, claim_i |-> there_o)
  `OCT_ASSERT(BeatHeld_A, beat_o.valid && !ready_i && !clear_i |=> beat_o.valid && $stable(beat_o))
endmodule
