// SPDX-License-Identifier: Apache-2.0
// fifo: what goes in comes out once, in order, unchanged; it is never over- or underrun. One item, any
// one, is followed from its entry to its exit.
// @files common/oct_fifo.sv
// @prove induction 3 z3
// @bug rtl/common/oct_fifo.sv :: rd_q <= (rd_q == Last) ? '0 : rd_q + 1'b1; :: rd_q <= rd_q + 1'b1;
// @bug rtl/common/oct_fifo.sv :: assign in_ready_o  = count_q != CountWidth'(Depth); :: assign in_ready_o  = 1'b1;
module fifo (
  input logic       clk_i,
  input logic       rst_ni,
  input logic       clear_i,
  input logic       in_valid_i,
  input logic [7:0] in_i,
  input logic       out_ready_i,
  input logic       follow_i     // follow the item that enters now
);
  localparam int unsigned Depth = 5;
  logic       in_ready, out_valid, push, pop, followed_q;
  logic [7:0] out, data_q;
  logic [2:0] count, before_q;    // items before the followed one
  logic [2:0] slot;
  logic       started_q = 1'b0;

  oct_fifo #(.T(logic [7:0]), .Depth(Depth)) u_fifo (
    .clk_i, .rst_ni, .clear_i, .in_valid_i, .in_ready_o(in_ready), .in_i,
    .out_valid_o(out_valid), .out_ready_i, .out_o(out), .count_o(count)
  );

  assign push = in_valid_i && in_ready;
  assign pop  = out_valid && out_ready_i;

  always_ff @(posedge clk_i) started_q <= 1'b1;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      followed_q <= 1'b0;
      before_q   <= '0;
      data_q     <= '0;
    end else if (clear_i) begin
      followed_q <= 1'b0;
    end else if (!followed_q) begin
      followed_q <= push && follow_i;
      before_q   <= count - 3'(pop);
      data_q     <= in_i;
    end else if (pop) begin
      followed_q <= before_q != '0;
      before_q   <= before_q - 1'b1;
    end
  end

  assign slot = 3'((32'(u_fifo.rd_q) + 32'(before_q)) % Depth);

  always_comb begin
    assume (rst_ni == started_q);
    if (rst_ni) begin
      Count_A:  assert (count <= 3'(Depth));
      Full_A:   assert (in_ready == (count != 3'(Depth)));
      Empty_A:  assert (out_valid == (count != '0));
      Range_A:  assert (u_fifo.rd_q < 3'(Depth) && u_fifo.wr_q < 3'(Depth));
      Gap_A:    assert (32'(u_fifo.wr_q) == (32'(u_fifo.rd_q) + 32'(count)) % Depth);
      Inside_A: assert (!followed_q || before_q < count);
      Kept_A:   assert (!followed_q || u_fifo.mem_q[slot] == data_q);
      Data_A:   assert (!followed_q || before_q != '0 || out == data_q);
    end
  end
endmodule
