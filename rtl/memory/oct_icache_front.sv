// SPDX-License-Identifier: Apache-2.0
// oct_icache_front: which line the instruction cache looks up next. Round-robin among the cores
// whose request is new; a request is old while the line is being looked up or fetched, until its
// answer passes or the core changes its mind. Combinational from fetch_req_i to ask_o and line_o.
// Test: tb/unit/memory/oct_icache_test.cpp.
`include "oct_assert.svh"

module oct_icache_front
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       flush_i,      // everything is to be looked up anew
  input  fetch_req_t [NumCores-1:0]  fetch_req_i,

  output logic                       ask_o,        // somebody has a new request
  output logic [31:6]                line_o,
  input  logic                       take_i,       // it is looked up now

  input  logic                       look_valid_i, // a line whose tag is compared in this cycle
  input  logic                       look_good_i,  // it will be answered: nobody need ask again
  input  logic [31:6]                look_line_i,
  input  logic                       rsp_valid_i,  // the broadcast as the cores see it
  input  logic [31:6]                rsp_line_i
);
  logic [NumCores-1:0] asks, same_look, same_rsp, moved, served_q, was_valid_q, ready, gnt;
  logic [31:6]         was_line_q [NumCores];
  logic                busy;
  logic [CoreIdxWidth-1:0] idx;

  always_comb begin
    for (int unsigned i = 0; i < NumCores; i++) asks[i] = fetch_req_i[i].valid;
  end

  assign busy = asks != '0 || was_valid_q != '0;

  always_comb begin
    same_look = '0;
    same_rsp  = '0;
    moved     = '0;
    if (busy) begin
      for (int unsigned i = 0; i < NumCores; i++) begin
        same_look[i] = look_valid_i && fetch_req_i[i].line == look_line_i;
        same_rsp[i]  = rsp_valid_i && fetch_req_i[i].line == rsp_line_i;
        moved[i]     = !was_valid_q[i] || fetch_req_i[i].line != was_line_q[i];
      end
    end
  end

  assign ready = asks & ~same_look & ~same_rsp & (~served_q | moved);
  assign ask_o = ready != '0;

  oct_rr_arb #(.N(NumCores)) u_arb (
    .clk_i, .rst_ni, .req_i(ready), .take_i(take_i), .gnt_o(gnt), .idx_o(idx)
  );

  assign line_o = fetch_req_i[idx].line;

  // The answer in this cycle ends a request even if the core asks for the same line again at once.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      served_q    <= '0;
      was_valid_q <= '0;
    end else if (busy) begin
      was_valid_q <= flush_i ? '0 : asks;
      served_q    <= flush_i ? '0
                     : asks & ~same_rsp
                       & ((served_q & ~moved) | (same_look & {NumCores{look_good_i}}));
    end
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned i = 0; i < NumCores; i++) begin
      if (moved[i]) was_line_q[i] <= fetch_req_i[i].line;
    end
  end

  `OCT_ASSERT(GrantAsks_A, (gnt & ~asks) == '0)
endmodule
