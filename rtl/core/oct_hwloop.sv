// SPDX-License-Identifier: Apache-2.0
// oct_hwloop: registers of the two hardware loops (XCVhwlp) and how often each may still turn.
// The fetch stage jumps back ahead of time; an instruction that ends a turn carries a mark, and the
// count falls when it leaves EX. Marks still in the pipeline are subtracted for the fetch stage.
// Test: tb/unit/core/oct_core_test.cpp.
module oct_hwloop (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,

  // Set-up, from EX.
  input  logic             loop_i,        // 0 inner, 1 outer
  input  logic             we_start_i,
  input  logic             we_end_i,
  input  logic             we_count_i,
  input  logic [31:0]      start_i,
  input  logic [31:0]      end_i,
  input  logic [31:0]      count_i,

  input  logic [1:0]       mark_id_i,     // marks in ID and EX
  input  logic [1:0]       mark_ex_i,
  input  logic [1:0]       retire_i,      // marks that leave EX

  output logic [1:0][31:0] start_o,
  output logic [1:0][31:0] end_o,
  output logic [1:0][31:0] count_o,
  output logic [1:0]       alive_o,       // a turn is under way
  output logic [1:0]       again_o,       // and another one follows
  output logic [1:0]       armed_o        // count is not zero, marks not regarded
);
  logic [1:0][31:2] start_q, end_q;
  logic [1:0][31:0] count_q;

  always_comb begin
    alive_o = '0;
    again_o = '0;
    for (int unsigned i = 0; i < 2; i++) begin
      logic [1:0] marks;
      logic       many;
      marks      = '0;
      many       = 1'b0;
      start_o[i] = {start_q[i], 2'b00};
      end_o[i]   = {end_q[i], 2'b00};
      count_o[i] = count_q[i];
      armed_o[i] = count_q[i] != '0;
      if (armed_o[i]) begin
        marks      = {1'b0, mark_id_i[i]} + {1'b0, mark_ex_i[i]};
        many       = count_q[i][31:2] != '0;
        alive_o[i] = many || count_q[i][1:0] > marks;
        again_o[i] = many || {1'b0, count_q[i][1:0]} > {1'b0, marks} + 3'd1;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= '0;
    end else if (clear_i) begin
      count_q <= '0;
    end else if (we_count_i || retire_i != '0) begin
      for (int unsigned i = 0; i < 2; i++) begin
        if (we_count_i && loop_i == 1'(i)) count_q[i] <= count_i;
        else if (retire_i[i]) count_q[i] <= count_q[i] - 32'd1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (we_start_i) start_q[loop_i] <= start_i[31:2];
    if (we_end_i)   end_q[loop_i]   <= end_i[31:2];
  end

  logic unused;
  assign unused = ^{start_i[1:0], end_i[1:0]};
endmodule
