// SPDX-License-Identifier: Apache-2.0
// oct_attn_seq: issues the steps of the slots, one a cycle, as soon as row, bank, region and weights are
// there. The head of the command queue is the slot under way: the next one follows without a gap.
// A step reads its row of X in the cycle it is issued; step_o is one cycle later.
// Test: tb/unit/attention/oct_attn_compute_test.cpp.
`include "oct_assert.svh"

module oct_attn_seq
  import oct_attn_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 clear_i,
  output logic                 idle_o,

  input  logic                 s_valid_i,
  output logic                 s_ready_o,
  input  s_cmd_t               s_cmd_i,

  // Operands
  input  logic [XRows-1:0]     x_there_i,
  output logic                 x_en_o,
  output logic [XIdxWidth-1:0] x_row_o,
  output logic                 x_two_o,      // and the row behind it
  output logic                 x_free_o,     // what is read is not needed again
  input  logic [Halves-1:0][1:0] w_last_i,   // last beat of a half for a bank
  output logic [1:0]           w_free_o,     // one cycle after the step
  output logic                 p_bank_o,     // bank 1 is filled or claimed
  input  logic [2:0]           words_i,      // mask queue
  input  logic [1:0][63:0]     word_i,
  output logic [1:0]           words_pop_o,

  // Accumulator regions
  input  logic [1:0]           region_full_i, // last sum written
  output logic [1:0]           region_full_o,
  input  logic [1:0]           region_free_i,

  // Softmax
  output logic                 tile_en_o,
  output tile_t                tile_o,
  input  logic                 tile_ready_i,
  input  logic                 p_ready_i,
  output logic                 p_used_o,
  input  logic                 load_ready_i,

  output logic                 step_valid_o,
  output step_t                step_o,
  output scale_t               scale_q_o,    // of the logits under way
  output array_events_t        events_o
);
  logic [6:0]             count_q, last_count;
  logic [XIdxWidth-1:0]   row_q, base_q, hop;
  logic [AccIdxWidth-1:0] acc_q, acc;
  logic                   first, last, fire, state_row, two;
  logic                   gemm, qk, av, load;

  assign gemm       = s_cmd_i.kind == SlotGemm;
  assign qk         = s_cmd_i.kind == SlotQk;
  assign av         = s_cmd_i.kind == SlotAv;
  assign load       = s_cmd_i.kind == SlotLoad;
  assign last_count = s_cmd_i.rows - 7'd1;
  assign first      = count_q == '0;
  assign last       = count_q == last_count;
  assign state_row  = load && s_cmd_i.tile_first;
  assign two        = !load && (s_cmd_i.tail || (s_cmd_i.dual && !(last && s_cmd_i.odd)));
  assign hop        = two ? XIdxWidth'(2) : XIdxWidth'(1);
  assign acc        = first ? s_cmd_i.acc_base : acc_q;

  // ---- Banks -----------------------------------------------------------------------------------
  logic [1:0][Halves-1:0] w_there_q, w_there;
  logic [1:0]             w_free, w_free_q;

  // A bank is multiplied two cycles after its step: the beat that ends it may come with the step.
  always_comb begin
    for (int unsigned b = 0; b < 2; b++) begin
      for (int unsigned h = 0; h < Halves; h++) w_there[b][h] = w_there_q[b][h] || w_last_i[h][b];
    end
    w_free = '0;
    if (fire && last && s_cmd_i.w_last) w_free[s_cmd_i.bank] = 1'b1;
  end

  // ---- Regions -----------------------------------------------------------------------------------
  logic [1:0] taken_q, full_q, region;
  assign region        = (last_count[6]) ? 2'b11 : {s_cmd_i.acc_base[6], !s_cmd_i.acc_base[6]};
  assign region_full_o = full_q;

  // ---- What a step waits for -----------------------------------------------------------------------
  // A sum that is still on its way cannot be added to: two steps back at most.
  logic       x_ok, w_ok, acc_ok, p_ok, words_ok, sum, add, valid1_q, valid2_q;
  step_t      step_d, step1_q;
  logic       sum2_q;
  logic [AccIdxWidth-1:0] row2_q;
  logic [1:0] words;

  assign words    = {1'b0, s_cmd_i.par_en} + {1'b0, s_cmd_i.mask_en};
  assign words_ok = words_i >= 3'(words);
  assign sum      = gemm || av;
  assign add      = sum && !s_cmd_i.acc_first;

  always_comb begin
    x_ok   = x_there_i[row_q] && (!two || x_there_i[row_q+XIdxWidth'(1)]);
    w_ok   = !(s_cmd_i.w_first && first) || &w_there[s_cmd_i.bank];
    acc_ok = qk || !s_cmd_i.acc_first || (taken_q & region) == '0;
    if (add && valid1_q && step1_q.sum && step1_q.row == acc) acc_ok = 1'b0;
    if (add && valid2_q && sum2_q && row2_q == acc) acc_ok = 1'b0;
    // Loads write two cycles earlier than sums.
    if (load && (valid1_q && step1_q.sum || valid2_q && sum2_q)) acc_ok = 1'b0;
    p_ok = 1'b1;
    if (qk && first) begin
      x_ok = x_ok && words_ok;
      p_ok = tile_ready_i;
    end
    if (av) p_ok = p_ready_i;
    if (state_row) p_ok = load_ready_i;
  end

  assign fire        = s_valid_i && x_ok && w_ok && acc_ok && p_ok && !clear_i;
  assign s_ready_o   = fire && last;
  assign x_en_o      = fire;
  assign x_row_o     = row_q;
  assign x_two_o     = two;
  assign x_free_o    = fire && !s_cmd_i.x_keep;
  assign tile_en_o   = fire && qk && first;
  assign words_pop_o = tile_en_o ? words : 2'd0;
  assign p_used_o    = fire && av && last;
  assign p_bank_o    = &w_there_q[1];
  assign w_free_o    = w_free_q;

  always_comb begin
    events_o = '0;
    if (s_valid_i) begin
      if (fire) events_o.computing = 1'b1;
      else if (!p_ok) events_o.wait_p = 1'b1;
      else if (!acc_ok) events_o.wait_acc = 1'b1;
      else if (!w_ok) events_o.wait_w = 1'b1;
      else if (!clear_i) events_o.wait_x = 1'b1;
    end
  end

  // ---- The tile and its head's scales --------------------------------------------------------------
  scale_t scale_q_q, scale_o_q;
  assign scale_q_o = scale_q_q;

  always_comb begin
    tile_o         = '0;
    if (s_valid_i && qk && first) begin
      tile_o.ctx     = s_cmd_i.ctx;
      tile_o.split   = s_cmd_i.split;
      tile_o.dual    = s_cmd_i.dual;
      tile_o.keys    = s_cmd_i.keys;
      tile_o.key0    = s_cmd_i.key0;
      tile_o.q0      = s_cmd_i.q0;
      tile_o.first   = s_cmd_i.tile_first;
      tile_o.last    = s_cmd_i.tile_last;
      tile_o.mask_en = s_cmd_i.mask_en;
      tile_o.mask    = s_cmd_i.par_en ? word_i[1] : word_i[0];
      tile_o.scale_o = s_cmd_i.par_en ? word_i[0][63:32] : scale_o_q;
    end
  end

  // ---- The step on its way ---------------------------------------------------------------------------
  always_comb begin
    step_d         = '0;
    if (s_valid_i) begin
      step_d.qk      = qk;
      step_d.sum     = sum;
      step_d.load    = load && !state_row;
      step_d.state   = state_row;
      step_d.bank    = s_cmd_i.bank;
      step_d.weights = av;
      step_d.tail    = s_cmd_i.tail;
      step_d.split   = s_cmd_i.split && qk;
      step_d.dual    = s_cmd_i.dual;
      step_d.add     = add;
      step_d.row     = state_row ? AccIdxWidth'(!first) : acc;
      if (sum && last && s_cmd_i.acc_last) step_d.full = region;
    end
  end

  assign step_valid_o = valid1_q;
  assign step_o       = step1_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q   <= '0;
      row_q     <= '0;
      base_q    <= '0;
      w_there_q <= '0;
      w_free_q  <= '0;
      taken_q   <= '0;
      full_q    <= '0;
      valid1_q  <= 1'b0;
      valid2_q  <= 1'b0;
    end else if (clear_i) begin
      count_q   <= '0;
      row_q     <= '0;
      base_q    <= '0;
      w_there_q <= '0;
      w_free_q  <= '0;
      taken_q   <= '0;
      full_q    <= '0;
      valid1_q  <= 1'b0;
      valid2_q  <= 1'b0;
    end else begin
      valid1_q <= fire;
      valid2_q <= valid1_q;
      w_free_q <= w_free;
      if (fire) begin
        count_q <= last ? '0 : count_q + 7'd1;
        row_q   <= (last && s_cmd_i.x_keep) ? base_q : row_q + hop;
        if (!s_cmd_i.x_keep) base_q <= base_q + hop;
      end
      for (int unsigned b = 0; b < 2; b++) begin
        w_there_q[b] <= w_free[b] ? '0 : w_there[b];
      end
      taken_q <= (taken_q & ~region_free_i) | (fire ? step_d.full : 2'b00);
      full_q  <= (full_q & ~region_free_i) | region_full_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (fire) begin
      step1_q <= step_d;
      acc_q   <= acc + AccIdxWidth'(1);
    end
    if (valid1_q) begin
      sum2_q <= step1_q.sum;
      row2_q <= step1_q.row;
    end
    if (tile_en_o && s_cmd_i.par_en) begin
      scale_q_q <= word_i[0][31:0];
      scale_o_q <= word_i[0][63:32];
    end
  end

  assign idle_o = !s_valid_i && !valid1_q && !valid2_q;

  `OCT_ASSERT(Slot_A, s_valid_i && !s_ready_o && !clear_i |=>
              clear_i || (s_valid_i && $stable(s_cmd_i)))
  `OCT_ASSERT(FreeWhatIsFull_A, (region_free_i & ~full_q) == '0)
endmodule
