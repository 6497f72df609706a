// SPDX-License-Identifier: Apache-2.0
// tcdm_lock: a privileged master is refused twice in a row at most, whatever the others ask for, locks of
// AMOs included: what tcdm_rescue builds its bound upon. Assumed of the masters: what was refused is asked
// for again or not at all (a line without the lanes it got), and what tcdm_amo proves of a core's port: the
// owner of a lock comes in the second cycle after the read that took it, to the same bank, and takes none
// itself. From any state, by induction: for ever.
// @config small
// @files pkg/oct_cluster_pkg.sv common/oct_rr_arb.sv memory/oct_tcdm_pkg.sv memory/oct_tcdm_arb.sv memory/oct_tcdm_rescue.sv memory/oct_tcdm_xbar.sv
// @prove step 8 minisat
// @bug rtl/memory/oct_tcdm_xbar.sv :: lock2_q <= clear_i ? '0 : lock_q; :: lock2_q <= clear_i ? '0 : lock_q | lock2_q;
// @bug rtl/memory/oct_tcdm_xbar.sv :: ~(held | (vip[NumNarrow+m] ? '0 : hold)); :: ~held;
// @bug rtl/memory/oct_tcdm_rescue.sv :: || candidate != '0) begin :: || next_q != '0) begin
// @bug rtl/memory/oct_tcdm_rescue.sv :: line_q <= candidate[NumMasters-1 -: NumLine] != '0; :: line_q <= 1'b0;
// @bug rtl/memory/oct_tcdm_rescue.sv :: if (candidate[m]) bank_d = bank_d | bank_i[m]; :: if (vip_q[m]) bank_d = bank_d | bank_i[m];
module tcdm_lock
  import oct_tcdm_pkg::*;
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
(
  input logic                         clk_i,
  input logic                         rst_ni,
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
    .clk_i, .rst_ni, .clear_i(1'b0), .idle_o(idle), .narrow_i, .word_i, .line_i,
    .narrow_ready_o(narrow_ready), .word_ready_o(word_ready), .line_ready_o(line_ready),
    .narrow_gnt_o(narrow_gnt), .word_gnt_o(word_gnt), .line_gnt_o(line_gnt), .bank_o(bank),
    .events_o(events)
  );

  // ---- What came before ---------------------------------------------------------------------------
  typedef logic [L1WordWidth-1:0] word_t;
  logic [1:0]                        past_q;           // cycles since reset, up to two
  logic [NumMasters-1:0]             lost_q, lost2_q;  // refused
  narrow_req_t  [NumNarrow-1:0]      narrow_q;
  l1_word_req_t [NumWord-1:0]        word_q;
  l1_line_req_t [NumLine-1:0]        line_q;
  logic [NumLine-1:0][LineLanes-1:0] left_q;           // lanes of a line that were refused
  logic [NumNarrow-1:0]              read_q, read2_q;  // a read that locks, granted
  word_t [NumNarrow-1:0]             place_q, place2_q;
  logic [NumMasters-1:0]             vip, vip_q, vip2_q, candidate;
  assign vip       = u_xbar.vip;
  assign candidate = u_xbar.u_rescue.candidate;

  initial past_q = '0;
  always_ff @(posedge clk_i) begin
    past_q   <= {past_q[0], 1'b1};
    lost_q   <= u_xbar.lost;
    lost2_q  <= lost_q;
    vip_q    <= vip;
    vip2_q   <= vip_q;
    narrow_q <= narrow_i;
    word_q   <= word_i;
    line_q   <= line_i;
    read2_q  <= read_q;
    place2_q <= place_q;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      read_q[m]  <= rst_ni && narrow_ready[m] && narrow_i[m].lock;
      place_q[m] <= narrow_i[m].word;
    end
    for (int unsigned m = 0; m < NumLine; m++) left_q[m] <= line_i[m].mask & ~line_ready[m];
  end

  always_ff @(posedge clk_i) begin
    assume (rst_ni == past_q[0]);
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      if (past_q[0] && lost_q[m] && narrow_i[m].valid) assume (narrow_i[m] == narrow_q[m]);
      if (narrow_i[m].owner) begin
        assume (read2_q[m] && narrow_i[m].word == place2_q[m] && !narrow_i[m].lock);
      end
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      if (past_q[0] && lost_q[NumNarrow+m] && word_i[m].valid) assume (word_i[m] == word_q[m]);
    end
    for (int unsigned m = 0; m < NumLine; m++) begin
      if (past_q[0] && lost_q[NumNarrow+NumWord+m] && line_i[m].mask != '0) begin
        assume (line_i[m].line == line_q[m].line && (line_i[m].mask & ~left_q[m]) == '0);
      end
    end
    assume ((candidate & (candidate - 1'b1)) == '0);  // tcdm_rescue
    if (past_q == 2'b11) begin
      Twice_A: assert ((vip & u_xbar.lost & vip_q & lost_q & vip2_q & lost2_q) == '0);
    end
  end
endmodule
