// SPDX-License-Identifier: Apache-2.0
// axi_rules: what an AXI4 manager owes at its five channels, as assertions, and what it may expect
// from the subordinate, as assumptions. One identifier, INCR, 64-byte beats.
module axi_rules
  import oct_cluster_pkg::*;
#(
  parameter int unsigned MaxBeats = 16,  // longest burst allowed
  parameter bit          Read     = 1'b1,
  parameter bit          Write    = 1'b1
) (
  input logic        clk_i,
  input logic        rst_ni,
  input axi_rd_req_t rd_req_i,
  input axi_rd_rsp_t rd_rsp_i,
  input axi_wr_req_t wr_req_i,
  input axi_wr_rsp_t wr_rsp_i,
  input logic [3:0]  watched_i   // number of a write burst, any, for ever the same
);
  // What was offered in the cycle before and not taken. Of the data one bit of each lane is followed.
  logic       ar_held_q, aw_held_q, w_held_q, known_q = 1'b0;
  logic [3:0] watched_q;
  axi_ax_t ar_q, aw_q;
  logic [LineBytes-1:0] strb_q;
  logic [LineLanes-1:0] bits, bits_q;
  logic    last_q;

  always_comb begin
    for (int unsigned i = 0; i < LineLanes; i++) bits[i] = wr_req_i.w.data[64*i];
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ar_held_q <= 1'b0;
      aw_held_q <= 1'b0;
      w_held_q  <= 1'b0;
    end else begin
      ar_held_q <= rd_req_i.ar_valid && !rd_rsp_i.ar_ready;
      aw_held_q <= wr_req_i.aw_valid && !wr_rsp_i.aw_ready;
      w_held_q  <= wr_req_i.w_valid && !wr_rsp_i.w_ready;
    end
  end
  always_comb if (known_q) assume (watched_i == watched_q);
  always_ff @(posedge clk_i) begin
    known_q   <= 1'b1;
    watched_q <= watched_i;
    ar_q   <= rd_req_i.ar;
    aw_q   <= wr_req_i.aw;
    strb_q <= wr_req_i.w.strb;
    bits_q <= bits;
    last_q <= wr_req_i.w.last;
  end

  function automatic logic good(input axi_ax_t ax);
    return ax.id == AxiIdDma && ax.size == 3'd6 && ax.addr[5:0] == '0 && 32'(ax.len) < MaxBeats &&
           {2'b0, ax.addr[11:6]} + ax.len < 8'd64;
  endfunction

  // ---- Reads: beats requested and not yet delivered ----------------------------------------------
  logic [9:0] due_q;
  if (Read) begin : g_read
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) due_q <= '0;
      else due_q <= due_q
          + ((rd_req_i.ar_valid && rd_rsp_i.ar_ready) ? 10'(rd_req_i.ar.len) + 10'd1 : 10'd0)
          - 10'(rd_rsp_i.r_valid && rd_req_i.r_ready);
    end
    always_comb begin
      if (rst_ni) begin
        assume (due_q < 10'd1000);  // the counter of the proof, not of the block, is short
        assume (!rd_rsp_i.r_valid || due_q != '0);
        if (ar_held_q) ArHeld_A: assert (rd_req_i.ar_valid && rd_req_i.ar == ar_q);
        if (rd_req_i.ar_valid) ArGood_A: assert (good(rd_req_i.ar));
      end
    end
  end else begin : g_no_read
    assign due_q = '0;
  end

  // ---- Writes: bursts numbered; one of them, any, is watched in detail -----------------------------
  logic [3:0] aw_count_q, w_count_q, b_count_q;   // of the proof's few cycles: no overflow
  logic [7:0] beat_q, watched_len_q;
  logic       seen_q;

  if (Write) begin : g_write
    logic aw_take, w_take, b_take;
    assign aw_take = wr_req_i.aw_valid && wr_rsp_i.aw_ready;
    assign w_take  = wr_req_i.w_valid && wr_rsp_i.w_ready;
    assign b_take  = wr_rsp_i.b_valid && wr_req_i.b_ready;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        aw_count_q <= '0;
        w_count_q  <= '0;
        b_count_q  <= '0;
        beat_q     <= '0;
        seen_q     <= 1'b0;
      end else begin
        if (aw_take) aw_count_q <= aw_count_q + 1'b1;
        if (aw_take && aw_count_q == watched_i) seen_q <= 1'b1;
        if (w_take) begin
          beat_q <= wr_req_i.w.last ? '0 : beat_q + 1'b1;
          if (wr_req_i.w.last) w_count_q <= w_count_q + 1'b1;
        end
        if (b_take) b_count_q <= b_count_q + 1'b1;
      end
    end
    always_ff @(posedge clk_i) begin
      if (aw_take && aw_count_q == watched_i) watched_len_q <= wr_req_i.aw.len;
    end

    always_comb begin
      if (rst_ni) begin
        assume (aw_count_q < 4'd15);
        assume (!wr_rsp_i.b_valid || b_count_q != w_count_q);
        if (aw_held_q) AwHeld_A: assert (wr_req_i.aw_valid && wr_req_i.aw == aw_q);
        if (wr_req_i.aw_valid) AwGood_A: assert (good(wr_req_i.aw));
        if (w_held_q) begin
          WHeld_A: assert (wr_req_i.w_valid && wr_req_i.w.last == last_q &&
                           wr_req_i.w.strb == strb_q && bits == bits_q);
        end
        // No data before their address, and the last beat is where the address said.
        if (wr_req_i.w_valid) WAfterAw_A: assert (w_count_q != aw_count_q);
        if (wr_req_i.w_valid && w_count_q == watched_i && seen_q) begin
          WLast_A: assert (wr_req_i.w.last == (beat_q == watched_len_q));
        end
      end
    end
  end else begin : g_no_write
    assign {aw_count_q, w_count_q, b_count_q, beat_q, watched_len_q, seen_q} = '0;
  end
endmodule
