// SPDX-License-Identifier: Apache-2.0
// oct_dma_jobs: checks the jobs of one direction exactly, takes them, and keeps up to JobSlots of
// them for the walkers. A job is checked while it is offered and taken in its fourth cycle; a bad
// one becomes a job that moves nothing and carries its cause.
// Test: tb/unit/dma/oct_dma_test.cpp.
module oct_dma_jobs
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_dma_pkg::*;
#(
  parameter bit Fill = 1'b0               // OpDmaFill is known to this direction
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 clear_i,
  input  logic [31:0]          l2_offset_i,

  input  logic                 job_valid_i,
  output logic                 job_ready_o,
  input  dma_job_t             job_i,

  input  ptr_t                 end_ptr_i,  // first job that has not ended
  output ptr_t                 wr_ptr_o,
  output xfer_t [JobSlots-1:0] jobs_o,
  output logic                 idle_o
);
  localparam int unsigned SumWidth = 36;
  localparam int unsigned StrWidth = L1AddrWidth + 1;

  typedef enum logic [1:0] {StIdle, StMul1, StMul2, StPush} state_e;

  state_e   state_q;
  dma_job_t job;        // offered: it stands until it is taken
  ptr_t     wr_ptr_q;
  xfer_t [JobSlots-1:0] slots_q;
  xfer_t    push;
  logic     room;
  logic [15:0] last1, last2;
  logic [31:0] l2_addr_q;

  assign room        = (wr_ptr_q - end_ptr_i) != ptr_t'(JobSlots);
  assign job         = job_i;
  assign job_ready_o = (state_q == StPush) && room && !clear_i;
  assign idle_o      = (state_q == StIdle) && (wr_ptr_q == end_ptr_i);
  assign wr_ptr_o    = wr_ptr_q;
  assign jobs_o      = slots_q;
  assign last1       = job.count1 - 16'd1;
  assign last2       = job.count2 - 16'd1;

  // ---- Range: lowest and highest offset of the pattern, one multiplier for both strides ----------
  // Strides that leave L1 with one step are caught by themselves, so short factors are exact.
  logic signed [StrWidth-1:0]  stride_q;
  logic        [15:0]          last_q;
  logic signed [StrWidth+16:0] prod_q;
  logic signed [SumWidth-1:0]  lo_q, hi_q, lo, hi;

  function automatic logic leaves(input logic [31:L1AddrWidth] upper);
    return (upper != '0) && (~upper != '0);
  endfunction

  assign lo = lo_q + ((prod_q < 0) ? SumWidth'(prod_q) : '0);
  assign hi = hi_q + ((prod_q < 0) ? '0 : SumWidth'(prod_q));

  // ---- Verdict ---------------------------------------------------------------------------------
  cause_e      cause;
  logic [31:0] addr;
  logic        op_copy, op_fill, op_nop;
  logic [32:0] row_end;

  assign op_copy = job.op == OpDmaCopy;
  assign op_fill = Fill && (job.op == OpDmaFill);
  assign op_nop  = job.op == OpNop;
  assign row_end = {1'b0, job.l1_addr} + {1'b0, job.row_bytes};

  always_comb begin
    cause = CauseNone;
    addr  = '0;
    if (op_nop) begin
      cause = CauseNone;
    end else if (!op_copy && !op_fill) begin
      cause = CauseBadOp;
      addr  = {24'b0, job.op};
    end else if (job.row_bytes == '0) begin
      cause = CauseBadField;
      addr  = 32'd6;
    end else if (job.count1 == '0 || job.count2 == '0) begin
      cause = CauseBadField;
      addr  = 32'd7;
    end else if (job.l1_addr >= L1Bytes) begin
      cause = CauseL1Range;
      addr  = job.l1_addr;
    end else if (row_end > 33'(L1Bytes)) begin
      cause = CauseL1Range;
      addr  = L1Bytes;
    end else if (last1 != '0 && leaves(job.l1_stride1[31:L1AddrWidth])) begin
      cause = CauseL1Range;
      addr  = job.l1_addr + job.l1_stride1;
    end else if (last2 != '0 && leaves(job.l1_stride2[31:L1AddrWidth])) begin
      cause = CauseL1Range;
      addr  = job.l1_addr + job.l1_stride2;
    end else if (lo < 0) begin
      cause = CauseL1Range;
      addr  = lo[31:0];
    end else if (hi > $signed(SumWidth'(L1Bytes))) begin
      cause = CauseL1Range;
      addr  = L1Bytes;
    end
  end

  always_comb begin
    push.null_      = op_nop || (cause != CauseNone);
    push.fill       = op_fill;
    push.cause      = cause[3:0];
    push.l2_addr    = (cause != CauseNone) ? addr : l2_addr_q;
    push.l2_stride1 = job.l2_stride1;
    push.l2_stride2 = job.l2_stride2;
    push.l1_addr    = job.l1_addr[L1AddrWidth-1:0];
    push.l1_stride1 = job.l1_stride1[L1AddrWidth-1:0];
    push.l1_stride2 = job.l1_stride2[L1AddrWidth-1:0];
    push.row_last   = L1AddrWidth'(job.row_bytes - 32'd1);
    push.last1      = last1;
    push.last2      = last2;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q  <= StIdle;
      wr_ptr_q <= '0;
    end else if (clear_i) begin
      state_q  <= StIdle;
      wr_ptr_q <= '0;
    end else begin
      unique case (state_q)
        StIdle: if (job_valid_i) state_q <= StMul1;
        StMul1: state_q <= StMul2;
        StMul2: state_q <= StPush;
        StPush: if (room) begin
          state_q  <= StIdle;
          wr_ptr_q <= wr_ptr_q + 1'b1;
        end
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (job_valid_i) begin
      if (state_q == StIdle) begin
        stride_q <= job.l1_stride1[StrWidth-1:0];
        last_q   <= last1;
      end else if (state_q == StMul1) begin
        stride_q <= job.l1_stride2[StrWidth-1:0];
        last_q   <= last2;
      end
      if (state_q == StMul1 || state_q == StMul2) prod_q <= stride_q * $signed({1'b0, last_q});
      if (state_q == StMul1) begin
        l2_addr_q <= op_fill ? job.l2_addr : job.l2_addr + l2_offset_i;
      end
      if (state_q == StMul2) begin
        lo_q <= $signed(SumWidth'(job.l1_addr)) + ((prod_q < 0) ? SumWidth'(prod_q) : '0);
        hi_q <= $signed(SumWidth'(row_end)) + ((prod_q < 0) ? '0 : SumWidth'(prod_q));
      end
      if (state_q == StPush && room) begin
        for (int unsigned i = 0; i < JobSlots; i++) begin
          if (wr_ptr_q[TagWidth-1:0] == TagWidth'(i)) slots_q[i] <= push;
        end
      end
    end
  end

  logic unused;
  assign unused = ^{1'b0, job.tag};
endmodule
