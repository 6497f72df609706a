// SPDX-License-Identifier: Apache-2.0
// oct_id: decode stage: control signals of base ISA and ML extension, operands from register file
// or bypass, hazards, targets of jumps and branches, static prediction (backward: taken).
// Holds the register file and which registers wait for loads, otherwise combinational. Test: tb/unit/core/oct_core_test.cpp.
module oct_id
  import oct_core_pkg::*;
(
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         clear_i,

  input  logic         run_i,          // an instruction is here and the core is awake
  input  logic [31:0]  pc_i,
  input  logic [31:0]  instr_i,
  input  logic         rvc_i,
  input  logic         err_i,
  input  logic         err_hi_i,
  input  logic [31:0]  if_pc_i,        // of the instruction behind, whatever hardware loops do

  // Results on their way: port A from EX and M, port B from the bus.
  input  logic         ex_we_i,
  input  logic         ex_late_i,      // its value is not there yet
  input  logic [4:0]   ex_rd_i,
  input  logic [31:0]  ex_data_i,
  input  logic         ex_ld_i,        // a load in EX
  input  logic [4:0]   ex_ld_rd_i,
  input  logic         m_we_i,
  input  logic [4:0]   m_rd_i,
  input  logic [31:0]  m_data_i,
  input  logic         wb_we_i,
  input  logic [4:0]   wb_rd_i,
  input  logic [31:0]  wb_data_i,
  input  logic         ld_sent_i,      // the load in EX goes to the bus

  output ctrl_t        ctrl_o,
  output logic [MlOpWidth-1:0]  ml_op_o,        // ml_alu_op_t or ml_mul_op_t
  output hwloop_ctrl_t hwloop_o,
  output logic [4:0]   rd_o,           // of write port A
  output logic         ld_o,
  output logic [31:0]  op_a_o,
  output logic [31:0]  op_b_o,
  output logic [31:0]  op_c_o,
  output logic [31:0]  rs1_o,          // register values as read
  output logic [31:0]  rs2_o,
  output logic [31:0]  rs3_o,
  output logic [31:0]  alt_o,          // where EX goes if the prediction fails; link of JALR
  output logic [31:0]  target_o,
  output logic         jump_o,         // go to target_o as soon as this instruction leaves
  output logic         wait_load_o,
  output logic         wait_mul_o
);
  import oct_ml_pkg::ml_dec_t;
  import oct_ml_pkg::ml_hwlp_t;

  ctrl_t       ctrl;
  sel_a_e      sel_a;
  sel_b_e      sel_b;
  sel_c_e      sel_c;
  logic        use1, use2, use3, illegal, base_use1, base_use2, base_illegal;
  ctrl_t       base_ctrl;
  sel_a_e      base_sel_a;
  sel_b_e      base_sel_b;
  logic [31:0] instr, base_imm, imm, offset, ilen;
  ml_dec_t     ml;
  ml_hwlp_t    hwlp;
  logic [31:0] ml_imm;
  logic [4:0]  r1, r2, r3;
  logic [31:0] x1, x2, x3;
  logic        base_pred;
  logic [31:0] pending_q;              // registers that wait for load data

  assign instr = instr_i;
  assign r1   = instr[19:15];
  assign r2   = instr[24:20];
  assign r3   = instr[11:7];
  assign ilen = rvc_i ? 32'd2 : 32'd4;

  oct_decode u_decode (
    .en_i(run_i), .instr_i(instr), .ctrl_o(base_ctrl), .sel_a_o(base_sel_a), .sel_b_o(base_sel_b),
    .rs1_used_o(base_use1), .rs2_used_o(base_use2), .imm_o(base_imm), .illegal_o(base_illegal)
  );

  oct_ml_decode u_ml_decode (
    .en_i(run_i), .instr_i(instr), .dec_o(ml), .imm_o(ml_imm), .hwlp_o(hwlp)
  );

  // ---- Merge ------------------------------------------------------------------------------------------
  always_comb begin
    ctrl     = base_ctrl;
    sel_a    = base_sel_a;
    sel_b    = base_sel_b;
    sel_c    = SelCRs2;
    use1     = base_use1;
    use2     = base_use2;
    use3     = 1'b0;
    imm      = base_imm;
    illegal  = base_illegal;
    ml_op_o  = '0;
    hwloop_o = '0;
    rd_o     = r3;
    if (ml.valid) begin
      illegal      = 1'b0;
      ctrl         = '0;
      ctrl.unit    = UnitNone;
      ctrl.res     = ResAlu;
      ctrl.alu_op  = AluAdd;
      ctrl.funct3  = {ml.mem.uns, ml.mem.size};
      ctrl.amo     = oct_cluster_pkg::AmoNone;
      ctrl.csr_op  = oct_riscv_pkg::CsrRead;
      use1         = ml.use_rs1;
      use2         = ml.use_rs2;
      use3         = ml.use_rs3;
      sel_a        = SelARs1;
      sel_b        = ml.b_imm ? SelBImm : SelBRs2;
      imm          = ml_imm;
      unique case (ml.unit)
        oct_ml_pkg::UnitAlu: begin
          ctrl.res   = ResMl;
          ctrl.rd_we = ml.write_rd;
          sel_c      = SelCRs3;
          ml_op_o    = MlOpWidth'(ml.alu);
        end
        oct_ml_pkg::UnitMul: begin
          ctrl.res   = ResMul;
          ctrl.rd_we = ml.write_rd;
          sel_c      = SelCRs3;
          ml_op_o    = MlOpWidth'(ml.mul);
        end
        oct_ml_pkg::UnitMem: begin
          ctrl.unit    = ml.mem.store ? UnitStore : UnitLoad;
          ctrl.rd_we   = ml.write_rs1;
          ctrl.postinc = ml.mem.post;
          rd_o         = r1;
          if (ml.mem.off == oct_ml_pkg::OffImm) sel_b = SelBImm;
          else if (ml.mem.off == oct_ml_pkg::OffRs3) sel_b = SelBRs3;
          else sel_b = SelBRs2;
        end
        default: begin
          ctrl.unit           = UnitHwloop;
          sel_a               = SelAPc;
          sel_b               = SelBIlen;
          sel_c               = hwlp.addr_reg || hwlp.count_reg ? SelCRs1 : SelCImm;
          imm                 = {20'd0, hwlp.count};
          hwloop_o.loop       = hwlp.loop;
          hwloop_o.we_start   = hwlp.we_start;
          hwloop_o.we_end     = hwlp.we_end;
          hwloop_o.we_count   = hwlp.we_count;
          hwloop_o.start_next = hwlp.start_next;
          hwloop_o.addr_reg   = hwlp.addr_reg;
          hwloop_o.quiet      = hwlp.start_next && !hwlp.addr_reg && !hwlp.offset[13]
                                && hwlp.offset[12:4] != '0;
        end
      endcase
    end
    if (err_i || illegal) begin
      // mtval = a + b: the address of the fault or the instruction's bits.
      ctrl        = '0;
      ctrl.unit   = UnitTrap;
      ctrl.res    = ResAlu;
      ctrl.alu_op = AluAdd;
      ctrl.amo    = oct_cluster_pkg::AmoNone;
      ctrl.csr_op = oct_riscv_pkg::CsrRead;
      ctrl.cause  = err_i ? oct_riscv_pkg::CauseFetchAccess[3:0] : oct_riscv_pkg::CauseIllegal[3:0];
      sel_a       = err_i ? SelAPc : SelAZero;
      sel_b       = SelBImm;
      imm         = err_i ? {30'd0, err_hi_i, 1'b0} : instr;
      use1        = 1'b0;
      use2        = 1'b0;
      use3        = 1'b0;
    end
    if (rd_o == 5'd0) ctrl.rd_we = 1'b0;
    ctrl_o = run_i ? ctrl : '0;
    ld_o   = ctrl.unit == UnitLoad && r3 != 5'd0;
  end

  // ---- Operands -----------------------------------------------------------------------------------------
  oct_regfile u_regfile (
    .clk_i, .rst_ni, .r1_i(r1), .r2_i(r2), .r3_i(r3), .d1_o(x1), .d2_o(x2), .d3_o(x3),
    .we_a_i(m_we_i), .wa_a_i(m_rd_i), .wd_a_i(m_data_i),
    .we_b_i(wb_we_i), .wa_b_i(wb_rd_i), .wd_b_i(wb_data_i)
  );

  // The youngest producer wins. A register waiting for a load has no younger one (wait_load_o).
  always_comb begin
    rs1_o = x1;
    rs2_o = x2;
    rs3_o = x3;
    if (run_i) begin
      if (ex_we_i && ex_rd_i == r1)      rs1_o = ex_data_i;
      else if (m_we_i && m_rd_i == r1)   rs1_o = m_data_i;
      else if (wb_we_i && wb_rd_i == r1) rs1_o = wb_data_i;
      if (ex_we_i && ex_rd_i == r2)      rs2_o = ex_data_i;
      else if (m_we_i && m_rd_i == r2)   rs2_o = m_data_i;
      else if (wb_we_i && wb_rd_i == r2) rs2_o = wb_data_i;
      if (ex_we_i && ex_rd_i == r3)      rs3_o = ex_data_i;
      else if (m_we_i && m_rd_i == r3)   rs3_o = m_data_i;
      else if (wb_we_i && wb_rd_i == r3) rs3_o = wb_data_i;
    end
  end

  always_comb begin
    unique case (sel_a)
      SelARs1: op_a_o = rs1_o;
      SelAPc:  op_a_o = pc_i;
      SelAZero: op_a_o = '0;
      default: op_a_o = {27'd0, r1};
    endcase
    unique case (sel_b)
      SelBRs2: op_b_o = rs2_o;
      SelBRs3: op_b_o = rs3_o;
      SelBImm: op_b_o = imm;
      default: op_b_o = ilen;
    endcase
    unique case (sel_c)
      SelCRs2: op_c_o = rs2_o;
      SelCRs3: op_c_o = rs3_o;
      SelCRs1: op_c_o = rs1_o;
      default: op_c_o = imm;
    endcase
  end

  // ---- Hazards --------------------------------------------------------------------------------------------
  // rd is looked up like a source: nothing overtakes a load to the same register.
  always_comb begin
    logic [31:0] waiting;
    logic        use3_or_rd;
    waiting     = pending_q;
    wait_load_o = 1'b0;
    wait_mul_o  = 1'b0;
    use3_or_rd  = use3 || ctrl.rd_we || ld_o;
    if (run_i) begin
      if (wb_we_i) waiting[wb_rd_i] = 1'b0;
      if (ex_ld_i) waiting[ex_ld_rd_i] = 1'b1;
      wait_load_o = (use1 && waiting[r1]) || (use2 && waiting[r2]) || (use3_or_rd && waiting[r3]);
      wait_mul_o  = ex_we_i && ex_late_i
                    && ((use1 && ex_rd_i == r1) || (use2 && ex_rd_i == r2) || (use3 &&
                        ex_rd_i == r3));
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) pending_q <= '0;
    else if (clear_i) pending_q <= '0;
    else begin
      if (wb_we_i) pending_q[wb_rd_i] <= 1'b0;
      if (ld_sent_i) pending_q[ex_ld_rd_i] <= 1'b1;
    end
  end

  // ---- Targets ----------------------------------------------------------------------------------------------
  always_comb begin
    if (ctrl.unit == UnitJalr) offset = ilen;
    else if (ctrl.unit == UnitHwloop) offset = {18'd0, hwlp.offset};
    else offset = base_imm;
    target_o  = pc_i + offset;
    base_pred = ctrl.unit == UnitBranch && base_imm[31];
    jump_o    = ctrl.unit == UnitJal || base_pred;
    alt_o     = (base_pred || ctrl.unit == UnitFenceI) ? if_pc_i : target_o;
  end
endmodule
