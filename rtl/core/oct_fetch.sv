// SPDX-License-Identifier: Apache-2.0
// oct_fetch: program counter, next-pc choice, hardware-loop jumps, and the register before ID.
// One instruction per cycle out of the instruction buffer, whatever its length or alignment.
// Test: tb/unit/core/oct_core_test.cpp.
module oct_fetch
  import oct_core_pkg::*;
(
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,
  input  logic [31:0]      boot_addr_i,

  // Instruction buffer, same cycle.
  output logic [31:1]      pc_o,
  input  l0_rsp_t          l0_rsp_i,
  input  logic [31:0]      l0_data_i,

  // From EX: what is in ID and here is void.
  input  logic             flush_i,
  input  logic             redirect_i,
  input  logic [31:0]      redirect_pc_i,
  // From ID: what is here is void.
  input  logic             id_redirect_i,
  input  logic [31:0]      id_redirect_pc_i,

  input  logic [1:0][31:0] loop_start_i,
  input  logic [1:0][31:0] loop_end_i,
  input  logic [1:0]       loop_alive_i,
  input  logic [1:0]       loop_again_i,

  input  logic             run_i,         // not asleep
  input  logic             id_take_i,     // ID hands its instruction on, or drops it
  output logic             id_valid_o,
  output logic [31:0]      id_pc_o,
  output logic [31:0]      id_instr_o,    // expanded
  output logic             id_rvc_o,
  output logic             id_err_o,      // access fault; id_err_hi_o: of the half behind pc + 2
  output logic             id_err_hi_o,
  output logic [1:0]       id_mark_o,     // ends a turn of loop i
  output logic [31:0]      id_raw_o       // as it stood in memory (RVFI)
);
  logic [31:1] pc_q, pc_d;
  logic        accept, present, rvc, loop_pc, valid_q;
  logic [31:0] instr_c, seq;
  logic [1:0]  mark;
  logic [31:0] pc2, pc4;
  logic [1:0]  hit2, hit4;

  assign pc_o    = pc_q;
  assign accept  = run_i && (id_take_i || !valid_q);
  assign rvc     = l0_data_i[1:0] != 2'b11;
  assign present = l0_rsp_i.lo_valid && (l0_rsp_i.lo_err || rvc || l0_rsp_i.hi_valid);
  assign pc2     = {pc_q, 1'b0} + 32'd2;
  assign pc4     = {pc_q, 1'b0} + 32'd4;

  oct_rvc u_rvc (.en_i(rvc), .c_i(l0_data_i[15:0]), .instr_o(instr_c));

  always_comb begin
    logic jump0, jump1;
    hit2 = '0;
    hit4 = '0;
    if (loop_alive_i != '0) begin
      for (int unsigned i = 0; i < 2; i++) begin
        hit2[i] = loop_alive_i[i] && pc2 == loop_end_i[i];
        hit4[i] = loop_alive_i[i] && pc4 == loop_end_i[i];
      end
    end
    // The outer loop turns only when the inner one, ending at the same place, does not.
    mark    = rvc ? hit2 : hit4;
    jump0   = mark[0] && loop_again_i[0];
    if (jump0) mark[1] = 1'b0;
    jump1   = mark[1] && loop_again_i[1];
    loop_pc = jump0 || jump1;
    seq     = rvc ? pc2 : pc4;
    if (loop_pc) seq = jump0 ? loop_start_i[0] : loop_start_i[1];
  end

  always_comb begin
    pc_d = pc_q;
    if (redirect_i) pc_d = redirect_pc_i[31:1];
    else if (id_redirect_i) pc_d = id_redirect_pc_i[31:1];
    else if (accept && present) pc_d = seq[31:1];
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pc_q    <= '0;
      valid_q <= 1'b0;
    end else if (clear_i) begin
      pc_q    <= boot_addr_i[31:1];
      valid_q <= 1'b0;
    end else if (run_i) begin
      pc_q <= pc_d;
      if (flush_i) valid_q <= 1'b0;
      else if (accept) valid_q <= present && !id_redirect_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      id_pc_o     <= {pc_q, 1'b0};
      id_instr_o  <= rvc ? instr_c : l0_data_i;
      id_rvc_o    <= rvc;
      id_err_o    <= l0_rsp_i.lo_err || (!rvc && l0_rsp_i.hi_err);
      id_err_hi_o <= !l0_rsp_i.lo_err;
      id_mark_o   <= mark;
      id_raw_o    <= rvc ? {16'd0, l0_data_i[15:0]} : l0_data_i;
    end
  end

  assign id_valid_o = valid_q;

  logic unused;
  assign unused = ^{seq[0], redirect_pc_i[0], id_redirect_pc_i[0], boot_addr_i[0]};
endmodule
