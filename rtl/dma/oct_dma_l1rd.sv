// SPDX-License-Identifier: Apache-2.0
// oct_dma_l1rd: reads the source lines of DMA-out's jobs, in order, one per cycle. A line register
// is reserved before its request is made; lanes may come in different cycles. Requests leave from
// flip-flops; data are valid two cycles after the request was granted.
// Test: tb/unit/dma/oct_dma_test.cpp.
`include "oct_assert.svh"

module oct_dma_l1rd
  import oct_cluster_pkg::*;
  import oct_dma_pkg::*;
(
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     restart_i,
  input  ptr_t                     restart_ptr_i,
  input  ptr_t                     wr_ptr_i,
  input  xfer_t [JobSlots-1:0]     jobs_i,

  output l1_line_req_t             l1_o,
  input  l1_line_rsp_t             l1_i,
  // The bank group asked for in the next cycle, if L1 grants all that is asked for in this one.
  output logic                     next_valid_o,
  output logic [GroupIdxWidth-1:0] next_group_o,

  output logic                     data_valid_o,
  output logic [LineWidth-1:0]     data_o,
  input  logic                     data_pop_i,
  output logic                     line_o,         // event: a line was granted
  output logic                     refused_o
);
  localparam int unsigned Lines = 3;  // request, answer, use: one line per cycle needs three
  typedef logic [1:0] idx_t;
  function automatic idx_t after(input idx_t idx);
    return (idx == idx_t'(Lines - 1)) ? '0 : idx + 1'b1;
  endfunction

  // ---- Lines ---------------------------------------------------------------------------------
  logic                   row_valid, row_ready, row_null, unused_fill, unused_last;
  logic [L1AddrWidth-1:0] row_length, row_l1;
  logic                   unused_l2;
  logic [L1AddrWidth:0]   span;

  oct_dma_rows #(.L2Width(1), .L1Width(L1AddrWidth)) u_rows (
    .clk_i, .rst_ni, .restart_i, .restart_ptr_i, .wr_ptr_i, .jobs_i,
    .row_valid_o(row_valid), .row_ready_i(row_ready), .null_o(row_null), .fill_o(unused_fill),
    .last_o(unused_last), .length_o(row_length), .l2_o(unused_l2), .l1_o(row_l1)
  );

  logic                   line_valid_q, first_q, line_take;
  logic [L1LineWidth-1:0] line_q;
  logic [RemWidth-1:0]    rem_q;
  logic [2:0]             from_q, to_q;  // first and last lane of the row
  logic [LineLanes-1:0]   lanes;

  assign span      = {1'b0, row_length} + (L1AddrWidth + 1)'(row_l1[5:0]);
  assign row_ready = !line_valid_q || (line_take && rem_q == '0);
  assign lanes     = (first_q ? {LineLanes{1'b1}} << from_q : '1) &
                     ((rem_q == '0) ? {LineLanes{1'b1}} >> ~to_q : '1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)        line_valid_q <= 1'b0;
    else if (restart_i) line_valid_q <= 1'b0;
    else if (row_ready) line_valid_q <= row_valid && !row_null;
  end

  always_ff @(posedge clk_i) begin
    if (row_ready) begin
      if (row_valid) begin
        first_q <= 1'b1;
        line_q  <= row_l1[L1AddrWidth-1:6];
        rem_q   <= span[L1AddrWidth:6];
        from_q  <= row_l1[5:3];
        to_q    <= span[5:3];
      end
    end else if (line_take) begin
      first_q <= 1'b0;
      line_q  <= line_q + 1'b1;
      rem_q   <= rem_q - 1'b1;
    end
  end

  // ---- Request ---------------------------------------------------------------------------------
  logic [LineLanes-1:0]   mask_q, left;
  logic [L1LineWidth-1:0] req_line_q;
  idx_t                   reserved_q;  // line registers waiting for data or holding them
  logic                   room;

  assign left         = mask_q & ~l1_i.ready;
  assign room         = (reserved_q != idx_t'(Lines)) || data_pop_i;
  assign line_take    = line_valid_q && room && (left == '0) && !restart_i;
  assign next_valid_o = line_valid_q && room;
  assign next_group_o = l1_group(line_q);
  assign line_o       = (mask_q != '0) && (left == '0);
  assign refused_o    = left != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      mask_q     <= '0;
      reserved_q <= '0;
    end else if (restart_i) begin
      mask_q     <= '0;
      reserved_q <= '0;
    end else if (line_take || data_pop_i || mask_q != '0) begin
      mask_q     <= line_take ? lanes : left;
      reserved_q <= reserved_q + idx_t'(line_take) - idx_t'(data_pop_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (line_take) req_line_q <= line_q;
  end

  assign l1_o = '{mask: mask_q, we: 1'b0, urgent: 1'b0, line: req_line_q, be: '1, wdata: '0};

  // ---- Answer ----------------------------------------------------------------------------------
  logic                 complete_q;    // the last lanes arrive in this cycle
  idx_t                 filled_q, wr_q, rd_q;
  logic [Lines-1:0][LineWidth-1:0] data_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      complete_q <= 1'b0;
      filled_q   <= '0;
      wr_q       <= '0;
      rd_q       <= '0;
    end else if (restart_i) begin
      complete_q <= 1'b0;
      filled_q   <= '0;
      wr_q       <= '0;
      rd_q       <= '0;
    end else if (mask_q != '0 || complete_q || data_pop_i) begin
      complete_q <= line_o;
      filled_q   <= filled_q + idx_t'(complete_q) - idx_t'(data_pop_i);
      if (complete_q) wr_q <= after(wr_q);
      if (data_pop_i) rd_q <= after(rd_q);
    end
  end

  // A line is asked for only after the one before it is complete, so lanes that arrive now belong
  // to the line that wr_q points to.
  always_ff @(posedge clk_i) begin
    if (l1_i.valid != '0) begin
      for (int unsigned k = 0; k < Lines; k++) begin
        if (wr_q == idx_t'(k)) begin
          for (int unsigned lane = 0; lane < LineLanes; lane++) begin
            if (l1_i.valid[lane]) data_q[k][64*lane+:64] <= l1_i.rdata[64*lane+:64];
          end
        end
      end
    end
  end

  assign data_valid_o = filled_q != '0;
  assign data_o       = data_q[rd_q];

  logic unused;
  assign unused = ^{unused_fill, unused_last, unused_l2, span[2:0]};

  `OCT_ASSERT(PopFilled_A, data_pop_i |-> data_valid_o)
endmodule
