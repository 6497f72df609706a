// SPDX-License-Identifier: Apache-2.0
// oct_core_demux: one master's data bus to L1, event unit and system bus, in program order: a request
// goes to another target only when every answer of the target before has come. Registers, L2 loads and
// L2 stores are three targets behind the system bus. Latency 0 both ways; requests to L1 are gated by
// flip-flops alone, the others may follow in the cycle of the last answer.
// Test: tb/unit/memory/oct_core_demux_test.cpp. Proof: formal/memory/core_demux.sv.
`include "oct_assert.svh"

module oct_core_demux
  import oct_cluster_pkg::*;
(
  input  logic      clk_i,
  input  logic      rst_ni,
  input  logic      clear_i,   // forgets the answers still to come: they must come while it is high
  output logic      idle_o,

  input  data_req_t core_req_i,
  output data_rsp_t core_rsp_o,

  output data_req_t l1_req_o,
  input  data_rsp_t l1_rsp_i,
  output data_req_t eu_req_o,
  input  data_rsp_t eu_rsp_i,
  output data_req_t sys_req_o,
  input  data_rsp_t sys_rsp_i
);
  typedef enum logic [2:0] {TargetL1, TargetEu, TargetReg, TargetL2Load, TargetL2Store} target_e;
  localparam int unsigned MaxOutstanding = 8;

  target_e     sel, cur_q;
  logic [3:0]  count_q;
  logic        same, room, taken, answered;
  logic        l1_go, eu_go, sys_go, drained_eu, drained_sys;

  // What is neither L1, event unit nor L2 goes to the registers' path, which refuses what is unmapped.
  always_comb begin
    unique case (region_of(core_req_i.addr))
      RegionL1: sel = TargetL1;
      RegionEu: sel = TargetEu;
      RegionL2: sel = core_req_i.we ? TargetL2Store : TargetL2Load;
      default:  sel = TargetReg;
    endcase
  end

  assign same  = sel == cur_q;
  assign room  = count_q != 4'(MaxOutstanding);
  // The answer of the target asked is left out on purpose: its ready may depend on our valid.
  assign drained_eu  = count_q == 4'd0 || (count_q == 4'd1 && (l1_rsp_i.valid || sys_rsp_i.valid));
  assign drained_sys = drained_eu || (count_q == 4'd1 && eu_rsp_i.valid);
  assign l1_go  = (count_q == 4'd0 || cur_q == TargetL1) && room && !clear_i;
  assign eu_go  = (same ? room : drained_eu) && !clear_i;
  assign sys_go = (same ? room : drained_sys) && !clear_i;

  always_comb begin
    l1_req_o        = core_req_i;
    eu_req_o        = core_req_i;
    sys_req_o       = core_req_i;
    l1_req_o.valid  = core_req_i.valid && l1_go && sel == TargetL1;
    eu_req_o.valid  = core_req_i.valid && eu_go && sel == TargetEu;
    sys_req_o.valid = core_req_i.valid && sys_go && sel != TargetL1 && sel != TargetEu;
  end

  always_comb begin
    unique case (sel)
      TargetL1: core_rsp_o.ready = l1_go && l1_rsp_i.ready;
      TargetEu: core_rsp_o.ready = eu_go && eu_rsp_i.ready;
      default:  core_rsp_o.ready = sys_go && sys_rsp_i.ready;
    endcase
    unique case (cur_q)
      TargetL1: {core_rsp_o.err, core_rsp_o.rdata} = {l1_rsp_i.err, l1_rsp_i.rdata};
      TargetEu: {core_rsp_o.err, core_rsp_o.rdata} = {eu_rsp_i.err, eu_rsp_i.rdata};
      default:  {core_rsp_o.err, core_rsp_o.rdata} = {sys_rsp_i.err, sys_rsp_i.rdata};
    endcase
    core_rsp_o.valid = (l1_rsp_i.valid || eu_rsp_i.valid || sys_rsp_i.valid) && !clear_i;
  end

  assign taken    = core_req_i.valid && core_rsp_o.ready;
  assign answered = core_rsp_o.valid;
  assign idle_o   = count_q == 4'd0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= 4'd0;
      cur_q   <= TargetL1;
    end else if (clear_i) begin
      count_q <= 4'd0;
    end else begin
      if (taken) cur_q <= sel;
      if (taken != answered) count_q <= taken ? count_q + 4'd1 : count_q - 4'd1;
    end
  end

  `OCT_ASSERT(AnswerExpected_A, answered |-> count_q != '0)
  `OCT_ASSERT(AnswerFromTarget_A, answered |->
      (l1_rsp_i.valid == (cur_q == TargetL1)) && (eu_rsp_i.valid == (cur_q == TargetEu)))
  `OCT_ASSERT(CountInRange_A, count_q <= 4'(MaxOutstanding))
endmodule
