// SPDX-License-Identifier: Apache-2.0
// oct_dma_steps: for every source line of the jobs, in order, where its bytes go. One step per
// cycle; 3 cycles from a job in its slot to its first step.
// Test: tb/unit/dma/oct_dma_test.cpp.
module oct_dma_steps
  import oct_cluster_pkg::*;
  import oct_dma_pkg::*;
#(
  // DMA-out needs only the bytes' places in their lines: L1 is the source, AXI has its addresses.
  parameter bit Out = 1'b0
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 restart_i,
  input  ptr_t                 restart_ptr_i,
  input  ptr_t                 wr_ptr_i,
  input  xfer_t [JobSlots-1:0] jobs_i,

  output logic                 valid_o,
  input  logic                 ready_i,
  output step_t                step_o
);
  localparam int unsigned L2Width = Out ? 6 : 32;
  localparam int unsigned L1Width = Out ? 6 : L1AddrWidth;

  logic                   row_valid, row_ready, row_null, row_fill, row_last;
  logic [L1AddrWidth-1:0] row_length;
  logic [L2Width-1:0]     row_l2;
  logic [L1Width-1:0]     row_l1;
  logic [31:0]            l2;
  logic [L1AddrWidth-1:0] l1;

  oct_dma_rows #(.L2Width(L2Width), .L1Width(L1Width)) u_rows (
    .clk_i, .rst_ni, .restart_i, .restart_ptr_i, .wr_ptr_i, .jobs_i,
    .row_valid_o(row_valid), .row_ready_i(row_ready), .null_o(row_null), .fill_o(row_fill),
    .last_o(row_last), .length_o(row_length), .l2_o(row_l2), .l1_o(row_l1)
  );

  // ---- The row: lines, rotation ------------------------------------------------------------
  logic [5:0]             from, to;
  logic [L1AddrWidth:0]   span;

  always_comb begin
    l2 = '0;
    l1 = '0;
    l2[L2Width-1:0] = row_l2;
    l1[L1Width-1:0] = row_l1;
  end
  assign to   = Out ? l2[5:0] : l1[5:0];
  assign from = Out ? l1[5:0] : (row_fill ? l1[5:0] : l2[5:0]);
  assign span = {1'b0, row_length} + (L1AddrWidth + 1)'(from);

  logic                   valid_q, null_q, fill_q, last_q, first_q, line_last;
  logic [5:0]             from_q, rot_q, end_q;
  logic [RemWidth-1:0]    rem_q;
  logic [L1LineWidth-1:0] line_q;
  logic [25:0]            src_q;

  // ---- The line: masks, after the rotation ----------------------------------------------------
  logic       step_ready;
  logic [6:0] low, high;

  assign line_last  = null_q || (rem_q == '0);
  assign step_ready = !valid_o || ready_i;
  assign row_ready  = !valid_q || (step_ready && line_last);
  assign low        = 7'(rot_q) + (first_q ? 7'(from_q) : 7'd0);
  assign high       = 7'(rot_q) + ((rem_q == '0) ? 7'(end_q) + 7'd1 : 7'd64);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      valid_o <= 1'b0;
    end else if (restart_i) begin
      valid_q <= 1'b0;
      valid_o <= 1'b0;
    end else begin
      if (row_ready)  valid_q <= row_valid;
      if (step_ready) valid_o <= valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (row_ready) begin
      if (row_valid) begin
        null_q  <= row_null;
        fill_q  <= row_fill;
        last_q  <= row_last;
        first_q <= 1'b1;
        from_q  <= from;
        rot_q   <= to - from;
        end_q   <= span[5:0];
        rem_q   <= span[L1AddrWidth:6];
        // If the first bytes wrap around, they are the hi part of a line that is not there.
        line_q  <= l1[L1AddrWidth-1:6] - L1LineWidth'(to < from);
        src_q   <= l2[31:6];
      end
    end else if (step_ready) begin
      first_q <= 1'b0;
      rem_q   <= rem_q - 1'b1;
      line_q  <= line_q + 1'b1;
      src_q   <= src_q + 26'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (step_ready && valid_q) begin
      step_o.null_   <= null_q;
      step_o.fill    <= fill_q;
      step_o.last    <= last_q && line_last;
      step_o.row_end <= line_last;
      step_o.lo      <= !null_q && !low[6];
      step_o.hi      <= !null_q && (high > 7'd64);
      step_o.rot     <= rot_q;
      step_o.lo_mask <= below(high) & ~below(low);
      step_o.hi_mask <= below({1'b0, high[5:0] & {6{high[6]}}}) &
                        ~below({1'b0, low[5:0] & {6{low[6]}}});
      step_o.line    <= line_q;
      step_o.src     <= src_q;
    end
  end
endmodule
