// SPDX-License-Identifier: Apache-2.0
// The only macros of the RTL. They vanish in synthesis; in every simulation they are on.
// Properties may use |->, |=>, $stable, $past, $countones, $onehot0; Verilator 5.006 has no ##n.
`ifndef OCT_ASSERT_SVH
`define OCT_ASSERT_SVH

`ifdef SYNTHESIS
  `define OCT_NO_ASSERT
`endif
`ifdef YOSYS
  `define OCT_NO_ASSERT
`endif

`ifdef OCT_NO_ASSERT

`define OCT_ASSERT(name, prop)
`define OCT_ASSERT_COMB(name, expr)
`define OCT_ASSERT_STREAM(name, valid, ready, data)
`define OCT_COVER(name, prop)

`else

// `prop` holds at every rising edge of clk_i outside reset. An assertion samples the asynchronous
// reset at the clock, which is no fault of the design: hence SYNCASYNCNET.
`define OCT_ASSERT(name, prop) \
  /* verilator lint_off SYNCASYNCNET */ \
  name : assert property (@(posedge clk_i) disable iff (!rst_ni) prop) \
    else $error("%m: assertion failed"); \
  /* verilator lint_on SYNCASYNCNET */

// `expr` holds always; for modules without a clock.
`define OCT_ASSERT_COMB(name, expr) \
  always_comb begin \
    name : assert (expr) else $error("%m: assertion failed"); \
  end

// The rule of every ready/valid stream: an offer stands, unchanged, until it is taken.
`define OCT_ASSERT_STREAM(name, valid, ready, data) \
  /* verilator lint_off SYNCASYNCNET */ \
  name : assert property (@(posedge clk_i) disable iff (!rst_ni) \
      (valid) && !(ready) |=> (valid) && $stable(data)) \
    else $error("%m: offer withdrawn or changed before it was taken"); \
  /* verilator lint_on SYNCASYNCNET */

// Counts how often `prop` is seen, in builds with user coverage.
`define OCT_COVER(name, prop) \
  /* verilator lint_off SYNCASYNCNET */ \
  name : cover property (@(posedge clk_i) disable iff (!rst_ni) prop); \
  /* verilator lint_on SYNCASYNCNET */

`endif
`endif
