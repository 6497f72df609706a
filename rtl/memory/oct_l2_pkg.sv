// SPDX-License-Identifier: Apache-2.0
// oct_l2_pkg: what the blocks between cores, instruction cache and AXI pins agree on.
package oct_l2_pkg;
  import oct_config_pkg::*;

  localparam int unsigned NumMasters  = NumCores + 1;  // the host is the last one
  localparam int unsigned Host        = NumCores;
  localparam int unsigned MasterWidth = $clog2(NumMasters);

  typedef logic [MasterWidth-1:0] master_t;

  // Bursts that a client has on their way at most; oct_axi_guard keeps a list of them for each. The
  // DMA has at most DmaOutstanding long bursts or as many beats in short ones, each direction.
  localparam int unsigned RefillDepth = 8;               // instruction cache
  localparam int unsigned LoadDepth   = 8;               // cores
  localparam int unsigned StoreDepth  = 8;
  localparam int unsigned QueueDepth  = 8;               // descriptor fetch
  localparam int unsigned DmaBeats    = DmaOutstanding * DmaBurstBeats;
  localparam int unsigned DmaDepth    = (DmaBeats > 16) ? DmaBeats : 16;

  // One answer; it cannot be refused.
  typedef struct packed {
    logic    valid;
    logic    err;
    master_t master;
  } l2_ans_t;

  // What the instruction cache counts; each is high for one cycle per event.
  typedef struct packed {
    logic hit;       // lookups for cores
    logic miss;      // lines asked from L2 for cores
    logic prefetch;  // lines asked from L2 ahead
    logic stall;     // cycles in which a core waits for L2
  } icache_events_t;
endpackage
