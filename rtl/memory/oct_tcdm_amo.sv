// SPDX-License-Identifier: Apache-2.0
// oct_tcdm_amo: a core's port of L1. Loads and stores pass through. An AMO reads with the bank locked,
// keeps the old value, writes two cycles after the read, and is answered one later; the core's request
// stands meanwhile. If it falls (the core is held in reset), the AMO or store-conditional has not
// happened: the port is free in the next cycle, and the lock ends by itself. A store-conditional looks at the reservation first and asks for a bank only if it
// may succeed. Test: tb/unit/tcdm/oct_tcdm_test.cpp.
`include "oct_assert.svh"

module oct_tcdm_amo
  import oct_tcdm_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,
  output logic                   idle_o,

  input  data_req_t              core_i,
  output data_rsp_t              core_o,

  output narrow_req_t            xbar_o,
  input  logic                   xbar_ready_i,
  input  logic [31:0]            xbar_rdata_i,

  input  logic                   reserved_i,  // this port holds a reservation ...
  input  logic [L1WordWidth-1:0] res_word_i,  // ... on this word
  output logic                   lr_o,        // it takes one on xbar_o.word
  output logic                   sc_o         // it loses it
);
  typedef enum logic [1:0] {
    StIdle,
    StOld,    // the old value comes out of the bank
    StWrite,  // the new one goes in: granted for sure
    StSc      // store-conditional, as long as match_q and the reservation hold
  } state_e;

  state_e      state_d, state_q;
  logic        is_rmw, match_q, sc_go, ready, answer_q, local_q;
  logic [31:0] kept_q;

  assign is_rmw = !(core_i.amo inside {AmoNone, AmoLr, AmoSc});
  assign sc_go  = match_q && reserved_i;

  // What is asked for, apart from what comes back, so that no loop seems to lead through the crossbar.
  always_comb begin
    xbar_o.valid = 1'b0;
    xbar_o.lock  = 1'b0;
    xbar_o.owner = 1'b0;
    xbar_o.we    = core_i.we;
    xbar_o.word  = core_i.addr[L1AddrWidth-1:3];
    xbar_o.hi    = core_i.addr[2];
    xbar_o.be    = core_i.be;
    xbar_o.wdata = core_i.wdata;
    unique case (state_q)
      StIdle: begin
        xbar_o.valid = core_i.valid && core_i.amo != AmoSc;
        xbar_o.lock  = is_rmw;
        xbar_o.we    = core_i.we && !is_rmw;
      end
      StOld: ;
      StWrite: begin
        xbar_o.valid = core_i.valid;
        xbar_o.owner = 1'b1;
        xbar_o.wdata = amo_result(core_i.amo, kept_q, core_i.wdata);
      end
      StSc: xbar_o.valid = core_i.valid && sc_go;
      default: ;
    endcase
  end

  always_comb begin
    ready   = 1'b0;
    lr_o    = 1'b0;
    sc_o    = 1'b0;
    state_d = state_q;
    unique case (state_q)
      StIdle: begin
        ready = xbar_ready_i && !is_rmw;
        lr_o  = xbar_ready_i && core_i.amo == AmoLr;
        if (core_i.valid && core_i.amo == AmoSc) state_d = StSc;
        else if (xbar_ready_i && is_rmw) state_d = StOld;
      end
      StOld: state_d = StWrite;
      StWrite: begin
        ready   = xbar_ready_i;
        state_d = StIdle;
      end
      StSc: begin
        ready = sc_go ? xbar_ready_i : !clear_i;
        sc_o  = core_i.valid && ready;
        if (ready) state_d = StIdle;
      end
      default: state_d = StIdle;
    endcase
    if (clear_i || !core_i.valid) state_d = StIdle;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q  <= StIdle;
      answer_q <= 1'b0;
    end else begin
      state_q  <= state_d;
      answer_q <= core_i.valid && ready;
    end
  end

  always_ff @(posedge clk_i) begin
    if (core_i.valid) begin
      match_q <= res_word_i == core_i.addr[L1AddrWidth-1:3];
      local_q <= state_q == StWrite || state_q == StSc;
      if (state_q == StOld) kept_q <= xbar_rdata_i;
      if (state_q == StSc) kept_q <= {31'd0, !sc_go};
    end
  end

  assign core_o.ready = ready;
  assign core_o.valid = answer_q;
  assign core_o.err   = 1'b0;
  assign core_o.rdata = local_q ? kept_q : xbar_rdata_i;
  assign idle_o       = state_q == StIdle && !answer_q;

  `OCT_ASSERT(WriteGranted_A, state_q == StWrite && core_i.valid && !clear_i |-> xbar_ready_i)
endmodule
