#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Synthesise blocks of scripts/synth_blocks.yaml: area, flip-flops and critical path of each.

The blocks given, or all. Results stay in build/synth/<library>/; a block whose sources, library and
options are what they were is not synthesised again. Numbers are before layout: no wires, ideal clock.
"""
import argparse
import concurrent.futures
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import sys
import time

from synthlib import blocks as plan_file
from synthlib import elaborate, fpga, liberty, macros, mapping, netlist, repair, report, sta
from synthlib.blocks import ROOT, FlowError

DEFAULT_LIB = "/usr/share/qflow/tech/osu018/osu018_stdcells.lib"  # Debian's qflow-tech-osu018


class Flow:
    """Everything that the blocks of one run share."""

    def __init__(self, args):
        self.args = args
        self.plan = plan_file.load()
        overrides = {"period": args.period, "sram_access": args.sram_access,
                     "sram_setup": args.sram_setup}
        self.plan = dataclasses.replace(
            self.plan, **{k: v for k, v in overrides.items() if v is not None})
        self.files = plan_file.file_list(args.config, args.list)
        self.library = pathlib.Path(args.lib).resolve()
        if not self.library.exists():
            raise FlowError(f"{args.lib}: no such library; give LIB=file.lib")
        self.cells = liberty.cells(liberty.parse(self.library))
        self.buffer = liberty.buffer_of_strength(self.cells)
        self.nand2 = liberty.nand2(self.cells)
        self.gate = None if args.no_gates else liberty.clock_gate(self.cells)
        if self.buffer is None or self.nand2 is None:
            raise FlowError(f"{args.lib}: has no buffer or no NAND2 cell")
        self.root = ROOT / "build/synth" / (args.fpga or self.library.stem)
        if args.no_gates and not args.fpga:
            self.root = self.root.with_name(self.root.name + "-no-gates")
        if args.config != "octant":
            self.root = self.root.with_name(self.root.name + "-" + args.config)
        if args.period is not None:  # kept beside the results of the usual period, not instead of them
            self.root = self.root.with_name(f"{self.root.name}-{args.period:g}ns")
        self.tools = hashlib.sha256(b"".join(
            p.read_bytes() for p in sorted((ROOT / "scripts/synthlib").glob("*.py")))).hexdigest()
        self.modules = {}  # block -> mapped module, for the ports of boxes

    def boxes(self, block):
        return [self.plan.blocks[name] for name in block.boxes]

    def all_boxes(self, block):
        """Boxes and the boxes inside them, without repetition."""
        found = {}
        for box in self.boxes(block):
            found[box.name] = box
            found.update({b.name: b for b in self.all_boxes(box)})
        return list(found.values())

    def key(self, block):
        """Changes whenever the result may."""
        parts = [self.tools, repr(block), str(self.plan.period), str(self.plan.sram_access),
                 str(self.plan.sram_setup), hashlib.sha256(self.library.read_bytes()).hexdigest()]
        parts += [(ROOT / f).read_text() for f in plan_file.files_of(block.top, self.files)]
        parts += [p.read_text() for p in sorted((ROOT / "rtl/include").glob("*"))]
        parts += [self.key(box) for box in self.boxes(block)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def module(self, block):
        path = self.root / block.name / "mapped.json"
        if block.name not in self.modules:
            self.modules[block.name] = json.loads(path.read_text())["modules"][block.top]
        return self.modules[block.name]

    def run(self, block):
        """The result of one block, made now or found."""
        work = self.root / block.name
        work.mkdir(parents=True, exist_ok=True)
        key, stamp = self.key(block), work / "result.json"
        with open(work / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two builds at once may want the same block
            return self._run(block, work, key, stamp)

    def _run(self, block, work, key, stamp):
        if stamp.exists() and not self.args.force:
            old = json.loads(stamp.read_text())
            if old["key"] == key:
                return {**old, "cached": True}
        stamp.unlink(missing_ok=True)
        start = time.time()
        stages = work / "stages"
        if self.args.force or not stages.exists() or stages.read_text().split("\n")[0] != key:
            stages.write_text(key + "\n")
        step = self.map_fpga if self.args.fpga else self.map_cells
        result = {"block": block.name, "top": block.top, **step(block, work),
                  "seconds": round(time.time() - start, 1), "key": key}
        stamp.write_text(json.dumps(result, indent=1) + "\n")
        return {**result, "cached": False}

    @staticmethod
    def stage(work, name, function, *args):
        """What takes minutes is not done again when a run was ended in the middle of a block."""
        stages = work / "stages"
        if name not in stages.read_text().split("\n")[1:]:
            function(*args)
            with open(stages, "a", encoding="utf-8") as done:
                done.write(name + "\n")

    def map_fpga(self, block, work):
        boxes = self.boxes(block)
        # Multipliers as they are written: the family has blocks for them.
        found = elaborate.elaborate(dataclasses.replace(block, booth=False), [b.top for b in boxes],
                                    plan_file.files_of(block.top, self.files), work)
        stubs = [fpga.port_stub(b.top, (self.root / b.name / "rtl.v").read_text()) for b in boxes]
        result = fpga.map_block(block, found, stubs, self.args.fpga, work)
        return {**result, "boxes": {b.name: result["cells"][b.top] for b in boxes}}

    def map_cells(self, block, work):
        boxes = self.boxes(block)

        def front():
            found = elaborate.elaborate(block, [b.top for b in boxes],
                                        plan_file.files_of(block.top, self.files), work)
            (work / "macros.json").write_text(json.dumps(found))

        self.stage(work, "elaborate", front)
        found = json.loads((work / "macros.json").read_text())
        stubs = [mapping.port_stub(b.top, self.module(b)) for b in boxes]
        inside = self.all_boxes(block)
        memories = dict(found)
        for box in inside:
            memories.update(json.loads((self.root / box.name / "macros.json").read_text()))
        libraries = [self.library]
        if memories:
            (work / "macros.lib").write_text(
                macros.liberty(memories, self.plan.sram_access, self.plan.sram_setup))
            libraries.append(work / "macros.lib")
        self.stage(work, "generic", mapping.prepare, block, found, stubs, self.library, self.gate, work)
        best = None
        for script in mapping.SCRIPTS:
            self.stage(work, script, mapping.map_logic, block, script, self.library, work)
            module = mapping.mapped(block, script, work)
            gates = netlist.Netlist(block.top, module, self.cells)
            keep = gates.clocks(sta.CLOCK) | gates.clocks(sta.RESET)
            gates.buffer_fanout(self.buffer, keep)
            timer = sta.Timer(block, gates, self.buffer, libraries,
                              [self.root / box.name / "gates.v" for box in inside],
                              self.plan.period, work)
            ns = timer.paths(1)[0] if block.repair else 0.0
            # Where repair has no hope, it waits until the best script is known.
            hopeful = block.repair and ns <= 1.2 * self.plan.period
            if hopeful:
                ns = self.repair(gates, timer)
            if best is None or ns < best[0]:
                if best is not None:
                    best[-1].close()
                best = ns, hopeful, script, module, gates, timer
            else:
                timer.close()
            if ns <= self.plan.period or not block.repair:
                break
        ns, repaired, script, module, gates, timer = best
        if block.repair and not repaired:
            self.repair(gates, timer)
        self.modules[block.name] = module
        (work / "mapped.json").write_text((work / f"{script}.json").read_text())
        (work / "sim.v").write_text(gates.simulation())
        timing = timer.groups()
        counts = gates.count()
        tops = {box.top: box.name for box in boxes}
        return {
            "library": self.library.stem, "period_ns": self.plan.period,
            "area": round(counts["area"], 1),
            "kge": round(counts["area"] / self.nand2.area / 1000, 3),
            "cells": counts["cells"], "flip_flops": counts["flip_flops"],
            "latches": counts["latches"], "clock_gates": counts["clock_gates"], "fanout_buffers": gates.buffers,
            "memories": {kind: n for kind, n in counts["boxes"].items() if kind in found},
            "memory_bits": sum(found[kind]["words"] * found[kind]["width"] * n
                               for kind, n in counts["boxes"].items() if kind in found),
            "boxes": {tops[kind]: n for kind, n in counts["boxes"].items() if kind in tops},
            "met": timing.get("all", {}).get("slack", 0) >= 0, "timing": timing,
            "script": script, "abc_ns": mapping.abc_delay(script, work),
        }


    def repair(self, gates, timer):
        return repair.Repair(gates, self.cells, self.buffer, timer.paths).run(self.plan.period)

    def simulation(self, block, path):
        """One Verilog file to simulate: the netlist, its boxes and memories."""
        members = [*self.all_boxes(block), block]
        text = "".join((self.root / b.name / "sim.v").read_text() for b in members)
        memories = {}
        for b in members:
            memories.update(json.loads((self.root / b.name / "macros.json").read_text()))
        text += "".join(fpga.wrapper(name, macro) for name, macro in memories.items())
        for kind in sorted({macro["kind"] for macro in memories.values()}):
            text += (ROOT / f"rtl/tech/{kind}.sv").read_text()
        path.write_text(text)


def schedule(flow, names, jobs):
    """Run the blocks, boxes before those that contain them; yields results as they come."""
    wanted = {}
    for name in names:
        if name not in flow.plan.blocks:
            raise FlowError(f"{name}: no such block; scripts/synth_blocks.yaml has "
                            + ", ".join(flow.plan.blocks))
        block = flow.plan.blocks[name]
        for b in flow.all_boxes(block) + [block]:
            wanted[b.name] = b
    done, failed, running = set(), set(), {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        while wanted or running:
            for block in [b for b in wanted.values() if done | failed >= set(b.boxes)]:
                del wanted[block.name]
                if failed & set(block.boxes):
                    failed.add(block.name)
                    yield {"block": block.name, "error": "a box of it failed"}
                else:
                    running[pool.submit(flow.run, block)] = block
            for future in concurrent.futures.wait(
                    running, return_when=concurrent.futures.FIRST_COMPLETED).done:
                block = running.pop(future)
                try:
                    yield future.result()
                    done.add(block.name)
                except FlowError as error:
                    failed.add(block.name)
                    yield {"block": block.name, "error": str(error)}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("blocks", nargs="*")
    p.add_argument("--lib", default=DEFAULT_LIB, help="Liberty file (default: Debian's osu018)")
    p.add_argument("--fpga", choices=sorted(fpga.FAMILIES), help="map to an FPGA instead")
    p.add_argument("--config", default=None, help="machine description (octant; with --fpga: fpga)")
    p.add_argument("--period", type=float, help="clock period in ns")
    p.add_argument("--sram-access", type=float, help="clock to data of a memory macro, ns")
    p.add_argument("--sram-setup", type=float, help="set-up time of a memory macro, ns")
    p.add_argument("--no-gates", action="store_true",
                   help="multiplexers for enables, though the library has clock gates")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("--force", action="store_true", help="synthesise even what did not change")
    p.add_argument("--check", action="store_true", help="fail if a block misses the period")
    p.add_argument("--simulation", type=pathlib.Path, metavar="FILE",
                   help="write the netlist of the one block given, with models of its cells")
    p.add_argument("--list", type=pathlib.Path, default=ROOT / "rtl/rtl.f", help="file list")
    args = p.parse_args()
    args.config = args.config or ("fpga" if args.fpga else "octant")
    return args


def main():
    args = arguments()
    try:
        flow = Flow(args)
        names = args.blocks or [n for n, b in flow.plan.blocks.items() if b.default]
        results = []
        for result in schedule(flow, names, args.jobs):
            results.append(result)
            print(report.progress(result, args.fpga), flush=True)
    except FlowError as error:
        print(f"synth: {error}", file=sys.stderr)
        return 2
    if args.simulation and "error" not in results[-1]:
        flow.simulation(flow.plan.blocks[args.blocks[0]], args.simulation)
        return 0
    order = list(flow.plan.blocks)
    results.sort(key=lambda r: order.index(r["block"]))
    good = [r for r in results if "error" not in r]
    flow.root.mkdir(parents=True, exist_ok=True)
    text = json.dumps([{k: v for k, v in r.items() if k not in ("key", "cached")} for r in results],
                      indent=1) + "\n"
    for path in (flow.root / "synth.json", ROOT / "build/synth/synth.json"):
        path.write_text(text)
    print()
    print(report.fpga_table(good) if args.fpga else report.table(good, flow.plan.period))
    missed = [] if args.fpga else [r["block"] for r in good if not r["met"]]
    if missed and args.check:
        print(f"synth: over {flow.plan.period} ns: {', '.join(missed)}", file=sys.stderr)
    return 1 if len(good) < len(results) or (args.check and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
