// SPDX-License-Identifier: Apache-2.0
// oct_ctrl: the register region: the generated oct_regs, its external blocks (timer, counters; queues
// and engine outside), interrupts to the host, and the abort sequence. One access at a time, whole
// words; request -> answer 4 cycles for a register in oct_regs. Described in
// docs/architecture/control.md. Test: tb/unit/periph/oct_ctrl_test.cpp.
`include "oct_assert.svh"

module oct_ctrl
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,

  input  data_req_t                   req_i,
  output data_rsp_t                   rsp_o,

  output reg_req_t                    queue_req_o,       // oct_queues.reg_req_i
  input  reg_rsp_t                    queue_rsp_i,
  output data_req_t                   engine_req_o,      // offset 0x2000.. of the region
  input  data_rsp_t                   engine_rsp_i,

  output logic [NumCores-1:0]         hold_o,            // keep these cores in reset
  input  logic [NumCores-1:0]         held_i,
  input  core_status_t [NumCores-1:0] core_status_i,
  input  logic [31:0]                 boot_addr_i,       // pins
  output logic [31:0]                 boot_addr_o,
  output logic [NumCores-1:0]         mtip_o,
  output logic [NumCores-1:0]         msip_o,

  output logic [31:0]                 l2_offset_o,
  output logic [31:0]                 axi_timeout_o,
  output logic                        icache_flush_o,    // one cycle
  output logic [1:0]                  icache_prefetch_o,

  output logic                        clear_o,           // not to this and the host's way to it
  input  logic [14:0]                 idle_i,            // of every block, unused ones high

  input  error_t                      error_i,
  input  logic                        error_event_i,
  output logic                        error_clear_o,
  input  logic                        flushing_i,
  input  logic [NumQueues-1:0]        queue_busy_i,
  input  logic [NumQueues-1:0]        empty_event_i,
  output logic [NumCores-1:0]         doorbell_o,
  input  logic [NumCounters-1:1][5:0] count_i,
  output logic                        irq_o
);
  // The bits of structures in structures: code that does not compile (Verilator 5.006).
  // verilator coverage_off
  oct_regs_pkg::oct_regs__in_t  hw_in;
  oct_regs_pkg::oct_regs__out_t hw_out;
  // verilator coverage_on

  // ---- Bus --------------------------------------------------------------------------------------
  typedef enum logic [1:0] {StIdle, StAsk, StWait, StAnswer} state_e;
  state_e      state_q;
  logic        we_q, err_q, ack, err;
  logic [15:0] addr_q;
  logic [31:0] wdata_q, rdata_q;
  logic        rd_ack, rd_err, wr_ack, wr_err, unused_stall_wr, unused_stall_rd;
  logic [31:0] rd_data;
  logic        ext_err, unused_req;
  assign unused_req = ^{req_i.amo, req_i.addr[31:16]};

  assign rsp_o = '{ready: state_q == StIdle, valid: state_q == StAnswer, err: err_q,
                   rdata: rdata_q};
  assign ack   = rd_ack || wr_ack;
  assign err   = rd_ack ? rd_err : wr_err;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= StIdle;
    end else if (req_i.valid || state_q != StIdle) begin
      unique case (state_q)
        // Writes of parts of a word are refused, unseen by the registers.
        StIdle:  state_q <= (req_i.we && req_i.be != '1) ? StAnswer : StAsk;
        StAsk:   state_q <= ack ? StAnswer : StWait;
        StWait:  if (ack) state_q <= StAnswer;
        default: state_q <= StIdle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StIdle && req_i.valid) begin
      we_q    <= req_i.we;
      addr_q  <= req_i.addr[15:0];
      wdata_q <= req_i.wdata;
      err_q   <= 1'b1;
      rdata_q <= '0;
    end
    if (ack && (state_q == StAsk || state_q == StWait)) begin
      err_q   <= err || ext_err;
      rdata_q <= rd_ack ? rd_data : '0;
    end
  end

  oct_regs u_regs (
    .clk(clk_i), .arst_n(rst_ni),
    .s_cpuif_req(state_q == StAsk), .s_cpuif_req_is_wr(we_q), .s_cpuif_addr(addr_q),
    .s_cpuif_wr_data(wdata_q), .s_cpuif_wr_biten('1),
    .s_cpuif_req_stall_wr(unused_stall_wr), .s_cpuif_req_stall_rd(unused_stall_rd),
    .s_cpuif_rd_ack(rd_ack), .s_cpuif_rd_err(rd_err), .s_cpuif_rd_data(rd_data),
    .s_cpuif_wr_ack(wr_ack), .s_cpuif_wr_err(wr_err),
    .hwif_in(hw_in), .hwif_out(hw_out)
  );

  // ---- External blocks --------------------------------------------------------------------------
  reg_req_t timer_req, perf_req;
  reg_rsp_t timer_rsp, perf_rsp;

  assign timer_req   = '{valid: hw_out.TIMER.req, we: hw_out.TIMER.req_is_wr,
                         addr: {4'b0, hw_out.TIMER.addr}, wdata: hw_out.TIMER.wr_data};
  assign perf_req    = '{valid: hw_out.PERF.req, we: hw_out.PERF.req_is_wr,
                         addr: {3'b0, hw_out.PERF.addr}, wdata: hw_out.PERF.wr_data};
  assign queue_req_o = '{valid: hw_out.QUEUES.req, we: hw_out.QUEUES.req_is_wr,
                         addr: {1'b0, hw_out.QUEUES.addr}, wdata: hw_out.QUEUES.wr_data};

  oct_timer u_timer (
    .clk_i, .rst_ni, .req_i(timer_req), .rsp_o(timer_rsp), .mtip_o, .msip_o
  );
  oct_cluster_counters u_counters (
    .clk_i, .rst_ni, .req_i(perf_req), .rsp_o(perf_rsp), .count_i, .core_i(core_status_i)
  );

  // The engine speaks the data bus: its request is held until taken.
  logic engine_ask_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                                     engine_ask_q <= 1'b0;
    else if (hw_out.ENGINE.req)                      engine_ask_q <= 1'b1;
    else if (engine_ask_q && engine_rsp_i.ready)     engine_ask_q <= 1'b0;
  end
  always_comb begin
    engine_req_o       = '0;
    engine_req_o.valid = engine_ask_q;
    engine_req_o.addr  = RegBase | {16'b0, addr_q};
    engine_req_o.we    = we_q;
    engine_req_o.be    = '1;
    engine_req_o.wdata = wdata_q;
    engine_req_o.amo   = AmoNone;
  end

  assign ext_err = (timer_rsp.ack && timer_rsp.err) || (perf_rsp.ack && perf_rsp.err) ||
                   (queue_rsp_i.ack && queue_rsp_i.err) || (engine_rsp_i.valid && engine_rsp_i.err);

  // ---- Abort ------------------------------------------------------------------------------------
  logic        aborted, late, aborted_event, late_event;
  logic [15:0] busy;

  oct_abort #(.NumBlocks(16)) u_abort (
    .clk_i, .rst_ni, .abort_i(hw_out.ABORT.go.value), .late_i(hw_out.ABORT_LATE.value.value),
    .idle_i({held_i == '1, idle_i}), .clear_o, .aborted_o(aborted), .late_o(late),
    .aborted_event_o(aborted_event), .late_event_o(late_event), .busy_o(busy)
  );

  // ---- Outputs ----------------------------------------------------------------------------------
  logic [NumCores-1:0] hold_q, doorbell_q;
  logic [8:0]          held_q;  // a register: Verilator 5.006 cannot assign a part of hw_in
  logic                irq_q, bell_q, exit_q, console_q, host_event_q;
  logic                first_q;  // the cycle after reset: registers take what the machine says

  assign hold_o            = hold_q;
  assign doorbell_o        = doorbell_q;
  assign irq_o             = irq_q;
  assign boot_addr_o       = (hw_out.BOOT_ADDR.value.value == '0) ? boot_addr_i :
                                                                    hw_out.BOOT_ADDR.value.value;
  assign l2_offset_o       = hw_out.L2_OFFSET.value.value;
  assign axi_timeout_o     = hw_out.AXI_TIMEOUT.value.value;
  assign icache_flush_o    = hw_out.ICACHE_FLUSH.go.value;
  assign icache_prefetch_o = hw_out.ICACHE_PREFETCH.lines.value;
  assign error_clear_o     = hw_out.ERROR_CLEAR.go.value;

  logic [15:0] pending;
  assign pending = {3'b0, hw_out.INTR_PENDING.empty_team1.value,
                    hw_out.INTR_PENDING.empty_team0.value, hw_out.INTR_PENDING.empty_dma_out.value,
                    hw_out.INTR_PENDING.empty_dma_in.value,
                    hw_out.INTR_PENDING.empty_engine.value, 2'b0, hw_out.INTR_PENDING.late.value,
                    hw_out.INTR_PENDING.aborted.value, hw_out.INTR_PENDING.doorbell.value,
                    hw_out.INTR_PENDING.error.value, hw_out.INTR_PENDING.console.value,
                    hw_out.INTR_PENDING.exit.value};

  // swmod comes with the write, its value a cycle later.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      hold_q       <= '1;
      held_q       <= '0;
      doorbell_q   <= '0;
      irq_q        <= 1'b0;
      first_q      <= 1'b1;
      bell_q       <= 1'b0;
      exit_q       <= 1'b0;
      console_q    <= 1'b0;
      host_event_q <= 1'b0;
    end else begin
      first_q      <= 1'b0;
      held_q       <= 9'(held_i);
      hold_q       <= ~hw_out.RUN.cores.value[NumCores-1:0] | {NumCores{clear_o}};
      irq_q        <= (pending & hw_out.INTR_ENABLE.enable.value) != '0;
      bell_q       <= hw_out.DOORBELL.cores.swmod;
      exit_q       <= hw_out.EXIT.code.swmod;
      console_q    <= hw_out.CONSOLE.value.swmod;
      host_event_q <= hw_out.HOST_EVENT.value.swmod;
      doorbell_q   <= bell_q ? hw_out.DOORBELL.cores.value[NumCores-1:0] : '0;
    end
  end

  always_comb begin
    hw_in.CONFIG0.workers.next      = 8'(NumWorkers);
    hw_in.CONFIG0.banks.next        = 8'(NumBanks);
    hw_in.CONFIG0.engine_ports.next = 8'(EnginePorts);
    hw_in.CONFIG0.queue_units.next  = 8'(QueueUnits);
    hw_in.CONFIG1.value.next        = L1Bytes;
    hw_in.CONFIG2.engine_macs.next  = 16'(EngineMacs);
    hw_in.CONFIG2.sems.next         = 8'(NumSems);
    hw_in.CONFIG2.barriers.next     = 8'(NumBarriers);
    hw_in.AXI_TIMEOUT.value.we      = first_q;
    hw_in.AXI_TIMEOUT.value.next    = AxiTimeout;
    hw_in.RUN.cores.hwclr           = clear_o;
    hw_in.STATUS.aborting.next      = clear_o;
    hw_in.STATUS.aborted.next       = aborted;
    hw_in.STATUS.late.next          = late;
    hw_in.STATUS.error.next         = error_i.valid;
    hw_in.STATUS.clearing.next      = flushing_i;
    hw_in.STATUS.held.next          = held_q;
    hw_in.STATUS.queues.next        = queue_busy_i;
    hw_in.ERROR.tag.next            = error_i.tag;
    hw_in.ERROR.cause.next          = error_i.cause;
    hw_in.ERROR.qid.next            = error_i.qid;
    hw_in.ERROR.valid.next          = error_i.valid;
    hw_in.ERROR_ADDR.value.next     = error_i.addr;
    hw_in.ABORT_BUSY.blocks.next    = busy;
    hw_in.INTR_PENDING.exit.hwset     = exit_q && hw_out.EXIT.done.value;
    hw_in.INTR_PENDING.console.hwset  = console_q;
    hw_in.INTR_PENDING.error.hwset    = error_event_i;
    hw_in.INTR_PENDING.doorbell.hwset = host_event_q;
    hw_in.INTR_PENDING.aborted.hwset  = aborted_event;
    hw_in.INTR_PENDING.late.hwset     = late_event;
    hw_in.INTR_PENDING.empty_engine.hwset  = empty_event_i[QueueEngine];
    hw_in.INTR_PENDING.empty_dma_in.hwset  = empty_event_i[QueueDmaIn];
    hw_in.INTR_PENDING.empty_dma_out.hwset = empty_event_i[QueueDmaOut];
    hw_in.INTR_PENDING.empty_team0.hwset   = empty_event_i[QueueTeam0];
    hw_in.INTR_PENDING.empty_team1.hwset   = empty_event_i[QueueTeam1];
    hw_in.TIMER.rd_ack   = timer_rsp.ack && !we_q;
    hw_in.TIMER.rd_data  = timer_rsp.rdata;
    hw_in.TIMER.wr_ack   = timer_rsp.ack && we_q;
    hw_in.PERF.rd_ack    = perf_rsp.ack && !we_q;
    hw_in.PERF.rd_data   = perf_rsp.rdata;
    hw_in.PERF.wr_ack    = perf_rsp.ack && we_q;
    hw_in.QUEUES.rd_ack  = queue_rsp_i.ack && !we_q;
    hw_in.QUEUES.rd_data = queue_rsp_i.rdata;
    hw_in.QUEUES.wr_ack  = queue_rsp_i.ack && we_q;
    hw_in.ENGINE.rd_ack  = engine_rsp_i.valid && !we_q;
    hw_in.ENGINE.rd_data = engine_rsp_i.rdata;
    hw_in.ENGINE.wr_ack  = engine_rsp_i.valid && we_q;
  end
endmodule
