// SPDX-License-Identifier: Apache-2.0
// oct_queue_load: brings the next descriptor of a queue from the store into its head registers, two
// words a cycle, checks it, and asks for the present value of the semaphores it waits for. Queues
// take turns. A descriptor of one unit takes 13 cycles; one with parameter modifiers is first
// changed in the store, word by word through one multiplier, and then read again.
// Test: tb/unit/periph/oct_queues_test.cpp.
`include "oct_assert.svh"

module oct_queue_load
  import oct_config_pkg::*;
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
#(
  localparam int unsigned SlotWidth  = $clog2(QueueUnits),
  localparam int unsigned CountWidth = $clog2(QueueUnits + 1),
  localparam int unsigned PregWidth  = $clog2(NumPregs)
) (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic [NumQueues-1:0]                 flush_i,   // forget what is being loaded
  input  logic [NumQueues-1:0]                 stop_i,

  input  logic [NumQueues-1:0]                 want_i,    // heads that are empty
  input  logic [NumQueues-1:0][CountWidth-1:0] units_i,
  input  logic [NumQueues-1:0][SlotWidth-1:0]  first_i,
  output logic [NumQueues-1:0]                 free_o,
  output logic                                 free_two_o,

  output logic                                 st_valid_o,
  input  logic                                 st_ready_i,
  output logic                                 st_we_o,
  output logic [1:0]                           st_half_o,
  output logic [2:0]                           st_queue_o,
  output logic [SlotWidth-1:0]                 st_slot_o,
  output logic [2:0]                           st_word_o,
  output logic [31:0]                          st_wdata_o,
  input  logic [63:0]                          st_rdata_i,

  output logic [PregWidth-1:0]                 preg_o,
  input  logic [31:0]                          preg_i,

  output load_t                                load_o,

  output logic                                 look_valid_o,  // read of a semaphore
  output logic [5:0]                           look_sem_o,
  input  logic                                 look_grant_i,

  output logic                                 bad_o,         // malformed: with load_o.finish
  output error_t                               error_o
);
  localparam logic [SlotWidth-1:0] LastSlot = SlotWidth'(QueueUnits - 1);

  typedef enum logic [2:0] {
    LdIdle, LdStream, LdDrain, LdMul, LdRead, LdWait, LdWrite, LdFinish
  } ld_e;

  ld_e                  state_q;
  logic [2:0]           queue_q;
  logic [SlotWidth-1:0] slot_q, slot2_q;
  logic                 more_units_q;        // a second unit is there
  logic [3:0]           step_q;
  logic                 two_q, head_seen_q, applied_q;
  logic [NumQueues-1:0] need_two_q;          // known to wait for a second unit

  // ---- Which queue -----------------------------------------------------------------------------
  logic [NumQueues-1:0] ask, gnt;
  logic [2:0]           pick;
  logic                 start;

  always_comb begin
    ask = '0;
    if (state_q == LdIdle) begin
      for (int unsigned q = 0; q < NumQueues; q++) begin
        ask[q] = want_i[q] && !stop_i[q] && !flush_i[q] &&
                 units_i[q] >= (need_two_q[q] ? CountWidth'(2) : CountWidth'(1));
      end
    end
  end
  oct_rr_arb #(.N(NumQueues)) u_arb (
    .clk_i, .rst_ni, .req_i(ask), .take_i(1'b1), .gnt_o(gnt), .idx_o(pick)
  );
  assign start = gnt != '0;

  // ---- What to read: header, modifiers, payload ------------------------------------------------
  // Steps 0,1: pairs 0,1. Steps 2,3: the last two pairs. Then pairs 2.. up to the last of the queue.
  logic [3:0] rd_pair, last_step, mod_pair;
  logic       stall, killed;

  always_comb begin
    if (step_q < 4'd2)      rd_pair = step_q;
    else if (step_q < 4'd4) rd_pair = (two_q ? 4'd14 : 4'd6) + step_q - 4'd2;
    else                    rd_pair = step_q - 4'd2;
    if (queue_q >= QueueTeam0)                     last_step = 4'd5;
    else if (queue_q == QueueEngine && two_q)      last_step = 4'd15;
    else                                           last_step = 4'd7;
  end
  // Where the modifiers of an engine descriptor are is known once its first word has been seen.
  assign stall = step_q == 4'd2 && !head_seen_q && queue_q == QueueEngine;

  // ---- Read data: one register behind the memory ------------------------------------------------
  logic        v1_q, v2_q;        // data in the memory's output; in data_q
  logic [3:0]  pair1_q, pair2_q;
  logic [63:0] data_q;
  logic        st_read;
  logic [3:0]  st_pair;
  modifier_t [3:0] mod_q;

  assign killed  = flush_i[queue_q] && state_q != LdIdle;
  assign st_read = st_valid_o && st_ready_i && !st_we_o;

  // ---- Checks -----------------------------------------------------------------------------------
  logic        checked, fault, fault_op, bad_q, bad_op_q, is_nop_q, mods_any, unused_rsvd;
  logic [4:0]  fault_word, bad_word_q;
  logic [15:0] tag_q;
  wait_t       w_lo, w_hi;
  modifier_t   m_lo, m_hi, m_now;
  logic [1:0]  m_q;               // which modifier is being applied

  assign m_now       = mod_q[m_q];
  assign unused_rsvd = ^{w_lo, w_hi, m_now.rsvd};
  assign w_lo        = wait_t'(data_q[31:0]);
  assign w_hi        = wait_t'(data_q[63:32]);
  assign m_lo        = modifier_t'(data_q[31:0]);
  assign m_hi        = modifier_t'(data_q[63:32]);
  assign mods_any    = mod_q[0].enable || mod_q[1].enable || mod_q[2].enable || mod_q[3].enable;
  assign mod_pair    = two_q ? 4'd14 : 4'd6;
  assign checked     = v2_q && (state_q == LdStream || state_q == LdDrain);

  oct_queue_check u_check (
    .valid_i(checked), .queue_i(queue_q), .pair_i(pair2_q), .data_i(data_q), .two_i(two_q),
    .is_nop_i(is_nop_q), .final_i(applied_q || !mods_any),
    .fault_o(fault), .fault_op_o(fault_op), .fault_word_o(fault_word)
  );

  // ---- Modifiers: word += preg * scale, in the store --------------------------------------------
  logic [31:0] mul_a_q, product_q;
  logic [15:0] mul_b_q;
  assign preg_o = m_now.preg[PregWidth-1:0];

  // ---- Store port -------------------------------------------------------------------------------
  always_comb begin
    st_valid_o = 1'b0;
    st_we_o    = 1'b0;
    st_half_o  = '0;
    st_pair    = rd_pair;
    st_wdata_o = '0;
    unique case (state_q)
      LdStream: st_valid_o = !stall;
      LdRead: begin
        st_valid_o = 1'b1;
        st_pair    = m_now.word[4:1];
      end
      LdWrite: begin
        st_valid_o = 1'b1;
        st_we_o    = 1'b1;
        st_pair    = m_now.word[4:1];
        st_half_o  = {m_now.word[0], !m_now.word[0]};
        st_wdata_o = (m_now.word[0] ? data_q[63:32] : data_q[31:0]) + product_q;
      end
      default: ;
    endcase
    st_queue_o = queue_q;
    st_slot_o  = st_pair[3] ? slot2_q : slot_q;
    st_word_o  = st_pair[2:0];
  end

  // ---- To the heads -----------------------------------------------------------------------------
  logic [1:0]      look_q;
  logic [1:0][5:0] look_sem_q;
  logic            finish;
  assign finish       = state_q == LdFinish && look_q == '0 && !killed;
  assign look_valid_o = look_q != '0;
  assign look_sem_o   = look_q[0] ? look_sem_q[0] : look_sem_q[1];
  assign bad_o        = finish && bad_q;
  assign free_two_o   = two_q;
  always_comb begin
    load_o        = '0;
    error_o       = '0;
    free_o        = '0;
    if (state_q != LdIdle) begin
      load_o.sel[queue_q] = 1'b1;
      load_o.write        = checked && pair2_q[3:1] != mod_pair[3:1];
      load_o.pair         = pair2_q;
      load_o.data         = data_q;
      load_o.finish       = finish;
      load_o.bad          = bad_q;
      load_o.two          = two_q;
      free_o[queue_q]     = finish;
      error_o.valid       = bad_o;
      error_o.qid         = queue_q;
      error_o.tag         = tag_q;
      error_o.cause       = bad_op_q ? CauseBadOp : CauseBadField;
      error_o.addr        = {27'b0, bad_word_q};
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q    <= LdIdle;
      v1_q       <= 1'b0;
      v2_q       <= 1'b0;
      look_q     <= '0;
      need_two_q <= '0;
    end else if (state_q != LdIdle || start || flush_i != '0) begin
      v1_q       <= st_read && !killed;
      v2_q       <= v1_q && !killed;
      need_two_q <= need_two_q & ~flush_i;
      if (look_grant_i) look_q <= look_q[0] ? {look_q[1], 1'b0} : 2'b00;
      if (v2_q && state_q == LdStream) begin
        if (pair2_q == 4'd0 && !fault) look_q[0] <= w_hi.enable;
        if (pair2_q == 4'd1 && !fault && !bad_q) look_q[1] <= w_lo.enable;
      end
      unique case (state_q)
        LdIdle: if (start) state_q <= LdStream;
        LdStream: if (!stall && st_ready_i) begin
          // Read nothing that is not there.
          if ((step_q == 4'd2 && two_q && !more_units_q) || step_q == last_step) state_q <= LdDrain;
        end
        LdDrain: if (!v1_q && !v2_q) begin
          if (two_q && !more_units_q) begin
            state_q             <= LdIdle;
            look_q              <= '0;
            need_two_q[queue_q] <= 1'b1;
          end else begin
            state_q <= (!bad_q && mods_any && !applied_q) ? LdMul : LdFinish;
          end
        end
        LdMul: begin
          if (m_now.enable)       state_q <= LdRead;
          else if (m_q == 2'd3)   state_q <= LdStream;
        end
        LdRead: if (st_ready_i) state_q <= LdWait;
        LdWait: if (v2_q) state_q <= LdWrite;
        LdWrite: if (st_ready_i) state_q <= (m_q == 2'd3) ? LdStream : LdMul;
        default: if (look_q == '0) begin
          state_q             <= LdIdle;
          need_two_q[queue_q] <= 1'b0;
        end
      endcase
      if (killed) begin
        state_q <= LdIdle;
        look_q  <= '0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) begin
      queue_q      <= pick;
      slot_q       <= first_i[pick];
      slot2_q      <= (first_i[pick] == LastSlot) ? '0 : first_i[pick] + 1'b1;
      more_units_q <= units_i[pick] >= CountWidth'(2);
      step_q       <= '0;
      two_q        <= 1'b0;
      bad_q        <= 1'b0;
      bad_op_q     <= 1'b0;
      applied_q    <= 1'b0;
      m_q          <= '0;
      // Only the engine's modifiers may lie in a second unit.
      head_seen_q  <= 1'b0;
    end
    if (state_q != LdIdle) begin
      if (st_read) pair1_q <= st_pair;
      if (v1_q) begin
        pair2_q <= pair1_q;
        data_q  <= st_rdata_i;
      end
      if (state_q == LdStream && !stall && st_ready_i) step_q <= step_q + 1'b1;
      if (checked) begin
        if (pair2_q == 4'd0) begin
          two_q         <= data_q[8] && queue_q == QueueEngine;
          head_seen_q   <= 1'b1;
          is_nop_q      <= data_q[7:0] == OpNop;
          tag_q         <= data_q[31:16];
          look_sem_q[0] <= w_hi.sem;
        end
        if (pair2_q == 4'd1) look_sem_q[1] <= w_lo.sem;
        if (pair2_q == mod_pair) mod_q[1:0] <= {m_hi, m_lo};
        if (pair2_q == mod_pair + 4'd1) mod_q[3:2] <= {m_hi, m_lo};
        if (fault && !bad_q) begin
          bad_q      <= 1'b1;
          bad_op_q   <= fault_op;
          bad_word_q <= fault_word;
        end
      end
      if (state_q == LdMul) begin
        mul_a_q <= preg_i;
        mul_b_q <= m_now.scale;
      end
      if (state_q == LdWait) product_q <= mul_a_q * {{16{mul_b_q[15]}}, mul_b_q};
      if ((state_q == LdWrite && st_ready_i) || (state_q == LdMul && !m_now.enable)) begin
        m_q <= m_q + 1'b1;
        if (m_q == 2'd3) begin
          applied_q <= 1'b1;
          step_q    <= 4'd4;
        end
      end
    end
  end
endmodule
