// SPDX-License-Identifier: Apache-2.0
// oct_attn_lanes: the lanes of all units with their parameters, and the operation that each rank
// is at. One operation a cycle: a logit that comes, or what was issued. LaneLatency cycles to
// the result. Test: tb/unit/attention/oct_attn_drain_test.cpp.
module oct_attn_lanes
  import oct_attn_pkg::*;
  import oct_attn_lane_pkg::*;
(
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  clear_i,
  input  ctx_t [NumCtx-1:0]     ctx_i,

  // Parameters of the channels
  input  rdata_t [Halves-1:0]   rdata_i,
  input  logic                  norm_en_i,
  input  logic                  norm_bank_i,
  input  scale_t [Units-1:0]    norm_i,
  output logic [1:0]            set_free_o,   // pulse: no operation needs the set any more

  // Sums and table values; never together with a dot
  input  lane_op_t              issued_i,
  input  logic [Units-1:0][AccWidth-1:0] sum_i,
  input  logic [Units-1:0][7:0] value_i,
  output logic                  res_take_o,   // res_i is used
  input  logic [Units-1:0][15:0] res_i,

  input  logic                  dot_valid_i,
  input  logic                  dot_split_i,
  input  scale_t                dot_scale_i,
  input  dot_t [Units-1:0]      dot_i,

  output logic                  logit_valid_o,
  output logic [Units-1:0][15:0] logit_hi_o,
  output lane_op_t              op_o,         // of the result
  output logic [Units-1:0][15:0] y_o          // result, or logit of the first dot
);
  // ---- Operations, rank by rank -----------------------------------------------------------------
  lane_op_t [LaneLatency:0]   op;        // the last: with the result
  lane_op_t [LaneLatency:1]   op_q;
  lane_op_t                   last;
  logic                       any;
  logic signed [15:0]         min_q, max_q;

  always_comb begin
    op    = {op_q, issued_i};
    if (dot_valid_i) begin
      op[0]       = '0;
      op[0].valid = 1'b1;
      op[0].logit = 1'b1;
      op[0].split = dot_split_i;
    end
    any = 1'b0;
    for (int unsigned i = 0; i <= LaneLatency; i++) any = any || op[i].valid;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) op_q <= '0;
    else if (clear_i) op_q <= '0;
    else if (any) op_q <= op[LaneLatency-1:0];
  end

  assign last          = op[LaneLatency-2];
  assign op_o          = op[LaneLatency];
  assign logit_valid_o = op_o.valid && op_o.logit;
  assign res_take_o    = op[5].valid && (op[5].add || op[5].mul);

  // Operations ask for parameters up to seven cycles after they came; 1/L replaces what they ask for
  // in the first three. What is asked for from the next cycle on is stored six cycles later at the
  // earliest, and 1/L two, so that the set is free one cycle after its last operation came.
  always_comb begin
    set_free_o = '0;
    if (op[1].valid && !op[1].logit && !op[1].index && op[1].group_end) begin
      set_free_o[op[1].bank] = 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (last.valid) begin
      min_q <= -16'sd128;
      max_q <= 16'sd127;
      if (last.logit) begin
        min_q <= -16'sd32767;
        max_q <= 16'sd32767;
      end else if (!last.index && !ctx_i[last.ctx].attn) begin
        min_q <= ctx_i[last.ctx].lo;
        max_q <= ctx_i[last.ctx].hi;
      end
    end
  end

  // ---- Parameters as they come -------------------------------------------------------------------
  // With sixteen units and two halves each half brings planes A and B for eight of the units; plane
  // C and 1/L always come through the last half's register.
  localparam int unsigned Last       = Halves - 1;
  localparam bit          BothHalves = Halves > 1 && Units > 8;
  logic [Halves-1:0]      par;
  logic [Halves-1:0][1:0] bank, kind;
  logic [1:0]             norm_bank;

  always_comb begin
    for (int unsigned h = 0; h < Halves; h++) begin
      kind[h] = rdata_i[h].tag.index[1:0];
      par[h]  = rdata_i[h].valid && rdata_i[h].tag.dest == DestPar;
      bank[h] = par[h] ? {rdata_i[h].tag.bank, !rdata_i[h].tag.bank} : 2'b00;
    end
    norm_bank = norm_en_i ? {norm_bank_i, !norm_bank_i} : 2'b00;
  end

  // They stand a cycle before they are stored, as what says where has many loads; no operation can
  // want them earlier.
  logic [Halves-1:0][RowWidth-1:0] word_q;
  always_ff @(posedge clk_i) begin
    for (int unsigned h = 0; h < Halves; h++) begin
      if (par[h] && (BothHalves || h == Last)) word_q[h] <= rdata_i[h].data;
      else if (norm_en_i && h == Last) word_q[h] <= RowWidth'(norm_i);
    end
  end

  // ---- Scale of the logits, rank by rank ---------------------------------------------------------
  scale_t [5:0] scale_q;

  always_ff @(posedge clk_i) begin
    for (int unsigned i = 0; i < 6; i++) begin
      if (op[i].valid && op[i].logit) begin
        scale_q[i] <= (i == 0) ? dot_scale_i : scale_q[(i + 5) % 6];
      end
    end
  end

  // ---- Lanes -------------------------------------------------------------------------------------
  lane_ctl_t ctl;
  always_comb begin
    ctl = '0;
    if (any) ctl = lane_ctl(op[LaneLatency-1:0]);
  end

  for (genvar u = 0; u < Units; u++) begin : gen_lane
    localparam int unsigned H = BothHalves ? u / 8 : Last;
    logic signed [31:0] t;
    logic [1:0]         mine;   // words of planes A and B come eight at a time
    assign mine = (rdata_i[H].tag.bytes[0] == 1'(u / 8)) ? bank[H] : 2'b00;

    always_comb begin
      t = '0;
      if (dot_valid_i) t = 32'(dot_i[u].lo);
      else if (issued_i.looked_up) t = 32'(signed'(value_i[u]));
      else if (issued_i.valid) t = sum_i[u];
    end
    oct_attn_channel u_channel (
      .clk_i,
      .load_a_i    ((kind[H] == ParA) ? mine : 2'b00),
      .load_b_i    ((kind[H] == ParB) ? mine : 2'b00),
      .load_c_i    ((kind[Last] == ParC) ? bank[Last] : 2'b00),
      .load_norm_i (norm_bank),
      .ab_i        (word_q[H][64*(u%8) +: 64]),
      .c_i         (word_q[Last][32*u +: 32]),
      .ctl_i       (ctl),
      .valid_i     (op[0].valid),
      .split_i     (op[0].split),
      .t_i         (t),
      .hi_i        (dot_i[u].hi),
      .scale_i     (scale_q),
      .r_i         (res_i[u]),
      .min_i       (min_q),
      .max_i       (max_q),
      .y_o         (y_o[u]),
      .hi_o        (logit_hi_o[u])
    );
  end

  logic unused;
  assign unused = ^{ctx_i, last, rdata_i, word_q};
endmodule
