# SPDX-License-Identifier: Apache-2.0
"""Word-level Verilog to gates of a Liberty library, by Debian's Yosys and its ABC."""
import json

from . import macros as macro_files
from .elaborate import run

# Yosys's own script hangs on multiplier arrays; these map them in seconds. What suits a block is known
# only afterwards, so they are tried in this order until one meets the period:
#   plain  keeps the structure that the RTL gave adders and trees
#   deep   balances long chains; faster and larger
#   flat   restructures freely; faster and smaller where there is much random logic, far slower in adders
# The target is low because ABC would otherwise shrink gates to use up the period, and it sees neither
# flip-flops nor fan-out. No `buffer -c`: it adds thousands of useless buffers.
SCRIPTS = {
    "plain": "+strash;dch,-f;&get,-n;&nf;&put;",
    "deep": "+strash;dch,-f;if,-g,-K,6,-C,8;strash;&get,-n;&dch,-f;&nf;&put;",
    "flat": "+strash;ifraig;scorr;dc2;dc2;strash;&get,-n;&dch,-f;&nf;&put;",
}
SIZING = "buffer,-N,16;upsize,{D};dnsize,{D};stime,-p"
TARGET_PS = 1000


def prepare(block, macros, box_stubs, library, work):
    """Writes work/generic.il: flip-flops of the library, logic still generic."""
    stubs = "".join(macro_files.stub(name, macro) for name, macro in macros.items())
    (work / "stubs.v").write_text(stubs + "".join(box_stubs))
    (work / "generic.ys").write_text(f"""read_verilog -lib stubs.v
read_verilog -icells rtl.v
synth -flatten -noabc -top {block.top}
dfflibmap -liberty {library}
write_rtlil generic.il
""")
    run(["yosys", "-Q", "-s", "generic.ys"], work / "generic.log", cwd=work)


def map_logic(block, script, library, work):
    """The module mapped with one of SCRIPTS, as Yosys's JSON has it; also in work/<script>.json."""
    (work / f"{script}.ys").write_text(f"""read_rtlil generic.il
abc -liberty {library} -D {TARGET_PS} -script {SCRIPTS[script]}{SIZING}
setundef -zero
opt_clean -purge
write_json {script}.json
""")
    run(["yosys", "-Q", "-s", f"{script}.ys"], work / f"{script}.log", cwd=work)
    return json.loads((work / f"{script}.json").read_text())["modules"][block.top]


def port_stub(name, module):
    """A black-box declaration of a mapped module, for the block that contains it."""
    declared = []
    for port, info in module["ports"].items():
        width = len(info["bits"])
        declared.append(f"{info['direction']} " + (f"[{width - 1}:0] " if width > 1 else "") + port)
    return f"(* blackbox *) module {name}({', '.join(declared)}); endmodule\n"


def abc_delay(script, work):
    """What ABC believes the critical path to be, in ns, for comparison; None if it did not say."""
    for line in reversed((work / f"{script}.log").read_text(errors="replace").splitlines()):
        if "Delay = " in line:
            return float(line.split("Delay = ")[1].split()[0]) / 1000
    return None
