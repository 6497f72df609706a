// SPDX-License-Identifier: Apache-2.0
// oct_agu: address of a data access and whether it may be issued. Combinational.
// Misalignment comes before access faults, as the privileged specification recommends for machines
// that never split an access. Test: tb/unit/core/oct_core_test.cpp.
module oct_agu
  import oct_core_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic        valid_i,
  input  ctrl_t       ctrl_i,
  input  logic [31:0] base_i,
  input  logic [31:0] sum_i,
  output logic        access_o,      // a load, store or atomic
  output logic        we_o,
  output logic [31:0] addr_o,
  output logic        remote_o,      // not to L1
  output logic        eu_o,
  output logic        posted_o,      // a store to L2: its answer comes apart from the others
  output logic        fault_o,
  output logic [3:0]  cause_o
);
  import oct_config_pkg::*;

  logic misaligned, in_l1, in_l2, mapped;

  always_comb begin
    access_o   = valid_i && (ctrl_i.unit == UnitLoad || ctrl_i.unit == UnitStore);
    we_o       = ctrl_i.unit == UnitStore || (ctrl_i.amo != AmoNone && ctrl_i.amo != AmoLr);
    addr_o     = ctrl_i.postinc ? base_i : sum_i;
    in_l1      = 1'b1;               // regions as in oct_cluster_pkg::region_of (see oct_csr_map)
    in_l2      = 1'b0;
    eu_o       = 1'b0;
    mapped     = 1'b1;
    misaligned = 1'b0;
    fault_o    = 1'b0;
    if (access_o) begin
      in_l1      = (addr_o ^ L1Base) < L1Bytes;
      eu_o       = (addr_o ^ EuBase) < EuBytes;
      in_l2      = (addr_o ^ L2Base) < L2Bytes;
      mapped     = in_l1 || eu_o || (addr_o ^ RegBase) < RegBytes || in_l2;
      misaligned = (ctrl_i.funct3[0] && addr_o[0]) || (ctrl_i.funct3[1] && addr_o[1:0] != 2'd0);
      fault_o    = misaligned || !mapped || (ctrl_i.amo != AmoNone && !in_l1);
    end
    remote_o = !in_l1;
    posted_o = in_l2 && we_o;
    if (misaligned) begin
      cause_o = we_o ? oct_riscv_pkg::CauseStoreMisaligned[3:0] :
          oct_riscv_pkg::CauseLoadMisaligned[3:0];
    end else begin
      cause_o = we_o ? oct_riscv_pkg::CauseStoreAccess[3:0] : oct_riscv_pkg::CauseLoadAccess[3:0];
    end
  end

  logic unused;
  assign unused = ^{ctrl_i};
endmodule
