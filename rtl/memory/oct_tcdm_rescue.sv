// SPDX-License-Identifier: Apache-2.0
// oct_tcdm_rescue: lets nobody starve in L1. A master refused for long becomes the one privileged
// master: its bank (a line port's group of banks) is kept free of all others until it is served.
// Waiting masters are privileged in turn, and the privilege lies in flip-flops: it costs the
// arbitration no time. Bound and proofs: docs/architecture/tcdm.md, formal/memory/tcdm_rescue.sv,
// tcdm_lock.sv.
module oct_tcdm_rescue
  import oct_tcdm_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       clear_i,

  input  logic [NumMasters-1:0]      lost_i,   // asked and was refused in this cycle
  input  bank_idx_t [NumMasters-1:0] bank_i,   // where; a line port's first bank
  output logic [NumMasters-1:0]      vip_o,    // one-hot or zero
  output banks_t                     hold_o    // banks for vip_o alone
);
  localparam int unsigned CountWidth = $clog2(Patience);

  logic [CountWidth-1:0] count_q;
  logic [NumMasters-1:0] waiting_q, starving_q, chosen, next_q, vip_q, candidate;
  bank_idx_t             bank_d, bank_q;
  logic                  line_q, tick, free;
  logic [$clog2(NumMasters)-1:0] unused_idx;

  oct_rr_arb #(.N(NumMasters)) u_turn (
    .clk_i, .rst_ni,
    .req_i  (starving_q),
    .take_i (free),
    .gnt_o  (chosen),
    .idx_o  (unused_idx)
  );

  assign tick      = count_q == '1;
  assign free      = vip_q == '0 && next_q == '0;
  assign candidate = vip_q | next_q;  // one of them is zero

  always_comb begin
    bank_d = '0;
    if (candidate != '0) begin
      for (int unsigned m = 0; m < NumMasters; m++) begin
        if (candidate[m]) bank_d = bank_d | bank_i[m];
      end
    end
  end

  always_comb begin
    hold_o = '0;
    if (vip_q != '0) begin
      hold_o = line_q ? banks_t'(8'hff) << {bank_q[BankIdxWidth-1:3], 3'd0} : banks_t'(1) << bank_q;
    end
  end
  assign vip_o = vip_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q    <= '0;
      waiting_q  <= '0;
      starving_q <= '0;
      next_q     <= '0;
      vip_q      <= '0;
    end else if (clear_i) begin
      waiting_q  <= '0;
      starving_q <= '0;
      next_q     <= '0;
      vip_q      <= '0;
    end else if (lost_i != '0 || waiting_q != '0 || candidate != '0) begin
      count_q    <= count_q + 1'b1;
      waiting_q  <= lost_i & (tick ? '1 : waiting_q);
      starving_q <= lost_i & (tick ? waiting_q : starving_q);
      next_q     <= free ? chosen : '0;
      vip_q      <= candidate & lost_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (candidate != '0) begin
      bank_q <= bank_d;
      line_q <= candidate[NumMasters-1 -: NumLine] != '0;
    end
  end
endmodule
