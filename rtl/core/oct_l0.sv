// SPDX-License-Identifier: Apache-2.0
// oct_l0: instruction buffer of one core: L0Lines lines of 64 bytes, fully associative, with
// next-line prefetch. Look-up is combinational; a miss becomes a request on the next edge.
// Test: tb/unit/core/oct_core_test.cpp.
`include "oct_assert.svh"

module oct_l0
  import oct_cluster_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,
  input  logic                   flush_i,      // fence.i: forget everything

  input  logic                   lookup_i,     // pc_i is wanted; without it nothing is requested
  input  logic                   prefetch_i,   // the next line is worth fetching
  input  logic [31:1]            pc_i,
  output oct_core_pkg::l0_rsp_t  rsp_o,
  output logic [31:0]            data_o,
  output logic                   idle_o,       // no request out

  output fetch_req_t             fetch_req_o,
  input  fetch_rsp_t             fetch_rsp_i
);
  localparam int unsigned N = oct_config_pkg::L0Lines;

  logic [31:6]          line, next;
  logic                 line_ok, next_ok, straddle;
  logic [31:6]          tag_q  [N];
  logic [N-1:0]         valid_q, err_q, used_q;
  logic [N-1:0]         hit, hit_next, used_d, victim;
  logic                 want, fill;
  logic [31:6]          want_line;
  logic                 req_valid_q;
  logic [31:6]          req_line_q;

  assign line     = pc_i[31:6];
  assign next     = line + 26'd1;
  assign straddle = &pc_i[5:1];                   // the high half-word is in the next line
  assign line_ok  = ({line, 6'd0} ^ oct_config_pkg::L2Base) < oct_config_pkg::L2Bytes;
  assign next_ok  = ({next, 6'd0} ^ oct_config_pkg::L2Base) < oct_config_pkg::L2Bytes;

  // ---- Look-up -----------------------------------------------------------------------------------
  // Even and odd half-words are chosen apart: an odd pc takes its high half-word from one pair on.
  logic [3:0]  odd_idx, even_idx;
  logic [15:0] odd [N], even [N];

  assign odd_idx  = pc_i[5:2];
  assign even_idx = pc_i[5:2] + {3'd0, pc_i[1]};

  always_comb begin
    hit      = '0;
    hit_next = '0;
    if (lookup_i) begin
      for (int unsigned i = 0; i < N; i++) begin
        hit[i]      = valid_q[i] && tag_q[i] == line;
        hit_next[i] = valid_q[i] && tag_q[i] == next;
      end
    end
  end

  // Each line by itself, as words: a simulator then fetches two of them, not the line.
  for (genvar i = 0; i < N; i++) begin : gen_line
    logic [15:0][1:0][15:0] data_q;

    always_ff @(posedge clk_i) begin
      if (victim[i]) begin
        data_q   <= fetch_rsp_i.data;
        tag_q[i] <= fetch_rsp_i.line;
        err_q[i] <= fetch_rsp_i.err;
      end
    end

    always_comb begin
      odd[i]  = '0;
      even[i] = '0;
      if (hit[i]) odd[i] = data_q[odd_idx][1];
      if (straddle ? hit_next[i] : hit[i]) even[i] = data_q[even_idx][0];
    end
  end

  always_comb begin
    logic [15:0] odd_any, even_any;
    odd_any  = '0;
    even_any = '0;
    for (int unsigned i = 0; i < N; i++) begin
      odd_any  = odd_any | odd[i];
      even_any = even_any | even[i];
    end
    data_o         = pc_i[1] ? {even_any, odd_any} : {odd_any, even_any};
    rsp_o.lo_err   = !line_ok || (hit & err_q) != '0;
    rsp_o.lo_valid = lookup_i && (!line_ok || hit != '0);
    rsp_o.hi_err   = straddle ? (!next_ok || (hit_next & err_q) != '0) : rsp_o.lo_err;
    rsp_o.hi_valid = straddle ? (!next_ok || hit_next != '0) : rsp_o.lo_valid;
  end

  // ---- What to ask for ------------------------------------------------------------------------------
  always_comb begin
    want      = 1'b0;
    want_line = line;
    if (lookup_i) begin
      if (hit == '0) begin
        want = line_ok;
      end else if (hit_next == '0) begin
        want      = next_ok && (prefetch_i || straddle);
        want_line = next;
      end
    end
  end

  // ---- Replacement: not recently used; a line prefetched in vain goes first ---------------------------
  always_comb begin
    used_d = used_q | hit;
    if (&used_d) used_d = hit;
    victim = '0;
    if (fill) begin
      // the lowest bit that is zero
      victim = &valid_q ? ~used_d & (used_d + 1'b1) : ~valid_q & (valid_q + 1'b1);
    end
  end

  assign fill        = req_valid_q && fetch_rsp_i.valid && fetch_rsp_i.line == req_line_q;
  assign fetch_req_o = '{valid: req_valid_q, line: req_line_q};
  assign idle_o      = !req_valid_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q     <= '0;
      used_q      <= '0;
      req_valid_q <= 1'b0;
    end else if (clear_i || flush_i) begin
      valid_q     <= '0;
      used_q      <= '0;
      req_valid_q <= 1'b0;
    end else begin
      if (fill) begin
        valid_q     <= valid_q | victim;
        used_q      <= used_d & ~victim;
        req_valid_q <= 1'b0;
      end else if (lookup_i) begin
        if ((hit & ~used_q) != '0) used_q <= used_d;
        // A prefetch that is out stands until the core wants something else.
        if (want) req_valid_q <= 1'b1;
        else if (hit_next != '0 || hit == '0) req_valid_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (lookup_i && want && !fill) req_line_q <= want_line;
  end

  `OCT_ASSERT(OneCopy_A, $onehot0(hit) && $onehot0(hit_next))
endmodule
