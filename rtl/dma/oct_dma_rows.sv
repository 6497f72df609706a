// SPDX-License-Identifier: Apache-2.0
// oct_dma_rows: walks the rows of the jobs in their slots, in order: one row per cycle, one cycle
// without a row between two jobs. Both addresses of a row, in as many bits as the user needs.
// Test: tb/unit/dma/oct_dma_test.cpp.
module oct_dma_rows
  import oct_cluster_pkg::*;
  import oct_dma_pkg::*;
#(
  parameter int unsigned L2Width = 32,
  parameter int unsigned L1Width = L1AddrWidth
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   restart_i,      // drop everything, go on with job restart_ptr_i
  input  ptr_t                   restart_ptr_i,
  input  ptr_t                   wr_ptr_i,
  input  xfer_t [JobSlots-1:0]   jobs_i,

  output logic                   row_valid_o,
  input  logic                   row_ready_i,
  output logic                   null_o,         // the job moves nothing
  output logic                   fill_o,
  output logic                   last_o,         // last row of the job
  output logic [L1AddrWidth-1:0] length_o,       // bytes - 1
  output logic [L2Width-1:0]     l2_o,
  output logic [L1Width-1:0]     l1_o
);
  ptr_t               ptr_q;
  logic               active_q, plane_end;
  logic [L2Width-1:0] l2_q, l2_plane_q, l2_next;
  logic [L1Width-1:0] l1_q, l1_plane_q, l1_next;
  logic [15:0]        left1_q, left2_q;
  xfer_t              job;

  assign job         = jobs_i[ptr_q[TagWidth-1:0]];
  assign plane_end   = left1_q == '0;
  assign row_valid_o = active_q;
  assign null_o      = job.null_;
  assign fill_o      = job.fill;
  assign last_o      = job.null_ || (plane_end && left2_q == '0);
  assign length_o    = job.row_last;
  assign l2_o        = l2_q;
  assign l1_o        = l1_q;

  assign l2_next = plane_end ? l2_plane_q + job.l2_stride2[L2Width-1:0]
                             : l2_q + job.l2_stride1[L2Width-1:0];
  assign l1_next = plane_end ? l1_plane_q + job.l1_stride2[L1Width-1:0]
                             : l1_q + job.l1_stride1[L1Width-1:0];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ptr_q    <= '0;
      active_q <= 1'b0;
    end else if (restart_i) begin
      ptr_q    <= restart_ptr_i;
      active_q <= 1'b0;
    end else if (!active_q) begin
      active_q <= ptr_q != wr_ptr_i;
    end else if (row_ready_i && last_o) begin
      ptr_q    <= ptr_q + 1'b1;
      active_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!active_q) begin
      if (ptr_q != wr_ptr_i) begin
        l2_q       <= job.l2_addr[L2Width-1:0];
        l1_q       <= job.l1_addr[L1Width-1:0];
        l2_plane_q <= job.l2_addr[L2Width-1:0];
        l1_plane_q <= job.l1_addr[L1Width-1:0];
        left1_q    <= job.last1;
        left2_q    <= job.last2;
      end
    end else if (row_ready_i) begin
      l2_q    <= l2_next;
      l1_q    <= l1_next;
      left1_q <= plane_end ? job.last1 : left1_q - 16'd1;
      if (plane_end) begin
        l2_plane_q <= l2_next;
        l1_plane_q <= l1_next;
        left2_q    <= left2_q - 16'd1;
      end
    end
  end

  // The rest of a job belongs to others.
  logic unused;
  assign unused = ^{1'b0, job};
endmodule
