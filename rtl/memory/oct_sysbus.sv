// SPDX-License-Identifier: Apache-2.0
// oct_sysbus: the cores and the host to the registers (one access at a time) and to L2 (many at
// once), both round-robin. From a request to its appearance at either side 2 cycles, answers 1
// cycle. A master asks one side at a time and keeps loads and stores apart (oct_core_demux), so its
// answers need no reordering here. An address of neither side is answered with an error.
// Test: tb/unit/memory/oct_sysbus_test.cpp.
`include "oct_assert.svh"

module oct_sysbus
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_l2_pkg::*;
(
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       clear_i,  // takes nothing more from cores, ends all it took
  output logic                       idle_o,     // nothing of any core is held or on its way

  input  data_req_t [NumMasters-1:0] req_i,      // the cores, then the host
  output data_rsp_t [NumMasters-1:0] rsp_o,

  output data_req_t                  reg_req_o,
  input  data_rsp_t                  reg_rsp_i,

  output data_req_t                  l2_req_o,   // valid and payload hold until l2_ready_i
  output master_t                    l2_master_o,
  input  logic                       l2_ready_i,
  input  l2_ans_t                    l2_load_i,
  input  logic [31:0]                l2_rdata_i,   // with l2_load_i
  input  l2_ans_t                    l2_store_i
);
  typedef enum logic [1:0] {StIdle, StAsk, StWait, StRefuse} state_e;
  localparam logic [NumMasters-1:0] HostOnly = NumMasters'(1) << Host;

  // ---- One register per master -------------------------------------------------------------
  logic [NumMasters-1:0] valid_q, to_l2_q, mapped_q, arrive, accept_mask;
  data_req_t             held_q [NumMasters];
  logic [NumMasters-1:0] want_reg, want_l2, gnt_reg, gnt_l2, leave;
  master_t               idx_reg, idx_l2;
  logic                  take_reg, take_l2;

  always_comb begin
    accept_mask = ~valid_q & (clear_i ? HostOnly : '1);
    for (int unsigned i = 0; i < NumMasters; i++) arrive[i] = req_i[i].valid && accept_mask[i];
  end

  assign leave = ({NumMasters{take_reg}} & gnt_reg) | ({NumMasters{take_l2}} & gnt_l2);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= '0;
    end else if (arrive != '0 || valid_q != '0) begin
      valid_q <= (valid_q & ~leave) | arrive;
    end
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned i = 0; i < NumMasters; i++) begin
      if (arrive[i]) begin
        held_q[i]   <= req_i[i];
        to_l2_q[i]  <= region_of(req_i[i].addr) == RegionL2;
        mapped_q[i] <= region_of(req_i[i].addr) == RegionReg;
      end
    end
  end

  assign want_reg = valid_q & ~to_l2_q;
  assign want_l2  = valid_q & to_l2_q;

  oct_rr_arb #(.N(NumMasters)) u_reg_arb (
    .clk_i, .rst_ni, .req_i(want_reg), .take_i(take_reg), .gnt_o(gnt_reg), .idx_o(idx_reg)
  );
  oct_rr_arb #(.N(NumMasters)) u_l2_arb (
    .clk_i, .rst_ni, .req_i(want_l2), .take_i(take_l2), .gnt_o(gnt_l2), .idx_o(idx_l2)
  );

  // ---- Registers: one access at a time -----------------------------------------------------
  state_e    state_d, state_q;
  data_req_t reg_q;
  master_t   reg_master_q;
  logic      reg_done;

  assign take_reg = state_q == StIdle && want_reg != '0;
  assign reg_done = (state_q == StWait && reg_rsp_i.valid) || state_q == StRefuse;

  always_comb begin
    state_d = state_q;
    unique case (state_q)
      StIdle:  if (take_reg) state_d = mapped_q[idx_reg] ? StAsk : StRefuse;
      StAsk:   if (reg_rsp_i.ready) state_d = StWait;
      default: if (reg_done) state_d = StIdle;
    endcase
  end

  always_comb begin
    reg_req_o       = reg_q;
    reg_req_o.valid = state_q == StAsk;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) state_q <= StIdle;
    else if (state_d != state_q) state_q <= state_d;
  end

  always_ff @(posedge clk_i) begin
    if (take_reg) begin
      reg_q        <= held_q[idx_reg];
      reg_master_q <= idx_reg;
    end
  end

  // ---- L2 ----------------------------------------------------------------------------------
  logic      l2_valid_q;
  data_req_t l2_q;
  master_t   l2_master_q;

  assign take_l2     = want_l2 != '0 && (!l2_valid_q || l2_ready_i);
  assign l2_master_o = l2_master_q;

  always_comb begin
    l2_req_o       = l2_q;
    l2_req_o.valid = l2_valid_q;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      l2_valid_q <= 1'b0;
    end else if (take_l2) begin
      l2_valid_q <= 1'b1;
    end else if (l2_ready_i) begin
      l2_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take_l2) begin
      l2_q        <= held_q[idx_l2];
      l2_master_q <= idx_l2;
    end
  end

  // ---- Answers -----------------------------------------------------------------------------
  function automatic logic [NumMasters-1:0] one_hot(logic enable, master_t master);
    logic [NumMasters-1:0] bits;
    bits = '0;
    for (int unsigned i = 0; i < NumMasters; i++) bits[i] = enable && master == master_t'(i);
    return bits;
  endfunction

  logic [NumMasters-1:0] to_reg_q, to_load_q, to_store_q;
  logic                  reg_err_q, load_err_q, store_err_q;
  logic [31:0]           reg_rdata_q, load_rdata_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      to_reg_q   <= '0;
      to_load_q  <= '0;
      to_store_q <= '0;
    end else begin
      to_reg_q   <= one_hot(reg_done, reg_master_q);
      to_load_q  <= one_hot(l2_load_i.valid, l2_load_i.master);
      to_store_q <= one_hot(l2_store_i.valid, l2_store_i.master);
    end
  end

  always_ff @(posedge clk_i) begin
    if (reg_done) begin
      reg_err_q   <= state_q == StRefuse || reg_rsp_i.err;
      reg_rdata_q <= reg_rsp_i.rdata;
    end
    if (l2_load_i.valid) begin
      load_err_q   <= l2_load_i.err;
      load_rdata_q <= l2_rdata_i;
    end
    if (l2_store_i.valid) store_err_q <= l2_store_i.err;
  end

  always_comb begin
    for (int unsigned i = 0; i < NumMasters; i++) begin
      rsp_o[i].ready = accept_mask[i];
      rsp_o[i].valid = to_reg_q[i] || to_load_q[i] || to_store_q[i];
      rsp_o[i].err   = (to_reg_q[i] && reg_err_q) || (to_load_q[i] && load_err_q)
                       || (to_store_q[i] && store_err_q);
      rsp_o[i].rdata = to_reg_q[i] ? reg_rdata_q : load_rdata_q;
    end
  end

  assign idle_o = valid_q[NumCores-1:0] == '0 && !l2_valid_q
                  && (state_q == StIdle || reg_master_q == master_t'(Host));

  `OCT_ASSERT(OneAnswer_A,
      ((to_reg_q & to_load_q) | (to_reg_q & to_store_q) | (to_load_q & to_store_q)) == '0)
  `OCT_ASSERT(RegAnswerExpected_A, reg_rsp_i.valid |-> state_q == StWait)
  `OCT_ASSERT_STREAM(RegHeld_A, reg_req_o.valid, reg_rsp_i.ready, reg_req_o)
  `OCT_ASSERT_STREAM(L2Held_A, l2_req_o.valid, l2_ready_i, l2_req_o)
endmodule
