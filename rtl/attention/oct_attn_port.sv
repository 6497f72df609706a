// SPDX-License-Identifier: Apache-2.0
// oct_attn_port: eight L1 ports of the engine, each with a queue of word requests that runs ahead of the
// bank, and the words that came back. A read goes out only when its answer has room; writes carry no
// data here. From push to L1 one cycle, from the answer to data_o none. One word a cycle and port.
// What decides is a vector with a bit per port, and counters are kept by planes of bits: a model does it
// for all eight at once. Test: tb/unit/attention_memory/oct_attn_ports_test.cpp.
`include "oct_assert.svh"

module oct_attn_port
  import oct_cluster_pkg::*;
#(
  localparam int unsigned Ports = 8,
  localparam int unsigned Queue = 8,   // requests behind the one that stands at L1
  localparam int unsigned Words = 8    // answers
) (
  input  logic                              clk_i,
  input  logic                              rst_ni,
  input  logic                              clear_i,  // drops all; answers to come, too
  output logic                              idle_o,

  input  logic [Ports-1:0]                  push_i,   // only those not in full_o
  input  logic                              push_we_i,
  input  logic [Ports-1:0][L1WordWidth-1:0] push_word_i,
  output logic [Ports-1:0]                  full_o,

  output logic [Ports-1:0]                  req_valid_o,
  output logic [Ports-1:0]                  req_we_o,
  output logic [Ports-1:0][L1WordWidth-1:0] req_word_o,
  input  logic [Ports-1:0]                  req_ready_i,
  input  logic [Ports-1:0][63:0]            rdata_i,  // in the cycle after a read was taken

  output logic [Ports-1:0]                  have_o,   // data_o is the oldest word that was read
  output logic [Ports-1:0][63:0]            data_o,
  input  logic [Ports-1:0]                  pop_i
);
  localparam int unsigned QPtrWidth  = $clog2(Queue);
  localparam int unsigned WPtrWidth  = $clog2(Words);
  localparam int unsigned CountWidth = 4;
  typedef logic [Ports-1:0]                 bits_t;
  typedef logic [CountWidth-1:0][Ports-1:0] count_t;  // bit b of all counters is count[b]

  // Counters after `up` and `down`; both at once change nothing.
  function automatic count_t moved(input count_t count, input bits_t up, input bits_t down);
    automatic bits_t carry  = up & ~down;
    automatic bits_t borrow = down & ~up;
    count_t          result;
    for (int unsigned b = 0; b < CountWidth; b++) begin
      result[b] = count[b] ^ carry ^ borrow;
      carry     = carry & count[b];
      borrow    = borrow & ~count[b];
    end
    return result;
  endfunction

  // ---- Requests: queue, then the register that stands at L1 -------------------------------------
  bits_t  queued, load, enqueue, dequeue, room, head_we, next_we, valid_q, we_q;
  count_t q_count_q;
  count_t free_q;      // answers for which no request has been made
  bits_t  answer_q;    // rdata_i belongs to us

  assign queued  = q_count_q[0] | q_count_q[1] | q_count_q[2] | q_count_q[3];
  assign next_we = (queued & head_we) | (~queued & {Ports{push_we_i}});
  assign room    = free_q[0] | free_q[1] | free_q[2] | free_q[3];
  assign load    = (queued | push_i) & (room | next_we) & (~valid_q | req_ready_i);
  assign dequeue = load & queued;
  assign enqueue = push_i & (~load | queued);
  assign full_o  = q_count_q[3];

  assign req_valid_o = valid_q;
  assign req_we_o    = we_q;

  // ---- Answers: one that is wanted at once never enters the memory -------------------------------
  count_t w_count_q;
  bits_t  stored, store, unstore;

  assign stored  = w_count_q[0] | w_count_q[1] | w_count_q[2] | w_count_q[3];
  assign have_o  = stored | answer_q;
  assign store   = answer_q & (~pop_i | stored);
  assign unstore = pop_i & stored;

  logic busy;
  assign idle_o = (valid_q | queued | answer_q | stored) == '0;
  assign busy   = (valid_q | queued | push_i | answer_q | pop_i) != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q   <= '0;
      answer_q  <= '0;
      q_count_q <= '0;
      w_count_q <= '0;
      free_q    <= {{Ports{1'b1}}, {(CountWidth - 1) * Ports{1'b0}}};
    end else if (clear_i) begin
      valid_q   <= '0;
      answer_q  <= '0;
      q_count_q <= '0;
      w_count_q <= '0;
      free_q    <= {{Ports{1'b1}}, {(CountWidth - 1) * Ports{1'b0}}};
    end else if (busy) begin
      answer_q  <= valid_q & req_ready_i & ~we_q;
      valid_q   <= load | (valid_q & ~req_ready_i);
      q_count_q <= moved(q_count_q, enqueue, dequeue);
      w_count_q <= moved(w_count_q, store, unstore);
      free_q    <= moved(free_q, pop_i, load & ~next_we);
    end
  end

  always_ff @(posedge clk_i) begin
    if (load != '0) we_q <= (we_q & ~load) | (next_we & load);
  end

  // ---- What each port keeps --------------------------------------------------------------------
  for (genvar i = 0; i < Ports; i++) begin : gen_port
    logic [L1WordWidth-1:0] queue_q [Queue];
    logic [Queue-1:0]       queue_we_q;
    logic [63:0]            words_q [Words];
    logic [L1WordWidth-1:0] word_q;
    logic [QPtrWidth-1:0]   q_wr_q, q_rd_q;
    logic [WPtrWidth-1:0]   w_wr_q, w_rd_q;

    assign head_we[i]    = queue_we_q[q_rd_q];
    assign req_word_o[i] = word_q;
    assign data_o[i]     = stored[i] ? words_q[w_rd_q] : rdata_i[i];

    always_ff @(posedge clk_i) begin
      if (load[i]) word_q <= queued[i] ? queue_q[q_rd_q] : push_word_i[i];
      if (push_i[i]) begin
        queue_q[q_wr_q]    <= push_word_i[i];
        queue_we_q[q_wr_q] <= push_we_i;
      end
      if (answer_q[i]) words_q[w_wr_q] <= rdata_i[i];
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        q_wr_q <= '0;
        q_rd_q <= '0;
        w_wr_q <= '0;
        w_rd_q <= '0;
      end else if (clear_i) begin
        q_wr_q <= '0;
        q_rd_q <= '0;
        w_wr_q <= '0;
        w_rd_q <= '0;
      end else if (busy) begin
        if (enqueue[i]) q_wr_q <= q_wr_q + 1'b1;
        if (dequeue[i]) q_rd_q <= q_rd_q + 1'b1;
        if (store[i]) w_wr_q <= w_wr_q + 1'b1;
        if (unstore[i]) w_rd_q <= w_rd_q + 1'b1;
      end
    end
  end

  `OCT_ASSERT(PushRoom_A, (push_i & full_o) == '0)
  `OCT_ASSERT(PopHave_A, (pop_i & ~have_o) == '0)
  `OCT_ASSERT(AnswerRoom_A, (store & w_count_q[3]) == '0)
  `OCT_ASSERT(FreeInRange_A, (free_q[3] & (free_q[0] | free_q[1] | free_q[2])) == '0)
endmodule
