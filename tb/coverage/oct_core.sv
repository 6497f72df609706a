// SPDX-License-Identifier: Apache-2.0
// Cover points of oct_core: traps, interrupts, hardware loops and what meets in one cycle.
`include "oct_assert.svh"

module cover_oct_core
  import oct_core_pkg::*;
  import oct_riscv_pkg::*;
(
  input logic       clk_i,
  input logic       rst_ni,
  input logic       trap,
  input logic       take_irq,
  input logic [3:0] cause,
  input ctrl_t      ex_q,
  input logic       ex_run,
  input logic       ex_stall,
  input logic       ex_pred_q,
  input logic       taken,
  input logic       retire,
  input logic       msip_i,
  input logic       mtip_i,
  input logic       bus_err,
  input logic       wait_load,
  input logic       wait_mul,
  input logic       m_we,
  input logic       wb_we,
  input logic       lsu_ready,
  input logic       asleep_q,
  input logic       clear_i,
  input logic [1:0] mark_retire,
  input logic [1:0] loop_armed,
  input logic       id_valid,
  input logic       id_rvc
);
  for (genvar i = 1; i < 12; i++) begin : g_trap
    if (i < 8 || i == 11) begin : g_real
      `OCT_COVER(Trap_C, trap && cause == 4'(i))
    end
  end
  `OCT_COVER(IrqSoftware_C, take_irq && msip_i)
  `OCT_COVER(IrqTimer_C, take_irq && mtip_i)
  `OCT_COVER(BusError_C, bus_err)
  `OCT_COVER(TakenForward_C, retire && ex_q.unit == UnitBranch && taken && !ex_pred_q)
  `OCT_COVER(NotTakenBackward_C, retire && ex_q.unit == UnitBranch && !taken && ex_pred_q)
  `OCT_COVER(LoopInnerTurn_C, mark_retire == 2'b01 && loop_armed[0])
  `OCT_COVER(LoopOuterTurn_C, mark_retire == 2'b10 && loop_armed[1])
  `OCT_COVER(LoopsEndTogether_C, mark_retire == 2'b11 && loop_armed == 2'b11)
  `OCT_COVER(BothPortsWrite_C, m_we && wb_we)
  `OCT_COVER(LoadHazard_C, id_valid && wait_load)
  `OCT_COVER(MulHazard_C, id_valid && wait_mul)
  `OCT_COVER(AccessesFull_C, ex_run && (ex_q.unit == UnitLoad || ex_q.unit == UnitStore) && !lsu_ready)
  `OCT_COVER(DivStalls_C, ex_run && ex_q.unit == UnitDiv && ex_stall)
  `OCT_COVER(FenceWaits_C, ex_run && ex_q.unit == UnitFence && ex_stall)
  `OCT_COVER(FenceIWaits_C, ex_run && ex_q.unit == UnitFenceI && ex_stall)
  `OCT_COVER(AsleepInWfi_C, asleep_q && ex_q.unit == UnitWfi)
  `OCT_COVER(AmoRetires_C, retire && ex_q.amo != oct_cluster_pkg::AmoNone)
  `OCT_COVER(PostIncrement_C, retire && ex_q.postinc)
  `OCT_COVER(ClearWhileBusy_C, clear_i && ex_run)
  `OCT_COVER(Compressed_C, id_valid && id_rvc)
endmodule

bind oct_core cover_oct_core u_cover (.*);
