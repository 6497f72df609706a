// SPDX-License-Identifier: Apache-2.0
// oct_queue_sems: the semaphores. One access per cycle through one port, so signals of the same
// cycle queue up in front of it and all count; the outcome is told to every waiter (news_o), which
// spares ten read ports. req_i -> news_o: 1 cycle. Test: tb/unit/periph/oct_queues_test.cpp.
`include "oct_assert.svh"

module oct_queue_sems
  import oct_config_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,      // all values and poison to zero
  input  sem_req_t    req_i,        // from flip-flops
  output sem_news_t   news_o,
  output logic [63:0] poison_o
);
  localparam int unsigned IdxWidth = $clog2(NumSems);

  logic [15:0]         value_q [NumSems];
  logic [NumSems-1:0]  poison_q;
  logic                news_valid_q, news_all_q, news_poison_q;
  logic [5:0]          news_sem_q;
  logic [15:0]         news_value_q;
  logic [IdxWidth-1:0] idx;
  logic [15:0]         value_d;

  assign idx      = req_i.sem[IdxWidth-1:0];
  assign news_o   = '{valid: news_valid_q, all: news_all_q, sem: news_sem_q, value: news_value_q,
                      poison: news_poison_q};
  always_comb begin
    poison_o = '0;
    poison_o[NumSems-1:0] = poison_q;
  end

  always_comb begin
    value_d = '0;
    if (req_i.valid) begin
      value_d = value_q[idx];
      if (req_i.op == SemAdd) value_d = value_d + req_i.data;
      if (req_i.op == SemSet) value_d = req_i.data;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      for (int unsigned i = 0; i < NumSems; i++) value_q[i] <= '0;
      poison_q     <= '0;
      news_valid_q <= 1'b0;
      news_all_q   <= 1'b0;
    end else if (clear_i) begin
      for (int unsigned i = 0; i < NumSems; i++) value_q[i] <= '0;
      poison_q     <= '0;
      news_valid_q <= 1'b0;
      news_all_q   <= 1'b0;
    end else if (req_i.valid) begin
      value_q[idx] <= value_d;
      news_valid_q <= 1'b1;
      news_all_q   <= req_i.op == SemPoisonAll;
      if (req_i.op == SemPoison) poison_q[idx] <= 1'b1;
      if (req_i.op == SemPoisonAll) poison_q <= '1;
    end else if (news_valid_q) begin
      news_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (req_i.valid) begin
      news_sem_q    <= req_i.sem;
      news_value_q  <= value_d;
      news_poison_q <= poison_q[idx] || req_i.op == SemPoison || req_i.op == SemPoisonAll;
    end
  end
endmodule
