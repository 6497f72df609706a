// SPDX-License-Identifier: Apache-2.0
// rr_arb: a request that stands is granted after at most N-1 others, grants are one-hot and asked for.
// @files common/oct_rr_arb.sv
// @prove induction 4 z3
// @bug rtl/common/oct_rr_arb.sv :: after_q <= fill_up(gnt_o) << 1; :: after_q <= fill_up(gnt_o);
// @bug rtl/common/oct_rr_arb.sv :: assign first = req_i & after_q; :: assign first = req_i;
module rr_arb (
  input logic       clk_i,
  input logic       rst_ni,
  input logic [4:0] req_i,
  input logic       take_i,
  input logic [4:0] watched_i   // one-hot, any master, for ever the same
);
  localparam int unsigned N = 5;
  logic [N-1:0] gnt, watched_q;
  logic [2:0]   idx, others_q;
  logic         started_q = 1'b0;
  logic         stood_q;

  oct_rr_arb #(.N(N)) u_arb (.clk_i, .rst_ni, .req_i, .take_i, .gnt_o(gnt), .idx_o(idx));

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    watched_q <= watched_i;
  end

  // Others served while the watched request stood.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      others_q <= '0;
      stood_q  <= 1'b0;
    end else begin
      stood_q  <= (req_i & watched_i) != '0 && !(take_i && gnt == watched_i);
      if ((req_i & watched_i) == '0 || (take_i && gnt == watched_i)) others_q <= '0;
      else if (take_i) others_q <= others_q + 3'd1;
    end
  end

  // Masters that go before the watched one from the pointer's point of view: enough for induction.
  function automatic logic [2:0] ahead(input logic [N-1:0] after, input logic [N-1:0] watched);
    logic [2:0] n;
    logic       w_after;
    n       = '0;
    w_after = (after & watched) != '0;
    for (int unsigned i = 0; i < N; i++) begin
      if (w_after ? (after[i] && (N'(1) << i) < watched) : (after[i] || (N'(1) << i) < watched)) n++;
    end
    return n;
  endfunction

  always_comb begin
    assume (rst_ni == started_q);
    assume (watched_i != '0 && (watched_i & (watched_i - 1'b1)) == '0);
    if (started_q) assume (watched_i == watched_q);
    if (started_q && stood_q) assume ((req_i & watched_i) != '0);
    if (rst_ni) begin
      OneHot_A: assert ((gnt & (gnt - 1'b1)) == '0);
      Asked_A:  assert ((gnt & ~req_i) == '0);
      Works_A:  assert ((gnt != '0) == (req_i != '0));
      Number_A: assert (gnt == '0 ? idx == '0 : gnt == N'(1) << idx);
      // after_q is a run of ones at the top.
      Mask_A:   assert (((~u_arb.after_q) & (~u_arb.after_q + 1'b1)) == '0);
      Bound_A:  assert (others_q <= 3'(N - 1));
      Ahead_A:  assert (32'(others_q) + 32'(ahead(u_arb.after_q, watched_i)) <= N - 1);
    end
  end
endmodule
