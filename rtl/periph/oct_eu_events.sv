// SPDX-License-Identifier: Apache-2.0
// oct_eu_events: which events are pending at each core, and which it looks at. What sets an event
// wins over what clears it in the same cycle; the timer is a level, so it comes back while it lasts.
// Test: tb/unit/periph/oct_event_unit_test.cpp.
module oct_eu_events
  import oct_config_pkg::*;
  import oct_job_pkg::*;
  import oct_periph_pkg::*;
(
  input  logic                               clk_i,
  input  logic                               rst_ni,
  input  logic                               clear_i,
  input  logic [NumCores-1:0]                core_clear_i,   // forget what is this core's

  // What the cores do, with the data that they wrote.
  input  logic [NumCores-1:0]                mask_we_i,
  input  logic [NumCores-1:0]                clr_i,          // ends the events in wdata_i
  input  logic [NumCores-1:0]                take_i,         // ends those that it looks at
  input  logic [NumCores-1:0]                send_i,         // software events to other cores
  input  logic [NumCores-1:0][31:0]          wdata_i,

  input  logic [NumQueues-1:0]               empty_event_i,  // one cycle each
  input  logic                               error_event_i,
  input  logic [NumCores-1:0]                doorbell_i,
  input  logic [NumCores-1:0]                timer_i,        // level

  input  logic                               active_i,       // cores do something
  output logic                               raise_o,        // an event is set in this cycle
  output logic [NumCores-1:0][NumEvents-1:0] mask_o,
  output logic [NumCores-1:0][NumEvents-1:0] pending_o
);
  logic [NumCores-1:0]                timer_new;
  logic [NumCores-1:0][NumEvents-1:0] mask_q, pend_q, pend_d, set;

  assign mask_o    = mask_q;
  assign pending_o = pend_q;

  always_comb begin
    for (int unsigned c = 0; c < NumCores; c++) begin
      timer_new[c] = timer_i[c] && !pend_q[c][EvTimer] && !core_clear_i[c];
    end
    raise_o = empty_event_i != '0 || error_event_i || doorbell_i != '0 || timer_new != '0 ||
              send_i != '0 || (timer_i & (clr_i | take_i)) != '0;
    set     = '0;
    if (raise_o) begin
      for (int unsigned c = 0; c < NumCores; c++) begin
        set[c][EvQueue+:NumQueues] = empty_event_i;
        set[c][EvError]            = error_event_i;
        set[c][EvDoorbell]         = doorbell_i[c];
        set[c][EvTimer]            = timer_i[c];
        for (int unsigned s = 0; s < NumCores; s++) begin
          if (send_i[s] && wdata_i[s][c]) set[c][EvSoft+:8] |= wdata_i[s][23:16];
        end
      end
    end
    for (int unsigned c = 0; c < NumCores; c++) begin
      pend_d[c] = pend_q[c];
      if (clr_i[c])  pend_d[c] = pend_q[c] & ~wdata_i[c][NumEvents-1:0];
      if (take_i[c]) pend_d[c] = pend_q[c] & ~mask_q[c];
      pend_d[c] |= set[c];
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      mask_q <= '0;
      pend_q <= '0;
    end else if (clear_i) begin
      mask_q <= '0;
      pend_q <= '0;
    end else if (active_i || raise_o) begin
      for (int unsigned c = 0; c < NumCores; c++) begin
        pend_q[c] <= pend_d[c];
        if (mask_we_i[c]) mask_q[c] <= wdata_i[c][NumEvents-1:0];
        if (core_clear_i[c]) begin
          pend_q[c] <= '0;
          mask_q[c] <= '0;
        end
      end
    end
  end

  logic unused;
  always_comb begin
    unused = 1'b0;
    for (int unsigned c = 0; c < NumCores; c++) unused ^= ^wdata_i[c];
  end
endmodule
