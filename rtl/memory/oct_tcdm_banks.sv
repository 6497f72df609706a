// SPDX-License-Identifier: Apache-2.0
// oct_tcdm_banks: the memory of L1 and the multiplexers in front of and behind it. Grants are one-hot
// per bank, so data are merged with OR; a bank's data go back to whom it was granted one cycle before.
// The nested ifs skip what is not granted in simulation and vanish in synthesis (AND-OR trees).
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
  banks_t                                  req, we, hi, hi_q;
  logic [NumBanks-1:0][BankAddrWidth-1:0]  row;
  logic [NumBanks-1:0][7:0]                be;
  logic [NumBanks-1:0][63:0]               wdata, rdata;
  logic [NumNarrow-1:0]                    narrow_q, narrow_d;
  logic [NumWord-1:0]                      word_q, word_d;
  logic [LineLanes-1:0]                    lane_q;
  bank_idx_t [NumMasters-1:0]              bank_q;

  // ---- To the banks ------------------------------------------------------------------------------
  always_comb begin
    req      = '0;
    we       = '0;
    hi       = '0;
    row      = '0;
    be       = '0;
    wdata    = '0;
    narrow_d = '0;
    word_d   = '0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      if (narrow_gnt_i[m] != '0) begin
        narrow_d[m] = !narrow_i[m].we;
        req         = req | narrow_gnt_i[m];
        if (narrow_i[m].we) we = we | narrow_gnt_i[m];
        if (narrow_i[m].hi) hi = hi | narrow_gnt_i[m];
        for (int unsigned g = 0; g < NumGroups; g++) begin
          if (narrow_gnt_i[m][LineLanes*g +: LineLanes] != '0) begin
            for (int unsigned b = LineLanes * g; b < LineLanes * (g + 1); b++) begin
              if (narrow_gnt_i[m][b]) begin
                row[b]   = row[b] | l1_row(narrow_i[m].word);
                be[b]    = be[b] | (narrow_i[m].hi ? {narrow_i[m].be, 4'd0} : {4'd0, narrow_i[m].be});
                wdata[b] = wdata[b] | {2{narrow_i[m].wdata}};
              end
            end
          end
        end
      end
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      if (word_gnt_i[m] != '0) begin
        word_d[m] = !word_i[m].we;
        req       = req | word_gnt_i[m];
        if (word_i[m].we) we = we | word_gnt_i[m];
        for (int unsigned g = 0; g < NumGroups; g++) begin
          if (word_gnt_i[m][LineLanes*g +: LineLanes] != '0) begin
            for (int unsigned b = LineLanes * g; b < LineLanes * (g + 1); b++) begin
              if (word_gnt_i[m][b]) begin
                row[b]   = row[b] | l1_row(word_i[m].word);
                be[b]    = be[b] | word_i[m].be;
                wdata[b] = wdata[b] | word_i[m].wdata;
              end
            end
          end
        end
      end
    end
    req = req | line_gnt_i[LineWr] | line_gnt_i[LineRd];
    we  = we | line_gnt_i[LineWr];
    for (int unsigned g = 0; g < NumGroups; g++) begin
      if (line_gnt_i[LineWr][LineLanes*g +: LineLanes] != '0) begin
        for (int unsigned i = 0; i < LineLanes; i++) begin
          if (line_gnt_i[LineWr][LineLanes*g+i]) begin
            row[LineLanes*g+i]   = row[LineLanes*g+i] | l1_row({line_i[LineWr].line, 3'd0});
            be[LineLanes*g+i]    = be[LineLanes*g+i] | line_i[LineWr].be[8*i +: 8];
            wdata[LineLanes*g+i] = wdata[LineLanes*g+i] | line_i[LineWr].wdata[64*i +: 64];
          end
        end
      end
      if (line_gnt_i[LineRd][LineLanes*g +: LineLanes] != '0) begin
        for (int unsigned i = 0; i < LineLanes; i++) begin
          if (line_gnt_i[LineRd][LineLanes*g+i]) begin
            row[LineLanes*g+i] = row[LineLanes*g+i] | l1_row({line_i[LineRd].line, 3'd0});
          end
        end
      end
    end
  end

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
  always_comb begin
    automatic banks_t from = '0;
    narrow_rdata_o = '0;
    word_rdata_o   = '0;
    line_rdata_o   = '0;
    for (int unsigned m = 0; m < NumNarrow; m++) begin
      if (narrow_q[m]) begin
        from = banks_t'(1) << bank_q[m];
        for (int unsigned g = 0; g < NumGroups; g++) begin
          if (from[LineLanes*g +: LineLanes] != '0) begin
            for (int unsigned b = LineLanes * g; b < LineLanes * (g + 1); b++) begin
              if (from[b]) begin
                narrow_rdata_o[m] = narrow_rdata_o[m] | (hi_q[b] ? rdata[b][63:32] : rdata[b][31:0]);
              end
            end
          end
        end
      end
    end
    for (int unsigned m = 0; m < NumWord; m++) begin
      if (word_q[m]) begin
        from = banks_t'(1) << bank_q[NumNarrow+m];
        for (int unsigned g = 0; g < NumGroups; g++) begin
          if (from[LineLanes*g +: LineLanes] != '0) begin
            for (int unsigned b = LineLanes * g; b < LineLanes * (g + 1); b++) begin
              if (from[b]) word_rdata_o[m] = word_rdata_o[m] | rdata[b];
            end
          end
        end
      end
    end
    if (lane_q != '0) begin
      for (int unsigned g = 0; g < NumGroups; g++) begin
        if (bank_q[NumMasters-1][BankIdxWidth-1:3] == GroupIdxWidth'(g)) begin
          for (int unsigned i = 0; i < LineLanes; i++) begin
            line_rdata_o[64*i +: 64] = line_rdata_o[64*i +: 64] | rdata[LineLanes*g+i];
          end
        end
      end
    end
  end

  assign word_valid_o = word_q;
  assign line_valid_o = lane_q;
  assign idle_o       = narrow_q == '0 && word_q == '0 && lane_q == '0;
endmodule
