// SPDX-License-Identifier: Apache-2.0
// oct_attn_par_fetch: asks for the parameters of the column groups, one group ahead of the
// lanes, and for the table of a job. Attention's 1/L fills a set the same way. One beat a cycle.
// Sixteen units: words of the upper eight come through the last half of the ports, those of the lower
// eight through the other one, so that weights lose the same time on both.
// Test: tb/unit/attention/oct_attn_drain_test.cpp.
`include "oct_assert.svh"

module oct_attn_par_fetch
  import oct_attn_pkg::*;
  import oct_attn_lane_pkg::*;
(
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       clear_i,

  input  logic       cmd_valid_i,
  output logic       cmd_done_o,     // with the last beat
  input  d_cmd_t     cmd_i,
  input  ctx_t       job_i,          // of the command
  input  logic       table_free_i,   // nobody uses the table any more

  output rbeat_t     beat_o,
  output logic       half_o,         // of the ports that the beat goes through
  input  logic       ready_i,
  input  rdata_t [Halves-1:0] rdata_i,

  input  logic       norm_valid_i,   // 1/L of this command's queries
  output logic       norm_en_o,      // taken into set bank_o
  output logic       bank_o,
  output logic [1:0] loaded_o,       // sets that are complete
  input  logic [1:0] issued_i,       // pulse: all operations that use the set are on their way
  input  logic [1:0] free_i          // pulse: the set is not needed any more
);
  localparam int unsigned BeatUnits = (Units < 8) ? Units : 8;   // of planes A and B
  localparam int unsigned BeatsAb   = Units / BeatUnits;
  localparam int unsigned TableWords = 32;
  localparam bit          BothHalves = Halves > 1 && BeatsAb > 1;

  typedef enum logic [2:0] {StStart, StTable, StA, StB, StC} state_e;
  state_e      state_q, after_a, after_b;
  logic [4:0]  beat_q;               // of this plane, or word of the table
  logic [6:0]  group_q;
  logic [15:0] left_q;               // columns from this group on
  logic [31:0] a_q, b_q, c_q, table_q;
  logic        bank_q, last_beat, table_end, plane_end, group_end, raw, go, set_free, half_end;
  logic        arriving;
  logic [1:0][Halves-1:0] arrive, seen_q;  // last beat of a half for the set
  logic [1:0]  busy_q, loaded_q;     // from its first beat to its last use; waits for operations

  assign raw       = job_i.attn && !job_i.last;
  assign set_free  = !busy_q[bank_q];
  assign last_beat = beat_q == 5'(BeatsAb - 1);
  assign table_end = state_q == StTable && beat_q == 5'(TableWords - 1);
  assign after_b   = job_i.table_en ? StC : StA;
  assign after_a   = job_i.plane_b ? StB : after_b;
  assign plane_end = (state_q == StA || state_q == StB) ? last_beat : state_q == StC;
  assign group_end = plane_end && ((state_q == StA && after_a == StA) ||
                                   (state_q == StB && after_b == StA) || state_q == StC);
  assign go        = beat_o.valid && ready_i;
  assign norm_en_o = cmd_valid_i && job_i.attn && !raw && norm_valid_i && set_free && !clear_i &&
                     !arriving;
  assign bank_o    = bank_q;
  assign loaded_o  = loaded_q;
  assign cmd_done_o = norm_en_o || (cmd_valid_i && raw) ||
                      (go && group_end && group_q + 7'd1 == cmd_i.groups);

  assign half_o   = (BothHalves && (state_q == StA || state_q == StB)) ? beat_q[0] :
                                                                         1'(Halves - 1);
  assign half_end = (half_o == 1'(Halves - 1)) ? group_end :
                    state_q == StB || (state_q == StA && after_a != StB);

  always_comb begin
    arriving = 1'b0;
    arrive   = '0;
    for (int unsigned h = 0; h < Halves; h++) begin
      if (rdata_i[h].valid && rdata_i[h].tag.dest == DestPar) begin
        arriving = 1'b1;
        if (rdata_i[h].tag.last) arrive[rdata_i[h].tag.bank][h] = 1'b1;
      end
    end
  end

  always_comb begin
    beat_o           = '0;
    beat_o.ctx       = cmd_i.ctx;
    beat_o.lw        = 2'd3;
    beat_o.tag.dest  = DestPar;
    beat_o.tag.bank  = bank_q;
    beat_o.tag.bytes = 7'(beat_q);
    beat_o.tag.last  = half_end;
    if (cmd_valid_i) begin
      unique case (state_q)
        StTable: begin
          beat_o.valid     = 1'b1;
          beat_o.addr      = table_q;
          beat_o.mask      = 8'd1;
          beat_o.tag.index = XIdxWidth'(ParTable);
        end
        StA, StB: begin
          // The first beat of a set waits until it is free.
          beat_o.valid     = state_q == StB || beat_q != '0 || set_free;
          beat_o.addr      = (state_q == StA) ? a_q : b_q;
          beat_o.tag.index = (state_q == StA) ? XIdxWidth'(ParA) : XIdxWidth'(ParB);
          for (int unsigned i = 0; i < BeatUnits; i++) begin
            beat_o.mask[i] = 16'(BeatUnits * beat_q + i) < left_q;
          end
        end
        StC: begin
          beat_o.valid     = 1'b1;
          beat_o.addr      = c_q;
          beat_o.tag.index = XIdxWidth'(ParC);
          for (int unsigned i = 0; i < Units / 2; i++) beat_o.mask[i] = 16'(2 * i) < left_q;
        end
        default: ;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q  <= StStart;
      bank_q   <= 1'b0;
      busy_q   <= '0;
      loaded_q <= '0;
      seen_q   <= '0;
    end else if (clear_i) begin
      state_q  <= StStart;
      bank_q   <= 1'b0;
      busy_q   <= '0;
      loaded_q <= '0;
      seen_q   <= '0;
    end else if (cmd_valid_i || busy_q != '0) begin
      unique case (state_q)
        StStart: if (cmd_valid_i && !job_i.attn && (!cmd_i.table_load || table_free_i)) begin
          state_q <= cmd_i.table_load ? StTable : StA;
        end
        StTable: if (go && table_end) state_q <= StA;
        default: if (go && plane_end) begin
          if (cmd_done_o) state_q <= StStart;
          else if (group_end) state_q <= StA;
          else state_q <= (state_q == StA) ? after_a : StC;
        end
      endcase
      if (norm_en_o || (go && group_end)) bank_q <= !bank_q;
      for (int unsigned b = 0; b < 2; b++) begin
        if (issued_i[b]) loaded_q[b] <= 1'b0;
        if (free_i[b]) begin
          busy_q[b] <= 1'b0;
        end else if (bank_q == 1'(b) && (norm_en_o || (go && state_q == StA))) begin
          busy_q[b]   <= 1'b1;
          loaded_q[b] <= norm_en_o;
        end else if (arrive[b] != '0 && (!BothHalves || (arrive[b] | seen_q[b]) == '1)) begin
          loaded_q[b] <= 1'b1;
        end
        if (go && state_q == StA && beat_q == '0 && bank_q == 1'(b)) seen_q[b] <= '0;
        else seen_q[b] <= seen_q[b] | arrive[b];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StStart) begin
      beat_q  <= '0;
      group_q <= '0;
      left_q  <= cmd_i.cols;
      a_q     <= cmd_i.a_addr;
      b_q     <= cmd_i.b_addr;
      c_q     <= cmd_i.c_addr;
      table_q <= job_i.tab_addr;
    end else if (go) begin
      beat_q <= (plane_end || table_end) ? '0 : beat_q + 5'd1;
      if (state_q == StTable) table_q <= table_q + 32'd8;
      if (state_q == StA) a_q <= a_q + 32'(8 * BeatUnits);
      if (state_q == StB) b_q <= b_q + 32'(8 * BeatUnits);
      if (state_q == StC) c_q <= c_q + 32'(4 * Units);
      if (group_end) begin
        group_q <= group_q + 7'd1;
        left_q  <= left_q - 16'(Units);
      end
    end
  end

  logic unused;
  assign unused = ^{cmd_i, job_i, rdata_i};

  `OCT_ASSERT(BeatHeld_A, beat_o.valid && !ready_i && !clear_i |=> beat_o.valid && $stable(beat_o))
endmodule
