// SPDX-License-Identifier: Apache-2.0
// oct_queue_regs: register port of the queues: rings, semaphores, parameter registers. Ring
// registers answer after two cycles, doorbells after five, semaphores once their access is through.
// Test: tb/unit/periph/oct_queues_test.cpp.
`include "oct_assert.svh"

module oct_queue_regs
  import oct_config_pkg::*;
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
#(
  localparam int unsigned CountWidth = $clog2(QueueUnits + 1),
  localparam int unsigned PregWidth  = $clog2(NumPregs)
) (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,

  input  reg_req_t                             req_i,
  output reg_rsp_t                             rsp_o,

  output logic                                 ring_wr_o,
  output logic [2:0]                           ring_queue_o,
  output logic [1:0]                           ring_reg_o,
  output logic [31:0]                          ring_data_o,
  input  logic                                 ring_busy_i,
  input  logic [31:0]                          ring_rdata_i,

  output logic                                 sem_valid_o,
  output sem_op_e                              sem_op_o,
  output logic [5:0]                           sem_idx_o,
  output logic [15:0]                          sem_data_o,
  input  logic                                 sem_grant_i,
  input  sem_news_t                            news_i,
  input  logic [63:0]                          poison_i,
  output logic                                 sem_clear_o,

  input  logic [PregWidth-1:0]                 preg_i,
  output logic [31:0]                          preg_o,

  input  logic [NumQueues-1:0]                 busy_i,
  input  logic [NumQueues-1:0]                 dead_i,
  input  logic [NumQueues-1:0][CountWidth-1:0] units_i,
  input  head_status_t [NumQueues-1:0]         status_i
);
  logic unused_news;
  assign unused_news = ^{news_i.valid, news_i.all, news_i.sem};

  // Offsets as in oct_regs.rdl: queues 0x000 + 0x40 q, semaphores 0x400, add 0x500, parameters
  // 0x600, poison 0x680, semaphore clear 0x688.
  typedef enum logic [2:0] {RgIdle, RgLook, RgBell, RgSem, RgNews1, RgNews2, RgAck} rg_e;
  rg_e         state_q;
  logic        we_q, err_q;
  logic [11:0] addr_q;
  logic [31:0] wdata_q, rdata_q;
  logic [31:0] preg_q [NumPregs];

  logic [2:0]  queue;
  logic [5:0]  idx;
  logic        is_queue, is_sem, is_preg, err;
  logic [6:0]  on_chip;      // QueueUnits is at most 64
  logic [31:0] rdata;
  head_status_t st;

  assign queue    = ({29'b0, addr_q[8:6]} < NumQueues) ? addr_q[8:6] : '0;
  assign idx      = addr_q[7:2];
  assign is_queue = addr_q[11:9] == 3'd0 && {29'b0, addr_q[8:6]} < NumQueues;
  assign is_sem   = addr_q[11:9] == 3'd2 && {26'b0, idx} < NumSems;
  assign is_preg  = addr_q[11:7] == 5'h0c && {27'b0, addr_q[6:2]} < NumPregs;
  assign st       = status_i[queue];
  always_comb begin
    on_chip = '0;
    on_chip[CountWidth-1:0] = units_i[queue];
  end

  assign ring_queue_o = queue;
  assign ring_reg_o   = addr_q[3:2];
  assign ring_data_o  = wdata_q;
  assign ring_wr_o    = state_q == RgLook && is_queue && we_q && !err;

  assign sem_valid_o = state_q == RgSem;
  assign sem_op_o    = (we_q && !addr_q[8]) ? SemSet : SemAdd;
  assign sem_idx_o   = idx;
  assign sem_data_o  = we_q ? wdata_q[15:0] : '0;
  assign sem_clear_o = state_q == RgLook && addr_q == 12'h688 && we_q && !err;

  assign preg_o = preg_q[preg_i];

  // ---- Decode: one cycle, everything else is slower anyway -------------------------------------
  always_comb begin
    err   = 1'b1;
    rdata = '0;
    if (state_q == RgLook) begin
      if (is_queue) begin
        unique case (addr_q[5:2])
          4'h0, 4'h1: err = we_q && busy_i[queue];
          4'h2:       err = we_q;
          4'h3:       err = 1'b0;
          4'h4: begin
            err   = we_q;
            rdata = {5'b0, st.in_flight, 1'b0, on_chip, 1'b0, st.which, st.sem,
                     2'b0, st.poisoned, dead_i[queue], st.offered, st.waiting, st.valid,
                     busy_i[queue]};
          end
          4'h5: begin
            err   = we_q;
            rdata = {8'b0, st.op, st.tag};
          end
          4'h6: begin
            err   = we_q;
            rdata = {st.found, st.wanted};
          end
          default: ;
        endcase
        if (addr_q[5:4] == 2'b00) rdata = ring_rdata_i;
      end else if (is_sem) begin
        err = 1'b0;
      end else if (is_preg) begin
        err   = 1'b0;
        rdata = preg_q[addr_q[PregWidth+1:2]];
      end else if (addr_q == 12'h680 || addr_q == 12'h684) begin
        err   = we_q;
        rdata = addr_q[2] ? poison_i[63:32] : poison_i[31:0];
      end else if (addr_q == 12'h688) begin
        err = we_q && busy_i != '0;
      end
    end
  end

  assign rsp_o.ack   = state_q == RgAck;
  assign rsp_o.err   = err_q;
  assign rsp_o.rdata = rdata_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= RgIdle;
    end else if (req_i.valid || state_q != RgIdle) begin
      unique case (state_q)
        RgIdle:  state_q <= RgLook;
        RgLook: begin
          if (is_sem)                                          state_q <= RgSem;
          else if (ring_wr_o && ring_reg_o == 2'd3)            state_q <= RgBell;
          else                                                 state_q <= RgAck;
        end
        RgBell:  if (!ring_busy_i) state_q <= RgAck;
        RgSem:   if (sem_grant_i) state_q <= RgNews1;
        RgNews1: state_q <= RgNews2;
        RgNews2: state_q <= RgAck;
        default: state_q <= RgIdle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (req_i.valid && state_q == RgIdle) begin
      we_q    <= req_i.we;
      addr_q  <= req_i.addr;
      wdata_q <= req_i.wdata;
    end
    if (state_q == RgLook) begin
      err_q   <= err;
      rdata_q <= rdata;
    end
    // Two cycles after the grant the news are about this access.
    if (state_q == RgNews2) rdata_q <= {15'b0, news_i.poison, news_i.value};
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      for (int unsigned i = 0; i < NumPregs; i++) preg_q[i] <= '0;
    end else if (state_q == RgLook && is_preg && we_q) begin
      preg_q[addr_q[PregWidth+1:2]] <= wdata_q;
    end
  end

  `OCT_ASSERT(OneAtATime_A, req_i.valid |-> state_q == RgIdle)
endmodule
