// SPDX-License-Identifier: Apache-2.0
// tb_tcdm: oct_tcdm with its structs taken apart into words that C++ can index.
module tb_tcdm
  import oct_tcdm_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic                          clear_i,
  output logic                          idle_o,

  input  logic [31:0]                   n_valid_i,
  input  logic [31:0]                   n_we_i,
  input  logic [NumNarrow-1:0][31:0]    n_addr_i,
  input  logic [NumNarrow-1:0][31:0]    n_be_i,
  input  logic [NumNarrow-1:0][31:0]    n_amo_i,
  input  logic [NumNarrow-1:0][31:0]    n_wdata_i,
  output logic [31:0]                   n_ready_o,
  output logic [31:0]                   n_valid_o,
  output logic [31:0]                   n_err_o,
  output logic [NumNarrow-1:0][31:0]    n_rdata_o,

  input  logic [31:0]                   w_valid_i,
  input  logic [31:0]                   w_we_i,
  input  logic [NumWord-1:0][31:0]      w_word_i,
  input  logic [NumWord-1:0][31:0]      w_be_i,
  input  logic [NumWord-1:0][63:0]      w_wdata_i,
  output logic [31:0]                   w_ready_o,
  output logic [31:0]                   w_valid_o,
  output logic [NumWord-1:0][63:0]      w_rdata_o,

  input  logic [NumLine-1:0][31:0]      l_mask_i,
  input  logic [NumLine-1:0]            l_urgent_i,
  input  logic [NumLine-1:0][31:0]      l_line_i,
  input  logic [NumLine-1:0][63:0]      l_be_i,
  input  logic [NumLine-1:0][511:0]     l_wdata_i,
  output logic [NumLine-1:0][31:0]      l_ready_o,
  output logic [NumLine-1:0][31:0]      l_valid_o,
  output logic [NumLine-1:0][511:0]     l_rdata_o,

  output logic [5:0][31:0]              events_o
);
  data_req_t    [NumNarrow-1:0] narrow_req;
  data_rsp_t    [NumNarrow-1:0] narrow_rsp;
  l1_word_req_t [NumWord-1:0]   word_req;
  l1_word_rsp_t [NumWord-1:0]   word_rsp;
  l1_line_req_t [NumLine-1:0]   line_req;
  l1_line_rsp_t [NumLine-1:0]   line_rsp;
  tcdm_events_t                 events;

  always_comb begin
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      narrow_req[m].valid = n_valid_i[m];
      narrow_req[m].we    = n_we_i[m];
      narrow_req[m].addr  = n_addr_i[m];
      narrow_req[m].be    = n_be_i[m][3:0];
      narrow_req[m].amo   = amo_e'(n_amo_i[m][3:0]);
      narrow_req[m].wdata = n_wdata_i[m];
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      word_req[m].valid = w_valid_i[m];
      word_req[m].we    = w_we_i[m];
      word_req[m].word  = w_word_i[m][L1WordWidth-1:0];
      word_req[m].be    = w_be_i[m][7:0];
      word_req[m].wdata = w_wdata_i[m];
    end
    for (int unsigned m = 0; m < NumLine; m++) begin
      line_req[m].mask  = l_mask_i[m][LineLanes-1:0];
      line_req[m].we    = m == LineWr;
      line_req[m].urgent = l_urgent_i[m];
      line_req[m].line  = l_line_i[m][L1LineWidth-1:0];
      line_req[m].be    = l_be_i[m];
      line_req[m].wdata = l_wdata_i[m];
    end
  end

  oct_tcdm u_dut (
    .clk_i, .rst_ni, .clear_i, .idle_o,
    .narrow_i (narrow_req), .narrow_o (narrow_rsp),
    .word_i   (word_req),   .word_o   (word_rsp),
    .line_i   (line_req),   .line_o   (line_rsp),
    .events_o (events)
  );

  always_comb begin
    n_ready_o = '0;
    n_valid_o = '0;
    n_err_o   = '0;
    w_ready_o = '0;
    w_valid_o = '0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      n_ready_o[m] = narrow_rsp[m].ready;
      n_valid_o[m] = narrow_rsp[m].valid;
      n_err_o[m]   = narrow_rsp[m].err;
      n_rdata_o[m] = narrow_rsp[m].rdata;
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      w_ready_o[m] = word_rsp[m].ready;
      w_valid_o[m] = word_rsp[m].valid;
      w_rdata_o[m] = word_rsp[m].rdata;
    end
    for (int unsigned m = 0; m < NumLine; m++) begin
      l_ready_o[m] = 32'(line_rsp[m].ready);
      l_valid_o[m] = 32'(line_rsp[m].valid);
      l_rdata_o[m] = line_rsp[m].rdata;
    end
    events_o[0] = 32'(events.narrow_granted);
    events_o[1] = 32'(events.narrow_refused);
    events_o[2] = 32'(events.word_granted);
    events_o[3] = 32'(events.word_refused);
    events_o[4] = 32'(events.line_granted);
    events_o[5] = 32'(events.line_refused);
  end
endmodule
