// SPDX-License-Identifier: Apache-2.0
// oct_cycles: mcycle. A module of its own, with outputs that are still unless they are read: it is all
// that changes in a sleeping core, so that a simulator need not look at the rest.
// Test: tb/unit/core/oct_core_test.cpp.
module oct_cycles (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,
  input  logic        inhibit_i,
  input  logic        low_i,       // mcycle is addressed; high_i: mcycleh
  input  logic        high_i,
  input  logic        read_i,
  input  logic        write_i,
  input  logic [31:0] wdata_i,
  output logic [31:0] rdata_o
);
  logic [31:0] low_q, high_q;
  logic        full_q;             // the low half is all ones

  always_comb begin
    rdata_o = '0;
    if (read_i) rdata_o = (low_q & {32{low_i}}) | (high_q & {32{high_i}});
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      low_q  <= '0;
      high_q <= '0;
      full_q <= 1'b0;
    end else if (clear_i) begin
      low_q  <= '0;
      high_q <= '0;
      full_q <= 1'b0;
    end else if (write_i && (low_i || high_i)) begin
      // Wins over the count of its own cycle.
      if (low_i) low_q   <= wdata_i;
      if (low_i) full_q  <= &wdata_i;
      if (high_i) high_q <= wdata_i;
    end else if (!inhibit_i) begin
      low_q  <= low_q + 32'd1;
      full_q <= low_q == 32'hffff_fffe;
      if (full_q) high_q <= high_q + 32'd1;
    end
  end
endmodule
