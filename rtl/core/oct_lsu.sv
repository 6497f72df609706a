// SPDX-License-Identifier: Apache-2.0
// oct_lsu: queue of two data requests whose head drives the bus from flip-flops, and the list of
// accesses without an answer. Answers come in order; a load's is aligned and written in its cycle.
// Addresses are kept of accesses outside L1 only: they alone can fail or take long.
// Test: tb/unit/core/oct_core_test.cpp.
`include "oct_assert.svh"

module oct_lsu
  import oct_cluster_pkg::*;
  import oct_core_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,     // forgets all; answers still due do not come (oct_core_demux)

  // From EX: checked, aligned, to be performed.
  input  logic        push_i,
  output logic        ready_o,
  input  logic [31:0] addr_i,
  input  logic [31:0] wdata_i,     // in the low bits
  input  logic        we_i,
  input  logic [1:0]  size_i,
  input  logic        sext_i,
  input  amo_e        amo_i,
  input  logic        remote_i,    // not to L1
  input  logic        eu_i,        // the answer may take long: event unit
  input  logic        posted_i,    // a store to L2, answered by data_ack_i
  input  logic        ld_i,        // the answer goes to rd_i
  input  logic [4:0]  rd_i,

  output logic        wb_we_o,     // write port B, from the answer
  output logic [4:0]  wb_rd_o,
  output logic [31:0] wb_data_o,

  output logic        idle_o,      // every access has its answer
  output logic        eu_wait_o,   // the oldest access is at the event unit, and none is taken now
  output logic        bus_err_o,
  // address of the oldest access without an answer, remote ones first
  output logic [31:0] oldest_o,

  output data_req_t   data_req_o,
  input  data_rsp_t   data_rsp_i,
  input  store_ack_t  data_ack_i
);
  localparam int unsigned PtrWidth = $clog2(MaxOutstanding);
  localparam int unsigned RemoteWidth = $clog2(MaxRemote);
  localparam logic [PtrWidth:0] CountOne = 1;

  typedef struct packed {
    logic       ld;
    logic       sext;
    logic       remote;
    logic       eu;
    logic [1:0] size;
    logic [1:0] offset;
    logic [4:0] rd;
  } track_t;

  // ---- Requests -----------------------------------------------------------------------------------
  logic        head_valid_q, next_valid_q, pop, to_head;
  logic [31:0] head_addr_q, next_addr_q, head_wdata_q, next_wdata_q, wdata;
  logic [3:0]  head_be_q, next_be_q, be;
  logic        head_we_q, next_we_q;
  amo_e        head_amo_q, next_amo_q;

  // A datum stands in all lanes that could want it.
  always_comb begin
    unique case (size_i)
      2'd0:    {be, wdata} = {4'b0001 << addr_i[1:0], {4{wdata_i[7:0]}}};
      2'd1:    {be, wdata} = {addr_i[1] ? 4'b1100 : 4'b0011, {2{wdata_i[15:0]}}};
      default: {be, wdata} = {4'b1111, wdata_i};
    endcase
  end

  assign pop     = head_valid_q && data_rsp_i.ready;
  assign to_head = !head_valid_q || (pop && !next_valid_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      head_valid_q <= 1'b0;
      next_valid_q <= 1'b0;
    end else if (clear_i) begin
      head_valid_q <= 1'b0;
      next_valid_q <= 1'b0;
    end else if (push_i || head_valid_q) begin
      if (to_head) head_valid_q <= push_i;
      next_valid_q <= next_valid_q ? !pop : (push_i && !to_head);
    end
  end

  always_ff @(posedge clk_i) begin
    // What stands behind moves up; only if nothing does, what is pushed may be first. So the grant, which
    // comes late, decides whether the head changes, not what to.
    if ((push_i && to_head) || pop) begin
      head_addr_q  <= next_valid_q ? next_addr_q : addr_i;
      head_wdata_q <= next_valid_q ? next_wdata_q : wdata;
      head_be_q    <= next_valid_q ? next_be_q : be;
      head_we_q    <= next_valid_q ? next_we_q : we_i;
      head_amo_q   <= next_valid_q ? next_amo_q : amo_i;
    end
    if (push_i && head_valid_q) begin
      next_addr_q  <= addr_i;
      next_wdata_q <= wdata;
      next_be_q    <= be;
      next_we_q    <= we_i;
      next_amo_q   <= amo_i;
    end
  end

  always_comb begin
    data_req_o.valid = head_valid_q;
    data_req_o.addr  = head_addr_q;
    data_req_o.we    = head_we_q;
    data_req_o.be    = head_be_q;
    data_req_o.wdata = head_wdata_q;
    data_req_o.amo   = head_amo_q;
  end

  // ---- Accesses without an answer --------------------------------------------------------------------
  track_t              track_q [MaxOutstanding];
  logic [31:0]         remote_addr_q [MaxRemote];
  track_t              track, pushed;
  logic [PtrWidth-1:0] wr_q, rd_q;
  logic [PtrWidth:0]   count_q;
  logic                remote_push, remote_pop, issued, track_push;
  logic [RemoteWidth:0] posted_q;     // stores to L2 without an answer
  logic [RemoteWidth-1:0] remote_wr_q, remote_rd_q;
  logic [RemoteWidth:0]   remote_count_q;

  assign ready_o   = !next_valid_q && !count_q[PtrWidth] && !remote_count_q[RemoteWidth];
  assign idle_o    = count_q == '0 && posted_q == '0;
  assign track     = track_q[rd_q];
  assign oldest_o  = (remote_count_q != '0) ? remote_addr_q[remote_rd_q] : head_addr_q;
  assign remote_push = push_i && remote_i;
  // Remote answers come in the order of the requests, acknowledgements of stores among them.
  assign track_push  = push_i && !posted_i;
  assign remote_pop  = (data_rsp_i.valid && track.remote) || data_ack_i.valid;
  // Stores to L2 are not counted, so one too few may be taken for issued. What is queued behind a blocking read is refused until that is answered, and wakes nobody.
  assign issued    = head_valid_q ?
                     (next_valid_q ? count_q > CountOne + CountOne : count_q > CountOne)
                                  : count_q != '0;
  assign eu_wait_o = issued && track.eu && !pop;
  assign bus_err_o = (data_rsp_i.valid && data_rsp_i.err) || (data_ack_i.valid && data_ack_i.err);

  always_comb begin
    pushed.ld     = ld_i;
    pushed.sext   = sext_i;
    pushed.remote = remote_i;
    pushed.eu     = eu_i;
    pushed.size   = size_i;
    pushed.offset = addr_i[1:0];
    pushed.rd     = rd_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wr_q           <= '0;
      rd_q           <= '0;
      count_q        <= '0;
      remote_wr_q    <= '0;
      posted_q       <= '0;
      remote_rd_q    <= '0;
      remote_count_q <= '0;
    end else if (clear_i) begin
      {wr_q, rd_q, count_q, posted_q, remote_wr_q, remote_rd_q, remote_count_q} <= '0;
    end else if (push_i || data_rsp_i.valid || data_ack_i.valid) begin
      if (track_push) wr_q <= wr_q + 1'b1;
      if (data_rsp_i.valid) rd_q <= rd_q + 1'b1;
      if (track_push != data_rsp_i.valid) count_q <= track_push ? count_q + 1'b1 : count_q - 1'b1;
      if ((push_i && posted_i) != data_ack_i.valid) begin
        posted_q <= data_ack_i.valid ? posted_q - 1'b1 : posted_q + 1'b1;
      end
      if (remote_push) remote_wr_q <= remote_wr_q + 1'b1;
      if (remote_pop) remote_rd_q <= remote_rd_q + 1'b1;
      if (remote_push != remote_pop) remote_count_q <= remote_push ? remote_count_q + 1'b1 :
          remote_count_q - 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (track_push) track_q[wr_q] <= pushed;
    if (remote_push) remote_addr_q[remote_wr_q] <= addr_i;
  end

  // ---- Load data: the end of the path through L1, so nothing but alignment ------------------------------
  always_comb begin
    logic [15:0] half;
    logic [7:0]  byt;
    half      = '0;
    byt       = '0;
    wb_we_o   = data_rsp_i.valid && track.ld;
    wb_rd_o   = track.rd;
    wb_data_o = data_rsp_i.rdata;
    if (!track.size[1]) begin
      half      = track.offset[1] ? data_rsp_i.rdata[31:16] : data_rsp_i.rdata[15:0];
      byt       = track.offset[0] ? half[15:8] : half[7:0];
      wb_data_o = track.size[0] ? {{16{track.sext && half[15]}}, half}
                                : {{24{track.sext && byt[7]}}, byt};
    end
  end

  `OCT_ASSERT(PushReady_A, push_i |-> ready_o)
  `OCT_ASSERT(AnswerExpected_A, data_rsp_i.valid && !clear_i |-> count_q != '0)
  `OCT_ASSERT(AckExpected_A, data_ack_i.valid && !clear_i |-> posted_q != '0)
  `OCT_ASSERT(OneRemoteAnswer_A, data_ack_i.valid |-> !(data_rsp_i.valid && track.remote))
  `OCT_ASSERT(NextBehindHead_A, next_valid_q |-> head_valid_q)
  `OCT_ASSERT(RequestHeld_A, data_req_o.valid && !data_rsp_i.ready && !clear_i |=>
      data_req_o.valid && $stable(data_req_o))
endmodule
