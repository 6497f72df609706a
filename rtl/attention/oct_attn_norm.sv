// SPDX-License-Identifier: Apache-2.0
// oct_attn_norm: 1/L of all queries of a group by serial dividers, 29 cycles, or their state words as they
// are for a job that goes on later. Test: tb/unit/attention/oct_attn_compute_test.cpp.
module oct_attn_norm
  import oct_attn_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,
  output logic                   busy_o,

  input  logic                   load_i,    // not while busy
  input  logic                   raw_i,     // state words only
  input  scale_t                 scale_i,   // mo/so
  input  logic [Units-1:0][10:0] max_i,
  input  logic [Units-1:0][39:0] sum_i,

  output logic                   valid_o,
  input  logic                   ready_i,
  output scale_t [Units-1:0]     norm_o,
  output logic [Units-1:0][63:0] state_o
);
  localparam logic [4:0] LastStep = 5'd22;

  logic       busy_q, div_q, done_q;
  logic [4:0] norm_q;  // one-hot: normalising
  logic [4:0] count_q;

  assign valid_o = done_q;
  assign busy_o  = busy_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
      norm_q <= '0;
      div_q  <= 1'b0;
      done_q <= 1'b0;
    end else if (clear_i) begin
      busy_q <= 1'b0;
      norm_q <= '0;
      div_q  <= 1'b0;
      done_q <= 1'b0;
    end else begin
      if (load_i) busy_q <= 1'b1;
      else if (done_q && ready_i) busy_q <= 1'b0;
      norm_q <= (load_i && !raw_i) ? 5'b10000 : norm_q >> 1;
      if (norm_q[0]) div_q <= 1'b1;
      else if (count_q == LastStep) div_q <= 1'b0;
      if ((load_i && raw_i) || (div_q && count_q == LastStep)) done_q <= 1'b1;
      else if (ready_i) done_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (norm_q[0]) count_q <= '0;
    else if (div_q) count_q <= count_q + 5'd1;
  end

  for (genvar u = 0; u < Units; u++) begin : gen_query
    oct_attn_div u_div (
      .clk_i,
      .load_en_i   (load_i),
      .max_i       (max_i[u]),
      .sum_i       (sum_i[u]),
      .scale_i,
      .norm_en_i   (norm_q != '0),
      .norm_span_i (norm_q),
      .div_en_i    (div_q),
      .done_i      (done_q),
      .scale_o     (norm_o[u]),
      .state_o     (state_o[u])
    );
  end
endmodule
