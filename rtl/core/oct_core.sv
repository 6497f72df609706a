// SPDX-License-Identifier: Apache-2.0
// oct_core: RV32IMAC_Zicsr_Zifencei + ML extension, machine mode, in order: IF ID EX M. One
// instruction per cycle; loads return out of order with what follows them. docs/architecture/core.md.
// Test: tb/unit/core/oct_core_test.cpp, tb/lockstep.
`include "oct_assert.svh"

module oct_core
  import oct_core_pkg::*;
  import oct_cluster_pkg::*;
#(
  parameter bit Rvfi = 1'b0
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         clear_i,
  output logic         idle_o,
  input  logic [31:0]  hart_id_i,
  input  logic [31:0]  boot_addr_i,
  input  logic         msip_i,
  input  logic         mtip_i,

  output logic         l0_lookup_o,
  output logic         l0_prefetch_o,
  output logic [31:1]  l0_pc_o,
  input  l0_rsp_t      l0_rsp_i,
  input  logic [31:0]  l0_data_i,
  output logic         fence_i_o,       // fence.i: forget all instructions read so far

  output data_req_t    data_req_o,
  input  data_rsp_t    data_rsp_i,
  input  store_ack_t   data_ack_i,      // to stores to L2

  output core_status_t status_o,
  output retire_t      retire_o,        // constant without Rvfi
  output logic [31:0]  retire_late_o,   // what retire_o.late announced, one cycle later
  output logic         retire_ld_o,     // an answer of the bus, and what it is worth in a register
  output logic [31:0]  retire_ld_data_o
);
  // ---- EX registers --------------------------------------------------------------------------------
  logic         ex_valid_q, ex_ld_q, ex_pred_q;
  ctrl_t        ex_q;
  logic [MlOpWidth-1:0]  ex_ml_q;
  hwloop_ctrl_t ex_hw_q;
  logic [4:0]   ex_rd_q, ex_ld_rd_q;
  logic [1:0]   ex_mark_q;
  logic [31:0]  ex_pc_q, ex_a_q, ex_b_q, ex_c_q, ex_alt_q;
  // ---- Others --------------------------------------------------------------------------------------
  // asleep_q guards nearly everything; a core held is asleep as well.
  logic         asleep_q, held_q, ex_run;
  logic         vector_q, mret_q;  // vector_q, mret_q: fetch goes on at mtvec or mepc

  logic         id_valid, id_rvc, id_err, id_err_hi, id_fire, id_jump, id_ld;
  logic [31:0]  id_pc, id_instr, id_raw, id_a, id_b, id_c, id_alt, id_target, rs1, rs2, rs3;
  logic [31:1]  if_pc;
  logic [1:0]   id_mark, mark_ex, mark_retire;
  ctrl_t        id_ctrl;
  logic [MlOpWidth-1:0]  id_ml;
  hwloop_ctrl_t id_hw;
  logic [4:0]   id_rd;
  logic         wait_load, wait_mul;
  logic         flush, redirect, ex_ready, ex_stall, retire, trap, fault, mem, mem_we, taken;
  logic         remote, to_eu, posted, event_wait, wrong, hw_flush, csr_hold, mret_now,
                take_irq, irq, wake, active, div_done, ex_we, ex_late, m_we;
  logic [31:0]  redirect_pc, sum, csr_rdata, ex_result, m_data, addr, vector, mepc, loop_value;
  logic [3:0]   cause, fault_cause;
  logic         lsu_ready, lsu_idle, lsu_eu_wait, lsu_push, wb_we, bus_err;
  logic [4:0]   wb_rd, m_rd;
  logic [31:0]  wb_data, oldest;
  logic [1:0][31:0]        loop_start, loop_end, loop_count;
  logic [1:0]              loop_alive, loop_again, loop_armed;
  logic [NumHpmEvents-1:0] events;
  logic                    counting;

  assign active = !asleep_q;
  assign ex_run = ex_valid_q && active;

  // ---- IF --------------------------------------------------------------------------------------------
  assign l0_pc_o       = if_pc;
  assign l0_lookup_o   = active && !clear_i;
  // A loop whose end is in this line does not leave it downwards but once.
  assign l0_prefetch_o = !((loop_armed[0] && loop_end[0][31:6] == if_pc[31:6])
                           || (loop_armed[1] && loop_end[1][31:6] == if_pc[31:6]));

  oct_fetch u_fetch (
    .clk_i, .rst_ni, .clear_i, .boot_addr_i,
    .pc_o(if_pc), .l0_rsp_i, .l0_data_i,
    .flush_i(flush), .redirect_i(redirect), .redirect_pc_i(redirect_pc),
    .id_redirect_i(id_fire && id_jump), .id_redirect_pc_i(id_target),
    .loop_start_i(loop_start), .loop_end_i(loop_end),
    .loop_alive_i(loop_alive), .loop_again_i(loop_again),
    .run_i(active), .id_take_i(id_fire),
    .id_valid_o(id_valid), .id_pc_o(id_pc), .id_instr_o(id_instr), .id_rvc_o(id_rvc),
    .id_err_o(id_err), .id_err_hi_o(id_err_hi), .id_mark_o(id_mark), .id_raw_o(id_raw)
  );

  // ---- ID --------------------------------------------------------------------------------------------
  oct_id u_id (
    .clk_i, .rst_ni, .clear_i, .run_i(id_valid && active), .pc_i(id_pc), .instr_i(id_instr),
    .rvc_i(id_rvc), .err_i(id_err), .err_hi_i(id_err_hi), .if_pc_i({if_pc, 1'b0}),
    .ex_we_i(ex_we), .ex_late_i(ex_late), .ex_rd_i(ex_rd_q), .ex_data_i(ex_result),
    .ex_ld_i(ex_valid_q && ex_ld_q), .ex_ld_rd_i(ex_ld_rd_q),
    .m_we_i(m_we), .m_rd_i(m_rd), .m_data_i(m_data),
    .wb_we_i(wb_we), .wb_rd_i(wb_rd), .wb_data_i(wb_data), .ld_sent_i(lsu_push && ex_ld_q),
    .ctrl_o(id_ctrl), .ml_op_o(id_ml), .hwloop_o(id_hw), .rd_o(id_rd), .ld_o(id_ld),
    .op_a_o(id_a), .op_b_o(id_b), .op_c_o(id_c), .rs1_o(rs1), .rs2_o(rs2), .rs3_o(rs3),
    .alt_o(id_alt), .target_o(id_target), .jump_o(id_jump),
    .wait_load_o(wait_load), .wait_mul_o(wait_mul)
  );

  // An interrupt holds ID until EX is empty, then takes the place of the instruction in ID.
  // A halt request of a debug module would enter here in the same way.
  // So that it follows a write to mstatus or mie at once, ID waits for every write to a CSR.
  assign csr_hold = ex_valid_q && ex_q.unit == UnitCsr && ex_q.csr_we;
  assign id_fire  = id_valid && active && ex_ready && !wait_load && !wait_mul && !irq && !csr_hold;
  assign take_irq = id_valid && active && irq && !ex_valid_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) ex_valid_q <= 1'b0;
    else if (clear_i) ex_valid_q <= 1'b0;
    else if (active && (ex_ready || trap)) ex_valid_q <= id_fire && !flush;
  end

  always_ff @(posedge clk_i) begin
    if (id_fire) begin
      ex_q       <= id_ctrl;
      ex_ml_q    <= id_ml;
      ex_hw_q    <= id_hw;
      ex_rd_q    <= id_rd;
      ex_ld_q    <= id_ld;
      ex_ld_rd_q <= id_instr[11:7];
      ex_pred_q  <= id_jump;
      ex_mark_q  <= id_mark;
      ex_pc_q    <= id_pc;
      ex_a_q     <= id_a;
      ex_b_q     <= id_b;
      ex_c_q     <= id_c;
      ex_alt_q   <= id_alt;
    end
  end

  // ---- EX: results and data accesses -----------------------------------------------------------------
  oct_ex u_ex (
    .clk_i, .rst_ni, .clear_i, .valid_i(ex_run), .retire_i(retire), .ctrl_i(ex_q),
    .ml_op_i(ex_ml_q), .rd_i(ex_rd_q), .a_i(ex_a_q), .b_i(ex_b_q), .c_i(ex_c_q), .link_i(ex_alt_q),
    .csr_i(csr_rdata), .sum_o(sum), .taken_o(taken), .div_done_o(div_done), .result_o(ex_result),
    .m_we_o(m_we), .m_rd_o(m_rd), .m_data_o(m_data)
  );

  oct_agu u_agu (
    .valid_i(ex_run), .ctrl_i(ex_q), .base_i(ex_a_q), .sum_i(sum), .access_o(mem),
    .we_o(mem_we), .addr_o(addr), .remote_o(remote), .eu_o(to_eu), .posted_o(posted),
    .fault_o(fault), .cause_o(fault_cause)
  );

  assign ex_we    = ex_run && ex_q.rd_we;
  assign ex_late  = ex_q.res == ResMul;
  assign lsu_push = mem && !fault && lsu_ready;

  oct_lsu u_lsu (
    .clk_i, .rst_ni, .clear_i, .push_i(lsu_push), .ready_o(lsu_ready), .addr_i(addr),
    .wdata_i(ex_c_q), .we_i(mem_we), .size_i(ex_q.funct3[1:0]), .sext_i(!ex_q.funct3[2]),
    .amo_i(ex_q.amo), .remote_i(remote), .eu_i(to_eu), .posted_i(posted), .ld_i(ex_ld_q),
    .rd_i(ex_ld_rd_q),
    .wb_we_o(wb_we), .wb_rd_o(wb_rd), .wb_data_o(wb_data),
    .idle_o(lsu_idle), .eu_wait_o(lsu_eu_wait), .bus_err_o(bus_err), .oldest_o(oldest),
    .data_req_o, .data_rsp_i, .data_ack_i
  );

  // ---- EX: control ---------------------------------------------------------------------------------------------
  always_comb begin
    ex_stall = 1'b0;
    trap     = 1'b0;
    hw_flush = 1'b0;
    wrong    = 1'b0;
    mret_now = 1'b0;
    if (ex_run) begin
      unique case (ex_q.unit)
        UnitLoad, UnitStore: begin
          ex_stall = !lsu_ready;
          trap     = fault;
        end
        UnitDiv:   ex_stall = !div_done;
        UnitFence: ex_stall = !lsu_idle;
        UnitFenceI: begin
          ex_stall = !lsu_idle;
          wrong    = 1'b1;
        end
        UnitWfi:    ex_stall = !wake;
        UnitTrap:   trap     = 1'b1;
        UnitBranch: wrong    = taken != ex_pred_q;
        UnitJalr:   wrong    = 1'b1;
        UnitMret:   mret_now = 1'b1;
        UnitHwloop: begin
          // What is behind the set-up of a loop has been fetched with the old loop registers.
          hw_flush = !(ex_hw_q.quiet && !loop_armed[ex_hw_q.loop]);
          wrong    = hw_flush;
        end
        default: ;
      endcase
    end
    ex_ready = !ex_stall;
    retire   = ex_run && !ex_stall && !trap;
    cause    = (ex_q.unit == UnitTrap) ? ex_q.cause : fault_cause;
    redirect = (wrong && !ex_stall) || vector_q || mret_q;
    flush    = redirect || trap || take_irq || mret_now;
    if (vector_q)    redirect_pc = vector;
    else if (mret_q) redirect_pc = mepc;
    else redirect_pc = (ex_q.unit == UnitJalr || ex_q.unit == UnitHwloop) ? sum : ex_alt_q;
  end

  assign event_wait = lsu_eu_wait && !data_rsp_i.valid && !m_we;
  assign fence_i_o = retire && ex_q.unit == UnitFenceI;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {vector_q, mret_q, asleep_q, held_q} <= 4'b0011;
    else if (clear_i) {vector_q, mret_q, asleep_q, held_q} <= 4'b0011;
    else if (active) begin
      vector_q <= trap || take_irq;
      mret_q   <= mret_now;
      // Asleep: in WFI, or at the first instruction that an answer owed by the event unit keeps
      // waiting, in ID for its value, in EX for room among the accesses or for the last of them.
      if (!ex_valid_q) asleep_q <= id_valid && wait_load && !irq && event_wait;
      else if (ex_q.unit == UnitWfi) asleep_q <= !wake && lsu_idle && !m_we;
      else asleep_q <= ex_stall && !trap && !wake && ex_q.unit != UnitDiv && event_wait;
    end else begin
      held_q   <= 1'b0;
      asleep_q <= !(held_q || data_rsp_i.valid || (ex_valid_q ? wake : irq));
    end
  end

  `OCT_ASSERT(FenceIWaits_A, fence_i_o |-> lsu_idle)

  // ---- Hardware loops ----------------------------------------------------------------------------------------
  // A jump at the end of a loop's body that is taken leaves the loop without ending a turn. (While it is
  // in ID nothing behind it is kept, so its mark does no harm there.)
  assign mark_ex     = (ex_run && !(ex_pred_q || ex_q.unit == UnitJalr)) ? ex_mark_q : 2'b00;
  assign mark_retire = (retire && !(ex_q.unit == UnitJal || ex_q.unit == UnitJalr
                                    || (ex_q.unit == UnitBranch && taken))) ? ex_mark_q : 2'b00;
  assign loop_value  = ex_hw_q.addr_reg ? ex_c_q : ex_alt_q;

  oct_hwloop u_hwloop (
    .clk_i, .rst_ni, .clear_i, .loop_i(ex_hw_q.loop),
    .we_start_i(retire && ex_hw_q.we_start), .we_end_i(retire && ex_hw_q.we_end),
    .we_count_i(retire && ex_hw_q.we_count),
    .start_i(ex_hw_q.start_next ? sum : loop_value), .end_i(loop_value), .count_i(ex_c_q),
    .mark_id_i(id_valid ? id_mark : 2'b00), .mark_ex_i(mark_ex), .retire_i(mark_retire),
    .start_o(loop_start), .end_o(loop_end), .count_o(loop_count),
    .alive_o(loop_alive), .again_o(loop_again), .armed_o(loop_armed)
  );

  // ---- CSRs, traps, counters ------------------------------------------------------------------------------------
  oct_csr u_csr (
    .clk_i, .rst_ni, .clear_i, .hart_id_i, .msip_i, .mtip_i,
    .access_i(ex_run && ex_q.unit == UnitCsr), .write_i(ex_q.csr_we), .op_i(ex_q.csr_op),
    .addr_i(ex_b_q[11:0]), .wdata_i(ex_a_q), .rdata_o(csr_rdata),
    .trap_i(trap || take_irq), .trap_irq_i(take_irq), .trap_cause_i({1'b0, cause}),
    .trap_pc_i(take_irq ? id_pc : ex_pc_q), .trap_val_i(addr),
    .mret_i(mret_now), .vector_o(vector), .mepc_o(mepc), .irq_o(irq), .wake_o(wake),
    .bus_err_i(bus_err), .bus_err_addr_i(oldest), .retire_i(retire), .counting_o(counting),
    .events_i(events),
    .loop_start_i(loop_start), .loop_end_i(loop_end), .loop_count_i(loop_count)
  );

  // ---- Counters and status -------------------------------------------------------------------------------------------
  assign idle_o = lsu_idle;

  oct_core_watch u_watch (
    .counting_i(counting), .asleep_i(asleep_q), .held_i(clear_i || held_q),
    .id_valid_i(id_valid), .wait_load_i(wait_load), .wait_mul_i(wait_mul), .flush_i(flush),
    .ex_valid_i(ex_valid_q), .unit_i(ex_q.unit), .ex_stall_i(ex_stall), .retire_i(retire),
    .taken_i(taken), .wrong_i(wrong), .mem_i(mem), .lsu_ready_i(lsu_ready), .lsu_push_i(lsu_push),
    .refused_i(data_req_o.valid && !data_rsp_i.ready), .oldest_i(oldest), .ex_pc_i(ex_pc_q),
    .id_pc_i(id_valid ? id_pc : {if_pc, 1'b0}), .events_o(events), .status_o
  );

  // ---- RVFI ---------------------------------------------------------------------------------------------------------
  if (Rvfi) begin : g_retire
    oct_retire u_retire (
      .clk_i, .rst_ni, .id_fire_i(id_fire), .id_instr_i(id_instr), .id_raw_i(id_raw),
      .rs1_i(rs1), .rs2_i(rs2), .rs3_i(rs3),
      .retire_i(retire), .trap_i(trap), .irq_i(take_irq), .pc_i(ex_pc_q),
      .npc_i(mret_now ? mepc : redirect ? redirect_pc : id_valid ? id_pc : {if_pc, 1'b0}),
      .rd_we_i(ex_we), .late_i(ex_late), .rd_i(ex_rd_q), .result_i(ex_result),
      .ld_i(ex_ld_q), .ld_rd_i(ex_ld_rd_q), .mem_i(mem), .mem_we_i(mem_we), .posted_i(posted),
      .ctrl_i(ex_q), .addr_i(addr), .wdata_i(ex_c_q), .retire_o
    );
    assign retire_late_o    = m_data;
    assign retire_ld_o      = data_rsp_i.valid;
    assign retire_ld_data_o = wb_data;
  end else begin : g_no_retire
    assign retire_o         = '0;
    assign retire_late_o    = '0;
    assign retire_ld_o      = 1'b0;
    assign retire_ld_data_o = '0;

    logic unused;
    assign unused = ^{id_raw, rs1, rs2, rs3};
  end
endmodule
