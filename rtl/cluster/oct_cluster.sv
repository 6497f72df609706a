// SPDX-License-Identifier: Apache-2.0
// oct_cluster: cores, L1, DMA, queues, event unit, engine slot, registers and the way to L2. Wires, and the
// registers in which the performance events wait for their counters.
// Described in docs/architecture/interfaces.md. Test: tb/system.
module oct_cluster
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  output logic        irq_o,

  input  logic [31:0] boot_addr_i,
  input  logic [31:0] hart_id_base_i,

  input  data_req_t   host_req_i,
  output data_rsp_t   host_rsp_o,

  output axi_rd_req_t m_rd_req_o,
  input  axi_rd_rsp_t m_rd_rsp_i,
  output axi_wr_req_t m_wr_req_o,
  input  axi_wr_rsp_t m_wr_rsp_i
);
  localparam int unsigned Host = NumCores;

  // ---- Control ---------------------------------------------------------------------------------
  logic                clear, icache_flush_host, icache_flush_cores, error_event, error_clear,
      flushing;
  logic [14:0]         idle;
  logic [NumCores-1:0] hold, held, mtip, msip, doorbell;
  logic [31:0]         boot_addr, l2_offset, axi_timeout, timeout_addr;
  logic [1:0]          icache_prefetch;
  logic                timeout, timed_out;
  error_t              error, ext_error;
  core_status_t [NumCores-1:0] core_status;

  // ---- Buses -----------------------------------------------------------------------------------
  data_req_t [NumCores:0] l1_req, sys_req;
  data_rsp_t [NumCores:0] l1_rsp, sys_rsp;
  data_req_t [NumCores-1:0] eu_req;
  data_rsp_t [NumCores-1:0] eu_rsp;
  data_req_t host_eu_req, reg_req, l2_req, engine_reg_req;
  data_rsp_t reg_rsp, engine_reg_rsp;
  fetch_req_t [NumCores-1:0] fetch_req;
  fetch_rsp_t                fetch_rsp;
  oct_l2_pkg::master_t l2_master;
  oct_l2_pkg::l2_ans_t l2_load, l2_store;
  logic                l2_ready;
  logic [31:0]         l2_rdata;
  axi_rd_req_t         queue_rd_req, dma_rd_req;
  axi_rd_rsp_t         queue_rd_rsp, dma_rd_rsp;
  axi_wr_req_t         dma_wr_req;
  axi_wr_rsp_t         dma_wr_rsp;
  l1_word_req_t [EnginePorts-1:0] word_req;
  l1_word_rsp_t [EnginePorts-1:0] word_rsp;
  l1_line_req_t [1:0]  line_req;
  l1_line_rsp_t [1:0]  line_rsp;

  // ---- Jobs ------------------------------------------------------------------------------------
  reg_req_t                   queue_req;
  reg_rsp_t                   queue_rsp;
  logic                       engine_valid, engine_ready, dma_in_valid, dma_in_ready;
  logic                       dma_out_valid, dma_out_ready;
  logic      [NumTeams-1:0]   team_valid, team_ready;
  engine_job_t                engine_job;
  dma_job_t                   dma_in_job, dma_out_job;
  team_job_t [NumTeams-1:0]   team_job;
  job_done_t [NumQueues-1:0]  done;
  logic      [NumQueues-1:0]  queue_busy, queue_waiting, empty_event;

  // ---- Cores and host --------------------------------------------------------------------------
  oct_cores u_cores (
    .clk_i, .rst_ni,
    .hold_i(hold), .held_o(held),
    .hart_id_base_i, .boot_addr_i(boot_addr), .msip_i(msip), .mtip_i(mtip),
    .fetch_req_o(fetch_req), .fetch_rsp_i(fetch_rsp), .icache_flush_o(icache_flush_cores),
    .l1_req_o(l1_req[NumCores-1:0]), .l1_rsp_i(l1_rsp[NumCores-1:0]),
    .eu_req_o(eu_req), .eu_rsp_i(eu_rsp),
    .sys_req_o(sys_req[NumCores-1:0]), .sys_rsp_i(sys_rsp[NumCores-1:0]),
    .status_o(core_status)
  );

  // The host reaches L1 and registers; it makes no address of the event unit or L2.
  logic       unused_host, unused_host_idle;
  store_ack_t unused_host_ack;
  assign unused_host = ^host_eu_req;
  oct_core_demux u_host_demux (
    .clk_i, .rst_ni, .clear_i(1'b0), .idle_o(unused_host_idle),
    .core_req_i(host_req_i), .core_rsp_o(host_rsp_o), .core_ack_o(unused_host_ack),
    .l1_req_o(l1_req[Host]), .l1_rsp_i(l1_rsp[Host]),
    .eu_req_o(host_eu_req), .eu_rsp_i('0),
    .sys_req_o(sys_req[Host]), .sys_rsp_i(sys_rsp[Host])
  );

  // Accesses under way are finished, not dropped: the demux of a held core waits for them.
  oct_sysbus u_sysbus (
    .clk_i, .rst_ni, .clear_i(1'b0), .idle_o(idle[0]),
    .req_i(sys_req), .rsp_o(sys_rsp),
    .reg_req_o(reg_req), .reg_rsp_i(reg_rsp),
    .l2_req_o(l2_req), .l2_master_o(l2_master), .l2_ready_i(l2_ready),
    .l2_load_i(l2_load), .l2_rdata_i(l2_rdata), .l2_store_i(l2_store)
  );

  // ---- L1 --------------------------------------------------------------------------------------
  oct_tcdm_pkg::tcdm_events_t tcdm_events;
  oct_tcdm u_tcdm (
    .clk_i, .rst_ni, .clear_i(clear), .idle_o(idle[1]),
    .narrow_i(l1_req), .narrow_o(l1_rsp), .word_i(word_req), .word_o(word_rsp),
    .line_i(line_req), .line_o(line_rsp), .events_o(tcdm_events)
  );

  // ---- L2 --------------------------------------------------------------------------------------
  oct_l2_pkg::icache_events_t icache_events;
  oct_l2_path u_l2_path (
    .clk_i, .rst_ni, .clear_i(clear), .icache_idle_o(idle[2]), .axi_idle_o(idle[3]),
    .fetch_req_i(fetch_req), .fetch_rsp_o(fetch_rsp),
    .icache_flush_i(icache_flush_host || icache_flush_cores), .icache_prefetch_i(icache_prefetch),
    .icache_events_o(icache_events),
    .l2_req_i(l2_req), .l2_master_i(l2_master), .l2_ready_o(l2_ready),
    .l2_load_o(l2_load), .l2_rdata_o(l2_rdata), .l2_store_o(l2_store),
    .queue_rd_req_i(queue_rd_req), .queue_rd_rsp_o(queue_rd_rsp),
    .dma_rd_req_i(dma_rd_req), .dma_rd_rsp_o(dma_rd_rsp),
    .dma_wr_req_i(dma_wr_req), .dma_wr_rsp_o(dma_wr_rsp),
    .timeout_i(axi_timeout), .timeout_o(timeout), .timeout_addr_o(timeout_addr),
        .timed_out_o(timed_out),
    .m_rd_req_o, .m_rd_rsp_i, .m_wr_req_o, .m_wr_rsp_i
  );

  // ---- Queues and their units ------------------------------------------------------------------
  always_comb begin
    ext_error       = '0;
    ext_error.valid = timeout;
    ext_error.qid   = SourceOther;
    ext_error.cause = CauseAxiTimeout;
    ext_error.addr  = timeout_addr;
  end

  oct_queues u_queues (
    .clk_i, .rst_ni, .clear_i(clear), .idle_o(idle[4]),
    .l2_offset_i(l2_offset), .reg_req_i(queue_req), .reg_rsp_o(queue_rsp),
    .axi_req_o(queue_rd_req), .axi_rsp_i(queue_rd_rsp),
    .engine_valid_o(engine_valid), .engine_ready_i(engine_ready), .engine_job_o(engine_job),
    .dma_in_valid_o(dma_in_valid), .dma_in_ready_i(dma_in_ready), .dma_in_job_o(dma_in_job),
    .dma_out_valid_o(dma_out_valid), .dma_out_ready_i(dma_out_ready), .dma_out_job_o(dma_out_job),
    .team_valid_o(team_valid), .team_ready_i(team_ready), .team_job_o(team_job),
    .done_i(done),
    .ext_error_i(ext_error), .error_clear_i(error_clear), .flushing_o(flushing),
    .error_o(error), .error_event_o(error_event),
    .empty_event_o(empty_event), .busy_o(queue_busy), .waiting_o(queue_waiting)
  );

  oct_dma_pkg::dma_events_t dma_events;
  oct_dma u_dma (
    .clk_i, .rst_ni, .clear_i(clear), .idle_o(idle[5]), .l2_offset_i(l2_offset),
    .in_job_valid_i(dma_in_valid), .in_job_ready_o(dma_in_ready), .in_job_i(dma_in_job),
    .in_done_o(done[QueueDmaIn]),
    .out_job_valid_i(dma_out_valid), .out_job_ready_o(dma_out_ready), .out_job_i(dma_out_job),
    .out_done_o(done[QueueDmaOut]),
    .axi_rd_o(dma_rd_req), .axi_rd_i(dma_rd_rsp), .axi_rd_timeout_i(timed_out),
    .axi_wr_o(dma_wr_req), .axi_wr_i(dma_wr_rsp), .axi_wr_timeout_i(timed_out),
    .l1_o(line_req), .l1_i(line_rsp), .events_o(dma_events)
  );

  oct_event_unit u_event_unit (
    .clk_i, .rst_ni, .clear_i(clear), .idle_o(idle[6]),
    .req_i(eu_req), .rsp_o(eu_rsp), .core_clear_i(hold),
    .team_valid_i(team_valid), .team_ready_o(team_ready), .team_job_i(team_job),
    .done_o(done[QueueTeam1:QueueTeam0]),
    .empty_event_i(empty_event), .error_event_i(error_event), .doorbell_i(doorbell), .timer_i(mtip)
  );

  oct_attention u_attention (
    .clk_i, .rst_ni, .clear_i(clear), .idle_o(idle[7]),
    .job_valid_i(engine_valid), .job_ready_o(engine_ready), .job_i(engine_job),
        .done_o(done[QueueEngine]),
    .l1_req_o(word_req), .l1_rsp_i(word_rsp),
    .reg_req_i(engine_reg_req), .reg_rsp_o(engine_reg_rsp)
  );

  // ---- Registers -------------------------------------------------------------------------------
  logic [NumCounters-1:1][5:0] count_d, count_q;

  // Only an abort asks; the registers need not follow every access of the cores otherwise.
  logic [14:0] abort_idle;
  assign idle[14:8] = '1;
  assign abort_idle = idle | {15{!clear}};
  oct_ctrl u_ctrl (
    .clk_i, .rst_ni, .req_i(reg_req), .rsp_o(reg_rsp),
    .queue_req_o(queue_req), .queue_rsp_i(queue_rsp),
    .engine_req_o(engine_reg_req), .engine_rsp_i(engine_reg_rsp),
    .hold_o(hold), .held_i(held), .core_status_i(core_status),
    .boot_addr_i, .boot_addr_o(boot_addr), .mtip_o(mtip), .msip_o(msip),
    .l2_offset_o(l2_offset), .axi_timeout_o(axi_timeout),
    .icache_flush_o(icache_flush_host), .icache_prefetch_o(icache_prefetch),
    .clear_o(clear), .idle_i(abort_idle),
    .error_i(error), .error_event_i(error_event), .error_clear_o(error_clear),
        .flushing_i(flushing),
    .queue_busy_i(queue_busy), .empty_event_i(empty_event), .doorbell_o(doorbell),
    .count_i(count_q), .irq_o
  );

  // What the counters count, in the order of COUNTER in oct_regs.rdl.
  always_comb begin
    count_d     = '0;
    count_d[1]  = 6'(tcdm_events.narrow_refused);
    count_d[2]  = 6'(tcdm_events.narrow_granted);
    count_d[3]  = 6'(tcdm_events.word_refused);
    count_d[4]  = 6'(tcdm_events.word_granted);
    count_d[5]  = 6'(tcdm_events.line_granted);
    count_d[6]  = 6'(icache_events.miss);
    count_d[7]  = 6'(icache_events.stall);
    count_d[8]  = 6'(m_rd_rsp_i.r_valid && m_rd_req_o.r_ready);
    count_d[9]  = 6'(m_wr_req_o.w_valid && m_wr_rsp_i.w_ready);
    count_d[10] = 6'(queue_busy[QueueEngine]);
    count_d[11] = 6'(dma_events.in_busy);
    count_d[12] = 6'(dma_events.out_busy);
    count_d[13] = 6'(queue_waiting[QueueEngine]);
    for (int unsigned i = 0; i < NumCores; i++) begin
      if (core_status[i].state == CoreEvent || core_status[i].state == CoreWfi) count_d[14]++;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) count_q <= '0;
    else         count_q <= count_d;
  end

  logic unused;
  assign unused = ^{tcdm_events, icache_events, dma_events, queue_waiting};
endmodule
