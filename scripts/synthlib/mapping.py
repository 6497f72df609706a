# SPDX-License-Identifier: Apache-2.0
"""Word-level Verilog to gates of a Liberty library, by Debian's Yosys and its ABC."""
import json

from . import macros as macro_files
from .blocks import ROOT
from .elaborate import run

# Yosys's own script hangs on multiplier arrays; this one maps them in seconds, with the same area.
# No `buffer -c`: it adds thousands of useless buffers. Fan-out is dealt with in netlist.py.
ABC = "+strash;dch,-f;&get,-n;&nf,{D};&put;buffer,-N,16;upsize,{D};dnsize,{D};stime,-p"


def map_block(block, macros, box_stubs, library, period, work):
    """Writes work/mapped.json and returns it."""
    stubs = "".join(macro_files.stub(name, macro) for name, macro in macros.items())
    (work / "stubs.v").write_text(stubs + "".join(box_stubs))
    (work / "map.ys").write_text(f"""read_verilog -lib stubs.v
read_verilog -icells rtl.v
synth -flatten -top {block.top}
dfflibmap -liberty {library}
abc -liberty {library} -D {int(period * 1000)} -script {ABC}
setundef -zero
opt_clean -purge
write_json mapped.json
""")
    run(["yosys", "-Q", "-s", "map.ys"], work / "map.log", cwd=work)
    return json.loads((work / "mapped.json").read_text())["modules"][block.top]


def port_stub(name, module):
    """A black-box declaration of a mapped module, for the block that contains it."""
    declared = []
    for port, info in module["ports"].items():
        width = len(info["bits"])
        declared.append(f"{info['direction']} " + (f"[{width - 1}:0] " if width > 1 else "") + port)
    return f"(* blackbox *) module {name}({', '.join(declared)}); endmodule\n"


def abc_delay(work):
    """What ABC believes the critical path to be, in ns, for comparison; None if it did not say."""
    for line in reversed((work / "map.log").read_text(errors="replace").splitlines()):
        if "Delay = " in line:
            return float(line.split("Delay = ")[1].split()[0]) / 1000
    return None


def relative(path):
    return path.relative_to(ROOT)
