// SPDX-License-Identifier: Apache-2.0
// oct_tcdm_resv: one reservation per core, on a 64-bit word of L1. A write to that word by any other
// master ends it in the cycle of the write's grant, and so does the core's own store-conditional,
// whatever its outcome. Test: tb/unit/tcdm/oct_tcdm_test.cpp.
module oct_tcdm_resv
  import oct_tcdm_pkg::*;
  import oct_cluster_pkg::*;
  import oct_config_pkg::*;
(
  input  logic                                  clk_i,
  input  logic                                  rst_ni,
  input  logic                                  clear_i,

  input  logic [NumCores-1:0]                   lr_i,
  input  logic [NumCores-1:0]                   sc_i,

  input  logic [NumNarrow-1:0]                  narrow_wrote_i,  // granted a write in this cycle
  input  logic [NumNarrow-1:0][L1WordWidth-1:0] narrow_word_i,
  input  logic [NumWord-1:0]                    word_wrote_i,
  input  logic [NumWord-1:0][L1WordWidth-1:0]   word_word_i,
  input  logic [LineLanes-1:0]                  line_wrote_i,
  input  logic [L1LineWidth-1:0]                line_line_i,

  output logic [NumCores-1:0]                   reserved_o,
  output logic [NumCores-1:0][L1WordWidth-1:0]  word_o
);
  logic [NumCores-1:0]                  valid_q, ended;
  logic [NumCores-1:0][L1WordWidth-1:0] word_q;

  always_comb begin
    ended = '0;
    if (valid_q != '0) begin
      for (int unsigned r = 0; r < NumCores; r++) begin
        if (valid_q[r]) begin
          for (int unsigned m = 0; m < NumNarrow; m++) begin
            if (m != r && narrow_wrote_i[m] && narrow_word_i[m] == word_q[r]) ended[r] = 1'b1;
          end
          for (int unsigned m = 0; m < NumWord; m++) begin
            if (word_wrote_i[m] && word_word_i[m] == word_q[r]) ended[r] = 1'b1;
          end
          for (int unsigned i = 0; i < LineLanes; i++) begin
            if (line_wrote_i[i] && {line_line_i, 3'(i)} == word_q[r]) ended[r] = 1'b1;
          end
        end
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= '0;
    else if (clear_i) valid_q <= '0;
    else if (valid_q != '0 || lr_i != '0) valid_q <= (valid_q & ~ended & ~sc_i) | lr_i;
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned r = 0; r < NumCores; r++) begin
      if (lr_i[r]) word_q[r] <= narrow_word_i[r];
    end
  end

  assign reserved_o = valid_q;
  assign word_o     = word_q;
endmodule
