# SPDX-License-Identifier: Apache-2.0
# Constraints of oct_top: one clock, everything at the pins belongs to it. Set oct_period (ns) before
# reading to ask for another period. Outputs leave from flip-flops and most inputs enter one, so the
# surroundings get most of the period there; ready and valid of the handshakes pass logic inside.
# The shares are those that scripts/synth_blocks.yaml budgets for oct_axi_guard and oct_axil.
if {![info exists oct_period]} { set oct_period 8.0 }
create_clock -name clk -period $oct_period [get_ports clk_i]

# Asynchronous: oct_tech_rst_sync releases it with the clock. Static: scan mode.
set_false_path -from [get_ports {rst_ni test_en_i}]

# Into flip-flops; static while cores run
set_input_delay -clock clk [expr {0.6 * $oct_period}] [get_ports {boot_addr_i* hart_id_base_i*}]

# What the memory and the host answer or ask
set oct_inputs {
  m_axi_mem_awready m_axi_mem_wready m_axi_mem_bvalid m_axi_mem_bid* m_axi_mem_bresp*
  m_axi_mem_arready m_axi_mem_rvalid m_axi_mem_rid* m_axi_mem_rdata* m_axi_mem_rresp* m_axi_mem_rlast
  s_axi_ctrl_awvalid s_axi_ctrl_awaddr* s_axi_ctrl_awprot* s_axi_ctrl_wvalid s_axi_ctrl_wdata*
  s_axi_ctrl_wstrb* s_axi_ctrl_bready s_axi_ctrl_arvalid s_axi_ctrl_araddr* s_axi_ctrl_arprot*
  s_axi_ctrl_rready
}
set_input_delay -clock clk [expr {0.3 * $oct_period}] [get_ports $oct_inputs]
set_output_delay -clock clk [expr {0.6 * $oct_period}] [all_outputs]
