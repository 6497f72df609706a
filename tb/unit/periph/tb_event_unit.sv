// SPDX-License-Identifier: Apache-2.0
// oct_event_unit with flat ports.
module tb_event_unit
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,
  output logic        idle_o,
  input  logic [NumCores-1:0] valid_i,
  input  logic [NumCores-1:0] we_i,
  input  logic [3:0]  be_i,
  input  logic [31:0] addr_i [NumCores],
  input  logic [31:0] wdata_i [NumCores],
  output logic [NumCores-1:0] ready_o,
  output logic [NumCores-1:0] rvalid_o,
  output logic [NumCores-1:0] err_o,
  output logic [31:0] rdata_o [NumCores],
  input  logic [NumCores-1:0] core_clear_i,
  input  logic [1:0]  team_valid_i,
  output logic [1:0]  team_ready_o,
  input  logic [31:0] func_i [2],
  input  logic [31:0] arg_i [2],
  input  logic [31:0] mask_i [2],
  output logic [1:0]  done_o,
  output logic [7:0]  done_cause_o [2],
  output logic [31:0] done_addr_o [2],
  input  logic [4:0]  empty_event_i,
  input  logic        error_event_i,
  input  logic [NumCores-1:0] doorbell_i,
  input  logic [NumCores-1:0] timer_i
);
  data_req_t [NumCores-1:0] req;
  data_rsp_t [NumCores-1:0] rsp;
  team_job_t [1:0]          job;
  job_done_t [1:0]          done;

  always_comb begin
    for (int c = 0; c < NumCores; c++) begin
      req[c] = '{valid: valid_i[c], addr: addr_i[c], we: we_i[c], be: be_i, wdata: wdata_i[c],
                 amo: AmoNone};
      ready_o[c]  = rsp[c].ready;
      rvalid_o[c] = rsp[c].valid;
      err_o[c]    = rsp[c].err;
      rdata_o[c]  = rsp[c].rdata;
    end
    for (int t = 0; t < 2; t++) begin
      job[t] = '{tag: '0, func: func_i[t], arg: arg_i[t], mask: mask_i[t][NumWorkers-1:0]};
      done_o[t]       = done[t].valid;
      done_cause_o[t] = done[t].cause;
      done_addr_o[t]  = done[t].addr;
    end
  end
  logic unused;
  assign unused = ^{mask_i[0], mask_i[1]};

  oct_event_unit u_dut (
    .clk_i, .rst_ni, .clear_i, .idle_o, .req_i(req), .rsp_o(rsp), .core_clear_i,
    .team_valid_i, .team_ready_o, .team_job_i(job), .done_o(done),
    .empty_event_i, .error_event_i, .doorbell_i, .timer_i
  );
endmodule
