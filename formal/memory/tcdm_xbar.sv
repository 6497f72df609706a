// SPDX-License-Identifier: Apache-2.0
// tcdm_xbar: in any state of the crossbar, reachable or not, each bank serves one master at most, only a
// bank that was asked for is granted, an asked bank that nothing holds back serves somebody, the
// privileged master gets its bank unless an AMO has it, and nobody but the owner enters a locked bank.
// One step from an arbitrary state, so it holds for ever.
// @config small
// @files pkg/oct_cluster_pkg.sv common/oct_rr_arb.sv memory/oct_tcdm_pkg.sv memory/oct_tcdm_arb.sv memory/oct_tcdm_rescue.sv memory/oct_tcdm_xbar.sv
// @prove sat 1 minisat
// @bug rtl/memory/oct_tcdm_xbar.sv :: line_gnt_o[1] = line_ask[1] & ~((line_first[1] ? '0 : word_any) :: line_gnt_o[1] = line_ask[1] & ~(('0)
// @bug rtl/memory/oct_tcdm_xbar.sv :: .taken_i (line_any | word_any), :: .taken_i (word_any),
// @bug rtl/memory/oct_tcdm_xbar.sv :: ~(held | (vip[NumNarrow+m] ? '0 : hold)); :: ~(vip[NumNarrow+m] ? '0 : hold);
module tcdm_xbar
  import oct_tcdm_pkg::*;
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
(
  input logic                       clk_i,
  input logic                       rst_ni,
  input logic                       clear_i,
  input narrow_req_t  [NumNarrow-1:0] narrow_i,
  input l1_word_req_t [NumWord-1:0]   word_i,
  input l1_line_req_t [NumLine-1:0]   line_i
);
  logic idle;
  logic [NumNarrow-1:0] narrow_ready;
  logic [NumWord-1:0]   word_ready;
  logic [NumLine-1:0][LineLanes-1:0] line_ready;
  banks_t [NumNarrow-1:0] narrow_gnt;
  banks_t [NumWord-1:0]   word_gnt;
  banks_t [NumLine-1:0]   line_gnt;
  bank_idx_t [NumMasters-1:0] bank;
  tcdm_events_t events;

  oct_tcdm_xbar u_xbar (
    .clk_i, .rst_ni, .clear_i, .idle_o(idle), .narrow_i, .word_i, .line_i,
    .narrow_ready_o(narrow_ready), .word_ready_o(word_ready), .line_ready_o(line_ready),
    .narrow_gnt_o(narrow_gnt), .word_gnt_o(word_gnt), .line_gnt_o(line_gnt), .bank_o(bank),
    .events_o(events)
  );

  banks_t once, twice, asked, wanted, owned, owned_twice, strangers, own;
  logic   served, sent;

  always_comb begin
    once        = '0;
    twice       = '0;
    asked       = '0;
    owned       = '0;
    owned_twice = '0;
    strangers   = '0;
    served      = 1'b1;   // the privileged master, if nothing locks it out
    sent        = 1'b1;   // grants lie where the request points
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      own       = narrow_i[m].valid && !clear_i ? banks_t'(1) << l1_bank(narrow_i[m].word) : '0;
      asked     = asked | own;
      twice     = twice | (once & narrow_gnt[m]);
      once      = once | narrow_gnt[m];
      if ((narrow_gnt[m] & ~own) != '0 || narrow_ready[m] != (narrow_gnt[m] != '0)) sent = 1'b0;
      if (narrow_i[m].owner) begin
        owned_twice = owned_twice | (owned & own);
        owned       = owned | own;
        if (own != '0 && !narrow_ready[m]) served = 1'b0;
      end else begin
        strangers = strangers | narrow_gnt[m];
        if (u_xbar.vip[m] && own == u_xbar.hold && (own & u_xbar.held) == '0 && own != '0 &&
            !narrow_ready[m]) served = 1'b0;
      end
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      own       = word_i[m].valid && !clear_i ? banks_t'(1) << l1_bank(word_i[m].word) : '0;
      asked     = asked | own;
      twice     = twice | (once & word_gnt[m]);
      once      = once | word_gnt[m];
      strangers = strangers | word_gnt[m];
      if ((word_gnt[m] & ~own) != '0 || word_ready[m] != (word_gnt[m] != '0)) sent = 1'b0;
      if (u_xbar.vip[NumNarrow+m] && own == u_xbar.hold && (own & u_xbar.held) == '0 && own != '0 &&
          !word_ready[m]) served = 1'b0;
    end
    for (int unsigned m = 0; m < NumLine; m++) begin
      own       = clear_i ? '0 : banks_t'(line_i[m].mask) << (8 * l1_group(line_i[m].line));
      asked     = asked | own;
      twice     = twice | (once & line_gnt[m]);
      once      = once | line_gnt[m];
      strangers = strangers | line_gnt[m];
      if ((line_gnt[m] & ~own) != '0 ||
          banks_t'(line_ready[m]) << (8 * l1_group(line_i[m].line)) != line_gnt[m]) sent = 1'b0;
      if (u_xbar.vip[NumNarrow+NumWord+m] && (own & ~u_xbar.hold) == '0 && (own & u_xbar.held) == '0 &&
          line_ready[m] != (clear_i ? '0 : line_i[m].mask)) served = 1'b0;
    end
    wanted = asked & ~u_xbar.held & ~u_xbar.hold;

    // What the adapters and oct_tcdm_rescue keep: an owner's bank is locked and its alone.
    assume (owned_twice == '0 && (owned & ~u_xbar.held) == '0);
    assume ((u_xbar.vip & (u_xbar.vip - 1'b1)) == '0);

    One_A:    assert (twice == '0);
    Sent_A:   assert (sent);
    Served_A: assert (served);
    Locked_A: assert ((strangers & u_xbar.held) == '0);
    Works_A:  assert ((wanted & ~once) == '0);
  end
endmodule
