// SPDX-License-Identifier: Apache-2.0
// oct_attn_array: the units with what spreads operands over them: beats of W, weights of the softmax, the
// row of X. The dots of a step come three cycles after it.
// Test: tb/unit/attention/oct_attn_compute_test.cpp.
module oct_attn_array
  import oct_attn_pkg::*;
(
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     clear_i,

  input  rdata_t [Halves-1:0]      rdata_i,
  output logic [Halves-1:0][1:0]   w_last_o,    // last beat of a half for a bank

  input  logic                     p_valid_i,
  input  logic [4:0]               p_pair_i,
  input  logic [Units-1:0][15:0]   p_i,

  input  logic                     step_valid_i,
  input  step_t                    step_i,
  input  logic [1:0][RowWidth-1:0] x_i,         // for even and for odd units
  input  logic [7:0]               x_tail_i,
  output logic                     x_valid_o,   // one cycle later: the step, its row
  output step_t                    x_step_o,
  output logic [RowWidth-1:0]      x_o,
  output logic [7:0]               x_tail_o,
  output dot_t [Units-1:0]         dot_o
);
  // ---- The row of X, registered for even and for odd units --------------------------------------
  logic                     x_valid_q;
  step_t                    step_q;
  logic [1:0][RowWidth-1:0] x_q;
  logic                     mac;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) x_valid_q <= 1'b0;
    else x_valid_q <= step_valid_i && !clear_i;
  end

  always_ff @(posedge clk_i) begin
    if (step_valid_i) begin
      step_q <= step_i;
      x_q[0] <= x_i[0];
      x_q[1] <= x_i[1];
      if (step_i.tail) x_tail_o <= x_tail_i;
    end
  end

  assign mac       = x_valid_q && (step_q.qk || step_q.sum);
  assign x_valid_o = x_valid_q;
  assign x_step_o  = step_q;
  assign x_o       = x_q[0];

  // ---- Beats of W --------------------------------------------------------------------------------
  logic [Halves-1:0] w_here, row_here, col_here;
  logic              w_en;
  assign w_en = row_here != '0 || col_here != '0 || p_valid_i;

  always_comb begin
    w_last_o = '0;
    for (int unsigned h = 0; h < Halves; h++) begin
      w_here[h] = rdata_i[h].valid && rdata_i[h].tag.dest == DestW;
      row_here[h] = w_here[h] && rdata_i[h].mask != '0 && !rdata_i[h].tag.kn;
      col_here[h] = w_here[h] && rdata_i[h].mask != '0 && rdata_i[h].tag.kn;
      if (w_here[h] && rdata_i[h].tag.last) w_last_o[h][rdata_i[h].tag.bank] = 1'b1;
    end
  end

  for (genvar u = 0; u < Units; u++) begin : gen_unit
    localparam int unsigned RowHalf = u / (Units / Halves);

    logic [ColPorts-1:0]       col_en, col_bank;
    logic [ColPorts-1:0][2:0]  col_group;
    logic [ColPorts-1:0][63:0] col;

    for (genvar c = 0; c < ColPorts; c++) begin : gen_col
      localparam int unsigned H = (ColPorts > 1) ? c : RowHalf;
      localparam int unsigned At = 8 * (u % 8);
      localparam int unsigned AtHigh = (Units == 4) ? At + 32 : At;  // four units take half a word
      assign col_en[c]    = col_here[H];
      assign col_bank[c]  = rdata_i[H].tag.bank;
      assign col_group[c] = rdata_i[H].tag.index[5:3];
      always_comb begin
        col[c] = '0;
        if (col_en[c]) begin
          for (int unsigned i = 0; i < 8; i++) begin
            col[c][8*i+:8] = rdata_i[H].tag.half_sel ? rdata_i[H].data[64*i+AtHigh+:8]
                                                     : rdata_i[H].data[64*i+At+:8];
          end
        end
      end
    end

    oct_attn_unit u_unit (
      .clk_i,
      .id_i        (XIdxWidth'(u)),
      .w_en_i      (w_en),
      .row_en_i    (row_here[RowHalf]),
      .row_id_i    (rdata_i[RowHalf].tag.index),
      .row_bank_i  (rdata_i[RowHalf].tag.bank),
      .row_i       (rdata_i[RowHalf].data),
      .col_en_i    (col_en),
      .col_bank_i  (col_bank),
      .col_group_i (col_group),
      .col_i       (col),
      .p_en_i      (p_valid_i),
      .p_pair_i,
      .p_i         (p_i[u]),
      .en_i        (mac),
      .bank_i      (step_q.bank),
      .weights_i   (step_q.weights),
      .split_i     (step_q.split && !step_q.dual),
      .x_i         (x_q[u%2]),
      .dot_o       (dot_o[u])
    );
  end
endmodule
