// SPDX-License-Identifier: Apache-2.0
// oct_core_demux: one master's data bus to L1, event unit and system bus, in program order: a
// request goes to another target only when every answer of the target before has come. Registers,
// L2 loads and L2 stores are three targets behind the system bus. Latency 0 both ways; a change of
// target costs the cycle after the last answer. One thing passes: an L1 read does not wait for L2
// stores, whose answers come by a wire of their own.
// Test: tb/unit/memory/oct_core_demux_test.cpp. Proof: formal/memory/core_demux.sv.
`include "oct_assert.svh"

module oct_core_demux
  import oct_cluster_pkg::*;
(
  input  logic      clk_i,
  input  logic      rst_ni,
  input  logic      clear_i,   // asks nothing, drops answers; the event unit's do not come any more
  output logic      idle_o,

  input  data_req_t core_req_i,
  output data_rsp_t core_rsp_o,       // in order, of everything but stores to L2
  output store_ack_t core_ack_o,      // stores to L2, in order

  output data_req_t l1_req_o,
  input  data_rsp_t l1_rsp_i,
  output data_req_t eu_req_o,
  input  data_rsp_t eu_rsp_i,
  output data_req_t sys_req_o,
  input  data_rsp_t sys_rsp_i
);
  typedef enum logic [2:0] {TargetL1, TargetEu, TargetReg, TargetL2Load, TargetL2Store} target_e;

  target_e     sel, cur_q;
  logic [3:0]  count_q, store_q;      // answers due: of cur_q, of stores to L2
  logic        open, may_l1, may_eu, may_reg, may_l2, go_sys;
  logic        taken, taken_store, answered, stored;

  // What is neither L1, event unit nor L2 goes to the registers' path, which refuses what is
  // unmapped.
  always_comb begin
    unique case (region_of(core_req_i.addr))
      RegionL1: sel = TargetL1;
      RegionEu: sel = TargetEu;
      RegionL2: sel = core_req_i.we ? TargetL2Store : TargetL2Load;
      default:  sel = TargetReg;
    endcase
  end

  // Gated by flip-flops alone: an answer's ready may depend on our valid. Apart for each target, so
  // that the address comes last.
  always_comb begin
    open    = !count_q[3] && !store_q[3] && !clear_i;
    may_l1  = open && (count_q == 4'd0 || cur_q == TargetL1)
              && (store_q == 4'd0 || !core_req_i.we);
    may_eu  = open && (count_q == 4'd0 || cur_q == TargetEu) && store_q == 4'd0;
    may_reg = open && (count_q == 4'd0 || cur_q == TargetReg) && store_q == 4'd0;
    may_l2  = open && (core_req_i.we ? count_q == 4'd0
                                   : (count_q == 4'd0 || cur_q == TargetL2Load) && store_q == 4'd0);
    go_sys  = (sel == TargetReg) ? may_reg : may_l2;
  end

  always_comb begin
    // Event unit and system bus see nothing of other accesses, so they stay still meanwhile.
    l1_req_o        = core_req_i;
    eu_req_o        = (core_req_i.valid && sel == TargetEu) ? core_req_i : '0;
    sys_req_o       = (core_req_i.valid && sel != TargetL1 && sel != TargetEu) ? core_req_i : '0;
    l1_req_o.valid  = core_req_i.valid && may_l1 && sel == TargetL1;
    eu_req_o.valid  = core_req_i.valid && may_eu && sel == TargetEu;
    sys_req_o.valid = core_req_i.valid && go_sys && sel != TargetL1 && sel != TargetEu;
  end

  always_comb begin
    unique case (sel)
      TargetL1: core_rsp_o.ready = may_l1 && l1_rsp_i.ready;
      TargetEu: core_rsp_o.ready = may_eu && eu_rsp_i.ready;
      default:  core_rsp_o.ready = go_sys && sys_rsp_i.ready;
    endcase
    unique case (cur_q)
      TargetL1: {core_rsp_o.err, core_rsp_o.rdata} = {l1_rsp_i.err, l1_rsp_i.rdata};
      TargetEu: {core_rsp_o.err, core_rsp_o.rdata} = {eu_rsp_i.err, eu_rsp_i.rdata};
      default:  {core_rsp_o.err, core_rsp_o.rdata} = {sys_rsp_i.err, sys_rsp_i.rdata};
    endcase
    core_rsp_o.valid = answered && !clear_i;
    core_ack_o       = '{valid: stored && !clear_i, err: sys_rsp_i.err};
  end

  // While a store to L2 is due, nothing else of the system bus is.
  assign taken       = core_req_i.valid && core_rsp_o.ready && sel != TargetL2Store;
  assign taken_store = core_req_i.valid && core_rsp_o.ready && sel == TargetL2Store;
  assign stored      = sys_rsp_i.valid && store_q != 4'd0;
  assign answered    = l1_rsp_i.valid || eu_rsp_i.valid || (sys_rsp_i.valid && store_q == 4'd0);
  assign idle_o      = count_q == 4'd0 && store_q == 4'd0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= 4'd0;
      store_q <= 4'd0;
      cur_q   <= TargetL1;
    end else begin
      if (taken) cur_q <= sel;
      if (clear_i && cur_q == TargetEu) count_q <= 4'd0;
      else if (taken != answered) count_q <= taken ? count_q + 4'd1 : count_q - 4'd1;
      if (taken_store != stored) store_q <= taken_store ? store_q + 4'd1 : store_q - 4'd1;
    end
  end

  `OCT_ASSERT(AnswerExpected_A, answered |-> count_q != '0)
  `OCT_ASSERT(AnswerFromTarget_A, answered |->
      (l1_rsp_i.valid == (cur_q == TargetL1)) && (eu_rsp_i.valid == (cur_q == TargetEu)))
  `OCT_ASSERT(CountInRange_A, count_q <= 4'd8 && store_q <= 4'd8)
  `OCT_ASSERT(OnlyL1Passes_A, store_q != '0 && count_q != '0 |-> cur_q == TargetL1)
endmodule
