# SPDX-License-Identifier: Apache-2.0
"""Clock gates for registers that share an enable, put into Yosys's netlist between synthesis and mapping.

An enable is a multiplexer for every bit, or one gate before the clock of them all.
"""
import collections
import re

BITS = 8  # registers with fewer bits keep their multiplexers

# What every flip-flop is before: rising edge, enable high, no synchronous reset.
LEGAL = "dfflegalize " + " ".join(f"-cell {kind} 01" for kind in (
    "$_DFF_P_", "$_DFFE_PP_", "$_DFF_PN0_", "$_DFFE_PN0P_", "$_DFF_PN1_", "$_DFFE_PN1P_"))
WITHOUT = {"$_DFFE_PP_": "$_DFF_P_", "$_DFFE_PN0P_": "$_DFF_PN0_", "$_DFFE_PN1P_": "$_DFF_PN1_"}

_CELL = re.compile(r"^  cell (\S+) (\S+)\n((?:    .*\n)*)  end\n", re.M)
_CONNECT = re.compile(r"^    connect \\(\w+) (.*)\n", re.M)


def insert(text, top, gate):
    """RTLIL whose flat module `top` has LEGAL's flip-flops; returns it with gates, and their number."""
    start = text.index(f"module \\{top}\n")
    end = text.index("\nend\n", start) + 1
    module, number = _insert(text[start:end], gate)
    return text[:start] + module + text[end:], number


def _insert(text, gate):
    sizes = collections.Counter()
    for kind, _, body in _CELL.findall(text):
        if kind in WITHOUT:
            pins = dict(_CONNECT.findall(body))
            sizes[pins["C"], pins["E"]] += 1
    gated = {ends: f"$gated${number}" for number, ends in enumerate(
        ends for ends, bits in sizes.items() if bits >= BITS)}

    def replace(match):
        kind, name, body = match.groups()
        if kind not in WITHOUT:
            return match[0]
        pins = dict(_CONNECT.findall(body))
        clock = gated.get((pins["C"], pins["E"]))
        if clock is None:
            return match[0]
        pins["C"] = clock
        wired = "".join(f"    connect \\{p} {net}\n" for p, net in pins.items() if p != "E")
        return f"  cell {WITHOUT[kind]} {name}\n{wired}  end\n"

    text = _CELL.sub(replace, text)
    enable_pin, clock_pin, out_pin = gate.gate
    wires = "".join(f"  wire {net}\n" for net in gated.values())
    cells = "".join(
        f"  cell \\{gate.name} $gate{net}\n    connect \\{clock_pin} {clock}\n"
        f"    connect \\{enable_pin} {enable}\n    connect \\{out_pin} {net}\n  end\n"
        for (clock, enable), net in gated.items())
    text = re.sub(r"^(module \S+\n)", lambda m: m[1] + wires, text, count=1, flags=re.M)
    return text + cells, len(gated)
