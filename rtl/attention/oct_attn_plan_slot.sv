// SPDX-License-Identifier: Apache-2.0
// oct_attn_plan_slot: the commands of one slot of an attention job: logits of a tile (with the queries,
// if it is the first of its group), product with V of a tile (with the drain of its group), kept
// accumulators and state of a group that goes on.
// Test: tb/unit/attention/oct_attn_plan_test.cpp.
module oct_attn_plan_slot
  import oct_attn_pkg::*;
  import oct_attn_desc_pkg::*;
(
  input  plan_t       plan_i,
  input  logic        ctx_i,
  input  plan_slot_e  slot_i,
  input  logic        both_i,        // d beyond 64
  input  logic        wide_i,        // d or dv beyond 64
  input  plan_qk_t    qk_i,
  input  plan_av_t    av_i,
  input  logic [31:0] load_addr_i,   // of what PlanLoad* load
  input  logic [6:0]  load_rows_i,
  input  logic        load_region_i,

  output x_cmd_t      x_o,
  output w_cmd_t      w_o,
  output s_cmd_t      s_o,
  output d_cmd_t      d_o
);
  logic       half, av_tail;
  logic [6:0] pairs_dv;
  assign half     = plan_i.d <= 8'd32 && !qk_i.dual;  // a row holds two keys
  assign av_tail  = av_i.keys[6] && av_i.keys[0];
  assign pairs_dv = 7'((plan_i.dv + 8'd1) >> 1);

  always_comb begin
    x_o     = '0;
    x_o.ctx = ctx_i;
    if (slot_i == PlanAv) begin
      x_o.addr   = av_i.addr;
      x_o.stride = plan_i.v_stride;
      x_o.rows   = av_tail ? 7'(plan_i.dv << 1) : 7'(plan_i.dv);
      x_o.bytes  = av_tail ? 7'd64 : av_i.keys;
      x_o.more   = 7'(av_tail);
    end else if (slot_i == PlanLoadAcc) begin
      x_o.addr   = load_addr_i;
      x_o.stride = 32'(4 * Units);
      x_o.rows   = load_rows_i;
      x_o.bytes  = 7'(4 * Units);
    end else if (slot_i == PlanLoadState) begin
      x_o.addr   = load_addr_i;
      x_o.stride = 32'd64;
      x_o.rows   = wide_i ? 7'd1 : 7'(StateRows);
      x_o.bytes  = wide_i ? 7'(4 * Units) : 7'(8 * Units / StateRows);
    end else begin
      x_o.addr      = qk_i.k_addr;
      x_o.stride    = half ? plan_i.x_stride << 1 : plan_i.x_stride;
      x_o.pstride   = plan_i.x_stride;
      x_o.rows      = half ? (qk_i.keys + 7'd1) >> 1 : both_i ? qk_i.keys << 1 : qk_i.keys;
      x_o.bytes     = both_i ? 7'd64 : 7'(plan_i.d);
      x_o.more      = both_i ? 7'(plan_i.d - 8'd64) : '0;
      x_o.split     = half;
      x_o.odd       = qk_i.keys[0];
      x_o.par_en    = qk_i.head;
      x_o.par_addr  = qk_i.par_addr;
      x_o.mask_en   = plan_i.key_mask;
      x_o.mask_addr = qk_i.mask_addr;
    end

    w_o        = '0;
    w_o.ctx    = ctx_i;
    w_o.claim  = slot_i == PlanClaim;
    w_o.bank   = slot_i == PlanClaim;
    w_o.addr   = qk_i.q_addr;
    w_o.stride = plan_i.w_stride;
    w_o.split  = half;
    w_o.dual   = qk_i.dual;
    w_o.bytes  = x_o.bytes;
    w_o.more   = x_o.more;
    w_o.count  = qk_i.dual ? qk_i.queries << 1 : qk_i.queries;

    s_o     = '0;
    s_o.ctx = ctx_i;
    if (slot_i == PlanAv) begin
      s_o.kind      = SlotAv;
      s_o.rows      = av_i.dual ? pairs_dv : 7'(plan_i.dv);
      s_o.dual      = av_i.dual;
      s_o.tail      = av_tail;
      s_o.odd       = plan_i.dv[0];
      s_o.bank      = 1'b1;
      s_o.w_last    = av_i.last && av_i.job_last;
      s_o.acc_base  = av_i.region ? AccIdxWidth'(RegionRows) : '0;
      s_o.acc_first = av_i.first && plan_i.first;
      s_o.acc_last  = av_i.last;
      s_o.keys      = av_i.keys;
    end else if (slot_i == PlanLoadAcc) begin
      s_o.kind      = SlotLoad;
      s_o.rows      = load_rows_i;
      s_o.acc_base  = load_region_i ? AccIdxWidth'(RegionRows) : '0;
      s_o.acc_first = 1'b1;
    end else if (slot_i == PlanLoadState) begin
      s_o.kind       = SlotLoad;
      s_o.rows       = wide_i ? 7'd1 : 7'(StateRows);
      s_o.dual       = wide_i;
      s_o.tile_first = 1'b1;
    end else begin
      s_o.kind       = SlotQk;
      s_o.rows       = (half || (qk_i.dual && !both_i)) ? (qk_i.keys + 7'd1) >> 1 : qk_i.keys;
      s_o.w_first    = qk_i.first;
      s_o.w_last     = qk_i.last;
      s_o.split      = half || (qk_i.dual && !both_i);
      s_o.dual       = qk_i.dual;
      s_o.odd        = !both_i && qk_i.keys[0];
      s_o.keys       = qk_i.keys;
      s_o.key0       = {qk_i.tile, 6'd0};
      s_o.q0         = qk_i.q0;
      s_o.tile_first = qk_i.first;
      s_o.tile_last  = qk_i.last;
      s_o.par_en     = qk_i.head;
      s_o.mask_en    = plan_i.key_mask;
    end

    d_o          = '0;
    d_o.ctx      = ctx_i;
    d_o.region   = av_i.region;
    d_o.dual     = av_i.dual;
    d_o.odd      = plan_i.dv[0];
    d_o.rows     = av_i.dual ? pairs_dv : 7'(plan_i.dv);
    d_o.groups   = 7'd1;
    d_o.cols     = 16'(av_i.queries);
    d_o.y_addr   = av_i.y_addr;
    d_o.job_last = av_i.job_last;
  end
endmodule
