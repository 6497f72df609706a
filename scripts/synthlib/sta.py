# SPDX-License-Identifier: Apache-2.0
"""Static timing with OpenSTA: ideal clock, no wires, inputs and outputs by budget."""
import fnmatch
import re

from .blocks import FlowError
from .elaborate import run

CLOCK, RESET = "clk_i", "rst_ni"


def _ports(ports, direction):
    return [name for name, (d, _) in ports.items() if d == direction and name not in (CLOCK, RESET)]


def _budget(budgets, port):
    """The part of the period of the last pattern that fits; patterns are in the file's order."""
    return [part for pattern, part in budgets.items() if fnmatch.fnmatchcase(port, pattern)][-1]


def constraints(block, ports, period):
    """SDC. The reset is asynchronous: where it must meet a clock edge, a synchroniser does it."""
    lines = [f"create_clock -name clk -period {period} "
             + (f"[get_ports {CLOCK}]" if CLOCK in ports else "")]
    for command, direction, budgets in (("set_input_delay", "input", block.inputs),
                                        ("set_output_delay", "output", block.outputs)):
        for port in _ports(ports, direction):
            star = "*" if len(ports[port][1]) > 1 else ""
            delay = _budget(budgets, port) * period
            lines.append(f"{command} -clock clk {delay:.4f} [get_ports {{{port}{star}}}]")
    if RESET in ports:
        lines.append(f"set_false_path -from [get_ports {RESET}]")
    return lines


def _groups(ports):
    def get(direction):
        names = [p + ("*" if len(ports[p][1]) > 1 else "") for p in _ports(ports, direction)]
        return "[get_ports {" + " ".join(names) + "}]" if names else None

    ins, outs = get("input"), get("output")
    regs = "[all_registers -clock_pins]", "[all_registers -data_pins]"
    yield "all", ""
    if CLOCK in ports:
        yield "register to register", f"-from {regs[0]} -to {regs[1]}"
        if ins:
            yield "input to register", f"-from {ins} -to {regs[1]}"
        if outs:
            yield "register to output", f"-from {regs[0]} -to {outs}"
    if ins and outs:
        yield "input to output", f"-from {ins} -to {outs}"


def analyse(block, netlist, libraries, box_netlists, period, work):
    """{group: {"ns", "slack", "start", "end"}}; "ns" is the period at which the slack is zero.

    The whole reports stay in work/sta.rpt.
    """
    script = [f"read_liberty {lib}" for lib in libraries]
    script += [f"read_verilog {path}" for path in [*box_netlists, work / "gates.v"]]
    script += [f"link_design {block.top}", *constraints(block, netlist.ports, period)]
    for name, choice in _groups(netlist.ports):
        script += [f'puts "OCT-GROUP {name}"',
                   f"report_checks -path_delay max -format full -digits 3 {choice}"]
    (work / "sta.tcl").write_text("\n".join(script) + "\nexit\n")
    run(["sta", "-exit", str(work / "sta.tcl")], work / "sta.rpt")
    text = (work / "sta.rpt").read_text(errors="replace")
    error = re.search(r"^Error.*", text, re.M)
    if error:
        raise FlowError(f"{block.name}: sta.rpt: {error[0]}")
    result = {}
    for part in text.split("OCT-GROUP ")[1:]:
        slack = re.search(r"(-?[\d.]+)\s+slack \((MET|VIOLATED)\)", part)
        if slack:
            result[part.split("\n", 1)[0]] = {
                "ns": round(period - float(slack[1]), 3), "slack": float(slack[1]),
                "start": re.search(r"Startpoint: (\S+)", part)[1],
                "end": re.search(r"Endpoint: (\S+)", part)[1]}
    return result
