// SPDX-License-Identifier: Apache-2.0
// oct_attn_div: 1/L of one query as a scale: R = floor((mo << 23) / N), N = L in 24 bits, and its shift.
// The steps come from outside, one for all queries: load, 5 of StNorm with span 16, 8, 4, 2, 1, then
// 23 of StDivide. Twin: sw/golden/engine_math.hpp (normaliser). Test: tb/unit/attention/oct_attn_exp_test.cpp.
module oct_attn_div
  import oct_attn_pkg::*;
(
  input  logic        clk_i,
  input  logic        load_en_i,
  input  logic [10:0] max_i,        // M
  input  logic [39:0] sum_i,        // L
  input  scale_t      scale_i,      // mo/so, with load_en_i
  input  logic        norm_en_i,
  input  logic [4:0]  norm_span_i,  // one-hot
  input  logic        div_en_i,
  input  logic        done_i,       // the outputs are looked at
  output scale_t      scale_o,      // R and s
  output logic [63:0] state_o       // {M[63:48], L[39:0]} as loaded, before the first step
);
  localparam int unsigned SumWidth = 38;  // L < 2^37

  logic signed [10:0]  max_q;
  logic [SumWidth-1:0] sum_q;
  logic [6:0]          exp_q;       // so + e - 26, signed
  logic [23:0]         rest_q;
  logic [22:0]         quot_q;
  logic [24:0]         twice, less;

  always_comb begin
    twice = '0;
    less  = '0;
    if (div_en_i) begin
      twice = {rest_q, 1'b0};
      less  = twice - {1'b0, sum_q[SumWidth-1-:24]};
    end
  end

  always_comb begin
    scale_o = '0;
    state_o = '0;
    if (done_i) begin
      if (sum_q != '0) begin
        scale_o.m = {1'b0, quot_q};
        if (!exp_q[6]) scale_o.shift = exp_q[5:0];
        else if (!exp_q[5]) scale_o.shift = 6'd63;  // 64 and up; below -26 it cannot get
      end
      state_o = {{5{max_q[10]}}, max_q, 10'd0, sum_q};
    end
  end

  always_ff @(posedge clk_i) begin
    if (load_en_i) begin
      max_q  <= max_i;
      sum_q  <= sum_i[SumWidth-1:0];
      exp_q  <= {1'b0, scale_i.shift} + 7'd11;  // e = 37
      rest_q <= {1'b0, scale_i.m[22:0]};
    end
    if (norm_en_i) begin
      for (int unsigned i = 0; i < 5; i++) begin
        if (norm_span_i[i] && (sum_q >> (SumWidth - 2 ** i)) == '0) begin
          sum_q <= sum_q << 2 ** i;
          exp_q <= exp_q - 7'(2 ** i);
        end
      end
    end
    if (div_en_i) begin
      rest_q <= less[24] ? twice[23:0] : less[23:0];
      quot_q <= {quot_q[21:0], !less[24]};
    end
  end

  logic unused;
  assign unused = ^{sum_i[39:SumWidth], scale_i.rsvd, scale_i.m[23]};
endmodule
