// SPDX-License-Identifier: Apache-2.0
// oct_icache: instruction cache shared by all cores, lines of 64 bytes, IcacheWays ways. One line
// is looked up per cycle and its answer broadcast: 3 cycles from the cores' request flip-flop to
// the response (choose + read tags | compare, read one way | register). Misses go to
// oct_icache_refill while hits are served; with the first use of a line the prefetch_i lines behind
// it are prefetched.
// Test: tb/unit/memory/oct_icache_test.cpp. Page: docs/architecture/icache.md.
`include "oct_assert.svh"

module oct_icache
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_l2_pkg::*;
(
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      clear_i,     // as flush_i, and looks nothing up
  output logic                      idle_o,
  input  logic                      flush_i,      // invalidates all, lines on their way too
  input  logic [1:0]                prefetch_i,   // lines fetched ahead; 0 = none

  input  fetch_req_t [NumCores-1:0] fetch_req_i,
  output fetch_rsp_t                fetch_rsp_o,

  output axi_rd_req_t               rd_req_o,
  input  axi_rd_rsp_t               rd_rsp_i,

  output icache_events_t            events_o
);
  localparam int unsigned Sets     = IcacheBytes / (LineBytes * IcacheWays);
  localparam int unsigned SetWidth = $clog2(Sets);
  localparam int unsigned WayWidth = (IcacheWays > 1) ? $clog2(IcacheWays) : 1;
  localparam int unsigned TagWidth = 26 - SetWidth;
  localparam int unsigned TagBytes = (TagWidth + 7) / 8;

  typedef logic [IcacheWays-1:0] ways_t;
  typedef logic [WayWidth-1:0]   way_t;
  typedef enum logic [1:0] {OpDemand, OpPrefetch, OpRefill} op_e;

  function automatic way_t index_of(ways_t one_hot);
    way_t idx;
    idx = '0;
    for (int unsigned i = 0; i < IcacheWays; i++) if (one_hot[i]) idx = idx | way_t'(i);
    return idx;
  endfunction

  logic flush;
  assign flush = flush_i || clear_i;

  // ---- Stage 0: a refill before a core before a prefetch ----------------------------------------
  logic        ask, rf_valid, rf_err, rf_prefetch, s0_valid, pf_go;
  logic [31:6] ask_line, rf_line, s0_line, pf_line_q;
  logic [1:0]  pf_left_q;
  op_e         s0_op;

  assign pf_go = pf_left_q != '0;

  always_comb begin
    s0_op   = OpPrefetch;
    s0_line = pf_line_q;
    if (ask) begin
      s0_op   = OpDemand;
      s0_line = ask_line;
    end
    if (rf_valid) begin
      s0_op   = OpRefill;
      s0_line = rf_line;
    end
    s0_valid = (rf_valid || ask || pf_go) && !flush;
  end

  // ---- Stage 1 -----------------------------------------------------------------------------
  logic        s1_valid_q, s1_err_q;
  op_e         s1_op_q;
  logic [31:6] s1_line_q;
  way_t        s1_way_q;
  ways_t       valid_q [Sets];
  ways_t       used_q  [Sets];     // looked up since all others of the set were
  ways_t       fresh_q [Sets];     // prefetched and not used yet
  ways_t       s1_match, s1_hit;
  logic [IcacheWays*TagBytes*8-1:0] tags;
  logic        s1_look, s1_is_hit, s1_found, s1_late, s1_add, s1_first;
  logic [$clog2(RefillDepth+1)-1:0] rf_free;

  // A way to fill: an empty one, else the lowest that was not used lately.
  ways_t s0_set_valid, s0_fill;
  assign s0_set_valid = valid_q[rf_line[6+:SetWidth]];
  always_comb begin
    ways_t choice;
    choice  = (s0_set_valid == '1) ? ~used_q[rf_line[6+:SetWidth]] : ~s0_set_valid;
    if (choice == '0) choice = ways_t'(1);  // one way only
    s0_fill = choice & (~choice + 1'b1);
  end

  always_comb begin
    for (int unsigned i = 0; i < IcacheWays; i++) begin
      s1_match[i] = tags[8*TagBytes*i+:TagWidth] == s1_line_q[31:6+SetWidth];
    end
  end

  assign s1_look   = s1_valid_q && s1_op_q != OpRefill;
  assign s1_hit    = s1_match & valid_q[s1_line_q[6+:SetWidth]];
  assign s1_is_hit = s1_hit != '0;
  // A prefetch leaves half of the list to the cores.
  assign s1_add    = s1_look && !s1_is_hit && !s1_found && !flush
                     && (s1_op_q == OpDemand ? rf_free != '0
                                             : rf_free > ($bits(rf_free))'(RefillDepth / 2));
  assign s1_first  = s1_look && s1_op_q == OpDemand
                     && (s1_is_hit ? (s1_hit & fresh_q[s1_line_q[6+:SetWidth]]) != '0
                                   : s1_found ? s1_late : rf_free != '0);

  logic                 s2_valid_q, s2_refill_q, s2_err_q, rsp_valid_q, rsp_err_q;
  logic                 rf_demand, rf_idle;
  logic [31:6]          s2_line_q, rsp_line_q;
  logic [LineWidth-1:0] rf_data, data, rsp_data_q;

  oct_icache_front u_front (
    .clk_i, .rst_ni, .flush_i(flush), .fetch_req_i,
    .ask_o(ask), .line_o(ask_line), .take_i(s0_valid && s0_op == OpDemand),
    .look_valid_i(s1_look && s1_op_q == OpDemand),
    .look_good_i(s1_is_hit || s1_found || rf_free != '0),
    .look_line_i(s1_line_q), .rsp_valid_i(rsp_valid_q), .rsp_line_i(rsp_line_q)
  );

  oct_icache_refill u_refill (
    .clk_i, .rst_ni, .flush_i(flush),
    .look_i(s1_look), .look_line_i(s1_line_q), .look_found_o(s1_found), .look_prefetch_o(s1_late),
    .look_demand_i(s1_look && s1_op_q == OpDemand && !s1_is_hit),
    .add_i(s1_add), .add_prefetch_i(s1_op_q == OpPrefetch), .free_o(rf_free),
    .valid_o(rf_valid), .err_o(rf_err), .prefetch_o(rf_prefetch), .line_o(rf_line),
    .data_o(rf_data),
    .take_i(rf_valid && !flush), .hold_i(s1_valid_q && s1_op_q == OpRefill),
    .demand_o(rf_demand), .idle_o(rf_idle), .rd_req_o, .rd_rsp_i
  );

  // ---- Memories: tags in stage 0, one way of the data in stage 1 --------------------------------
  logic [IcacheWays*TagBytes-1:0] tag_be;
  always_comb begin
    for (int unsigned i = 0; i < IcacheWays; i++) begin
      tag_be[TagBytes*i+:TagBytes] = {TagBytes{s0_fill[i]}};
    end
  end

  oct_tech_sram #(.Words(Sets), .Width(IcacheWays * TagBytes * 8)) u_tags (
    .clk_i, .req_i(s0_valid && !(rf_valid && rf_err)), .we_i(rf_valid),
    .addr_i(s0_line[6+:SetWidth]), .be_i(tag_be),
    .wdata_i({IcacheWays{(8*TagBytes)'(rf_line[31:6+SetWidth])}}), .rdata_o(tags)
  );
  logic [$clog2(Sets*IcacheWays)-1:0] data_addr;
  if (IcacheWays > 1) begin : gen_ways
    assign data_addr = {s1_op_q == OpRefill ? s1_way_q : index_of(s1_hit), s1_line_q[6+:SetWidth]};
  end else begin : gen_direct
    assign data_addr = s1_line_q[6+:SetWidth];
  end

  oct_tech_sram #(.Words(Sets * IcacheWays), .Width(LineWidth)) u_data (
    .clk_i,
    .req_i(s1_valid_q && (s1_op_q == OpRefill ? !s1_err_q : s1_op_q == OpDemand && s1_is_hit)),
    .we_i(s1_op_q == OpRefill),
    .addr_i(data_addr),
    .be_i('1), .wdata_i(rf_data), .rdata_o(data)
  );

  // ---- State of the lines ------------------------------------------------------------------
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      for (int unsigned i = 0; i < Sets; i++) valid_q[i] <= '0;
    end else if (flush) begin
      for (int unsigned i = 0; i < Sets; i++) valid_q[i] <= '0;
    end else if (rf_valid && !rf_err) begin
      valid_q[rf_line[6+:SetWidth]] <= s0_set_valid | s0_fill;
    end
  end

  // The set that is filled or hit in this cycle; a fill goes first, the other's use is forgotten.
  // What depends on the comparison is noted a cycle later: the tag memory leaves little time.
  logic  touch, first_q;
  ways_t hit_q;
  ways_t touched, now_used;
  logic [SetWidth-1:0] touch_set;

  assign touch     = (rf_valid && !rf_err) || hit_q != '0;
  assign touch_set = (rf_valid && !rf_err) ? rf_line[6+:SetWidth] : s2_line_q[6+:SetWidth];
  assign touched   = (rf_valid && !rf_err) ? s0_fill : hit_q;
  assign now_used  = used_q[touch_set] | touched;

  always_ff @(posedge clk_i) begin
    if (touch) begin
      used_q[touch_set]  <= (now_used == '1) ? touched : now_used;
      fresh_q[touch_set] <= (fresh_q[touch_set] & ~touched)
                            | (rf_valid && rf_prefetch ? touched : '0);
    end
  end

  // ---- Prefetch: the lines behind one that was used for the first time --------------------------
  logic [31:6] next_line;
  assign next_line = s2_line_q + 26'd1;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pf_left_q <= '0;
    end else if (flush) begin
      pf_left_q <= '0;
    end else if (first_q) begin
      pf_left_q <= prefetch_i;
    end else if (pf_go && !ask && !rf_valid) begin
      pf_left_q <= pf_left_q - 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (first_q) pf_line_q <= next_line;
    else if (pf_go && !ask && !rf_valid) pf_line_q <= pf_line_q + 26'd1;
  end

  // ---- Pipeline registers ------------------------------------------------------------------
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      s1_valid_q  <= 1'b0;
      s2_valid_q  <= 1'b0;
      rsp_valid_q <= 1'b0;
      first_q     <= 1'b0;
      hit_q       <= '0;
    end else begin
      first_q     <= s1_first && !flush;
      hit_q       <= (s1_look && s1_op_q == OpDemand) ? s1_hit : '0;
      s1_valid_q  <= s0_valid
                     && (s0_op != OpPrefetch || region_of({pf_line_q, 6'd0}) == RegionL2);
      s2_valid_q  <= s1_valid_q && !flush
                     && (s1_op_q == OpRefill || (s1_op_q == OpDemand && s1_is_hit));
      rsp_valid_q <= s2_valid_q && !flush;
    end
  end

  always_ff @(posedge clk_i) begin
    if (s0_valid) begin
      s1_op_q   <= s0_op;
      s1_line_q <= s0_line;
      s1_way_q  <= index_of(s0_fill);
      s1_err_q  <= rf_err;
    end
    if (s1_valid_q) begin
      s2_line_q   <= s1_line_q;
      s2_refill_q <= s1_op_q == OpRefill;
      s2_err_q    <= s1_op_q == OpRefill && s1_err_q;
    end
    if (s2_valid_q) begin
      rsp_line_q <= s2_line_q;
      rsp_err_q  <= s2_err_q;
      rsp_data_q <= s2_refill_q ? rf_data : data;
    end
  end

  assign fetch_rsp_o = '{valid: rsp_valid_q, err: rsp_err_q, line: rsp_line_q, data: rsp_data_q};
  assign idle_o      = rf_idle && !s1_valid_q && !s2_valid_q && !rsp_valid_q && !rf_valid;

  assign events_o = '{hit:      s1_look && s1_op_q == OpDemand && s1_is_hit,
                      miss:     s1_add && s1_op_q == OpDemand,
                      prefetch: s1_add && s1_op_q == OpPrefetch,
                      stall:    rf_demand};

  `OCT_ASSERT(OneHit_A, s1_look |-> $onehot0(s1_hit))
  `OCT_ASSERT(FillOneWay_A, rf_valid |-> $onehot(s0_fill))
endmodule
