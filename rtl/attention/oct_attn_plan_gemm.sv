// SPDX-License-Identifier: Apache-2.0
// oct_attn_plan_gemm: walks the loops of one GEMM and emits the commands of its slots: batch, blocks
// of up to 32 rows, blocks of column groups, slices along K, column groups. One slot a cycle when the
// command queues take it; all commands of a slot go out together.
// Test: tb/unit/attention/oct_attn_plan_test.cpp.
module oct_attn_plan_gemm
  import oct_attn_pkg::*;
  import oct_attn_desc_pkg::*;
(
  input  logic   clk_i,
  input  logic   rst_ni,
  input  logic   clear_i,

  input  logic   start_i,      // plan_i is a GEMM, held until done_o
  input  plan_t  plan_i,
  input  logic   ctx_i,
  output logic   done_o,       // last command of the job goes out in this cycle

  input  logic   bank_i,       // W bank and accumulator region of the next slot; the planner's
  input  logic   region_i,
  output logic   bank_next_o,
  output logic   region_next_o,

  input  logic   ready_i,      // all four queues have room
  output logic   x_valid_o,
  output x_cmd_t x_o,
  output logic   w_valid_o,
  output w_cmd_t w_o,
  output logic   s_valid_o,
  output s_cmd_t s_o,
  output logic   d_valid_o,
  output d_cmd_t d_o
);
  localparam int unsigned UnitsLog = $clog2(Units);

  typedef enum logic [2:0] {
    StIdle, StBatch, StBlock, StSlot, StMulX, StMulY, StMulR, StRows
  } state_e;
  state_e      state_q;

  // Where the walk stands. _b: of this product of the batch, _m: of this row block, _n: of this
  // block of columns, _s: of this slice, _g: of this column group.
  logic [15:0] batch_q, m_q, n_q, k_q, seg_q;      // left
  logic [6:0]  rows_q, groups_q, g_q;
  logic [31:0] x_b_q, w_b_q, y_b_q, r_b_q, a_b_q, b_b_q, c_b_q;
  logic [31:0] x_m_q, y_m_q, r_m_q, y_n_q, w_n_q, a_n_q, b_n_q, c_n_q;
  logic [31:0] y_g_q, w_g_q, w_s_q, x_s_q, x_seg_q;
  logic [AccIdxWidth-1:0] acc_q;
  logic [31:0] cols_done_q;                         // bytes of output columns before this block
  logic        first_q, table_q;                    // first slice; table still to be loaded

  // ---- Sizes of the next block -----------------------------------------------------------------
  logic [6:0]  rows, most, groups;
  logic [6:0]  half;  // of fewer than 64 rows
  logic [15:0] left_groups, m;

  always_comb begin
    // The last two row blocks are split evenly, on a multiple of 8 where words hold 8 rows.
    m    = (state_q == StIdle) ? plan_i.m : m_q;
    half = 7'(plan_i.y_trans ? ((m >> 1) + 16'd7) & ~16'd7 : (m + 16'd1) >> 1);
    if (m <= 16'(MaxRows)) rows = 7'(m);
    else if (m < 16'(2 * MaxRows)) rows = half;
    else rows = 7'(MaxRows);
    if (rows_q > 7'd16) most = 7'd2;
    else if (rows_q > 7'd8) most = 7'd4;
    else if (rows_q > 7'd4) most = 7'd8;
    else if (rows_q > 7'd2) most = 7'd16;
    else if (rows_q > 7'd1) most = 7'd32;
    else most = 7'd8;
    left_groups = (n_q + 16'(Units - 1)) >> UnitsLog;
    groups      = (left_groups < 16'(most)) ? 7'(left_groups) : most;
    // One row: few groups at once, the last two apart, so that the others go through the lanes while
    // weights still come.
    if (rows_q == 7'd1 && left_groups > 16'd2 && left_groups <= 16'd8) groups = groups - 7'd2;
  end

  // ---- This slice ------------------------------------------------------------------------------
  logic        pair, last_slice, last_group, last_cols, last_rows, last_batch, go;
  logic [6:0]  k_len;
  logic [31:0] w_step, w_slice;

  always_comb begin
    // Segments of 32 bytes fill a row by two; shorter ones and rests stand alone.
    pair = plan_i.seg == 16'd32 && k_q >= 16'd64;
    if (plan_i.seg == 16'd0 || plan_i.seg[5:0] == '0 || pair)
      k_len = (k_q > 16'd64) ? 7'd64 : 7'(k_q);
    else
      k_len = (k_q > plan_i.seg) ? 7'(plan_i.seg) : 7'(k_q);
    last_slice = k_q == 16'(k_len);
    last_group = g_q + 7'd1 == groups_q;
    last_cols  = left_groups == 16'(groups_q);
    last_rows  = m_q == 16'(rows_q);
    last_batch = batch_q == 16'd1;
    w_step     = plan_i.w_kn ? 32'(Units) : plan_i.w_stride << UnitsLog;
    // A slice that is not the last has 64, 32, 16 or 8 columns of A.
    if (!plan_i.w_kn) w_slice = 32'(k_len);
    else if (k_len[6]) w_slice = plan_i.w_stride << 6;
    else if (k_len[5]) w_slice = plan_i.w_stride << 5;
    else if (k_len[4]) w_slice = plan_i.w_stride << 4;
    else w_slice = plan_i.w_stride << 3;
  end

  assign go = state_q == StSlot && ready_i;

  // Columns of a last group that is not full; columns before this block.
  logic [UnitIdxWidth:0] n_cols_last;
  logic [31:0]           n_done;
  assign n_cols_last = last_cols ? {1'b0, n_q[UnitIdxWidth-1:0]} : '0;
  assign n_done      = plan_i.y16 ? {1'b0, cols_done_q[31:1]} : cols_done_q;

  // ---- Commands --------------------------------------------------------------------------------
  always_comb begin
    x_o         = '0;
    x_o.ctx     = ctx_i;
    x_o.addr    = x_s_q;
    x_o.stride  = plan_i.x_stride;
    x_o.pstride = plan_i.seg_stride;
    x_o.rows    = rows_q;
    x_o.bytes   = pair ? 7'd32 : k_len;
    x_o.split   = pair;

    w_o         = '0;
    w_o.ctx     = ctx_i;
    w_o.addr    = w_g_q;
    w_o.stride  = plan_i.w_stride;
    w_o.bank    = bank_i;
    w_o.kn      = plan_i.w_kn;
    w_o.bytes   = k_len;
    w_o.count   = (last_group && n_cols_last != '0) ? n_cols_last : (UnitIdxWidth + 1)'(Units);

    s_o           = '0;
    s_o.ctx       = ctx_i;
    s_o.kind      = SlotGemm;
    s_o.rows      = rows_q;
    s_o.bank      = bank_i;
    s_o.w_first   = 1'b1;
    s_o.w_last    = 1'b1;
    s_o.x_keep    = !last_group;
    s_o.acc_base  = acc_q;
    s_o.acc_first = first_q;
    s_o.acc_last  = last_slice && last_group;

    d_o            = '0;
    d_o.ctx        = ctx_i;
    d_o.region     = region_i;
    d_o.rows       = rows_q;
    d_o.groups     = groups_q;
    d_o.cols       = last_cols ? n_q : 16'(groups_q) << UnitsLog;
    d_o.y_addr     = plan_i.y_trans ? y_n_q : y_m_q + cols_done_q;
    d_o.r_addr     = r_m_q + (plan_i.r16 ? {n_done[30:0], 1'b0} : n_done);
    d_o.a_addr     = a_n_q;
    d_o.b_addr     = b_n_q;
    d_o.c_addr     = c_n_q;
    d_o.table_load = table_q;
    d_o.job_last   = last_cols && last_rows && last_batch;
  end

  assign x_valid_o     = state_q == StSlot && g_q == '0;
  assign w_valid_o     = state_q == StSlot;
  assign s_valid_o     = state_q == StSlot;
  assign d_valid_o     = state_q == StSlot && g_q == '0 && first_q;
  assign bank_next_o   = bank_i ^ go;
  assign region_next_o = region_i ^ (go && last_slice && last_group);
  assign done_o        = go && last_slice && last_group && last_cols && last_rows && last_batch;

  // ---- One small multiplier: rows times a stride -----------------------------------------------
  logic [31:0] product;
  always_comb begin
    automatic logic [31:0] stride = plan_i.x_stride;
    if (state_q == StMulY) stride = plan_i.y_trans ? 32'd1 : plan_i.y_stride;
    if (state_q == StMulR) stride = plan_i.r_stride;
    product = stride * 32'(rows_q[5:0]);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= StIdle;
    end else if (clear_i) begin
      state_q <= StIdle;
    end else begin
      unique case (state_q)
        StIdle:  if (start_i) state_q <= StBlock;
        StBatch: state_q <= StRows;
        StRows:  state_q <= StBlock;
        StBlock: state_q <= StSlot;
        StSlot: begin
          if (done_o) state_q <= StIdle;
          else if (go && last_slice && last_group) begin
            if (!last_cols) state_q <= StBlock;
            else if (!last_rows) state_q <= StMulX;
            else state_q <= StBatch;
          end
        end
        StMulX:  state_q <= StMulY;
        StMulY:  state_q <= StMulR;
        default: state_q <= StRows;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      StIdle: if (start_i) begin
        // All that StBatch and StRows do, at once: one-row products live from a short start.
        batch_q     <= plan_i.batches;
        table_q     <= plan_i.table_en;
        {x_m_q, y_m_q, r_m_q}        <= {plan_i.x_addr, plan_i.y_addr, plan_i.r_addr};
        {w_b_q, a_b_q, b_b_q, c_b_q} <=
            {plan_i.w_addr, plan_i.a_addr, plan_i.b_addr, plan_i.c_addr};
        {w_n_q, a_n_q, b_n_q, c_n_q} <=
            {plan_i.w_addr, plan_i.a_addr, plan_i.b_addr, plan_i.c_addr};
        {x_b_q, y_b_q, r_b_q}        <= {plan_i.x_addr + plan_i.x_step,
            plan_i.y_addr + plan_i.y_step, plan_i.r_addr + plan_i.r_step};
        m_q         <= plan_i.m;
        rows_q      <= rows;
        n_q         <= plan_i.n;
        y_n_q       <= plan_i.y_addr;
        cols_done_q <= '0;
      end
      StBatch: begin  // the next product of the batch, its first rows
        m_q   <= plan_i.m;
        {x_m_q, y_m_q, r_m_q} <= {x_b_q, y_b_q, r_b_q};
        {x_b_q, y_b_q, r_b_q} <= {x_b_q + plan_i.x_step, y_b_q + plan_i.y_step,
                                  r_b_q + plan_i.r_step};
      end
      StRows: begin  // the next rows, their first columns
        rows_q      <= rows;
        n_q         <= plan_i.n;
        y_n_q       <= y_m_q;
        cols_done_q <= '0;
        {w_n_q, a_n_q, b_n_q, c_n_q} <= {w_b_q, a_b_q, b_b_q, c_b_q};
      end
      StBlock: begin  // the next columns, their first slice
        groups_q <= groups;
        k_q      <= plan_i.k;
        seg_q    <= plan_i.seg;
        g_q      <= '0;
        first_q  <= 1'b1;
        acc_q    <= region_i ? AccIdxWidth'(RegionRows) : '0;
        x_s_q    <= x_m_q;
        x_seg_q  <= x_m_q;
        w_s_q    <= w_n_q;
        w_g_q    <= w_n_q;
        y_g_q    <= y_n_q;
      end
      StSlot: if (ready_i) begin
        if (first_q && g_q == '0) table_q <= 1'b0;
        if (!last_group) begin
          g_q   <= g_q + 7'd1;
          acc_q <= acc_q + AccIdxWidth'(rows_q);
          w_g_q <= w_g_q + w_step;
        end else begin
          g_q     <= '0;
          first_q <= 1'b0;
          acc_q   <= region_i ? AccIdxWidth'(RegionRows) : '0;
          k_q     <= k_q - 16'(k_len);
          w_s_q   <= w_s_q + w_slice;
          w_g_q   <= w_s_q + w_slice;
          // Along A: on in the segment, or to the next one (the next but one after a pair).
          if (plan_i.seg == '0 || seg_q > 16'(k_len)) begin
            x_s_q <= x_s_q + 32'(k_len);
            seg_q <= seg_q - 16'(k_len);
          end else begin
            x_s_q   <= x_seg_q + (pair ? plan_i.seg_stride << 1 : plan_i.seg_stride);
            x_seg_q <= x_seg_q + (pair ? plan_i.seg_stride << 1 : plan_i.seg_stride);
            seg_q   <= plan_i.seg;
          end
        end
        // The first slice walks over all columns of the block: what follows starts there.
        if (first_q) begin
          y_g_q <= y_g_q + (plan_i.y_stride << UnitsLog);
          if (last_group) begin
            w_n_q <= w_g_q + w_step;
            y_n_q <= y_g_q + (plan_i.y_stride << UnitsLog);
          end
        end
        if (last_slice && last_group) begin
          n_q         <= n_q - (16'(groups_q) << UnitsLog);
          a_n_q       <= a_n_q + (32'(groups_q) << (UnitsLog + 3));
          b_n_q       <= b_n_q + (32'(groups_q) << (UnitsLog + 3));
          c_n_q       <= c_n_q + (32'(groups_q) << (UnitsLog + 2));
          cols_done_q <= cols_done_q + (32'(groups_q) << (UnitsLog + 32'(plan_i.y16)));
          if (last_cols && last_rows) begin
            batch_q <= batch_q - 16'd1;
            w_b_q   <= w_b_q + plan_i.w_step;
            a_b_q   <= a_b_q + plan_i.par_step;
            b_b_q   <= b_b_q + plan_i.par_step;
            c_b_q   <= c_b_q + {plan_i.par_step[31], plan_i.par_step[31:1]};
          end
        end
      end
      StMulX: begin
        m_q   <= m_q - 16'(rows_q);
        x_m_q <= x_m_q + product;
      end
      StMulY: y_m_q <= y_m_q + product;
      default: r_m_q <= r_m_q + product;
    endcase
  end
endmodule
