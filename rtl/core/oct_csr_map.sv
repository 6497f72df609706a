// SPDX-License-Identifier: Apache-2.0
// oct_csr_map: which control and status registers exist. Combinational.
// A module, not a function: Verilator 5.006 numbers the variables of inlined functions through all
// instances of a module, and nine cores then share no code. The same holds wherever the core spells
// out what a function could say. Test: tb/unit/core/oct_core_test.cpp, tb/lockstep.
module oct_csr_map
  import oct_riscv_pkg::*;
(
  input  logic        en_i,
  input  logic [11:0] addr_i,
  output logic        exists_o
);
  // The loop registers lpstart0..lpcount1 of XCVhwlp are read-only here: 0xcc0 .. 0xcc6 without 0xcc3.
  always_comb begin
    exists_o = 1'b0;
    if (en_i) casez (addr_i)
      CsrMstatus, CsrMisa, CsrMie, CsrMtvec, CsrMstatush,
      CsrMscratch, CsrMepc, CsrMcause, CsrMtval, CsrMip, CsrBusErrAddr,
      CsrMvendorid, CsrMarchid, CsrMimpid, CsrMhartid, CsrMconfigptr: exists_o = 1'b1;
      // mcountinhibit, mhpm
      12'b0011_001?_????: exists_o = addr_i[4:0] == 5'd0 || addr_i[4:0] >= 5'd3;
      // counters, also high
      12'b1011_?00?_????: exists_o = addr_i[4:0] != 5'd1;
      12'b1100_1100_0???: exists_o = addr_i[1:0] != 2'd3;                         // hardware loops
      default:            exists_o = 1'b0;
    endcase
  end
endmodule
