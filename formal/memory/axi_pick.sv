// SPDX-License-Identifier: Apache-2.0
// axi_pick: one client at a time, one that asks, the first if nobody is urgent; a client that keeps
// asking loses at most 7 + N - 1 grants to others. Seven lost grants make it urgent; then each
// client above it goes before it once at most, for after that it is far from urgent itself.
// @files memory/oct_axi_pick.sv
// @prove induction 3 cvc5
// @bug rtl/memory/oct_axi_pick.sv :: assign among  = (urgent != '0) ? urgent : ask_i; :: assign among  = ask_i;
// @bug rtl/memory/oct_axi_pick.sv :: if (pick_o[i] || !ask_i[i]) lost_q[i] <= '0; :: if (pick_o[i] || ask_i[i]) lost_q[i] <= '0;
module axi_pick (
  input logic       clk_i,
  input logic       rst_ni,
  input logic [3:0] ask_i,
  input logic       take_i,
  input logic [1:0] watched_i   // any client, for ever the same
);
  logic [3:0] pick;
  logic [3:0] others_q;         // grants to others since the watched client asks
  logic [1:0] watched_q;
  logic       started_q = 1'b0;
  logic       stood_q;
  logic [3:0] done_q;           // served while the watched client was urgent

  oct_axi_pick #(.N(4)) u_pick (.clk_i, .rst_ni, .ask_i, .take_i, .pick_o(pick));

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    watched_q <= watched_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      others_q <= '0;
      done_q   <= '0;
      stood_q  <= 1'b0;
    end else begin
      stood_q <= ask_i[watched_i] && !(take_i && pick[watched_i]);
      if (!ask_i[watched_i] || (take_i && pick[watched_i])) begin
        others_q <= '0;
        done_q   <= '0;
      end else if (take_i) begin
        others_q <= others_q + 4'd1;
        if (others_q >= 4'd7) done_q <= done_q | pick;
      end
    end
  end

  always_comb begin
    assume (rst_ni == started_q);
    if (started_q) assume (watched_i == watched_q);
    if (started_q && stood_q) assume (ask_i[watched_i]);
    if (rst_ni) begin
      OneHot_A: assert ((pick & (pick - 1'b1)) == '0);
      Asked_A:  assert ((pick & ~ask_i) == '0);
      Works_A:  assert ((pick != '0) == (ask_i != '0));
      First_A:  assert (!ask_i[0] || pick[0] || u_pick.lost_q != '0);
      Bound_A:  assert (others_q <= 4'd10);
      Lost_A:   assert (4'(u_pick.lost_q[watched_i]) >= (others_q < 4'd7 ? others_q : 4'd7));
      Done_A:   assert (!done_q[watched_i] && (others_q >= 4'd7 || done_q == '0));
      Once_A:   assert (others_q < 4'd7 || others_q - 4'd7 == 4'(done_q[0]) + 4'(done_q[1])
                        + 4'(done_q[2]) + 4'(done_q[3]));
      Far0_A:   assert (!done_q[0] || 4'(u_pick.lost_q[0]) <= others_q - 4'd7);
      Far1_A:   assert (!done_q[1] || 4'(u_pick.lost_q[1]) <= others_q - 4'd7);
      Far2_A:   assert (!done_q[2] || 4'(u_pick.lost_q[2]) <= others_q - 4'd7);
      Far3_A:   assert (!done_q[3] || 4'(u_pick.lost_q[3]) <= others_q - 4'd7);
      Asks_A:   assert (stood_q || others_q == '0);
    end
  end
endmodule
