// SPDX-License-Identifier: Apache-2.0
// oct_l1_loop: cores and L1 and nothing else, for timing: the paths core -> crossbar -> bank -> core as
// they are in oct_cluster, without the other blocks. Not part of the design; `make synth BLOCKS=l1_loop`.
module oct_l1_loop
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_tcdm_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic         [NumCores-1:0] hold_i,
  output logic         [NumCores-1:0] held_o,
  input  logic         [31:0]         hart_id_base_i,
  input  logic         [31:0]         boot_addr_i,
  output fetch_req_t   [NumCores-1:0] fetch_req_o,
  input  fetch_rsp_t                  fetch_rsp_i,
  output logic                        icache_flush_o,
  output data_req_t    [NumCores-1:0] eu_req_o,
  input  data_rsp_t    [NumCores-1:0] eu_rsp_i,
  output data_req_t    [NumCores-1:0] sys_req_o,
  input  data_rsp_t    [NumCores-1:0] sys_rsp_i,
  output core_status_t [NumCores-1:0] status_o,
  input  data_req_t                   host_i,
  output data_rsp_t                   host_o,
  input  l1_word_req_t [NumWord-1:0]  word_i,
  output l1_word_rsp_t [NumWord-1:0]  word_o,
  input  l1_line_req_t [NumLine-1:0]  line_i,
  output l1_line_rsp_t [NumLine-1:0]  line_o,
  output tcdm_events_t                events_o,
  output logic                        idle_o
);
  data_req_t [NumNarrow-1:0] narrow_i;
  data_rsp_t [NumNarrow-1:0] narrow_o;

  assign narrow_i[NumNarrow-1] = host_i;
  assign host_o                = narrow_o[NumNarrow-1];

  oct_cores u_cores (
    .clk_i, .rst_ni, .hold_i, .held_o, .hart_id_base_i, .boot_addr_i, .msip_i('0), .mtip_i('0),
    .fetch_req_o, .fetch_rsp_i, .icache_flush_o,
    .l1_req_o(narrow_i[NumCores-1:0]), .l1_rsp_i(narrow_o[NumCores-1:0]),
    .eu_req_o, .eu_rsp_i, .sys_req_o, .sys_rsp_i, .status_o
  );
  oct_tcdm u_tcdm (
    .clk_i, .rst_ni, .clear_i(1'b0), .idle_o,
    .narrow_i, .narrow_o, .word_i, .word_o, .line_i, .line_o, .events_o
  );
endmodule
