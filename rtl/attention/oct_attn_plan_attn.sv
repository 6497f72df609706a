// SPDX-License-Identifier: Apache-2.0
// oct_attn_plan_attn: walks one attention job and emits the commands of its slots: heads, groups of
// Units queries, tiles of 64 keys. The product with V of a tile goes out behind the logits of the
// next one, even if that belongs to the next group. Tiles that no query of a group sees are skipped.
// Wide heads, d or dv beyond 64, give a query two units each (dual); so does a last group of at most
// Units / 2 queries, as no others are there: it takes half the steps then. Where Q, K, V, state and
// output of each stand: oct_attn_plan_addr; what the commands say: oct_attn_plan_slot.
// Test: tb/unit/attention/oct_attn_plan_test.cpp.
module oct_attn_plan_attn
  import oct_attn_pkg::*;
  import oct_attn_desc_pkg::*;
(
  input  logic   clk_i,
  input  logic   rst_ni,
  input  logic   clear_i,

  input  logic   start_i,      // plan_i is an attention job, held until done_o
  input  plan_t  plan_i,
  input  logic   ctx_i,
  output logic   done_o,       // last command of the job goes out in this cycle

  input  logic   region_i,     // accumulator region of the next group, kept by the planner
  output logic   region_next_o,

  input  logic   ready_i,      // all four queues have room
  output logic   x_valid_o,
  output x_cmd_t x_o,
  output logic   w_valid_o,
  output w_cmd_t w_o,
  output logic   s_valid_o,
  output s_cmd_t s_o,
  output logic   d_valid_o,
  output d_cmd_t d_o
);
  localparam int unsigned UnitsLog = $clog2(Units);

  // StClaim takes bank 1 for the weights; StSkip walks over tiles outside the window; StQk, StAv and
  // the two steps of StLoad (accumulators, then state words) emit a slot each.
  typedef enum logic [3:0] {
    StIdle, StClaim, StHead, StGroup, StRange, StSkip, StQk, StAv, StLoadAcc, StLoadState
  } state_e;
  state_e state_q;

  // ---- Where the walk stands: _h of this head, _g of this group, _t of this tile -----------------
  logic [7:0]  heads_q;                       // left
  logic [15:0] queries_q;                     // left
  logic [16:0] q0_q;
  logic [10:0] tile_q, tile_first_q, tile_last_q;
  logic        new_head_q, new_group_q, dual_q;
  logic        tail_q;                        // the group's last key comes with the tile before

  // ---- The tile whose product with V comes next --------------------------------------------------
  plan_av_t av_q, next_q, this_tile;  // next_q: behind av_q, while StAv emits that

  // ---- How many queries, which tiles they see ----------------------------------------------------
  logic                  wide, both, dual;   // of the job: two units a query; d beyond 64
  logic [UnitIdxWidth:0] most;
  logic signed [33:0]    key_hi, key_lo, top;
  logic [10:0]           first_tile, last_tile;
  logic [UnitIdxWidth:0] queries;
  logic [6:0]            keys;
  logic                  tile_end, group_end, head_end, tail;

  always_comb begin
    both    = plan_i.d > 8'd64;
    wide    = both || plan_i.dv > 8'd64;
    // A state in L1 is laid out alike for all groups of a job.
    dual    = wide || (plan_i.first && plan_i.last && queries_q <= 16'(Units / 2));
    most    = wide ? (UnitIdxWidth + 1)'(Units / 2) : (UnitIdxWidth + 1)'(Units);
    queries = (queries_q < 16'(most)) ? (UnitIdxWidth + 1)'(queries_q) : most;
    // First key that query 0 of the group sees, last key that the last one sees.
    key_lo = 34'(signed'({17'd0, q0_q})) + 34'(plan_i.offset) -
             34'(signed'({18'd0, plan_i.window})) + 34'sd1;
    key_hi = 34'(signed'({17'd0, q0_q})) + 34'(signed'({29'd0, queries})) - 34'sd1 +
             34'(plan_i.offset);
    top    = 34'(signed'({18'd0, plan_i.sk})) - 34'sd1;
    if (!plan_i.causal || key_hi > top) key_hi = top;
    if (key_hi < 34'sd0) key_hi = 34'sd0;  // nothing to see: one tile, wholly masked
    if (plan_i.window == '0 || key_lo < 34'sd0) key_lo = 34'sd0;
    if (key_lo > key_hi) key_lo = key_hi;
    first_tile = 11'(key_lo >>> 6);
    last_tile  = 11'(key_hi >>> 6);
    keys       = 7'd64;
    if (tile_q == 11'((plan_i.sk - 16'd1) >> 6) && plan_i.sk[5:0] != '0) begin
      keys = {1'b0, plan_i.sk[5:0]};
    end
    tile_end  = tile_q == tile_last_q;
    if (tail_q && tile_end) keys = 7'd65;
    tail = plan_i.sk[5:0] == 6'd1 && last_tile == 11'(plan_i.sk >> 6) && last_tile != first_tile &&
           !plan_i.key_mask && !dual_q;
    group_end = queries_q == 16'(queries);
    head_end  = heads_q == 8'd1;
  end

  // State of a group: accumulator rows of 4 bytes a unit, then the words of oct_attn_plan_addr.
  logic [31:0] kept_acc, kept_load_q;
  logic [6:0]  kept_rows;
  assign kept_rows = wide ? 7'((plan_i.dv + 8'd1) >> 1) : 7'(plan_i.dv);
  assign kept_acc  = 32'(kept_rows) << (UnitsLog + 2);

  logic qk_go, av_go, av_valid_q, load_q, next_tile;
  assign qk_go     = state_q == StQk && ready_i;
  assign av_go     = state_q == StAv && ready_i;
  assign next_tile = (state_q == StSkip && tile_q != tile_first_q) || (qk_go && !tile_end);

  logic [31:0] k_addr, v_addr, q_addr, y_addr, mask_addr, par_addr, kept_addr;
  oct_attn_plan_addr u_addr (
    .clk_i, .plan_i, .wide_i(wide), .kept_acc_i(kept_acc),
    .job_start_i(state_q == StIdle && start_i), .head_start_i(state_q == StHead),
    .group_start_i(state_q == StGroup), .tile_end_i(next_tile), .group_end_i(qk_go && tile_end),
    .head_end_i(group_end),
    .k_o(k_addr), .v_o(v_addr), .mask_o(mask_addr), .par_o(par_addr), .q_o(q_addr), .y_o(y_addr),
    .kept_o(kept_addr)
  );

  // ---- Commands --------------------------------------------------------------------------------
  plan_slot_e slot;
  plan_qk_t   qk;
  always_comb begin
    unique case (state_q)
      StClaim:     slot = PlanClaim;
      StAv:        slot = PlanAv;
      StLoadAcc:   slot = PlanLoadAcc;
      StLoadState: slot = PlanLoadState;
      default:     slot = PlanQk;
    endcase
    qk.k_addr    = k_addr;
    qk.q_addr    = q_addr;
    qk.mask_addr = mask_addr;
    qk.par_addr  = par_addr;
    qk.tile      = tile_q;
    qk.keys      = keys;
    qk.q0        = q0_q;
    qk.queries   = queries;
    qk.dual      = dual_q;
    qk.head      = new_head_q;
    qk.first     = new_group_q;
    qk.last      = tile_end;
  end
  oct_attn_plan_slot u_slot (
    .plan_i, .ctx_i, .slot_i(slot), .both_i(both), .wide_i(wide), .qk_i(qk), .av_i(av_q),
    .load_addr_i(slot == PlanLoadState ? kept_load_q + kept_acc : kept_load_q),
    .load_rows_i(kept_rows), .load_region_i(next_q.region), .x_o, .w_o, .s_o, .d_o
  );

  // A group's drain command is out before its last slot, so that it is there in time, and only one
  // waits per region.
  assign x_valid_o     = state_q == StQk || state_q == StAv || state_q == StLoadAcc ||
                         state_q == StLoadState;
  assign w_valid_o     = state_q == StClaim || (state_q == StQk && new_group_q);
  assign s_valid_o     = x_valid_o;
  assign d_valid_o     = state_q == StAv && av_q.first;
  assign region_next_o = region_i ^ (qk_go && tile_end);
  assign done_o        = av_go && av_q.last && av_q.job_last;

  // After a QK slot the tile before it follows, if there is one; then the next tile.
  state_e after;
  always_comb begin
    if (!tile_end) after = StQk;
    else if (!group_end) after = StGroup;
    else if (!head_end) after = StHead;
    else after = StAv;  // the last tile of the job alone
  end

  state_e after_q;
  logic   load;  // the group's first tile is out: its state comes next
  assign load = new_group_q && !plan_i.first;

  always_comb begin
    this_tile          = '0;
    this_tile.addr     = v_addr;
    this_tile.keys     = keys;
    this_tile.first    = new_group_q;
    this_tile.last     = tile_end;
    this_tile.job_last = group_end && head_end;
    this_tile.region   = region_i;
    this_tile.dual     = dual_q;
    this_tile.y_addr   = plan_i.last ? y_addr : kept_addr;
    this_tile.queries  = queries;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q    <= StIdle;
      av_valid_q <= 1'b0;
      load_q     <= 1'b0;
    end else if (clear_i) begin
      state_q    <= StIdle;
      av_valid_q <= 1'b0;
      load_q     <= 1'b0;
    end else begin
      unique case (state_q)
        StIdle:  if (start_i) state_q <= StClaim;
        StClaim: if (ready_i) state_q <= StHead;
        StHead:  state_q <= StGroup;
        StGroup: state_q <= StRange;
        StRange: state_q <= StSkip;
        StSkip:  if (tile_q == tile_first_q) state_q <= StQk;
        StQk: if (ready_i) begin
          state_q    <= av_valid_q ? StAv : load ? StLoadAcc : after;
          load_q     <= load && av_valid_q;
          av_valid_q <= 1'b1;
        end
        StAv: if (ready_i) begin
          state_q <= done_o ? StIdle : load_q ? StLoadAcc : after_q;
          load_q  <= 1'b0;
          if (done_o) av_valid_q <= 1'b0;
        end
        StLoadAcc: if (ready_i) state_q <= StLoadState;
        default:   if (ready_i) state_q <= after_q;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      StIdle: if (start_i) heads_q <= plan_i.heads;
      StHead: begin
        queries_q  <= plan_i.sq;
        q0_q       <= '0;
        new_head_q <= 1'b1;
      end
      StGroup: begin
        tile_q      <= '0;
        new_group_q <= 1'b1;
        dual_q      <= dual;
      end
      StRange: begin
        tile_first_q <= first_tile;
        tile_last_q  <= tail ? last_tile - 11'd1 : last_tile;
        tail_q       <= tail;
      end
      StQk: if (ready_i) begin
        next_q      <= this_tile;
        kept_load_q <= kept_addr;
        if (!av_valid_q) av_q <= this_tile;
        after_q     <= after;
        new_head_q  <= 1'b0;
        new_group_q <= 1'b0;
        if (tile_end) begin
          queries_q <= queries_q - 16'(queries);
          q0_q      <= q0_q + 17'(most);
          if (group_end) heads_q <= heads_q - 8'd1;
        end
      end
      StAv: if (ready_i) av_q <= next_q;
      default: ;
    endcase
    if (next_tile) tile_q <= tile_q + 11'd1;
  end
endmodule
