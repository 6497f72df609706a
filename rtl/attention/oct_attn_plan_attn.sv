// SPDX-License-Identifier: Apache-2.0
// oct_attn_plan_attn: walks one attention job and emits the commands of its slots: heads, groups of
// Units queries, tiles of 64 keys. The product with V of a tile goes out behind the logits of the
// next one, even if that belongs to the next group. Tiles that no query of a group sees are skipped.
// Wide heads, d or dv beyond 64, give a query two units each (dual); so does a last group of at most
// Units / 2 queries, as no others are there: it takes half the steps then.
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
  logic [7:0]  heads_q, shared_q;             // heads left; query heads left on these keys
  logic [15:0] queries_q;                     // left
  logic [16:0] q0_q;
  logic [10:0] tile_q, tile_first_q, tile_last_q;
  logic [31:0] q_h_q, k_h_q, v_h_q, y_h_q, par_h_q;
  logic [31:0] q_g_q, y_g_q, kept_g_q;       // state of this group
  logic [2:0]  sub_q;                         // group within sixteen queries
  logic [31:0] k_t_q, v_t_q, mask_t_q;
  logic        new_head_q, new_group_q, dual_q;
  logic        tail_q;                        // the group's last key comes with the tile before

  // ---- The tile whose product with V comes next --------------------------------------------------
  typedef struct packed {
    logic [31:0]           addr;
    logic [6:0]            keys;
    logic                  first;   // of its group
    logic                  last;
    logic                  job_last;  // its group is the last of the job
    logic                  region;
    logic                  dual;
    logic [31:0]           y_addr;
    logic [UnitIdxWidth:0] queries;
  } av_t;
  av_t av_q, next_q, this_tile;  // next_q: behind av_q, while StAv emits that

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

  // State of a group: accumulator rows of 4 bytes a unit, then 8 bytes a query.
  logic [31:0] kept_acc, kept_bytes, kept_load_q;
  logic [6:0]  kept_rows, pairs_dv;
  logic [2:0]  sub_last;
  assign pairs_dv   = 7'((plan_i.dv + 8'd1) >> 1);
  assign kept_rows  = wide ? pairs_dv : 7'(plan_i.dv);
  assign kept_acc   = 32'(kept_rows) << (UnitsLog + 2);
  assign kept_bytes = kept_acc + (wide ? 32'(4 * Units) : 32'(8 * Units));
  assign sub_last   = wide ? 3'(32 / Units - 1) : 3'(16 / Units - 1);

  logic av_tail;
  assign av_tail = av_q.keys[6] && av_q.keys[0];

  logic half, qk_go, av_go, av_valid_q, load_q;
  assign half  = plan_i.d <= 8'd32 && !dual_q;  // a row holds two keys
  assign qk_go = state_q == StQk && ready_i;
  assign av_go = state_q == StAv && ready_i;

  // ---- Commands --------------------------------------------------------------------------------
  always_comb begin
    x_o     = '0;
    x_o.ctx = ctx_i;
    if (state_q == StAv) begin
      x_o.addr   = av_q.addr;
      x_o.stride = plan_i.v_stride;
      x_o.rows   = av_tail ? 7'(plan_i.dv << 1) : 7'(plan_i.dv);
      x_o.bytes  = av_tail ? 7'd64 : av_q.keys;
      x_o.more   = 7'(av_tail);
    end else if (state_q == StLoadAcc) begin
      x_o.addr   = kept_load_q;
      x_o.stride = 32'(4 * Units);
      x_o.rows   = kept_rows;
      x_o.bytes  = 7'(4 * Units);
    end else if (state_q == StLoadState) begin
      x_o.addr   = kept_load_q + kept_acc;
      x_o.stride = 32'd64;
      x_o.rows   = wide ? 7'd1 : 7'(StateRows);
      x_o.bytes  = wide ? 7'(4 * Units) : 7'(8 * Units / StateRows);
    end else begin
      x_o.addr      = k_t_q;
      x_o.stride    = half ? plan_i.x_stride << 1 : plan_i.x_stride;
      x_o.pstride   = plan_i.x_stride;
      x_o.rows      = half ? (keys + 7'd1) >> 1 : both ? keys << 1 : keys;
      x_o.bytes     = both ? 7'd64 : 7'(plan_i.d);
      x_o.more      = both ? 7'(plan_i.d - 8'd64) : '0;
      x_o.split     = half;
      x_o.odd       = keys[0];
      x_o.par_en    = new_head_q;
      x_o.par_addr  = par_h_q;
      x_o.mask_en   = plan_i.key_mask;
      x_o.mask_addr = mask_t_q;
    end

    w_o        = '0;
    w_o.ctx    = ctx_i;
    w_o.claim  = state_q == StClaim;
    w_o.bank   = state_q == StClaim;
    w_o.addr   = q_g_q;
    w_o.stride = plan_i.w_stride;
    w_o.split  = half;
    w_o.dual   = dual_q;
    w_o.bytes  = x_o.bytes;
    w_o.more   = x_o.more;
    w_o.count  = dual_q ? queries << 1 : queries;

    s_o     = '0;
    s_o.ctx = ctx_i;
    if (state_q == StAv) begin
      s_o.kind      = SlotAv;
      s_o.rows      = av_q.dual ? pairs_dv : 7'(plan_i.dv);
      s_o.dual      = av_q.dual;
      s_o.tail      = av_tail;
      s_o.odd       = plan_i.dv[0];
      s_o.bank      = 1'b1;
      s_o.w_last    = av_q.last && av_q.job_last;
      s_o.acc_base  = av_q.region ? AccIdxWidth'(RegionRows) : '0;
      s_o.acc_first = av_q.first && plan_i.first;
      s_o.acc_last  = av_q.last;
      s_o.keys      = av_q.keys;
    end else if (state_q == StLoadAcc) begin
      s_o.kind      = SlotLoad;
      s_o.rows      = kept_rows;
      s_o.acc_base  = next_q.region ? AccIdxWidth'(RegionRows) : '0;
      s_o.acc_first = 1'b1;
    end else if (state_q == StLoadState) begin
      s_o.kind       = SlotLoad;
      s_o.rows       = wide ? 7'd1 : 7'(StateRows);
      s_o.dual       = wide;
      s_o.tile_first = 1'b1;
    end else begin
      s_o.kind       = SlotQk;
      s_o.rows       = (half || (dual_q && !both)) ? (keys + 7'd1) >> 1 : keys;
      s_o.w_first    = new_group_q;
      s_o.w_last     = tile_end;
      s_o.split      = half || (dual_q && !both);
      s_o.dual       = dual_q;
      s_o.odd        = !both && keys[0];
      s_o.keys       = keys;
      s_o.key0       = {tile_q, 6'd0};
      s_o.q0         = q0_q;
      s_o.tile_first = new_group_q;
      s_o.tile_last  = tile_end;
      s_o.par_en     = new_head_q;
      s_o.mask_en    = plan_i.key_mask;
    end

    d_o          = '0;
    d_o.ctx      = ctx_i;
    d_o.region   = av_q.region;
    d_o.dual     = av_q.dual;
    d_o.odd      = plan_i.dv[0];
    d_o.rows     = av_q.dual ? pairs_dv : 7'(plan_i.dv);
    d_o.groups   = 7'd1;
    d_o.cols     = 16'(av_q.queries);
    d_o.y_addr   = av_q.y_addr;
    d_o.job_last = av_q.job_last;
  end

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
    this_tile.addr     = v_t_q;
    this_tile.keys     = keys;
    this_tile.first    = new_group_q;
    this_tile.last     = tile_end;
    this_tile.job_last = group_end && head_end;
    this_tile.region   = region_i;
    this_tile.dual     = dual_q;
    this_tile.y_addr   = plan_i.last ? y_g_q : kept_g_q;
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
      StIdle: if (start_i) begin
        heads_q  <= plan_i.heads;
        shared_q <= plan_i.group;
        q_h_q    <= plan_i.w_addr;
        k_h_q    <= plan_i.x_addr;
        v_h_q    <= plan_i.v_addr;
        y_h_q    <= plan_i.y_addr;
        par_h_q  <= plan_i.a_addr;
        kept_g_q <= plan_i.state_addr;
      end
      StHead: begin
        queries_q  <= plan_i.sq;
        q0_q       <= '0;
        q_g_q      <= q_h_q;
        y_g_q      <= y_h_q;
        sub_q      <= '0;
        new_head_q <= 1'b1;
      end
      StGroup: begin
        k_t_q       <= k_h_q;
        v_t_q       <= v_h_q;
        mask_t_q    <= plan_i.mask_addr;
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
        kept_load_q <= kept_g_q;
        if (!av_valid_q) av_q <= this_tile;
        after_q     <= after;
        new_head_q  <= 1'b0;
        new_group_q <= 1'b0;
        if (tile_end) begin
          queries_q <= queries_q - 16'(queries);
          q0_q      <= q0_q + 17'(most);
          q_g_q     <= q_g_q + (plan_i.w_stride << (wide ? UnitsLog - 1 : UnitsLog));
          y_g_q     <= y_g_q + (plan_i.y_stride << (wide ? UnitsLog - 1 : UnitsLog));
          kept_g_q  <= kept_g_q + kept_bytes;
          sub_q     <= (sub_q == sub_last) ? '0 : sub_q + 3'd1;
          if (group_end) begin
            kept_g_q <= kept_g_q + kept_bytes * (32'(sub_last) - 32'(sub_q) + 32'd1);
            heads_q  <= heads_q - 8'd1;
            shared_q <= (shared_q == 8'd1) ? plan_i.group : shared_q - 8'd1;
            q_h_q    <= q_h_q + plan_i.w_step;
            y_h_q    <= y_h_q + plan_i.y_step;
            par_h_q  <= par_h_q + 32'd8;
            if (shared_q == 8'd1) begin
              k_h_q <= k_h_q + plan_i.x_step;
              v_h_q <= v_h_q + plan_i.v_step;
            end
          end
        end
      end
      StAv: if (ready_i) av_q <= next_q;
      default: ;
    endcase
    if ((state_q == StSkip && tile_q != tile_first_q) || (qk_go && !tile_end)) begin
      tile_q   <= tile_q + 11'd1;
      k_t_q    <= k_t_q + (plan_i.x_stride << 6);
      v_t_q    <= v_t_q + 32'd64;
      mask_t_q <= mask_t_q + 32'd8;
    end
  end
endmodule
