// SPDX-License-Identifier: Apache-2.0
// oct_attn_lane_pkg: what the lanes of the epilogue and their surroundings agree on.
package oct_attn_lane_pkg;
  import oct_attn_pkg::*;

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
