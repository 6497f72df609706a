// SPDX-License-Identifier: Apache-2.0
// oct_attn_half: eight L1 ports that serve one beat a cycle. Accepted, a beat stands in one register;
// its words' addresses are computed and handed to their ports in the next cycle, all at once; read
// beats queue in order and are delivered when all their words are there. From ready to delivery four
// cycles if L1 refuses nothing. Test: tb/unit/attention_memory/oct_attn_ports_test.cpp.
`include "oct_assert.svh"

module oct_attn_half
  import oct_cluster_pkg::*;
  import oct_attn_pkg::*;
(
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              clear_i,
  output logic              idle_o,

  // Parameters, residual and writes are few and go first, in this order; then three of W
  // to one of X: the ring runs ahead of the array, the banks do not.
  input  rbeat_t            x_i,
  output logic              x_ready_o,
  input  rbeat_t            w_i,
  output logic              w_ready_o,
  input  rbeat_t            r_i,
  output logic              r_ready_o,
  input  rbeat_t            p_i,
  output logic              p_ready_o,
  input  wbeat_t            y_i,
  output logic              y_ready_o,
  output logic              y_room_o,          // no write is under way

  output rdata_t            data_o,
  output logic [NumCtx-1:0] writes_pending_o,  // a write of this job is not granted yet
  output l1_err_t           err_o,
  output logic              refused_o,         // event: a port stood and was not served

  output l1_word_req_t [7:0] l1_req_o,
  input  l1_word_rsp_t [7:0] l1_rsp_i
);
  localparam int unsigned Order     = 16;  // read beats under way
  localparam int unsigned PtrWidth  = $clog2(Order);
  localparam int unsigned WordWidth = 29;  // of a 32-bit address
  typedef logic [WordWidth-1:0] word_t;

  // ---- One of the requesters -----------------------------------------------------------------------
  typedef struct packed {
    logic [1:0] lw;
    word_t      base;
    word_t      second;  // base + stride
    word_t      s2;      // 2 * stride
    word_t      s6;      // 6 * stride
  } place_t;

  typedef struct packed {
    logic       we;
    logic       ctx;
    logic [7:0] mask;
    tag_t       tag;
    place_t     place;
  } item_t;

  logic        valid_q, stall, take, y_room, pick_p, pick_r, pick_y, pick_x, pick_w;
  logic [1:0]  w_run_q;     // beats of W while X waited
  rbeat_t      beat;
  item_t       step_d, step_q;
  logic [7:0]  y_mask;
  logic [7:0]  left_q;      // words of the write beat that are not granted yet
  logic        w_ctx_q;

  assign y_room = left_q == '0 && !(valid_q && step_q.we);
  assign pick_p = p_i.valid;
  assign pick_r = r_i.valid && !p_i.valid;
  assign pick_y = y_i.valid && y_room && !p_i.valid && !r_i.valid;
  assign pick_w = w_i.valid && !p_i.valid && !r_i.valid && !pick_y &&
                  (w_run_q != 2'd3 || !x_i.valid);
  assign pick_x = x_i.valid && !p_i.valid && !r_i.valid && !pick_y && !pick_w;
  assign take   = (pick_p || pick_r || pick_y || pick_x || pick_w) && !stall && !clear_i;

  assign p_ready_o = pick_p && !stall && !clear_i;
  assign r_ready_o = pick_r && !stall && !clear_i;
  assign y_ready_o = pick_y && !stall && !clear_i;
  assign x_ready_o = pick_x && !stall && !clear_i;
  assign w_ready_o = pick_w && !stall && !clear_i;
  assign y_room_o  = y_room;

  always_comb begin
    for (int unsigned i = 0; i < 8; i++) y_mask[i] = y_i.be[8*i +: 8] != '0;
    beat   = '0;
    step_d = '0;
    if (pick_p || pick_r || pick_y || pick_x || pick_w) begin
      beat = pick_p ? p_i : pick_r ? r_i : pick_w ? w_i : x_i;
      if (pick_y) begin
        beat.ctx    = y_i.ctx;
        beat.addr   = y_i.addr;
        beat.stride = y_i.stride;
        beat.lw     = y_i.lw;
        beat.mask   = y_mask;
      end
      step_d.we     = pick_y;
      step_d.ctx    = beat.ctx;
      step_d.place.lw     = beat.lw;
      step_d.mask   = beat.mask;
      step_d.tag    = beat.tag;
      step_d.place.base   = beat.addr[31:3];
      step_d.place.second = beat.addr[31:3] + beat.stride[31:3];
      step_d.place.s2     = {beat.stride[30:3], 1'b0};
      step_d.place.s6     = {beat.stride[30:3], 1'b0} + {beat.stride[29:3], 2'b0};
    end
  end

  // ---- Addresses of its words ------------------------------------------------------------------------
  word_t [7:0] word;
  logic  [7:0] legal, push, bad, full;
  logic        order_full, go;

  function automatic word_t word_of(input place_t place, input logic [2:0] i);
    logic [2:0] piece;
    word_t      more;
    piece = i >> place.lw;
    if (place.lw == 2'd3) more = word_t'(i);
    else if (place.lw == 2'd2) more = word_t'(i[1:0]);
    else if (piece[2:1] == 2'd0) more = '0;
    else if (piece[2:1] == 2'd1) more = place.s2;
    else if (piece[2:1] == 2'd2) more = {place.s2[WordWidth-2:0], 1'b0};
    else more = place.s6;
    // The last term is the carry into the sum of the other two.
    return (piece[0] ? place.second : place.base) + more + word_t'(place.lw == 2'd1 && i[0]);
  endfunction

  always_comb begin
    word  = '0;
    legal = '0;
    if (valid_q) begin
      for (int unsigned i = 0; i < 8; i++) begin
        word[i]  = word_of(step_q.place, 3'(i));
        legal[i] = word[i][WordWidth-1:L1WordWidth] == '0;
      end
    end
  end

  assign stall = valid_q && !go;
  assign go    = valid_q && (step_q.mask & full) == '0 && !order_full && !clear_i;
  assign push  = go ? step_q.mask & legal : '0;
  assign bad   = go ? step_q.mask & ~legal : '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      w_run_q <= '0;
    end else if (clear_i) begin
      valid_q  <= 1'b0;
    end else if (take || valid_q) begin
      valid_q <= take || stall;
      if (take && pick_x) w_run_q <= '0;
      else if (take && pick_w && x_i.valid) w_run_q <= w_run_q + 2'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) step_q <= step_d;
  end

  // ---- Words outside L1 --------------------------------------------------------------------------------
  logic        err_valid_q, err_ctx_q;
  logic [31:0] err_addr_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) err_valid_q <= 1'b0;
    else if (bad != '0 || err_valid_q) err_valid_q <= bad != '0;
  end

  always_ff @(posedge clk_i) begin
    if (bad != '0) begin
      err_ctx_q <= step_q.ctx;
      for (int i = 7; i >= 0; i--) begin
        if (bad[i]) err_addr_q <= {word[i], 3'd0};
      end
    end
  end
  assign err_o = '{valid: err_valid_q, ctx: err_ctx_q, addr: err_addr_q};

  // ---- The write beat ------------------------------------------------------------------------------------
  logic [7:0]          granted;
  logic [RowWidth-1:0] wdata_q;
  logic [Lanes-1:0]    wbe_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) left_q <= '0;
    else if (clear_i) left_q <= '0;
    else if (go && step_q.we) left_q <= push;
    else if (left_q != '0) left_q <= left_q & ~granted;
  end

  always_ff @(posedge clk_i) begin
    if (y_ready_o) begin
      wdata_q <= y_i.data;
      wbe_q   <= y_i.be;
      w_ctx_q <= y_i.ctx;
    end
  end

  always_comb begin
    for (int unsigned c = 0; c < NumCtx; c++) writes_pending_o[c] = !y_room && w_ctx_q == 1'(c);
  end

  // ---- Ports -----------------------------------------------------------------------------------------------
  logic                        ports_idle;
  logic [7:0]                  have, need, pop, asked, req_valid, req_we, ready;
  logic [7:0][L1WordWidth-1:0] push_word, req_word;
  logic [7:0][63:0]            data, rdata;

  oct_attn_port u_port (
    .clk_i, .rst_ni, .clear_i,
    .idle_o (ports_idle),
    .push_i (push), .push_we_i (step_q.we), .push_word_i (push_word), .full_o (full),
    .req_valid_o (req_valid), .req_we_o (req_we), .req_word_o (req_word), .req_ready_i (ready),
    .rdata_i (rdata), .have_o (have), .data_o (data), .pop_i (pop)
  );
  assign asked   = req_valid & ~ready;
  assign granted = req_valid & req_we & ready;

  for (genvar i = 0; i < 8; i++) begin : gen_port
    assign push_word[i] = word[i][L1WordWidth-1:0];
    assign ready[i]     = l1_rsp_i[i].ready;
    assign rdata[i]     = l1_rsp_i[i].rdata;
    assign l1_req_o[i]  = '{valid: req_valid[i], we: req_we[i], word: req_word[i],
                            be: wbe_q[8*i +: 8], wdata: wdata_q[64*i +: 64]};
    `OCT_ASSERT(Answered_A, req_valid[i] && !req_we[i] && ready[i] |=> l1_rsp_i[i].valid)
  end

  // ---- Read beats in order, delivered whole ------------------------------------------------------------------
  typedef struct packed {
    logic [7:0] mask;
    logic [7:0] need;
    tag_t       tag;
  } order_t;
  order_t              order_q [Order];
  order_t              head;
  logic [PtrWidth-1:0] o_wr_q, o_rd_q;
  logic [PtrWidth:0]   o_count_q;
  logic                o_push, deliver, refused_q;
  logic                out_valid_q;
  logic [7:0]          out_mask_q;
  tag_t                out_tag_q;
  logic [RowWidth-1:0] out_data_q;

  assign order_full = o_count_q == (PtrWidth + 1)'(Order);
  assign o_push     = go && !step_q.we;
  assign head       = order_q[o_rd_q];
  assign need       = (o_count_q != '0) ? head.need : '0;
  assign deliver    = o_count_q != '0 && (need & ~have) == '0 && !clear_i;
  assign pop        = deliver ? need : '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      o_wr_q       <= '0;
      o_rd_q       <= '0;
      o_count_q    <= '0;
      out_valid_q <= 1'b0;
      refused_q    <= 1'b0;
    end else if (clear_i) begin
      o_wr_q       <= '0;
      o_rd_q       <= '0;
      o_count_q    <= '0;
      out_valid_q <= 1'b0;
      refused_q    <= 1'b0;
    end else if (!idle_o) begin
      if (o_push) o_wr_q <= o_wr_q + 1'b1;
      if (deliver) o_rd_q <= o_rd_q + 1'b1;
      if (o_push != deliver) o_count_q <= o_push ? o_count_q + 1'b1 : o_count_q - 1'b1;
      out_valid_q <= deliver;
      refused_q    <= asked != '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (o_push) order_q[o_wr_q] <= '{mask: step_q.mask, need: push, tag: step_q.tag};
    if (deliver) begin
      out_mask_q <= head.mask;
      out_tag_q  <= head.tag;
      for (int unsigned i = 0; i < 8; i++) begin
        out_data_q[64*i +: 64] <= need[i] ? data[i] : '0;
      end
    end
  end

  assign data_o    = '{valid: out_valid_q, mask: out_mask_q, tag: out_tag_q, data: out_data_q};
  assign refused_o = refused_q;
  assign idle_o    = !valid_q && ports_idle && o_count_q == '0 && y_room && !out_valid_q &&
                     !refused_q;

  logic unused;
  always_comb begin
    unused = ^{beat.valid, beat.addr[2:0], beat.stride[2:0]};
    for (int unsigned i = 0; i < 8; i++) unused = unused ^ l1_rsp_i[i].valid;
  end
endmodule
