// SPDX-License-Identifier: Apache-2.0
// oct_dma_l1wr: writes full slots into L1, one line per cycle, the oldest first unless DMA-out will
// probably use its bank group in the same cycle. Lines may pass each other: a line that is passed
// collides, and so does every other copy of the same line, so two writes of one line keep their order.
// L1's answer comes late in its cycle: the next line is chosen as if all lanes asked for were granted,
// and where they are not, the line stays, or yields to one that does not collide while it does.
// Requests leave from flip-flops, data through one multiplexer.
// Test: tb/unit/dma/oct_dma_test.cpp.
module oct_dma_l1wr
  import oct_cluster_pkg::*;
#(
  parameter int unsigned Slots = 4,
  localparam int unsigned IdxWidth = $clog2(Slots)
) (
  input  logic                              clk_i,
  input  logic                              rst_ni,
  input  logic                              clear_i,

  input  logic [IdxWidth-1:0]               next_i,   // the oldest full slot is the first from here
  input  logic [Slots-1:0]                  full_i,
  input  logic [Slots-1:0][LineWidth-1:0]   data_i,
  input  logic [Slots-1:0][LineBytes-1:0]   be_i,
  input  logic [Slots-1:0][L1LineWidth-1:0] line_i,
  output logic [Slots-1:0]                  release_o,  // written

  input  logic                              other_valid_i,
  input  logic [GroupIdxWidth-1:0]          other_group_i,

  output l1_line_req_t                      l1_o,
  input  logic [LineLanes-1:0]              l1_ready_i,
  output logic                              refused_o
);
  logic [LineLanes-1:0]   mask_q, granted;
  logic [L1LineWidth-1:0] line_q;
  logic [IdxWidth-1:0]    sel_q;
  logic [Slots-1:0][LineLanes-1:0] written_q;  // lanes of a full slot that L1 has taken

  assign granted   = mask_q & l1_ready_i;
  assign refused_o = (mask_q & ~l1_ready_i) != '0;

  // ---- Choice for the next cycle, from flip-flops alone ------------------------------------------
  // `left` is what L1 had not taken before this cycle. Slot sel_q, being written, stands aside.
  logic [IdxWidth-1:0]  sel;
  logic                 any, sel_clear, stays, keep;
  logic [Slots-1:0]     clear_of_other;
  logic [Slots-1:0][LineLanes-1:0] left;
  logic [LineLanes-1:0] mask;

  always_comb begin
    automatic logic [IdxWidth-1:0] k = next_i;
    sel            = '0;
    any            = 1'b0;
    sel_clear      = 1'b0;
    stays          = 1'b0;
    left           = '0;
    clear_of_other = '0;
    mask           = '0;
    if (full_i != '0) begin
      for (int unsigned i = 0; i < Slots; i++) begin
        for (int unsigned lane = 0; lane < LineLanes; lane++) begin
          left[i][lane] = full_i[i] && be_i[i][8*lane+:8] != '0 && !written_q[i][lane];
        end
        clear_of_other[i] = !other_valid_i || (l1_group(line_i[i]) != other_group_i);
        if (sel_q == IdxWidth'(i)) stays = clear_of_other[i];
      end
      for (int unsigned i = 0; i < Slots; i++) begin
        if (left[k] != '0 && !(mask_q != '0 && sel_q == k) && !sel_clear) begin
          sel_clear = clear_of_other[k];
          if (sel_clear || !any) sel = k;
          any = 1'b1;
        end
        k = (k == IdxWidth'(Slots - 1)) ? '0 : k + 1'b1;
      end
      for (int unsigned i = 0; i < Slots; i++) begin
        if (any && sel == IdxWidth'(i)) mask = mask | left[i];
      end
    end
  end

  // ---- L1's answer ---------------------------------------------------------------------------------
  assign keep = refused_o && (stays || !sel_clear);

  always_comb begin
    release_o = '0;
    for (int unsigned i = 0; i < Slots; i++) begin
      if (full_i[i]) begin
        release_o[i] = (left[i] & ~((sel_q == IdxWidth'(i)) ? granted : '0)) == '0;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                           mask_q <= '0;
    else if (clear_i)                      mask_q <= '0;
    else if (mask_q != '0 || full_i != '0) mask_q <= keep ? mask_q & ~l1_ready_i : mask;
  end

  always_ff @(posedge clk_i) begin
    if (any && !keep) begin
      sel_q  <= sel;
      line_q <= line_i[sel];
    end
    for (int unsigned i = 0; i < Slots; i++) begin
      if (!full_i[i])                 written_q[i] <= '0;
      else if (sel_q == IdxWidth'(i)) written_q[i] <= written_q[i] | granted;
    end
  end

  // ---- Falling behind: slots fill faster than L1 takes them -----------------------------------------
  logic [IdxWidth:0] waiting;
  logic              urgent_q;

  always_comb begin
    waiting = '0;
    for (int unsigned i = 0; i < Slots; i++) waiting = waiting + (IdxWidth + 1)'(full_i[i]);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                             urgent_q <= 1'b0;
    else if (full_i != '0 || urgent_q) urgent_q <= waiting >= (IdxWidth + 1)'(Slots - 2);
  end

  assign l1_o = '{mask: mask_q, we: 1'b1, urgent: urgent_q, line: line_q, be: be_i[sel_q],
                  wdata: data_i[sel_q]};
endmodule
