// SPDX-License-Identifier: Apache-2.0
// oct_attn_regs: the engine's counters at its register port, 32 bits each, modulo 2^32. They count
// while a job is under way. Reading needs no snapshot: stop when idle, or take differences. A write
// to any of them clears all. THROTTLE at 0x80 limits the engine's share of L1. Offsets:
// docs/architecture/engine.md. Answers in the next cycle.
// Test: tb/unit/attention/oct_attention_test.cpp.
module oct_attn_regs
  import oct_cluster_pkg::*;
  import oct_attn_pkg::*;
(
  input  logic          clk_i,
  input  logic          rst_ni,

  input  logic          active_i,     // a job is under way: the others count only then
  input  logic          job_end_i,
  input  array_events_t events_i,
  input  logic          refused_i,
  output logic [7:0]    throttle_o,   // chance of n / 256 that a port request is held back

  output logic          idle_o,
  input  data_req_t     req_i,
  output data_rsp_t     rsp_o
);
  localparam int unsigned NumCounters = 9;
  typedef logic [NumCounters-1:0][31:0] counters_t;

  counters_t              count_q;
  logic [NumCounters-1:0] step;
  logic                   take, counter, throttle, answer_q, err_q, step_any;
  logic [31:0]            data_q;
  logic [7:0]             throttle_q;

  assign take       = req_i.valid && rsp_o.ready;
  assign counter    = req_i.addr[11:2] < 10'(NumCounters);
  assign throttle   = req_i.addr[11:2] == 10'h020;
  assign throttle_o = throttle_q;

  always_comb begin
    step = '0;
    if (active_i || job_end_i) begin
      step[0] = active_i;
      step[1] = events_i.computing;
      step[2] = events_i.wait_x;
      step[3] = events_i.wait_w;
      step[4] = events_i.wait_acc;
      step[5] = events_i.wait_p;
      step[6] = active_i && events_i == '0;
      step[7] = refused_i;
      step[8] = job_end_i;
    end
  end
  assign step_any = active_i || job_end_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q    <= '0;
      answer_q   <= 1'b0;
      throttle_q <= '0;
    end else begin
      answer_q <= take;
      if (take && req_i.we && throttle && req_i.be[0]) throttle_q <= req_i.wdata[7:0];
      if (take && req_i.we && counter) begin
        count_q <= '0;
      end else if (step_any) begin
        for (int i = 0; i < int'(NumCounters); i++) begin
          if (step[i]) count_q[i] <= count_q[i] + 32'd1;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      err_q  <= !counter && !throttle;
      data_q <= throttle ? 32'(throttle_q) : counter ? count_q[req_i.addr[5:2]] : '0;
    end
  end

  always_comb begin
    rsp_o       = '0;
    rsp_o.ready = !answer_q;
    rsp_o.valid = answer_q;
    rsp_o.err   = err_q;
    rsp_o.rdata = data_q;
  end

  assign idle_o = !answer_q;

  logic unused;
  assign unused = ^{req_i.addr[31:12], req_i.addr[1:0], req_i.be[3:1], req_i.wdata[31:8],
                    req_i.amo};
endmodule
