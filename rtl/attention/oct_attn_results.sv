// SPDX-License-Identifier: Apache-2.0
// oct_attn_results: vectors of results on their way to the output. The lanes cannot wait, so a
// place is claimed for a vector before its operation starts. One vector a cycle. Test:
// tb/unit/attention/oct_attn_drain_test.cpp.
`include "oct_assert.svh"

module oct_attn_results
  import oct_attn_pkg::*;
  import oct_attn_lane_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,

  input  logic                   claim_i,      // at most while room_o
  output logic                   room_o,
  output logic                   none_coming_o, // every place claimed is filled

  input  logic                   in_valid_i,
  input  logic                   in_group_end_i,
  input  logic                   in_cmd_end_i,
  input  logic [Units-1:0][15:0] in_i,

  output logic                   out_valid_o,
  input  logic                   out_ready_i,
  output yvec_t                  out_o
);
  localparam int unsigned PtrWidth = $clog2(ResultRows);
  localparam int unsigned Width    = 16 * Units + 8;

  logic                read, move, take, pass, store, mem_valid_q, out_valid_q, first_q;
  logic [PtrWidth-1:0] wr_q, rd_q;
  logic [PtrWidth:0]   claimed_q, stored_q;    // places in use; of those, filled and not read
  logic [PtrWidth:0]   coming_q;
  logic [Width-1:0]    data;

  assign take          = out_valid_q && out_ready_i;
  assign move          = mem_valid_q && (!out_valid_q || take);
  assign read          = stored_q != '0 && (!mem_valid_q || move);
  // What comes when nothing waits never enters the memory.
  assign pass          = in_valid_i && stored_q == '0 && !mem_valid_q && (!out_valid_q || take);
  assign store         = in_valid_i && !pass;
  assign room_o        = claimed_q != (PtrWidth + 1)'(ResultRows);
  assign none_coming_o = coming_q == '0;
  assign out_valid_o   = out_valid_q;

  oct_tech_sram_1r1w #(.Words(ResultRows), .Width(Width)) u_rows (
    .clk_i,
    .rd_req_i  (read),
    .rd_addr_i (rd_q),
    .rd_data_o (data),
    .wr_req_i  (store),
    .wr_addr_i (wr_q),
    .wr_be_i   ('1),
    .wr_data_i ({6'd0, in_cmd_end_i, in_group_end_i, in_i})
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wr_q        <= '0;
      rd_q        <= '0;
      claimed_q   <= '0;
      coming_q    <= '0;
      stored_q    <= '0;
      mem_valid_q <= 1'b0;
      out_valid_q <= 1'b0;
      first_q     <= 1'b1;
    end else if (clear_i) begin
      wr_q        <= '0;
      rd_q        <= '0;
      claimed_q   <= '0;
      coming_q    <= '0;
      stored_q    <= '0;
      mem_valid_q <= 1'b0;
      out_valid_q <= 1'b0;
      first_q     <= 1'b1;
    end else if (claim_i || claimed_q != '0 || out_valid_q) begin
      if (store) wr_q <= wr_q + PtrWidth'(1);
      if (read) rd_q <= rd_q + PtrWidth'(1);
      claimed_q   <= claimed_q + (PtrWidth + 1)'(claim_i) - (PtrWidth + 1)'(move || pass);
      coming_q    <= coming_q + (PtrWidth + 1)'(claim_i) - (PtrWidth + 1)'(in_valid_i);
      stored_q    <= stored_q + (PtrWidth + 1)'(store) - (PtrWidth + 1)'(read);
      mem_valid_q <= read || (mem_valid_q && !move);
      out_valid_q <= move || pass || (out_valid_q && !take);
      if (move) first_q <= data[16*Units+1];
      else if (pass) first_q <= in_cmd_end_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (move) begin
      out_o.y          <= data[16*Units-1:0];
      out_o.group_last <= data[16*Units];
      out_o.last       <= data[16*Units+1];
      out_o.first      <= first_q;
    end else if (pass) begin
      out_o.y          <= in_i;
      out_o.group_last <= in_group_end_i;
      out_o.last       <= in_cmd_end_i;
      out_o.first      <= first_q;
    end
  end

  logic unused;
  assign unused = ^data[Width-1:16*Units+2];

  `OCT_ASSERT(Claimed_A, in_valid_i |-> !none_coming_o)
  `OCT_ASSERT(RoomClaimed_A, claim_i |-> room_o)
  `OCT_ASSERT_STREAM(OutStream_A, out_valid_o, out_ready_i || clear_i, out_o)
endmodule
