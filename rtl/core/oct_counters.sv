// SPDX-License-Identifier: Apache-2.0
// oct_counters: minstret, mcountinhibit and the programmable event counters; mcycle is in
// oct_cycles. A counter of events has HpmWidth bits and wraps; its upper half reads zero.
// Test: tb/unit/core/oct_core_test.cpp.
module oct_counters
  import oct_riscv_pkg::*;
  import oct_core_pkg::*;
(
  input  logic                    clk_i,
  input  logic                    rst_ni,
  input  logic                    clear_i,
  input  logic                    retire_i,
  output logic                    counting_o,  // some events are counted
  input  logic [NumHpmEvents-1:0] events_i,
  input  logic                    read_i,
  input  logic [11:0]             addr_i,
  input  logic                    write_i,
  input  logic [31:0]             wdata_i,
  output logic [31:0]             rdata_o      // zero for what is not here
);
  localparam logic [6:0] KindControl = CsrMcountinhibit[11:5];
  localparam logic [6:0] KindLow     = CsrMcycle[11:5];
  localparam logic [6:0] KindHigh    = CsrMcycleh[11:5];

  // The upper half counts when the lower one is all ones, which a flip-flop knows in advance.
  logic [31:0]         minstret_q, minstreth_q;
  logic                minstret_full_q, counting_q;
  logic [HpmWidth-1:0] count_q [NumHpm];
  logic [3:0]          event_q [NumHpm];
  logic [NumHpm+2:0]   inhibit_q;              // bit 1 stays zero
  logic [15:0]         events;
  logic                control, low, high;

  assign events     = 16'(events_i);
  assign control    = addr_i[11:5] == KindControl;
  assign low        = addr_i[11:5] == KindLow;
  assign high       = addr_i[11:5] == KindHigh;
  assign counting_o = counting_q;

  logic [31:0] cycle_rdata;
  oct_cycles u_cycles (
    .clk_i, .rst_ni, .clear_i, .inhibit_i(inhibit_q[0]),
    .low_i(low && addr_i[4:0] == 5'd0), .high_i(high && addr_i[4:0] == 5'd0),
    .read_i, .write_i, .wdata_i, .rdata_o(cycle_rdata)
  );

  always_comb begin
    rdata_o = cycle_rdata;
    if (read_i) begin
      if (control && addr_i[4:0] == 5'd0) rdata_o = rdata_o | 32'(inhibit_q);
      if (low && addr_i[4:0] == 5'd2)     rdata_o = rdata_o | minstret_q;
      if (high && addr_i[4:0] == 5'd2)    rdata_o = rdata_o | minstreth_q;
      for (int unsigned i = 0; i < NumHpm; i++) begin
        if (control && addr_i[4:0] == 5'(i + 3)) rdata_o = rdata_o | 32'(event_q[i]);
        if (low && addr_i[4:0] == 5'(i + 3))     rdata_o = rdata_o | 32'(count_q[i]);
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      minstret_q      <= '0;
      minstreth_q     <= '0;
      minstret_full_q <= 1'b0;
    end else if (clear_i) begin
      minstret_q      <= '0;
      minstreth_q     <= '0;
      minstret_full_q <= 1'b0;
    end else if (retire_i || write_i) begin
      if (retire_i && !inhibit_q[2]) begin
        minstret_q      <= minstret_q + 32'd1;
        minstreth_q     <= minstreth_q + 32'(minstret_full_q);
        minstret_full_q <= minstret_q == 32'hffff_fffe;
      end
      // A write wins over the count of its own instruction.
      if (write_i && addr_i[4:0] == 5'd2 && low) begin
        minstret_q      <= wdata_i;
        minstreth_q     <= minstreth_q;
        minstret_full_q <= &wdata_i;
      end
      if (write_i && addr_i[4:0] == 5'd2 && high) begin
        minstret_q      <= minstret_q;
        minstreth_q     <= wdata_i;
        minstret_full_q <= minstret_full_q;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      inhibit_q  <= '0;
      counting_q <= 1'b0;
      for (int unsigned i = 0; i < NumHpm; i++) event_q[i] <= '0;
    end else if (clear_i) begin
      inhibit_q  <= '0;
      counting_q <= 1'b0;
      for (int unsigned i = 0; i < NumHpm; i++) event_q[i] <= '0;
    end else if (write_i && control) begin
      if (addr_i[4:0] == 5'd0) inhibit_q <= {wdata_i[NumHpm+2:2], 1'b0, wdata_i[0]};
      for (int unsigned i = 0; i < NumHpm; i++) begin
        if (addr_i[4:0] == 5'(i + 3)) event_q[i] <= wdata_i[3:0];
      end
      counting_q <= 1'b1;
    end
  end

  // A core held and released has its events set to none; the counts stand as they were.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      for (int unsigned i = 0; i < NumHpm; i++) count_q[i] <= '0;
    end else if (counting_q || write_i) begin
      for (int unsigned i = 0; i < NumHpm; i++) begin
        if (write_i && low && addr_i[4:0] == 5'(i + 3)) count_q[i] <= wdata_i[HpmWidth-1:0];
        else if (event_q[i] != 4'd0 && events[event_q[i]] && !inhibit_q[i+3]) begin
          count_q[i] <= count_q[i] + 1'b1;
        end
      end
    end
  end
endmodule
