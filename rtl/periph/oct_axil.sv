// SPDX-License-Identifier: Apache-2.0
// oct_axil: AXI4-Lite subordinate (32-bit data, 24-bit address) to the data bus. One access at a time;
// reads and writes take turns. 0x00_0000: registers, 0x10_0000: L1; elsewhere DECERR; an error on the
// data bus is SLVERR. All pins from or into flip-flops. Test: tb/unit/periph/oct_axil_test.cpp.
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
  typedef enum logic [1:0] {StIdle, StAsk, StWait, StAnswer} state_e;

  state_e      state_q;
  logic        aw_full_q, w_full_q, ar_full_q;   // one register for each channel
  logic [23:0] aw_addr_q, ar_addr_q;
  logic [31:0] w_data_q, r_data_q;
  logic [3:0]  w_strb_q, be_q;
  logic        write_q, b_valid_q, r_valid_q, last_write_q;
  logic [1:0]  resp_q;
  logic [31:0] addr_q, wdata_q;

  logic        start, pick_write;
  logic [23:0] addr;
  logic [31:0] mapped;
  logic        hit;

  assign aw_ready_o = !aw_full_q;
  assign w_ready_o  = !w_full_q;
  assign ar_ready_o = !ar_full_q;
  assign b_valid_o  = b_valid_q;
  assign r_valid_o  = r_valid_q;
  assign b_resp_o   = resp_q;
  assign r_resp_o   = resp_q;
  assign r_data_o   = r_data_q;

  assign pick_write = aw_full_q && w_full_q && !(ar_full_q && last_write_q);
  assign start      = state_q == StIdle && (pick_write || ar_full_q);
  assign addr       = pick_write ? aw_addr_q : ar_addr_q;

  always_comb begin
    hit    = 1'b0;
    mapped = RegBase | {16'b0, addr[15:2], 2'b00};
    if (addr[23:16] == '0) begin
      hit = 1'b1;
    end else if (addr[23:20] == 4'h1 && {12'b0, addr[19:0]} < L1Bytes) begin
      hit    = 1'b1;
      mapped = L1Base | {12'b0, addr[19:2], 2'b00};
    end
  end

  always_comb begin
    data_req_o       = '0;
    data_req_o.valid = state_q == StAsk;
    data_req_o.addr  = addr_q;
    data_req_o.we    = write_q;
    data_req_o.be    = be_q;
    data_req_o.wdata = wdata_q;
    data_req_o.amo   = AmoNone;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q      <= StIdle;
      aw_full_q    <= 1'b0;
      w_full_q     <= 1'b0;
      ar_full_q    <= 1'b0;
      b_valid_q    <= 1'b0;
      r_valid_q    <= 1'b0;
      last_write_q <= 1'b0;
    end else if (aw_valid_i || w_valid_i || ar_valid_i || aw_full_q || w_full_q || ar_full_q ||
                 state_q != StIdle) begin
      if (aw_valid_i && aw_ready_o) aw_full_q <= 1'b1;
      if (w_valid_i && w_ready_o)   w_full_q <= 1'b1;
      if (ar_valid_i && ar_ready_o) ar_full_q <= 1'b1;
      unique case (state_q)
        StIdle: if (start) begin
          last_write_q <= pick_write;
          if (pick_write) begin
            aw_full_q <= 1'b0;
            w_full_q  <= 1'b0;
          end else begin
            ar_full_q <= 1'b0;
          end
          // Without a strobe there is nothing to write.
          if (hit && !(pick_write && w_strb_q == '0)) begin
            state_q <= StAsk;
          end else begin
            state_q   <= StAnswer;
            b_valid_q <= pick_write;
            r_valid_q <= !pick_write;
          end
        end
        StAsk: if (data_rsp_i.ready) state_q <= StWait;
        StWait: if (data_rsp_i.valid) begin
          state_q   <= StAnswer;
          b_valid_q <= write_q;
          r_valid_q <= !write_q;
        end
        default: if (write_q ? b_ready_i : r_ready_i) begin
          state_q   <= StIdle;
          b_valid_q <= 1'b0;
          r_valid_q <= 1'b0;
        end
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (aw_valid_i && aw_ready_o) aw_addr_q <= aw_addr_i;
    if (ar_valid_i && ar_ready_o) ar_addr_q <= ar_addr_i;
    if (w_valid_i && w_ready_o) begin
      w_data_q <= w_data_i;
      w_strb_q <= w_strb_i;
    end
    if (start) begin
      write_q  <= pick_write;
      addr_q   <= mapped;
      wdata_q  <= w_data_q;
      be_q     <= pick_write ? w_strb_q : '1;
      resp_q   <= hit ? AxiOkay : AxiDecErr;
      r_data_q <= '0;
    end
    if (state_q == StWait && data_rsp_i.valid) begin
      resp_q   <= data_rsp_i.err ? AxiSlvErr : AxiOkay;
      r_data_q <= data_rsp_i.err ? '0 : data_rsp_i.rdata;
    end
  end

  `OCT_ASSERT_STREAM(B_A, b_valid_o, b_ready_i, b_resp_o)
  `OCT_ASSERT_STREAM(R_A, r_valid_o, r_ready_i, {r_data_o, r_resp_o})
  `OCT_ASSERT_STREAM(Req_A, data_req_o.valid, data_rsp_i.ready, data_req_o)

  logic unused;
  assign unused = ^{aw_addr_q[1:0], ar_addr_q[1:0]};
endmodule
