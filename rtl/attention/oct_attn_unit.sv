// SPDX-License-Identifier: Apache-2.0
// oct_attn_unit: 64 products of a row of X with one of two operand banks, summed in two ranks: a step
// a cycle, its dot product two cycles later. Banks are written by whole rows, by eight lanes (column
// mode) or by two lanes (weights of the softmax); a write and a step in one cycle: the step sees the
// old bytes. Twin: sw/golden/engine_math.hpp. Test: tb/unit/attention/oct_attn_unit_test.cpp.
module oct_attn_unit
  import oct_attn_pkg::*;
(
  input  logic                      clk_i,

  input  logic [XIdxWidth-1:0]      id_i,         // which unit it is
  input  logic                      w_en_i,       // some of the following writes
  input  logic                      row_en_i,     // to the unit row_id_i
  input  logic [XIdxWidth-1:0]      row_id_i,
  input  logic                      row_bank_i,
  input  logic [RowWidth-1:0]       row_i,
  input  logic [ColPorts-1:0]       col_en_i,
  input  logic [ColPorts-1:0]       col_bank_i,
  input  logic [ColPorts-1:0][2:0]  col_group_i,  // lanes 8 * group and up
  input  logic [ColPorts-1:0][63:0] col_i,
  input  logic                      p_en_i,       // lanes 2 * pair and up of bank 1
  input  logic [4:0]                p_pair_i,
  input  logic [15:0]               p_i,

  input  logic                      en_i,
  input  logic                      bank_i,
  input  logic                      weights_i,    // W is unsigned
  input  logic                      split_i,
  input  logic [RowWidth-1:0]       x_i,
  output dot_t                      dot_o
);
  localparam int unsigned Parts     = 16;  // sums of four products, between the ranks
  localparam int unsigned PartWidth = 18;  // in slots of 32 bits, which simulate faster

  logic [32*Parts-1:0] part_q;
  logic                en_q, split_q;
  dot_t                dot_q;

  assign dot_o = dot_q;

  // ---- Operand banks ----------------------------------------------------------------------------
  // One source of a bank's eight lanes at most is on: they are joined by OR, which is smaller than a
  // choice.
  logic row_en;
  assign row_en = row_en_i && row_id_i == id_i;

  // One behaviour, two forms: gates have an enable for the lanes that are always written together, which
  // becomes a clock gate; a model writes what comes and copies nothing.
`ifdef SYNTHESIS
  logic [RowWidth-1:0] w0_q, w1_q;
  logic [RowWidth-1:0] set0, set1;
  logic [7:0]          on0, on1;
  logic [31:0]         on_p;

  always_comb begin
    for (int unsigned g = 0; g < 8; g++) begin
      on0[g] = row_en && !row_bank_i;
      on1[g] = row_en && row_bank_i;
      set0[64*g+:64] = row_i[64*g+:64] & {64{on0[g]}};
      set1[64*g+:64] = row_i[64*g+:64] & {64{on1[g]}};
      for (int unsigned c = 0; c < ColPorts; c++) begin
        automatic logic on = col_en_i[c] && col_group_i[c] == 3'(g);
        on0[g] = on0[g] | (on && !col_bank_i[c]);
        on1[g] = on1[g] | (on && col_bank_i[c]);
        set0[64*g+:64] = set0[64*g+:64] | (col_i[c] & {64{on && !col_bank_i[c]}});
        set1[64*g+:64] = set1[64*g+:64] | (col_i[c] & {64{on && col_bank_i[c]}});
      end
    end
    for (int unsigned i = 0; i < 32; i++) begin
      on_p[i] = p_en_i && p_pair_i == 5'(i);
      set1[16*i+:16] = set1[16*i+:16] | (p_i & {16{on_p[i]}});
    end
  end

  for (genvar g = 0; g < 8; g++) begin : g_group
    always_ff @(posedge clk_i) if (w_en_i && on0[g]) w0_q[64*g+:64] <= set0[64*g+:64];
  end
  for (genvar i = 0; i < 32; i++) begin : g_pair
    always_ff @(posedge clk_i) begin
      if (w_en_i && (on1[i/4] || on_p[i])) w1_q[16*i+:16] <= set1[16*i+:16];
    end
  end

  function automatic logic [RowWidth-1:0] weights(input logic bank);
    return bank ? w1_q : w0_q;
  endfunction
`else
  logic [RowWidth-1:0] w_q [2];

  function automatic logic [RowWidth-1:0] weights(input logic bank);
    return w_q[bank];
  endfunction

  always_ff @(posedge clk_i) begin
    if (w_en_i) begin
      if (row_en) w_q[row_bank_i] <= row_i;
      for (int unsigned c = 0; c < ColPorts; c++) begin
        if (col_en_i[c]) w_q[col_bank_i[c]][{col_group_i[c], 6'd0}+:64] <= col_i[c];
      end
      if (p_en_i) w_q[1][{p_pair_i, 4'd0}+:16] <= p_i;
    end
  end
`endif

  // ---- Products and sums ------------------------------------------------------------------------
  // Part j of 16 sums the four lanes of word j, so that words simulate side by side.
  function automatic logic [32*Parts-1:0] products(input logic [RowWidth-1:0] w,
                                                   input logic [RowWidth-1:0] x, input logic sgn);
    logic [32*Parts-1:0] parts;
    for (int unsigned j = 0; j < Parts; j++) begin
      automatic int sum = 0;
      for (int unsigned k = 0; k < 4; k++) begin
        sum += int'(signed'({w[32*j+8*k+7] & sgn, w[32*j+8*k+:8]})) *
               int'(signed'(x[32*j+8*k+:8]));
      end
      parts[32*j+:32] = 32'(signed'(sum[PartWidth-1:0]));
    end
    return parts;
  endfunction

  function automatic dot_t sums(input logic [32*Parts-1:0] parts, input logic split);
    automatic int lo = 0;
    automatic int hi = 0;
    dot_t         dot;
    for (int unsigned j = 0; j < Parts / 2; j++) lo += int'(parts[32*j+:32]);
    for (int unsigned j = Parts / 2; j < Parts; j++) hi += int'(parts[32*j+:32]);
    dot    = '0;
    dot.hi = HalfWidth'(hi);
    dot.lo = DotWidth'(lo + (split ? 0 : hi));
    return dot;
  endfunction

  always_ff @(posedge clk_i) begin
    en_q <= en_i;
    if (en_i) begin
      part_q  <= products(weights(bank_i), x_i, !weights_i);
      split_q <= split_i;
    end
    if (en_q) dot_q <= sums(part_q, split_q);
  end
endmodule
