// SPDX-License-Identifier: Apache-2.0
// tcdm_arb: in every bank one master at most, only one that asked, none where a class before took the
// bank, and somebody wherever anybody asked. Combinational, so one step is the whole proof.
// @files pkg/oct_cluster_pkg.sv memory/oct_tcdm_pkg.sv memory/oct_tcdm_arb.sv
// @prove sat 1 minisat
// @bug rtl/memory/oct_tcdm_arb.sv :: blocked[1] = taken_i; :: blocked[1] = '0;
// @bug rtl/memory/oct_tcdm_arb.sv :: (order_i[Levels-1-l] ? '0 : asked[2*((1<<l)+k)]); :: (order_i[Levels-1-l] ? '0 : asked[(1<<l)+k]);
module tcdm_arb
  import oct_tcdm_pkg::*;
(
  input banks_t [9:0] req_i,
  input banks_t       taken_i,
  input logic [3:0]   order_i
);
  banks_t [9:0] gnt;
  banks_t       any, asked, once, twice;

  oct_tcdm_arb #(.N(10)) u_arb (.req_i, .taken_i, .order_i, .gnt_o(gnt), .any_o(any));

  always_comb begin
    asked = '0;
    once  = '0;
    twice = '0;
    for (int unsigned m = 0; m < 10; m++) begin
      asked = asked | req_i[m];
      twice = twice | (once & gnt[m]);
      once  = once | gnt[m];
    end
  end

  always_comb begin
    One_A:   assert (twice == '0);
    Asked_A: assert ((gnt & ~req_i) == '0);
    Any_A:   assert (any == asked);
    Works_A: assert (once == (asked & ~taken_i));
  end
endmodule
