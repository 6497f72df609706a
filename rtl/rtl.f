// SPDX-License-Identifier: Apache-2.0
// The only file list: every tool reads it (verilator -F rtl/rtl.f). Packages first, top last, paths
// relative to this folder. Other machine descriptions replace generated/octant.
+incdir+include

// Packages
pkg/generated/octant/oct_config_pkg.sv
pkg/oct_cluster_pkg.sv
pkg/oct_job_pkg.sv

// What a technology replaces
tech/oct_tech_rst_sync.sv
tech/oct_tech_sram.sv
tech/oct_tech_sram_1r1w.sv

// Common parts
common/oct_fifo.sv
common/oct_rr_arb.sv
common/oct_skid.sv

// core

// memory
memory/oct_tcdm_pkg.sv
memory/oct_tcdm_arb.sv
memory/oct_tcdm_rescue.sv
memory/oct_tcdm_xbar.sv
memory/oct_tcdm_banks.sv
memory/oct_tcdm_amo.sv
memory/oct_tcdm_resv.sv
memory/oct_tcdm.sv

// dma

// attention
attention/oct_attention.sv

// periph

// cluster

// top
