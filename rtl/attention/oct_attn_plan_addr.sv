// SPDX-License-Identifier: Apache-2.0
// oct_attn_plan_addr: where an attention job stands in L1: Q, K, V^T, masks, parameters, output and
// kept state of the head, group and tile that oct_attn_plan_attn is at. It says when one of them starts
// and when it goes on to the next.
// Test: tb/unit/attention/oct_attn_plan_test.cpp.
module oct_attn_plan_addr
  import oct_attn_pkg::*;
  import oct_attn_desc_pkg::*;
(
  input  logic        clk_i,
  input  plan_t       plan_i,
  input  logic        wide_i,         // two units a query in all groups
  input  logic [31:0] kept_acc_i,     // bytes of accumulators that a group keeps

  input  logic        job_start_i,
  input  logic        head_start_i,
  input  logic        group_start_i,  // back to the head's first tile
  input  logic        tile_end_i,     // next: another tile of the group
  input  logic        group_end_i,    // another group
  input  logic        head_end_i,     // with group_end_i: it is of the next head

  output logic [31:0] k_o,            // of the tile
  output logic [31:0] v_o,
  output logic [31:0] mask_o,
  output logic [31:0] par_o,          // of the head
  output logic [31:0] q_o,            // of the group
  output logic [31:0] y_o,
  output logic [31:0] kept_o
);
  localparam int unsigned UnitsLog = $clog2(Units);

  // _h of this head, _g of this group, _t of this tile.
  logic [31:0] q_h_q, k_h_q, v_h_q, y_h_q, par_h_q;
  logic [31:0] q_g_q, y_g_q, kept_g_q;
  logic [31:0] k_t_q, v_t_q, mask_t_q;
  logic [7:0]  shared_q;  // query heads left on these keys
  logic [2:0]  sub_q;     // group within sixteen queries

  // A group keeps its accumulators, then 8 bytes a query; a head keeps whole sixteens of queries.
  logic [31:0] kept_bytes;
  logic [2:0]  sub_last;
  assign kept_bytes = kept_acc_i + (wide_i ? 32'(4 * Units) : 32'(8 * Units));
  assign sub_last   = wide_i ? 3'(32 / Units - 1) : 3'(16 / Units - 1);

  assign k_o    = k_t_q;
  assign v_o    = v_t_q;
  assign mask_o = mask_t_q;
  assign par_o  = par_h_q;
  assign q_o    = q_g_q;
  assign y_o    = y_g_q;
  assign kept_o = kept_g_q;

  always_ff @(posedge clk_i) begin
    if (job_start_i) begin
      shared_q <= plan_i.group;
      q_h_q    <= plan_i.w_addr;
      k_h_q    <= plan_i.x_addr;
      v_h_q    <= plan_i.v_addr;
      y_h_q    <= plan_i.y_addr;
      par_h_q  <= plan_i.a_addr;
      kept_g_q <= plan_i.state_addr;
    end
    if (head_start_i) begin
      q_g_q <= q_h_q;
      y_g_q <= y_h_q;
      sub_q <= '0;
    end
    if (group_start_i) begin
      k_t_q    <= k_h_q;
      v_t_q    <= v_h_q;
      mask_t_q <= plan_i.mask_addr;
    end
    if (tile_end_i) begin
      k_t_q    <= k_t_q + (plan_i.x_stride << 6);
      v_t_q    <= v_t_q + 32'd64;
      mask_t_q <= mask_t_q + 32'd8;
    end
    if (group_end_i) begin
      q_g_q    <= q_g_q + (plan_i.w_stride << (wide_i ? UnitsLog - 1 : UnitsLog));
      y_g_q    <= y_g_q + (plan_i.y_stride << (wide_i ? UnitsLog - 1 : UnitsLog));
      kept_g_q <= kept_g_q + kept_bytes;
      sub_q    <= (sub_q == sub_last) ? '0 : sub_q + 3'd1;
      if (head_end_i) begin
        kept_g_q <= kept_g_q + kept_bytes * (32'(sub_last) - 32'(sub_q) + 32'd1);
        shared_q <= (shared_q == 8'd1) ? plan_i.group : shared_q - 8'd1;
        q_h_q    <= q_h_q + plan_i.w_step;
        y_h_q    <= y_h_q + plan_i.y_step;
        par_h_q  <= par_h_q + 32'd8;
        if (shared_q == 8'd1) begin
          k_h_q <= k_h_q + plan_i.x_step;
          v_h_q <= v_h_q + plan_i.v_step;
        end
      end
    end
  end
endmodule
