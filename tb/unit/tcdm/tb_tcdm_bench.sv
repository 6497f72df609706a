// SPDX-License-Identifier: Apache-2.0
// tb_tcdm_bench: oct_tcdm with masters in flip-flops that ask in every cycle while busy_i, each for
// random places, a third of them writing. Measures how fast L1 simulates; nothing is checked.
module tb_tcdm_bench
  import oct_tcdm_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         busy_i,
  output tcdm_events_t events_o,
  output logic [63:0]  sum_o    // of all that was read, so that nothing is optimised away
);
  data_req_t    [NumNarrow-1:0] narrow_q;
  data_rsp_t    [NumNarrow-1:0] narrow_rsp;
  l1_word_req_t [NumWord-1:0]   word_q;
  l1_word_rsp_t [NumWord-1:0]   word_rsp;
  l1_line_req_t [NumLine-1:0]   line_q;
  l1_line_rsp_t [NumLine-1:0]   line_rsp;
  logic                         busy_q, idle;
  logic [31:0]                  random_q;

  function automatic logic [31:0] mix(input logic [31:0] x, input logic [31:0] salt);
    logic [31:0] h;
    h = (x ^ (salt * 32'h9e37_79b9)) * 32'h85eb_ca6b;
    return h ^ (h >> 15);
  endfunction

  oct_tcdm u_dut (
    .clk_i, .rst_ni, .clear_i (1'b0), .idle_o (idle),
    .narrow_i (narrow_q), .narrow_o (narrow_rsp),
    .word_i   (word_q),   .word_o   (word_rsp),
    .line_i   (line_q),   .line_o   (line_rsp),
    .events_o (events_o)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q   <= 1'b0;
      random_q <= 32'd1;
      narrow_q <= '0;
      word_q   <= '0;
      line_q   <= '0;
      sum_o    <= '0;
    end else begin
      busy_q <= busy_i;
      if (busy_q || !idle) begin
        random_q <= random_q * 32'd1664525 + 32'd1013904223;
        for (int unsigned m = 0; m < NumNarrow; m++) begin
          automatic logic [31:0] r = mix(random_q, m);
          if (!narrow_q[m].valid || narrow_rsp[m].ready) begin
            narrow_q[m].valid <= busy_q;
            narrow_q[m].we    <= r[31:30] == 2'd0;
            narrow_q[m].addr  <= {2'd0, r[29:2], 2'd0};
            narrow_q[m].be    <= 4'hf;
            narrow_q[m].wdata <= r;
          end
        end
        for (int unsigned m = 0; m < NumWord; m++) begin
          automatic logic [31:0] r = mix(random_q, m + 32);
          if (!word_q[m].valid || word_rsp[m].ready) begin
            word_q[m].valid <= busy_q;
            word_q[m].we    <= r[31:30] == 2'd0;
            word_q[m].word  <= r[L1WordWidth-1:0];
            word_q[m].be    <= 8'hff;
            word_q[m].wdata <= {r, r};
          end
        end
        for (int unsigned m = 0; m < NumLine; m++) begin
          automatic logic [31:0] r = mix(random_q, m + 64);
          if ((line_q[m].mask & ~line_rsp[m].ready) == '0) begin
            line_q[m].mask  <= busy_q ? '1 : '0;
            line_q[m].we    <= m == LineWr;
            line_q[m].line  <= r[L1LineWidth-1:0];
            line_q[m].be    <= '1;
            line_q[m].wdata <= {16{r}};
          end else begin
            line_q[m].mask <= line_q[m].mask & ~line_rsp[m].ready;
          end
        end
        sum_o <= sum_o + 64'(narrow_rsp[0].rdata) + word_rsp[0].rdata + line_rsp[LineRd].rdata[63:0] +
            64'(narrow_rsp[NumNarrow-1].rdata) + word_rsp[NumWord-1].rdata + line_rsp[LineRd].rdata[511:448];
      end
    end
  end
endmodule
