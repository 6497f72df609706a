// SPDX-License-Identifier: Apache-2.0
// oct_skid: cuts every combinational path of a ready/valid stream, data and ready alike.
// Latency 1, one item per cycle, room for two. Test: tb/unit/common/oct_skid_test.cpp.
`include "oct_assert.svh"

module oct_skid #(
  parameter type T = logic [31:0]
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,      // drops what is held; wins over both streams

  input  logic in_valid_i,
  output logic in_ready_o,
  input  T     in_i,

  output logic out_valid_o,
  input  logic out_ready_i,
  output T     out_o
);
  logic out_valid_q, skid_valid_q, take;
  T     out_q, skid_q;

  assign in_ready_o  = !skid_valid_q;
  assign out_valid_o = out_valid_q;
  assign out_o       = out_q;
  assign take        = out_ready_i || !out_valid_q;  // the output register takes an item

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      out_valid_q  <= 1'b0;
      skid_valid_q <= 1'b0;
    end else if (clear_i) begin
      out_valid_q  <= 1'b0;
      skid_valid_q <= 1'b0;
    end else if (take) begin
      out_valid_q  <= skid_valid_q || in_valid_i;
      skid_valid_q <= 1'b0;
    end else if (in_valid_i) begin
      skid_valid_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) out_q <= skid_valid_q ? skid_q : in_i;
    if (in_ready_o && in_valid_i) skid_q <= in_i;
  end

  `OCT_ASSERT(SkidBehindOut_A, skid_valid_q |-> out_valid_q)
  `OCT_ASSERT(OutHeld_A, out_valid_o && !out_ready_i && !clear_i |=> out_valid_o && $stable(out_o))
endmodule
