// SPDX-License-Identifier: Apache-2.0
// core_demux: no request leaves while an answer of another target is due, but reads of L1 while only
// stores to L2 are, never more than eight are due, an offer not taken stands (so the targets' rule holds if the core's does), at most one target
// is asked, and every answer reaches the core unless clear_i drops it.
// @files pkg/oct_cluster_pkg.sv memory/oct_core_demux.sv
// @prove induction 3 cvc5
// @bug rtl/memory/oct_core_demux.sv :: (count_q == 4'd0 || cur_q == TargetEu) && :: (count_q <= 4'd1 || cur_q == TargetEu) &&
// @bug rtl/memory/oct_core_demux.sv :: && (store_q == 4'd0 || !core_req_i.we); :: ;
// @bug rtl/memory/oct_core_demux.sv :: RegionL2: sel = core_req_i.we ? TargetL2Store : TargetL2Load; :: RegionL2: sel = TargetL2Load;
// @bug rtl/memory/oct_core_demux.sv :: if (taken) cur_q <= sel; :: if (taken && sel != TargetEu) cur_q <= sel;
module core_demux
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
(
  input logic      clk_i,
  input logic      rst_ni,
  input data_req_t core_req_i,
  input data_rsp_t l1_rsp_i,
  input data_rsp_t eu_rsp_i,
  input data_rsp_t sys_rsp_i
);
  data_req_t   l1_req, eu_req, sys_req;
  data_rsp_t   core_rsp;
  store_ack_t  core_ack;
  logic        idle, started_q = 1'b0;
  logic [3:0]  due_l1_q, due_eu_q, due_reg_q, due_load_q, due_store_q;
  logic        to_l2, taken, sys_taken, held_q;
  data_req_t   core_q;

  oct_core_demux u_demux (
    .clk_i, .rst_ni, .clear_i(1'b0), .idle_o(idle),
    .core_req_i, .core_rsp_o(core_rsp), .core_ack_o(core_ack),
    .l1_req_o(l1_req), .l1_rsp_i, .eu_req_o(eu_req), .eu_rsp_i, .sys_req_o(sys_req), .sys_rsp_i
  );

  assign to_l2     = (sys_req.addr ^ L2Base) < L2Bytes;
  assign taken     = core_req_i.valid && core_rsp.ready;
  assign sys_taken = sys_req.valid && sys_rsp_i.ready;

  // Answers due, per target, counted at the targets. Of the system bus's three at most one is due.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {due_l1_q, due_eu_q, due_reg_q, due_load_q, due_store_q} <= '0;
      held_q <= 1'b0;
    end else begin
      due_l1_q    <= due_l1_q + 4'(l1_req.valid && l1_rsp_i.ready) - 4'(l1_rsp_i.valid);
      due_eu_q    <= due_eu_q + 4'(eu_req.valid && eu_rsp_i.ready) - 4'(eu_rsp_i.valid);
      due_reg_q   <= due_reg_q + 4'(sys_taken && !to_l2)
                     - 4'(sys_rsp_i.valid && due_reg_q != '0);
      due_load_q  <= due_load_q + 4'(sys_taken && to_l2 && !sys_req.we)
                     - 4'(sys_rsp_i.valid && due_load_q != '0);
      due_store_q <= due_store_q + 4'(sys_taken && to_l2 && sys_req.we)
                     - 4'(sys_rsp_i.valid && due_store_q != '0);
      held_q      <= core_req_i.valid && !core_rsp.ready;
    end
  end
  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    core_q    <= core_req_i;
  end

  logic [2:0] kinds;
  logic [3:0] due;
  assign kinds = 3'(due_l1_q != '0) + 3'(due_eu_q != '0) + 3'(due_reg_q != '0)
                 + 3'(due_load_q != '0);
  assign due   = due_l1_q | due_eu_q | due_reg_q | due_load_q;          // not of stores to L2

  always_comb begin
    assume (rst_ni == started_q);
    if (rst_ni) begin
      // Targets answer what they took, later; the core holds what it offers.
      assume (!l1_rsp_i.valid || due_l1_q != '0);
      assume (!eu_rsp_i.valid || due_eu_q != '0);
      assume (!sys_rsp_i.valid || due_reg_q != '0 || due_load_q != '0 || due_store_q != '0);
      if (held_q) assume (core_req_i == core_q);

      OneTarget_A: assert (kinds <= 3'd1);
      OnlyL1Passes_A: assert (due_store_q == '0 || due == due_l1_q);
      OnlyReadsPass_A: assert (!(l1_req.valid && l1_req.we) || due_store_q == '0);
      StoresWait_A: assert (!(sys_req.valid && to_l2 && sys_req.we) || due == '0);
      AtMostEight_A: assert (due <= 4'd8 && due_store_q <= 4'd8);
      Counted_A: assert (u_demux.count_q == due && u_demux.store_q == due_store_q);
      Remembered_A: assert (due == '0 ||
          (u_demux.cur_q == 3'd0 ? due_l1_q : u_demux.cur_q == 3'd1 ? due_eu_q :
           u_demux.cur_q == 3'd2 ? due_reg_q : due_load_q) == due);
      OneAsked_A: assert (3'(l1_req.valid) + 3'(eu_req.valid) + 3'(sys_req.valid) <= 3'd1);
      Taken_A: assert (taken == ((l1_req.valid && l1_rsp_i.ready)
          || (eu_req.valid && eu_rsp_i.ready) || sys_taken));
      Answer_A: assert (core_rsp.valid == (l1_rsp_i.valid || eu_rsp_i.valid
          || (sys_rsp_i.valid && due_store_q == '0)));
      Ack_A: assert (core_ack.valid == (sys_rsp_i.valid && due_store_q != '0));
      Idle_A: assert (idle == (due == '0 && due_store_q == '0));
      if (core_rsp.valid) begin
        Data_A: assert (core_rsp.rdata == (l1_rsp_i.valid ? l1_rsp_i.rdata
            : eu_rsp_i.valid ? eu_rsp_i.rdata : sys_rsp_i.rdata));
      end
    end
  end
endmodule
