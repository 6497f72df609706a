// SPDX-License-Identifier: Apache-2.0
// oct_cluster_counters: 64-bit counters, copied all at once by a snapshot, and what each core is doing.
// Counter 0 counts cycles, the others what stands at count_i in a cycle. Register accesses take one
// cycle. Test: tb/unit/periph/oct_ctrl_test.cpp.
module oct_cluster_counters
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  reg_req_t                         req_i,     // offsets as oct_counter_regs in oct_regs.rdl
  output reg_rsp_t                         rsp_o,
  input  logic [NumCounters-1:1][5:0]      count_i,
  input  core_status_t [NumCores-1:0]      core_i
);
  localparam int unsigned IdxWidth = $clog2(NumCores);

  logic [63:0] count_q [NumCounters];
  logic [63:0] shot_q [NumCounters];
  logic [NumCounters-1:1][5:0] inc_q;
  logic        snapshot, zero, ack_q, err_q, err, core_ok, unused;
  logic [31:0] rdata, rdata_q;
  logic [3:0]  idx;
  logic [IdxWidth-1:0] core_idx;
  core_status_t core;

  assign unused   = ^{req_i.addr[11:9], req_i.addr[1:0], req_i.wdata[31:1]};
  assign snapshot = req_i.valid && req_i.we && req_i.addr[8:2] == 7'd0;
  assign zero     = snapshot && req_i.wdata[0];
  assign idx      = req_i.addr[6:3] - 4'd8;
  assign core_ok  = req_i.addr[8] && {28'b0, req_i.addr[7:4]} < NumCores;
  assign core_idx = core_ok ? IdxWidth'(req_i.addr[7:4]) : '0;
  assign core     = core_i[core_idx];
  assign rsp_o    = '{ack: ack_q, err: err_q, rdata: rdata_q};

  always_comb begin
    rdata = '0;
    err   = 1'b0;
    if (req_i.valid) begin
      if (core_ok && req_i.addr[3:2] != 2'd3) begin
        unique case (req_i.addr[3:2])
          2'd0:    rdata = {29'b0, core.state};
          2'd1:    rdata = core.pc;
          default: rdata = core.addr;
        endcase
      end else if (!req_i.addr[8] && req_i.addr[7:6] != 2'b00 && req_i.addr[7:6] != 2'b11) begin
        rdata = req_i.addr[2] ? shot_q[idx][63:32] : shot_q[idx][31:0];
      end else begin
        err = req_i.addr[8:2] != 7'd0;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      for (int unsigned i = 0; i < NumCounters; i++) count_q[i] <= '0;
      inc_q <= '0;
    end else begin
      if (inc_q != count_i) inc_q <= count_i;
      count_q[0] <= zero ? '0 : count_q[0] + 1'b1;
      if (inc_q != '0 || zero) begin
        for (int unsigned i = 1; i < NumCounters; i++) begin
          if (zero)                 count_q[i] <= '0;
          else if (inc_q[i] != '0)  count_q[i] <= count_q[i] + 64'(inc_q[i]);
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (snapshot) begin
      for (int unsigned i = 0; i < NumCounters; i++) shot_q[i] <= count_q[i];
    end
    if (req_i.valid) begin
      rdata_q <= rdata;
      err_q   <= err;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) ack_q <= 1'b0;
    else if (req_i.valid != ack_q) ack_q <= req_i.valid;
  end
endmodule
