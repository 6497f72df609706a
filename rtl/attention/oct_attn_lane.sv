// SPDX-License-Identifier: Apache-2.0
// oct_attn_lane: the epilogue of one unit, and the scale of its logits. Nine ranks, one operation a
// cycle, never stalls. A large product takes two ranks, each with half of the multiplicand, because
// synthesis moves no registers. Operands arrive when their rank wants them: those of operation k belong
// to the one that entered k cycles ago. Twin: sw/golden/engine_math.hpp. Test:
// tb/unit/attention/oct_attn_lane_test.cpp.
module oct_attn_lane
  import oct_attn_pkg::*;
  import oct_attn_lane_pkg::*;
(
  input  logic                       clk_i,
  input  lane_ctl_t                  ctl_i,     // of the next cycle

  // Operation 0: the one that enters
  input  logic                       valid_i,
  input  logic                       split_i,
  input  logic signed [31:0]         t_i,       // sum, table value or dot
  input  logic signed [HalfWidth-1:0] hi_i,     // second dot
  // Of operation 1, 1, 3, 4, 5, 6, 7
  input  logic signed [31:0]         bias_i,
  input  logic signed [23:0]         m1_i,
  input  logic [5:0]                 s1_i,
  input  logic signed [23:0]         m2_i,
  input  logic signed [15:0]         r_i,
  input  logic [5:0]                 s2_i,
  input  logic signed [31:0]         b2_i,
  // Of operation 8
  input  logic signed [15:0]         min_i,
  input  logic signed [15:0]         max_i,

  output logic signed [15:0]         y_o,       // result, or logit of the first dot
  output logic signed [15:0]         hi_o       // logit of the second dot
);
  lane_ctl_t ctl_q;
  always_ff @(posedge clk_i) ctl_q <= ctl_i;

  // ---- Ranks 1, 2: the multiplicand ------------------------------------------------------------
  logic signed [31:0] t1_q;
  logic signed [32:0] t2_q;
  logic signed [23:0] m2_q;

  always_ff @(posedge clk_i) begin
    if (valid_i) t1_q <= t_i;
    if (ctl_q.valid[1]) begin
      t2_q <= 33'(t1_q) + (ctl_q.alone1 ? 33'sd0 : 33'(bias_i));
      m2_q <= m1_i;
    end
  end

  // ---- Ranks 3, 4: times m1, the lower sixteen bits first ----------------------------------------
  // Products are local to the blocks: what is not a register costs nothing while nothing happens.
  logic signed [40:0] low3_q;
  logic signed [16:0] high3_q;
  logic signed [23:0] m3_q;
  logic signed [56:0] p4_q;
  logic [5:0]         s4_q;

  always_ff @(posedge clk_i) begin
    if (ctl_q.valid[2]) begin
      low3_q  <= signed'({1'b0, t2_q[15:0]}) * m2_q;
      high3_q <= t2_q[32:16];
      m3_q    <= m2_q;
    end
    if (ctl_q.valid[3]) begin
      automatic logic signed [40:0] high = high3_q * m3_q + 41'(low3_q >>> 16);
      p4_q <= {high, low3_q[15:0]};
      s4_q <= s1_i;
    end
  end

  // ---- Rank 5: u --------------------------------------------------------------------------------
  logic signed [31:0] u5_q;
  logic signed [23:0] b5_q;

  always_ff @(posedge clk_i) begin
    if (ctl_q.valid[4]) begin
      u5_q <= lane_round(p4_q, s4_q, ctl_q.relu4);
      if (ctl_q.second4) b5_q <= m2_i;
    end
  end

  // ---- The second dot waits for its multiplier --------------------------------------------------
  // The last first: what is read before it is written needs no copy in a model.
  logic [HalfWidth-1:0] hi1_q, hi2_q, hi3_q, hi4_q, hi5_q;

  always_ff @(posedge clk_i) begin
    if (ctl_q.split[4]) hi5_q <= hi4_q;
    if (ctl_q.split[3]) hi4_q <= hi3_q;
    if (ctl_q.split[2]) hi3_q <= hi2_q;
    if (ctl_q.split[1]) hi2_q <= hi1_q;
    if (valid_i && split_i) hi1_q <= hi_i;
  end

  // ---- Ranks 6, 7: second product ----------------------------------------------------------------
  logic signed [23:0] b6_q;
  logic signed [10:0] high6_q;
  logic signed [35:0] low6_q;
  logic signed [45:0] p7_q;
  logic signed [31:0] u6_q, u7_q;
  logic [5:0]         s7_q;

  always_ff @(posedge clk_i) begin
    if (ctl_q.valid[5]) begin
      u6_q <= ctl_q.mul5 ? 32'sd0 : u5_q;
      if (ctl_q.second5) begin
        automatic logic signed [HalfWidth-1:0] a = ctl_q.split5 ? signed'(hi5_q)
                                                                 : HalfWidth'(r_i);
        automatic logic signed [23:0]          b = ctl_q.mul5 ? lane_sat24(u5_q) : b5_q;
        low6_q  <= signed'({1'b0, a[10:0]}) * b;
        high6_q <= a[21:11];
        b6_q    <= b;
      end
    end
    if (ctl_q.valid[6]) begin
      u7_q <= u6_q;
      if (ctl_q.second6) begin
        automatic logic signed [34:0] high = high6_q * b6_q + 35'(low6_q >>> 11);
        p7_q <= {high, low6_q[10:0]};
        s7_q <= s2_i;
      end
    end
  end

  // ---- Rank 8: v, and what is added to it; half a step for the rounding -------------------------
  logic signed [31:0] v8_q;
  logic signed [33:0] u8_q;

  always_ff @(posedge clk_i) begin
    if (ctl_q.valid[7]) begin
      v8_q <= ctl_q.second7 ? lane_round(57'(p7_q), s7_q, 1'b0) : 32'sd0;
      u8_q <= 34'(u7_q) + (ctl_q.b2_7 ? 34'(b2_i) : 34'sd0) +
              (ctl_q.logit7 ? 34'sd0 : 34'sd1 <<< (FracBits - 1));
    end
  end

  // ---- Rank 9: result ----------------------------------------------------------------------------
  always_ff @(posedge clk_i) begin
    if (ctl_q.valid[8]) begin
      automatic logic signed [34:0] sum = 35'(u8_q) + 35'(v8_q);
      y_o <= lane_clip(ctl_q.logit8 ? u8_q : 34'(sum >>> FracBits), min_i, max_i);
      if (ctl_q.split8) hi_o <= lane_clip(34'(v8_q), min_i, max_i);
    end
  end

  logic unused;
  assign unused = ^ctl_q;
endmodule
