// SPDX-License-Identifier: Apache-2.0
// tb_attn_mem: the memory side of the attention engine, its structs as plain fields. direct_i: beats of
// X, W and writes come from the test instead of the loaders and the packer.
module tb_attn_mem
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
  import oct_attn_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,
  input  logic        direct_i,
  output logic [3:0]  idle_o,           // ports, load_x, load_w, out

  // Read beats: X and W of halves 0 and 1, residual, parameters. The tag is an opaque number.
  input  logic [5:0]  b_valid_i,
  output logic [5:0]  b_ready_o,
  input  logic        b_ctx_i    [6],
  input  logic [31:0] b_addr_i   [6],
  input  logic [31:0] b_stride_i [6],
  input  logic [1:0]  b_lw_i     [6],
  input  logic [7:0]  b_mask_i   [6],
  input  logic [31:0] b_tag_i    [6],

  input  logic        y_valid_i,
  output logic        y_ready_o,
  input  logic        y_ctx_i,
  input  logic [31:0] y_addr_i,
  input  logic [31:0] y_stride_i,
  input  logic [1:0]  y_lw_i,
  input  logic [63:0] y_be_i,
  input  logic [63:0] y_data_i [8],

  // X commands: addr, stride, pstride, par_addr, mask_addr
  input  logic        xc_valid_i,
  output logic        xc_ready_o,
  input  logic [31:0] xc_addr_i [5],
  input  logic [6:0]  xc_rows_i,
  input  logic [6:0]  xc_bytes_i,
  input  logic [6:0]  xc_more_i,
  input  logic [4:0]  xc_flags_i,       // ctx, split, odd, par_en, mask_en
  input  logic [1:0]  x_free_i,
  input  logic [1:0]  mask_free_i,

  // W commands: addr, stride
  input  logic        wc_valid_i,
  output logic        wc_ready_o,
  input  logic [31:0] wc_addr_i [2],
  input  logic [6:0]  wc_bytes_i,
  input  logic [6:0]  wc_more_i,
  input  logic [6:0]  wc_units_i,
  input  logic [5:0]  wc_flags_i,       // ctx, claim, bank, kn, split, dual
  input  logic [1:0]  w_free_i,

  // Result vectors and their command
  input  logic        v_valid_i,
  output logic        v_ready_o,
  input  logic [2:0]  v_flags_i,        // first, group_last, last
  input  logic [15:0] v_y_i [16],
  input  logic        d_ctx_i, d_dual_i, d_odd_i,
  input  logic [15:0] d_cols_i,
  input  logic [31:0] d_addr_i,
  input  logic        d_job_last_i,
  input  logic [4:0]  job_flags_i [2],  // attn, last, y_trans, y16
  input  logic [31:0] job_stride_i [2],
  output logic [1:0]  job_end_o,

  output logic [1:0]  data_valid_o,
  output logic [7:0]  data_mask_o [2],
  output logic [31:0] data_tag_o [2],   // fields of the tag, see the assignments
  output logic [2:0]  data_dest_o [2],
  output logic [5:0]  data_index_o [2],
  output logic [6:0]  data_bytes_o [2],
  output logic [4:0]  data_flags_o [2], // bank, kn, split, half_sel, last
  output logic [63:0] data_o [16],
  output logic [1:0]  pending_o,
  output logic [1:0]  err_valid_o,
  output logic        err_ctx_o [2],
  output logic [31:0] err_addr_o [2],
  output logic        refused_o,

  output logic [15:0] l1_valid_o,
  output logic [15:0] l1_we_o,
  output logic [31:0] l1_word_o [16],
  output logic [7:0]  l1_be_o [16],
  output logic [63:0] l1_wdata_o [16],
  input  logic [15:0] l1_ready_i,
  input  logic [15:0] l1_rvalid_i,
  input  logic [63:0] l1_rdata_i [16]
);
  rbeat_t [Halves-1:0] x_load, w_load, x, w;
  rbeat_t [5:0]        direct;
  logic   [Halves-1:0] x_ready, w_ready;
  logic                r_ready, p_ready, y_ready, v_ready;
  wbeat_t              y_direct, y_packed, y;
  rdata_t [Halves-1:0] data;
  l1_err_t [Halves-1:0] err;
  x_cmd_t              x_cmd;
  w_cmd_t              w_cmd;
  d_cmd_t              d_cmd;
  yvec_t               vec;
  ctx_t [NumCtx-1:0]   ctx;
  l1_word_req_t [EnginePorts-1:0] l1_req;
  l1_word_rsp_t [EnginePorts-1:0] l1_rsp;

  always_comb begin
    direct = '0;
    for (int unsigned i = 0; i < 6; i++) begin
      direct[i].valid  = b_valid_i[i] && (direct_i || i >= 4);
      direct[i].ctx    = b_ctx_i[i];
      direct[i].addr   = b_addr_i[i];
      direct[i].stride = b_stride_i[i];
      direct[i].lw     = b_lw_i[i];
      direct[i].mask   = b_mask_i[i];
      direct[i].tag    = tag_t'(b_tag_i[i][$bits(tag_t)-1:0]);
    end
    y_direct        = '0;
    y_direct.valid  = y_valid_i;
    y_direct.ctx    = y_ctx_i;
    y_direct.addr   = y_addr_i;
    y_direct.stride = y_stride_i;
    y_direct.lw     = y_lw_i;
    y_direct.be     = y_be_i;
    for (int unsigned i = 0; i < 8; i++) y_direct.data[64*i +: 64] = y_data_i[i];
    y = direct_i ? y_direct : y_packed;
    for (int unsigned h = 0; h < Halves; h++) begin
      x[h] = direct_i ? direct[h] : x_load[h];
      w[h] = direct_i ? direct[2+h] : w_load[h];
    end
  end

  always_comb begin
    b_ready_o = '0;
    for (int unsigned h = 0; h < Halves; h++) begin
      b_ready_o[h]   = x_ready[h];
      b_ready_o[2+h] = w_ready[h];
    end
    b_ready_o[4] = r_ready;
    b_ready_o[5] = p_ready;
    y_ready_o    = y_ready;
    v_ready_o    = v_ready;
  end

  always_comb begin
    x_cmd           = '0;
    x_cmd.addr      = xc_addr_i[0];
    x_cmd.stride    = xc_addr_i[1];
    x_cmd.pstride   = xc_addr_i[2];
    x_cmd.par_addr  = xc_addr_i[3];
    x_cmd.mask_addr = xc_addr_i[4];
    x_cmd.rows      = xc_rows_i;
    x_cmd.bytes     = xc_bytes_i;
    x_cmd.more      = xc_more_i;
    {x_cmd.mask_en, x_cmd.par_en, x_cmd.odd, x_cmd.split, x_cmd.ctx} = xc_flags_i;

    w_cmd        = '0;
    w_cmd.addr   = wc_addr_i[0];
    w_cmd.stride = wc_addr_i[1];
    w_cmd.bytes  = wc_bytes_i;
    w_cmd.more   = wc_more_i;
    w_cmd.count  = wc_units_i[UnitIdxWidth:0];
    {w_cmd.dual, w_cmd.split, w_cmd.kn, w_cmd.bank, w_cmd.claim, w_cmd.ctx} = wc_flags_i;

    vec = '0;
    {vec.last, vec.group_last, vec.first} = v_flags_i;
    for (int unsigned u = 0; u < Units; u++) vec.y[u] = v_y_i[u];
    d_cmd          = '0;
    d_cmd.ctx      = d_ctx_i;
    d_cmd.dual     = d_dual_i;
    d_cmd.odd      = d_odd_i;
    d_cmd.cols     = d_cols_i;
    d_cmd.y_addr   = d_addr_i;
    d_cmd.job_last = d_job_last_i;
    ctx = '0;
    for (int unsigned c = 0; c < NumCtx; c++) begin
      {ctx[c].y16, ctx[c].y_trans, ctx[c].last, ctx[c].attn} = job_flags_i[c][3:0];
      ctx[c].y_stride = job_stride_i[c];
    end
  end

  oct_attn_load_x u_load_x (
    .clk_i, .rst_ni, .clear_i, .idle_o(idle_o[1]),
    .cmd_valid_i(xc_valid_i), .cmd_ready_o(xc_ready_o), .cmd_i(x_cmd),
    .free_i(x_free_i), .mask_free_i(mask_free_i),
    .beat_o(x_load), .ready_i(direct_i ? '0 : x_ready)
  );

  oct_attn_load_w u_load_w (
    .clk_i, .rst_ni, .clear_i, .idle_o(idle_o[2]),
    .cmd_valid_i(wc_valid_i), .cmd_ready_o(wc_ready_o), .cmd_i(w_cmd), .free_i(w_free_i),
    .beat_o(w_load), .ready_i(direct_i ? '0 : w_ready)
  );

  oct_attn_out u_out (
    .clk_i, .rst_ni, .clear_i, .idle_o(idle_o[3]), .ctx_i(ctx),
    .in_valid_i(v_valid_i), .in_ready_o(v_ready), .cmd_i(d_cmd), .in_i(vec),
    .beat_o(y_packed), .ready_i(y_ready && !direct_i), .writes_pending_i(pending_o), .job_end_o
  );

  oct_attn_ports u_ports (
    .clk_i, .rst_ni, .clear_i, .idle_o(idle_o[0]),
    .x_i(x), .x_ready_o(x_ready), .w_i(w), .w_ready_o(w_ready),
    .r_i(direct[4]), .r_ready_o(r_ready), .p_i(direct[5]),
    .p_half_i(Halves > 1 && direct[5].tag[0]), .p_ready_o(p_ready),
    .y_i(y), .y_ready_o(y_ready), .data_o(data), .writes_pending_o(pending_o), .err_o(err),
    .refused_o, .l1_req_o(l1_req), .l1_rsp_i(l1_rsp)
  );

  always_comb begin
    data_valid_o = '0;
    err_valid_o  = '0;
    for (int unsigned h = 0; h < 2; h++) begin
      data_mask_o[h]  = '0;
      data_tag_o[h]   = '0;
      data_dest_o[h]  = '0;
      data_index_o[h] = '0;
      data_bytes_o[h] = '0;
      data_flags_o[h] = '0;
      err_ctx_o[h]    = '0;
      err_addr_o[h]   = '0;
    end
    for (int unsigned i = 0; i < 16; i++) data_o[i] = '0;
    for (int unsigned h = 0; h < Halves; h++) begin
      data_valid_o[h] = data[h].valid;
      data_mask_o[h]  = data[h].mask;
      data_tag_o[h]   = 32'(data[h].tag);
      data_dest_o[h]  = data[h].tag.dest;
      data_index_o[h] = data[h].tag.index;
      data_bytes_o[h] = data[h].tag.bytes;
      data_flags_o[h] = {data[h].tag.last, data[h].tag.half_sel, data[h].tag.split, data[h].tag.kn,
                         data[h].tag.bank};
      err_valid_o[h]  = err[h].valid;
      err_ctx_o[h]    = err[h].ctx;
      err_addr_o[h]   = err[h].addr;
      for (int unsigned i = 0; i < 8; i++) data_o[8*h+i] = data[h].data[64*i +: 64];
    end
  end

  always_comb begin
    l1_valid_o = '0;
    l1_we_o    = '0;
    for (int unsigned i = 0; i < 16; i++) begin
      l1_word_o[i]  = '0;
      l1_be_o[i]    = '0;
      l1_wdata_o[i] = '0;
    end
    for (int unsigned i = 0; i < EnginePorts; i++) begin
      l1_valid_o[i] = l1_req[i].valid;
      l1_we_o[i]    = l1_req[i].we;
      l1_word_o[i]  = 32'(l1_req[i].word);
      l1_be_o[i]    = l1_req[i].be;
      l1_wdata_o[i] = l1_req[i].wdata;
    end
  end

  always_comb begin
    for (int unsigned i = 0; i < EnginePorts; i++) begin
      l1_rsp[i]     = '{ready: l1_ready_i[i], valid: l1_rvalid_i[i], rdata: l1_rdata_i[i]};
    end
  end

  logic unused;
  always_comb begin
    unused = ^{b_valid_i, wc_units_i, job_flags_i[0], job_flags_i[1], direct, l1_ready_i, l1_rvalid_i};
    for (int unsigned i = 0; i < 6; i++) unused = unused ^ (^b_tag_i[i]);
    for (int unsigned i = 0; i < 16; i++) unused = unused ^ (^v_y_i[i]) ^ (^l1_rdata_i[i]);
  end
endmodule
