// SPDX-License-Identifier: Apache-2.0
// oct_attn_ports: the engine's L1 ports, in halves of eight. Each half takes one beat a cycle; X and W
// have a channel to each half, the residual one to half 0; parameters name theirs; a write goes to
// whichever half can take it. Up to sixteen words a cycle, latency four cycles.
// Test: tb/unit/attention_memory/oct_attn_ports_test.cpp.
module oct_attn_ports
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_attn_pkg::*;
(
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                clear_i,           // drops all, answers still to come as well
  output logic                idle_o,

  input  rbeat_t [Halves-1:0] x_i,
  output logic   [Halves-1:0] x_ready_o,
  input  rbeat_t [Halves-1:0] w_i,
  output logic   [Halves-1:0] w_ready_o,
  input  rbeat_t              r_i,               // residual, half 0
  output logic                r_ready_o,
  input  rbeat_t              p_i,               // parameters, through half p_half_i
  input  logic                p_half_i,
  output logic                p_ready_o,
  input  wbeat_t              y_i,
  output logic                y_ready_o,

  // What was read, in the order of the requests to this half; cannot be refused.
  output rdata_t [Halves-1:0] data_o,
  output logic [NumCtx-1:0]   writes_pending_o,  // a write of this job was taken and not granted
  output l1_err_t [Halves-1:0] err_o,            // one cycle a beat that leaves L1
  output logic                refused_o,         // event: some port stood and was not served

  output l1_word_req_t [EnginePorts-1:0] l1_req_o,
  input  l1_word_rsp_t [EnginePorts-1:0] l1_rsp_i
);
  logic   [Halves-1:0] idle, r_ready, p_ready, y_ready, y_room, refused;
  rbeat_t [Halves-1:0] r, p;
  wbeat_t [Halves-1:0] y;
  logic   [Halves-1:0][NumCtx-1:0] pending;
  logic                turn_q;                   // the half that writes next, if it can

  always_comb begin
    for (int unsigned h = 0; h < Halves; h++) begin
      r[h]       = r_i;
      r[h].valid = r_i.valid && h == 0;
      p[h]       = p_i;
      p[h].valid = p_i.valid && p_half_i == 1'(h);
      y[h]       = y_i;
      y[h].valid = y_i.valid && (Halves == 1 || turn_q == 1'(h) || !y_room[Halves-1-h]);
    end
  end

  always_comb begin
    writes_pending_o = '0;
    for (int unsigned h = 0; h < Halves; h++) writes_pending_o = writes_pending_o | pending[h];
  end

  assign r_ready_o = r_ready != '0;
  assign p_ready_o = p_ready != '0;
  assign y_ready_o = y_ready != '0;
  assign refused_o = refused != '0;
  assign idle_o    = idle == '1;

  for (genvar h = 0; h < Halves; h++) begin : gen_half
    oct_attn_half u_half (
      .clk_i, .rst_ni, .clear_i,
      .idle_o           (idle[h]),
      .x_i              (x_i[h]),
      .x_ready_o        (x_ready_o[h]),
      .w_i              (w_i[h]),
      .w_ready_o        (w_ready_o[h]),
      .r_i              (r[h]),
      .r_ready_o        (r_ready[h]),
      .p_i              (p[h]),
      .p_ready_o        (p_ready[h]),
      .y_i              (y[h]),
      .y_ready_o        (y_ready[h]),
      .y_room_o         (y_room[h]),
      .data_o           (data_o[h]),
      .writes_pending_o (pending[h]),
      .err_o            (err_o[h]),
      .refused_o        (refused[h]),
      .l1_req_o         (l1_req_o[8*h +: 8]),
      .l1_rsp_i         (l1_rsp_i[8*h +: 8])
    );
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) turn_q <= 1'b0;
    else if (y_i.valid && y_ready_o) turn_q <= y_ready[0] && Halves > 1;
  end
endmodule
