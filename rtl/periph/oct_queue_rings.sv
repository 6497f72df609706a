// SPDX-License-Identifier: Apache-2.0
// oct_queue_rings: BASE, SIZE, HEAD and TAIL of the five rings and the doorbell. A doorbell takes
// three cycles, because one pair of adders serves all queues.
// Test: tb/unit/periph/oct_queues_test.cpp.
`include "oct_assert.svh"

module oct_queue_rings
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 rst_ni,

  // Register writes; a doorbell is over when ring_busy_o falls.
  input  logic                 wr_i,
  input  logic [2:0]           wr_queue_i,
  input  logic [1:0]           wr_reg_i,      // BASE, SIZE, HEAD, TAIL
  input  logic [31:0]          wr_data_i,
  output logic                 ring_busy_o,
  input  logic [2:0]           rd_queue_i,
  input  logic [1:0]           rd_reg_i,
  output logic [31:0]          rd_data_o,

  output logic                 bad_o,         // doorbell refused: ring_field_o of bad_queue_o
  output logic [2:0]           bad_queue_o,
  output logic [31:0]          bad_field_o,

  input  logic [NumQueues-1:0] flush_i,       // HEAD := TAIL, nothing left to fetch
  input  logic [NumQueues-1:0] deaf_i,        // doorbells are ignored
  input  logic [NumQueues-1:0] leave_i,       // a descriptor is consumed
  input  logic [NumQueues-1:0] leave_two_i,

  output logic [NumQueues-1:0] more_o,        // units rung for and not fetched
  output logic [NumQueues-1:0] pending_o,     // HEAD != TAIL
  input  logic                 take_i,        // the next unit of take_queue_i is being fetched
  input  logic [2:0]           take_queue_i,
  output logic [31:0]          take_addr_o,   // relative to L2_OFFSET, one cycle after take_i
  output logic                 take_valid_o
);
  logic [31:0] base_q [NumQueues];
  logic [31:0] size_q [NumQueues];
  logic [31:0] head_q [NumQueues];
  logic [31:0] tail_q [NumQueues];
  logic [31:0] fetched_q [NumQueues];
  logic [15:0] tail_idx_q [NumQueues];   // ring position of TAIL and of the next unit to fetch
  logic [15:0] fetch_idx_q [NumQueues];
  logic [NumQueues-1:0] more_q, pending_q;

  // ---- Doorbell --------------------------------------------------------------------------------
  typedef enum logic [1:0] {BellIdle, BellSub, BellAdd, BellCheck} bell_e;
  bell_e       bell_q;
  logic [2:0]  bq_q;
  logic [31:0] new_tail_q, delta_q, used_q, room_q;
  logic [16:0] sum_q, wrapped;
  logic        ring_ok_q, late_q, bell_bad;

  assign wrapped     = sum_q - {1'b0, size_q[bq_q][15:0]};
  assign bell_bad    = !ring_ok_q || late_q;
  assign ring_busy_o = bell_q != BellIdle;
  assign bad_o       = bell_q == BellCheck && bell_bad && !deaf_i[bq_q] && !flush_i[bq_q];
  assign bad_queue_o = bq_q;
  always_comb begin
    bad_field_o = RingField | 32'h0c;
    if (bad_o && base_q[bq_q][5:0] != '0) bad_field_o = RingField;
    else if (bad_o && !ring_ok_q) bad_field_o = RingField | 32'h04;
  end

  // ---- Fetch address ---------------------------------------------------------------------------
  logic [31:0] addr_base_q;
  logic [15:0] addr_idx_q;
  logic        take_valid_q;
  assign take_addr_o  = addr_base_q + {10'b0, addr_idx_q, 6'b0};
  assign take_valid_o = take_valid_q;
  assign more_o       = more_q;
  assign pending_o    = pending_q;

  always_comb begin
    unique case (rd_reg_i)
      2'd0:    rd_data_o = base_q[rd_queue_i];
      2'd1:    rd_data_o = size_q[rd_queue_i];
      2'd2:    rd_data_o = head_q[rd_queue_i];
      default: rd_data_o = tail_q[rd_queue_i];
    endcase
  end

  logic touched, touched_q;
  assign touched = wr_i || ring_busy_o || take_i || flush_i != '0 || leave_i != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      for (int unsigned q = 0; q < NumQueues; q++) begin
        base_q[q]      <= '0;
        size_q[q]      <= '0;
        head_q[q]      <= '0;
        tail_q[q]      <= '0;
        fetched_q[q]   <= '0;
        tail_idx_q[q]  <= '0;
        fetch_idx_q[q] <= '0;
      end
      bell_q       <= BellIdle;
      take_valid_q <= 1'b0;
    end else if (touched || take_valid_q) begin
      take_valid_q <= take_i;
      if (take_i) begin
        fetched_q[take_queue_i]   <= fetched_q[take_queue_i] + 1'b1;
        fetch_idx_q[take_queue_i] <= (fetch_idx_q[take_queue_i] + 1'b1 ==
                                      size_q[take_queue_i][15:0]) ?
                                     '0 : fetch_idx_q[take_queue_i] + 1'b1;
      end
      for (int unsigned q = 0; q < NumQueues; q++) begin
        if (leave_i[q]) head_q[q] <= head_q[q] + (leave_two_i[q] ? 32'd2 : 32'd1);
      end
      unique case (bell_q)
        BellIdle: if (wr_i && wr_reg_i == 2'd3) bell_q <= BellSub;
        BellSub:  bell_q <= BellAdd;
        BellAdd:  bell_q <= BellCheck;
        default: begin
          bell_q <= BellIdle;
          if (!bell_bad && !deaf_i[bq_q]) begin
            tail_q[bq_q]     <= new_tail_q;
            tail_idx_q[bq_q] <= wrapped[16] ? sum_q[15:0] : wrapped[15:0];
          end
        end
      endcase
      if (wr_i && wr_reg_i < 2'd2) begin
        if (wr_reg_i == 2'd0) base_q[wr_queue_i] <= wr_data_i;
        else                  size_q[wr_queue_i] <= wr_data_i;
        head_q[wr_queue_i]      <= '0;
        tail_q[wr_queue_i]      <= '0;
        fetched_q[wr_queue_i]   <= '0;
        tail_idx_q[wr_queue_i]  <= '0;
        fetch_idx_q[wr_queue_i] <= '0;
      end
      for (int unsigned q = 0; q < NumQueues; q++) begin
        if (flush_i[q]) begin
          head_q[q]      <= tail_q[q];
          tail_q[q]      <= tail_q[q];      // a doorbell that ends now is lost
          tail_idx_q[q]  <= tail_idx_q[q];
          fetched_q[q]   <= tail_q[q];
          fetch_idx_q[q] <= tail_idx_q[q];
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (bell_q == BellIdle && wr_i) begin
      bq_q       <= wr_queue_i;
      new_tail_q <= wr_data_i;
    end
    if (bell_q == BellSub) begin
      delta_q   <= new_tail_q - tail_q[bq_q];
      used_q    <= new_tail_q - head_q[bq_q];
      room_q    <= size_q[bq_q];
      ring_ok_q <= base_q[bq_q][5:0] == '0 && size_q[bq_q][31:16] == '0 && size_q[bq_q] != '0;
    end
    if (bell_q == BellAdd) begin
      sum_q  <= {1'b0, tail_idx_q[bq_q]} + {1'b0, delta_q[15:0]};
      late_q <= used_q > room_q || delta_q > room_q;
    end
    if (take_i) begin
      addr_base_q <= base_q[take_queue_i];
      addr_idx_q  <= fetch_idx_q[take_queue_i];
    end
  end

  // One cycle behind the pointers; take_i waits for that (oct_queue_fetch).
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      more_q    <= '0;
      pending_q <= '0;
      touched_q <= 1'b0;
    end else if (touched || touched_q) begin
      touched_q <= touched;
      for (int unsigned q = 0; q < NumQueues; q++) begin
        more_q[q]    <= fetched_q[q] != tail_q[q];
        pending_q[q] <= head_q[q] != tail_q[q];
      end
    end
  end
endmodule
