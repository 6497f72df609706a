// SPDX-License-Identifier: Apache-2.0
// oct_ctrl with flat ports.
module tb_ctrl
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        valid_i,
  input  logic        we_i,
  input  logic [3:0]  be_i,
  input  logic [31:0] addr_i,
  input  logic [31:0] wdata_i,
  output logic        ready_o,
  output logic        rvalid_o,
  output logic        err_o,
  output logic [31:0] rdata_o,
  output logic        queue_valid_o,
  output logic        queue_we_o,
  output logic [11:0] queue_addr_o,
  output logic [31:0] queue_wdata_o,
  input  logic        queue_ack_i,
  input  logic        queue_err_i,
  input  logic [31:0] queue_rdata_i,
  output logic        engine_valid_o,
  output logic        engine_we_o,
  output logic [31:0] engine_addr_o,
  output logic [31:0] engine_wdata_o,
  input  logic        engine_ready_i,
  input  logic        engine_ack_i,
  input  logic        engine_err_i,
  input  logic [31:0] engine_rdata_i,
  output logic [NumCores-1:0] hold_o,
  input  logic [NumCores-1:0] held_i,
  input  logic [31:0] boot_addr_i,
  output logic [31:0] boot_addr_o,
  output logic [NumCores-1:0] mtip_o,
  output logic [NumCores-1:0] msip_o,
  output logic [31:0] l2_offset_o,
  output logic [31:0] axi_timeout_o,
  output logic        icache_flush_o,
  output logic [1:0]  icache_prefetch_o,
  output logic        clear_o,
  input  logic [14:0] idle_i,
  input  logic        error_valid_i,
  input  logic        error_event_i,
  output logic        error_clear_o,
  input  logic        flushing_i,
  input  logic [4:0]  busy_i,
  input  logic [4:0]  empty_event_i,
  output logic [NumCores-1:0] doorbell_o,
  input  logic [5:0]  count_i [16],
  output logic        irq_o
);
  data_req_t                   req, engine_req;
  data_rsp_t                   rsp, engine_rsp;
  reg_req_t                    queue_req;
  error_t                      error;
  core_status_t [NumCores-1:0] core;
  logic [NumCounters-1:1][5:0] count;

  always_comb begin
    req = '{valid: valid_i, addr: addr_i, we: we_i, be: be_i, wdata: wdata_i, amo: AmoNone};
    engine_rsp = '{ready: engine_ready_i, valid: engine_ack_i, err: engine_err_i,
                   rdata: engine_rdata_i};
    error = '{valid: error_valid_i, qid: 3'd3, tag: 16'h1234, cause: CauseKernel, addr: 32'h5678};
    for (int c = 0; c < NumCores; c++) begin
      core[c] = '{state: core_state_e'(c % 7), pc: 32'h8000_0000 + c, addr: 32'h1000_0000 + c};
    end
    for (int i = 1; i < 16; i++) count[i] = count_i[i];
  end
  logic unused;
  assign unused = ^{count_i[0], engine_req.be, engine_req.amo};

  oct_ctrl u_dut (
    .clk_i, .rst_ni, .req_i(req), .rsp_o(rsp),
    .queue_req_o(queue_req),
    .queue_rsp_i('{ack: queue_ack_i, err: queue_err_i, rdata: queue_rdata_i}),
    .engine_req_o(engine_req), .engine_rsp_i(engine_rsp),
    .hold_o, .held_i, .core_status_i(core), .boot_addr_i, .boot_addr_o, .mtip_o, .msip_o,
    .l2_offset_o, .axi_timeout_o, .icache_flush_o, .icache_prefetch_o, .clear_o, .idle_i,
    .error_i(error), .error_event_i, .error_clear_o, .flushing_i, .queue_busy_i(busy_i),
    .empty_event_i, .doorbell_o, .count_i(count), .irq_o
  );

  assign {ready_o, rvalid_o, err_o, rdata_o} = {rsp.ready, rsp.valid, rsp.err, rsp.rdata};
  assign {queue_valid_o, queue_we_o, queue_addr_o, queue_wdata_o} = queue_req;
  assign engine_valid_o = engine_req.valid;
  assign engine_we_o    = engine_req.we;
  assign engine_addr_o  = engine_req.addr;
  assign engine_wdata_o = engine_req.wdata;
endmodule
