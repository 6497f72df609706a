// SPDX-License-Identifier: Apache-2.0
// oct_tcdm_banks: the memory of L1 and the multiplexers in front of and behind it. Grants are one-hot
// per bank, so data are merged with OR; a bank's data go back to whom it was granted one cycle before.
// One behaviour, two forms: gates are AND-OR trees, a model goes by the number of the bank.
// Test: tb/unit/tcdm/oct_tcdm_test.cpp.
module oct_tcdm_banks
  import oct_tcdm_pkg::*;
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic                         clk_i,
  input  logic                         rst_ni,
  output logic                         idle_o,        // no data on their way

  input  narrow_req_t  [NumNarrow-1:0] narrow_i,
  input  l1_word_req_t [NumWord-1:0]   word_i,
  input  l1_line_req_t [NumLine-1:0]   line_i,
  input  banks_t [NumNarrow-1:0]       narrow_gnt_i,
  input  banks_t [NumWord-1:0]         word_gnt_i,
  input  banks_t [NumLine-1:0]         line_gnt_i,
  input  bank_idx_t [NumMasters-1:0]   bank_i,
  input  logic [LineLanes-1:0]         line_ready_i,  // of the reading line port

  output logic [NumNarrow-1:0][31:0]   narrow_rdata_o,
  output logic [NumWord-1:0]           word_valid_o,
  output logic [NumWord-1:0][63:0]     word_rdata_o,
  output logic [LineLanes-1:0]         line_valid_o,
  output logic [LineWidth-1:0]         line_rdata_o
);
  localparam int unsigned Lanes = LineLanes;

  // Unpacked: simulators index them without shifting.
  logic [BankAddrWidth-1:0]   row   [NumBanks];
  logic [7:0]                 be    [NumBanks];
  logic [63:0]                wdata [NumBanks];
  logic [63:0]                rdata [NumBanks];
  banks_t                     req, we, hi, hi_q;
  logic [NumNarrow-1:0]       narrow_q, narrow_d;
  logic [NumWord-1:0]         word_q, word_d;
  logic [LineLanes-1:0]       lane_q;
  bank_idx_t [NumMasters-1:0] bank_q;

  // ---- To the banks ------------------------------------------------------------------------------
`ifdef SYNTHESIS
  always_comb begin
    automatic banks_t                   gnt = '0;
    automatic logic [BankAddrWidth-1:0] m_row = '0;
    automatic logic [7:0]               m_be = '0;
    automatic logic [63:0]              m_wdata = '0;
    req      = '0;
    we       = '0;
    hi       = '0;
    narrow_d = '0;
    word_d   = '0;
    for (int unsigned b = 0; b < NumBanks; b++) begin
      row[b]   = '0;
      be[b]    = '0;
      wdata[b] = '0;
    end
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      gnt = narrow_gnt_i[m];
      if (gnt != '0) begin
        m_row       = l1_row(narrow_i[m].word);
        m_be        = narrow_i[m].hi ? {narrow_i[m].be, 4'd0} : {4'd0, narrow_i[m].be};
        m_wdata     = {2{narrow_i[m].wdata}};
        narrow_d[m] = !narrow_i[m].we;
        req         = req | gnt;
        if (narrow_i[m].we) we = we | gnt;
        if (narrow_i[m].hi) hi = hi | gnt;
        for (int unsigned g = 0; g < NumBanks; g += Lanes) begin
          if (gnt[g +: Lanes] != '0) begin
            for (int unsigned i = 0; i < Lanes; i++) begin
              if (gnt[g+i]) begin
                row[g+i]   = row[g+i] | m_row;
                be[g+i]    = be[g+i] | m_be;
                wdata[g+i] = wdata[g+i] | m_wdata;
              end
            end
          end
        end
      end
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      gnt = word_gnt_i[m];
      if (gnt != '0) begin
        m_row     = l1_row(word_i[m].word);
        m_be      = word_i[m].be;
        m_wdata   = word_i[m].wdata;
        word_d[m] = !word_i[m].we;
        req       = req | gnt;
        if (word_i[m].we) we = we | gnt;
        for (int unsigned g = 0; g < NumBanks; g += Lanes) begin
          if (gnt[g +: Lanes] != '0) begin
            for (int unsigned i = 0; i < Lanes; i++) begin
              if (gnt[g+i]) begin
                row[g+i]   = row[g+i] | m_row;
                be[g+i]    = be[g+i] | m_be;
                wdata[g+i] = wdata[g+i] | m_wdata;
              end
            end
          end
        end
      end
    end
    req = req | line_gnt_i[LineWr] | line_gnt_i[LineRd];
    we  = we | line_gnt_i[LineWr];
    for (int unsigned g = 0; g < NumBanks; g += Lanes) begin
      if (line_gnt_i[LineWr][g +: Lanes] != '0) begin
        m_row = l1_row({line_i[LineWr].line, 3'd0});
        for (int unsigned i = 0; i < Lanes; i++) begin
          if (line_gnt_i[LineWr][g+i]) begin
            row[g+i]   = row[g+i] | m_row;
            be[g+i]    = be[g+i] | line_i[LineWr].be[8*i +: 8];
            wdata[g+i] = wdata[g+i] | line_i[LineWr].wdata[64*i +: 64];
          end
        end
      end
      if (line_gnt_i[LineRd][g +: Lanes] != '0) begin
        m_row = l1_row({line_i[LineRd].line, 3'd0});
        for (int unsigned i = 0; i < Lanes; i++) begin
          if (line_gnt_i[LineRd][g+i]) row[g+i] = row[g+i] | m_row;
        end
      end
    end
  end
`else
  always_comb begin
    automatic bank_idx_t b = '0;
    req      = '0;
    we       = '0;
    hi       = '0;
    narrow_d = '0;
    word_d   = '0;
    for (int unsigned i = 0; i < NumBanks; i++) begin
      row[i]   = '0;
      be[i]    = '0;
      wdata[i] = '0;
    end
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      if (narrow_gnt_i[m] != '0) begin
        b           = bank_i[m];
        row[b]      = l1_row(narrow_i[m].word);
        be[b]       = narrow_i[m].hi ? {narrow_i[m].be, 4'd0} : {4'd0, narrow_i[m].be};
        wdata[b]    = {2{narrow_i[m].wdata}};
        narrow_d[m] = !narrow_i[m].we;
        req         = req | narrow_gnt_i[m];
        if (narrow_i[m].we) we = we | narrow_gnt_i[m];
        if (narrow_i[m].hi) hi = hi | narrow_gnt_i[m];
      end
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      if (word_gnt_i[m] != '0) begin
        b         = bank_i[NumNarrow+m];
        row[b]    = l1_row(word_i[m].word);
        word_d[m] = !word_i[m].we;
        req       = req | word_gnt_i[m];
        if (word_i[m].we) begin
          be[b]    = word_i[m].be;
          wdata[b] = word_i[m].wdata;
          we       = we | word_gnt_i[m];
        end
      end
    end
    req = req | line_gnt_i[LineWr] | line_gnt_i[LineRd];
    we  = we | line_gnt_i[LineWr];
    for (int unsigned i = 0; i < Lanes; i++) begin
      if (line_gnt_i[LineWr] != '0) begin
        b = bank_i[NumMasters-2] | bank_idx_t'(i);
        if (line_gnt_i[LineWr][b]) begin
          row[b]   = l1_row({line_i[LineWr].line, 3'd0});
          be[b]    = line_i[LineWr].be[8*i +: 8];
          wdata[b] = line_i[LineWr].wdata[64*i +: 64];
        end
      end
      if (line_gnt_i[LineRd] != '0) begin
        b = bank_i[NumMasters-1] | bank_idx_t'(i);
        if (line_gnt_i[LineRd][b]) row[b] = l1_row({line_i[LineRd].line, 3'd0});
      end
    end
  end
`endif

  for (genvar b = 0; b < NumBanks; b++) begin : g_bank
    oct_tech_sram #(.Words(BankWords), .Width(64)) u_sram (
      .clk_i   (clk_i),
      .req_i   (req[b]),
      .we_i    (we[b]),
      .addr_i  (row[b]),
      .be_i    (be[b]),
      .wdata_i (wdata[b]),
      .rdata_o (rdata[b])
    );
  end

  // ---- Whose data come out next ------------------------------------------------------------------
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      narrow_q <= '0;
      word_q   <= '0;
      lane_q   <= '0;
    end else begin
      narrow_q <= narrow_d;
      word_q   <= word_d;
      lane_q   <= line_ready_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (req != '0) begin
      bank_q <= bank_i;
      hi_q   <= hi;
    end
  end

  // ---- From the banks ----------------------------------------------------------------------------
`ifdef SYNTHESIS
  always_comb begin
    automatic banks_t      from = '0;
    automatic logic [31:0] half = '0;
    narrow_rdata_o = '0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      if (narrow_q[m]) begin
        from = banks_t'(1) << bank_q[m];
        half = '0;
        for (int unsigned g = 0; g < NumBanks; g += Lanes) begin
          if (from[g +: Lanes] != '0) begin
            for (int unsigned i = 0; i < Lanes; i++) begin
              if (from[g+i]) half = half | (hi_q[g+i] ? rdata[g+i][63:32] : rdata[g+i][31:0]);
            end
          end
        end
        narrow_rdata_o[m] = half;
      end
    end
  end

  always_comb begin
    automatic banks_t      from = '0;
    automatic logic [63:0] word = '0;
    word_rdata_o = '0;
    for (int unsigned m = 0; m < NumWord; m++) begin
      if (word_q[m]) begin
        from = banks_t'(1) << bank_q[NumNarrow+m];
        word = '0;
        for (int unsigned g = 0; g < NumBanks; g += Lanes) begin
          if (from[g +: Lanes] != '0) begin
            for (int unsigned i = 0; i < Lanes; i++) begin
              if (from[g+i]) word = word | rdata[g+i];
            end
          end
        end
        word_rdata_o[m] = word;
      end
    end
  end
`else
  always_comb begin
    narrow_rdata_o = '0;
    word_rdata_o   = '0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      if (narrow_q[m]) begin
        narrow_rdata_o[m] = hi_q[bank_q[m]] ? rdata[bank_q[m]][63:32] : rdata[bank_q[m]][31:0];
      end
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      if (word_q[m]) word_rdata_o[m] = rdata[bank_q[NumNarrow+m]];
    end
  end
`endif

  always_comb begin
    line_rdata_o = '0;
    if (lane_q != '0) begin
      for (int unsigned g = 0; g < NumGroups; g++) begin
        if (bank_q[NumMasters-1][BankIdxWidth-1:3] == GroupIdxWidth'(g)) begin
          for (int unsigned i = 0; i < Lanes; i++) begin
            line_rdata_o[64*i +: 64] = line_rdata_o[64*i +: 64] | rdata[Lanes*g+i];
          end
        end
      end
    end
  end

  assign word_valid_o = word_q;
  assign line_valid_o = lane_q;
  assign idle_o       = narrow_q == '0 && word_q == '0 && lane_q == '0;
endmodule
