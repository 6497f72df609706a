# SPDX-License-Identifier: Apache-2.0
"""The mapped netlist: fan-out buffering, area, and Verilog that a simple reader understands."""
import collections
import heapq
import re

from . import liberty
from .blocks import FlowError

MAX_LOADS = 16


class Netlist:
    """Cells and nets of one flat module, from Yosys's JSON. A net is an integer, "0" or "1"."""

    def __init__(self, name, module, library_cells):
        self.name = name
        self.ports = {n: (p["direction"], p["bits"]) for n, p in module["ports"].items()}
        self.library = library_cells
        self.cells = {}  # instance -> (type, {pin: [nets]}, {pin: direction})
        self.next_net = 1 + max(
            [b for _, bits in self.ports.values() for b in bits if isinstance(b, int)]
            + [b for c in module["cells"].values() for bits in c["connections"].values()
               for b in bits if isinstance(b, int)], default=1)
        self.net_names = self._net_names(module)
        self.port_names = self._port_names()
        self.journal = []  # the changes since it was emptied, as commands of OpenSTA
        self.buffers = 0
        used = set()
        for instance, cell in module["cells"].items():
            directions = cell.get("port_directions") or self._directions(cell["type"])
            new = self._instance_name(instance, cell, used)
            self.cells[new] = (cell["type"], cell["connections"], directions)

    def _directions(self, kind):
        cell = self.library[kind]
        return {**{p: "input" for p in cell.inputs}, **{p: "output" for p in cell.outputs}}

    @staticmethod
    def _net_names(module):
        """{net: name}, the shortest name that the source gave it if there is one."""
        names = {}
        for name, net in module["netnames"].items():
            if net.get("hide_name") or re.match(r"_\d+_$", name) or "$" in name:
                continue
            for i, bit in enumerate(net["bits"]):
                full = f"{name}[{i}]" if len(net["bits"]) > 1 else name
                if isinstance(bit, int) and (bit not in names or len(full) < len(names[bit])):
                    names[bit] = full
        return names

    def _port_names(self):
        """{net: name in the Verilog} of nets that are ports; all others are called n<number>."""
        names = {}
        for port, (direction, bits) in self.ports.items():
            for i, bit in enumerate(bits):
                if direction == "input" or (isinstance(bit, int) and bit not in names):
                    names[bit] = f"{port}[{i}]" if len(bits) > 1 else port
        return names

    def net(self, bit):
        """The name of a net in the Verilog."""
        if not isinstance(bit, int):
            return f"1'b{bit if bit in '01' else 0}"
        return self.port_names.get(bit, f"n{bit}")

    def _instance_name(self, instance, cell, used):
        """Flip-flops are called after what they hold, the rest g<n>; boxes keep their names."""
        kind = cell["type"]
        known = self.library.get(kind)
        if known is None:
            name = re.sub(r"\W", "_", instance)
        elif known.is_ff or known.is_latch:
            held = [self.net_names.get(b) for pin in known.outputs
                    for b in cell["connections"].get(pin, []) if b in self.net_names]
            name = re.sub(r"\W+", "_", held[0]).strip("_") + "_ff" if held else f"ff{len(used)}"
        else:
            name = f"g{len(used)}"
        if name[0].isdigit():
            name = "u" + name
        while name in used:
            name += "_"
        used.add(name)
        return name

    def clocks(self, port):
        """The net of a clock and those that clock gates make of it."""
        nets = set(self.ports[port][1]) if port in self.ports else set()
        size = -1
        while size != len(nets):
            size = len(nets)
            for kind, pins, _ in self.cells.values():
                cell = self.library.get(kind)
                if cell is not None and cell.gate and pins[cell.gate[1]][0] in nets:
                    nets.add(pins[cell.gate[2]][0])
        return nets

    # -- fan-out --------------------------------------------------------------------------------
    def loads(self):
        """{net: [(instance, pin, bit)]} of all inputs of cells."""
        loads = collections.defaultdict(list)
        for instance, (_, pins, directions) in self.cells.items():
            for pin, bits in pins.items():
                if directions.get(pin) == "input":
                    for i, bit in enumerate(bits):
                        if isinstance(bit, int):
                            loads[bit].append((instance, pin, i))
        return loads

    def _depths(self, loads):
        """{instance: gates between its output and the end of the longest path}; ends have 0."""
        depth, opened = {}, set()
        for start in self.cells:
            stack = [start]
            while stack:
                instance = stack[-1]
                kind, pins, directions = self.cells[instance]
                cell = self.library.get(kind)
                if instance in depth or cell is None or cell.is_ff or cell.is_latch or cell.gate:
                    depth.setdefault(instance, 0)
                    stack.pop()
                    continue
                behind = {user for pin, bits in pins.items() if directions.get(pin) == "output"
                          for bit in bits for user, _, _ in loads.get(bit, ())}
                todo = [user for user in behind if user not in depth and user not in opened]
                opened.add(instance)
                if todo:
                    stack += todo
                else:
                    depth[instance] = 1 + max((depth.get(user, 0) for user in behind), default=0)
                    stack.pop()
        return depth

    def buffer_fanout(self, buffer_cell, keep):
        """Trees of buffers on every net with more than MAX_LOADS loads, but for nets in `keep`.

        Built as Huffman's trees are: the loads with the shortest way to go sink deepest, so that
        the longest paths pass the fewest buffers.
        """
        loads = self.loads()
        depth = self._depths(loads)
        for net, users in loads.items():
            if net in keep or len(users) <= MAX_LOADS:
                continue
            heap = [(depth[user[0]], order, user) for order, user in enumerate(users)]
            heapq.heapify(heap)
            order = len(users)
            while len(heap) > MAX_LOADS:
                take = min(MAX_LOADS, len(heap) - MAX_LOADS + 1)
                group = [heapq.heappop(heap) for _ in range(take)]
                user = self.insert_buffer(buffer_cell, net, [g[2] for g in group])
                heapq.heappush(heap, (group[-1][0] + 1, order, user))
                order += 1

    def insert_buffer(self, buffer_cell, net, users):
        """Put `users` of `net` behind a buffer; returns the buffer as a user of the net."""
        new, self.next_net = self.next_net, self.next_net + 1
        name = f"fan{self.buffers}"
        self.buffers += 1
        into, out = buffer_cell.inputs[0], buffer_cell.outputs[0]
        self.cells[name] = (buffer_cell.name, {into: [net], out: [new]},
                            {into: "input", out: "output"})
        self.journal += [f"make_instance {name} [get_lib_cells */{buffer_cell.name}]",
                         f"make_net n{new}", f"connect_pin n{new} {name}/{out}",
                         f"connect_pin {{{self.net(net)}}} {name}/{into}"]
        self._move(users, net, new)
        return (name, into, 0)

    def remove_buffer(self, name, buffer_cell, users):
        """Takes back what insert_buffer did."""
        into, out = buffer_cell.inputs[0], buffer_cell.outputs[0]
        _, pins, _ = self.cells.pop(name)
        self._move(users, pins[out][0], pins[into][0])
        self.journal += [f"disconnect_pin {{{self.net(pins[into][0])}}} {name}/{into}",
                         f"disconnect_pin n{pins[out][0]} {name}/{out}", f"delete_instance {name}",
                         f"delete_net n{pins[out][0]}"]

    def _move(self, users, old, new):
        for instance, pin, i in users:
            self.cells[instance][1][pin][i] = new
            bit = f"[{i}]" if len(self.cells[instance][1][pin]) > 1 else ""
            self.journal += [f"disconnect_pin {{{self.net(old)}}} {{{instance}/{pin}{bit}}}",
                             f"connect_pin {{{self.net(new)}}} {{{instance}/{pin}{bit}}}"]

    def replace(self, instance, kind):
        """Another cell with the same pins."""
        _, pins, directions = self.cells[instance]
        self.cells[instance] = (kind, pins, directions)
        self.journal.append(f"replace_cell {instance} {kind}")

    # -- numbers --------------------------------------------------------------------------------
    def count(self):
        """Area of the library cells, their number, flip-flops, latches, clock gates, other instances."""
        result = {"area": 0.0, "cells": 0, "flip_flops": 0, "latches": 0, "clock_gates": 0,
                  "boxes": collections.Counter()}
        for kind, _, _ in self.cells.values():
            cell = self.library.get(kind)
            if cell is None:
                result["boxes"][kind] += 1
                continue
            result["area"] += cell.area
            result["cells"] += 1
            result["flip_flops"] += cell.is_ff
            result["latches"] += cell.is_latch
            result["clock_gates"] += bool(cell.gate)
        return result

    # -- Verilog --------------------------------------------------------------------------------
    def verilog(self, buffer_cell):
        """Structural Verilog: scalar wires, bus ports, named pins; no assign, no escaped names."""
        declared, extra, inner = [], [], {}
        for port, (direction, bits) in self.ports.items():
            rng = f"[{len(bits) - 1}:0] " if len(bits) > 1 else ""
            declared.append(f"  {direction} {rng}{port};\n")
        # A net that leaves by a second port, a constant, or an input passed through: a buffer.
        for port, (direction, bits) in self.ports.items():
            for i, bit in enumerate(bits):
                here = f"{port}[{i}]" if len(bits) > 1 else port
                if direction == "output" and self.port_names.get(bit) != here:
                    source = self.port_names.get(bit, f"1'b{bit}")
                    extra.append(f"  {buffer_cell.name} thru{len(extra)} (.{buffer_cell.inputs[0]}"
                                 f"({source}), .{buffer_cell.outputs[0]}({here}));\n")

        def net(bit):
            if isinstance(bit, int) and bit not in self.port_names:
                inner[bit] = None
            return self.net(bit)

        body = []
        for instance, (kind, pins, _) in self.cells.items():
            wired = []
            for pin, bits in pins.items():
                text = net(bits[0]) if len(bits) == 1 else "{" + ", ".join(map(net, reversed(bits))) + "}"
                wired.append(f".{pin}({text})")
            body.append(f"  {kind} {instance} ({', '.join(wired)});\n")
        wires = [f"  wire n{bit};\n" for bit in inner]
        return (f"module {self.name} ({', '.join(self.ports)});\n" + "".join(declared)
                + "".join(wires) + "".join(body) + "".join(extra) + "endmodule\n")

    def simulation(self):
        """The same cells by what the library says they do: assignments, and a process for each clock.

        Simulators take that in minutes where an instance of a module for each cell takes hours.
        """
        used, lines = set(), []

        def net(bit):
            if isinstance(bit, int) and bit not in self.port_names:
                used.add(bit)
            return self.net(bit)

        processes = collections.defaultdict(list)  # (edge of clock, clear, preset) -> assignments
        states = []
        for instance, (kind, pins, _) in self.cells.items():
            cell = self.library.get(kind)
            if cell is None:
                wired = [f".{pin}({{{', '.join(map(net, reversed(bits)))}}})" for pin, bits in pins.items()]
                lines.append(f"  {kind} {instance} ({', '.join(wired)});\n")
                continue
            nets = {pin: net(bits[0]) for pin, bits in pins.items() if bits}
            if cell.ff:
                state, inverse, following, clock, clear, preset = cell.ff
                states.append(f"  reg s_{instance};\n")
                nets.update({state: f"s_{instance}", inverse: f"(~s_{instance})"})
                ends = tuple(_edge(text, nets) for text in (clock, clear, preset))
                processes[ends].append((f"s_{instance}", liberty.verilog(liberty.tree(following), nets)))
            elif cell.gate:
                enable, clock, out = (nets[pin] for pin in cell.gate)
                states.append(f"  reg s_{instance};\n")
                lines.append(f"  always @* if (!{clock}) s_{instance} = {enable};\n"
                             f"  assign {out} = {clock} & s_{instance};\n")
                continue
            elif cell.is_latch:
                raise FlowError(f"{self.name}: {kind}: latches cannot be simulated")
            for out, function in zip(cell.outputs, cell.functions):
                if out in nets and pins[out]:
                    value = liberty.verilog(liberty.tree(function), nets)
                    lines.append(f"  assign {nets[out]} = {value};\n")
        for (clock, clear, preset), members in processes.items():
            asynchronous = [(end, value) for end, value in ((clear, "0"), (preset, "1")) if end]
            edges = " or ".join(end[0] for end in [clock, *(end for end, _ in asynchronous)])
            text = f"  always @({edges})\n"
            for end, value in asynchronous:
                text += f"    if ({end[1]}) begin\n"
                text += "".join(f"      {q} <= 1'b{value};\n" for q, _ in members) + "    end else\n"
            text += "    begin\n" + "".join(f"      {q} <= {d};\n" for q, d in members) + "    end\n"
            lines.append(text)
        for port, (direction, bits) in self.ports.items():
            for i, bit in enumerate(bits):
                here = f"{port}[{i}]" if len(bits) > 1 else port
                if direction == "output" and self.port_names.get(bit) != here:
                    lines.append(f"  assign {here} = {self.port_names.get(bit) or self.net(bit)};\n")
        declared = []
        for port, (direction, bits) in self.ports.items():
            declared.append(f"  {direction} " + (f"[{len(bits) - 1}:0] " if len(bits) > 1 else "")
                            + f"{port};\n")
        wires = [f"  wire n{bit};\n" for bit in sorted(used)]
        return (f"module {self.name} ({', '.join(self.ports)});\n" + "".join(declared) + "".join(wires)
                + "".join(states) + "".join(lines) + "endmodule\n")


def _edge(function, nets):
    """("posedge x", "x") of a clock, clear or preset; None if there is none or it never comes."""
    node = liberty.tree(function) if function else "0"
    inverted = False
    while not isinstance(node, str):
        if node[0] != "!":
            raise FlowError(f"{function}: a clock, clear or preset of more than one pin")
        node, inverted = node[1], not inverted
    text = node if node in ("0", "1") else nets[node]
    if text in ("0", "1", "1'b0", "1'b1"):
        if (text[-1] == "1") != inverted:
            raise FlowError(f"{function}: always on")
        return None
    return (f"{'negedge' if inverted else 'posedge'} {text}", f"~{text}" if inverted else text)
