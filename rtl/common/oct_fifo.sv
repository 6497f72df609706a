// SPDX-License-Identifier: Apache-2.0
// oct_fifo: queue of Depth items, ready/valid on both sides. Latency 1, one item per cycle.
// Registered on both sides: no combinational path from input to output, none from out_ready_i to
// in_ready_o, so a full queue accepts again in the cycle after it drained.
// Test: tb/unit/common/oct_fifo_test.cpp.
`include "oct_assert.svh"

module oct_fifo #(
  parameter type         T     = logic [31:0],
  parameter int unsigned Depth = 2,  // any number from 1 on, not only powers of two
  localparam int unsigned CountWidth = $clog2(Depth + 1)
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  clear_i,      // empties the queue; wins over both streams

  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  T                      in_i,

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output T                      out_o,

  output logic [CountWidth-1:0] count_o       // items held
);
  localparam int unsigned PtrWidth = (Depth > 1) ? $clog2(Depth) : 1;
  localparam logic [PtrWidth-1:0] Last = PtrWidth'(Depth - 1);

  T                      mem_q [Depth];
  logic                  push, pop;
  logic [PtrWidth-1:0]   wr_q, rd_q;
  logic [CountWidth-1:0] count_q;

  assign in_ready_o  = count_q != CountWidth'(Depth);
  assign out_valid_o = count_q != '0;
  assign out_o       = mem_q[rd_q];
  assign count_o     = count_q;
  assign push        = in_valid_i && in_ready_o;
  assign pop         = out_valid_o && out_ready_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wr_q    <= '0;
      rd_q    <= '0;
      count_q <= '0;
    end else if (clear_i) begin
      wr_q    <= '0;
      rd_q    <= '0;
      count_q <= '0;
    end else begin
      if (push) wr_q <= (wr_q == Last) ? '0 : wr_q + 1'b1;
      if (pop)  rd_q <= (rd_q == Last) ? '0 : rd_q + 1'b1;
      if (push != pop) count_q <= push ? count_q + 1'b1 : count_q - 1'b1;
    end
  end

  // Items need no reset: count_q says which of them mean anything.
  always_ff @(posedge clk_i) begin
    if (push) mem_q[wr_q] <= in_i;
  end

  `OCT_ASSERT(CountInRange_A, count_q <= CountWidth'(Depth))
  `OCT_ASSERT(OutHeld_A, out_valid_o && !out_ready_i && !clear_i |=> out_valid_o && $stable(out_o))
endmodule
