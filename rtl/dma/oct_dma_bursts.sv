// SPDX-License-Identifier: Apache-2.0
// oct_dma_bursts: the AXI bursts of the jobs in their slots, in order, one per cycle. A job that
// needs no burst gives one null item, so that the user sees every job end.
// Test: tb/unit/dma/oct_dma_test.cpp.
module oct_dma_bursts
  import oct_cluster_pkg::*;
  import oct_dma_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 restart_i,
  input  ptr_t                 restart_ptr_i,
  input  ptr_t                 wr_ptr_i,
  input  xfer_t [JobSlots-1:0] jobs_i,

  output logic                 valid_o,
  input  logic                 ready_i,
  output burst_t               burst_o
);
  logic                   row_valid, row_ready, row_null, row_fill, row_last;
  logic [L1AddrWidth-1:0] row_length;
  logic [31:0]            row_l2;
  logic                   unused_l1;

  oct_dma_rows #(.L2Width(32), .L1Width(1)) u_rows (
    .clk_i, .rst_ni, .restart_i, .restart_ptr_i, .wr_ptr_i, .jobs_i,
    .row_valid_o(row_valid), .row_ready_i(row_ready), .null_o(row_null), .fill_o(row_fill),
    .last_o(row_last), .length_o(row_length), .l2_o(row_l2), .l1_o(unused_l1)
  );

  logic                valid_q, null_q, last_q, row_done;
  logic [25:0]         line_q;
  logic [RemWidth-1:0] rem_q, row_rem;  // lines of the row behind this one
  logic [5:0]          room;            // lines behind this one until the burst must end
  logic [L1AddrWidth:0] span;

  assign span      = {1'b0, row_length} + (L1AddrWidth + 1)'(row_l2[5:0]);
  assign row_rem   = span[L1AddrWidth:6];
  assign room      = ~line_q[5:0] & BurstMask;
  assign row_done  = null_q || (rem_q <= RemWidth'(room));
  assign row_ready = !valid_q || (ready_i && row_done);

  assign valid_o       = valid_q;
  assign burst_o.null_ = null_q;
  assign burst_o.last  = last_q && row_done;
  assign burst_o.line  = line_q;
  assign burst_o.len   = (rem_q <= RemWidth'(room)) ? rem_q[5:0] : room;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)        valid_q <= 1'b0;
    else if (restart_i) valid_q <= 1'b0;
    else if (row_ready) valid_q <= row_valid;
  end

  always_ff @(posedge clk_i) begin
    if (row_ready) begin
      if (row_valid) begin
        null_q <= row_null || row_fill;
        last_q <= row_last;
        line_q <= row_l2[31:6];
        rem_q  <= row_rem;
      end
    end else if (ready_i) begin
      line_q <= (line_q | 26'(BurstMask)) + 26'd1;
      rem_q  <= rem_q - RemWidth'(room) - 1'b1;
    end
  end

  logic unused;
  assign unused = ^{span[5:0], unused_l1};
endmodule
