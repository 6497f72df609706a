// SPDX-License-Identifier: Apache-2.0
// oct_eu_team: the mailbox of one worker team. Two jobs fit: a worker that is through with the older
// one takes the newer while others still work, because the queue hands a job over only when all it
// waits for is there. Jobs are reported done in order. job_valid_i -> offer_o: 1 cycle.
// Test: tb/unit/periph/oct_event_unit_test.cpp.
`include "oct_assert.svh"

module oct_eu_team
  import oct_config_pkg::*;
  import oct_job_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        clear_i,

  input  logic                        job_valid_i,
  output logic                        job_ready_o,
  input  team_job_t                   job_i,
  output job_done_t                   done_o,

  output logic [NumWorkers-1:0]       offer_o,     // there is a job for this worker
  output logic [NumWorkers-1:0]       slot_o,      // in this slot
  input  logic [NumWorkers-1:0]       take_i,      // it takes it
  input  logic [NumWorkers-1:0]       end_i,       // it has done its part of the job in end_slot_i
  input  logic [NumWorkers-1:0]       end_slot_i,
  input  logic [NumWorkers-1:0]       fail_i,      // and that failed
  input  logic [1:0]                  aborted_i,   // by slot, of the lowest worker with fail_i:
  input  logic [1:0][31:0]            code_i,      // it was reset; else its code

  output logic [1:0][31:0]            func_o,
  output logic [1:0][31:0]            arg_o,
  output logic [1:0][NumWorkers-1:0]  mask_o
);
  logic [1:0]                 valid_q, failed_q;
  logic                       old_q;              // the slot of the older job
  logic [1:0][NumWorkers-1:0] ask_q, work_q, work_d;
  logic [1:0][31:0]           func_q, arg_q, code_q;
  logic [1:0][NumWorkers-1:0] mask_q;
  logic [1:0]                 aborted_q;
  job_done_t                  done_q, done_d;
  logic                       in_slot, take_job, active;
  logic [1:0]                 fail_now;
  logic                       unused_tag;

  assign unused_tag  = ^job_i.tag;
  assign func_o      = func_q;
  assign arg_o       = arg_q;
  assign mask_o      = mask_q;
  assign done_o      = done_q;
  assign job_ready_o = valid_q != 2'b11;
  assign take_job    = job_valid_i && job_ready_o;
  // One free: the other one. None taken: the old one's.
  assign in_slot     = valid_q[old_q] ? !old_q : old_q;
  assign active      = valid_q != '0 || job_valid_i || done_q.valid;

  // The older job first.
  assign offer_o = ask_q[0] | ask_q[1];
  assign slot_o  = {NumWorkers{old_q}} ^ ~ask_q[old_q];

  logic finish;
  always_comb begin
    work_d   = work_q;
    fail_now = '0;
    done_d   = '0;
    finish   = 1'b0;
    if (active) begin
      for (int unsigned s = 0; s < 2; s++) begin
        for (int unsigned w = 0; w < NumWorkers; w++) begin
          if (end_i[w] && end_slot_i[w] == 1'(s)) begin
            work_d[s][w] = 1'b0;
            if (fail_i[w]) fail_now[s] = 1'b1;
          end
        end
      end
      finish       = valid_q[old_q] && work_d[old_q] == '0;
      done_d.valid = finish;
      if (failed_q[old_q]) begin
        done_d.cause = aborted_q[old_q] ? CauseAborted : CauseKernel;
        done_d.addr  = code_q[old_q];
      end else if (fail_now[old_q]) begin
        done_d.cause = aborted_i[old_q] ? CauseAborted : CauseKernel;
        done_d.addr  = code_i[old_q];
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q  <= '0;
      failed_q <= '0;
      old_q    <= 1'b0;
      ask_q    <= '0;
      work_q   <= '0;
      done_q   <= '0;
    end else if (clear_i) begin
      valid_q  <= '0;
      failed_q <= '0;
      old_q    <= 1'b0;
      ask_q    <= '0;
      work_q   <= '0;
      done_q   <= '0;
    end else if (active) begin
      done_q   <= done_d;
      work_q   <= work_d;
      failed_q <= failed_q | fail_now;
      for (int unsigned w = 0; w < NumWorkers; w++) begin
        if (take_i[w]) ask_q[slot_o[w]][w] <= 1'b0;
      end
      if (finish) begin
        valid_q[old_q]  <= 1'b0;
        failed_q[old_q] <= 1'b0;
        old_q           <= !old_q;
      end
      if (take_job) begin
        valid_q[in_slot]  <= 1'b1;
        failed_q[in_slot] <= 1'b0;
        ask_q[in_slot]    <= job_i.mask;
        work_q[in_slot]   <= job_i.mask;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (take_job) begin
      func_q[in_slot] <= job_i.func;
      arg_q[in_slot]  <= job_i.arg;
      mask_q[in_slot] <= job_i.mask;
    end
    for (int unsigned s = 0; s < 2; s++) begin
      if (fail_now[s] && !failed_q[s]) begin
        code_q[s]    <= code_i[s];
        aborted_q[s] <= aborted_i[s];
      end
    end
  end

  `OCT_ASSERT(MaskNotEmpty_A, take_job |-> job_i.mask != '0)
endmodule
