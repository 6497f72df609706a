// SPDX-License-Identifier: Apache-2.0
// oct_rr_arb: round-robin choice among N requests, in the same cycle. A request that stands is
// granted after at most N-1 others. Bit-parallel, depth log2(N).
// Test: tb/unit/common/oct_rr_arb_test.cpp.
`include "oct_assert.svh"

module oct_rr_arb #(
  parameter int unsigned N = 4,
  localparam int unsigned IdxWidth = (N > 1) ? $clog2(N) : 1
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic [N-1:0]        req_i,
  input  logic                take_i,   // the grant is used: its owner goes to the end of the line
  output logic [N-1:0]        gnt_o,    // one-hot; zero only if nobody asks
  output logic [IdxWidth-1:0] idx_o     // the same as a number, 0 if nobody asks
);
  // Bit i is set if bit i or any bit below it is.
  function automatic logic [N-1:0] fill_up(logic [N-1:0] bits);
    logic [N-1:0] filled;
    filled = bits;
    for (int unsigned s = 1; s < N; s = s << 1) filled = filled | (filled << s);
    return filled;
  endfunction

  function automatic logic [N-1:0] lowest(logic [N-1:0] bits);
    return bits & ~(fill_up(bits) << 1);
  endfunction

  logic [N-1:0] after_q;  // those behind the last one served; they go first
  logic [N-1:0] first;

  assign first = req_i & after_q;
  assign gnt_o = lowest((first != '0) ? first : req_i);

  always_comb begin
    idx_o = '0;
    for (int unsigned i = 0; i < N; i++) begin
      if (gnt_o[i]) idx_o = idx_o | IdxWidth'(i);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      after_q <= '0;
    end else if (take_i && req_i != '0) begin
      after_q <= fill_up(gnt_o) << 1;
    end
  end

  `OCT_ASSERT(GrantOneHot_A, $onehot0(gnt_o))
  `OCT_ASSERT(GrantRequested_A, (gnt_o & ~req_i) == '0)
  `OCT_ASSERT(WorkConserving_A, (gnt_o != '0) == (req_i != '0))
endmodule
