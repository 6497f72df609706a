// SPDX-License-Identifier: Apache-2.0
// oct_axi_guard: between oct_axi_mux and the pins. All five channels registered: latency 1 each
// way, one beat per cycle. Watches every identifier: if one has waited for at least timeout_i
// cycles (and less than twice as many) without the subordinate moving, it trips: reports the oldest
// address of that identifier and answers everything itself with SLVERR (timed_out_o is high with
// these answers), while towards the subordinate every AXI obligation is kept. Normal again after a
// clear_i, once the subordinate has answered what it owed.
// Page: docs/architecture/l2_path.md. Test: tb/unit/memory/oct_axi_guard_test.cpp.
`include "oct_assert.svh"

module oct_axi_guard
  import oct_cluster_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,       // permits the return to normal; drops nothing
  output logic        idle_o,        // no client waits for anything
  input  logic [31:0] timeout_i,     // cycles; 0 = never

  input  axi_rd_req_t rd_req_i,
  output axi_rd_rsp_t rd_rsp_o,
  input  axi_wr_req_t wr_req_i,
  output axi_wr_rsp_t wr_rsp_o,

  output axi_rd_req_t m_rd_req_o,
  input  axi_rd_rsp_t m_rd_rsp_i,
  output axi_wr_req_t m_wr_req_o,
  input  axi_wr_rsp_t m_wr_rsp_i,

  output logic        timeout_o,       // one cycle, the third of timed_out_o
  output logic [31:0] timeout_addr_o,  // of the transaction that waited; stays until the next time
  output logic        timeout_write_o,
  output logic        timed_out_o      // level: every answer is made here, all with SLVERR
);
  localparam int unsigned NumWatched = 6;  // reads of four identifiers, writes of two

  logic [NumWatched-1:0]       waiting, served, seen_q, late, late_q;
  logic [31:0]                 rd_addr, wr_addr;
  logic                        rd_up_idle, rd_down_idle, wr_up_idle, wr_down_idle;
  logic                        rd_blocked, wr_blocked, pause;
  logic                        tripped_q, rearm_q, trip, recover, watch, wrap;
  logic [3:0]                  answer_q;         // its last bit: the time-out is on record
  logic                        told_q, write_q;  // second cycle of tripped_q; the late one writes
  logic [31:0]                 count_q;

  oct_axi_guard_rd u_rd (
    .clk_i, .rst_ni, .tripped_i(tripped_q), .answer_i(answer_q[3]), .late_i(late_q[3:0]),
    .req_i(rd_req_i), .rsp_o(rd_rsp_o), .m_req_o(m_rd_req_o), .m_rsp_i(m_rd_rsp_i),
    .waiting_o(waiting[3:0]), .served_o(served[3:0]), .blocked_o(rd_blocked), .addr_o(rd_addr),
    .up_idle_o(rd_up_idle), .down_idle_o(rd_down_idle)
  );
  oct_axi_guard_wr u_wr (
    .clk_i, .rst_ni, .tripped_i(tripped_q), .answer_i(answer_q[3]), .late_i(late_q[5:4]),
    .req_i(wr_req_i), .rsp_o(wr_rsp_o), .m_req_o(m_wr_req_o), .m_rsp_i(m_wr_rsp_i),
    .waiting_o(waiting[5:4]), .served_o(served[5:4]), .blocked_o(wr_blocked), .addr_o(wr_addr),
    .up_idle_o(wr_up_idle), .down_idle_o(wr_down_idle)
  );

  // ---- One timer for all: an identifier not served in a whole period is late --------------------
  // Cheaper than a timer each, and exact enough: a wait that begins inside a period is found at the
  // end of the next one. Cycles in which the clients refuse an answer do not count.
  assign pause = rd_blocked || wr_blocked;
  assign watch = waiting != '0 && timeout_i != '0 && !tripped_q;
  assign wrap  = count_q >= timeout_i - 32'd1;
  assign late  = waiting & ~served & ~seen_q;
  assign trip  = watch && wrap && !pause && late != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= '0;
      seen_q  <= '0;
    end else if (watch) begin
      if (!pause) count_q <= wrap ? '0 : count_q + 32'd1;
      seen_q <= (wrap && !pause) ? '0 : seen_q | served | ~waiting;
    end else if (count_q != '0 || seen_q != '0) begin
      count_q <= '0;
      seen_q  <= '0;
    end
  end

  // ---- Tripped until a clear was seen, nobody waits and the subordinate owes nothing ------------
  assign recover = rearm_q && rd_up_idle && wr_up_idle && rd_down_idle && wr_down_idle
                   && !rd_req_i.ar_valid && !wr_req_i.aw_valid;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tripped_q <= 1'b0;
      rearm_q   <= 1'b0;
      timeout_o <= 1'b0;
      late_q    <= '0;
      told_q    <= 1'b0;
      answer_q  <= '0;
    end else begin
      late_q    <= trip ? late & (~late + 1'b1) : '0;
      told_q    <= late_q != '0;
      timeout_o <= told_q;
      // First the record, then the errors that follow from it.
      if (tripped_q || answer_q != '0) begin
        answer_q <= tripped_q ? {answer_q[2:0], timeout_o || answer_q[0]} : '0;
      end
      if (trip) tripped_q <= 1'b1;
      else if (recover) tripped_q <= 1'b0;
      if (tripped_q) rearm_q <= (rearm_q || clear_i) && !recover;
    end
  end

  always_ff @(posedge clk_i) begin
    if (late_q != '0) write_q <= late_q[3:0] == '0;
    if (told_q) begin
      timeout_write_o <= write_q;
      timeout_addr_o  <= write_q ? wr_addr : rd_addr;
    end
  end

  assign timed_out_o = tripped_q;
  assign idle_o      = rd_up_idle && wr_up_idle;

  `OCT_ASSERT(RecoverClean_A, recover |-> tripped_q)
endmodule
