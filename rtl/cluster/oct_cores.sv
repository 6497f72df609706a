// SPDX-License-Identifier: Apache-2.0
// oct_cores: the core tiles, each with its way to L1, event unit and system bus. Wires only, but for
// the rule that a held core is let go when its last access has been answered.
// Described in docs/architecture/interfaces.md. Test: tb/system.
module oct_cores
  import oct_config_pkg::*;
  import oct_cluster_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic         [NumCores-1:0] hold_i,      // keep these cores in reset
  output logic         [NumCores-1:0] held_o,      // in reset, and nothing of them on its way

  input  logic         [31:0]         hart_id_base_i,
  input  logic         [31:0]         boot_addr_i,
  input  logic         [NumCores-1:0] msip_i,
  input  logic         [NumCores-1:0] mtip_i,

  output fetch_req_t   [NumCores-1:0] fetch_req_o,
  input  fetch_rsp_t                  fetch_rsp_i,
  output logic                        icache_flush_o,

  output data_req_t    [NumCores-1:0] l1_req_o,
  input  data_rsp_t    [NumCores-1:0] l1_rsp_i,
  output data_req_t    [NumCores-1:0] eu_req_o,
  input  data_rsp_t    [NumCores-1:0] eu_rsp_i,
  output data_req_t    [NumCores-1:0] sys_req_o,
  input  data_rsp_t    [NumCores-1:0] sys_rsp_i,

  output core_status_t [NumCores-1:0] status_o
);
  logic [NumCores-1:0] clear_q, idle, flush, flush_q;

  assign held_o         = clear_q & idle;
  assign icache_flush_o = |flush_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      clear_q <= '1;
      flush_q <= '0;
    end else begin
      // Answers still on their way must find the core cleared, or it would take them for new ones.
      clear_q <= hold_i | (clear_q & ~idle);
      flush_q <= flush;
    end
  end

  for (genvar i = 0; i < NumCores; i++) begin : gen_core
    data_req_t data_req;
    data_rsp_t data_rsp;
    store_ack_t data_ack;
    logic      tile_idle, demux_idle;
    oct_core_pkg::rvfi_t unused_rvfi;

    assign idle[i] = tile_idle && demux_idle;

    oct_core_tile u_tile (
      .clk_i,
      .rst_ni,
      .clear_i       (clear_q[i]),
      .idle_o        (tile_idle),
      .hart_id_i     (hart_id_base_i + 32'(i)),
      .boot_addr_i,
      .msip_i        (msip_i[i]),
      .mtip_i        (mtip_i[i]),
      .fetch_req_o   (fetch_req_o[i]),
      .fetch_rsp_i,
      .icache_flush_o(flush[i]),
      .data_req_o    (data_req),
      .data_rsp_i    (data_rsp),
      .data_ack_i    (data_ack),
      .status_o      (status_o[i]),
      .rvfi_o        (unused_rvfi)
    );

    oct_core_demux u_demux (
      .clk_i,
      .rst_ni,
      .clear_i   (clear_q[i]),
      .idle_o    (demux_idle),
      .core_req_i(data_req),
      .core_rsp_o(data_rsp),
      .core_ack_o(data_ack),
      .l1_req_o  (l1_req_o[i]),
      .l1_rsp_i  (l1_rsp_i[i]),
      .eu_req_o  (eu_req_o[i]),
      .eu_rsp_i  (eu_rsp_i[i]),
      .sys_req_o (sys_req_o[i]),
      .sys_rsp_i (sys_rsp_i[i])
    );
  end

endmodule
