// SPDX-License-Identifier: Apache-2.0
// oct_queue_check: is this pair of words of a descriptor well formed? Combinational; the rules of
// docs/architecture/queues.md that oct_dma and oct_attention do not check themselves.
// Test: tb/unit/periph/oct_queues_test.cpp.
module oct_queue_check
  import oct_config_pkg::*;
  import oct_job_pkg::*;
(
  input  logic        valid_i,      // there is a pair to look at
  input  logic [2:0]  queue_i,
  input  logic [3:0]  pair_i,       // words 2 * pair_i and the next
  input  logic [63:0] data_i,
  input  logic        two_i,        // a descriptor of two units
  input  logic        is_nop_i,
  input  logic        final_i,      // no modifier will change the payload any more

  output logic        fault_o,
  output logic        fault_op_o,   // the operation is not this queue's
  output logic [4:0]  fault_word_o  // else the word that is wrong
);
  function automatic logic sem_ok(logic [5:0] sem);
    return {26'b0, sem} < NumSems;
  endfunction

  function automatic logic op_ok(logic [2:0] queue, logic [7:0] op);
    unique case (queue)
      QueueEngine: return op == OpNop || op == OpGemm || op == OpAttn;
      QueueDmaIn:  return op == OpNop || op == OpDmaCopy || op == OpDmaFill;
      QueueDmaOut: return op == OpNop || op == OpDmaCopy;
      default:     return op == OpNop || op == OpTeamRun;
    endcase
  endfunction

  // A modifier may change payload only.
  function automatic logic mod_ok(logic enable, logic [3:0] preg, logic [4:0] word, logic two);
    return !enable || ({28'b0, preg} < NumPregs && word >= 5'd4 && word < (two ? 5'd28 : 5'd12));
  endfunction

  wait_t      w_lo, w_hi;
  signal_t    s_lo, s_hi;
  modifier_t  m_lo, m_hi;
  logic       lo_ok, hi_ok, unused_rsvd;
  logic [2:0] mods;   // upper bits of the pairs that hold modifiers

  assign w_lo  = wait_t'(data_i[31:0]);
  assign w_hi  = wait_t'(data_i[63:32]);
  assign s_lo  = signal_t'(data_i[47:32]);
  assign s_hi  = signal_t'(data_i[63:48]);
  assign m_lo  = modifier_t'(data_i[31:0]);
  assign m_hi  = modifier_t'(data_i[63:32]);
  assign lo_ok = mod_ok(m_lo.enable, m_lo.preg, m_lo.word, two_i);
  assign hi_ok = mod_ok(m_hi.enable, m_hi.preg, m_hi.word, two_i);
  assign mods  = two_i ? 3'd7 : 3'd3;
  assign unused_rsvd = ^{w_lo, w_hi, s_lo, s_hi, m_lo, m_hi};

  always_comb begin
    fault_o      = 1'b0;
    fault_op_o   = 1'b0;
    fault_word_o = '0;
    if (valid_i) begin
      if (pair_i == 4'd0) begin
        fault_op_o = !op_ok(queue_i, data_i[7:0]);
        if (fault_op_o || (data_i[8] && queue_i != QueueEngine)) begin
          fault_o = 1'b1;
        end else if (w_hi.enable && !sem_ok(w_hi.sem)) begin
          fault_o      = 1'b1;
          fault_word_o = 5'd1;
        end
      end else if (pair_i == 4'd1) begin
        if (w_lo.enable && !sem_ok(w_lo.sem)) begin
          fault_o      = 1'b1;
          fault_word_o = 5'd2;
        end else if ((s_lo.enable && !sem_ok(s_lo.sem)) || (s_hi.enable && !sem_ok(s_hi.sem))) begin
          fault_o      = 1'b1;
          fault_word_o = 5'd3;
        end
      end else if (pair_i[3:1] == mods) begin
        fault_o      = !lo_ok || !hi_ok;
        fault_word_o = {pair_i, lo_ok};
      end else if (pair_i == 4'd3 && queue_i >= QueueTeam0 && final_i) begin
        fault_o      = !is_nop_i && (data_i[31:0] == '0 || data_i[31:NumWorkers] != '0);
        fault_word_o = 5'd6;
      end
    end
  end
endmodule
