// SPDX-License-Identifier: Apache-2.0
// Queues of other depths and another item type for oct_fifo_test.cpp.
package tb_fifo_pkg;
  typedef struct packed {
    logic [7:0]  tag;
    logic [23:0] data;
  } item_t;
endpackage

module tb_fifo_depth1 (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               clear_i,
  input  logic               in_valid_i,
  output logic               in_ready_o,
  input  tb_fifo_pkg::item_t in_i,
  output logic               out_valid_o,
  input  logic               out_ready_i,
  output tb_fifo_pkg::item_t out_o,
  output logic               count_o
);
  oct_fifo #(.T(tb_fifo_pkg::item_t), .Depth(1)) u_fifo (
    .clk_i, .rst_ni, .clear_i, .in_valid_i, .in_ready_o, .in_i, .out_valid_o, .out_ready_i, .out_o,
    .count_o
  );
endmodule

module tb_fifo_depth5 (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               clear_i,
  input  logic               in_valid_i,
  output logic               in_ready_o,
  input  tb_fifo_pkg::item_t in_i,
  output logic               out_valid_o,
  input  logic               out_ready_i,
  output tb_fifo_pkg::item_t out_o,
  output logic [2:0]         count_o
);
  oct_fifo #(.T(tb_fifo_pkg::item_t), .Depth(5)) u_fifo (
    .clk_i, .rst_ni, .clear_i, .in_valid_i, .in_ready_o, .in_i, .out_valid_o, .out_ready_i, .out_o,
    .count_o
  );
endmodule
