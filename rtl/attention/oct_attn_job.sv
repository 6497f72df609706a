// SPDX-License-Identifier: Apache-2.0
// oct_attn_job: takes jobs from the engine's queue, checks their fields, hands good ones to the
// planner and reports how jobs end, in their order. Two jobs may be under way: the planner walks the
// second while the first still computes and stores. A bad job touches nothing and ends with the
// index of its first bad word. Checks: docs/architecture/engine.md; twin: sw/golden/engine.hpp.
// Test: tb/unit/attention/oct_attention_test.cpp.
`include "oct_assert.svh"

module oct_attn_job
  import oct_job_pkg::*;
  import oct_attn_pkg::*;
  import oct_attn_desc_pkg::*;
(
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              clear_i,
  output logic              idle_o,

  input  logic              job_valid_i,
  output logic              job_ready_o,
  input  engine_job_t       job_i,
  output job_done_t         done_o,

  // To the planner: a checked job, held until taken.
  output logic              plan_valid_o,
  input  logic              plan_ready_i,
  output logic              plan_ctx_o,     // context the planner uses for it
  output plan_t             plan_o,
  output ctx_t [NumCtx-1:0] ctx_o,

  input  logic [NumCtx-1:0] job_end_i,      // last write of the job granted, one cycle each
  input  logic [NumCtx-1:0] range_valid_i,  // an access outside L1, first address
  input  logic [NumCtx-1:0][31:0] range_addr_i
);
  // ---- Check, in the cycle in which the job is taken --------------------------------------------
  logic        attn, op_bad, bad, load;
  logic [4:0]  bad_word;
  plan_t       plan;
  ctx_t        ctx;

  always_comb begin
    automatic logic [27:0] wrong = '0;
    attn     = job_i.op == OpAttn;
    op_bad   = job_i.op != OpAttn && job_i.op != OpGemm;
    plan     = '0;
    ctx      = '0;
    bad_word = '0;
    if (load) begin
      plan  = attn ? plan_attn(job_i.words) : plan_gemm(job_i.words);
      ctx   = attn ? ctx_attn(job_i.words) : ctx_gemm(job_i.words);
      wrong = attn ? wrong_attn(job_i.words) : wrong_gemm(job_i.words);
      for (int i = 27; i >= 0; i--) if (wrong[i]) bad_word = 5'(i + 4);
    end
    bad = wrong != '0;
  end

  // ---- Contexts --------------------------------------------------------------------------------
  // Allocated in turn and released in turn, so that jobs end in order.
  logic [NumCtx-1:0]       used_q, bad_q, over_q, range_q;
  cause_e [NumCtx-1:0]     cause_q;
  logic [NumCtx-1:0][31:0] addr_q;
  logic                    alloc_q, head_q;   // next to allocate, next to end
  logic                    start, finish, plan_valid_q, plan_ctx_q;
  plan_t                   plan_q;
  ctx_t [NumCtx-1:0]       ctx_q;
  logic                    fault;

  // A job needs a context and, if it is good, the planner's register.
  assign job_ready_o  = !used_q[alloc_q] && !plan_valid_q && !clear_i;
  assign load         = job_valid_i && job_ready_o;
  assign fault        = op_bad || bad;
  assign start        = load && !fault;
  assign finish       = used_q[head_q] && over_q[head_q];
  assign plan_valid_o = plan_valid_q;
  assign plan_ctx_o   = plan_ctx_q;
  assign plan_o       = plan_q;
  assign ctx_o        = ctx_q;
  assign idle_o       = used_q == '0;

  always_comb begin
    done_o       = '0;
    done_o.valid = finish;
    done_o.cause = bad_q[head_q] ? cause_q[head_q] : range_q[head_q] ? CauseL1Range : CauseNone;
    done_o.addr  = bad_q[head_q] || range_q[head_q] ? addr_q[head_q] : '0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      plan_valid_q <= 1'b0;
      used_q       <= '0;
      over_q       <= '0;
      bad_q        <= '0;
      range_q      <= '0;
      alloc_q      <= 1'b0;
      head_q       <= 1'b0;
    end else if (clear_i) begin
      plan_valid_q <= 1'b0;
      used_q       <= '0;
      over_q       <= '0;
      bad_q        <= '0;
      range_q      <= '0;
      alloc_q      <= 1'b0;
      head_q       <= 1'b0;
    end else if (load || used_q != '0) begin
      if (start) plan_valid_q <= 1'b1;
      else if (plan_ready_i) plan_valid_q <= 1'b0;
      for (int i = 0; i < int'(NumCtx); i++) begin
        if (job_end_i[i]) over_q[i] <= 1'b1;
        if (range_valid_i[i]) range_q[i] <= 1'b1;
      end
      if (load) begin
        used_q[alloc_q]  <= 1'b1;
        over_q[alloc_q]  <= fault;
        bad_q[alloc_q]   <= fault;
        range_q[alloc_q] <= 1'b0;
        alloc_q          <= !alloc_q;
      end
      if (finish) begin
        used_q[head_q] <= 1'b0;
        over_q[head_q] <= 1'b0;
        head_q         <= !head_q;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) begin
      plan_q         <= plan;
      plan_ctx_q     <= alloc_q;
      ctx_q[alloc_q] <= ctx;
    end
    if (load) begin
      cause_q[alloc_q] <= op_bad ? CauseBadOp : CauseBadField;
      addr_q[alloc_q]  <= op_bad ? '0 : 32'(bad_word);
    end
    for (int i = 0; i < int'(NumCtx); i++) begin
      if (range_valid_i[i] && !range_q[i]) addr_q[i] <= range_addr_i[i];
    end
  end

  logic unused;
  assign unused = ^job_i.tag;

  `OCT_ASSERT(EndOfUsed_A, !clear_i |-> (job_end_i & ~used_q) == '0)
endmodule
