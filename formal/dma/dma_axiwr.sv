// SPDX-License-Identifier: Apache-2.0
// dma_axiwr: the write channels of DMA-out obey AXI whatever bursts and data they are given, also
// when stop_i comes at any moment. What is assumed about bursts is proved in dma_bursts; about the
// data: a beat that was offered is not taken away nor changed. For ever.
// @files pkg/oct_cluster_pkg.sv common/oct_fifo.sv dma/oct_dma_pkg.sv dma/oct_dma_axiwr.sv formal/dma/axi_rules.sv
// @config small
// @prove induction 2 cvc5
// @bug rtl/dma/oct_dma_axiwr.sv :: assign axi_o.w.strb   = (strobes_off_i && !held_q) ? '0 : strb_i; :: assign axi_o.w.strb   = strobes_off_i ? '0 : strb_i;
// @bug rtl/dma/oct_dma_axiwr.sv :: assign w_valid    = len_valid && (data_valid_i || strobes_off_i); :: assign w_valid    = (len_valid || aw_valid_q) && (data_valid_i || strobes_off_i);
// @bug rtl/dma/oct_dma_axiwr.sv :: if (w_take) beat_q <= w_last ? '0 : beat_q + 1'b1; :: if (w_take) beat_q <= beat_q + 1'b1;
module dma_axiwr
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_dma_pkg::*;
(
  input logic                 clk_i,
  input logic                 rst_ni,
  input logic                 clear_i, flush_i,
  input logic                 burst_valid_i,
  input burst_t               burst_i,
  input logic                 data_valid_i,
  input logic                 data_i,        // one bit stands for all data, one for all strobes
  input logic                 strb_i,
  input logic                 b_ready_i,
  input axi_wr_rsp_t          wr_rsp_i,
  input logic                 follow_i
);
  axi_wr_req_t wr_req;
  logic        drained, burst_take, data_pop, b_take, stop, drain_q;

  // As in oct_dma_out: strobes go off one cycle after clear_i, or with a flush, until all is done.
  assign stop = clear_i || drain_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) drain_q <= 1'b0;
    else         drain_q <= clear_i || flush_i || (drain_q && !drained);
  end

  oct_dma_axiwr u_axiwr (
    .clk_i, .rst_ni, .stop_i(stop), .strobes_off_i(drain_q), .drained_o(drained),
    .burst_valid_i, .burst_take_o(burst_take), .burst_i, .data_valid_i,
    .data_i({LineWidth{data_i}}), .strb_i({LineBytes{strb_i}}),
    .data_pop_o(data_pop), .b_ready_i, .b_take_o(b_take), .axi_o(wr_req),
    .aw_ready_i(wr_rsp_i.aw_ready), .w_ready_i(wr_rsp_i.w_ready), .b_valid_i(wr_rsp_i.b_valid)
  );
  axi_rules #(.MaxBeats(DmaBurstBeats), .Read(1'b0)) u_rules (
    .clk_i, .rst_ni, .rd_req_i('0), .rd_rsp_i('0), .wr_req_i(wr_req), .wr_rsp_i,
    .follow_i
  );

  logic started_q = 1'b0, offered_q, draining_q, data_q, strb_q;
  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    draining_q <= drain_q;
    offered_q <= rst_ni && data_valid_i && !data_pop;
    data_q    <= data_i;
    strb_q    <= strb_i;
  end

  // Beats announced and not sent; every length in the queue is allowed.
  logic [9:0] beats;
  logic [2:0] place;
  logic       short;
  assign place = 3'(u_axiwr.u_lens.rd_q + 3'(u_rules.before_q));
  always_comb begin
    beats = (wr_req.aw_valid ? 10'(wr_req.aw.len) + 10'd1 : 10'd0) - 10'(u_axiwr.beat_q);
    short = 1'b1;
    for (int unsigned i = 0; i < 8; i++) begin
      if (4'(i) < u_axiwr.u_lens.count_q) begin
        beats = beats + 10'(u_axiwr.u_lens.mem_q[3'(u_axiwr.u_lens.rd_q + 3'(i))]) + 10'd1;
        if (32'(u_axiwr.u_lens.mem_q[3'(u_axiwr.u_lens.rd_q + 3'(i))]) >= BurstBeats) short = 1'b0;
      end
    end
  end

  always_comb begin
    assume (rst_ni == started_q);
    if (burst_valid_i && !burst_i.null_) begin
      assume (32'(burst_i.len) < BurstBeats && {1'b0, burst_i.line[5:0]} + 7'(burst_i.len) < 7'd64);
    end
    // A slot keeps its data when it is dropped, but no longer says that it is full; no slot is
    // filled and the head stays where it is until the drain ends.
    if (rst_ni && offered_q) assume (data_valid_i || drain_q);
    if (rst_ni && (offered_q || (draining_q && drain_q))) assume (data_i == data_q && strb_i == strb_q);
    if (rst_ni) begin
      if (drained) begin
        Drained_A: assert (!wr_req.aw_valid && !wr_req.w_valid);
        Owed_A:    assert (u_rules.data_due_q == '0 && u_rules.answer_due_q == '0);
      end
      // What keeps it so: who owes how much, and the queue of lengths.
      Lens_A:   assert (10'(u_axiwr.u_lens.count_q) == u_rules.data_due_q && u_axiwr.u_lens.count_q <= 4'd8);
      Gap_A:    assert (u_axiwr.u_lens.wr_q == 3'(u_axiwr.u_lens.rd_q + 3'(u_axiwr.u_lens.count_q)));
      Bursts_A: assert (10'(u_axiwr.owed_q) == 10'(wr_req.aw_valid) + u_rules.data_due_q + u_rules.answer_due_q);
      Most_A:   assert (32'(u_axiwr.owed_q) < MaxBeats);
      Ahead_A:  assert (10'(u_axiwr.ahead_q) == beats);
      Few_A:    assert (10'(u_axiwr.ahead_q) < 10'(8 + BurstBeats));
      Room_A:   assert (!wr_req.aw_valid || u_axiwr.u_lens.count_q < 4'd8);
      Beat_A:   assert (8'(u_axiwr.beat_q) == u_rules.beat_q &&
                        u_axiwr.beat_q <= (u_axiwr.len_valid ? u_axiwr.len : 6'd0));
      Short_A:  assert (short);
      if (wr_req.aw_valid) AwLen_A: assert (32'(wr_req.aw.len) < BurstBeats);
      if (u_rules.followed_q) begin
        Kept_A: assert (8'(u_axiwr.u_lens.mem_q[place]) == u_rules.followed_len_q);
      end
    end
    LongBurst_C: cover (rst_ni && u_rules.followed_q && u_rules.followed_len_q == 8'd2 && u_rules.before_q == 10'd1);
    Aborted_C:   cover (rst_ni && drain_q && b_take && drained);
  end
endmodule
