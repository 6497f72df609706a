# SPDX-License-Identifier: Apache-2.0
"""Static timing with OpenSTA: ideal clock, no wires, inputs and outputs by budget."""
import fnmatch
import re
import subprocess

from .blocks import FlowError
from .elaborate import run

CLOCK, RESET = "clk_i", "rst_ni"


def _ports(ports, direction):
    return [name for name, (d, _) in ports.items() if d == direction and name not in (CLOCK, RESET)]


def _budget(budgets, port):
    """The part of the period of the last pattern that fits; patterns are in the file's order."""
    return [part for pattern, part in budgets.items()
            if "[" not in pattern and fnmatch.fnmatchcase(port, pattern)][-1]


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
        lines += [f"{command} -clock clk {part * period:.4f} [get_ports {{{bit}}}]"
                  for bit, part in budgets.items() if "[" in bit]
    if RESET in ports:
        lines.append(f"set_false_path -from [get_ports {RESET}]")
    return lines


# Path groups, so that one search finds the worst path of each; what is in none is between registers.
GROUPS = {"in_reg": ("input to register", "-from [all_inputs]"),
          "reg_out": ("register to output", "-to [all_outputs]"),
          "in_out": ("input to output", "-from [all_inputs] -to [all_outputs]")}


def _paths(paths):
    """The paths that a block names; an end is a pattern of pins, `through` one or a list of them."""
    for name, ends in paths.items():
        choice = []
        for key in ("from", "through", "to"):
            patterns = ends.get(key, [])
            for pattern in patterns if isinstance(patterns, list) else [patterns]:
                choice.append(f"-{key} [get_pins {{{pattern}}}]")
        yield name, " ".join(choice)


LOOP = """fconfigure stdout -buffering full
while {[gets stdin line] >= 0} {
  if {[catch {uplevel #0 $line} message]} {puts "Error: $line: $message"}
  flush stdout
}
"""


class Timer:
    """OpenSTA on the netlist of a block, as often as wanted.

    paths() keeps one process, to which the netlist's journal is told: timing follows a change in
    much less time than reading the netlist takes. groups() starts from the netlist as written.
    """

    def __init__(self, block, netlist, buffer_cell, libraries, box_netlists, period, work):
        self.block, self.netlist, self.buffer = block, netlist, buffer_cell
        self.libraries, self.box_netlists = libraries, box_netlists
        self.period, self.work = period, work
        self.process = None

    def _script(self):
        """Writes the netlist; returns the commands that read it."""
        gates = self.work / "gates.v"
        gates.write_text(self.netlist.verilog(self.buffer))
        script = [f"read_liberty {lib}" for lib in self.libraries]
        script += [f"read_verilog {path}" for path in [*self.box_netlists, gates]]
        return script + [f"link_design {self.block.top}",
                         *constraints(self.block, self.netlist.ports, self.period)]

    def _checked(self, text, name):
        error = re.search(r"^Error.*", text, re.M)
        if error:
            raise FlowError(f"{self.block.name}: {name}.rpt: {error[0]}")
        return text

    def _run(self, name, checks):
        self.close()
        (self.work / f"{name}.tcl").write_text("\n".join([*self._script(), *checks]) + "\nexit\n")
        report = self.work / f"{name}.rpt"
        run(["sta", "-exit", str(self.work / f"{name}.tcl")], report)
        return self._checked(report.read_text(errors="replace"), name)

    def _ask(self, command):
        """The answer of the process to the journal and the command."""
        if self.process is None:
            (self.work / "repair.tcl").write_text("\n".join(self._script()) + "\n" + LOOP)
            self.process = subprocess.Popen(
                ["sta", "-exit", str(self.work / "repair.tcl")], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.netlist.journal.clear()
        commands = [*self.netlist.journal, command, 'puts "OCT-DONE"']
        self.netlist.journal.clear()
        self.process.stdin.write("\n".join(commands) + "\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line == "OCT-DONE\n":
                break
            lines.append(line)
        else:
            raise FlowError(f"{self.block.name}: OpenSTA ended: " + " | ".join(lines[-3:]))
        (self.work / "repair.rpt").write_text("".join(lines))
        return self._checked("".join(lines), "repair")

    def close(self):
        """Ends the process, if there is one."""
        if self.process is not None:
            self.process.communicate()
            self.process = None

    def groups(self):
        """{group: {"ns", "slack", "start", "end"}}; "ns" is the period at which the slack is zero.

        The whole reports stay in work/sta.rpt.
        """
        full = "report_checks -path_delay max -format full -digits 3"
        checks = [f"group_path -name {name} {ends}" for name, (_, ends) in GROUPS.items()]
        checks.append(full)
        for name, choice in _paths(self.block.paths):
            checks += [f'puts "OCT-PATH {name}"', f"{full} {choice}"]
        result = {}
        groups, *named = self._run("sta", checks).split("OCT-PATH ")
        for part in re.split(r"(?=^Startpoint:)", groups, flags=re.M):
            group = re.search(r"^Path Group: (\S+)", part, re.M)
            if group:
                result[GROUPS.get(group[1], ("register to register",))[0]] = part
        for part in named:
            result[part.split("\n", 1)[0]] = part
        result = {name: _path(part, self.period) for name, part in result.items()}
        result = {name: found for name, found in result.items() if found}
        if result:
            result = {"all": min(result.values(), key=lambda found: found["slack"]), **result}
        return {name: {k: v for k, v in found.items() if k != "stages"}
                for name, found in result.items()}

    def paths(self, count):
        """The worst period and the worst paths, each to another endpoint."""
        text = self._ask("report_checks -path_delay max -format full -digits 3 "
                         f"-group_count {count}")
        found = [_path(part, self.period) for part in re.split(r"(?=^Startpoint:)", text, flags=re.M)]
        found = [path for path in found if path]
        return max((path["ns"] for path in found), default=0.0), found


_STAGE = re.compile(r"^\s*(-?[\d.]+)\s+-?[\d.]+ [v^] (\S+)/(\w+) \((\w+)\)$", re.M)


def _path(text, period):
    slack = re.search(r"(-?[\d.]+)\s+slack \((MET|VIOLATED)\)", text)
    if not slack:
        return None
    return {"ns": round(period - float(slack[1]), 3), "slack": float(slack[1]),
            "start": re.search(r"Startpoint: (\S+)", text)[1],
            "end": re.search(r"Endpoint: (\S+)", text)[1],
            "stages": [(inst, pin, float(delay)) for delay, inst, pin, _ in _STAGE.findall(text)]}
