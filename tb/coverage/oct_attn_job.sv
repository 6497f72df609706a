// SPDX-License-Identifier: Apache-2.0
// Cover points of oct_attn_job: what kinds of jobs the engine has started and refused.
`include "oct_assert.svh"

module cover_oct_attn_job
  import oct_job_pkg::*;
  import oct_attn_pkg::*;
  import oct_attn_desc_pkg::*;
(
  input logic        clk_i,
  input logic        rst_ni,
  input logic        clear_i,
  input logic        load,
  input logic        start,
  input logic        op_bad,
  input logic        bad,
  input logic        attn,
  input logic [4:0]  bad_word,
  input plan_t       plan,
  input engine_job_t job_i,
  input logic [NumCtx-1:0] used_q
);
  logic       gemm, heads;
  logic [1:0] res;
  assign gemm = start && !attn;
  assign heads = start && attn;
  assign res  = job_i.words[0][5:4];

  for (genvar r = 0; r < 3; r++) begin : g_residual
    for (genvar wide = 0; wide < 2; wide++) begin : g_y
      for (genvar t = 0; t < 2; t++) begin : g_table
        `OCT_COVER(Epilogue_C, gemm && res == 2'(r) && plan.y16 == 1'(wide) && plan.table_en == 1'(t))
      end
    end
  end
  `OCT_COVER(WideResidual_C, gemm && res != '0 && plan.r16)
  `OCT_COVER(WeightsKN_C, gemm && plan.w_kn)
  `OCT_COVER(OutputTransposed_C, gemm && plan.y_trans)
  `OCT_COVER(Segments_C, gemm && plan.seg != '0)
  `OCT_COVER(Batches_C, gemm && plan.batches > 16'd1)
  `OCT_COVER(OneRow_C, gemm && plan.m == 16'd1)
  `OCT_COVER(OneColumn_C, gemm && plan.n == 16'd1)
  `OCT_COVER(OneProduct_C, gemm && plan.k == 16'd1)
  `OCT_COVER(ShortDots_C, gemm && plan.k <= 16'd32)
  for (genvar first = 0; first < 2; first++) begin : g_first
    for (genvar last = 0; last < 2; last++) begin : g_last
      `OCT_COVER(Part_C, heads && plan.first == 1'(first) && plan.last == 1'(last))
    end
  end
  `OCT_COVER(Causal_C, heads && plan.causal)
  `OCT_COVER(KeyMask_C, heads && plan.key_mask)
  `OCT_COVER(MasksBoth_C, heads && plan.causal && plan.key_mask)
  `OCT_COVER(SharedKeys_C, heads && plan.group > 8'd1)
  `OCT_COVER(ManyHeads_C, heads && plan.heads > 8'd1)
  `OCT_COVER(SmallHead_C, heads && plan.d <= 8'd32)
  `OCT_COVER(LargeHead_C, heads && plan.d > 8'd64)
  `OCT_COVER(OneQuery_C, heads && plan.sq == 16'd1)
  `OCT_COVER(KeyBehindTiles_C, heads && plan.sk[5:0] == 6'd1 && plan.sk != 16'd1)
  `OCT_COVER(UnknownOp_C, load && op_bad)
  for (genvar w = 4; w <= 27; w++) begin : g_bad
    `OCT_COVER(BadWord_C, load && !op_bad && bad && bad_word == 5'(w))
  end
  `OCT_COVER(TwoJobs_C, used_q == '1)
  `OCT_COVER(ClearWhileBusy_C, clear_i && used_q != '0)
endmodule

bind oct_attn_job cover_oct_attn_job u_cover (.*);
