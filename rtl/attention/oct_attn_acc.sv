// SPDX-License-Identifier: Apache-2.0
// oct_attn_acc: accumulator rows of all units, in two memories by row parity. A sum is read two cycles
// after its step was issued and written two later, one a cycle; the drain reads the other parity in
// the same cycle. Test: tb/unit/attention/oct_attn_compute_test.cpp.
`include "oct_assert.svh"

module oct_attn_acc
  import oct_attn_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,

  input  logic                   valid_i,     // a sum or a load; step_i is its step
  input  step_t                  step_i,
  input  logic [RowWidth-1:0]    load_i,      // X of that step
  input  logic [Units-1:0][4:0]  shift_i,     // D of the slot
  input  logic [Units-1:0][4:0]  tail_shift_i, // D of its tail and the weight of the tail's key;
  input  logic [Units-1:0][7:0]  tail_p_i,     // they stay until the last sum is written
  input  logic [7:0]             tail_x_i,     // its V
  input  dot_t [Units-1:0]       dot_i,       // two cycles after the step
  output logic [1:0]             full_o,      // pulse: the regions' last sum is written

  input  logic                   req_i,
  input  logic [AccIdxWidth-1:0] row_i,
  output logic                   ready_o,
  output logic                   valid_o,     // the cycle after
  output logic [Units-1:0][AccWidth-1:0] data_o
);
  localparam int unsigned Width = Units * AccWidth;
  localparam int unsigned RowIdxWidth = AccIdxWidth - 1;

  logic                   read, take, valid1_q, valid2_q, odd_q, valid_q;
  logic [1:0]             full_q;
  step_t                  step1_q;
  logic                   sum2_q, add2_q;
  logic [1:0]             full2_q;
  logic [AccIdxWidth-1:0] row2_q;
  logic [Width-1:0]       sum_q;
  logic [1:0][Width-1:0]  rd_data;
  logic                   tail2_q;
  logic [7:0]             tail_x_q;
  logic [Units-1:0][16:0] tail_q;
  logic [1:0]             rd_en;
  logic [1:0][RowIdxWidth-1:0] rd_row;

  assign read    = valid_i && step_i.sum && step_i.add;
  assign ready_o = !(read && step_i.row[0] == row_i[0]);
  assign take    = req_i && ready_o;
  assign valid_o = valid_q;
  assign full_o  = full_q;
  assign data_o  = odd_q ? rd_data[1] : rd_data[0];

  always_comb begin
    for (int unsigned b = 0; b < 2; b++) begin
      automatic logic seq = read && step_i.row[0] == b[0];
      rd_en[b]  = seq || (take && row_i[0] == b[0]);
      rd_row[b] = seq ? step_i.row[AccIdxWidth-1:1] : row_i[AccIdxWidth-1:1];
    end
  end

  // ---- Sums ------------------------------------------------------------------------------------
  function automatic logic [Width-1:0] shifted(input logic [Width-1:0] sums,
                                               input logic [Units-1:0][4:0] shift);
    logic [Width-1:0] result;
    for (int unsigned u = 0; u < Units; u++) begin
      result[32*u+:32] = unsigned'(signed'(sums[32*u+:32]) >>> shift[u]);
    end
    return result;
  endfunction

  function automatic logic [Width-1:0] added(input logic [Width-1:0] sums,
                                             input dot_t [Units-1:0] dots, input logic add,
                                             input logic tail, input logic [Units-1:0][4:0] shift,
                                             input logic [Units-1:0][16:0] more);
    logic [Width-1:0] result;
    for (int unsigned u = 0; u < Units; u++) begin
      result[32*u+:32] = (add ? sums[32*u+:32] : 32'd0) + 32'(dots[u].lo);
      if (tail) begin
        result[32*u+:32] = unsigned'(signed'(result[32*u+:32]) >>> shift[u]) +
                           32'(signed'(more[u]));
      end
    end
    return result;
  endfunction

  logic             load, wr_en;
  logic [Width-1:0] wr_data;
  logic [AccIdxWidth-1:0] wr_row;
  assign load = valid_i && step_i.load;

  always_comb begin
    wr_en   = load || (valid2_q && sum2_q);
    wr_row  = load ? step_i.row : row2_q;
    wr_data = '0;
    if (load) wr_data = load_i[Width-1:0];
    else if (wr_en) wr_data = added(sum_q, dot_i, add2_q, tail2_q, tail_shift_i, tail_q);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid1_q <= 1'b0;
      valid2_q <= 1'b0;
      valid_q  <= 1'b0;
      full_q   <= '0;
    end else begin
      valid1_q <= valid_i && !clear_i;
      valid2_q <= valid1_q && !clear_i;
      valid_q  <= take && !clear_i;
      full_q   <= (valid2_q && !clear_i) ? full2_q : '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      step1_q <= step_i;
      if (step_i.tail) tail_x_q <= tail_x_i;
    end
    if (valid1_q) begin
      tail2_q <= step1_q.tail;
      if (step1_q.tail) begin
        for (int unsigned u = 0; u < Units; u++) begin
          tail_q[u] <= 17'(signed'({1'b0, tail_p_i[u]}) * signed'(tail_x_q));
        end
      end
      sum2_q  <= step1_q.sum;
      add2_q  <= step1_q.add;
      full2_q <= step1_q.full;
      row2_q  <= step1_q.row;
      if (step1_q.add) begin
        automatic logic [Width-1:0] old = step1_q.row[0] ? rd_data[1] : rd_data[0];
        sum_q <= step1_q.weights ? shifted(old, shift_i) : old;
      end
    end
    if (take) odd_q <= row_i[0];
  end

  // ---- Memory, by parity -------------------------------------------------------------------------
  for (genvar b = 0; b < 2; b++) begin : gen_bank
    oct_tech_sram_1r1w #(.Words(AccRows / 2), .Width(Width)) u_rows (
      .clk_i,
      .rd_req_i  (rd_en[b]),
      .rd_addr_i (rd_row[b]),
      .rd_data_o (rd_data[b]),
      .wr_req_i  (wr_en && wr_row[0] == b[0]),
      .wr_addr_i (wr_row[AccIdxWidth-1:1]),
      .wr_be_i   ('1),
      .wr_data_i (wr_data)
    );
    `OCT_ASSERT(ReadNotWritten_A, rd_en[b] |-> !(wr_en && wr_row == {rd_row[b], b[0]}))
  end

  logic unused;
  assign unused = ^{load_i, step1_q};

  `OCT_ASSERT(OneWrite_A, load |-> !(valid2_q && sum2_q))
endmodule
