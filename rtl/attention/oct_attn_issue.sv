// SPDX-License-Identifier: Apache-2.0
// oct_attn_issue: reads full accumulator regions row by row and starts the lanes' operations on
// them; a cycle ahead it is known whether a logit will need the lanes. With a table each row
// passes twice, the second time goes first. Raw rows (attention that goes on later) go past the
// lanes in halves, the state words of the queries behind them. Test:
// tb/unit/attention/oct_attn_drain_test.cpp.
`include "oct_assert.svh"

module oct_attn_issue
  import oct_attn_pkg::*;
  import oct_attn_lane_pkg::*;
(
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  clear_i,

  input  ctx_t [NumCtx-1:0]     ctx_i,
  input  logic                  cmd_valid_i,
  output logic                  cmd_done_o,
  input  d_cmd_t                cmd_i,

  input  logic [1:0]            region_full_i,
  output logic [1:0]            region_free_o,
  output logic                  acc_req_o,
  output logic [AccIdxWidth-1:0] acc_row_o,
  input  logic                  acc_ready_i,

  input  logic                  dot_soon_i,
  input  logic [1:0]            loaded_i,       // sets of parameters
  output logic [1:0]            issued_o,       // the last row that uses the set goes now
  input  logic                  res_there_i,
  output logic                  res_claim_o,
  input  logic                  room_i,         // for a result
  output logic                  claim_o,
  input  logic                  none_coming_i,
  input  logic                  table_room_i,
  input  logic                  table_empty_i,
  output logic                  table_start_o,
  input  logic                  table_valid_i,
  output logic                  table_take_o,
  input  lane_op_t              table_op_i,
  input  logic                  norm_valid_i,
  output logic                  norm_ready_o,   // its state words were taken

  output lane_op_t              op_o,           // in the cycle of the row
  output logic                  raw_valid_o,    // part raw_part_o of the row, or of the state words
  output logic                  raw_state_o,
  output logic [1:0]            raw_part_o,
  output logic                  raw_last_o
);
  ctx_t                   job, job2;
  logic                   raw, with_table, with_res, res2, full, both, go, pass2;
  logic                   row_end, group_end, cmd_end, reading_q;
  logic [1:0]             need, free_q;
  logic [6:0]             row_q, group_q;
  logic [AccIdxWidth-1:0] acc_q;
  logic                   bank_q, half_q;

  assign job        = ctx_i[cmd_i.ctx];
  assign job2       = ctx_i[table_op_i.ctx];
  assign raw        = job.attn && !job.last;
  assign with_table = !job.attn && job.table_en;
  assign with_res   = !job.attn && job.res != ResNone;
  assign res2       = job2.res != ResNone;
  assign both       = cmd_i.rows == '0 || cmd_i.rows > 7'(RegionRows);
  assign need       = both ? 2'b11 : {cmd_i.region, !cmd_i.region};
  assign full       = (region_full_i & ~free_q & need) == need;

  // ---- What the next cycle is for ---------------------------------------------------------------
  // States of a raw command's end: words of the queries, four vectors, two if dual.
  logic       state_q, state_go;
  logic [1:0] part_q;

  assign pass2 = table_valid_i && room_i && (!res2 || res_there_i) && !dot_soon_i && !clear_i;

  always_comb begin
    acc_req_o = 1'b0;
    if (cmd_valid_i && full && !clear_i && !state_q) begin
      if (raw) acc_req_o = room_i && table_empty_i && (none_coming_i || reading_q);
      else if (with_table) acc_req_o = loaded_i[bank_q] && table_room_i && !dot_soon_i && !pass2;
      else acc_req_o = loaded_i[bank_q] && room_i && table_empty_i && !dot_soon_i &&
                       (!with_res || res_there_i);
    end
  end

  assign acc_row_o     = acc_q + (cmd_i.region && !both ? AccIdxWidth'(RegionRows) : '0);
  assign go            = acc_req_o && acc_ready_i;
  assign row_end       = go && (!raw || half_q);
  assign group_end     = row_end && row_q == cmd_i.rows - 7'd1;
  assign cmd_end       = group_end && group_q == cmd_i.groups - 7'd1;
  assign state_go      = state_q && norm_valid_i && room_i && !norm_ready_o && !clear_i;
  assign cmd_done_o    = raw ? norm_ready_o : cmd_end;
  assign norm_ready_o  = norm_valid_i && raw_valid_o && raw_last_o;
  assign table_take_o  = pass2;
  assign table_start_o = go && with_table;
  assign claim_o       = (go && !with_table) || pass2 || state_go;
  assign res_claim_o   = (go && !raw && !with_table && with_res) || (pass2 && res2);
  assign region_free_o = free_q;
  assign issued_o      = (group_end && !raw) ? {bank_q, !bank_q} : 2'b00;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      free_q      <= '0;
      bank_q      <= 1'b0;
      state_q     <= 1'b0;
      reading_q   <= 1'b0;
      raw_valid_o <= 1'b0;
      op_o        <= '0;
    end else if (clear_i) begin
      free_q      <= '0;
      bank_q      <= 1'b0;
      state_q     <= 1'b0;
      reading_q   <= 1'b0;
      raw_valid_o <= 1'b0;
      op_o        <= '0;
    end else if (cmd_valid_i || pass2 || op_o.valid || raw_valid_o || free_q != '0) begin
      free_q      <= cmd_end ? need : '0;
      raw_valid_o <= (go && raw) || state_go;
      if (group_end && !raw) bank_q <= !bank_q;
      if (cmd_end && raw) state_q <= 1'b1;
      else if (cmd_done_o) state_q <= 1'b0;
      reading_q   <= raw && (go || reading_q) && !cmd_end;
      op_o        <= '0;
      op_o.valid  <= (go && !raw) || pass2;
      if (pass2) begin
        op_o           <= table_op_i;
        op_o.valid     <= 1'b1;
        op_o.index     <= 1'b0;
        op_o.looked_up <= 1'b1;
        op_o.add       <= job2.res == ResAdd;
        op_o.mul       <= job2.res == ResMul;
        op_o.relu      <= job2.relu;
        op_o.plane_b   <= job2.plane_b;
      end else if (go) begin
        op_o.index     <= with_table;
        op_o.bank      <= bank_q;
        op_o.ctx       <= cmd_i.ctx;
        op_o.group_end <= group_end;
        op_o.cmd_end   <= cmd_end;
        if (!job.attn && !with_table) begin
          op_o.add     <= job.res == ResAdd;
          op_o.mul     <= job.res == ResMul;
          op_o.relu    <= job.relu;
          op_o.plane_b <= job.plane_b;
        end
      end
    end
  end

  // Counters need no reset: outside a command they are put to its start.
  always_ff @(posedge clk_i) begin
    if (cmd_done_o || !cmd_valid_i || clear_i) begin
      row_q   <= '0;
      group_q <= '0;
      acc_q   <= '0;
      half_q  <= 1'b0;
      part_q  <= '0;
    end else begin
      if (go && raw) half_q <= !half_q;
      if (row_end) begin
        acc_q <= acc_q + AccIdxWidth'(1);
        row_q <= group_end ? '0 : row_q + 7'd1;
        if (group_end) group_q <= group_q + 7'd1;
      end
      if (state_go) part_q <= part_q + 2'd1;
    end
    if (go || state_go) begin
      raw_state_o <= state_go;
      raw_part_o  <= state_go ? part_q : {1'b0, half_q};
      raw_last_o  <= state_go && part_q == (cmd_i.dual ? 2'd1 : 2'd3);
    end
  end

  logic unused;
  assign unused = ^{job, job2, cmd_i, table_op_i};

  `OCT_ASSERT(RegionInRange_A, go && !both |-> acc_q < AccIdxWidth'(RegionRows))
endmodule
