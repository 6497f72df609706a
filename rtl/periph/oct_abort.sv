// SPDX-License-Identifier: Apache-2.0
// oct_abort: holds clear_o, after reset and after an abort, until every block has been idle. A block
// that takes longer than late_i cycles is reported; the abort goes on, so a block that drains in the
// end still ends it. Test: tb/unit/periph/oct_ctrl_test.cpp.
`include "oct_assert.svh"

module oct_abort #(
  parameter int unsigned NumBlocks = 16
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 abort_i,     // one cycle; also in the middle of an abort
  input  logic [31:0]          late_i,      // cycles
  input  logic [NumBlocks-1:0] idle_i,
  output logic                 clear_o,
  output logic                 aborted_o,   // the last abort has ended
  output logic                 late_o,
  output logic                 aborted_event_o,
  output logic                 late_event_o,
  output logic [NumBlocks-1:0] busy_o
);
  // A block may need a few cycles to notice clear_o and look busy.
  localparam logic [31:0] Settle = 32'd8;

  logic                 clear_q, by_host_q, aborted_q, late_q;
  logic [31:0]          cycles_q;
  logic [NumBlocks-1:0] idle_q;
  logic                 finish, late;

  assign finish          = clear_q && cycles_q >= Settle && idle_q == '1 && !abort_i;
  assign late            = clear_q && !late_q && cycles_q == late_i && !finish;
  assign clear_o         = clear_q;
  assign aborted_o       = aborted_q;
  assign late_o          = late_q;
  assign aborted_event_o = finish && by_host_q;
  assign late_event_o    = late;
  assign busy_o          = ~idle_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      clear_q   <= 1'b1;
      by_host_q <= 1'b0;
      aborted_q <= 1'b0;
      late_q    <= 1'b0;
      cycles_q  <= '0;
      idle_q    <= '0;
    end else begin
      if (idle_q != idle_i) idle_q <= idle_i;
      if (abort_i) begin
        clear_q   <= 1'b1;
        by_host_q <= 1'b1;
        aborted_q <= 1'b0;
        late_q    <= 1'b0;
        cycles_q  <= '0;
      end else if (clear_q) begin
        cycles_q <= cycles_q + 1'b1;
        if (late) late_q <= 1'b1;
        if (finish) begin
          clear_q   <= 1'b0;
          aborted_q <= by_host_q;
          late_q    <= 1'b0;
        end
      end
    end
  end
endmodule
