// SPDX-License-Identifier: Apache-2.0
// oct_dma_align: puts source lines together to destination lines. One source line per cycle is
// rotated and spread over at most two slots; a slot is full when its line has all its bytes.
// Latency 1. Test: tb/unit/dma/oct_dma_test.cpp.
`include "oct_assert.svh"

module oct_dma_align
  import oct_cluster_pkg::*;
  import oct_dma_pkg::*;
#(
  parameter int unsigned Slots = 4,
  localparam int unsigned IdxWidth = $clog2(Slots)
) (
  input  logic                              clk_i,
  input  logic                              rst_ni,
  input  logic                              drop_i,      // empties all slots
  input  logic [IdxWidth-1:0]               drop_idx_i,  // the slot to be filled next after that

  input  logic                              step_valid_i,
  input  step_t                             step_i,
  input  tag_t                              tag_i,
  input  logic                              kill_i,      // the step's bytes go nowhere
  input  logic                              hold_i,      // not now
  output logic                              take_o,      // the step is done in this cycle
  input  logic                              data_valid_i,  // ignored where no data are needed
  input  logic [LineWidth-1:0]              data_i,

  output logic [IdxWidth-1:0]               next_o,      // slot filled next: the oldest, if full
  output logic [Slots-1:0]                  full_o,
  output logic [Slots-1:0][LineWidth-1:0]   data_o,
  output logic [Slots-1:0][LineBytes-1:0]   be_o,
  output logic [Slots-1:0][L1LineWidth-1:0] line_o,
  output tag_t [Slots-1:0]                  tag_o,
  input  logic [Slots-1:0]                  release_i    // full slots that are no longer needed
);
  function automatic logic [IdxWidth-1:0] after(input logic [IdxWidth-1:0] idx);
    return (idx == IdxWidth'(Slots - 1)) ? '0 : idx + 1'b1;
  endfunction

  logic [IdxWidth-1:0]   next_q, hi_idx;
  logic                  open_q;          // slot next_q holds the hi part of the line before
  logic [Slots-1:0]      full_q;
  // Packed, or synthesis would see memories with a write port for each byte.
  logic [Slots-1:0][LineWidth-1:0]   data_q;
  logic [Slots-1:0][LineBytes-1:0]   be_q;
  logic [Slots-1:0][L1LineWidth-1:0] line_q;
  tag_t [Slots-1:0]                  tag_q;
  logic                  lo, hi, fits, take;
  logic [LineWidth-1:0]  rotated;

  // Space is asked for even by steps that are killed: it costs nothing but time.
  assign hi_idx = step_i.lo ? after(next_q) : next_q;
  assign fits   = !(step_i.lo && full_q[next_q]) && !(step_i.hi && full_q[hi_idx]);
  assign take   = step_valid_i && !hold_i &&
                  (step_i.null_ || (fits && (step_i.fill || data_valid_i)));
  assign lo     = take && step_i.lo && !kill_i;
  assign hi     = take && step_i.hi && !kill_i;
  assign take_o = take;
  assign next_o = next_q;
  assign full_o = full_q;

  always_comb begin
    rotated = '0;
    if (lo || hi) rotated = rotate_up(data_i, step_i.rot);
  end

  assign data_o = data_q;
  assign be_o   = be_q;
  assign line_o = line_q;
  assign tag_o  = tag_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      next_q <= '0;
      open_q <= 1'b0;
      full_q <= '0;
    end else if (drop_i) begin
      next_q <= drop_idx_i;
      open_q <= 1'b0;
      full_q <= '0;
    end else begin
      for (int unsigned k = 0; k < Slots; k++) begin
        if (release_i[k]) full_q[k] <= 1'b0;
        if (lo && next_q == IdxWidth'(k)) full_q[k] <= 1'b1;
        if (hi && hi_idx == IdxWidth'(k) && step_i.row_end) full_q[k] <= 1'b1;
      end
      if (take) begin
        open_q <= hi && !step_i.row_end;
        if (hi && step_i.row_end) next_q <= after(hi_idx);
        else if (lo)              next_q <= after(next_q);
      end
    end
  end

  // A slot begun now takes the whole line: its mask says which bytes count.
  always_ff @(posedge clk_i) begin
    if (lo || hi) begin
      for (int unsigned k = 0; k < Slots; k++) begin
        if (lo && next_q == IdxWidth'(k)) begin
          be_q[k]   <= open_q ? be_q[k] | step_i.lo_mask : step_i.lo_mask;
          line_q[k] <= step_i.line;
          tag_q[k]  <= tag_i;
          if (!open_q) begin
            data_q[k] <= rotated;
          end else begin
            for (int unsigned b = 0; b < LineBytes; b++) begin
              if (step_i.lo_mask[b]) data_q[k][8*b+:8] <= rotated[8*b+:8];
            end
          end
        end
        if (hi && hi_idx == IdxWidth'(k)) begin
          be_q[k]   <= step_i.hi_mask;
          line_q[k] <= step_i.line + 1'b1;
          tag_q[k]  <= tag_i;
          data_q[k] <= rotated;
        end
      end
    end
  end

  logic unused;
  assign unused = ^{1'b0, step_i};

  `OCT_ASSERT(OpenIsNotFull_A, !(open_q && full_q[next_q]))
  `OCT_ASSERT(ReleaseFull_A, (release_i & ~full_q) == '0)
  `OCT_ASSERT(OpenIsContinued_A, open_q && take && !kill_i |-> lo)
endmodule
