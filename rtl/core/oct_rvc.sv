// SPDX-License-Identifier: Apache-2.0
// oct_rvc: a compressed instruction as its 32-bit equivalent. Combinational.
// What is not legal comes out as the 16 bits with zeros above, which no decoder accepts.
// Test: tb/unit/core/oct_core_test.cpp, tb/lockstep.
module oct_rvc
  import oct_riscv_pkg::*;
(
  input  logic        en_i,      // it is one; else nothing is looked at
  input  logic [15:0] c_i,
  output logic [31:0] instr_o
);
  logic [4:0]  rd, rs2, rdp, rsp, rs2p;
  logic [31:0] bad;
  logic [11:0] imm6;                                  // sign-extended ci immediate
  logic [20:1] imm_j;
  logic [12:1] imm_b;

  always_comb begin
    {rd, rs2, rdp, rsp, rs2p, bad, imm6, imm_j, imm_b} = '0;
    if (en_i) begin
      rd    = c_i[11:7];
      rs2   = c_i[6:2];
      rdp   = {2'b01, c_i[4:2]};                   // x8..x15
      rsp   = {2'b01, c_i[9:7]};
      rs2p  = rdp;
      bad   = {16'd0, c_i};
      imm6  = {{7{c_i[12]}}, c_i[6:2]};
      imm_j = {{10{c_i[12]}}, c_i[8], c_i[10:9], c_i[6], c_i[7], c_i[2], c_i[11], c_i[5:3]};
      imm_b = {{5{c_i[12]}}, c_i[6:5], c_i[2], c_i[11:10], c_i[4:3]};
    end
    instr_o = bad;
    if (en_i) begin
      unique case ({c_i[15:13], c_i[1:0]})
        // Quadrant 0
        5'b000_00:  // c.addi4spn
          if (c_i[12:5] != 8'd0) begin
            instr_o = {2'b0, c_i[10:7], c_i[12:11], c_i[5], c_i[6], 2'b00, 5'd2, 3'b000, rdp,
                OpcOpImm};
          end
        5'b010_00: instr_o = {5'b0, c_i[5], c_i[12:10], c_i[6], 2'b00, rsp, 3'b010, rdp, OpcLoad};
        5'b110_00: instr_o = {5'b0, c_i[5], c_i[12], rs2p, rsp, 3'b010, c_i[11:10], c_i[6], 2'b00,
            OpcStore};
        // Quadrant 1
        5'b000_01: instr_o = {imm6, rd, 3'b000, rd, OpcOpImm};  // c.addi, c.nop
        5'b001_01: instr_o = {imm_j[20], imm_j[10:1], imm_j[11], imm_j[19:12], 5'd1, OpcJal};
        5'b010_01: instr_o = {imm6, 5'd0, 3'b000, rd, OpcOpImm};                     // c.li
        5'b011_01:
          if ({c_i[12], c_i[6:2]} != 6'd0) begin
            if (rd == 5'd2) begin                                                    // c.addi16sp
              instr_o = {{3{c_i[12]}}, c_i[4:3], c_i[5], c_i[2], c_i[6], 4'b0, 5'd2, 3'b000, 5'd2,
                  OpcOpImm};
            end else begin                                                           // c.lui
              instr_o = {{15{c_i[12]}}, c_i[6:2], rd, OpcLui};
            end
          end
        5'b100_01:
          unique case (c_i[11:10])
            2'b00, 2'b01:  // c.srli, c.srai
              if (!c_i[12]) instr_o = {1'b0, c_i[10], 5'b0, c_i[6:2], rsp, 3'b101, rsp, OpcOpImm};
            2'b10: instr_o = {imm6, rsp, 3'b111, rsp, OpcOpImm};                     // c.andi
            default:
              if (!c_i[12]) begin
                unique case (c_i[6:5])
                  2'b00: instr_o = {7'b0100000, rs2p, rsp, 3'b000, rsp, OpcOp};      // c.sub
                  2'b01: instr_o = {7'b0, rs2p, rsp, 3'b100, rsp, OpcOp};            // c.xor
                  2'b10: instr_o = {7'b0, rs2p, rsp, 3'b110, rsp, OpcOp};            // c.or
                  default: instr_o = {7'b0, rs2p, rsp, 3'b111, rsp, OpcOp};          // c.and
                endcase
              end
          endcase
        5'b101_01: instr_o = {imm_j[20], imm_j[10:1], imm_j[11], imm_j[19:12], 5'd0, OpcJal};
        5'b110_01, 5'b111_01:  // c.beqz, c.bnez
          instr_o = {imm_b[12], imm_b[10:5], 5'd0, rsp, 2'b00, c_i[13], imm_b[4:1], imm_b[11],
              OpcBranch};
        // Quadrant 2
        5'b000_10: if (!c_i[12]) instr_o = {7'b0, c_i[6:2], rd, 3'b001, rd, OpcOpImm};  // c.slli
        5'b010_10:                                                                   // c.lwsp
          if (rd != 5'd0) instr_o = {4'b0, c_i[3:2], c_i[12], c_i[6:4], 2'b00, 5'd2, 3'b010, rd,
              OpcLoad};
        5'b100_10:
          if (!c_i[12]) begin
            if (rs2 != 5'd0) instr_o = {7'b0, rs2, 5'd0, 3'b000, rd, OpcOp};         // c.mv
            else if (rd != 5'd0) instr_o = {12'b0, rd, 3'b000, 5'd0, OpcJalr};       // c.jr
          end else begin
            if (rs2 != 5'd0) instr_o = {7'b0, rs2, rd, 3'b000, rd, OpcOp};           // c.add
            else if (rd != 5'd0) instr_o = {12'b0, rd, 3'b000, 5'd1, OpcJalr};       // c.jalr
            else instr_o = 32'h0010_0073;                                            // c.ebreak
          end
        // c.swsp
        5'b110_10:
          instr_o = {4'b0, c_i[8:7], c_i[12], rs2, 5'd2, 3'b010, c_i[11:9], 2'b00, OpcStore};
        default: instr_o = bad;
      endcase
    end
  end
endmodule
