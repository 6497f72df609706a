// SPDX-License-Identifier: Apache-2.0
// oct_attn_words: the mask queue: 64-bit words (head parameters, key masks) in the order of their
// beats. Up to two come and two go in a cycle; the loader has counted the room.
// Test: tb/unit/attention/oct_attn_compute_test.cpp.
`include "oct_assert.svh"

module oct_attn_words
  import oct_attn_pkg::*;
(
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,
  input  rdata_t           rdata_i,
  output logic [2:0]       count_o,
  output logic [1:0][63:0] word_o,   // the oldest two
  input  logic [1:0]       pop_i,    // how many of them go
  output logic [1:0]       free_o    // how many went in the cycle before
);
  localparam int unsigned PtrWidth = $clog2(MaskSlots);

  logic [63:0]         mem_q [MaskSlots];
  logic [PtrWidth-1:0] rd_q, wr_q;
  logic [2:0]          count_q;
  logic [1:0]          push, free_q;
  logic                here;

  assign here      = rdata_i.valid && rdata_i.tag.dest == DestMask;
  assign push      = here ? {1'b0, rdata_i.mask[0]} + {1'b0, rdata_i.mask[1]} : 2'd0;
  assign count_o   = count_q;
  assign word_o[0] = mem_q[rd_q];
  assign word_o[1] = mem_q[rd_q + PtrWidth'(1)];
  assign free_o    = free_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rd_q    <= '0;
      wr_q    <= '0;
      count_q <= '0;
      free_q  <= '0;
    end else if (clear_i) begin
      rd_q    <= '0;
      wr_q    <= '0;
      count_q <= '0;
      free_q  <= '0;
    end else begin
      rd_q    <= rd_q + PtrWidth'(pop_i);
      wr_q    <= wr_q + PtrWidth'(push);
      count_q <= count_q + 3'(push) - 3'(pop_i);
      free_q  <= pop_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (here) begin
      mem_q[wr_q] <= rdata_i.mask[0] ? rdata_i.data[63:0] : rdata_i.data[127:64];
      if (push == 2'd2) mem_q[wr_q + PtrWidth'(1)] <= rdata_i.data[127:64];
    end
  end

  `OCT_ASSERT(Room_A, 4'(count_q) + 4'(push) - 4'(pop_i) <= 4'(MaskSlots))
  `OCT_ASSERT(Enough_A, 3'(pop_i) <= count_q)

  logic unused;
  assign unused = ^{rdata_i.mask[7:2], rdata_i.data[RowWidth-1:128], rdata_i.tag};
endmodule
