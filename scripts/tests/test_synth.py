# SPDX-License-Identifier: Apache-2.0
"""The parts of the synthesis flow that can be wrong without a tool noticing."""
import itertools
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from synthlib import blocks, elaborate, fpga, gating, liberty, macros, netlist  # noqa: E402

LIBRARY = """
library (tiny) { /* comment */
  time_unit : "1ns"
  cell (BUFX2) { area : 3; pin (A) { direction : input; } pin (Y) { direction : output; function : "A"; } }
  cell (BUFX4) { area : 4; pin(A){direction : input;} pin(Y){direction : output; function : "A";} }
  cell (NAND2X1) { area : 2.5;
    pin (A) { direction : input; capacitance : 0.01; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "(!(A B))"; timing () { related_pin : "A";
      cell_rise (t) { values ("1, 2", \\
                              "3, 4"); } } } }
  cell (NAND2BIG) { area : 5; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "A'+B'"; } }
  cell (DFF) { area : 9; ff (IQ, IQN) { next_state : "D"; clocked_on : "CLK"; }
    pin (D) { direction : input; } pin (CLK) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; } }
  cell (DFFR) { area : 11; ff ("IQ, IQN") { next_state : "D"; clocked_on : "CLK"; clear : "!R"; }
    pin (D) { direction : input; } pin (CLK) { direction : input; } pin (R) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; } }
  cell (GATE) { dont_use : true; area : 4; clock_gating_integrated_cell : "latch_posedge";
    pin (EN) { direction : input; clock_gate_enable_pin : true; }
    pin (CK) { direction : input; clock_gate_clock_pin : true; }
    pin (GCK) { direction : output; clock_gate_out_pin : true; } }
  cell (BAD) { dont_use : true; area : 1; }
}
"""


def library():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tiny.lib"
        path.write_text(LIBRARY)
        return liberty.cells(liberty.parse(path))


class TopConstraints(unittest.TestCase):
    """rtl/oct_top.sdc, as OpenSTA reads it, says something of every pin and of nothing else."""

    def test_every_pin(self):
        text = (ROOT / "rtl/top/oct_top.sv").read_text()
        ports = re.findall(r"^  (input|output) +logic +(?:\[(\d+):0\])? *(\w+)", text, re.M)
        self.assertGreater(len(ports), 50)
        stub = ["module oct_top (" + ", ".join(name for _, _, name in ports) + ");"]
        stub += [f"  {way} " + (f"[{left}:0] " if left else "") + f"{name};" for way, left, name in ports]
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            (work / "top.v").write_text("\n".join([*stub, "endmodule", ""]))
            (work / "tiny.lib").write_text("library (tiny) {" + "".join(
                f"{kind}_{edge} : {value};" for edge in ("rise", "fall") for kind, value in (
                    ("input_threshold_pct", 50), ("output_threshold_pct", 50),
                    ("slew_lower_threshold_pct", 20), ("slew_upper_threshold_pct", 80))) + "}\n")
            (work / "run.tcl").write_text(
                f"read_liberty {work}/tiny.lib\nread_verilog {work}/top.v\nlink_design oct_top\n"
                f"source {ROOT}/rtl/oct_top.sdc\nwrite_sdc {work}/out.sdc\nexit\n")
            done = subprocess.run(["sta", "-exit", str(work / "run.tcl")], capture_output=True, text=True,
                                  check=True)
            self.assertNotRegex(done.stdout + done.stderr, "(?m)^(Error|Warning)")
            out = (work / "out.sdc").read_text()
        self.assertIn("create_clock -name clk -period 8.0000", out)
        for way, left, name in ports:
            pins = [f"{name}[{i}]" for i in range(int(left) + 1)] if left else [name]
            for pin in pins:
                found = [line for line in out.splitlines() if f"{{{pin}}}]" in line]
                wanted = {"clk_i": "create_clock", "rst_ni": "false_path", "test_en_i": "false_path"}.get(
                    name, f"set_{way}_delay")
                self.assertTrue(any(wanted in line for line in found) or wanted == "false_path"
                                and pin in out, f"{pin}: no {wanted} in rtl/oct_top.sdc")


class Liberty(unittest.TestCase):
    def test_cells(self):
        cells = library()
        self.assertEqual(set(cells), {"BUFX2", "BUFX4", "NAND2X1", "NAND2BIG", "DFF", "DFFR",
                                      "GATE"})
        self.assertEqual(liberty.clock_gate(cells).gate, ("EN", "CK", "GCK"))
        self.assertTrue(cells["DFF"].is_ff)
        self.assertEqual(liberty.nand2(cells).name, "NAND2X1")
        self.assertEqual(liberty.buffer_of_strength(cells).name, "BUFX4")
        self.assertEqual(cells["NAND2BIG"].truth(), (1, 1, 1, 0))

    def test_functions(self):
        cases = {"!(A B)": lambda a, b, c: not (a and b),
                 "A' + B C": lambda a, b, c: not a or (b and c),
                 "(A*B)'^!C": lambda a, b, c: (not (a and b)) ^ (not c),
                 "A^B C|!A": lambda a, b, c: ((a ^ b) and c) or not a,
                 "!A&(B+!C)": lambda a, b, c: not a and (b or not c)}
        for text, expected in cases.items():
            for a, b, c in itertools.product((0, 1), repeat=3):
                self.assertEqual(liberty.evaluate(text, {"A": a, "B": b, "C": c}),
                                 int(bool(expected(a, b, c))), (text, a, b, c))


def evaluate_verilog(text, inputs, cells):
    """Outputs of a flat netlist of one-output gates, as the writer prints it."""
    import re
    values, gates = dict(inputs), []
    for kind, pins in re.findall(r"^  (\w+) \w+ \((\..*)\);$", text, re.M):
        gates.append((cells[kind], dict(re.findall(r"\.(\w+)\(([^)]*)\)", pins))))
    values.update({"1'b0": 0, "1'b1": 1})
    todo = gates
    while todo:
        later = []
        for cell, pins in todo:
            if all(pins[p] in values for p in cell.inputs):
                bits = tuple(values[pins[p]] for p in cell.inputs)
                index = int("".join(map(str, bits)), 2)
                values[pins[cell.outputs[0]]] = cell.truth()[index]
            else:
                later.append((cell, pins))
        assert len(later) < len(todo), "a loop or an undriven net"
        todo = later
    return values


class Fanout(unittest.TestCase):
    def module(self, users):
        """y[i] = !(a & b[i]), plus a constant, an input passed through and an output doubled."""
        cells = {f"u{i}": {"type": "NAND2X1", "connections": {"A": [2], "B": [10 + i], "Y": [1000 + i]}}
                 for i in range(users)}
        y = [1000 + i for i in range(users)]
        return {"ports": {"a": {"direction": "input", "bits": [2]},
                          "b": {"direction": "input", "bits": [10 + i for i in range(users)]},
                          "y": {"direction": "output", "bits": y},
                          "z": {"direction": "output", "bits": ["1", 2, 1000]}},
                "cells": cells, "netnames": {}}

    def test_trees_keep_the_function_and_the_limit(self):
        cells = library()
        for users in (1, 16, 17, 33, 256, 257, 700):
            n = netlist.Netlist("top", self.module(users), cells)
            n.buffer_fanout(cells["BUFX4"], set())
            text = n.verilog(cells["BUFX4"])
            loads = {}
            for _, pins, directions in n.cells.values():
                for pin, bits in pins.items():
                    if directions[pin] == "input":
                        loads[bits[0]] = loads.get(bits[0], 0) + 1
            self.assertLessEqual(max(loads.values()), netlist.MAX_LOADS)
            bits = [random.getrandbits(1) for _ in range(users)]
            name = "b[{}]" if users > 1 else "b"
            for a in (0, 1):
                values = evaluate_verilog(
                    text, {"a": a, **{name.format(i): b for i, b in enumerate(bits)}}, cells)
                for i, b in enumerate(bits):
                    self.assertEqual(values[f"y[{i}]" if users > 1 else "y"], 1 - (a & b))
                self.assertEqual((values["z[0]"], values["z[1]"], values["z[2]"]),
                                 (1, a, 1 - (a & bits[0])))

    def test_kept_nets_stay(self):
        cells = library()
        n = netlist.Netlist("top", self.module(100), cells)
        n.buffer_fanout(cells["BUFX4"], {2})
        self.assertEqual(n.buffers, 0)


class Names(unittest.TestCase):
    def test_instances_are_identifiers(self):
        cells = library()
        ff = {"type": "DFF", "connections": {"D": [2], "CLK": [3], "Q": [4]}}
        module = {"ports": {}, "cells": {"$1": ff, "8.u": {"type": "box", "connections": {}, "port_directions": {"a": "input"}}},
                  "netnames": {"count_q": {"bits": [9, 4]}, "$17$B": {"bits": [4]}}}
        n = netlist.Netlist("top", module, cells)
        self.assertEqual(set(n.cells), {"count_q_1_ff", "u8_u"})


RTLIL = """
module \\other
end
attribute \\top 1
module \\top
  wire input 1 \\clk
  wire \\en
""" + "".join(f"""  attribute \\src "x"
  cell {kind} $ff${kind}{i}
    connect \\C \\clk
    connect \\D \\d [{i}]
    connect \\E {enable}
    connect \\Q \\q [{i}]
  end
""" for kind, enable, bits in (("$_DFFE_PP_", "\\en", 20), ("$_DFFE_PP_", "\\few", 7), ("$_DFFE_PN0P_", "\\en", 1))
    for i in range(bits)) + "end\n"


class Gating(unittest.TestCase):
    def test_registers_that_share_an_enable_share_a_gate(self):
        text, number = gating.insert(RTLIL, "top", liberty.clock_gate(library()))
        self.assertEqual(number, 1)
        self.assertEqual(text.count("cell \\GATE"), 1)
        self.assertEqual(text.count("connect \\C $gated$0"), 21)  # with reset or without
        self.assertEqual(text.count("connect \\E \\en"), 0)
        self.assertEqual(text.count("connect \\E \\few"), 7)    # too few to be worth a gate
        self.assertEqual(text.count("connect \\EN \\en\n"), 1)
        self.assertTrue(text.startswith("\nmodule \\other\nend\n") and text.endswith("  end\nend\n"))
        self.assertLess(text.index("wire $gated$0"), text.index("cell $_DFF_P_"))


class Simulation(unittest.TestCase):
    def test_cells_become_what_they_do(self):
        module = {"ports": {p: {"direction": "output" if p == "q" else "input", "bits": [b]}
                            for p, b in (("clk_i", 2), ("rst_ni", 3), ("en", 4), ("d", 5), ("q", 9))},
                  "cells": {"g": {"type": "GATE", "connections": {"EN": [4], "CK": [2], "GCK": [6]}},
                            "n": {"type": "NAND2BIG", "connections": {"A": [5], "B": [9], "Y": [7]}},
                            "f": {"type": "DFFR", "connections": {"D": [7], "CLK": [6], "R": [3], "Q": [9]}}},
                  "netnames": {}}
        n = netlist.Netlist("top", module, library())
        self.assertEqual(n.clocks("clk_i"), {2, 6})
        text = n.simulation()
        for part in ("always @(posedge n6 or negedge rst_ni)", "if (~rst_ni) begin",
                     "assign n7 = (~d | ~q);", "assign n6 = clk_i &", "assign q = s_"):
            self.assertIn(part, text)
        self.assertEqual(n.count()["clock_gates"], 1)


class Fpga(unittest.TestCase):
    def test_stub_of_a_box(self):
        text = ("module a(x);\n  input x;\nendmodule\n\nmodule box(clk_i, v, r);\n  input clk_i;\n  wire clk_i;\n"
                "  input [3:0] v;\n  output [63:0] r;\n  reg q;\nendmodule\n")
        self.assertEqual(fpga.port_stub("box", text), "(* blackbox *) module box(input clk_i, input [3:0] v, "
                         "output [63:0] r); endmodule\n")


    def test_registers_beside_multipliers_stay(self):
        """One wide register behind several products: it must not vanish into their blocks."""
        parts = "".join(f"  wire signed [15:0] p{i} = $signed(w[{8 * i}+:8]) * $signed(x[{8 * i}+:8]);\n" for i in range(4))
        text = ("module small(input clk, input en, input [31:0] w, input [31:0] x, output reg [31:0] y);\n" + parts +
                "  reg [33:0] part_q; reg on_q;\n"
                "  wire signed [16:0] a = p0 + p1, b = p2 + p3;\n"
                "  always @(posedge clk) begin\n"
                "    on_q <= en;\n    if (en) part_q <= {b, a};\n"
                "    if (on_q) y <= $signed(part_q[16:0]) + $signed(part_q[33:17]);\n  end\nendmodule\n")
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            (work / "rtl.v").write_text(text)
            block = types.SimpleNamespace(name="small", top="small")
            result = fpga.map_block(block, {}, [], "xilinx", work)
        self.assertEqual((result["dsp"], result["ff"]), (4, 34 + 1 + 18))


class Plan(unittest.TestCase):
    def test_every_block_has_its_files(self):
        plan, files = blocks.load(), blocks.file_list("octant")
        for block in plan.blocks.values():
            found = blocks.files_of(block.top, files)
            self.assertTrue(found[-1].endswith(f"/{block.top}.sv") or len(found) > 1)

    def test_files_follow_instances_and_packages(self):
        found = blocks.files_of("oct_fifo", blocks.file_list("octant"))
        self.assertEqual(found, ["rtl/common/oct_fifo.sv"])


class Macros(unittest.TestCase):
    def test_sizes_become_modules(self):
        text = ("module m;\n  oct_tech_sram #(\n    .AddrWidth(32'd9),\n    .Width(32'd64),\n"
                "    .Words(32'd512)\n  ) \\g[0].u (\n    .clk_i(clk_i)\n  );\nendmodule\n")
        text, found = elaborate._macros(text)  # pylint: disable=protected-access
        self.assertEqual(found, {"oct_tech_sram_512x64":
                                 {"kind": "oct_tech_sram", "words": 512, "width": 64}})
        self.assertIn("oct_tech_sram_512x64 \\g[0].u (", text)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "macros.lib"
            path.write_text(macros.liberty(found, 4.0, 0.5))
            cell = liberty.parse(path).all("cell")[0]
            self.assertEqual(cell.args, ["oct_tech_sram_512x64"])
            self.assertEqual({b.args[0] for b in cell.all("bus")},
                             {"addr_i", "be_i", "wdata_i", "rdata_o"})


if __name__ == "__main__":
    unittest.main()
