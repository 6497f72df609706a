// SPDX-License-Identifier: Apache-2.0
// oct_queues with flat ports, and a look at what leaves the heads.
module tb_queues
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         clear_i,
  output logic         idle_o,
  input  logic [31:0]  l2_offset_i,
  input  logic         reg_valid_i,
  input  logic         reg_we_i,
  input  logic [11:0]  reg_addr_i,
  input  logic [31:0]  reg_wdata_i,
  output logic         reg_ack_o,
  output logic         reg_err_o,
  output logic [31:0]  reg_rdata_o,
  output logic         ar_valid_o,
  input  logic         ar_ready_i,
  output logic [31:0]  ar_addr_o,
  output logic [7:0]   ar_len_o,
  output logic [2:0]   ar_size_o,
  input  logic         r_valid_i,
  output logic         r_ready_o,
  input  logic [511:0] r_data_i,
  input  logic [1:0]   r_resp_i,
  output logic [4:0]   job_valid_o,
  input  logic [4:0]   job_ready_i,
  output logic [895:0] engine_words_o,
  output logic [7:0]   op_o [5],
  output logic [15:0]  tag_o [5],
  output logic [255:0] dma_words_o [2],
  output logic [95:0]  team_words_o [2],
  input  logic [4:0]   done_i,
  input  logic [7:0]   done_cause_i [5],
  input  logic [31:0]  done_addr_i [5],
  input  logic         ext_error_i,
  input  logic         error_clear_i,
  output logic         flushing_o,
  output logic         error_valid_o,
  output logic [2:0]   error_queue_o,
  output logic [15:0]  error_tag_o,
  output logic [7:0]   error_cause_o,
  output logic [31:0]  error_addr_o,
  output logic         error_event_o,
  output logic [4:0]   empty_event_o,
  output logic [4:0]   busy_o,
  output logic [4:0]   waiting_o,
  output logic [4:0]   push_o,
  output logic [4:0]   push_auto_o,
  output logic [4:0]   push_fail_o,
  output int unsigned  num_workers_o
);
  reg_rsp_t        rsp;
  axi_rd_req_t     axi_req;
  axi_rd_rsp_t     axi_rsp;
  engine_job_t     engine;
  dma_job_t        dma_in, dma_out;
  team_job_t [1:0] team;
  job_done_t [4:0] done;
  error_t          error, ext;

  // Everything behind op and tag, w4 lowest.
  function automatic logic [255:0] words(dma_job_t j);
    logic unused_name;
    unused_name = ^{j.op, j.tag};
    return {j.l1_stride2, j.l1_stride1, j.l2_stride2, j.l2_stride1, j.count2, j.count1, j.row_bytes,
            j.l1_addr, j.l2_addr};
  endfunction

  always_comb begin
    for (int q = 0; q < 5; q++) begin
      done[q] = '{valid: done_i[q], cause: cause_e'(done_cause_i[q]), addr: done_addr_i[q]};
    end
    axi_rsp          = '0;
    axi_rsp.ar_ready = ar_ready_i;
    axi_rsp.r_valid  = r_valid_i;
    axi_rsp.r        = '{id: AxiIdQueue, data: r_data_i, resp: r_resp_i, last: 1'b1};
    ext = '{valid: ext_error_i, qid: SourceOther, tag: '0, cause: CauseAxiTimeout, addr: 32'h1234};
  end

  oct_queues u_dut (
    .clk_i, .rst_ni, .clear_i, .idle_o, .l2_offset_i,
    .reg_req_i('{valid: reg_valid_i, we: reg_we_i, addr: reg_addr_i, wdata: reg_wdata_i}),
    .reg_rsp_o(rsp), .axi_req_o(axi_req), .axi_rsp_i(axi_rsp),
    .engine_valid_o(job_valid_o[0]), .engine_ready_i(job_ready_i[0]), .engine_job_o(engine),
    .dma_in_valid_o(job_valid_o[1]), .dma_in_ready_i(job_ready_i[1]), .dma_in_job_o(dma_in),
    .dma_out_valid_o(job_valid_o[2]), .dma_out_ready_i(job_ready_i[2]), .dma_out_job_o(dma_out),
    .team_valid_o(job_valid_o[4:3]), .team_ready_i(job_ready_i[4:3]), .team_job_o(team),
    .done_i(done), .ext_error_i(ext), .error_clear_i, .flushing_o, .error_o(error), .error_event_o,
    .empty_event_o, .busy_o, .waiting_o
  );

  assign {reg_ack_o, reg_err_o, reg_rdata_o} = {rsp.ack, rsp.err, rsp.rdata};
  assign ar_valid_o     = axi_req.ar_valid;
  assign ar_addr_o      = axi_req.ar.addr;
  assign ar_len_o       = axi_req.ar.len;
  assign ar_size_o      = axi_req.ar.size;
  assign r_ready_o      = axi_req.r_ready;
  assign engine_words_o = engine.words;
  assign op_o           = '{engine.op, dma_in.op, dma_out.op, OpTeamRun, OpTeamRun};
  assign tag_o          = '{engine.tag, dma_in.tag, dma_out.tag, team[0].tag, team[1].tag};
  assign dma_words_o    = '{words(dma_in), words(dma_out)};
  assign team_words_o   = '{{32'(team[0].mask), team[0].arg, team[0].func},
                            {32'(team[1].mask), team[1].arg, team[1].func}};
  assign error_valid_o  = error.valid;
  assign error_queue_o  = error.qid;
  assign error_tag_o    = error.tag;
  assign error_cause_o  = error.cause;
  assign error_addr_o   = error.addr;
  assign push_o         = u_dut.push;
  assign push_auto_o    = u_dut.push_auto;
  assign push_fail_o    = u_dut.push_fail;
  assign num_workers_o  = NumWorkers;
endmodule
