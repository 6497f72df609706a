// SPDX-License-Identifier: Apache-2.0
// oct_tech_sram_1r1w: synchronous memory with one read port, one write port and byte enables; a
// technology replaces this file by one that instantiates its macros. Read data is there in the next
// cycle and stays until the next read. Reading a word in the cycle that writes it gives an undefined
// result in silicon: the user keeps that from happening. Contents are undefined after power-up.
// Plain Verilog-2001. Test: tb/unit/tech/oct_tech_sram_1r1w_test.cpp.
module oct_tech_sram_1r1w #(
  parameter Words     = 64,
  parameter Width     = 64,             // a multiple of 8
  parameter AddrWidth = $clog2(Words)
) (
  input  wire                 clk_i,

  input  wire                 rd_req_i,
  input  wire [AddrWidth-1:0] rd_addr_i,
  output wire [Width-1:0]     rd_data_o,

  input  wire                 wr_req_i,
  input  wire [AddrWidth-1:0] wr_addr_i,
  input  wire [Width/8-1:0]   wr_be_i,
  input  wire [Width-1:0]     wr_data_i
);
  reg [Width-1:0] mem [0:Words-1];
  reg [Width-1:0] rd_data_q;

  assign rd_data_o = rd_data_q;

  // See oct_tech_sram for why a word is written whole.
  function [Width-1:0] merge(input [Width-1:0] old_word, input [Width-1:0] new_word,
                             input [Width/8-1:0] be);
    reg [Width-1:0] mask;
    integer         i;
    begin
      mask = {Width{1'b0}};
      for (i = 0; i < Width / 8; i = i + 1) mask[8*i+:8] = {8{be[i]}};
      merge = (old_word & ~mask) | (new_word & mask);
    end
  endfunction

  always @(posedge clk_i) begin
    if (wr_req_i) mem[wr_addr_i] <= merge(mem[wr_addr_i], wr_data_i, wr_be_i);
    if (rd_req_i) rd_data_q <= mem[rd_addr_i];
  end
endmodule
