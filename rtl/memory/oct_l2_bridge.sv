// SPDX-License-Identifier: Apache-2.0
// oct_l2_bridge: loads and stores of the cores as single AXI beats of their own width. Requests
// pass combinationally from the register in oct_sysbus to the AXI channels, answers from the AXI
// channels to the register in oct_sysbus. Outstanding: LoadDepth loads and StoreDepth stores, each
// in order.
// Test: tb/unit/memory/oct_sysbus_test.cpp.
`include "oct_assert.svh"

module oct_l2_bridge
  import oct_cluster_pkg::*;
  import oct_l2_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  output logic        idle_o,       // no answer is due

  input  data_req_t   req_i,
  input  master_t     master_i,
  output logic        ready_o,
  output l2_ans_t     load_o,
  output logic [31:0] rdata_o,      // with load_o
  output l2_ans_t     store_o,

  output axi_rd_req_t rd_req_o,
  input  axi_rd_rsp_t rd_rsp_i,
  output axi_wr_req_t wr_req_o,
  input  axi_wr_rsp_t wr_rsp_i
);
  localparam int unsigned WordWidth = $clog2(LineBytes / 4);

  typedef struct packed {
    master_t              master;
    logic [WordWidth-1:0] word;
  } load_t;

  // ---- Width and address from the byte enables ---------------------------------------------
  // Byte, half word, word; anything else is a word with some strobes off.
  logic [2:0]  size;
  logic [1:0]  offset;
  axi_ax_t     ax;

  always_comb begin
    unique case (req_i.be)
      4'b0001: {size, offset} = {3'd0, 2'd0};
      4'b0010: {size, offset} = {3'd0, 2'd1};
      4'b0100: {size, offset} = {3'd0, 2'd2};
      4'b1000: {size, offset} = {3'd0, 2'd3};
      4'b0011: {size, offset} = {3'd1, 2'd0};
      4'b1100: {size, offset} = {3'd1, 2'd2};
      default: {size, offset} = {3'd2, 2'd0};
    endcase
    ax = '{id: AxiIdCores, addr: {req_i.addr[31:2], offset}, len: 8'd0, size: size};
  end

  // ---- Loads -------------------------------------------------------------------------------
  logic  load_room, load_valid, load_pop;
  load_t load, load_head;
  logic [$clog2(LoadDepth+1)-1:0] load_count;

  assign rd_req_o.ar_valid = req_i.valid && !req_i.we && load_room;
  assign rd_req_o.ar       = ax;
  assign rd_req_o.r_ready  = 1'b1;
  assign load_pop          = rd_rsp_i.r_valid;
  assign load              = '{master: master_i, word: req_i.addr[2+:WordWidth]};

  oct_fifo #(.T(load_t), .Depth(LoadDepth)) u_loads (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(rd_req_o.ar_valid && rd_rsp_i.ar_ready), .in_ready_o(load_room),
    .in_i(load),
    .out_valid_o(load_valid), .out_ready_i(load_pop), .out_o(load_head), .count_o(load_count)
  );

  always_comb begin
    load_o.valid  = rd_rsp_i.r_valid;
    load_o.err    = rd_rsp_i.r.resp[1];
    load_o.master = load_head.master;
    rdata_o       = rd_rsp_i.r.data[32*load_head.word+:32];
  end

  // ---- Stores: address and data leave independently ----------------------------------------
  logic    store_room, store_valid, store_pop, store_go, store_end;
  logic    aw_done_q, w_done_q, aw_take, w_take;
  master_t store_head;
  logic [$clog2(StoreDepth+1)-1:0] store_count;

  assign store_go = req_i.valid && req_i.we && store_room;

  always_comb begin
    wr_req_o.aw_valid = store_go && !aw_done_q;
    wr_req_o.aw       = ax;
    wr_req_o.w_valid  = store_go && !w_done_q;
    wr_req_o.w.data   = {LineBytes / 4{req_i.wdata}};
    wr_req_o.w.strb   = '0;
    wr_req_o.w.strb[4*req_i.addr[2+:WordWidth]+:4] = req_i.be;
    wr_req_o.w.last   = 1'b1;
    wr_req_o.b_ready  = 1'b1;
  end

  assign aw_take   = wr_req_o.aw_valid && wr_rsp_i.aw_ready;
  assign w_take    = wr_req_o.w_valid && wr_rsp_i.w_ready;
  assign store_end = store_go && (aw_done_q || aw_take) && (w_done_q || w_take);
  assign store_pop = wr_rsp_i.b_valid;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      aw_done_q <= 1'b0;
      w_done_q  <= 1'b0;
    end else if (store_go) begin
      aw_done_q <= (aw_done_q || aw_take) && !store_end;
      w_done_q  <= (w_done_q || w_take) && !store_end;
    end
  end

  oct_fifo #(.T(master_t), .Depth(StoreDepth)) u_stores (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .in_valid_i(store_end), .in_ready_o(store_room), .in_i(master_i),
    .out_valid_o(store_valid), .out_ready_i(store_pop), .out_o(store_head), .count_o(store_count)
  );

  assign store_o = '{valid: wr_rsp_i.b_valid, err: wr_rsp_i.b.resp[1], master: store_head};

  assign ready_o = req_i.we ? store_end : rd_req_o.ar_valid && rd_rsp_i.ar_ready;
  assign idle_o  = load_count == '0 && store_count == '0 && !aw_done_q && !w_done_q;

  `OCT_ASSERT(PlainAccess_A, req_i.valid |-> req_i.amo == AmoNone)
  `OCT_ASSERT(LoadExpected_A, rd_rsp_i.r_valid |-> load_valid && rd_rsp_i.r.last)
  `OCT_ASSERT(StoreExpected_A, wr_rsp_i.b_valid |-> store_valid)
  `OCT_ASSERT_STREAM(ArHeld_A, rd_req_o.ar_valid, rd_rsp_i.ar_ready, rd_req_o.ar)
  `OCT_ASSERT_STREAM(AwHeld_A, wr_req_o.aw_valid, wr_rsp_i.aw_ready, wr_req_o.aw)
  `OCT_ASSERT_STREAM(WHeld_A, wr_req_o.w_valid, wr_rsp_i.w_ready, wr_req_o.w)
endmodule
