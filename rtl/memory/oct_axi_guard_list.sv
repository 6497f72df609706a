// SPDX-License-Identifier: Apache-2.0
// oct_axi_guard_list: bursts that clients wait for, in order for each identifier. Counts and pointers
// are flip-flops; the bursts themselves lie in one memory, for they are looked at only after a
// time-out. The last identifier (the DMA) has Depth places, the others SmallDepth each.
// Test: tb/unit/memory/oct_axi_guard_test.cpp.
`include "oct_assert.svh"

module oct_axi_guard_list #(
  parameter int unsigned NumIds = 4,
  parameter int unsigned Width  = 40,  // a multiple of 8
  parameter int unsigned Depth  = 256,  // a power of two
  localparam int unsigned IdWidth = $clog2(NumIds)
) (
  input  logic               clk_i,
  input  logic               rst_ni,

  input  logic               put_i,      // not in a cycle with look_i
  input  logic [NumIds-1:0]  id_i,       // one-hot
  input  logic [Width-1:0]   burst_i,
  output logic               room_o,     // for any identifier

  input  logic [NumIds-1:0]  pop_i,      // the oldest burst of these is answered
  output logic [NumIds-1:0]  waiting_o,  // a burst is not answered

  input  logic               look_i,
  input  logic [IdWidth-1:0] look_id_i,
  output logic [Width-1:0]   burst_o     // its oldest burst, from the next cycle to the next look
);
  localparam int unsigned SmallPtr   = 4;
  localparam int unsigned SmallDepth = 1 << SmallPtr;
  localparam int unsigned BigPtr     = $clog2(Depth);
  localparam int unsigned Words      = Depth + (NumIds - 1) * SmallDepth;
  localparam int unsigned AddrWidth  = $clog2(Words);

  logic [NumIds-1:0][AddrWidth-1:0] wr_addr, rd_addr;
  logic [NumIds-1:0]                full;
  logic [AddrWidth-1:0]             put_addr, addr;

  for (genvar i = 0; i < NumIds; i++) begin : gen_ring
    localparam bit          Big      = i == NumIds - 1;
    localparam int unsigned PtrWidth = Big ? BigPtr : SmallPtr;
    localparam int unsigned Base     = Big ? 0 : Depth + i * SmallDepth;
    logic [PtrWidth-1:0] wr_q, rd_q;
    logic [PtrWidth:0]   count_q;
    logic                put;

    assign put          = put_i && id_i[i];
    assign wr_addr[i]   = AddrWidth'(Base) + AddrWidth'(wr_q);
    assign rd_addr[i]   = AddrWidth'(Base) + AddrWidth'(rd_q);
    assign waiting_o[i] = count_q != '0;
    assign full[i]      = count_q[PtrWidth];

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        wr_q    <= '0;
        rd_q    <= '0;
        count_q <= '0;
      end else if (put || pop_i[i]) begin
        if (put)      wr_q <= wr_q + 1'b1;
        if (pop_i[i]) rd_q <= rd_q + 1'b1;
        if (put != pop_i[i]) count_q <= put ? count_q + 1'b1 : count_q - 1'b1;
      end
    end

    `OCT_ASSERT(PopWaits_A, pop_i[i] |-> waiting_o[i])
    `OCT_ASSERT(PutFits_A, put |-> !full[i])
  end

  assign room_o = full == '0;

  always_comb begin
    put_addr = '0;
    for (int unsigned i = 0; i < NumIds; i++) begin
      if (id_i[i]) put_addr = put_addr | wr_addr[i];
    end
    addr = look_i ? rd_addr[look_id_i] : put_addr;
  end

  oct_tech_sram #(.Words(Words), .Width(Width)) u_bursts (
    .clk_i,
    .req_i   (put_i || look_i),
    .we_i    (put_i),
    .addr_i  (addr),
    .be_i    ('1),
    .wdata_i (burst_i),
    .rdata_o (burst_o)
  );

  `OCT_ASSERT(OnePort_A, !(put_i && look_i))
endmodule
