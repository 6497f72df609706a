// SPDX-License-Identifier: Apache-2.0
// oct_icache_refill: lines on their way from L2, RefillDepth at most, in order; one AXI beat each.
// A line is listed from the cycle after add_i until take_i, so that nobody asks for it twice.
// Lines listed when flush_i comes are stale: they are thrown away when they arrive.
// Test: tb/unit/memory/oct_icache_test.cpp.
`include "oct_assert.svh"

module oct_icache_refill
  import oct_cluster_pkg::*;
  import oct_l2_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 flush_i,

  input  logic                 look_i,
  input  logic [31:6]          look_line_i,     // is this line on its way?
  output logic                 look_found_o,
  output logic                 look_prefetch_o, // and only because of a prefetch
  input  logic                 look_demand_i,   // a core asks for it: no longer just a prefetch

  input  logic                 add_i,           // fetch look_line_i
  input  logic                 add_prefetch_i,
  output logic [$clog2(RefillDepth+1)-1:0] free_o,

  output logic                 valid_o,         // the oldest line is here
  output logic                 err_o,
  output logic                 prefetch_o,
  output logic [31:6]          line_o,
  output logic [LineWidth-1:0] data_o,          // holds until hold_i is low after take_i
  input  logic                 take_i,
  input  logic                 hold_i,

  output logic                 demand_o,        // a core waits for a line on its way
  output logic                 idle_o,

  output axi_rd_req_t          rd_req_o,
  input  axi_rd_rsp_t          rd_rsp_i
);
  localparam int unsigned PtrWidth = $clog2(RefillDepth);
  typedef logic [PtrWidth-1:0] ptr_t;

  logic [RefillDepth-1:0] listed_q, stale_q, prefetch_q, match, set, unset;
  logic [31:6]            line_q [RefillDepth];
  ptr_t                   tail_q, send_q, head_q;   // to be written, to be sent, to arrive
  logic                   send, here_q, err_q, r_take, ar_take, drop;
  logic [LineWidth-1:0]   data_q;
  logic [$clog2(RefillDepth+1)-1:0] free_q, unsent_q;

  // ---- The list ----------------------------------------------------------------------------
  always_comb begin
    for (int unsigned i = 0; i < RefillDepth; i++) begin
      match[i] = listed_q[i] && !stale_q[i] && line_q[i] == look_line_i;
      set[i]   = add_i && tail_q == ptr_t'(i);
      unset[i] = (take_i || drop) && head_q == ptr_t'(i);
    end
  end

  assign look_found_o    = match != '0;
  assign look_prefetch_o = (match & prefetch_q) != '0;
  assign free_o          = free_q;
  assign demand_o        = (listed_q & ~stale_q & ~prefetch_q) != '0;
  assign idle_o          = listed_q == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      listed_q   <= '0;
      stale_q    <= '0;
      prefetch_q <= '0;
      tail_q     <= '0;
      head_q     <= '0;
      free_q     <= ($bits(free_q))'(RefillDepth);
    end else if (add_i || listed_q != '0) begin
      listed_q   <= (listed_q | set) & ~unset;
      stale_q    <= (stale_q | (flush_i ? listed_q | set : '0)) & ~unset;
      prefetch_q <= (prefetch_q & ~(look_demand_i ? match : '0) & ~set)
                    | (add_prefetch_i ? set : '0);
      if (add_i) tail_q <= tail_q + 1'b1;
      if (unset != '0) head_q <= head_q + 1'b1;
      if (add_i != (unset != '0)) free_q <= add_i ? free_q - 1'b1 : free_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    // Written whether it will be added or not: add_i comes late.
    if (look_i && free_q != '0) line_q[tail_q] <= look_line_i;
  end

  // ---- AR: entries leave in the order of the list -----------------------------------------------
  assign send              = unsent_q != '0;
  assign ar_take           = send && rd_rsp_i.ar_ready;
  assign rd_req_o.ar_valid = send;
  assign rd_req_o.ar       = '{id: AxiIdIcache, addr: {line_q[send_q], 6'd0}, len: 8'd0,
                               size: 3'($clog2(LineBytes))};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      send_q   <= '0;
      unsent_q <= '0;
    end else begin
      if (ar_take) send_q <= send_q + 1'b1;
      if (add_i != ar_take) unsent_q <= add_i ? unsent_q + 1'b1 : unsent_q - 1'b1;
    end
  end

  // ---- R: one line is held until the pipeline has passed it on ----------------------------------
  assign rd_req_o.r_ready = !here_q && !hold_i;
  assign r_take = rd_rsp_i.r_valid && rd_req_o.r_ready;
  assign drop   = r_take && (stale_q[head_q] || flush_i) || (here_q && flush_i && !take_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) here_q <= 1'b0;
    else if (r_take || here_q) here_q <= (r_take || !take_i) && !drop;
  end

  always_ff @(posedge clk_i) begin
    if (r_take) begin
      data_q <= rd_rsp_i.r.data;
      err_q  <= rd_rsp_i.r.resp[1];
    end
  end

  assign valid_o    = here_q;
  assign err_o      = err_q;
  assign prefetch_o = prefetch_q[head_q];
  assign line_o     = line_q[head_q];
  assign data_o     = data_q;

  `OCT_ASSERT(AddRoom_A, add_i |-> free_q != '0)
  `OCT_ASSERT(AddNew_A, add_i |-> !look_found_o)
  `OCT_ASSERT(AnswerExpected_A, rd_rsp_i.r_valid |-> listed_q[head_q] && rd_rsp_i.r.last)
  `OCT_ASSERT_STREAM(ArHeld_A, rd_req_o.ar_valid, rd_rsp_i.ar_ready, rd_req_o.ar)
endmodule
