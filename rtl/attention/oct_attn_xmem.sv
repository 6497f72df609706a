// SPDX-License-Identifier: Apache-2.0
// oct_attn_xmem: ring of 64 rows of X, bytes beyond the valid ones zeroed on arrival. A row is there
// from the cycle after its beat on; read data is there in the next cycle.
// Test: tb/unit/attention/oct_attn_compute_test.cpp.
`include "oct_assert.svh"

module oct_attn_xmem
  import oct_attn_pkg::*;
(
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     clear_i,

  input  rdata_t [Halves-1:0]      rdata_i,   // half h: rows of parity h; one half: both

  output logic [XRows-1:0]         there_o,   // rows that hold data
  input  logic                     rd_en_i,
  input  logic [XIdxWidth-1:0]     rd_row_i,
  input  logic                     rd_two_i,  // the odd units take the row behind it ...
  input  logic                     rd_tail_i, // ... or nobody does, but its first byte is x_tail_o
  input  logic                     free_i,    // what is read is free now
  output logic [1:0][RowWidth-1:0] x_o,       // for even and for odd units
  output logic [7:0]               x_tail_o
);
  localparam int unsigned BankRows = XRows / 2;

  // Bytes of each piece beyond `bytes` are zero.
  function automatic logic [RowWidth-1:0] keep(input logic [RowWidth-1:0] beat,
                                               input logic [7:0] words,
                                               input logic [6:0] bytes, input logic split);
    logic [RowWidth-1:0] data;
    for (int unsigned w = 0; w < 8; w++) begin
      automatic logic [6:0]  first = split ? 7'(8 * (w % 4)) : 7'(8 * w);
      automatic logic [6:0]  left  = bytes - first;
      automatic logic [63:0] mask  = '1;
      if (bytes <= first || !words[w]) mask = '0;
      else if (left < 7'd8) mask = ~({64{1'b1}} << {left[2:0], 3'd0});
      data[64*w+:64] = beat[64*w+:64] & mask;
    end
    return data;
  endfunction

  logic [Halves-1:0]             here;
  logic [1:0]                    wr_en;
  logic [1:0][XIdxWidth-2:0]     wr_row;
  logic [1:0][RowWidth-1:0]      wr_data;

  always_comb begin
    for (int unsigned h = 0; h < Halves; h++) begin
      here[h] = rdata_i[h].valid && rdata_i[h].tag.dest == DestX;
    end
    for (int unsigned b = 0; b < 2; b++) begin
      automatic int unsigned h = b % Halves;
      wr_en[b]   = here[h] && (Halves == 2 || rdata_i[h].tag.index[0] == b[0]);
      wr_row[b]  = rdata_i[h].tag.index[XIdxWidth-1:1];
      wr_data[b] = '0;
      if (wr_en[b]) begin
        if (&rdata_i[h].mask && rdata_i[h].tag.bytes[6]) wr_data[b] = rdata_i[h].data;
        else wr_data[b] = keep(rdata_i[h].data, rdata_i[h].mask,
                               rdata_i[h].tag.bytes, rdata_i[h].tag.split);
      end
    end
  end

  // ---- Rows that are there -----------------------------------------------------------------------
  logic [XRows-1:0] there_d, there_q;
  assign there_o = there_q;

  always_comb begin
    there_d = there_q;
    if (free_i) there_d[rd_row_i] = 1'b0;
    if (free_i && rd_two_i) there_d[rd_row_i + XIdxWidth'(1)] = 1'b0;
    for (int unsigned h = 0; h < Halves; h++) begin
      if (here[h]) there_d[rdata_i[h].tag.index] = 1'b1;
    end
    if (clear_i) there_d = '0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) there_q <= '0;
    else there_q <= there_d;
  end

  // ---- Memory, by parity ---------------------------------------------------------------------------
  logic                     odd_q, two_q;
  logic [1:0][RowWidth-1:0] rd_data;

  for (genvar b = 0; b < 2; b++) begin : gen_bank
    // Behind an odd row stands an even one of the next address.
    logic [XIdxWidth-2:0] rd_addr;
    assign rd_addr = rd_row_i[XIdxWidth-1:1] + (XIdxWidth - 1)'(b == 0 && rd_row_i[0]);

    oct_tech_sram_1r1w #(.Words(BankRows), .Width(RowWidth)) u_rows (
      .clk_i,
      .rd_req_i  (rd_en_i && (rd_two_i || rd_row_i[0] == b[0])),
      .rd_addr_i (rd_addr),
      .rd_data_o (rd_data[b]),
      .wr_req_i  (wr_en[b]),
      .wr_addr_i (wr_row[b]),
      .wr_be_i   ('1),
      .wr_data_i (wr_data[b])
    );
  end

  always_ff @(posedge clk_i) begin
    if (rd_en_i) begin
      odd_q <= rd_row_i[0];
      two_q <= rd_two_i && !rd_tail_i;
    end
  end

  assign x_tail_o = odd_q ? rd_data[0][7:0] : rd_data[1][7:0];
  assign x_o[0] = odd_q ? rd_data[1] : rd_data[0];
  assign x_o[1] = (odd_q != two_q) ? rd_data[1] : rd_data[0];

  `OCT_ASSERT(ReadWhatIsThere_A, rd_en_i |-> there_q[rd_row_i])
  `OCT_ASSERT(SecondIsThere_A, rd_en_i && rd_two_i |-> there_q[rd_row_i+XIdxWidth'(1)])
  for (genvar h = 0; h < Halves; h++) begin : gen_check
    `OCT_ASSERT(RowIsFree_A, here[h] |-> !there_q[rdata_i[h].tag.index])
    `OCT_ASSERT(RowOfTheHalf_A, here[h] |-> Halves == 1 || rdata_i[h].tag.index[0] == h[0])
  end
endmodule
