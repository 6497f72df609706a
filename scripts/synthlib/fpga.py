# SPDX-License-Identifier: Apache-2.0
"""Mapping to FPGA families by Debian's Yosys; memories become block RAM (rtl/tech/fpga)."""
import json
import re

from . import macros as macro_files
from .blocks import ROOT, FlowError
from .elaborate import run

# Cells of the result by what they are; LUTs count as one each, whatever their size.
FAMILIES = {
    "xilinx": {"command": "synth_xilinx -family xc7 -noiopad", "lut": r"LUT[1-6]", "ff": r"FD[CPRS]E(_1)?",
               "dsp": r"DSP48E1", "bram": r"RAMB(18|36)E1", "lutram": r"RAM\d+X?\w*|SRL\w+"},
    "ecp5": {"command": "synth_ecp5", "lut": r"LUT4|CCU2C", "ff": r"TRELLIS_FF",
             "dsp": r"MULT18X18D", "bram": r"DP16KD|PDPW16KD", "lutram": r"TRELLIS_DPR16X4"},
}

# Registers as single bits, before multipliers become blocks of the family: Debian's Yosys takes one wide register as
# the inner one of several DSP blocks at once and then loses what it held. Memories are modules beside it, untouched.
SINGLE_BITS = "proc {0}\nopt_dff {0}\nsimplemap " + " ".join("{0}/t:$" + kind for kind in (
    "dff", "dffe", "sdff", "sdffe", "sdffce", "adff", "adffe", "aldff", "aldffe"))


def wrapper(name, macro):
    """A module of the macro's name around the body of its kind."""
    ports = macro_files.ports(macro)
    declared = ", ".join(f"{'input' if i else 'output'} " + (f"[{w - 1}:0] " if w > 1 else "") + p
                         for p, w, i in ports)
    wired = ", ".join(f".{p}({p})" for p, _, _ in ports)
    return (f"module {name}({declared});\n  {macro['kind']} #(.Words({macro['words']}), "
            f".Width({macro['width']})) u_mem ({wired});\nendmodule\n")


def port_stub(name, verilog):
    """A black-box declaration of a module as Yosys wrote it, for the block that contains it."""
    module = re.search(rf"^module {name}\(.*?^endmodule", verilog, flags=re.M | re.S)[0]
    ports = re.findall(r"^  (input|output) ((?:\[\d+:\d+\] )?\w+);$", module, flags=re.M)
    return f"(* blackbox *) module {name}({', '.join(' '.join(p) for p in ports)}); endmodule\n"


def map_block(block, macros, stubs, family, work):
    rules = FAMILIES[family]
    (work / "macros.v").write_text("".join(wrapper(n, m) for n, m in macros.items()) or "\n")
    bodies = " ".join(str(p) for p in sorted((ROOT / "rtl/tech/fpga").glob("*.sv"))) if macros else ""
    (work / "stubs.v").write_text("".join(stubs) or "\n")
    multiplies = " * " in (work / "rtl.v").read_text()
    (work / "map.ys").write_text(f"""read_verilog macros.v
read_verilog -lib stubs.v
read_verilog -icells rtl.v
{'read_verilog ' + bodies if bodies else ''}
{SINGLE_BITS.format(block.top) if multiplies else ''}
{rules['command']} -top {block.top}
flatten
tee -o stat.json stat -json
""")
    run(["yosys", "-Q", "-s", "map.ys"], work / "map.log", cwd=work)
    text = (work / "stat.json").read_text()
    cells = json.loads(text[text.index("{"):])["design"]["num_cells_by_type"]
    if not cells:
        raise FlowError(f"{block.name}: nothing is left of it after mapping; see {(work / 'map.log').relative_to(ROOT)}")
    result = {kind: sum(n for cell, n in cells.items() if re.fullmatch(rules[kind], cell))
              for kind in ("lut", "ff", "dsp", "bram", "lutram")}
    return {"family": family, **result, "cells": cells}
