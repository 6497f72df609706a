// SPDX-License-Identifier: Apache-2.0
// oct_queues: five work queues in L2 with hardware semaphores between them; see
// docs/architecture/queues.md. From a unit's done to another unit's job_valid: 3 cycles (the
// semaphore access is chosen, performed, compared). All outputs but leave from flip-flops.
// Test: tb/unit/periph/oct_queues_test.cpp.
`include "oct_assert.svh"

module oct_queues
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 clear_i,
  output logic                 idle_o,

  input  logic [31:0]          l2_offset_i,
  input  reg_req_t             reg_req_i,
  output reg_rsp_t             reg_rsp_o,

  output axi_rd_req_t          axi_req_o,
  input  axi_rd_rsp_t          axi_rsp_i,

  output logic                 engine_valid_o,
  input  logic                 engine_ready_i,
  output engine_job_t          engine_job_o,
  output logic                 dma_in_valid_o,
  input  logic                 dma_in_ready_i,
  output dma_job_t             dma_in_job_o,
  output logic                 dma_out_valid_o,
  input  logic                 dma_out_ready_i,
  output dma_job_t             dma_out_job_o,
  output logic [NumTeams-1:0]  team_valid_o,
  input  logic [NumTeams-1:0]  team_ready_i,
  output team_job_t [NumTeams-1:0] team_job_o,
  input  job_done_t [NumQueues-1:0] done_i,        // by queue_e

  input  error_t               ext_error_i,        // errors of others join the record: one cycle
  input  logic                 error_clear_i,      // one cycle
  output logic                 flushing_o,         // clearing has not ended yet
  output error_t               error_o,            // the first one, until it is cleared
  output logic                 error_event_o,      // one cycle
  output logic [NumQueues-1:0] empty_event_o,      // queue ran empty: one cycle
  output logic [NumQueues-1:0] busy_o,
  output logic [NumQueues-1:0] waiting_o           // the head waits for a semaphore
);
  logic clear_q;   // re-driven here: it has many sinks
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                  clear_q <= 1'b1;
    else if (clear_i != clear_q)  clear_q <= clear_i;
  end

  localparam int unsigned SlotWidth  = $clog2(QueueUnits);
  localparam int unsigned CountWidth = $clog2(QueueUnits + 1);
  localparam int unsigned PregWidth  = $clog2(NumPregs);

  logic [NumQueues-1:0] dead, flush, open;   // open: descriptors or signals that have not ended
  logic                 poison_all, flush_end;

  // ---- Rings and prefetch ----------------------------------------------------------------------
  logic                 ring_wr, ring_busy, bell_bad;
  logic [2:0]           ring_queue, bell_queue;
  logic [1:0]           ring_reg;
  logic [31:0]          ring_data, ring_rdata, bell_field;
  logic [NumQueues-1:0] leave, leave_two, more, pending;
  logic                 take, take_valid;
  logic [2:0]           take_queue;
  logic [31:0]          take_addr;

  oct_queue_rings u_rings (
    .clk_i, .rst_ni,
    .wr_i(ring_wr), .wr_queue_i(ring_queue), .wr_reg_i(ring_reg), .wr_data_i(ring_data),
    .ring_busy_o(ring_busy),
    .rd_queue_i(ring_queue), .rd_reg_i(ring_reg), .rd_data_o(ring_rdata),
    .bad_o(bell_bad), .bad_queue_o(bell_queue), .bad_field_o(bell_field),
    .flush_i(flush), .deaf_i(flush), .leave_i(leave), .leave_two_i(leave_two),
    .more_o(more), .pending_o(pending),
    .take_i(take), .take_queue_i(take_queue), .take_addr_o(take_addr), .take_valid_o(take_valid)
  );

  logic                                 wr_valid, wr_ready, ld_valid, ld_ready, ld_we;
  logic [2:0]                           wr_queue, wr_word, ld_queue, ld_word;
  logic [SlotWidth-1:0]                 wr_slot, ld_slot;
  logic [63:0]                          wr_data, ld_rdata;
  logic [1:0]                           ld_half;
  logic [31:0]                          ld_wdata;
  logic [NumQueues-1:0][CountWidth-1:0] stored;
  logic [NumQueues-1:0][SlotWidth-1:0]  first;
  logic [NumQueues-1:0]                 free;
  logic                                 free_two, fetch_fail, fetch_idle;
  logic [2:0]                           fail_queue;
  logic [31:0]                          fail_addr;

  oct_queue_fetch u_fetch (
    .clk_i, .rst_ni, .l2_offset_i,
    .more_i(more), .take_o(take), .take_queue_o(take_queue),
    .take_valid_i(take_valid), .take_addr_i(take_addr),
    .stop_i(flush), .flush_i(flush), .axi_req_o, .axi_rsp_i,
    .wr_valid_o(wr_valid), .wr_ready_i(wr_ready), .wr_queue_o(wr_queue), .wr_slot_o(wr_slot),
    .wr_word_o(wr_word), .wr_data_o(wr_data),
    .units_o(stored), .first_o(first), .free_i(free), .free_two_i(free_two),
    .fail_o(fetch_fail), .fail_queue_o(fail_queue), .fail_addr_o(fail_addr), .idle_o(fetch_idle)
  );

  oct_queue_store u_store (
    .clk_i, .rst_ni,
    .wr_valid_i(wr_valid), .wr_ready_o(wr_ready), .wr_queue_i(wr_queue), .wr_slot_i(wr_slot),
    .wr_word_i(wr_word), .wr_data_i(wr_data),
    .ld_valid_i(ld_valid), .ld_ready_o(ld_ready), .ld_we_i(ld_we), .ld_half_i(ld_half),
    .ld_queue_i(ld_queue), .ld_slot_i(ld_slot), .ld_word_i(ld_word), .ld_data_i(ld_wdata),
    .ld_data_o(ld_rdata)
  );

  // ---- Loader -----------------------------------------------------------------------------------
  logic [NumQueues-1:0] want;
  logic [PregWidth-1:0] preg_idx;
  logic [31:0]          preg;
  load_t                load;
  logic                 look_valid, look_grant, load_bad;
  logic [5:0]           look_sem;
  error_t               load_error;

  oct_queue_load u_load (
    .clk_i, .rst_ni, .flush_i(flush), .stop_i(flush),
    .want_i(want), .units_i(stored), .first_i(first), .free_o(free), .free_two_o(free_two),
    .st_valid_o(ld_valid), .st_ready_i(ld_ready), .st_we_o(ld_we), .st_half_o(ld_half),
    .st_queue_o(ld_queue), .st_slot_o(ld_slot), .st_word_o(ld_word), .st_wdata_o(ld_wdata),
    .st_rdata_i(ld_rdata), .preg_o(preg_idx), .preg_i(preg), .load_o(load),
    .look_valid_o(look_valid), .look_sem_o(look_sem), .look_grant_i(look_grant),
    .bad_o(load_bad), .error_o(load_error)
  );

  // ---- Heads and their signals ------------------------------------------------------------------
  sem_news_t                news;
  logic [NumQueues-1:0]     ready, valid, room, push, push_auto, push_fail;
  logic [NumQueues-1:0]     emit_valid, emit_grant;
  sem_op_e [NumQueues-1:0]  emit_op;
  logic [NumQueues-1:0][5:0] emit_sem;
  logic [NumQueues-1:0][7:0] emit_add, op;
  logic [NumQueues-1:0][2:0] in_flight;
  logic [NumQueues-1:0][15:0] tag, done_tag;
  logic [NumQueues-1:0][23:0][31:0] words;   // w4..; queues with fewer leave the rest at zero
  head_status_t [NumQueues-1:0] head_status, status;
  logic unused_op;
  assign unused_op = ^{op[QueueTeam0], op[QueueTeam1], words[QueueTeam0], words[QueueTeam1],
                       words[QueueDmaIn], words[QueueDmaOut]};

  assign ready = {team_ready_i, dma_out_ready_i, dma_in_ready_i, engine_ready_i};

  for (genvar q = 0; q < NumQueues; q++) begin : g_queue
    localparam int unsigned PayPairs = (q == 0) ? 12 : (q < 3) ? 4 : 2;
    logic [64*PayPairs-1:0] pay;
    signal_t [1:0]          sig;

    oct_queue_head #(.PayPairs(PayPairs)) u_head (
      .clk_i, .rst_ni, .clear_i(clear_q), .flush_i(flush[q]),
      .load_sel_i(load.sel[q]), .load_i(load), .want_o(want[q]), .news_i(news),
      .job_valid_o(valid[q]), .job_ready_i(ready[q]), .op_o(op[q]), .words_o(pay),
      .room_i(room[q]), .push_o(push[q]), .push_auto_o(push_auto[q]), .push_fail_o(push_fail[q]),
      .sig_o(sig), .tag_o(tag[q]),
      .leave_o(leave[q]), .leave_two_o(leave_two[q]), .status_o(head_status[q])
    );
    always_comb begin
      words[q] = '0;
      words[q][2*PayPairs-1:0] = pay;
    end

    oct_queue_emit u_emit (
      .clk_i, .rst_ni, .clear_i(clear_q),
      .push_i(push[q]), .room_o(room[q]), .push_auto_i(push_auto[q]), .push_fail_i(push_fail[q]),
      .push_sig_i(sig), .push_tag_i(tag[q]),
      .done_i(done_i[q].valid), .done_fail_i(done_i[q].cause != CauseNone),
      .done_tag_o(done_tag[q]),
      .sem_valid_o(emit_valid[q]), .sem_op_o(emit_op[q]), .sem_idx_o(emit_sem[q]),
      .sem_add_o(emit_add[q]), .sem_grant_i(emit_grant[q]), .count_o(in_flight[q])
    );

    always_comb begin
      status[q]           = head_status[q];
      status[q].in_flight = in_flight[q];
    end
  end

  // ---- Semaphores -------------------------------------------------------------------------------
  logic        rg_valid, rg_grant, sem_clear;
  sem_op_e     rg_op;
  logic [5:0]  rg_sem;
  logic [15:0] rg_data;
  logic [63:0] poison;

  assign rg_grant = rg_valid;

  oct_queue_sem_port u_sem_port (
    .clk_i, .rst_ni, .clear_i(clear_q || flush_end), .sem_clear_i(sem_clear),
    .rg_valid_i(rg_valid), .rg_op_i(rg_op), .rg_sem_i(rg_sem), .rg_data_i(rg_data),
    .poison_all_i(poison_all), .emit_valid_i(emit_valid), .emit_grant_o(emit_grant),
    .emit_op_i(emit_op), .emit_sem_i(emit_sem), .emit_add_i(emit_add),
    .look_valid_i(look_valid), .look_sem_i(look_sem), .look_grant_o(look_grant),
    .news_o(news), .poison_o(poison)
  );

  // ---- Registers --------------------------------------------------------------------------------
  logic [NumQueues-1:0] busy_q, busy_d, empty_q, bound_busy;
  assign bound_busy = busy_q | busy_d;

  oct_queue_regs u_regs (
    .clk_i, .rst_ni, .req_i(reg_req_i), .rsp_o(reg_rsp_o),
    .ring_wr_o(ring_wr), .ring_queue_o(ring_queue), .ring_reg_o(ring_reg),
    .ring_data_o(ring_data), .ring_busy_i(ring_busy), .ring_rdata_i(ring_rdata),
    .sem_valid_o(rg_valid), .sem_op_o(rg_op), .sem_idx_o(rg_sem), .sem_data_o(rg_data),
    .sem_grant_i(rg_grant), .news_i(news), .poison_i(poison), .sem_clear_o(sem_clear),
    .preg_i(preg_idx), .preg_o(preg),
    .busy_i(bound_busy), .dead_i(dead), .units_i(stored), .status_i(status)
  );

  // ---- Errors and flushing ----------------------------------------------------------------------
  oct_queue_errors u_errors (
    .clk_i, .rst_ni, .clear_i(clear_q),
    .fetch_fail_i(fetch_fail), .fail_queue_i(fail_queue), .fail_addr_i(fail_addr),
    .bell_bad_i(bell_bad), .bell_queue_i(bell_queue), .bell_field_i(bell_field),
    .load_bad_i(load_bad), .load_error_i(load_error), .ext_error_i,
    .done_i, .done_tag_i(done_tag), .error_clear_i,
    .quiet_i(open == '0 && fetch_idle), .ring_busy_i(ring_busy), .poisoned_i(!rg_valid),
    .dead_o(dead), .flush_o(flush), .flushing_o, .flush_end_o(flush_end),
    .poison_all_o(poison_all), .error_o, .error_event_o
  );

  always_comb begin
    for (int unsigned q = 0; q < NumQueues; q++) begin
      open[q]   = head_status[q].valid || in_flight[q] != '0;
      busy_d[q] = open[q] || pending[q];
    end
  end

  // ---- Busy, empty ------------------------------------------------------------------------------
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q  <= '0;
      empty_q <= '0;
    end else if (busy_d != busy_q || empty_q != '0) begin
      busy_q  <= busy_d;
      empty_q <= clear_q ? '0 : busy_q & ~busy_d;
    end
  end

  assign busy_o        = busy_q;
  assign empty_event_o = empty_q;
  assign idle_o        = fetch_idle && !ring_busy && (clear_q || !clear_i);
  always_comb begin
    for (int unsigned q = 0; q < NumQueues; q++) waiting_o[q] = head_status[q].waiting;
  end

  localparam int unsigned TeamQueue = 3;

  // ---- Jobs -------------------------------------------------------------------------------------
  function automatic dma_job_t dma_job(logic [7:0] code, logic [15:0] name,
                                       logic [7:0][31:0] w);
    return '{op: code, tag: name, l2_addr: w[0], l1_addr: w[1], row_bytes: w[2],
             count1: w[3][15:0], count2: w[3][31:16], l2_stride1: w[4], l2_stride2: w[5],
             l1_stride1: w[6], l1_stride2: w[7]};
  endfunction

  assign engine_valid_o  = valid[QueueEngine];
  assign dma_in_valid_o  = valid[QueueDmaIn];
  assign dma_out_valid_o = valid[QueueDmaOut];
  assign team_valid_o    = valid[QueueTeam1:QueueTeam0];
  assign engine_job_o    = '{op: op[QueueEngine], tag: tag[QueueEngine],
                             words: {128'b0, words[QueueEngine]}};
  assign dma_in_job_o    = dma_job(op[QueueDmaIn], tag[QueueDmaIn], words[QueueDmaIn][7:0]);
  assign dma_out_job_o   = dma_job(op[QueueDmaOut], tag[QueueDmaOut], words[QueueDmaOut][7:0]);
  always_comb begin
    for (int unsigned t = 0; t < NumTeams; t++) begin
      team_job_o[t] = '{tag: tag[TeamQueue+t], func: words[TeamQueue+t][0],
                        arg: words[TeamQueue+t][1], mask: words[TeamQueue+t][2][NumWorkers-1:0]};
    end
  end
endmodule
