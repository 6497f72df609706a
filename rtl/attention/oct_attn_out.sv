// SPDX-License-Identifier: Apache-2.0
// oct_attn_out: packs result vectors into write beats and tells when a job's last word is in L1. Rows
// of C stand side by side in a beat; C^T and attention's O (one word holds eight vectors of a unit) go
// through a transposer. One vector a cycle; transposed with sixteen units eight in nine cycles, as each
// eight make two beats. Test: tb/unit/attention_memory/oct_attn_out_test.cpp.
`include "oct_assert.svh"

module oct_attn_out
  import oct_attn_pkg::*;
(
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              clear_i,
  output logic              idle_o,            // nothing here and no job waits for its last write

  // An attention job that is not the last part sends raw rows instead of results, 2 * Units bytes a vector.
  input  ctx_t [NumCtx-1:0] ctx_i,
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  d_cmd_t            cmd_i,             // of the vector offered
  input  yvec_t             in_i,

  output wbeat_t            beat_o,            // to oct_attn_ports
  input  logic              ready_i,
  input  logic [NumCtx-1:0] writes_pending_i,  // of oct_attn_ports

  output logic [NumCtx-1:0] job_end_o          // one cycle: all of the job's output is in L1
);
  localparam bit          Two      = Units == 16;               // transposed: two beats
  localparam int unsigned Bytes8   = (Units > 8) ? Units : 8;   // of a row in a beat, INT8
  localparam int unsigned Bytes16  = 2 * Units;
  localparam int unsigned Rows8    = Lanes / Bytes8;
  localparam int unsigned Rows16   = Lanes / Bytes16;
  localparam int unsigned BufBytes = (8 * Units > Lanes) ? 8 * Units : Lanes;
  typedef enum logic [1:0] {ModeRow8, ModeRow16, ModeTrans} mode_e;

  // ---- What the vector is part of ----------------------------------------------------------------
  ctx_t        job;
  mode_e       mode;
  logic        raw, dual, take, beat_end;
  logic [31:0] stride;
  logic [31:0] cur_q, group_q;      // this beat; this group
  logic [31:0] here, base, next;
  logic [2:0]  pos_q, pos, pos_max; // row of the beat; transposed: byte of the words
  logic [15:0] left_q, left;        // columns from this group on
  logic [7:0]  fill_q, fill;        // positions filled, this vector's included
  logic [Units-1:0] unit_ok;

  assign job = ctx_i[cmd_i.ctx];
  assign raw = job.attn && !job.last;

  always_comb begin
    if (raw || (!job.attn && job.y16)) mode = ModeRow16;
    else mode = (job.attn || job.y_trans) ? ModeTrans : ModeRow8;
    dual   = cmd_i.dual && mode == ModeTrans;
    stride = raw ? 32'(Bytes16) : job.y_stride;
    here   = in_i.first ? cmd_i.y_addr : cur_q;
    base   = in_i.first ? cmd_i.y_addr : group_q;
    left   = in_i.first ? cmd_i.cols : left_q;
    pos    = !in_i.first ? pos_q : (mode == ModeTrans) ? cmd_i.y_addr[2:0] : '0;
    fill   = (in_i.first ? '0 : fill_q) |
             ((dual && !(cmd_i.odd && in_i.last) ? 8'd3 : 8'd1) << pos);
    unique case (mode)
      ModeRow8:  pos_max = 3'(Rows8 - 1);
      ModeRow16: pos_max = 3'(Rows16 - 1);
      default:   pos_max = dual ? 3'd6 : 3'd7;
    endcase
    beat_end = in_i.group_last || pos == pos_max;
    for (int unsigned u = 0; u < Units; u++) unit_ok[u] = raw || 16'(u) < left;
    unique case (mode)  // the next group, or the next beat of this one
      ModeRow8:  next = in_i.group_last ? base + 32'(Units) : here + stride * Rows8;
      ModeRow16: next = in_i.group_last ? base + 32'(Bytes16) : here + stride * Rows16;
      default:   next = in_i.group_last ? base + stride * Units : {here[31:3] + 29'd1, 3'd0};
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      group_q <= in_i.group_last ? next : base;
      cur_q   <= beat_end ? next : here;
      left_q  <= in_i.group_last ? left - 16'(Units) : left;
      fill_q  <= beat_end ? '0 : fill;
      pos_q   <= beat_end ? '0 : pos + (dual ? 3'd2 : 3'd1);
      if (in_i.group_last && mode == ModeTrans) pos_q <= base[2:0];
    end
  end

  // ---- Packing: byte b of the beat, or byte b % 8 of unit (dual: query) b / 8 ------------------------------------
  logic [BufBytes-1:0][7:0] buf_q, merged;
  logic [BufBytes-1:0]      write, be;

  always_comb begin
    merged = buf_q;
    write  = '0;
    be     = '0;
    if (take) begin
      for (int unsigned b = 0; b < BufBytes; b++) begin
        unique case (mode)
          ModeRow8: if (b < Lanes) begin
            be[b]    = fill[b/Bytes8] && unit_ok[b%Units] &&
                       (Units != 4 || here[2] == ((b / 4) % 2 != 0));
            write[b] = 3'(b / Bytes8) == pos;
            if (write[b]) merged[b] = in_i.y[b%Units][7:0];
          end
          ModeRow16: if (b < Lanes) begin
            be[b]    = fill[b/Bytes16] && unit_ok[(b%Bytes16)/2];
            write[b] = 3'(b / Bytes16) == pos;
            if (write[b]) merged[b] = in_i.y[(b%Bytes16)/2][8*(b%2) +: 8];
          end
          default: if (b < 8 * Units) begin
            be[b]    = fill[b%8] && unit_ok[b/8];
            write[b] = 3'(b % 8) == pos || (dual && 3'(b % 8) == (pos | 3'd1));
            if (write[b]) begin
              merged[b] = dual ? in_i.y[(2*(b/8)+b%2)%Units][7:0] : in_i.y[b/8][7:0];
            end
          end
        endcase
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) buf_q <= merged;
  end

  // ---- The beat that stands at the ports; transposed, units 8 and up follow behind it --------------
  logic                wait_q, wait_d, move, valid_q, out_ctx_q;
  logic [31:0]         addr2_q, addr_q, stride_q;
  logic [Lanes-1:0]    be2, be2_q, be_q;
  logic [RowWidth-1:0] second, data_q;
  logic [1:0]          lw_q;

  if (Two) begin : gen_second
    assign be2    = be[BufBytes-1:Lanes];
    assign second = buf_q[BufBytes-1:Lanes];
  end else begin : gen_single
    assign be2    = '0;
    assign second = '0;
  end

  assign in_ready_o = !wait_q && !(valid_q && beat_end) && !clear_i;
  assign take       = in_valid_i && in_ready_o;
  assign move       = wait_q && (!valid_q || ready_i);
  assign wait_d     = take && beat_end && mode == ModeTrans && be2 != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      wait_q  <= 1'b0;
    end else if (clear_i) begin
      valid_q <= 1'b0;
      wait_q  <= 1'b0;
    end else if (take || valid_q || wait_q) begin
      valid_q <= (take && beat_end) || move || (valid_q && !ready_i);
      wait_q  <= wait_d || (wait_q && !move);
    end
  end

  always_ff @(posedge clk_i) begin
    if (take && beat_end) begin
      addr_q    <= here;
      stride_q  <= stride;
      be_q      <= be[Lanes-1:0];
      data_q    <= merged[Lanes-1:0];
      out_ctx_q <= cmd_i.ctx;
      lw_q      <= (mode == ModeRow8) ? 2'($clog2(Bytes8 / 8)) :
                   (mode == ModeRow16) ? 2'($clog2(Bytes16 / 8)) : 2'd0;
      if (wait_d) begin
        addr2_q <= here + {stride[28:0], 3'd0};
        be2_q   <= be2;
      end
    end else if (move) begin
      addr_q <= addr2_q;
      be_q   <= be2_q;
      data_q <= second;
    end
  end

  assign beat_o = '{valid: valid_q, ctx: out_ctx_q, addr: addr_q, stride: stride_q, lw: lw_q,
                    be: be_q, data: data_q};

  // ---- Ends of jobs --------------------------------------------------------------------------------
  logic [NumCtx-1:0] ending_q;

  always_comb begin
    for (int unsigned c = 0; c < NumCtx; c++) begin
      job_end_o[c] = ending_q[c] && !writes_pending_i[c] &&
                     !((valid_q || wait_q) && out_ctx_q == 1'(c)) && !clear_i;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ending_q <= '0;
    end else if (clear_i) begin
      ending_q <= '0;
    end else if (take || ending_q != '0) begin
      ending_q <= ending_q & ~job_end_o;
      if (take && in_i.last && cmd_i.job_last) ending_q[cmd_i.ctx] <= 1'b1;
    end
  end

  assign idle_o = !valid_q && !wait_q && ending_q == '0;

  logic unused;
  assign unused = ^{job, cmd_i, be, in_i};

  `OCT_ASSERT(LastEndsGroup_A, in_valid_i && in_i.last |-> in_i.group_last)
  `OCT_ASSERT(OneEnd_A, take && in_i.last && cmd_i.job_last |-> !ending_q[cmd_i.ctx])
  `OCT_ASSERT(BeatHeld_A, valid_q && !ready_i && !clear_i |=> valid_q && $stable(beat_o))
endmodule
