# SPDX-License-Identifier: Apache-2.0
"""Word-level Verilog to gates of a Liberty library, by Debian's Yosys and its ABC."""
import json

from . import gating
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


def prepare(block, macros, box_stubs, library, gate, work):
    """Writes work/generic.il: flip-flops of the library, logic still generic."""
    stubs = "".join(macro_files.stub(name, macro) for name, macro in macros.items())
    if gate:
        stubs += (f"(* blackbox *) module {gate.name}(input {gate.gate[0]}, input {gate.gate[1]}, "
                  f"output {gate.gate[2]}); endmodule\n")
    (work / "stubs.v").write_text(stubs + "".join(box_stubs))
    script = ["read_verilog -lib stubs.v", "read_verilog -icells rtl.v",
              f"synth -flatten -noabc -top {block.top}"]
    if gate:
        # The front half writes what the gates are put into, the back half goes on with it.
        script += [gating.LEGAL, "opt_clean", "write_rtlil registers.il"]
        _yosys("registers", script, work)
        text, _ = gating.insert((work / "registers.il").read_text(), block.top, gate)
        (work / "registers.il").write_text(text)
        script = ["read_rtlil registers.il"]
    _yosys("generic", [*script, f"dfflibmap -liberty {library}", "write_rtlil generic.il"], work)


def _yosys(name, script, work):
    (work / f"{name}.ys").write_text("\n".join(script) + "\n")
    run(["yosys", "-Q", "-s", f"{name}.ys"], work / f"{name}.log", cwd=work)


def map_logic(block, script, library, work):
    """Maps the module with one of SCRIPTS; work/<script>.json."""
    (work / f"{script}.ys").write_text(f"""read_rtlil generic.il
abc -liberty {library} -D {TARGET_PS} -script {SCRIPTS[script]}{SIZING}
setundef -zero
opt_clean -purge
write_json {script}.json
""")
    run(["yosys", "-Q", "-s", f"{script}.ys"], work / f"{script}.log", cwd=work)


def mapped(block, script, work):
    """The module that map_logic wrote."""
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
