// SPDX-License-Identifier: Apache-2.0
// oct_queue_sem_port: the one port of the semaphores. Registers come first (one at a time), then the
// poisoning of all, then signals, in turn, then the loader's looks. Chosen, performed, told: 2 cycles
// to news_o. Test: tb/unit/periph/oct_queues_test.cpp.
module oct_queue_sem_port
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      clear_i,       // drops what was chosen, clears all semaphores
  input  logic                      sem_clear_i,   // clears all semaphores

  input  logic                      rg_valid_i,    // taken at once
  input  sem_op_e                   rg_op_i,
  input  logic [5:0]                rg_sem_i,
  input  logic [15:0]               rg_data_i,

  input  logic                      poison_all_i,

  input  logic [NumQueues-1:0]      emit_valid_i,
  output logic [NumQueues-1:0]      emit_grant_o,
  input  sem_op_e [NumQueues-1:0]   emit_op_i,
  input  logic [NumQueues-1:0][5:0] emit_sem_i,
  input  logic [NumQueues-1:0][7:0] emit_add_i,

  input  logic                      look_valid_i,
  input  logic [5:0]                look_sem_i,
  output logic                      look_grant_o,

  output sem_news_t                 news_o,
  output logic [63:0]               poison_o
);
  sem_req_t             sem_d, sem_req;
  logic                 sem_valid_q, emit_any;
  sem_op_e              sem_op_q;
  logic [5:0]           sem_idx_q;
  logic [15:0]          sem_data_q;
  logic [NumQueues-1:0] emit_gnt;
  logic [2:0]           emit_idx;

  oct_rr_arb #(.N(NumQueues)) u_emit_arb (
    .clk_i, .rst_ni, .req_i(emit_valid_i), .take_i(emit_any), .gnt_o(emit_gnt), .idx_o(emit_idx)
  );

  assign emit_any     = !rg_valid_i && !poison_all_i;
  assign emit_grant_o = emit_any ? emit_gnt : '0;
  assign look_grant_o = look_valid_i && emit_any && emit_valid_i == '0;
  assign sem_req      = '{valid: sem_valid_q, op: sem_op_q, sem: sem_idx_q, data: sem_data_q};

  always_comb begin
    sem_d = '{valid: 1'b0, op: SemAdd, sem: look_sem_i, data: '0};
    if (rg_valid_i) begin
      sem_d = '{valid: 1'b1, op: rg_op_i, sem: rg_sem_i, data: rg_data_i};
    end else if (poison_all_i) begin
      sem_d.valid = 1'b1;
      sem_d.op    = SemPoisonAll;
    end else if (emit_valid_i != '0) begin
      sem_d = '{valid: 1'b1, op: emit_op_i[emit_idx], sem: emit_sem_i[emit_idx],
                data: {8'b0, emit_add_i[emit_idx]}};
    end else if (look_valid_i) begin
      sem_d.valid = 1'b1;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                         sem_valid_q <= 1'b0;
    else if (clear_i)                    sem_valid_q <= 1'b0;
    else if (sem_d.valid != sem_valid_q) sem_valid_q <= sem_d.valid;
  end
  always_ff @(posedge clk_i) begin
    if (sem_d.valid) begin
      sem_op_q   <= sem_d.op;
      sem_idx_q  <= sem_d.sem;
      sem_data_q <= sem_d.data;
    end
  end

  oct_queue_sems u_sems (
    .clk_i, .rst_ni, .clear_i(clear_i || sem_clear_i), .req_i(sem_req), .news_o, .poison_o
  );
endmodule
