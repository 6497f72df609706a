// SPDX-License-Identifier: Apache-2.0
// oct_attn_throttle: holds back requests of the engine's ports at random, each with a chance of
// share_i / 256 a cycle. It leaves cores and DMA their part of L1, and shows what refusals cost. With
// share_i = 0 nothing moves and nothing is held. Test: tb/unit/attention/oct_attention_test.cpp.
module oct_attn_throttle
  import oct_config_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic [7:0]             share_i,
  output logic [EnginePorts-1:0] hold_o    // from flip-flops
);
  // Four linear feedback shift registers, x^32 + x^22 + x^2 + x + 1, sixteen steps a cycle; port p
  // takes eight bits of register p % 4 and of its neighbour, so that all ports differ.
  logic [3:0][31:0]       state_q;
  logic [EnginePorts-1:0] hold_q;

  function automatic logic [31:0] step16(input logic [31:0] s);
    logic [31:0] v;
    v = s;
    for (int i = 0; i < 16; i++) v = {v[30:0], v[31] ^ v[21] ^ v[1] ^ v[0]};
    return v;
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= {32'h9e37_79b9, 32'h7f4a_7c15, 32'hbf58_476d, 32'h94d0_49bb};
      hold_q  <= '0;
    end else if (share_i != '0 || hold_q != '0) begin
      for (int i = 0; i < 4; i++) state_q[i] <= step16(state_q[i]);
      for (int p = 0; p < int'(EnginePorts); p++) begin
        hold_q[p] <= (state_q[p%4][8*(p/4)+:8] ^ {state_q[(p+1)%4][27:24], state_q[(p+2)%4][5:2]})
                     < share_i;
      end
    end
  end

  assign hold_o = hold_q;
endmodule
