# SPDX-License-Identifier: Apache-2.0
"""Timing repair on the mapped netlist: stronger cells and lighter loads along the worst paths.

ABC sizes gates by its own load model, which knows neither flip-flops nor the trees put in after it.
Each round times the netlist, then strengthens the slow gates of the worst paths, or, where there is no
stronger cell, moves the loads that are on none of those paths behind a buffer. A round that does not
help is taken back and the next one is more careful.
"""
import collections

PATHS = 300  # worst endpoints looked at in a round
ROUNDS = 16


def families(cells):
    """{cell: the next stronger cell of the same function and pins}."""
    groups = collections.defaultdict(list)
    for cell in cells.values():
        if cell.area <= 0 or not cell.outputs or cell.is_latch or cell.gate:
            continue
        stem = cell.name.rstrip("0123456789")
        groups[(stem, cell.inputs, cell.outputs, cell.functions)].append(cell)
    stronger = {}
    for members in groups.values():
        members.sort(key=lambda c: c.area)
        for weak, strong in zip(members, members[1:]):
            stronger[weak.name] = strong.name
    return stronger


class Repair:
    """State of the repair of one netlist; `time` runs STA and returns (ns, paths)."""

    def __init__(self, netlist, cells, buffer_cell, time):
        self.netlist, self.cells, self.buffer, self.time = netlist, cells, buffer_cell, time
        self.stronger = families(cells)

    def run(self, goal):
        """Until the period is at most `goal` or nothing helps; returns the period reached."""
        best, paths = self.time(PATHS)
        share = 0.5
        for _ in range(ROUNDS):
            if best <= goal:
                break
            undo = self._improve(paths, best, share)
            if not undo:
                break
            ns, new_paths = self.time(PATHS)
            if ns < best - 0.002:
                best, paths = ns, new_paths
            else:
                for action in reversed(undo):
                    action()
                share /= 2
                if share < 0.06:
                    break
        return best

    def _improve(self, paths, worst, share):
        """Changes the slowest `share` of gates on paths near the worst one; returns the undoings."""
        delays, critical = {}, set()
        for path in paths:
            if path["ns"] < worst * 0.93:
                continue
            for instance, _, delay in path["stages"]:
                critical.add(instance)
                if instance in self.netlist.cells:
                    delays[instance] = max(delay, delays.get(instance, 0.0))
        if not delays:
            return []
        ranked = sorted(delays, key=delays.get, reverse=True)
        ranked = ranked[:max(1, int(len(ranked) * share))]
        loads = self.netlist.loads()
        undo = []
        for instance in ranked:
            undo += self._strengthen(instance) or self._lighten(instance, critical, loads)
        return undo

    def _strengthen(self, instance):
        kind = self.netlist.cells[instance][0]
        if kind not in self.stronger:
            return []
        self.netlist.replace(instance, self.stronger[kind])
        return [lambda: self.netlist.replace(instance, kind)]

    def _lighten(self, instance, critical, loads):
        kind, pins, _ = self.netlist.cells[instance]
        cell = self.cells.get(kind)
        if cell is None or kind == self.buffer.name:
            return []
        undo = []
        for output in cell.outputs:
            for net in pins.get(output, []):
                # What an earlier change of this round moved is not moved again.
                users = [u for u in loads.get(net, ())
                         if self.netlist.cells[u[0]][1][u[1]][u[2]] == net]
                idle = [u for u in users if u[0] not in critical]
                if len(idle) >= 3 and len(idle) < len(users):
                    name = self.netlist.insert_buffer(self.buffer, net, idle)[0]
                    undo.append(lambda name=name, idle=idle:
                                self.netlist.remove_buffer(name, self.buffer, idle))
        return undo
