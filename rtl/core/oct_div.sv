// SPDX-License-Identifier: Apache-2.0
// oct_div: DIV, DIVU, REM, REMU; one quotient bit a cycle, leading zeros of the dividend eight at a
// time. 13 to 34 cycles. `start_i` holds until `done_o`; the result stands in the cycle of done_o.
// Test: tb/unit/core/oct_core_test.cpp, tb/lockstep.
module oct_div (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,

  input  logic        start_i,
  input  logic        rem_i,       // remainder, else quotient
  input  logic        unsigned_i,
  input  logic [31:0] a_i,
  input  logic [31:0] b_i,
  output logic        done_o,
  output logic [31:0] result_o
);
  typedef enum logic [1:0] {StIdle, StRun, StDone} state_e;
  state_e      state_q;
  logic [4:0]  left_q;             // quotient bits to come, minus one
  logic [31:0] quo_q;              // dividend bits not used yet, then quotient bits
  logic [31:0] rem_q;
  logic        neg_q;              // the result changes its sign
  logic [32:0] shifted, diff;
  logic        a_neg, b_neg;
  logic [31:0] raw;

  assign a_neg    = !unsigned_i && a_i[31];
  assign b_neg    = !unsigned_i && b_i[31];
  assign shifted  = {rem_q, quo_q[31]};
  // a_i and b_i stand until the end: the divisor's magnitude is never stored.
  assign diff     = shifted + ({b_neg, b_i} ^ {33{!b_neg}}) + {32'd0, !b_neg};
  assign raw      = rem_i ? rem_q : quo_q;
  assign result_o = neg_q ? -raw : raw;
  assign done_o   = state_q == StDone;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= StIdle;
    end else if (clear_i) begin
      state_q <= StIdle;
    end else if (start_i || state_q != StIdle) begin
      unique case (state_q)
        StIdle:  state_q <= StRun;
        StRun:   if (left_q == 5'd0) state_q <= StDone;
        default: state_q <= StIdle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i && state_q == StIdle) begin
      quo_q  <= a_neg ? -a_i : a_i;
      rem_q  <= '0;
      left_q <= 5'd31;
      // By zero: the quotient is all ones whatever the signs are.
      neg_q  <= rem_i ? a_neg : ((a_neg != b_neg) && b_i != '0);
    end else if (state_q == StRun) begin
      if (left_q > 5'd8 && quo_q[31:24] == '0 && rem_q == '0) begin
        quo_q  <= quo_q << 8;
        left_q <= left_q - 5'd8;
        // Eight zero bits divided by zero are still eight ones.
        if (b_i == '0) quo_q[7:0] <= '1;
      end else begin
        quo_q  <= {quo_q[30:0], !diff[32]};
        rem_q  <= diff[32] ? shifted[31:0] : diff[31:0];
        left_q <= left_q - 5'd1;
      end
    end
  end
endmodule
