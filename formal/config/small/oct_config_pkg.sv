// SPDX-License-Identifier: Apache-2.0
// The machine that proofs use where the default one is too large: two cores, two engine ports, 256 bytes of L1.
package oct_config_pkg;
  localparam int unsigned NumWorkers    = 1;
  localparam int unsigned NumCores      = 2;
  localparam int unsigned HartIdBase    = 0;
  localparam int unsigned L1Base        = 32'h1000_0000;
  localparam int unsigned L1Bytes       = 32'h0000_0100;
  localparam int unsigned NumBanks      = 16;
  localparam int unsigned BankWords     = 2;
  localparam int unsigned IcacheBytes   = 1024;
  localparam int unsigned IcacheWays    = 2;
  localparam int unsigned L0Lines       = 2;
  localparam int unsigned EngineMacs    = 64;
  localparam int unsigned EnginePorts   = 2;
  localparam int unsigned DmaBurstBeats = 4;
  localparam int unsigned DmaOutstanding = 2;
  localparam int unsigned QueueUnits    = 2;
  localparam int unsigned NumSems       = 4;
  localparam int unsigned NumPregs      = 4;
  localparam int unsigned NumBarriers   = 2;
  localparam int unsigned RegBase       = 32'h2000_0000;
  localparam int unsigned EuBase        = 32'h3000_0000;
  localparam int unsigned L2Base        = 32'h8000_0000;
  localparam int unsigned L2Bytes       = 32'h0001_0000;
  localparam int unsigned BootAddr      = 32'h8000_0000;
  localparam int unsigned WorkerStackBytes = 64;
  localparam int unsigned ControllerStackBytes = 64;
  localparam int unsigned AxiTimeout    = 100;
endpackage
