// SPDX-License-Identifier: Apache-2.0
// Arbiters of several sizes for oct_rr_arb_test.cpp.
module tb_rr_arb1 (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic [0:0] req_i,
  input  logic       take_i,
  output logic [0:0] gnt_o,
  output logic [0:0] idx_o
);
  oct_rr_arb #(.N(1)) u_arb (.clk_i, .rst_ni, .req_i, .take_i, .gnt_o, .idx_o);
endmodule

module tb_rr_arb5 (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic [4:0] req_i,
  input  logic       take_i,
  output logic [4:0] gnt_o,
  output logic [2:0] idx_o
);
  oct_rr_arb #(.N(5)) u_arb (.clk_i, .rst_ni, .req_i, .take_i, .gnt_o, .idx_o);
endmodule

module tb_rr_arb26 (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic [25:0] req_i,
  input  logic        take_i,
  output logic [25:0] gnt_o,
  output logic [4:0]  idx_o
);
  oct_rr_arb #(.N(26)) u_arb (.clk_i, .rst_ni, .req_i, .take_i, .gnt_o, .idx_o);
endmodule
