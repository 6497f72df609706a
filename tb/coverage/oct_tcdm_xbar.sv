// SPDX-License-Identifier: Apache-2.0
// Cover points of oct_tcdm_xbar: who refuses whom, locks, and masters that are let through.
`include "oct_assert.svh"

module cover_oct_tcdm_xbar
  import oct_tcdm_pkg::*;
(
  input logic                   clk_i,
  input logic                   rst_ni,
  input logic                   clear_i,
  input logic                   asked,
  input banks_t [NumNarrow-1:0] narrow_ask,
  input banks_t [NumWord-1:0]   word_ask,
  input banks_t [NumLine-1:0]   line_ask,
  input banks_t [NumNarrow-1:0] narrow_gnt_o,
  input banks_t [NumWord-1:0]   word_gnt_o,
  input banks_t [NumLine-1:0]   line_gnt_o,
  input narrow_req_t [NumNarrow-1:0] narrow_i,
  input banks_t                 held,
  input banks_t                 hold,
  input banks_t                 word_any,
  input logic [NumLine-1:0]     line_first,
  input logic [NumMasters-1:0]  vip
);
  banks_t narrow_any, narrow_got, narrow_twice, word_twice, word_got, line_got;
  logic   owner, vip_narrow, vip_word, vip_line;
  always_comb begin
    {narrow_any, narrow_got, narrow_twice, word_twice, word_got} = '0;
    owner = 1'b0;
    for (int m = 0; m < int'(NumNarrow); m++) begin
      narrow_twice = narrow_twice | (narrow_any & narrow_ask[m]);
      narrow_any   = narrow_any | narrow_ask[m];
      narrow_got   = narrow_got | narrow_gnt_o[m];
      owner        = owner | (narrow_i[m].valid && narrow_i[m].owner);
    end
    for (int m = 0; m < int'(NumWord); m++) begin
      word_twice = word_twice | (word_got & word_ask[m]);
      word_got   = word_got | word_ask[m];
    end
    line_got   = line_gnt_o[0] | line_gnt_o[1];
    vip_narrow = vip[NumNarrow-1:0] != '0;
    vip_word   = vip[NumNarrow +: NumWord] != '0;
    vip_line   = vip[NumNarrow+NumWord +: NumLine] != '0;
  end
  `OCT_COVER(CoresMeet_C, narrow_twice != '0)
  `OCT_COVER(WordsMeet_C, word_twice != '0)
  `OCT_COVER(LinesMeet_C, (line_ask[0] & line_ask[1]) != '0)
  `OCT_COVER(WordBeforeCore_C, (word_any & narrow_any) != '0)
  `OCT_COVER(WordBeforeLine_C, (word_any & (line_ask[0] | line_ask[1]) & ~line_got) != '0)
  `OCT_COVER(LineBeforeWord_C, (word_got & line_got) != '0)
  `OCT_COVER(OldLines_C, line_first == '1)
  `OCT_COVER(LineBeforeCore_C, (narrow_any & line_got) != '0)
  `OCT_COVER(BankLocked_C, held != '0 && asked)
  `OCT_COVER(OwnerServed_C, owner)
  `OCT_COVER(VipCore_C, vip_narrow && hold != '0)
  `OCT_COVER(VipWord_C, vip_word && hold != '0)
  `OCT_COVER(VipLine_C, vip_line && hold != '0)
  `OCT_COVER(ClearLocked_C, clear_i && held != '0)
endmodule

bind oct_tcdm_xbar cover_oct_tcdm_xbar u_cover (.*);
