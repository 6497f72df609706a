// SPDX-License-Identifier: Apache-2.0
// oct_tech_sram_1r1w for FPGAs: takes the place of ../oct_tech_sram_1r1w.sv; see oct_tech_sram here.
// Plain Verilog-2001. Test: tb/unit/tech/oct_tech_sram_1r1w_test.cpp, the same.
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

  always @(posedge clk_i) begin : access
    integer i;
    for (i = 0; i < Width / 8; i = i + 1) begin
      if (wr_req_i && wr_be_i[i]) mem[wr_addr_i][8*i+:8] <= wr_data_i[8*i+:8];
    end
    if (rd_req_i) rd_data_q <= mem[rd_addr_i];
  end
endmodule
