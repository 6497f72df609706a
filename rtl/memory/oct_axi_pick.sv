// SPDX-License-Identifier: Apache-2.0
// oct_axi_pick: fixed priority (0 first) with a bound. A client that lost PatienceLimit grants
// while it asked goes before all that did not, so it waits for at most PatienceLimit + N - 1 grants
// to others. Combinational choice; may change while nothing is taken. Test:
// tb/unit/memory/oct_axi_mux_test.cpp.
`include "oct_assert.svh"

module oct_axi_pick #(
  parameter int unsigned N = 4
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic [N-1:0] ask_i,
  input  logic         take_i,   // the choice, if there is one, is taken in this cycle
  output logic [N-1:0] pick_o    // one-hot or zero
);
  localparam int unsigned PatienceLimit = 7;

  logic [N-1:0][2:0] lost_q;
  logic [N-1:0]      urgent, among;

  always_comb begin
    for (int unsigned i = 0; i < N; i++) urgent[i] = ask_i[i] && lost_q[i] == 3'(PatienceLimit);
  end

  assign among  = (urgent != '0) ? urgent : ask_i;
  assign pick_o = among & (~among + 1'b1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      lost_q <= '0;
    end else if (take_i && ask_i != '0) begin
      for (int unsigned i = 0; i < N; i++) begin
        if (pick_o[i] || !ask_i[i]) lost_q[i] <= '0;
        else if (lost_q[i] != 3'(PatienceLimit)) lost_q[i] <= lost_q[i] + 3'd1;
      end
    end
  end

  `OCT_ASSERT(PickOneHot_A, $onehot0(pick_o) && (pick_o & ~ask_i) == '0)
  `OCT_ASSERT(PickIfAsked_A, (pick_o != '0) == (ask_i != '0))
endmodule
