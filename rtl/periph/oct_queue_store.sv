// SPDX-License-Identifier: Apache-2.0
// oct_queue_store: the descriptors on chip, QueueUnits units of every queue in one single-port
// memory of 64-bit words. The prefetcher and the loader take turns when both ask.
// Read data follow one cycle after the grant. Test: tb/unit/periph/oct_queues_test.cpp.
module oct_queue_store
  import oct_config_pkg::*;
  import oct_job_pkg::*;
#(
  localparam int unsigned SlotWidth = $clog2(QueueUnits)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  input  logic                 wr_valid_i,   // prefetcher: whole words
  output logic                 wr_ready_o,
  input  logic [2:0]           wr_queue_i,
  input  logic [SlotWidth-1:0] wr_slot_i,
  input  logic [2:0]           wr_word_i,
  input  logic [63:0]          wr_data_i,

  input  logic                 ld_valid_i,   // loader: reads, and writes of half words
  output logic                 ld_ready_o,
  input  logic                 ld_we_i,
  input  logic [1:0]           ld_half_i,    // one-hot: the half that is written
  input  logic [2:0]           ld_queue_i,
  input  logic [SlotWidth-1:0] ld_slot_i,
  input  logic [2:0]           ld_word_i,
  input  logic [31:0]          ld_data_i,
  output logic [63:0]          ld_data_o
);
  localparam int unsigned Words     = NumQueues * QueueUnits * 8;
  localparam int unsigned AddrWidth = $clog2(Words);

  function automatic logic [AddrWidth-1:0] address(logic [2:0] queue, logic [SlotWidth-1:0] slot,
                                                   logic [2:0] word);
    return AddrWidth'({(AddrWidth)'(queue) * AddrWidth'(QueueUnits) + AddrWidth'(slot), word});
  endfunction

  logic ld_last_q;   // the loader went last

  assign ld_ready_o = !wr_valid_i || !ld_last_q;
  assign wr_ready_o = !ld_valid_i || ld_last_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) ld_last_q <= 1'b0;
    else if (wr_valid_i || ld_valid_i) ld_last_q <= ld_valid_i && ld_ready_o;
  end

  logic                 ld;
  logic [AddrWidth-1:0] addr;
  logic [7:0]           be;
  logic [63:0]          wdata;

  always_comb begin
    ld    = ld_valid_i && ld_ready_o;
    addr  = '0;
    be    = '1;
    wdata = wr_data_i;
    if (ld) begin
      addr  = address(ld_queue_i, ld_slot_i, ld_word_i);
      be    = {{4{ld_half_i[1]}}, {4{ld_half_i[0]}}};
      wdata = {2{ld_data_i}};
    end else if (wr_valid_i) begin
      addr = address(wr_queue_i, wr_slot_i, wr_word_i);
    end
  end

  oct_tech_sram #(.Words(Words), .Width(64)) u_sram (
    .clk_i,
    .req_i(ld || wr_valid_i), .we_i(ld ? ld_we_i : wr_valid_i),
    .addr_i(addr), .be_i(be), .wdata_i(wdata), .rdata_o(ld_data_o)
  );
endmodule
