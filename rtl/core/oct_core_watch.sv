// SPDX-License-Identifier: Apache-2.0
// oct_core_watch: what the performance counters count and what the host sees of a core. Combinational;
// nothing of the core depends on it but the counters.
// Test: tb/unit/core/oct_core_test.cpp (csrs), tb/system.
module oct_core_watch
  import oct_core_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic         counting_i,     // a counter is on
  input  logic         asleep_i,
  input  logic         held_i,         // by the host
  input  logic         id_valid_i,
  input  logic         wait_load_i,
  input  logic         wait_mul_i,
  input  logic         flush_i,
  input  logic         ex_valid_i,
  input  unit_e        unit_i,
  input  logic         ex_stall_i,
  input  logic         retire_i,
  input  logic         taken_i,
  input  logic         wrong_i,
  input  logic         mem_i,
  input  logic         lsu_ready_i,
  input  logic         lsu_push_i,
  input  logic         refused_i,      // an access not taken by the bus
  input  logic [31:0]  oldest_i,       // address of the oldest access without an answer
  input  logic [31:0]  ex_pc_i,
  input  logic [31:0]  id_pc_i,        // of the instruction behind

  output logic [NumHpmEvents-1:0] events_o,
  output core_status_t status_o
);
  always_comb begin
    events_o = '0;
    if (counting_i) begin
      events_o[HpmAsleep]     = asleep_i;
      events_o[HpmBusStall]   = refused_i;
      events_o[HpmLoadStall]  = id_valid_i && wait_load_i;
      events_o[HpmMulStall]   = id_valid_i && wait_mul_i && !wait_load_i;
      events_o[HpmFetchStall] = !asleep_i && !id_valid_i && !flush_i;
      events_o[HpmTaken]      = retire_i && (unit_i == UnitJal || unit_i == UnitJalr
                                             || (unit_i == UnitBranch && taken_i));
      events_o[HpmLoad]       = lsu_push_i && unit_i == UnitLoad;
      events_o[HpmStore]      = lsu_push_i && unit_i == UnitStore;
      events_o[HpmMispredict] = wrong_i && unit_i == UnitBranch;
      events_o[HpmLsuFull]    = mem_i && !lsu_ready_i;
      events_o[HpmDiv]        = ex_valid_i && unit_i == UnitDiv;
    end
  end

  always_comb begin
    status_o.addr = oldest_i;
    status_o.pc   = ex_valid_i ? ex_pc_i : id_pc_i;
    if (held_i)                                             status_o.state = CoreHeld;
    else if (ex_valid_i && unit_i == UnitWfi)               status_o.state = CoreWfi;
    else if (asleep_i)                                      status_o.state = CoreEvent;
    else if (ex_stall_i && !mem_i && unit_i != UnitDiv)     status_o.state = CoreFence;
    else if (wait_load_i || (mem_i && !lsu_ready_i))        status_o.state = CoreLoad;
    else if (!ex_valid_i && !id_valid_i)                    status_o.state = CoreFetch;
    else                                                    status_o.state = CoreRunning;
  end
endmodule
