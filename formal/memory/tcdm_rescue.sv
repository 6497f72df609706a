// SPDX-License-Identifier: Apache-2.0
// tcdm_rescue: whoever is refused again and again is served within the bound, however unfair the
// arbitration is to all but the privileged master. That one is refused only while an AMO's lock lies on
// its bank: never three cycles in a row (proved in tcdm_xbar). Bound: 2 * Patience + 5 * masters.
// @config small
// @files pkg/oct_cluster_pkg.sv common/oct_rr_arb.sv memory/oct_tcdm_pkg.sv memory/oct_tcdm_rescue.sv
// @prove bmc 56 z3
// @bug rtl/memory/oct_tcdm_rescue.sv :: starving_q <= lost_i & (tick ? waiting_q : starving_q); :: starving_q <= '0;
module tcdm_rescue
  import oct_tcdm_pkg::*;
(
  input logic                       clk_i,
  input logic                       rst_ni,
  input logic [NumMasters-1:0]      lost_i,
  input bank_idx_t [NumMasters-1:0] bank_i,
  input logic [NumMasters-1:0]      watched_i
);
  localparam int unsigned Bound = 2 * Patience + 5 * NumMasters;
  logic [NumMasters-1:0] vip, vip_q, watched_q;
  banks_t                hold;
  logic [1:0]            refused_q;   // cycles in which the privileged master was refused
  logic [6:0]            waited_q;
  logic                  started_q = 1'b0;

  oct_tcdm_rescue u_rescue (
    .clk_i, .rst_ni, .clear_i(1'b0), .lost_i, .bank_i, .vip_o(vip), .hold_o(hold)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    watched_q <= watched_i;
    vip_q     <= vip;
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      refused_q <= '0;
      waited_q  <= '0;
    end else begin
      refused_q <= ((vip & lost_i) != '0) ? refused_q + 2'd1 : 2'd0;
      waited_q  <= ((lost_i & watched_i) != '0) ? waited_q + 7'd1 : 7'd0;
    end
  end

  always_comb begin
    assume (rst_ni == started_q);
    assume (watched_i != '0 && (watched_i & (watched_i - 1'b1)) == '0);
    if (started_q) assume (watched_i == watched_q);
    if (refused_q == 2'd2) assume ((vip & lost_i) == '0);
    if (rst_ni) begin
      OneVip_A: assert ((vip & (vip - 1'b1)) == '0);
      Hold_A:   assert ((vip == '0) == (hold == '0));
      Bound_A:  assert (waited_q <= 7'(Bound));
    end
  end
endmodule
