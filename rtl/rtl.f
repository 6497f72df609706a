// SPDX-License-Identifier: Apache-2.0
// The only file list: every tool reads it (verilator -F rtl/rtl.f). Packages first, top last, paths
// relative to this folder. Other machine descriptions replace generated/octant.
+incdir+include

// Packages
pkg/generated/octant/oct_config_pkg.sv
pkg/oct_cluster_pkg.sv
pkg/oct_job_pkg.sv
pkg/oct_riscv_pkg.sv

// What a technology replaces
tech/oct_tech_rst_sync.sv
tech/oct_tech_sram.sv
tech/oct_tech_sram_1r1w.sv

// Common parts
common/oct_fifo.sv
common/oct_rr_arb.sv
common/oct_skid.sv

// core
core/oct_ml_pkg.sv
core/oct_core_pkg.sv
core/oct_ml_decode_pkg.sv
core/oct_ml_decode.sv
core/oct_ml_alu.sv
core/oct_mul.sv
core/oct_csr_map.sv
core/oct_rvc.sv
core/oct_decode.sv
core/oct_regfile.sv
core/oct_alu.sv
core/oct_div.sv
core/oct_agu.sv
core/oct_id.sv
core/oct_ex.sv
core/oct_lsu.sv
core/oct_hwloop.sv
core/oct_fetch.sv
core/oct_cycles.sv
core/oct_counters.sv
core/oct_csr.sv
core/oct_retire.sv
core/oct_core_watch.sv
core/oct_core.sv
core/oct_l0.sv
core/oct_rvfi.sv
core/oct_core_tile.sv

// memory
memory/oct_l2_pkg.sv
memory/oct_core_demux.sv
memory/oct_sysbus.sv
memory/oct_l2_bridge.sv
memory/oct_axi_pick.sv
memory/oct_axi_mux.sv
memory/oct_axi_guard_list.sv
memory/oct_axi_guard_rd.sv
memory/oct_axi_guard_wr.sv
memory/oct_axi_guard.sv
memory/oct_icache_front.sv
memory/oct_icache_refill.sv
memory/oct_icache.sv
memory/oct_tcdm_pkg.sv
memory/oct_tcdm_arb.sv
memory/oct_tcdm_rescue.sv
memory/oct_tcdm_xbar.sv
memory/oct_tcdm_banks.sv
memory/oct_tcdm_amo.sv
memory/oct_tcdm_resv.sv
memory/oct_tcdm.sv

// dma
dma/oct_dma_pkg.sv
dma/oct_dma_jobs.sv
dma/oct_dma_rows.sv
dma/oct_dma_bursts.sv
dma/oct_dma_steps.sv
dma/oct_dma_align.sv
dma/oct_dma_l1wr.sv
dma/oct_dma_l1rd.sv
dma/oct_dma_in.sv
dma/oct_dma_axiwr.sv
dma/oct_dma_out.sv
dma/oct_dma.sv

// attention
attention/oct_attn_pkg.sv
attention/oct_attn_desc_pkg.sv
attention/oct_attn_lane_pkg.sv
attention/oct_attn_job.sv
attention/oct_attn_plan_gemm.sv
attention/oct_attn_plan_addr.sv
attention/oct_attn_plan_slot.sv
attention/oct_attn_plan_attn.sv
attention/oct_attn_plan.sv
attention/oct_attn_port.sv
attention/oct_attn_half.sv
attention/oct_attn_ports.sv
attention/oct_attn_load_x.sv
attention/oct_attn_load_w.sv
attention/oct_attn_unit.sv
attention/oct_attn_array.sv
attention/oct_attn_xmem.sv
attention/oct_attn_acc.sv
attention/oct_attn_words.sv
attention/oct_attn_seq.sv
attention/oct_attn_visible.sv
attention/oct_attn_exp.sv
attention/oct_attn_div.sv
attention/oct_attn_norm.sv
attention/oct_attn_softmax.sv
attention/oct_attn_compute.sv
attention/oct_attn_lane.sv
attention/oct_attn_lanes.sv
attention/oct_attn_channel.sv
attention/oct_attn_par_fetch.sv
attention/oct_attn_residual.sv
attention/oct_attn_results.sv
attention/oct_attn_table.sv
attention/oct_attn_issue.sv
attention/oct_attn_drain.sv
attention/oct_attn_out.sv
attention/oct_attn_regs.sv
attention/oct_attn_throttle.sv
attention/oct_attention.sv

// periph
periph/oct_axil.sv
periph/oct_periph_pkg.sv
periph/oct_queue_sems.sv
periph/oct_queue_sem_port.sv
periph/oct_queue_errors.sv
periph/oct_queue_emit.sv
periph/oct_queue_head.sv
periph/oct_queue_rings.sv
periph/oct_queue_fetch.sv
periph/oct_queue_store.sv
periph/oct_queue_check.sv
periph/oct_queue_load.sv
periph/oct_queue_regs.sv
periph/oct_queues.sv
periph/oct_eu_barriers.sv
periph/oct_eu_events.sv
periph/oct_eu_team.sv
periph/oct_eu_jobs.sv
periph/oct_event_unit.sv
periph/generated/oct_regs_pkg.sv
periph/generated/oct_regs.sv
periph/oct_timer.sv
periph/oct_cluster_counters.sv
periph/oct_abort.sv
periph/oct_ctrl.sv

// cluster
cluster/oct_cores.sv
cluster/oct_l2_path.sv
cluster/oct_cluster.sv

// top
top/oct_top.sv
