// SPDX-License-Identifier: Apache-2.0
// dma_bursts: whatever the jobs are, a burst is not longer than allowed, never crosses 4 KiB, and
// stands until it is taken or the walk is restarted.
// @files pkg/oct_cluster_pkg.sv dma/oct_dma_pkg.sv dma/oct_dma_rows.sv dma/oct_dma_bursts.sv
// @prove induction 2 cvc5
// @bug rtl/dma/oct_dma_bursts.sv :: assign room      = ~line_q[5:0] & BurstMask; :: assign room      = BurstMask;
// @bug rtl/dma/oct_dma_bursts.sv :: assign burst_o.len   = (rem_q <= RemWidth'(room)) ? rem_q[5:0] : room; :: assign burst_o.len   = rem_q[5:0];
module dma_bursts
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_dma_pkg::*;
(
  input logic                 clk_i,
  input logic                 rst_ni,
  input logic                 restart_i,
  input ptr_t                 restart_ptr_i,
  input ptr_t                 wr_ptr_i,
  input xfer_t [JobSlots-1:0] jobs_i,
  input logic                 ready_i
);
  logic   valid, held_q;
  burst_t burst, burst_q;

  oct_dma_bursts u_bursts (
    .clk_i, .rst_ni, .restart_i, .restart_ptr_i, .wr_ptr_i, .jobs_i,
    .valid_o(valid), .ready_i, .burst_o(burst)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) held_q <= 1'b0;
    else         held_q <= valid && !ready_i && !restart_i;
  end
  always_ff @(posedge clk_i) burst_q <= burst;

  logic started_q = 1'b0;
  always_ff @(posedge clk_i) started_q <= 1'b1;
  always_comb begin
    assume (rst_ni == started_q);
    if (rst_ni && valid && !burst.null_) begin
      Short_A: assert (32'(burst.len) < BurstBeats);
      Page_A:  assert ({1'b0, burst.line[5:0]} + 7'(burst.len) < 7'd64);
    end
    if (rst_ni && held_q) Held_A: assert (valid && burst == burst_q);
    Long_C: cover (rst_ni && valid && !burst.null_ && 32'(burst.len) == BurstBeats - 1);
  end
endmodule
