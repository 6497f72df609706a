// SPDX-License-Identifier: Apache-2.0
// tcdm_rescue: the bound of the wait in L1. A master that is refused in every cycle is refused
// 16 + 5 M - 1 times at most, M masters in all, for ever: after 16 cycles it waits for the privilege,
// which each other master has once at most before it, for 5 cycles at most. Assumed: a privileged master
// is refused twice at most, for a lock lasts two cycles (tcdm_lock proves that). For any master.
// @config small
// @files pkg/oct_cluster_pkg.sv common/oct_rr_arb.sv memory/oct_tcdm_pkg.sv memory/oct_tcdm_rescue.sv
// @prove induction 2 cvc5
// @bug rtl/memory/oct_tcdm_rescue.sv :: vip_q      <= candidate & lost_i; :: vip_q      <= vip_q & lost_i;
// @bug rtl/memory/oct_tcdm_rescue.sv :: starving_q <= lost_i & (tick ? waiting_q : starving_q); :: starving_q <= lost_i & (tick ? '0 : starving_q);
// @bug rtl/common/oct_rr_arb.sv :: assign gnt_o = lowest((first != '0) ? first : req_i); :: assign gnt_o = lowest(req_i);
module tcdm_rescue
  import oct_tcdm_pkg::*;
  import oct_cluster_pkg::*;
(
  input logic                       clk_i,
  input logic                       rst_ni,
  input logic [NumMasters-1:0]      lost_i,
  input bank_idx_t [NumMasters-1:0] bank_i,
  input logic [NumMasters-1:0]      watched_i   // any master, one-hot, for ever the same
);
  typedef logic [NumMasters-1:0] masters_t;
  masters_t   vip, watched_q, turn_d, done_q, below, above, others;
  banks_t     hold;
  logic       started_q = 1'b0, starving, moves;
  logic [7:0] lost_q;       // refusals of the watched master, in a row
  logic [1:0] age_q;        // refusals of the privileged one
  logic [7:0] turns, phase;

  oct_tcdm_rescue u_rescue (
    .clk_i, .rst_ni, .clear_i(1'b0), .lost_i, .bank_i, .vip_o(vip), .hold_o(hold)
  );

  assign starving = (u_rescue.starving_q & watched_i) != '0;
  assign below    = watched_i - 1'b1;
  assign above    = ~(below | watched_i);
  // Who holds the privilege, or gets it next, after this cycle.
  assign moves    = lost_i != '0 || u_rescue.waiting_q != '0 || u_rescue.candidate != '0;
  assign turn_d   = !moves ? u_rescue.candidate : u_rescue.free ? u_rescue.chosen
                    : u_rescue.candidate & lost_i;
  assign others   = turn_d & ~watched_i;

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    watched_q <= watched_i;
  end
  // done_q: those that have had the privilege, or have it, since the watched one waits for it.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      lost_q <= '0;
      age_q  <= '0;
      done_q <= '0;
    end else begin
      lost_q <= ((lost_i & watched_i) != '0) ? lost_q + 1'b1 : '0;
      age_q  <= ((vip & lost_i) != '0) ? age_q + 1'b1 : '0;
      done_q <= (starving && (lost_i & watched_i) != '0) ? done_q | others : others;
    end
  end

  always_comb begin
    turns = '0;
    for (int unsigned m = 0; m < NumMasters; m++) turns = turns + 8'(done_q[m]);
    // Cycles of the turn that has begun.
    phase = '0;
    if (u_rescue.next_q != '0) phase = 8'd1;
    if (vip != '0) phase = 8'd2 + 8'(age_q);
  end

  logic     whole, mine;
  masters_t after;
  assign after = u_rescue.u_turn.after_q;
  assign mine  = (u_rescue.candidate & watched_i) != '0;
  assign whole = ((after << 1) & ~after) == '0;

  always_comb begin
    assume (rst_ni == started_q);
    assume (watched_i != '0 && (watched_i & (watched_i - 1'b1)) == '0);
    if (started_q) assume (watched_i == watched_q);
    if (rst_ni) begin
      if (age_q >= 2'd2) assume ((vip & lost_i) == '0);

      Bound_A: assert (lost_q < 8'(16 + 5 * NumMasters));

      // What keeps it so.
      OneVip_A:  assert ((u_rescue.candidate & (u_rescue.candidate - 1'b1)) == '0);
      Either_A:  assert (vip == '0 || u_rescue.next_q == '0);
      Age_A:     assert (age_q <= 2'd2 && (vip != '0 || age_q == '0));
      Waiting_A: assert (((u_rescue.waiting_q & watched_i) != '0) ==
                         (lost_q >= 8'(u_rescue.count_q) + 8'd1));
      Starve_A:  assert (starving == (lost_q >= 8'(u_rescue.count_q) + 8'd9));
      After_A:   assert (whole && (u_rescue.candidate == '0 ||
                         after == ~(u_rescue.candidate | (u_rescue.candidate - 1'b1))));
      NotMe_A:   assert ((done_q & watched_i) == '0);
      Now_A:     assert ((u_rescue.candidate & ~watched_i & ~done_q) == '0);
      // The turns go round: none of those that had theirs comes before the watched one again.
      Order_A:   assert (mine || ((after & watched_i) != '0 ? (done_q & below & after) == '0
                         : (done_q & below) == '0 && (done_q & above & after) == '0));
      if (!starving) begin
        Few_A:   assert (done_q == (u_rescue.candidate & ~watched_i));
      end else begin
        if (mine) Mine_A: assert (lost_q <= 8'd16 + 8'd5 * turns + phase);
        else if (u_rescue.candidate != '0) begin
          Turn_A: assert (lost_q <= 8'd11 + 8'd5 * turns + phase);
        end else begin
          Free_A: assert (lost_q <= 8'd16 + 8'd5 * turns);
        end
      end
    end
  end
endmodule
