// SPDX-License-Identifier: Apache-2.0
// oct_attn_table: activation by table: rows of indices come out of the lanes, four of them are
// looked up in a cycle, rows of values wait to go into the lanes a second time. Test:
// tb/unit/attention/oct_attn_drain_test.cpp.
`include "oct_assert.svh"

module oct_attn_table
  import oct_attn_pkg::*;
  import oct_attn_lane_pkg::*;
(
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  clear_i,

  input  rdata_t                rdata_i,      // words of the table among other things

  input  logic                  start_i,      // a row of indices will come: at most while room_o
  output logic                  room_o,
  output logic                  empty_o,      // no row here, none announced

  input  logic                  in_valid_i,
  input  lane_op_t              in_op_i,
  input  logic [Units-1:0][7:0] in_i,

  output logic                  out_valid_o,
  input  logic                  out_take_i,   // out_o stays one cycle longer
  output lane_op_t              out_op_o,
  output logic [Units-1:0][7:0] out_o
);
  localparam int unsigned Depth = 6;  // a row is here and in the lanes for 17 cycles
  localparam int unsigned Ports = (Units < 4) ? Units : 4;
  localparam int unsigned Steps = Units / Ports;
  localparam int unsigned StepWidth = (Steps > 1) ? $clog2(Steps) : 1;
  localparam int unsigned PtrWidth  = $clog2(Depth);

  // ---- Rows of indices --------------------------------------------------------------------------
  typedef struct packed {
    lane_op_t              op;
    logic [Units-1:0][7:0] index;
  } row_t;

  row_t                  fifo_q [Depth];
  row_t                  head;
  lane_op_t              op1_q;
  logic [PtrWidth-1:0]   wr_q, rd_q;
  logic [PtrWidth:0]     count_q;             // rows in the queue
  logic [PtrWidth+1:0]   pending_q;           // rows announced and not gone yet
  logic [StepWidth-1:0]  step_q, step1_q;
  logic                  look, last, look1_q, last1_q, out_valid_q;

  function automatic logic [PtrWidth-1:0] next(input logic [PtrWidth-1:0] place);
    return (place == PtrWidth'(Depth - 1)) ? '0 : place + PtrWidth'(1);
  endfunction

  assign head    = fifo_q[rd_q];
  // The row is complete with its last step; the one before must have been taken by then.
  assign look    = count_q != '0 &&
                   !(last && ((out_valid_q && !out_take_i) || (look1_q && last1_q)));
  assign last    = step_q == StepWidth'(Steps - 1);
  assign room_o  = pending_q < (PtrWidth + 2)'(Depth);
  assign empty_o = pending_q == '0;
  assign out_valid_o = out_valid_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wr_q        <= '0;
      rd_q        <= '0;
      count_q     <= '0;
      pending_q   <= '0;
      step_q      <= '0;
      look1_q     <= 1'b0;
      out_valid_q <= 1'b0;
    end else if (clear_i) begin
      wr_q        <= '0;
      rd_q        <= '0;
      count_q     <= '0;
      pending_q   <= '0;
      step_q      <= '0;
      look1_q     <= 1'b0;
      out_valid_q <= 1'b0;
    end else if (start_i || !empty_o) begin
      if (in_valid_i) wr_q <= next(wr_q);
      if (look) step_q <= last ? '0 : step_q + StepWidth'(1);
      if (look && last) rd_q <= next(rd_q);
      count_q     <= count_q + (PtrWidth + 1)'(in_valid_i) - (PtrWidth + 1)'(look && last);
      pending_q   <= pending_q + (PtrWidth + 2)'(start_i) - (PtrWidth + 2)'(out_take_i);
      look1_q     <= look;
      out_valid_q <= (look1_q && last1_q) || (out_valid_q && !out_take_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (in_valid_i) fifo_q[wr_q] <= {in_op_i, in_i};
    if (look) begin
      step1_q <= step_q;
      last1_q <= last;
    end
    if (look && last) op1_q <= head.op;
    if (look1_q && last1_q) out_op_o <= op1_q;
  end

  // ---- Table: one copy a port -------------------------------------------------------------------
  logic write;
  logic [Ports-1:0][7:0] value;
  assign write = rdata_i.valid && rdata_i.tag.dest == DestPar && rdata_i.tag.index[1:0] == ParTable;

  for (genvar p = 0; p < Ports; p++) begin : gen_port
    logic [7:0]  entry;
    logic [2:0]  byte_q;
    logic [63:0] word;
    // Entry 0 belongs to index -128.
    always_comb begin
      entry    = '0;
      value[p] = '0;
      if (look) entry = head.index[Ports*step_q + p] ^ 8'h80;
      if (look1_q) value[p] = word[8*byte_q +: 8];
    end

    oct_tech_sram_1r1w #(.Words(32), .Width(64)) u_copy (
      .clk_i,
      .rd_req_i  (look),
      .rd_addr_i (entry[7:3]),
      .rd_data_o (word),
      .wr_req_i  (write),
      .wr_addr_i (rdata_i.tag.bytes[4:0]),
      .wr_be_i   ('1),
      .wr_data_i (rdata_i.data[63:0])
    );

    always_ff @(posedge clk_i) begin
      if (look) byte_q <= entry[2:0];
    end
  end

  logic [Units-1:0][7:0] stage_q;

  always_ff @(posedge clk_i) begin
    if (look1_q) begin
      for (int unsigned u = 0; u < Units; u++) begin
        if (StepWidth'(u / Ports) == step1_q) stage_q[u] <= value[u%Ports];
        if (last1_q) out_o[u] <= (u / Ports == Steps - 1) ? value[u%Ports] : stage_q[u];
      end
    end
  end

  logic unused;
  assign unused = ^{rdata_i, stage_q[Units-1:Units-Ports]};

  `OCT_ASSERT(Announced_A, start_i |-> room_o)
  `OCT_ASSERT(RoomForRow_A, in_valid_i |-> count_q < (PtrWidth + 1)'(Depth))
  `OCT_ASSERT(TakenValid_A, out_take_i |-> out_valid_o)
  `OCT_ASSERT(TableIdle_A, write |-> empty_o)
endmodule
