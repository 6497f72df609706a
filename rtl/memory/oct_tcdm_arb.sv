// SPDX-License-Identifier: Apache-2.0
// oct_tcdm_arb: in every bank, chooses one of the N masters of a class that ask for it. Combinational.
// A tree of two-way choices; bit l of order_i says which side goes first at all nodes of level l, so
// that over all values of order_i each of two rivals wins half the time. Bit-parallel over banks,
// depth log2(N). Test: tb/unit/tcdm/oct_tcdm_test.cpp. Proof: formal/memory/tcdm_arb.sv.
`include "oct_assert.svh"

module oct_tcdm_arb
  import oct_tcdm_pkg::*;
#(
  parameter int unsigned N = 16,
  localparam int unsigned Levels = $clog2(N)
) (
  input  banks_t [N-1:0]    req_i,
  input  banks_t            taken_i,   // banks that a class before this one takes
  input  logic [Levels-1:0] order_i,   // 0: the lower index goes first
  output banks_t [N-1:0]    gnt_o,
  output banks_t            any_o      // banks that anybody of this class asks for
);
  localparam int unsigned Leaves = 1 << Levels;

  // Nodes are numbered as in a heap: children of i are 2i and 2i+1, leaves are Leaves and above.
  always_comb begin
    automatic banks_t asked   [2*Leaves];
    automatic banks_t blocked [2*Leaves];
    for (int unsigned i = 0; i < 2 * Leaves; i++) begin
      asked[i]   = '0;
      blocked[i] = '0;
    end
    gnt_o = '0;
    any_o = '0;
    if (req_i != '0) begin
      for (int unsigned i = 0; i < N; i++) asked[Leaves+i] = req_i[i];
      for (int unsigned i = Leaves - 1; i > 0; i--) asked[i] = asked[2*i] | asked[2*i+1];
      blocked[1] = taken_i;
      for (int unsigned l = 0; l < Levels; l++) begin
        for (int unsigned k = 0; k < (1 << l); k++) begin
          blocked[2*((1<<l)+k)]   = blocked[(1<<l)+k] |
              (order_i[Levels-1-l] ? asked[2*((1<<l)+k)+1] : '0);
          blocked[2*((1<<l)+k)+1] = blocked[(1<<l)+k] |
              (order_i[Levels-1-l] ? '0 : asked[2*((1<<l)+k)]);
        end
      end
      for (int unsigned i = 0; i < N; i++) gnt_o[i] = req_i[i] & ~blocked[Leaves+i];
      any_o = asked[1];
    end
  end
endmodule
