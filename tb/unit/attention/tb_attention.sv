// SPDX-License-Identifier: Apache-2.0
// tb_attention: the whole engine with the fields of its ports as separate pins.
module tb_attention
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
(
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic                          clear_i,
  output logic                          idle_o,

  input  logic                          job_valid_i,
  output logic                          job_ready_o,
  input  logic [7:0]                    op_i,
  input  logic [895:0]                  words_i,
  output logic                          done_o,
  output logic [7:0]                    cause_o,
  output logic [31:0]                   addr_o,

  output logic [EnginePorts-1:0]        l1_valid_o,
  output logic [EnginePorts-1:0]        l1_we_o,
  output logic [EnginePorts-1:0][31:0]  l1_word_o,
  output logic [EnginePorts-1:0][31:0]  l1_be_o,
  output logic [EnginePorts-1:0][63:0]  l1_wdata_o,
  input  logic [EnginePorts-1:0]        l1_ready_i,
  input  logic [EnginePorts-1:0]        l1_rvalid_i,
  input  logic [EnginePorts-1:0][63:0]  l1_rdata_i,

  input  logic                          reg_valid_i,
  input  logic                          reg_we_i,
  input  logic [31:0]                   reg_addr_i,
  output logic                          reg_ready_o,
  output logic                          reg_valid_o,
  output logic                          reg_err_o,
  output logic [31:0]                   reg_data_o
);
  engine_job_t                    job;
  job_done_t                      done;
  l1_word_req_t [EnginePorts-1:0] l1_req;
  l1_word_rsp_t [EnginePorts-1:0] l1_rsp;
  data_req_t                      reg_req;
  data_rsp_t                      reg_rsp;

  assign job     = '{op: op_i, tag: '0, words: words_i};
  assign done_o  = done.valid;
  assign cause_o = done.cause;
  assign addr_o  = done.addr;

  always_comb begin
    for (int p = 0; p < int'(EnginePorts); p++) begin
      l1_valid_o[p] = l1_req[p].valid;
      l1_we_o[p]    = l1_req[p].we;
      l1_word_o[p]  = 32'(l1_req[p].word);
      l1_be_o[p]    = 32'(l1_req[p].be);
      l1_wdata_o[p] = l1_req[p].wdata;
      l1_rsp[p]     = '{ready: l1_ready_i[p], valid: l1_rvalid_i[p], rdata: l1_rdata_i[p]};
    end
    reg_req       = '0;
    reg_req.valid = reg_valid_i;
    reg_req.we    = reg_we_i;
    reg_req.addr  = reg_addr_i;
    reg_req.be    = '1;
  end
  assign reg_ready_o = reg_rsp.ready;
  assign reg_valid_o = reg_rsp.valid;
  assign reg_err_o   = reg_rsp.err;
  assign reg_data_o  = reg_rsp.rdata;

  oct_attention u_dut (
    .clk_i, .rst_ni, .clear_i, .idle_o, .job_valid_i, .job_ready_o, .job_i(job), .done_o(done),
    .l1_req_o(l1_req), .l1_rsp_i(l1_rsp), .reg_req_i(reg_req), .reg_rsp_o(reg_rsp)
  );
endmodule
