// SPDX-License-Identifier: Apache-2.0
// oct_axil: AXI4-Lite subordinate -> data bus. One access at a time, reads and writes in turn when both
// wait. Addresses: 0x00_0000 registers (64 KiB), 0x10_0000 L1; anything else is answered DECERR, an
// error of the data bus SLVERR. All pins leave from or enter a register.
// Test: tb/unit/periph/oct_axil_test.cpp.
`include "oct_assert.svh"

module oct_axil
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        aw_valid_i,
  output logic        aw_ready_o,
  input  logic [23:0] aw_addr_i,
  input  logic        w_valid_i,
  output logic        w_ready_o,
  input  logic [31:0] w_data_i,
  input  logic [3:0]  w_strb_i,
  output logic        b_valid_o,
  input  logic        b_ready_i,
  output logic [1:0]  b_resp_o,

  input  logic        ar_valid_i,
  output logic        ar_ready_o,
  input  logic [23:0] ar_addr_i,
  output logic        r_valid_o,
  input  logic        r_ready_i,
  output logic [31:0] r_data_o,
  output logic [1:0]  r_resp_o,

  output data_req_t   data_req_o,
  input  data_rsp_t   data_rsp_i
);
  typedef enum logic [1:0] {StIdle, StRequest, StWait, StAnswer} state_e;

  state_e      state_d, state_q;
  logic        aw_full_q, w_full_q, ar_full_q;
  logic [23:0] aw_addr_q, ar_addr_q;
  logic [31:0] w_data_q;
  logic [3:0]  w_strb_q;

  logic        write_d, write_q;      // the access under way; then: the last one
  logic        start, finish, nothing, mapped, in_regs, in_l1;
  logic [23:0] addr;
  logic [31:0] bus_addr_d, bus_addr_q, rdata_d, rdata_q;
  axi_resp_e   resp_d, resp_q;

  assign aw_ready_o = !aw_full_q;
  assign w_ready_o  = !w_full_q;
  assign ar_ready_o = !ar_full_q;

  // ---- What is next --------------------------------------------------------------------------
  assign write_d    = (aw_full_q && w_full_q) && !(ar_full_q && write_q);
  assign start      = state_q == StIdle && ((aw_full_q && w_full_q) || ar_full_q);
  assign addr       = write_d ? aw_addr_q : ar_addr_q;
  assign in_regs    = addr[23:16] == 8'h00;
  assign in_l1      = addr[23:20] == 4'h1 && {12'h0, addr[19:0]} < L1Bytes;
  assign mapped     = in_regs || in_l1;
  assign nothing    = write_d && w_strb_q == 4'h0;
  assign bus_addr_d = in_l1 ? (L1Base | {12'h0, addr[19:2], 2'b00})
                            : (RegBase | {16'h0, addr[15:2], 2'b00});

  always_comb begin
    state_d = state_q;
    resp_d  = resp_q;
    rdata_d = rdata_q;
    finish  = 1'b0;
    unique case (state_q)
      StIdle: begin
        if (start) begin
          resp_d  = mapped ? AxiOkay : AxiDecErr;
          rdata_d = '0;
          state_d = (mapped && !nothing) ? StRequest : StAnswer;
        end
      end
      StRequest: if (data_rsp_i.ready) state_d = StWait;
      StWait: begin
        if (data_rsp_i.valid) begin
          resp_d  = data_rsp_i.err ? AxiSlvErr : AxiOkay;
          rdata_d = data_rsp_i.err ? '0 : data_rsp_i.rdata;
          state_d = StAnswer;
        end
      end
      StAnswer: begin
        finish = write_q ? b_ready_i : r_ready_i;
        if (finish) state_d = StIdle;
      end
      default: state_d = StIdle;
    endcase
  end

  always_comb begin
    data_req_o       = '0;
    data_req_o.valid = state_q == StRequest;
    data_req_o.addr  = bus_addr_q;
    data_req_o.we    = write_q;
    data_req_o.be    = write_q ? w_strb_q : 4'hf;
    data_req_o.wdata = w_data_q;
    data_req_o.amo   = AmoNone;
  end

  assign b_valid_o = state_q == StAnswer && write_q;
  assign r_valid_o = state_q == StAnswer && !write_q;
  assign b_resp_o  = resp_q;
  assign r_resp_o  = resp_q;
  assign r_data_o  = rdata_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q   <= StIdle;
      aw_full_q <= 1'b0;
      w_full_q  <= 1'b0;
      ar_full_q <= 1'b0;
      write_q   <= 1'b0;
    end else begin
      state_q <= state_d;
      if (start) write_q <= write_d;
      if (aw_valid_i && aw_ready_o) aw_full_q <= 1'b1;
      else if (finish && write_q) aw_full_q <= 1'b0;
      if (w_valid_i && w_ready_o) w_full_q <= 1'b1;
      else if (finish && write_q) w_full_q <= 1'b0;
      if (ar_valid_i && ar_ready_o) ar_full_q <= 1'b1;
      else if (finish && !write_q) ar_full_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (aw_valid_i && aw_ready_o) aw_addr_q <= aw_addr_i;
    if (ar_valid_i && ar_ready_o) ar_addr_q <= ar_addr_i;
    if (w_valid_i && w_ready_o) begin
      w_data_q <= w_data_i;
      w_strb_q <= w_strb_i;
    end
    if (start) bus_addr_q <= bus_addr_d;
    resp_q  <= resp_d;
    rdata_q <= rdata_d;
  end

  logic unused;
  assign unused = ^addr[1:0];

  `OCT_ASSERT(BHeld_A, b_valid_o && !b_ready_i |=> b_valid_o && $stable(b_resp_o))
  `OCT_ASSERT(RHeld_A, r_valid_o && !r_ready_i |=> r_valid_o && $stable(r_data_o))
  `OCT_ASSERT(AnswerExpected_A, data_rsp_i.valid |-> state_q == StWait)
endmodule
