// SPDX-License-Identifier: Apache-2.0
// oct_attn_channel: one unit's parameters, two sets, one is loaded while the other is in use, and its
// lane, whose ranks ask for them at different times. Test: tb/unit/attention/oct_attn_drain_test.cpp.
module oct_attn_channel
  import oct_attn_pkg::*;
  import oct_attn_lane_pkg::*;
(
  input  logic                       clk_i,

  // Words of the planes for this unit, one cycle after what says where they go
  input  logic [1:0]                 load_a_i,  // into which set
  input  logic [1:0]                 load_b_i,
  input  logic [1:0]                 load_c_i,
  input  logic [1:0]                 load_norm_i,
  input  logic [63:0]                ab_i,
  input  logic [31:0]                c_i,       // of plane C, or 1/L

  input  lane_ctl_t                  ctl_i,     // see oct_attn_lane
  input  logic                       valid_i,
  input  logic                       split_i,
  input  logic signed [31:0]         t_i,
  input  logic signed [HalfWidth-1:0] hi_i,
  input  scale_t [5:0]               scale_i,   // of the logits in operations 1 to 6
  input  logic signed [15:0]         r_i,
  input  logic signed [15:0]         min_i,
  input  logic signed [15:0]         max_i,
  output logic signed [15:0]         y_o,
  output logic signed [15:0]         hi_o
);
  // Words of 32 bits simulate fast; what nobody reads of them is no flip-flop.
  logic [1:0][31:0] bias_q, b2_q, p0_q, p1_q, p2_q;

  logic [1:0] load_a_q, load_b_q, load_c_q, load_norm_q;

  always_ff @(posedge clk_i) begin
    load_a_q    <= load_a_i;
    load_b_q    <= load_b_i;
    load_c_q    <= load_c_i;
    load_norm_q <= load_norm_i;
    for (int unsigned b = 0; b < 2; b++) begin
      if (load_a_q[b]) begin
        bias_q[b] <= ab_i[31:0];
        p1_q[b]   <= ab_i[63:32];
      end else if (load_norm_q[b]) begin
        bias_q[b] <= '0;
        p1_q[b]   <= c_i;
      end
      if (load_b_q[b]) begin
        p2_q[b] <= ab_i[31:0];
        b2_q[b] <= ab_i[63:32];
      end
      if (load_c_q[b]) p0_q[b] <= c_i;
    end
  end

  // ---- Who gets which when -----------------------------------------------------------------------
  lane_ctl_t   ctl_q;
  logic [31:0] bias, m1, s1, m2, s2, b2;

  always_ff @(posedge clk_i) ctl_q <= ctl_i;

  always_comb begin
    bias = '0;
    m1   = '0;
    s1   = '0;
    m2   = '0;
    s2   = '0;
    b2   = '0;
    if (ctl_q.valid[1]) begin
      bias = bias_q[ctl_q.bank1];
      m1   = ctl_q.logit1 ? scale_i[0] : ctl_q.index1 ? p0_q[ctl_q.bank1] : p1_q[ctl_q.bank1];
    end
    if (ctl_q.valid[3]) begin
      s1 = ctl_q.logit3 ? scale_i[2] : ctl_q.index3 ? p0_q[ctl_q.bank3] : p1_q[ctl_q.bank3];
    end
    if (ctl_q.second4) m2 = ctl_q.logit4 ? scale_i[3] : p2_q[ctl_q.bank4];
    if (ctl_q.second6) s2 = ctl_q.logit6 ? scale_i[5] : p2_q[ctl_q.bank6];
    if (ctl_q.valid[7]) b2 = b2_q[ctl_q.bank7];
  end

  oct_attn_lane u_lane (
    .clk_i, .ctl_i, .valid_i, .split_i, .t_i, .hi_i,
    .bias_i (bias),
    .m1_i   (m1[23:0]),
    .s1_i   (s1[29:24]),
    .m2_i   (m2[23:0]),
    .r_i,
    .s2_i   (s2[29:24]),
    .b2_i   (b2),
    .min_i, .max_i, .y_o, .hi_o
  );

  logic unused;
  assign unused = ^{m1, s1, m2, s2, ctl_q, scale_i};
endmodule
