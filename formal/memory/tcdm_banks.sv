// SPDX-License-Identifier: Apache-2.0
// tcdm_banks: the way from a grant to the bank and back, whatever the bank then shows. A bank does what the
// master that it was granted to asks for, and nothing without a grant; one cycle after the grant of a read,
// and at no other time, that master and nobody else has an answer, and its data are those of its bank and
// of its half of the word. So no answer is lost, doubled or misdirected. What is assumed of grants is
// proved in tcdm_xbar; that a core's adapter hands each answer on once, in tcdm_amo. What memories hold is
// their own business: they are left out, so their data are arbitrary in each cycle. One bank is looked at;
// all are made by the same loops. From any state, by induction: for ever.
// @config small
// @files pkg/oct_cluster_pkg.sv memory/oct_tcdm_pkg.sv tech/oct_tech_sram.sv memory/oct_tcdm_banks.sv
// @box oct_tech_sram
// @prove step 4 minisat
// @bug rtl/memory/oct_tcdm_banks.sv :: hi = hi | gnt; :: hi = hi | gnt; narrow_d[m] = 1'b1;
// @bug rtl/memory/oct_tcdm_banks.sv :: req       = req | gnt; :: req       = req | gnt; word_d[m] = word_d[m] && !word_i[0].we;
// @bug rtl/memory/oct_tcdm_banks.sv :: from = banks_t'(1) << bank_q[NumNarrow+m]; :: from = banks_t'(1) << bank_q[m];
// @bug rtl/memory/oct_tcdm_banks.sv :: be[g+i] | line_i[LineWr].be[8*i +: 8]; :: be[g+i] | line_i[LineWr].be[0 +: 8];
// @bug rtl/memory/oct_tcdm_banks.sv :: hi_q   <= hi; :: if (hi != '0) hi_q <= hi;
module tcdm_banks
  import oct_tcdm_pkg::*;
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
(
  input logic                              clk_i,
  input logic                              rst_ni,
  input narrow_req_t  [NumNarrow-1:0]      narrow_i,
  input l1_word_req_t [NumWord-1:0]        word_i,
  input l1_line_req_t [NumLine-1:0]        line_i,
  input logic [NumNarrow-1:0]              narrow_take_i,  // which grants there are, at will
  input logic [NumWord-1:0]                word_take_i,
  input logic [NumLine-1:0][LineLanes-1:0] line_take_i,
  input bank_idx_t [NumMasters-1:0]        bank_i          // where they lie
);
  localparam bank_idx_t   Watched   = bank_idx_t'(NumBanks - 3);
  localparam int unsigned Lane      = (NumBanks - 3) % LineLanes;
  localparam int unsigned FirstLine = NumNarrow + NumWord;

  banks_t [NumNarrow-1:0]     narrow_gnt;
  banks_t [NumWord-1:0]       word_gnt;
  banks_t [NumLine-1:0]       line_gnt;
  logic                       idle;
  logic [NumNarrow-1:0][31:0] narrow_rdata;
  logic [NumWord-1:0]         word_valid;
  logic [NumWord-1:0][63:0]   word_rdata;
  logic [LineLanes-1:0]       line_valid;
  logic [LineWidth-1:0]       line_rdata;

  oct_tcdm_banks u_banks (
    .clk_i, .rst_ni, .idle_o(idle), .narrow_i, .word_i, .line_i, .narrow_gnt_i(narrow_gnt),
    .word_gnt_i(word_gnt), .line_gnt_i(line_gnt), .bank_i, .line_ready_i(line_take_i[LineRd]),
    .narrow_rdata_o(narrow_rdata), .word_valid_o(word_valid), .word_rdata_o(word_rdata),
    .line_valid_o(line_valid), .line_rdata_o(line_rdata)
  );

  // ---- Grants as the crossbar makes them: the bank looked at has one master ---------------------------------
  logic once, twice;
  always_comb begin
    once  = 1'b0;
    twice = 1'b0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      narrow_gnt[m] = narrow_take_i[m] ? banks_t'(1) << bank_i[m] : '0;
      twice         = twice | (once & narrow_gnt[m][Watched]);
      once          = once | narrow_gnt[m][Watched];
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      word_gnt[m] = word_take_i[m] ? banks_t'(1) << bank_i[NumNarrow+m] : '0;
      twice       = twice | (once & word_gnt[m][Watched]);
      once        = once | word_gnt[m][Watched];
    end
    for (int unsigned m = 0; m < NumLine; m++) begin
      line_gnt[m] = '0;
      for (int unsigned b = 0; b < NumBanks; b++) begin
        line_gnt[m][b] = line_take_i[m][b%LineLanes]
                         && bank_i[FirstLine+m] / LineLanes == bank_idx_t'(b / LineLanes);
      end
      twice = twice | (once & line_gnt[m][Watched]);
      once  = once | line_gnt[m][Watched];
    end
  end

  // ---- To the bank ------------------------------------------------------------------------------------------
  logic                     we;
  logic [BankAddrWidth-1:0] row;
  logic [7:0]               be;
  logic [63:0]              wdata;
  always_comb begin
    we    = 1'b0;
    row   = '0;
    be    = '0;
    wdata = '0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      if (narrow_gnt[m][Watched]) begin
        we    = narrow_i[m].we;
        row   = l1_row(narrow_i[m].word);
        be    = narrow_i[m].hi ? {narrow_i[m].be, 4'd0} : {4'd0, narrow_i[m].be};
        wdata = {narrow_i[m].wdata, narrow_i[m].wdata};
      end
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      if (word_gnt[m][Watched]) begin
        we    = word_i[m].we;
        row   = l1_row(word_i[m].word);
        be    = word_i[m].be;
        wdata = word_i[m].wdata;
      end
    end
    for (int unsigned m = 0; m < NumLine; m++) begin
      if (line_gnt[m][Watched]) begin
        we    = m == LineWr;
        row   = l1_row({line_i[m].line, 3'd0});
        be    = line_i[m].be[8*Lane +: 8];
        wdata = line_i[m].wdata[64*Lane +: 64];
      end
    end
  end

  // ---- What is due in the next cycle ------------------------------------------------------------------------
  logic                 f_past;
  logic [NumNarrow-1:0] narrow_due, narrow_hi;
  logic [NumWord-1:0]   word_due;
  logic [LineLanes-1:0] line_due;
  logic [NumNarrow-1:0] narrow_here;   // a grant of the bank looked at
  logic [NumWord-1:0]   word_here;
  logic                 line_here;
  initial f_past = 1'b0;
  always_ff @(posedge clk_i) begin
    f_past    <= rst_ni;
    line_due  <= line_take_i[LineRd];
    line_here <= line_gnt[LineRd][Watched];
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      narrow_due[m]  <= narrow_take_i[m] && !narrow_i[m].we;
      narrow_hi[m]   <= narrow_i[m].hi;
      narrow_here[m] <= narrow_gnt[m][Watched];
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      word_due[m]  <= word_take_i[m] && !word_i[m].we;
      word_here[m] <= word_gnt[m][Watched];
    end
  end

  logic [63:0] shown;
  logic        right;
  assign shown = u_banks.rdata[Watched];
  always_comb begin
    right = 1'b1;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      if (narrow_due[m] && narrow_here[m]
          && narrow_rdata[m] != (narrow_hi[m] ? shown[63:32] : shown[31:0])) right = 1'b0;
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      if (word_due[m] && word_here[m] && word_rdata[m] != shown) right = 1'b0;
    end
    if (line_due[Lane] && line_here && line_rdata[64*Lane +: 64] != shown) right = 1'b0;
  end

  always_ff @(posedge clk_i) begin
    assume (!twice);
    assume (rst_ni || !f_past);
    ToBank_A: assert (u_banks.req[Watched] == once);
    if (once) begin
      Write_A: assert (u_banks.we[Watched] == we);
      Row_A:   assert (u_banks.row[Watched] == row);
      if (we) Store_A: assert (u_banks.be[Watched] == be && u_banks.wdata[Watched] == wdata);
    end
    if (f_past && rst_ni) begin
      // narrow_q is what the data of a core's answer are gated by; its valid comes from the adapter.
      Due_A: assert (word_valid == word_due && line_valid == line_due && u_banks.narrow_q == narrow_due);
      Data_A: assert (right);
    end
  end
endmodule
