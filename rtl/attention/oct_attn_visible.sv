// SPDX-License-Identifier: Apache-2.0
// oct_attn_visible: which units see the keys of the next logits: causal, window, key mask, end of the
// tile. Three cycles after a tile begins the flags of its first logits are there, after that those of the
// next ones in every cycle. Test: tb/unit/attention/oct_attn_compute_test.cpp.
module oct_attn_visible
  import oct_attn_pkg::*;
(
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             tile_en_i,   // a tile begins
  input  tile_t            tile_i,
  input  ctx_t [NumCtx-1:0] ctx_i,
  input  logic             next_i,      // logits came

  output logic [Units-1:0] lo_o,        // key of the next logit
  output logic [Units-1:0] hi_o,        // split: the one behind it
  output logic             odd_o,       // the next key is an odd one
  output logic             tail_o,      // it is the 65th
  output logic             last_o       // the next logits are the tile's last
);
  localparam int unsigned GapWidth = 35;
  localparam logic signed [GapWidth-1:0] All = signed'(GapWidth'(Units));

  // c = j - q0 - offset: query u sees key j if c <= u (causal) and c + window > u.
  logic signed [GapWidth-1:0] gap_q;
  logic [6:0]                 key_q, keys_q, step;
  logic [63:0]                mask_q;
  logic                       ctx_q, split_q, dual_q, causal_q, near_q, prime_q;
  logic                       odd_q, tail_q, last_q;
  logic [15:0]                window_q;
  logic [Units-1:0]           lo_q, hi_q;

  assign lo_o   = lo_q;
  assign hi_o   = hi_q;
  assign odd_o  = odd_q;
  assign tail_o = tail_q;
  assign last_o = last_q;
  assign step   = split_q ? 7'd2 : 7'd1;

  function automatic logic [Units-1:0] seen(input logic signed [GapWidth-1:0] c, input logic causal,
                                            input logic [15:0] window, input logic dual);
    automatic logic signed [GapWidth-1:0] w      = c + GapWidth'(signed'({1'b0, window}));
    automatic logic [Units-1:0]           result = '1;
    if (causal) begin  // units c and up
      if (c >= All) result = '0;
      else if (c > 0) result = {Units{1'b1}} << c[UnitIdxWidth-1:0];
    end
    if (window != '0) begin  // units below w
      if (w <= 0) result = '0;
      else if (w < All) result &= ~({Units{1'b1}} << w[UnitIdxWidth-1:0]);
    end
    if (dual) begin  // two units a query
      for (int i = int'(Units) - 1; i > 0; i--) result[i] = result[i/2];
    end
    return result;
  endfunction

  logic unused;
  assign unused = ^{tile_i, ctx_i};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      near_q  <= 1'b0;
      prime_q <= 1'b0;
    end else begin
      near_q  <= tile_en_i;
      prime_q <= near_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (tile_en_i) begin
      gap_q    <= GapWidth'(signed'({1'b0, tile_i.key0})) - GapWidth'(signed'({1'b0, tile_i.q0}));
      ctx_q    <= tile_i.ctx;
      key_q    <= '0;
      keys_q   <= tile_i.keys;
      split_q  <= tile_i.split;
      dual_q   <= tile_i.dual;
      mask_q   <= tile_i.mask_en ? tile_i.mask : '1;
      causal_q <= ctx_i[tile_i.ctx].causal;
      window_q <= ctx_i[tile_i.ctx].window;
    end else if (near_q) begin
      gap_q <= gap_q - GapWidth'(signed'(ctx_i[ctx_q].offset));
    end else if (prime_q || next_i) begin
      gap_q  <= gap_q + GapWidth'(signed'({1'b0, step}));
      key_q  <= key_q + step;
      mask_q <= split_q ? {2'b11, mask_q[63:2]} : {1'b1, mask_q[63:1]};
      lo_q   <= mask_q[0] ? seen(gap_q, causal_q, window_q, dual_q) : '0;
      hi_q   <= (split_q && mask_q[1] && key_q + 7'd1 != keys_q)
                  ? seen(gap_q + 35'sd1, causal_q, window_q, dual_q) : '0;
      odd_q  <= key_q[0];
      tail_q <= key_q[6];
      last_q <= key_q + step >= keys_q;
    end
  end
endmodule
