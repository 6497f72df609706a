// SPDX-License-Identifier: Apache-2.0
// oct_attn_exp: one query of the softmax: running maximum, its rescaling, exponentials of two keys a
// cycle, sum. The logits of a weight come in one cycle, the weight leaves in the next.
// Twin: sw/golden/engine_math.hpp (exponential, weight). Test: tb/unit/attention/oct_attn_exp_test.cpp.
module oct_attn_exp
  import oct_attn_pkg::*;
(
  input  logic               clk_i,

  // Logits of the tile that is coming in: their maximum
  input  logic               max_en_i,
  input  logic               max_first_i,  // of the tile
  input  logic signed [15:0] max_lo_i,
  input  logic signed [15:0] max_hi_i,
  input  logic               tail_en_i,    // max_lo_i is the tail's only logit

  // The tile is in: maximum and rescaling move on
  input  logic               start_i,
  input  logic               fresh_i,      // from the initial values
  input  logic               load_en_i,    // or from these
  input  logic [63:0]        load_i,       // {M[63:48], L[39:0]}
  input  logic               tail_start_i, // they move on with the tail

  // Two logits of the tile; later in the same order two weights
  input  logic               started_i,    // one cycle after start_i or tail_start_i
  input  logic               tail_i,       // ... the latter: its logit is the key
  input  logic               key_en_i,
  input  logic               term_en_i,    // one cycle after key_en_i
  input  logic signed [15:0] key_lo_i,     // KeyHidden: not visible
  input  logic signed [15:0] key_hi_i,
  output logic [15:0]        p_o,          // with term_en_i

  output logic [4:0]         shift_o,      // D
  output logic [4:0]         tail_shift_o,
  output logic [10:0]        max_o,        // M
  output logic [39:0]        sum_o         // L
);
  localparam int unsigned MaxWidth = 11;   // M: -512 to 512
  localparam logic signed [MaxWidth-1:0] MaxInitial = -11'sd512;

  typedef struct packed {
    logic [15:0] t;     // T[f]
    logic [4:0]  n;
    logic        some;  // not zero
  } term_t;

  logic signed [15:0]         top_q;       // largest logit of the tile that comes in
  logic signed [15:0]         tail_q;
  logic [4:0]                 tail_shift_q;
  logic signed [MaxWidth-1:0] max_q, max_d, old;
  logic [4:0]                 shift_q, shift_d;
  logic [39:0]                sum_q, sum_d;
  term_t                      lo_q, hi_q;
  logic [19:0]                e_lo, e_hi;

  assign shift_o = shift_q;
  assign tail_shift_o = tail_shift_q;
  assign max_o   = max_q;
  assign sum_o   = sum_q;

  // ---- Maximum -----------------------------------------------------------------------------------
  function automatic logic signed [15:0] largest(input logic signed [15:0] a,
                                                 input logic signed [15:0] b);
    return (a > b) ? a : b;
  endfunction

  logic signed [16:0] up;
  logic [MaxWidth-1:0] grown;

  always_comb begin
    up      = '0;
    old     = max_q;
    max_d   = max_q;
    grown   = '0;
    shift_d = '0;
    if (start_i || tail_start_i) begin
      up      = (start_i ? 17'(top_q) : 17'(tail_q)) + 17'sd63;
      old     = (start_i && fresh_i) ? MaxInitial : max_q;
      max_d   = (MaxWidth'(up >>> 6) > old) ? MaxWidth'(up >>> 6) : old;
      grown   = max_d - old;
      shift_d = (grown > 11'd31) ? 5'd31 : grown[4:0];
    end
  end

  // ---- Exponential -------------------------------------------------------------------------------
  // round(65536 * 2^(-f/64)), at most 65535; f = 63 first.
  localparam logic [63:0][15:0] Table = {
    16'd33125, 16'd33486, 16'd33850, 16'd34219, 16'd34591, 16'd34968, 16'd35349, 16'd35734,
    16'd36123, 16'd36516, 16'd36914, 16'd37316, 16'd37722, 16'd38133, 16'd38548, 16'd38968,
    16'd39392, 16'd39821, 16'd40255, 16'd40693, 16'd41136, 16'd41584, 16'd42037, 16'd42495,
    16'd42958, 16'd43425, 16'd43898, 16'd44376, 16'd44859, 16'd45348, 16'd45842, 16'd46341,
    16'd46846, 16'd47356, 16'd47871, 16'd48393, 16'd48920, 16'd49452, 16'd49991, 16'd50535,
    16'd51085, 16'd51642, 16'd52204, 16'd52773, 16'd53347, 16'd53928, 16'd54515, 16'd55109,
    16'd55709, 16'd56316, 16'd56929, 16'd57549, 16'd58176, 16'd58809, 16'd59449, 16'd60097,
    16'd60751, 16'd61413, 16'd62081, 16'd62757, 16'd63441, 16'd64132, 16'd64830, 16'd65535};

  function automatic term_t term(input logic signed [MaxWidth-1:0] max,
                                 input logic signed [15:0] l);
    automatic logic [17:0] x = {max[MaxWidth-1], max, 6'd0} - 18'(l);
    term_t r;
    r.t    = Table[x[5:0]];
    r.n    = x[10:6];
    r.some = x[17:6] < 12'd20 && l != KeyHidden;
    return r;
  endfunction

  function automatic logic [19:0] exponential(input term_t r);
    return r.some ? {r.t, 4'd0} >> r.n : 20'd0;
  endfunction

  function automatic logic [7:0] weight(input logic [19:11] e);
    automatic logic [8:0] p = {1'b0, e[19:12]} + 9'(e[11]);
    return p[8] ? 8'd255 : p[7:0];
  endfunction

  always_comb begin
    e_lo  = '0;
    e_hi  = '0;
    p_o   = '0;
    sum_d = sum_q;
    if (term_en_i) begin
      e_lo  = exponential(lo_q);
      e_hi  = exponential(hi_q);
      p_o   = {weight(e_hi[19:11]), weight(e_lo[19:11])};
      sum_d = sum_q + 40'(e_lo) + 40'(e_hi);
    end else if (started_i) begin
      sum_d = sum_q >> (tail_i ? tail_shift_q : shift_q);
    end
    if (start_i && fresh_i) sum_d = '0;
    if (load_en_i) sum_d = load_i[39:0];
  end

  always_ff @(posedge clk_i) begin
    if (max_en_i) top_q <= max_first_i ? largest(max_lo_i, max_hi_i)
                                       : largest(top_q, largest(max_lo_i, max_hi_i));
    if (tail_en_i) tail_q <= max_lo_i;
    if (start_i || tail_start_i) begin
      max_q <= max_d;
      if (start_i) shift_q <= shift_d;
      else tail_shift_q <= shift_d;
    end else if (load_en_i) begin
      max_q <= load_i[48+:MaxWidth];
    end
    if (key_en_i) begin
      lo_q <= term(max_q, tail_i ? tail_q : key_lo_i);
      hi_q <= term(max_q, tail_i ? KeyHidden : key_hi_i);
    end
    if (term_en_i || started_i || start_i || load_en_i) sum_q <= sum_d;
  end

  logic unused;
  assign unused = ^{load_i[63:59], load_i[47:40]};
endmodule
