// SPDX-License-Identifier: Apache-2.0
// oct_tech_sram for FPGAs: takes the place of ../oct_tech_sram.sv. Written byte by byte, which is the
// form that tools map to block RAM with byte enables; the generic one simulates faster.
// Plain Verilog-2001. Test: tb/unit/tech/oct_tech_sram_test.cpp, the same as for the generic one.
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

  always @(posedge clk_i) begin : access
    integer i;
    for (i = 0; i < Width / 8; i = i + 1) begin
      if (req_i && we_i && be_i[i]) mem[addr_i][8*i+:8] <= wdata_i[8*i+:8];
    end
    if (req_i && !we_i) rdata_q <= mem[addr_i];
  end
endmodule
