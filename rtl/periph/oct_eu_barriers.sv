// SPDX-License-Identifier: Apache-2.0
// oct_eu_barriers: NumBarriers barriers over any subset of the cores. The arrival of the last core
// releases all in the same cycle. A mask that becomes a subset of those waiting releases them too.
// Test: tb/unit/periph/oct_event_unit_test.cpp.
`include "oct_assert.svh"

module oct_eu_barriers
  import oct_config_pkg::*;
#(
  localparam int unsigned IdxWidth = $clog2(NumBarriers)
) (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 clear_i,
  input  logic [NumCores-1:0]                  drop_i,       // this core waits no longer

  input  logic [NumCores-1:0]                  arrive_i,     // reads BARRIER_WAIT: one cycle
  input  logic [NumCores-1:0][IdxWidth-1:0]    idx_i,        // which barrier it is about
  output logic [NumCores-1:0]                  release_o,

  input  logic                                 mask_we_i,
  input  logic [IdxWidth-1:0]                  mask_idx_i,
  input  logic [NumCores-1:0]                  mask_i,
  output logic [NumBarriers-1:0][NumCores-1:0] masks_o
);
  logic [NumBarriers-1:0][NumCores-1:0] mask_q, here_q, here_d;
  logic                                 look_q;   // a mask or a waiting core changed

  assign masks_o = mask_q;

  always_comb begin
    here_d    = here_q;
    release_o = '0;
    if (arrive_i != '0 || look_q) begin
      for (int unsigned b = 0; b < NumBarriers; b++) begin
        for (int unsigned c = 0; c < NumCores; c++) begin
          if (arrive_i[c] && idx_i[c] == IdxWidth'(b)) here_d[b][c] = 1'b1;
        end
        if ((mask_q[b] & ~here_d[b]) == '0) begin
          release_o |= here_d[b];
          here_d[b]  = '0;
        end
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      mask_q <= '0;
      here_q <= '0;
      look_q <= 1'b0;
    end else if (clear_i) begin
      here_q <= '0;
      look_q <= 1'b0;
    end else if (arrive_i != '0 || look_q || mask_we_i || drop_i != '0) begin
      look_q <= mask_we_i;
      here_q <= here_d & ~{NumBarriers{drop_i}};
      if (mask_we_i) mask_q[mask_idx_i] <= mask_i;
    end
  end
endmodule
