// SPDX-License-Identifier: Apache-2.0
// oct_eu_jobs: the mailboxes of the worker teams as the workers see them: JOB_FUNC hands a worker its
// next job, JOB_ARG and JOB_RANK tell more of it, JOB_DONE ends the worker's part.
// Test: tb/unit/periph/oct_event_unit_test.cpp.
module oct_eu_jobs
  import oct_config_pkg::*;
  import oct_job_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        clear_i,
  input  logic [NumWorkers-1:0]       core_clear_i,  // reset inside a job is failure of the job

  input  logic [NumTeams-1:0]         team_valid_i,
  output logic [NumTeams-1:0]         team_ready_o,
  input  team_job_t [NumTeams-1:0]    team_job_i,
  output job_done_t [NumTeams-1:0]    done_o,

  input  logic                        active_i,      // low: no worker asks or is reset
  input  logic [NumWorkers-1:0]       ask_i,         // accesses that are not a barrier's
  input  logic [NumWorkers-1:0]       we_i,
  input  logic [NumWorkers-1:0]       whole_i,       // all bytes of the word
  input  logic [NumWorkers-1:0][11:0] addr_i,
  input  logic [NumWorkers-1:0][31:0] wdata_i,

  output logic [NumWorkers-1:0]       offer_o,       // there is a job for this worker
  output logic [NumWorkers-1:0]       ok_o,          // the access is a job's and allowed now
  output logic [NumWorkers-1:0]       answer_o,      // then: answered in this cycle
  output logic [NumWorkers-1:0][31:0] rdata_o
);
  logic [NumWorkers-1:0]               running_q, team_q, slot_q;   // the job a worker is in
  logic [NumTeams-1:0][NumWorkers-1:0] offer, slot, take, ended, failed;
  logic [NumTeams-1:0][1:0][31:0]      code;     // by slot
  logic [NumTeams-1:0][1:0]            aborted;
  logic [NumTeams-1:0][1:0][31:0]      func, arg;
  logic [NumTeams-1:0][1:0][NumWorkers-1:0] job_mask;

  for (genvar t = 0; t < NumTeams; t++) begin : g_team
    oct_eu_team u_team (
      .clk_i, .rst_ni, .clear_i,
      .job_valid_i(team_valid_i[t]), .job_ready_o(team_ready_o[t]), .job_i(team_job_i[t]),
      .done_o(done_o[t]),
      .offer_o(offer[t]), .slot_o(slot[t]), .take_i(take[t]),
      .end_i(ended[t]), .end_slot_i(slot_q), .fail_i(failed[t]), .aborted_i(aborted[t]),
      .code_i(code[t]),
      .func_o(func[t]), .arg_o(arg[t]), .mask_o(job_mask[t])
    );
  end

  // JOB_RANK: how many members of a team a worker has below it, and how many there are.
  function automatic logic [31:0] team_rank(logic [NumWorkers-1:0] members, int unsigned worker);
    logic [15:0] below, all;
    below = '0;
    all   = '0;
    for (int unsigned i = 0; i < NumWorkers; i++) begin
      all = all + 16'(members[i]);
      if (i < worker) below = below + 16'(members[i]);
    end
    return {all, below};
  endfunction

  assign offer_o = offer[0] | offer[1];

  always_comb begin
    take     = '0;
    ended    = '0;
    failed   = '0;
    code     = '0;
    aborted  = '0;
    ok_o     = '0;
    answer_o = '1;
    rdata_o  = '0;
    if (active_i) begin
      for (int w = NumWorkers - 1; w >= 0; w--) begin
        if (ask_i[w]) begin
          if (!we_i[w] && addr_i[w] == 12'h020 && !running_q[w]) begin
            ok_o[w]     = 1'b1;
            answer_o[w] = offer_o[w];
            if (offer[0][w])      take[0][w] = 1'b1;
            else if (offer[1][w]) take[1][w] = 1'b1;
            rdata_o[w] = offer[0][w] ? func[0][slot[0][w]] : func[1][slot[1][w]];
          end
          if (!we_i[w] && addr_i[w] == 12'h024 && running_q[w]) begin
            ok_o[w]    = 1'b1;
            rdata_o[w] = arg[team_q[w]][slot_q[w]];
          end
          if (!we_i[w] && addr_i[w] == 12'h028 && running_q[w]) begin
            ok_o[w]    = 1'b1;
            rdata_o[w] = team_rank(job_mask[team_q[w]][slot_q[w]], w);
          end
          if (we_i[w] && whole_i[w] && addr_i[w] == 12'h02c && running_q[w]) begin
            ok_o[w]             = 1'b1;
            ended[team_q[w]][w] = 1'b1;
            if (wdata_i[w] != '0) begin
              failed[team_q[w]][w] = 1'b1;
              code[team_q[w]][slot_q[w]]    = wdata_i[w];
              aborted[team_q[w]][slot_q[w]] = 1'b0;
            end
          end
        end
        if (core_clear_i[w] && running_q[w]) begin
          ended[team_q[w]][w]  = 1'b1;
          failed[team_q[w]][w] = 1'b1;
          code[team_q[w]][slot_q[w]]    = w;
          aborted[team_q[w]][slot_q[w]] = 1'b1;
        end
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)       running_q <= '0;
    else if (clear_i)  running_q <= '0;
    else if (active_i) running_q <= (running_q | take[0] | take[1]) & ~(ended[0] | ended[1]);
  end

  always_ff @(posedge clk_i) begin
    if (active_i) begin
      for (int unsigned w = 0; w < NumWorkers; w++) begin
        if (take[0][w] || take[1][w]) begin
          team_q[w] <= !take[0][w];
          slot_q[w] <= take[0][w] ? slot[0][w] : slot[1][w];
        end
      end
    end
  end
endmodule
