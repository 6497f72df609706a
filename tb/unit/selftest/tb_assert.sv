// SPDX-License-Identifier: Apache-2.0
// Breaks one rule per input, to show that the assertion macros and the harness notice.
`include "oct_assert.svh"

module tb_assert (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       bad_now_i,
  input  logic       bad_comb_i,
  input  logic       valid_i,
  input  logic       ready_i,
  input  logic [7:0] data_i,
  output logic [7:0] count_o
);
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) count_o <= '0;
    else count_o <= count_o + 8'd1;
  end

  `OCT_ASSERT(BadNow_A, !bad_now_i)
  `OCT_ASSERT_COMB(BadComb_A, !bad_comb_i)
  `OCT_ASSERT_STREAM(Stream_A, valid_i, ready_i, data_i)
  `OCT_COVER(Wrap_C, count_o == 8'hff)
endmodule
