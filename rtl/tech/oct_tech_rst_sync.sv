// SPDX-License-Identifier: Apache-2.0
// oct_tech_rst_sync: brings a reset into a clock domain: it begins at once, without a clock, and ends
// with a rising edge, two to three cycles after rst_ni rose. In test mode rst_ni passes straight
// through, so that scan controls every reset. Test: tb/unit/tech/oct_tech_rst_sync_test.cpp.
module oct_tech_rst_sync (
  input  wire clk_i,
  input  wire rst_ni,
  input  wire test_en_i,
  output wire rst_no
);
  reg [1:0] sync_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) sync_q <= 2'b00;
    else sync_q <= {sync_q[0], 1'b1};
  end

  assign rst_no = test_en_i ? rst_ni : sync_q[1];
endmodule
