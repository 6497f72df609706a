// SPDX-License-Identifier: Apache-2.0
// oct_attn_params: parameters of the channels under way, two sets, one is loaded while the other
// is in use; and who gets which when: a lane's ranks ask for their operands at different times.
// Test: tb/unit/attention/oct_attn_drain_test.cpp.
module oct_attn_params
  import oct_attn_pkg::*;
  import oct_attn_lane_pkg::*;
(
  input  logic                       clk_i,

  input  rdata_t                     rdata_i,     // of the last half
  input  logic                       norm_en_i,   // a set from 1/L instead
  input  logic                       norm_bank_i,
  input  scale_t [Units-1:0]         norm_i,

  input  lane_op_t [LaneLatency-1:0] op_i,
  input  scale_t                     dot_scale_i, // with op_i[0] if that is a logit

  // To the lanes, with op_i[1], [1], [3], [4], [6], [7]
  output logic [Units-1:0][31:0]     bias_o,
  output logic [Units-1:0][31:0]     m1_o,        // scales as in memory: the mantissa is of use,
  output logic [Units-1:0][31:0]     s1_o,        // the shift
  output logic [Units-1:0][31:0]     m2_o,
  output logic [Units-1:0][31:0]     s2_o,
  output logic [Units-1:0][31:0]     b2_o
);
  // Words of 32 bits simulate fast; what nobody reads of them is no flip-flop.
  logic [1:0][Units-1:0][31:0] bias_q, b2_q, p0_q, p1_q, p2_q;

  // ---- Loading ---------------------------------------------------------------------------------
  logic       par;
  logic [1:0] kind;
  assign kind = rdata_i.tag.index[1:0];
  assign par  = rdata_i.valid && rdata_i.tag.dest == DestPar;

  // Every register is named by constants: an index that varies would be a shifter of a whole set.
  always_ff @(posedge clk_i) begin
    if (par || norm_en_i) begin
      for (int unsigned b = 0; b < 2; b++) begin
        for (int unsigned u = 0; u < Units; u++) begin
          if (par && rdata_i.tag.bank == 1'(b)) begin
            if (kind == ParA && rdata_i.tag.bytes[0] == 1'(u / 8)) begin
              bias_q[b][u] <= rdata_i.data[64*(u%8) +: 32];
              p1_q[b][u]   <= rdata_i.data[64*(u%8)+32 +: 32];
            end
            if (kind == ParB && rdata_i.tag.bytes[0] == 1'(u / 8)) begin
              p2_q[b][u] <= rdata_i.data[64*(u%8) +: 32];
              b2_q[b][u] <= rdata_i.data[64*(u%8)+32 +: 32];
            end
            if (kind == ParC) p0_q[b][u] <= rdata_i.data[32*u +: 32];
          end else if (norm_en_i && norm_bank_i == 1'(b)) begin
            bias_q[b][u] <= '0;
            p1_q[b][u]   <= norm_i[u];
          end
        end
      end
    end
  end

  // ---- Scale of the logits, rank by rank --------------------------------------------------------
  scale_t [5:0] scale_q;

  always_ff @(posedge clk_i) begin
    for (int unsigned i = 0; i < 6; i++) begin
      if (op_i[i].valid && op_i[i].logit) begin
        scale_q[i] <= (i == 0) ? dot_scale_i : scale_q[(i + 5) % 6];
      end
    end
  end

  always_comb begin
    bias_o = '0;
    m1_o   = '0;
    s1_o   = '0;
    m2_o   = '0;
    s2_o   = '0;
    b2_o   = '0;
    if (op_i[1].valid) begin
      bias_o = bias_q[op_i[1].bank];
      m1_o   = op_i[1].index ? p0_q[op_i[1].bank] : p1_q[op_i[1].bank];
      if (op_i[1].logit) m1_o = {Units{scale_q[0]}};
    end
    if (op_i[3].valid) begin
      s1_o = op_i[3].index ? p0_q[op_i[3].bank] : p1_q[op_i[3].bank];
      if (op_i[3].logit) s1_o = {Units{scale_q[2]}};
    end
    if (op_i[4].valid && (op_i[4].add || op_i[4].split)) begin
      m2_o = op_i[4].logit ? {Units{scale_q[3]}} : p2_q[op_i[4].bank];
    end
    if (op_i[6].valid && (op_i[6].add || op_i[6].mul || op_i[6].split)) begin
      s2_o = op_i[6].logit ? {Units{scale_q[5]}} : p2_q[op_i[6].bank];
    end
    if (op_i[7].valid && op_i[7].plane_b) b2_o = b2_q[op_i[7].bank];
  end

  logic unused;
  assign unused = ^{op_i, rdata_i, norm_i, dot_scale_i, scale_q};
endmodule
