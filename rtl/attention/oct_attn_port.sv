// SPDX-License-Identifier: Apache-2.0
// oct_attn_port: one L1 port of the engine: a queue of word requests that runs ahead of the bank, and
// the words that came back. A read goes out only when its answer has room; writes carry no data here.
// From push to L1 one cycle, from the answer to data_o none. One word a cycle.
// Test: tb/unit/attention_memory/oct_attn_ports_test.cpp.
`include "oct_assert.svh"

module oct_attn_port
  import oct_cluster_pkg::*;
#(
  localparam int unsigned Queue = 8,   // requests behind the one that stands at L1
  localparam int unsigned Words = 8    // answers
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,   // drops all; answers on their way are swallowed
  output logic                   idle_o,

  input  logic                   push_i,    // only if not full_o
  input  logic                   push_we_i,
  input  logic [L1WordWidth-1:0] push_word_i,
  output logic                   full_o,

  output logic                   req_valid_o,
  output logic                   req_we_o,
  output logic [L1WordWidth-1:0] req_word_o,
  input  logic                   req_ready_i,
  input  logic [63:0]            rdata_i,   // in the cycle after a read was taken

  output logic                   have_o,    // data_o is the oldest word that was read
  output logic [63:0]            data_o,
  input  logic                   pop_i
);
  localparam int unsigned QPtrWidth = $clog2(Queue);
  localparam int unsigned WPtrWidth = $clog2(Words);
  typedef struct packed {
    logic                   we;
    logic [L1WordWidth-1:0] word;
  } item_t;

  // ---- Requests: queue, then the register that stands at L1 -------------------------------------
  item_t                queue_q [Queue];
  logic [QPtrWidth-1:0] q_wr_q, q_rd_q;
  logic [QPtrWidth:0]   q_count_q;
  logic                 queued, load, enqueue, dequeue, valid_q, room;
  item_t                next, item_q;
  logic [WPtrWidth:0]   free_q;      // answers for which no request has been made
  logic                 answer_q;    // rdata_i belongs to us

  assign queued  = q_count_q != '0;
  assign next    = queued ? queue_q[q_rd_q] : item_t'({push_we_i, push_word_i});
  assign room    = free_q != '0;
  assign load    = (queued || push_i) && (room || next.we) && (!valid_q || req_ready_i);
  assign dequeue = load && queued;
  assign enqueue = push_i && !(load && !queued);
  assign full_o  = q_count_q == (QPtrWidth + 1)'(Queue);

  assign req_valid_o = valid_q;
  assign req_we_o    = item_q.we;
  assign req_word_o  = item_q.word;

  // ---- Answers: one that is wanted at once never enters the memory -------------------------------
  logic [63:0]          words_q [Words];
  logic [WPtrWidth-1:0] w_wr_q, w_rd_q;
  logic [WPtrWidth:0]   w_count_q;
  logic                 stored, store;

  assign stored = w_count_q != '0;
  assign have_o = stored || answer_q;
  assign data_o = stored ? words_q[w_rd_q] : rdata_i;
  assign store  = answer_q && !(pop_i && !stored);

  logic busy;
  assign busy   = valid_q || queued || push_i || answer_q || pop_i;
  assign idle_o = !valid_q && !queued && !answer_q && !stored;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q   <= 1'b0;
      answer_q  <= 1'b0;
      q_wr_q    <= '0;
      q_rd_q    <= '0;
      q_count_q <= '0;
      w_wr_q    <= '0;
      w_rd_q    <= '0;
      w_count_q <= '0;
      free_q    <= (WPtrWidth + 1)'(Words);
    end else if (clear_i) begin
      valid_q   <= 1'b0;
      answer_q  <= 1'b0;
      q_wr_q    <= '0;
      q_rd_q    <= '0;
      q_count_q <= '0;
      w_wr_q    <= '0;
      w_rd_q    <= '0;
      w_count_q <= '0;
      free_q    <= (WPtrWidth + 1)'(Words);
    end else if (busy) begin
      valid_q  <= load || (valid_q && !req_ready_i);
      answer_q <= valid_q && req_ready_i && !item_q.we;
      if (enqueue) q_wr_q <= q_wr_q + 1'b1;
      if (dequeue) q_rd_q <= q_rd_q + 1'b1;
      if (enqueue != dequeue) q_count_q <= enqueue ? q_count_q + 1'b1 : q_count_q - 1'b1;
      if (store) w_wr_q <= w_wr_q + 1'b1;
      if (pop_i && stored) w_rd_q <= w_rd_q + 1'b1;
      if (store != (pop_i && stored)) w_count_q <= store ? w_count_q + 1'b1 : w_count_q - 1'b1;
      if ((load && !next.we) != pop_i) free_q <= pop_i ? free_q + 1'b1 : free_q - 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (load) item_q <= next;
    if (push_i) queue_q[q_wr_q] <= item_t'({push_we_i, push_word_i});
    if (answer_q) words_q[w_wr_q] <= rdata_i;
  end

  `OCT_ASSERT(PushRoom_A, push_i |-> !full_o)
  `OCT_ASSERT(PopHave_A, pop_i |-> have_o)
  `OCT_ASSERT(AnswerRoom_A, store |-> w_count_q != (WPtrWidth + 1)'(Words))
  `OCT_ASSERT(FreeInRange_A, free_q <= (WPtrWidth + 1)'(Words))
endmodule
