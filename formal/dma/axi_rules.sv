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
  input logic        follow_i    // follow the write burst whose address is taken now
);
  // What was offered in the cycle before and not taken. Of the data one bit of each lane is followed.
  logic    ar_held_q, aw_held_q, w_held_q;
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
  always_ff @(posedge clk_i) begin
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

  // ---- Writes: bursts whose data, whose answers are due; any one burst may be followed in detail -----
  logic [9:0] data_due_q, answer_due_q, before_q;  // before_q: bursts with data due before the followed one
  logic [7:0] beat_q, followed_len_q;
  logic       followed_q;

  if (Write) begin : g_write
    logic aw_take, w_take, w_end, b_take;
    assign aw_take = wr_req_i.aw_valid && wr_rsp_i.aw_ready;
    assign w_take  = wr_req_i.w_valid && wr_rsp_i.w_ready;
    assign w_end   = w_take && wr_req_i.w.last;
    assign b_take  = wr_rsp_i.b_valid && wr_req_i.b_ready;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        data_due_q   <= '0;
        answer_due_q <= '0;
        beat_q       <= '0;
        followed_q   <= 1'b0;
        before_q     <= '0;
      end else begin
        data_due_q   <= data_due_q + 10'(aw_take) - 10'(w_end);
        answer_due_q <= answer_due_q + 10'(w_end) - 10'(b_take);
        if (w_take) beat_q <= w_end ? '0 : beat_q + 1'b1;
        if (!followed_q) begin
          followed_q <= aw_take && follow_i;
          before_q   <= data_due_q - 10'(w_end);
        end else if (w_end) begin
          followed_q <= before_q != '0;
          before_q   <= before_q - 1'b1;
        end
      end
    end
    always_ff @(posedge clk_i) begin
      if (!followed_q) followed_len_q <= wr_req_i.aw.len;
    end

    always_comb begin
      if (rst_ni) begin
        // The counters of the proof, not of the block, are short.
        assume (data_due_q < 10'd1000 && answer_due_q < 10'd1000);
        assume (!wr_rsp_i.b_valid || answer_due_q != '0);
        if (aw_held_q) AwHeld_A: assert (wr_req_i.aw_valid && wr_req_i.aw == aw_q);
        if (wr_req_i.aw_valid) AwGood_A: assert (good(wr_req_i.aw));
        if (w_held_q) begin
          WHeld_A: assert (wr_req_i.w_valid && wr_req_i.w.last == last_q &&
                           wr_req_i.w.strb == strb_q && bits == bits_q);
        end
        // No data before their address, and the last beat is where the address said.
        if (wr_req_i.w_valid) WAfterAw_A: assert (data_due_q != '0);
        if (followed_q) Before_A: assert (before_q < data_due_q);
        if (wr_req_i.w_valid && followed_q && before_q == '0) begin
          WLast_A: assert (wr_req_i.w.last == (beat_q == followed_len_q));
        end
      end
    end
  end else begin : g_no_write
    assign {data_due_q, answer_due_q, before_q, beat_q, followed_len_q, followed_q} = '0;
  end
endmodule
