// SPDX-License-Identifier: Apache-2.0
// oct_tech_sram: one-port synchronous memory with byte enables; a technology replaces this file by
// one that instantiates its macros. Read data is there in the next cycle and stays until the next
// read; a write leaves it as it is. Contents are undefined after power-up.
// Plain Verilog-2001, for tools that read nothing newer. Test: tb/unit/tech/oct_tech_sram_test.cpp.
module oct_tech_sram #(
  parameter Words     = 512,
  parameter Width     = 64,             // a multiple of 8
  parameter AddrWidth = $clog2(Words)
) (
  input  wire                 clk_i,
  input  wire                 req_i,
  input  wire                 we_i,
  input  wire [AddrWidth-1:0] addr_i,
  input  wire [Width/8-1:0]   be_i,
  input  wire [Width-1:0]     wdata_i,
  output wire [Width-1:0]     rdata_o
);
  reg [Width-1:0] mem [0:Words-1];
  reg [Width-1:0] rdata_q;

  assign rdata_o = rdata_q;

  // A word is written whole, under a mask made once, not byte by byte: that is what simulates fast.
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
    if (req_i) begin
      if (we_i) mem[addr_i] <= merge(mem[addr_i], wdata_i, be_i);
      else rdata_q <= mem[addr_i];
    end
  end
endmodule
