// SPDX-License-Identifier: Apache-2.0
// oct_attn_lane_pkg: what the lanes of the epilogue and their surroundings agree on.
package oct_attn_lane_pkg;

  localparam int unsigned LaneLatency = 9;  // ranks of a lane

  // One operation of all lanes; travels with it rank by rank.
  typedef struct packed {
    logic valid;
    logic logit;      // scale of a logit, result clipped to Q9.6; the rest is of no use
    logic split;      // logit of a second dot
    logic index;      // first pass with a table: m0/s0, result is the table's index
    logic looked_up;  // second pass: what was multiplied is the table's value
    logic add;        // residual added
    logic mul;        // residual multiplied
    logic relu;
    logic plane_b;
    logic bank;       // set of parameters
    logic ctx;
    logic group_end;  // the last operation that uses this set
    logic cmd_end;    // the last one of its command
  } lane_op_t;

  // What the ranks of a lane are to do in the next cycle; each lane keeps its own copy, because a
  // register for all of them would have thousands of loads. Names end in the rank's operation.
  typedef struct packed {
    logic [8:1] valid;
    logic [4:1] split;     // a second dot moves on
    logic       alone1;    // no bias
    logic       logit1, index1, bank1;
    logic       logit3, index3, bank3;
    logic       relu4, second4, logit4, bank4;
    logic       mul5, split5, second5;
    logic       second6, logit6, bank6;
    logic       second7, b2_7, logit7, bank7;
    logic       logit8, split8;
  } lane_ctl_t;

  function automatic lane_ctl_t lane_ctl(input lane_op_t [LaneLatency-1:0] op);
    lane_ctl_t c;
    for (int unsigned i = 1; i <= 8; i++) c.valid[i] = op[i-1].valid;
    for (int unsigned i = 1; i <= 4; i++) c.split[i] = op[i-1].valid && op[i-1].split;
    c.alone1  = op[0].logit || op[0].looked_up;
    c.logit1  = op[0].logit;
    c.index1  = op[0].index;
    c.bank1   = op[0].bank;
    c.logit3  = op[2].logit;
    c.index3  = op[2].index;
    c.bank3   = op[2].bank;
    c.relu4   = op[3].relu;
    c.second4 = op[3].valid && (op[3].add || op[3].split);
    c.logit4  = op[3].logit;
    c.bank4   = op[3].bank;
    c.mul5    = op[4].mul;
    c.split5  = op[4].split;
    c.second5 = op[4].valid && (op[4].add || op[4].mul || op[4].split);
    c.second6 = op[5].valid && (op[5].add || op[5].mul || op[5].split);
    c.logit6  = op[5].logit;
    c.bank6   = op[5].bank;
    c.second7 = op[6].add || op[6].mul || op[6].split;
    c.b2_7    = op[6].plane_b;
    c.logit7  = op[6].logit;
    c.bank7   = op[6].bank;
    c.logit8  = op[7].logit;
    c.split8  = op[7].split;
    return c;
  endfunction

  // Rows of results that wait for the output; beats of the residual that wait for their lanes.
  localparam int unsigned ResultRows = 32;
  localparam int unsigned ResBeats   = 8;

  // What parameter beats bring (tag.index); tag.bytes counts beats, for the table words.
  localparam logic [1:0] ParA = 2'd0;
  localparam logic [1:0] ParB = 2'd1;
  localparam logic [1:0] ParC = 2'd2;
  localparam logic [1:0] ParTable = 2'd3;

  // rs(p, s) in 32 bits; relu: not below 0.
  function automatic logic signed [31:0] lane_round(input logic signed [56:0] p,
                                                    input logic [5:0] s, input logic relu);
    logic signed [57:0] shifted;  // one bit below the point
    logic signed [32:0] rounded;
    shifted = signed'({p, 1'b0}) >>> s;
    rounded = {shifted[32], shifted[32:1]} + {32'd0, shifted[0]};
    if (relu && p[56]) return '0;
    if (!(&shifted[57:32]) && (|shifted[57:32])) return {p[56], {31{!p[56]}}};
    if (rounded[32] != rounded[31]) return 32'sh7fff_ffff;
    return rounded[31:0];
  endfunction

  function automatic logic signed [23:0] lane_sat24(input logic signed [31:0] u);
    if (!(&u[31:23]) && (|u[31:23])) return {u[31], {23{!u[31]}}};
    return u[23:0];
  endfunction

  function automatic logic signed [15:0] lane_clip(input logic signed [33:0] v,
                                                   input logic signed [15:0] lo,
                                                   input logic signed [15:0] hi);
    if (v < 34'(lo)) return lo;
    if (v > 34'(hi)) return hi;
    return v[15:0];
  endfunction
endpackage
