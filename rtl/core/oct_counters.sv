// SPDX-License-Identifier: Apache-2.0
// oct_counters: mcycle, minstret, mcountinhibit and the programmable event counters.
// A counter of events has HpmWidth bits and wraps; its upper half reads zero.
// Test: tb/unit/core/oct_core_test.cpp.
module oct_counters
  import oct_riscv_pkg::*;
  import oct_core_pkg::*;
(
  input  logic                    clk_i,
  input  logic                    rst_ni,
  input  logic                    clear_i,
  input  logic                    retire_i,
  input  logic [NumHpmEvents-1:0] events_i,
  input  logic [11:0]             addr_i,
  input  logic                    write_i,
  input  logic [31:0]             wdata_i,
  output logic [31:0]             rdata_o     // zero for what is not here
);
  localparam logic [6:0] KindControl = CsrMcountinhibit[11:5];
  localparam logic [6:0] KindLow     = CsrMcycle[11:5];
  localparam logic [6:0] KindHigh    = CsrMcycleh[11:5];
  localparam logic [4:0] LastHpm = 5'(3 + NumHpm - 1);

  // The upper half counts when the lower one is all ones, which a flip-flop knows in advance.
  logic [63:0]                     mcycle_q, minstret_q;
  logic                            mcycle_full_q, minstret_full_q;
  logic [NumHpm-1:0][HpmWidth-1:0] count_q;
  logic [NumHpm-1:0][3:0]          event_q;
  logic [NumHpm+2:0]               inhibit_q;   // bit 1 stays zero
  logic                            is_hpm;
  logic [$clog2(NumHpm)-1:0]       hpm;
  logic [15:0]                     events;

  assign is_hpm = addr_i[4:0] >= 5'd3 && addr_i[4:0] <= LastHpm;
  assign hpm    = $clog2(NumHpm)'(addr_i[4:0] - 5'd3);
  assign events = 16'(events_i);

  always_comb begin
    rdata_o = '0;
    unique case (addr_i[11:5])
      KindControl: begin
        if (is_hpm) rdata_o = {28'd0, event_q[hpm]};
        else if (addr_i[4:0] == 5'd0) rdata_o = 32'(inhibit_q);
      end
      KindLow: begin
        if (is_hpm) rdata_o = 32'(count_q[hpm]);
        else if (addr_i[4:0] == 5'd0) rdata_o = mcycle_q[31:0];
        else if (addr_i[4:0] == 5'd2) rdata_o = minstret_q[31:0];
      end
      KindHigh: begin
        if (addr_i[4:0] == 5'd0) rdata_o = mcycle_q[63:32];
        else if (addr_i[4:0] == 5'd2) rdata_o = minstret_q[63:32];
      end
      default: ;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      mcycle_q   <= '0;
      minstret_q <= '0;
      mcycle_full_q   <= 1'b0;
      minstret_full_q <= 1'b0;
      inhibit_q  <= '0;
      event_q    <= '0;
      count_q    <= '0;
    end else if (clear_i) begin
      mcycle_q   <= '0;
      minstret_q <= '0;
      mcycle_full_q   <= 1'b0;
      minstret_full_q <= 1'b0;
      inhibit_q  <= '0;
      event_q    <= '0;
      count_q    <= '0;
    end else begin
      if (!inhibit_q[0]) begin
        mcycle_q      <= {mcycle_q[63:32] + 32'(mcycle_full_q), mcycle_q[31:0] + 32'd1};
        mcycle_full_q <= mcycle_q[31:0] == 32'hffff_fffe;
      end
      if (retire_i && !inhibit_q[2]) begin
        minstret_q      <= {minstret_q[63:32] + 32'(minstret_full_q), minstret_q[31:0] + 32'd1};
        minstret_full_q <= minstret_q[31:0] == 32'hffff_fffe;
      end
      for (int unsigned i = 0; i < NumHpm; i++) begin
        if (event_q[i] != 4'd0 && events[event_q[i]] &&
            !inhibit_q[i+3]) count_q[i] <= count_q[i] + 1'b1;
      end
      // A write wins over the count of its own cycle.
      if (write_i) begin
        unique case (addr_i[11:5])
          KindControl: begin
            if (is_hpm) event_q[hpm] <= wdata_i[3:0];
            else if (addr_i[4:0] == 5'd0) inhibit_q <= {wdata_i[NumHpm+2:2], 1'b0, wdata_i[0]};
          end
          KindLow: begin
            if (is_hpm) count_q[hpm] <= wdata_i[HpmWidth-1:0];
            else if (addr_i[4:0] == 5'd0) begin
              mcycle_q      <= {mcycle_q[63:32], wdata_i};
              mcycle_full_q <= &wdata_i;
            end else if (addr_i[4:0] == 5'd2) begin
              minstret_q      <= {minstret_q[63:32], wdata_i};
              minstret_full_q <= &wdata_i;
            end
          end
          KindHigh: begin
            if (addr_i[4:0] == 5'd0) begin
              mcycle_q      <= {wdata_i, mcycle_q[31:0]};
              mcycle_full_q <= mcycle_full_q;
            end else if (addr_i[4:0] == 5'd2) begin
              minstret_q      <= {wdata_i, minstret_q[31:0]};
              minstret_full_q <= minstret_full_q;
            end
          end
          default: ;
        endcase
      end
    end
  end
endmodule
