// SPDX-License-Identifier: Apache-2.0
// oct_event_unit: events, barriers and job mailboxes; each core has its own port and view
// (docs/architecture/event_unit.md). A request is registered, looked at in the next cycle and
// answered from flip-flops in the one after; a blocking read is looked at again whenever what it
// waits for may have changed. Last arrival at a barrier taken -> all answers: 2 cycles;
// team_valid_i -> JOB_FUNC answered: 2 cycles. Test: tb/unit/periph/oct_event_unit_test.cpp.
`include "oct_assert.svh"

module oct_event_unit
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       clear_i,
  output logic                       idle_o,

  input  data_req_t [NumCores-1:0]   req_i,
  output data_rsp_t [NumCores-1:0]   rsp_o,
  input  logic [NumCores-1:0]        core_clear_i,   // held in reset: forget what it waits for

  input  logic [NumTeams-1:0]        team_valid_i,
  output logic [NumTeams-1:0]        team_ready_o,
  input  team_job_t [NumTeams-1:0]   team_job_i,
  output job_done_t [NumTeams-1:0]   done_o,

  input  logic [NumQueues-1:0]       empty_event_i,  // one cycle each
  input  logic                       error_event_i,
  input  logic [NumCores-1:0]        doorbell_i,
  input  logic [NumCores-1:0]        timer_i         // level
);
  localparam int unsigned BarWidth = $clog2(NumBarriers);

  // ---- Requests ---------------------------------------------------------------------------------
  logic [NumCores-1:0]        fresh_q;                  // came in the cycle before
  logic [NumCores-1:0]        block_q;                  // may have to wait
  logic [NumCores-1:0]        wait_q;                   // does wait
  logic [NumCores-1:0]        we_q, whole_q;
  logic [NumCores-1:0][11:0]  addr_q;
  logic [NumCores-1:0][31:0]  wdata_q;
  logic [NumCores-1:0]        ready, taken;
  logic [NumCores-1:0]        rsp_valid_q, rsp_err_q;
  logic [NumCores-1:0][31:0]  rdata_q;

  // ---- State of the cores -----------------------------------------------------------------------
  logic [NumCores-1:0][NumEvents-1:0] mask, pend, hits;
  logic                       dirty_q;                     // events changed

  always_comb begin
    for (int unsigned c = 0; c < NumCores; c++) begin
      ready[c]       = !(fresh_q[c] && block_q[c]) && !wait_q[c];
      taken[c]       = req_i[c].valid && ready[c];
      rsp_o[c].ready = ready[c];
      rsp_o[c].valid = rsp_valid_q[c];
      rsp_o[c].err   = rsp_err_q[c];
      rsp_o[c].rdata = rdata_q[c];
    end
  end

  // ---- Teams and barriers -----------------------------------------------------------------------
  logic                        active;
  logic [NumCores-1:0]         is_bar;
  logic [NumWorkers-1:0]       offer, job_ok, job_answer;
  logic [NumWorkers-1:0][31:0] job_rdata;

  oct_eu_jobs u_jobs (
    .clk_i, .rst_ni, .clear_i, .core_clear_i(core_clear_i[NumWorkers-1:0]),
    .team_valid_i, .team_ready_o, .team_job_i, .done_o, .active_i(active),
    .ask_i((fresh_q[NumWorkers-1:0] | wait_q[NumWorkers-1:0]) & ~is_bar[NumWorkers-1:0]),
    .we_i(we_q[NumWorkers-1:0]), .whole_i(whole_q[NumWorkers-1:0]),
    .addr_i(addr_q[NumWorkers-1:0]), .wdata_i(wdata_q[NumWorkers-1:0]),
    .offer_o(offer), .ok_o(job_ok), .answer_o(job_answer), .rdata_o(job_rdata)
  );

  logic [NumCores-1:0]                  arrive, released;
  logic [NumCores-1:0][BarWidth-1:0]    bar_idx;
  logic [NumBarriers-1:0][NumCores-1:0] bar_mask;
  logic                                 bar_we;
  logic [BarWidth-1:0]                  bar_we_idx;
  logic [NumCores-1:0]                  bar_wdata;

  oct_eu_barriers u_barriers (
    .clk_i, .rst_ni, .clear_i, .drop_i(core_clear_i),
    .arrive_i(arrive), .idx_i(bar_idx), .release_o(released),
    .mask_we_i(bar_we), .mask_idx_i(bar_we_idx), .mask_i(bar_wdata), .masks_o(bar_mask)
  );

  // ---- What is to be done for each core ---------------------------------------------------------
  logic [NumCores-1:0] busy_q;      // this core may have something to forget
  logic                mask_wait_q; // somebody waits for the port to the barrier masks
  logic [NumCores-1:0] bar_want, bar_turn;
  logic [NumCores-1:0] answer, err;
  logic [NumCores-1:0][31:0] rdata;
  logic [NumCores-1:0] mask_we, evt_clr, evt_take, send;
  logic [NumCores-1:0] bar_ok;

  assign active = fresh_q != '0 || dirty_q || released != '0 ||
                  (wait_q[NumWorkers-1:0] & offer) != '0 || (core_clear_i & busy_q) != '0 ||
                  mask_wait_q;

  // Barriers apart from the rest, so that the answer does not hang on its own question.
  always_comb begin
    for (int unsigned c = 0; c < NumCores; c++) begin
      bar_idx[c] = addr_q[c][BarWidth+2:3];
      is_bar[c]  = addr_q[c][11:8] == 4'h1 && addr_q[c][1:0] == 2'b00 &&
                   {27'b0, addr_q[c][7:3]} < NumBarriers;
      bar_ok[c]  = bar_mask[bar_idx[c]][c];
      hits[c]    = pend[c] & mask[c];
      arrive[c]  = fresh_q[c] && is_bar[c] && addr_q[c][2] && !we_q[c] && bar_ok[c];
    end
  end

  always_comb begin
    answer     = '0;
    err        = '0;
    rdata      = '0;
    mask_we    = '0;
    evt_clr    = '0;
    evt_take   = '0;
    send       = '0;
    bar_we     = 1'b0;
    bar_we_idx = '0;
    bar_wdata  = '0;
    if (active) begin
      for (int unsigned c = 0; c < NumCores; c++) begin
        if (fresh_q[c] || wait_q[c]) begin
          answer[c] = 1'b1;
          err[c]    = 1'b1;
          if (is_bar[c]) begin
            if (addr_q[c][2]) begin
              if (!we_q[c] && (wait_q[c] || bar_ok[c])) begin
                err[c]    = 1'b0;
                answer[c] = released[c];
                rdata[c]  = 32'(bar_mask[bar_idx[c]]);
              end
            end else if (we_q[c]) begin
              // One write a cycle; the others wait.
              if (whole_q[c]) begin
                err[c]    = 1'b0;
                answer[c] = bar_turn[c];
                if (bar_turn[c]) begin
                  bar_we     = 1'b1;
                  bar_we_idx = bar_idx[c];
                  bar_wdata  = wdata_q[c][NumCores-1:0];
                end
              end
            end else begin
              err[c]   = 1'b0;
              rdata[c] = 32'(bar_mask[bar_idx[c]]);
            end
          end else if (!we_q[c]) begin
            unique case (addr_q[c])
              12'h000: begin
                err[c]   = 1'b0;
                rdata[c] = c;
              end
              12'h008: begin
                err[c]   = 1'b0;
                rdata[c] = 32'(mask[c]);
              end
              12'h00c: begin
                err[c]   = 1'b0;
                rdata[c] = 32'(pend[c]);
              end
              12'h014: begin
                err[c]      = 1'b0;
                answer[c]   = hits[c] != '0;
                evt_take[c] = answer[c];
                rdata[c]    = 32'(hits[c]);
              end
              default: ;
            endcase
          end else if (whole_q[c]) begin
            unique case (addr_q[c])
              12'h008: begin
                err[c]     = 1'b0;
                mask_we[c] = 1'b1;
              end
              12'h010: begin
                err[c]     = 1'b0;
                evt_clr[c] = 1'b1;
              end
              12'h018: begin
                err[c]  = 1'b0;
                send[c] = 1'b1;
              end
              default: ;
            endcase
          end
        end
      end
      for (int unsigned w = 0; w < NumWorkers; w++) begin
        if (job_ok[w]) begin
          err[w]    = 1'b0;
          answer[w] = job_answer[w];
          rdata[w]  = job_rdata[w];
        end
      end
    end
  end

  // ---- Barrier masks: the lowest core that wants to write --------------------------------------
  always_comb begin
    for (int unsigned c = 0; c < NumCores; c++) begin
      bar_want[c] = (fresh_q[c] || wait_q[c]) && we_q[c] && whole_q[c] && is_bar[c] &&
                    !addr_q[c][2];
    end
    bar_turn = bar_want & (~bar_want + 1'b1);
  end

  // ---- Events -----------------------------------------------------------------------------------
  logic raise;

  oct_eu_events u_events (
    .clk_i, .rst_ni, .clear_i, .core_clear_i,
    .mask_we_i(mask_we), .clr_i(evt_clr), .take_i(evt_take), .send_i(send), .wdata_i(wdata_q),
    .empty_event_i, .error_event_i, .doorbell_i, .timer_i,
    .active_i(active), .raise_o(raise), .mask_o(mask), .pending_o(pend)
  );

  assign idle_o = fresh_q == '0 && wait_q == '0 && rsp_valid_q == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      fresh_q     <= '0;
      wait_q      <= '0;
      rsp_valid_q <= '0;
      dirty_q     <= 1'b0;
      busy_q      <= '0;
      mask_wait_q <= 1'b0;
    end else if (clear_i) begin
      fresh_q     <= '0;
      wait_q      <= '0;
      rsp_valid_q <= '0;
      dirty_q     <= 1'b0;
      busy_q      <= '0;
      mask_wait_q <= 1'b0;
    end else if (active || taken != '0 || rsp_valid_q != '0 || raise) begin
      fresh_q     <= taken & ~core_clear_i;
      wait_q      <= (wait_q | fresh_q) & ~answer & ~core_clear_i;
      rsp_valid_q <= answer & ~core_clear_i;
      dirty_q     <= raise || mask_we != '0;
      mask_wait_q <= (bar_want & ~bar_turn) != '0;
      busy_q      <= '1;
      for (int unsigned c = 0; c < NumCores; c++) begin
        if (core_clear_i[c]) busy_q[c] <= taken[c];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (taken != '0) begin
      for (int unsigned c = 0; c < NumCores; c++) begin
        if (taken[c]) begin
          addr_q[c]  <= req_i[c].addr[11:0];
          we_q[c]    <= req_i[c].we;
          whole_q[c] <= req_i[c].be == '1;
          wdata_q[c] <= req_i[c].wdata;
          // EVT_WAIT, JOB_FUNC, BARRIER_WAIT; BARRIER_MASK may have to wait for its turn.
          block_q[c] <= req_i[c].addr[11:8] == 4'h1 || req_i[c].addr[11:0] == 12'h014 ||
                        req_i[c].addr[11:0] == 12'h020;
        end
      end
    end
    if (active) begin
      for (int unsigned c = 0; c < NumCores; c++) begin
        if (answer[c]) begin
          rsp_err_q[c] <= err[c];
          rdata_q[c]   <= rdata[c];
        end
      end
    end
  end

  logic unused;
  always_comb begin
    unused = 1'b0;
    for (int unsigned c = 0; c < NumCores; c++) unused ^= ^{req_i[c].amo, req_i[c].addr};
  end
endmodule
