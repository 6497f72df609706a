// SPDX-License-Identifier: Apache-2.0
// oct_decode: one 32-bit instruction of RV32IMA_Zicsr_Zifencei to control signals. Combinational.
// The ML extension is decoded beside it (oct_ml_decode) and merged by oct_core.
// Test: tb/unit/core/oct_core_test.cpp, tb/lockstep.
module oct_decode
  import oct_riscv_pkg::*;
  import oct_core_pkg::*;
(
  input  logic        en_i,
  input  logic [31:0] instr_i,
  output ctrl_t       ctrl_o,
  output sel_a_e      sel_a_o,
  output sel_b_e      sel_b_o,
  output logic        rs1_used_o,
  output logic        rs2_used_o,
  output logic [31:0] imm_o,
  output logic        illegal_o
);
  logic [2:0]  funct3;
  logic [6:0]  funct7;
  logic        sign, csr_exists;
  alu_op_e     alu_op;
  oct_cluster_pkg::amo_e amo;

  assign funct3 = instr_i[14:12];
  assign funct7 = instr_i[31:25];
  assign sign   = instr_i[31];

  oct_csr_map u_csr_map (
    .en_i(en_i && instr_i[6:0] == OpcSystem), .addr_i(instr_i[31:20]), .exists_o(csr_exists)
  );

  // amo_e is not in the order of funct5.
  always_comb begin
    amo = oct_cluster_pkg::AmoNone;
    if (en_i && instr_i[6:0] == OpcAmo) begin
      unique case (instr_i[31:27])
        5'h02:   amo = oct_cluster_pkg::AmoLr;
        5'h03:   amo = oct_cluster_pkg::AmoSc;
        5'h01:   amo = oct_cluster_pkg::AmoSwap;
        5'h00:   amo = oct_cluster_pkg::AmoAdd;
        5'h04:   amo = oct_cluster_pkg::AmoXor;
        5'h0c:   amo = oct_cluster_pkg::AmoAnd;
        5'h08:   amo = oct_cluster_pkg::AmoOr;
        5'h10:   amo = oct_cluster_pkg::AmoMin;
        5'h14:   amo = oct_cluster_pkg::AmoMax;
        5'h18:   amo = oct_cluster_pkg::AmoMinu;
        5'h1c:   amo = oct_cluster_pkg::AmoMaxu;
        default: amo = oct_cluster_pkg::AmoNone;
      endcase
    end
  end

  always_comb begin
    alu_op = AluAdd;
    if (instr_i[4:2] == 3'b100) unique case (funct3)
      3'd0:    alu_op = (instr_i[30] && instr_i[5]) ? AluSub : AluAdd;  // addi has no alternative
      3'd1:    alu_op = AluSll;
      3'd2:    alu_op = AluSlt;
      3'd3:    alu_op = AluSltu;
      3'd4:    alu_op = AluXor;
      3'd5:    alu_op = instr_i[30] ? AluSra : AluSrl;
      3'd6:    alu_op = AluOr;
      default: alu_op = AluAnd;
    endcase
  end

  always_comb begin
    ctrl_o        = '0;
    ctrl_o.unit   = UnitNone;
    ctrl_o.res    = ResAlu;
    ctrl_o.alu_op = AluAdd;
    ctrl_o.funct3 = funct3;
    ctrl_o.amo    = oct_cluster_pkg::AmoNone;
    ctrl_o.csr_op = csr_op_e'(funct3[1:0]);
    sel_a_o       = SelARs1;
    sel_b_o       = SelBImm;
    rs1_used_o    = 1'b0;
    rs2_used_o    = 1'b0;
    imm_o         = {{20{sign}}, instr_i[31:20]};
    illegal_o     = 1'b0;
    if (en_i) unique case (instr_i[6:0])
      OpcLui, OpcAuipc: begin
        sel_a_o      = instr_i[5] ? SelAZero : SelAPc;
        imm_o        = {instr_i[31:12], 12'd0};
        ctrl_o.rd_we = 1'b1;
      end
      OpcJal: begin
        ctrl_o.unit  = UnitJal;
        sel_a_o      = SelAPc;                // the link: the target has an adder of its own
        sel_b_o      = SelBIlen;
        ctrl_o.rd_we = 1'b1;
        imm_o        = {{12{sign}}, instr_i[19:12], instr_i[20], instr_i[30:21], 1'b0};
      end
      OpcJalr: begin
        ctrl_o.unit  = UnitJalr;
        ctrl_o.res   = ResLink;
        ctrl_o.rd_we = 1'b1;
        rs1_used_o   = 1'b1;
        illegal_o    = funct3 != 3'd0;
      end
      OpcBranch: begin
        ctrl_o.unit = UnitBranch;
        rs1_used_o  = 1'b1;
        rs2_used_o  = 1'b1;
        sel_b_o     = SelBRs2;
        imm_o       = {{20{sign}}, instr_i[7], instr_i[30:25], instr_i[11:8], 1'b0};
        illegal_o   = funct3[2:1] == 2'b01;
      end
      OpcLoad: begin
        ctrl_o.unit = UnitLoad;
        rs1_used_o  = 1'b1;
        illegal_o   = funct3 == 3'd3 || funct3[2:1] == 2'b11;
      end
      OpcStore: begin
        ctrl_o.unit = UnitStore;
        rs1_used_o  = 1'b1;
        rs2_used_o  = 1'b1;
        imm_o       = {{20{sign}}, instr_i[31:25], instr_i[11:7]};
        illegal_o   = funct3[2] || funct3[1:0] == 2'b11;
      end
      OpcAmo: begin
        ctrl_o.unit = UnitLoad;
        ctrl_o.amo  = amo;
        rs1_used_o  = 1'b1;
        rs2_used_o  = instr_i[31:27] != 5'h02;
        imm_o       = '0;
        illegal_o   = funct3 != 3'd2 || amo == oct_cluster_pkg::AmoNone
                      || (instr_i[31:27] == 5'h02 && instr_i[24:20] != 5'd0);
      end
      OpcOpImm: begin
        rs1_used_o    = 1'b1;
        ctrl_o.rd_we  = 1'b1;
        ctrl_o.alu_op = alu_op;
        illegal_o     = (funct3 == 3'd1 && funct7 != 7'd0)
                        || (funct3 == 3'd5 && (funct7 & 7'h5f) != 7'd0);
      end
      OpcOp: begin
        rs1_used_o    = 1'b1;
        rs2_used_o    = 1'b1;
        sel_b_o       = SelBRs2;
        ctrl_o.rd_we  = 1'b1;
        ctrl_o.alu_op = alu_op;
        if (funct7 == 7'd1) begin
          ctrl_o.unit = UnitDiv;
          ctrl_o.res  = ResDiv;
          illegal_o   = !funct3[2];           // the multiplications belong to oct_ml_decode
        end else begin
          illegal_o = (funct7 & 7'h5f) != 7'd0 || (funct7[5] && funct3 != 3'd0 && funct3 != 3'd5);
        end
      end
      // all other fields of fences are ignored, as they must be
      OpcMiscMem: begin
        ctrl_o.unit = funct3[0] ? UnitFenceI : UnitFence;
        illegal_o   = funct3[2:1] != 2'b00;
      end
      OpcSystem: begin
        if (funct3[1:0] != 2'b00) begin
          ctrl_o.unit   = UnitCsr;
          ctrl_o.res    = ResCsr;
          ctrl_o.rd_we  = 1'b1;
          ctrl_o.csr_we = funct3[1:0] == CsrWrite || instr_i[19:15] != 5'd0;
          rs1_used_o    = !funct3[2];
          sel_a_o       = funct3[2] ? SelAZimm : SelARs1;
          illegal_o     = !csr_exists || (ctrl_o.csr_we && instr_i[31:30] == 2'b11);
        end else begin
          sel_a_o = SelAZero;
          imm_o   = '0;
          unique case (instr_i)
            32'h0000_0073: {ctrl_o.unit, ctrl_o.cause} = {UnitTrap, CauseEcallM[3:0]};
            32'h0010_0073: begin
              {ctrl_o.unit, ctrl_o.cause} = {UnitTrap, CauseBreakpoint[3:0]};
              sel_a_o = SelAPc;               // mtval
            end
            32'h3020_0073: ctrl_o.unit = UnitMret;
            32'h1050_0073: ctrl_o.unit = UnitWfi;
            default: illegal_o = 1'b1;
          endcase
        end
      end
      default: illegal_o = 1'b1;
    endcase
  end
endmodule
