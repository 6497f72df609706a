// SPDX-License-Identifier: Apache-2.0
// Generated from rtl/config/octant.yaml by scripts/gen_config.py; do not edit.
package oct_config_pkg;
  localparam int unsigned NumWorkers           = 8;  // worker cores
  localparam int unsigned NumCores             = 9;  // workers and the controller
  localparam int unsigned HartIdBase           = 0;  // hart id of worker 0
  localparam int unsigned L1Base               = 32'h1000_0000;  // first address of L1
  localparam int unsigned L1Bytes              = 32'h0002_0000;  // size of L1
  localparam int unsigned NumBanks             = 32;  // banks of 64 bits in L1
  localparam int unsigned BankWords            = 512;  // 64-bit words per bank
  localparam int unsigned IcacheBytes          = 8192;  // shared instruction cache
  localparam int unsigned IcacheWays           = 4;  // ways of the instruction cache
  localparam int unsigned L0Lines              = 8;  // lines buffered per core
  localparam int unsigned EngineMacs           = 1024;  // INT8 products per cycle
  localparam int unsigned EnginePorts          = 16;  // 64-bit L1 ports of the engine
  localparam int unsigned DmaBurstBeats        = 16;  // 64-byte beats per AXI burst
  localparam int unsigned DmaOutstanding       = 16;  // bursts in flight per direction
  localparam int unsigned QueueUnits           = 8;  // 64-byte units on chip per work queue
  localparam int unsigned NumSems              = 64;  // hardware semaphores
  localparam int unsigned NumPregs             = 16;  // registers that descriptors may name
  localparam int unsigned NumBarriers          = 8;  // barriers in the event unit
  localparam int unsigned RegBase              = 32'h2000_0000;  // control and status registers
  localparam int unsigned EuBase               = 32'h3000_0000;  // event unit
  localparam int unsigned L2Base               = 32'h8000_0000;  // first address of the outside memory
  localparam int unsigned L2Bytes              = 32'h0400_0000;  // size of the outside memory
  localparam int unsigned BootAddr             = 32'h8000_0000;  // first instruction of every hart
  localparam int unsigned WorkerStackBytes     = 1024;  // stack of a worker, in L1
  localparam int unsigned ControllerStackBytes = 4096;  // stack of the controller, in L1
  localparam int unsigned AxiTimeout           = 100000;  // reset value of the bus time-out register
endpackage
