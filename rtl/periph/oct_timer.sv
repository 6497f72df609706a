// SPDX-License-Identifier: Apache-2.0
// oct_timer: mtime, and mtimecmp and msip of every core. One comparator goes round the cores, so a
// timer interrupt comes at most NumCores cycles late; a write to mtimecmp takes it back at once.
// Register accesses take one cycle. Test: tb/unit/periph/oct_ctrl_test.cpp.
module oct_timer
  import oct_config_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic                clk_i,
  input  logic                rst_ni,
  input  reg_req_t            req_i,     // offsets as oct_timer_regs in oct_regs.rdl
  output reg_rsp_t            rsp_o,
  output logic [NumCores-1:0] mtip_o,
  output logic [NumCores-1:0] msip_o
);
  localparam int unsigned IdxWidth = $clog2(NumCores);

  logic [63:0]         time_q;
  logic [31:0]         high_q;              // kept by a read of the low half
  logic [15:0]         div_q, phase_q;
  logic [31:0]         cmp_lo_q [NumCores];
  logic [31:0]         cmp_hi_q [NumCores];
  logic [NumCores-1:0] mtip_q, msip_q;
  logic [IdxWidth-1:0] turn_q;              // the core compared now

  logic [IdxWidth-1:0] cmp_idx, soft_idx;
  logic                is_cmp, is_soft, cmp_ok, soft_ok, tick, reached;
  logic [31:0]         rdata;
  logic                ack_q, err_q, err, unused;
  logic [31:0]         rdata_q;

  assign unused   = ^{req_i.addr[11:8], req_i.addr[1:0]};
  assign cmp_idx  = IdxWidth'({1'b0, req_i.addr[6:3]} - 5'd8);
  assign soft_idx = IdxWidth'({1'b0, req_i.addr[5:2]} - 5'd4);
  assign is_cmp   = req_i.addr[7:6] != 2'b00;
  assign is_soft  = !is_cmp && req_i.addr[7:2] >= 6'd4;
  assign cmp_ok   = is_cmp && {26'b0, req_i.addr[7:2]} < 16 + 2 * NumCores;
  assign soft_ok  = is_soft && {26'b0, req_i.addr[7:2]} < 4 + NumCores;
  assign tick     = phase_q == div_q;
  assign reached  = time_q >= {cmp_hi_q[turn_q], cmp_lo_q[turn_q]};
  assign mtip_o   = mtip_q;
  assign msip_o   = msip_q;
  assign rsp_o    = '{ack: ack_q, err: err_q, rdata: rdata_q};

  always_comb begin
    rdata = '0;
    err   = 1'b0;
    if (req_i.valid) begin
      if (cmp_ok)                          rdata = req_i.addr[2] ? cmp_hi_q[cmp_idx] :
                                                                   cmp_lo_q[cmp_idx];
      else if (soft_ok)                    rdata = {31'b0, msip_q[soft_idx]};
      else if (req_i.addr[7:2] == 6'd0)    rdata = time_q[31:0];
      else if (req_i.addr[7:2] == 6'd1)    rdata = high_q;
      else if (req_i.addr[7:2] == 6'd2)    rdata = {16'b0, div_q};
      else                                 err   = 1'b1;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      time_q  <= '0;
      phase_q <= '0;
      turn_q  <= '0;
      mtip_q  <= '0;
    end else begin
      turn_q  <= (turn_q == IdxWidth'(NumCores - 1)) ? '0 : turn_q + 1'b1;
      phase_q <= tick ? '0 : phase_q + 1'b1;
      if (tick) time_q <= time_q + 1'b1;
      if (mtip_q[turn_q] != reached) mtip_q[turn_q] <= reached;
      if (req_i.valid && req_i.we) begin
        if (req_i.addr[7:2] == 6'd0) time_q[31:0] <= req_i.wdata;
        if (req_i.addr[7:2] == 6'd1) time_q[63:32] <= req_i.wdata;
        if (req_i.addr[7:2] == 6'd2) phase_q <= '0;
        if (cmp_ok) mtip_q[cmp_idx] <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      high_q <= '0;
      div_q  <= '0;
      msip_q <= '0;
      ack_q  <= 1'b0;
      for (int unsigned i = 0; i < NumCores; i++) begin
        cmp_lo_q[i] <= '1;
        cmp_hi_q[i] <= '1;
      end
    end else if (req_i.valid || ack_q) begin
      ack_q <= req_i.valid;
      if (req_i.valid && !req_i.we && req_i.addr[7:2] == 6'd0) high_q <= time_q[63:32];
      if (req_i.valid && req_i.we) begin
        if (req_i.addr[7:2] == 6'd2) div_q <= req_i.wdata[15:0];
        if (soft_ok) msip_q[soft_idx] <= req_i.wdata[0];
        if (cmp_ok && !req_i.addr[2]) cmp_lo_q[cmp_idx] <= req_i.wdata;
        if (cmp_ok && req_i.addr[2])  cmp_hi_q[cmp_idx] <= req_i.wdata;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (req_i.valid) begin
      rdata_q <= rdata;
      err_q   <= err;
    end
  end
endmodule
