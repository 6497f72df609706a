// SPDX-License-Identifier: Apache-2.0
// tb_attn_lane: oct_attn_lane with all operands of an operation at its entry; each is delayed to the
// rank that wants it.
module tb_attn_lane
  import oct_attn_lane_pkg::*;
(
  input  logic        clk_i,
  input  logic        valid_i, logit_i, split_i, index_i, looked_up_i, add_i, mul_i, relu_i, plane_b_i,
  input  logic [31:0] t_i, hi_i, bias_i, m1_i, m2_i, b2_i,
  input  logic [5:0]  s1_i, s2_i,
  input  logic [15:0] r_i, min_i, max_i,
  output logic        valid_o,
  output logic [15:0] y_o, hi_o
);
  typedef struct packed {
    lane_op_t    op;
    logic [31:0] bias, m1, m2, b2;
    logic [5:0]  s1, s2;
    logic [15:0] r, min, max;
  } all_t;
  all_t [LaneLatency:0]       all;
  all_t [LaneLatency:1]       all_q;
  lane_op_t [LaneLatency-1:0] op;

  always_comb begin
    all[LaneLatency:1]  = all_q;
    all[0]              = '0;
    all[0].op.valid     = valid_i;
    all[0].op.logit     = logit_i;
    all[0].op.split     = split_i;
    all[0].op.index     = index_i;
    all[0].op.looked_up = looked_up_i;
    all[0].op.add       = add_i;
    all[0].op.mul       = mul_i;
    all[0].op.relu      = relu_i;
    all[0].op.plane_b   = plane_b_i;
    all[0].bias = bias_i;
    all[0].m1   = m1_i;
    all[0].m2   = m2_i;
    all[0].b2   = b2_i;
    all[0].s1   = s1_i;
    all[0].s2   = s2_i;
    all[0].r    = r_i;
    all[0].min  = min_i;
    all[0].max  = max_i;
    for (int unsigned i = 0; i < LaneLatency; i++) op[i] = all[i].op;
  end

  always_ff @(posedge clk_i) all_q <= all[LaneLatency-1:0];

  assign valid_o = all[LaneLatency].op.valid;

  oct_attn_lane u_dut (
    .clk_i,
    .ctl_i   (lane_ctl(op)),
    .valid_i (op[0].valid),
    .split_i (op[0].split),
    .t_i,
    .hi_i   (hi_i[21:0]),
    .bias_i (all[1].bias),
    .m1_i   (all[1].m1[23:0]),
    .s1_i   (all[3].s1),
    .m2_i   (all[4].m2[23:0]),
    .r_i    (all[5].r),
    .s2_i   (all[6].s2),
    .b2_i   (all[7].b2),
    .min_i  (all[8].min),
    .max_i  (all[8].max),
    .y_o,
    .hi_o
  );

  logic unused;
  assign unused = ^{all, hi_i};
endmodule
