// SPDX-License-Identifier: Apache-2.0
// oct_attention: the slot of the attention engine: its queue, L1 ports, registers and events as the
// engine will use them. Until the engine stands here, every job ends with CauseBadOp, one a cycle,
// and its registers answer with a bus error. Test: tb/unit/attention/oct_attention_test.cpp.
`include "oct_assert.svh"

module oct_attention
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
(
  input  logic                                       clk_i,
  input  logic                                       rst_ni,
  input  logic                                       clear_i,
  output logic                                       idle_o,

  input  logic                                       job_valid_i,
  output logic                                       job_ready_o,
  input  engine_job_t                                job_i,
  output job_done_t                                  done_o,

  output l1_word_req_t [oct_config_pkg::EnginePorts-1:0] l1_req_o,
  input  l1_word_rsp_t [oct_config_pkg::EnginePorts-1:0] l1_rsp_i,

  input  data_req_t                                  reg_req_i,
  output data_rsp_t                                  reg_rsp_o
);
  logic      answer_d, answer_q;
  job_done_t done_d, done_q;

  assign job_ready_o = !clear_i;
  assign idle_o      = !done_q.valid && !answer_q;
  assign done_o      = done_q;
  assign l1_req_o    = '0;
  assign answer_d    = reg_req_i.valid && reg_rsp_o.ready;

  always_comb begin
    done_d       = '0;
    done_d.valid = job_valid_i && job_ready_o;
    done_d.cause = CauseBadOp;
    reg_rsp_o       = '0;
    reg_rsp_o.ready = !answer_q;
    reg_rsp_o.valid = answer_q;
    reg_rsp_o.err   = answer_q;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      done_q   <= '0;
      answer_q <= 1'b0;
    end else begin
      done_q   <= done_d;
      answer_q <= answer_d;
    end
  end

  logic unused;
  assign unused = ^{job_i, l1_rsp_i, reg_req_i};

  `OCT_ASSERT(AnswerOnce_A, answer_q |=> !answer_q)
endmodule
