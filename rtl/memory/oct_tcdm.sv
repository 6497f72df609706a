// SPDX-License-Identifier: Apache-2.0
// oct_tcdm: L1. Banks, the crossbar before them, atomics and reservations. Single cycle: what is taken
// is performed in that cycle and answered in the next. Described in docs/architecture/tcdm.md.
// Test: tb/unit/tcdm/oct_tcdm_test.cpp. Model: tb/unit/tcdm/tcdm_bench.hpp.
`include "oct_assert.svh"

module oct_tcdm
  import oct_tcdm_pkg::*;
  import oct_cluster_pkg::*;
  import oct_config_pkg::*;
(
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  logic                         clear_i,   // takes nothing more; answers still come
  output logic                         idle_o,

  input  data_req_t    [NumNarrow-1:0] narrow_i,  // cores, then the host (no atomics)
  output data_rsp_t    [NumNarrow-1:0] narrow_o,
  input  l1_word_req_t [NumWord-1:0]   word_i,    // engine
  output l1_word_rsp_t [NumWord-1:0]   word_o,
  input  l1_line_req_t [NumLine-1:0]   line_i,    // DMA: 0 writes, 1 reads, whatever `we` says
  output l1_line_rsp_t [NumLine-1:0]   line_o,

  output tcdm_events_t                 events_o   // one cycle late
);
  narrow_req_t [NumNarrow-1:0]            xbar_req;
  logic [NumNarrow-1:0]                   narrow_ready, narrow_wrote, adapter_idle;
  logic [NumNarrow-1:0]                   lr, sc;
  logic                                   unused_host;
  logic [NumNarrow-1:0][31:0]             narrow_rdata;
  logic [NumNarrow-1:0][L1WordWidth-1:0]  narrow_word;
  logic [NumWord-1:0]                     word_ready, word_wrote, word_valid;
  logic [NumWord-1:0][63:0]               word_rdata;
  logic [NumWord-1:0][L1WordWidth-1:0]    word_word;
  logic [NumLine-1:0][LineLanes-1:0]      line_ready;
  logic [LineLanes-1:0]                   line_valid;
  logic [LineWidth-1:0]                   line_rdata;
  logic [NumNarrow-1:0]                   reserved;
  logic [NumNarrow-1:0][L1WordWidth-1:0]  res_word;
  banks_t [NumNarrow-1:0]                 narrow_gnt;
  banks_t [NumWord-1:0]                   word_gnt;
  banks_t [NumLine-1:0]                   line_gnt;
  bank_idx_t [NumMasters-1:0]             bank;
  logic                                   xbar_idle, banks_idle;

  for (genvar m = 0; m < NumNarrow; m++) begin : g_narrow
    data_req_t req;
    always_comb begin
      req = narrow_i[m];
      if (m >= NumCores) req.amo = AmoNone;
    end

    oct_tcdm_amo u_amo (
      .clk_i, .rst_ni, .clear_i,
      .idle_o       (adapter_idle[m]),
      .core_i       (req),
      .core_o       (narrow_o[m]),
      .xbar_o       (xbar_req[m]),
      .xbar_ready_i (narrow_ready[m]),
      .xbar_rdata_i (narrow_rdata[m]),
      .reserved_i   (reserved[m]),
      .res_word_i   (res_word[m]),
      .lr_o         (lr[m]),
      .sc_o         (sc[m])
    );

    assign narrow_word[m]  = xbar_req[m].word;
    assign narrow_wrote[m] = narrow_ready[m] && xbar_req[m].we;
  end

  // The host has no atomics, so nothing to reserve.
  assign reserved[NumNarrow-1] = 1'b0;
  assign res_word[NumNarrow-1] = '0;
  assign unused_host = lr[NumNarrow-1] ^ sc[NumNarrow-1];

  oct_tcdm_resv u_resv (
    .clk_i, .rst_ni, .clear_i,
    .lr_i           (lr[NumCores-1:0]),
    .sc_i           (sc[NumCores-1:0]),
    .narrow_wrote_i (narrow_wrote),
    .narrow_word_i  (narrow_word),
    .word_wrote_i   (word_wrote),
    .word_word_i    (word_word),
    .line_wrote_i   (line_ready[LineWr]),
    .line_line_i    (line_i[LineWr].line),
    .reserved_o     (reserved[NumCores-1:0]),
    .word_o         (res_word[NumCores-1:0])
  );

  oct_tcdm_xbar u_xbar (
    .clk_i, .rst_ni, .clear_i,
    .idle_o         (xbar_idle),
    .narrow_i       (xbar_req),
    .word_i         (word_i),
    .line_i         (line_i),
    .narrow_ready_o (narrow_ready),
    .word_ready_o   (word_ready),
    .line_ready_o   (line_ready),
    .narrow_gnt_o   (narrow_gnt),
    .word_gnt_o     (word_gnt),
    .line_gnt_o     (line_gnt),
    .bank_o         (bank),
    .events_o       (events_o)
  );

  oct_tcdm_banks u_banks (
    .clk_i, .rst_ni,
    .idle_o         (banks_idle),
    .narrow_i       (xbar_req),
    .word_i         (word_i),
    .line_i         (line_i),
    .narrow_gnt_i   (narrow_gnt),
    .word_gnt_i     (word_gnt),
    .line_gnt_i     (line_gnt),
    .bank_i         (bank),
    .line_ready_i   (line_ready[LineRd]),
    .narrow_rdata_o (narrow_rdata),
    .word_valid_o   (word_valid),
    .word_rdata_o   (word_rdata),
    .line_valid_o   (line_valid),
    .line_rdata_o   (line_rdata)
  );

  always_comb begin
    for (int unsigned m = 0; m < NumWord; m++) begin
      word_word[m]    = word_i[m].word;
      word_wrote[m]   = word_ready[m] && word_i[m].we;
      word_o[m].ready = word_ready[m];
      word_o[m].valid = word_valid[m];
      word_o[m].rdata = word_rdata[m];
    end
    line_o               = '0;
    line_o[LineWr].ready = line_ready[LineWr];
    line_o[LineRd].ready = line_ready[LineRd];
    line_o[LineRd].valid = line_valid;
    line_o[LineRd].rdata = line_rdata;
  end

  assign idle_o = adapter_idle == '1 && xbar_idle && banks_idle;

  `OCT_ASSERT(LineWrites_A, line_i[LineWr].mask == '0 || line_i[LineWr].we)
  `OCT_ASSERT(LineReads_A, line_i[LineRd].mask == '0 || !line_i[LineRd].we)
endmodule
