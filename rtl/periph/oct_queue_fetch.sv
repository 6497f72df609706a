// SPDX-License-Identifier: Apache-2.0
// oct_queue_fetch: reads descriptors ahead of their queues. Queues take turns, one 64-byte beat a
// read, up to Outstanding reads in flight; a beat goes to the descriptor store (oct_queue_store) in
// eight words. A unit is asked for only if the store has room for it, so R is stalled by no more
// than the eight cycles of the beat before. Test: tb/unit/periph/oct_queues_test.cpp.
`include "oct_assert.svh"

module oct_queue_fetch
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
#(
  localparam int unsigned SlotWidth  = $clog2(QueueUnits),
  localparam int unsigned CountWidth = $clog2(QueueUnits + 1)
) (
  input  logic                                  clk_i,
  input  logic                                  rst_ni,
  input  logic [31:0]                           l2_offset_i,

  input  logic [NumQueues-1:0]                  more_i,
  output logic                                  take_o,
  output logic [2:0]                            take_queue_o,
  input  logic                                  take_valid_i,
  input  logic [31:0]                           take_addr_i,

  input  logic [NumQueues-1:0]                  stop_i,     // fetch nothing
  input  logic [NumQueues-1:0]                  flush_i,    // drop its units; ends only when idle_o

  output axi_rd_req_t                           axi_req_o,
  input  axi_rd_rsp_t                           axi_rsp_i,

  output logic                                  wr_valid_o, // to the store
  input  logic                                  wr_ready_i,
  output logic [2:0]                            wr_queue_o,
  output logic [SlotWidth-1:0]                  wr_slot_o,
  output logic [2:0]                            wr_word_o,
  output logic [63:0]                           wr_data_o,

  output logic [NumQueues-1:0][CountWidth-1:0]  units_o,    // complete units in the store
  output logic [NumQueues-1:0][SlotWidth-1:0]   first_o,    // slot of the oldest
  input  logic [NumQueues-1:0]                  free_i,     // the oldest is not needed any more
  input  logic                                  free_two_i, // and the one behind it

  output logic                                  fail_o,     // a read was answered with an error
  output logic [2:0]                            fail_queue_o,
  output logic [31:0]                           fail_addr_o,
  output logic                                  idle_o
);
  localparam int unsigned Outstanding = 8;
  localparam logic [SlotWidth-1:0] LastSlot = SlotWidth'(QueueUnits - 1);

  typedef struct packed {
    logic [2:0]  qid;
    logic [31:0] addr;
  } read_t;

  logic [NumQueues-1:0][CountWidth-1:0] held_q;    // units in the store or on their way
  logic [NumQueues-1:0][CountWidth-1:0] units_q;
  logic [NumQueues-1:0][SlotWidth-1:0]  wr_slot_q, rd_slot_q;
  logic [3:0]                           reads_q;

  logic                 beat_valid_q;
  logic [2:0]           beat_queue_q, word_q;
  logic [LineWidth-1:0] beat_q;
  logic                 keep, r_fail, beat_last;

  // ---- Choice of the next read -----------------------------------------------------------------
  logic [NumQueues-1:0] ask, gnt;
  logic [2:0]           pick;
  logic                 take_q;       // `more_i` lags two cycles behind the last choice
  logic [NumQueues-1:0] stale_q;      // and behind a flush
  logic                 ar_valid_q;
  logic [31:0]          ar_addr_q;
  logic [2:0]           ar_queue_q;
  logic                 ar_free;

  assign ar_free = !take_q && !take_valid_i && (!ar_valid_q || axi_rsp_i.ar_ready);

  always_comb begin
    ask = '0;
    if (more_i != '0 && ar_free && reads_q != 4'(Outstanding)) begin
      for (int unsigned q = 0; q < NumQueues; q++) begin
        ask[q] = more_i[q] && !stop_i[q] && !flush_i[q] && !stale_q[q] &&
                 held_q[q] != CountWidth'(QueueUnits);
      end
    end
  end

  oct_rr_arb #(.N(NumQueues)) u_arb (
    .clk_i, .rst_ni, .req_i(ask), .take_i(1'b1), .gnt_o(gnt), .idx_o(pick)
  );
  assign take_o       = take_q;
  assign take_queue_o = ar_queue_q;

  // ---- Order of the answers ---------------------------------------------------------------------
  read_t push_read, oldest;
  logic  order_ready, order_valid, r_take;
  logic [3:0] unused_count;
  assign push_read = '{qid: ar_queue_q, addr: ar_addr_q};
  oct_fifo #(.T(read_t), .Depth(Outstanding)) u_order (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(ar_valid_q && axi_rsp_i.ar_ready), .in_ready_o(order_ready), .in_i(push_read),
    .out_valid_o(order_valid), .out_ready_i(r_take), .out_o(oldest), .count_o(unused_count)
  );

  always_comb begin
    axi_req_o          = '0;
    axi_req_o.ar_valid = ar_valid_q;
    axi_req_o.ar       = '{id: AxiIdQueue, addr: ar_addr_q, len: 8'd0, size: 3'd6};
    axi_req_o.r_ready  = order_valid && !beat_valid_q;
  end

  // ---- Beats ------------------------------------------------------------------------------------
  assign r_take       = axi_rsp_i.r_valid && axi_req_o.r_ready;
  assign r_fail       = axi_rsp_i.r.resp != AxiOkay;
  assign keep         = r_take && !r_fail;  // of a queue being flushed: units_q stays zero
  assign fail_o       = r_take && r_fail && !flush_i[oldest.qid];
  assign fail_queue_o = oldest.qid;
  assign fail_addr_o  = oldest.addr;

  assign wr_valid_o = beat_valid_q;
  assign wr_queue_o = beat_queue_q;
  assign wr_slot_o  = wr_slot_q[beat_queue_q];
  assign wr_word_o  = word_q;
  assign wr_data_o  = beat_q[63:0];
  assign beat_last  = beat_valid_q && wr_ready_i && word_q == 3'd7;

  assign units_o = units_q;
  assign first_o = rd_slot_q;
  assign idle_o  = reads_q == '0 && !beat_valid_q;

  logic active;
  assign active = reads_q != '0 || gnt != '0 || beat_valid_q || free_i != '0 || flush_i != '0 ||
                  take_q || take_valid_i || stale_q != '0;

  logic [NumQueues-1:0]      stored;  // a unit complete
  logic [NumQueues-1:0][1:0] freed;
  always_comb begin
    stored = '0;
    freed  = '0;
    if (beat_last) stored[beat_queue_q] = 1'b1;
    for (int unsigned q = 0; q < NumQueues; q++) begin
      if (free_i[q]) freed[q] = free_two_i ? 2'd2 : 2'd1;
    end
  end

  function automatic logic [SlotWidth-1:0] next_slot(logic [SlotWidth-1:0] slot);
    return (slot == LastSlot) ? '0 : slot + 1'b1;
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      held_q       <= '0;
      units_q      <= '0;
      wr_slot_q    <= '0;
      rd_slot_q    <= '0;
      reads_q      <= '0;
      take_q       <= 1'b0;
      stale_q      <= '0;
      ar_valid_q   <= 1'b0;
      beat_valid_q <= 1'b0;
      word_q       <= '0;
    end else if (active) begin
      take_q  <= gnt != '0;
      stale_q <= flush_i;
      if (take_valid_i) ar_valid_q <= 1'b1;
      else if (axi_rsp_i.ar_ready) ar_valid_q <= 1'b0;
      reads_q <= reads_q + 4'(gnt != '0) - 4'(r_take);

      if (keep) begin
        beat_valid_q <= 1'b1;
        word_q       <= '0;
      end else if (beat_last) begin
        beat_valid_q <= 1'b0;
      end else if (beat_valid_q && wr_ready_i) begin
        word_q <= word_q + 1'b1;
      end

      for (int unsigned q = 0; q < NumQueues; q++) begin
        if (flush_i[q]) begin
          held_q[q]    <= '0;
          units_q[q]   <= '0;
          wr_slot_q[q] <= '0;
          rd_slot_q[q] <= '0;
        end else begin
          held_q[q]  <= held_q[q] + CountWidth'(gnt[q]) - CountWidth'(freed[q]);
          units_q[q] <= units_q[q] + CountWidth'(stored[q]) - CountWidth'(freed[q]);
          if (stored[q]) wr_slot_q[q] <= next_slot(wr_slot_q[q]);
          if (freed[q] == 2'd1) rd_slot_q[q] <= next_slot(rd_slot_q[q]);
          if (freed[q] == 2'd2) rd_slot_q[q] <= next_slot(next_slot(rd_slot_q[q]));
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (gnt != '0) ar_queue_q <= pick;
    if (take_valid_i) ar_addr_q <= take_addr_i + l2_offset_i;
    if (keep) begin
      beat_q       <= axi_rsp_i.r.data;
      beat_queue_q <= oldest.qid;
    end else if (beat_valid_q && wr_ready_i) begin
      beat_q <= {64'b0, beat_q[LineWidth-1:64]};
    end
  end

  for (genvar q = 0; q < int'(NumQueues); q++) begin : gen_flush
    `OCT_ASSERT(FlushEndsQuiet_A, $fell(flush_i[q]) |-> idle_o)
  end
  `OCT_ASSERT(OrderRoom_A, ar_valid_q |-> order_ready)
  `OCT_ASSERT(OneBeat_A, r_take |-> axi_rsp_i.r.last && axi_rsp_i.r.id == AxiIdQueue)
  `OCT_ASSERT_STREAM(Ar_A, axi_req_o.ar_valid, axi_rsp_i.ar_ready, axi_req_o.ar)
endmodule
