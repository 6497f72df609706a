// SPDX-License-Identifier: Apache-2.0
// tcdm_amo: a core's port of L1 answers every access it took, once, in the next cycle, with what came back
// for that access; an AMO gives the old value and writes the operation's result while the bank is locked;
// nothing is asked of the crossbar that the core does not ask for. For ever.
// @config small
// @files pkg/oct_cluster_pkg.sv memory/oct_tcdm_pkg.sv memory/oct_tcdm_amo.sv
// @prove induction 4 cvc5
// @bug rtl/memory/oct_tcdm_amo.sv :: answer_q <= core_i.valid && ready; :: answer_q <= core_i.valid && (ready || xbar_ready_i);
// @bug rtl/memory/oct_tcdm_amo.sv :: local_q <= state_q == StWrite || state_q == StSc; :: local_q <= state_q == StSc;
// @bug rtl/memory/oct_tcdm_amo.sv :: if (state_q == StOld) kept_q <= xbar_rdata_i; :: if (state_q == StIdle) kept_q <= xbar_rdata_i;
module tcdm_amo
  import oct_tcdm_pkg::*;
  import oct_cluster_pkg::*;
(
  input logic                   clk_i,
  input logic                   rst_ni,
  input logic                   clear_i,
  input data_req_t              core_i,
  input logic                   ready_i,
  input logic [31:0]            rdata_i,
  input logic                   reserved_i,
  input logic [L1WordWidth-1:0] res_word_i
);
  data_rsp_t   core;
  narrow_req_t xbar;
  logic        idle, lr, sc, ready, is_rmw;

  // The crossbar grants what asks, and always the owner of a lock (tcdm_xbar), but nothing when cleared.
  assign ready = xbar.valid && !clear_i && (ready_i || xbar.owner);

  oct_tcdm_amo u_amo (
    .clk_i, .rst_ni, .clear_i, .idle_o(idle), .core_i, .core_o(core), .xbar_o(xbar),
    .xbar_ready_i(ready), .xbar_rdata_i(rdata_i), .reserved_i, .res_word_i, .lr_o(lr), .sc_o(sc)
  );

  assign is_rmw = !(core_i.amo inside {AmoNone, AmoLr, AmoSc});

  // ---- What happened before ---------------------------------------------------------------------------
  logic        started_q = 1'b0;
  logic        taken_q, read_q, stands_q, done_q, sc_q, sc_wrote_q;
  data_req_t   core_q;
  logic [1:0]  age_q;      // cycles since the AMO's read: 0 none
  logic [31:0] old_q;

  always_ff @(posedge clk_i) begin
    started_q  <= 1'b1;
    core_q     <= core_i;
    stands_q   <= core_i.valid && !core.ready;
    taken_q    <= core_i.valid && core.ready;
    read_q     <= ready && !xbar.we && !is_rmw && core_i.amo != AmoSc;
    done_q     <= core_i.valid && core.ready && is_rmw;
    sc_q       <= core_i.valid && core.ready && core_i.amo == AmoSc;
    sc_wrote_q <= ready && xbar.we;
    age_q      <= !core_i.valid || clear_i || !is_rmw || core.ready ? 2'd0
                  : ready && xbar.lock ? 2'd1 : age_q == 2'd1 ? 2'd2 : 2'd0;
    if (age_q == 2'd1) old_q <= rdata_i;
    if (!rst_ni) begin
      taken_q  <= 1'b0;
      stands_q <= 1'b0;
      age_q    <= '0;
    end
  end

  always_comb begin
    assume (rst_ni == started_q);
    // A request stands unchanged until it is taken, or falls; an AMO and an SC write, an LR does not.
    if (started_q && stands_q && core_i.valid) assume (core_i == core_q);
    if (core_i.amo == AmoLr) assume (!core_i.we);
    if (is_rmw || core_i.amo == AmoSc) assume (core_i.we);
    if (rst_ni) begin
      Asks_A: assert (!xbar.valid || core_i.valid);
      Place_A: assert (!xbar.valid || (xbar.word == core_i.addr[L1AddrWidth-1:3]
                                       && xbar.hi == core_i.addr[2] && xbar.be == core_i.be));
      if (u_amo.state_q == 2'd3) StateSc_A: assert (stands_q && core_q.amo == AmoSc);
      // Read, then write: in the second cycle after the read, never else.
      Owner_A: assert (xbar.owner == (age_q == 2'd2));
      if (core_i.valid && is_rmw) Late_A: assert (core.ready == (age_q == 2'd2 && !clear_i));
      if (age_q == 2'd2 && xbar.valid) begin
        Result_A: assert (xbar.we && xbar.wdata == amo_result(core_i.amo, old_q, core_i.wdata));
      end
      if (xbar.valid && !is_rmw) Data_A: assert (xbar.we == core_i.we && xbar.wdata == core_i.wdata);
      if (core_i.valid && core_i.amo inside {AmoNone, AmoLr}) Ready_A: assert (core.ready == ready);
      if (started_q) begin
        Once_A: assert (core.valid == taken_q && !core.err);
        if (taken_q && read_q) Read_A: assert (core.rdata == rdata_i);
        if (done_q && taken_q) Old_A: assert (core.rdata == old_q);
        if (sc_q && taken_q) Sc_A: assert (core.rdata == {31'd0, !sc_wrote_q});
      end
    end
  end
endmodule
