#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the bench programs in RTL and set what they print beside the goals.

Programs print `bench: <key> <work> <cycles> [more]`; each mark below makes a figure of it. Each row is
printed as soon as it is measured. Writes build/bench.json: a list of {case, value, unit, goal, met, cycles}.
The exit code is 1 if a program fails; a goal that is not met is reported, not an error.
"""
import argparse
import dataclasses
import json
import pathlib
import re
import resource
import subprocess
import sys

WORKERS = 8
BEAT = 64  # bytes


def readers_lost(alone, together):
    """Percent of their throughput that the cores lose to each other."""
    return 100 * (1 - alone / together)


def formula_lost(cores, banks):
    """Percent lost when `cores` ask random ones of `banks` each cycle and each bank serves one."""
    return 100 * (1 - banks / cores * (1 - (1 - 1 / banks) ** cores))


@dataclasses.dataclass
class Mark:
    key: str       # what the program prints
    case: str      # name in bench.json
    unit: str
    goal: float
    more: bool     # more is better
    value: object  # function of the numbers printed


MARKS = [
    Mark("matmul-i32", "matmul 64x64x64 workers", "MAC/cycle", 18, True, lambda w, c: w / c),
    Mark("matmul-i8", "matmul 64x64x64 int8 workers", "MAC/cycle", 14, True, lambda w, c: w / c),
    Mark("residual-add", "residual-add workers", "cycle/element/core", 2, False, lambda w, c: c * WORKERS / w),
    Mark("layernorm-i16", "layernorm 32x384 int16 workers", "cycle/element/core", 8, False,
         lambda w, c: c * WORKERS / w),
    Mark("layernorm-i8", "layernorm 32x384 int8 workers", "cycle/element/core", 6, False,
         lambda w, c: c * WORKERS / w),
    Mark("barrier", "barrier", "cycle", 12, False, lambda best, worst: worst),
    Mark("hand-over", "hand-over", "cycle, worst hop", 20, False, lambda mean, worst: worst),
    Mark("hand-over-to-workers", "hand-over to workers", "cycle, mean", 20, False,
         lambda mean, worst: mean / 100),
    Mark("hand-over-to-dma", "hand-over to dma", "cycle, mean", 20, False,
         lambda mean, worst: mean / 100),
    Mark("dma-read", "dma read", "% of 64 byte/cycle", 97, True, lambda w, c: 100 * w / BEAT / c),
    Mark("dma-write", "dma write", "% of 64 byte/cycle", 97, True, lambda w, c: 100 * w / BEAT / c),
    Mark("dma-read+write", "dma read+write", "% of 64 byte/cycle each", 97, True,
         lambda w, c: 100 * w / BEAT / c),
    Mark("banks", "cores on random banks", "% lost", formula_lost(8, 32) + 3, False,
         lambda loads, alone, together: readers_lost(alone, together)),
]
PROGRAMS = ["kernels", "bench_sync", "bench_dma", "bench_banks"]
# The engine in the whole cluster: what `octant bench` is asked, its goal in percent of all MACs.
ENGINE = [
    (["--gemm", "512x512x512", "--from-l2"], 97), (["--gemm", "128x512x128", "--b-from-l2"], 95),
    (["--gemm", "128x128x512", "--b-from-l2"], 95), (["--gemm", "128x512x128", "--from-l2"], 92),
    (["--gemm", "128x128x512", "--from-l2"], 92), (["--gemm", "257x384x384", "--from-l2"], 94),
    (["--attention", "1x512x64"], None), (["--attention", "1x512x64", "--traffic"], 95),
    (["--attention", "4x128x32"], None), (["--attention", "4x128x32", "--traffic"], 90),
    (["--attention", "6x257x64", "--from-l2"], 90), (["--gemv", "512x128"], 11),
    (["--gemv", "512x128", "--traffic"], 9.5), (["--gemv", "512x2048", "--from-l2"], 5.7),
]
# Whole networks: case, name for sw/models/make_model.py, further options, goal in cycles. Drawn
# weights or trained ones, cycles are the same.
NETWORKS = [
    ("network digits", "digits", [], None), ("network mobilebert_s128", "mobilebert", [], 2.9e6),
    ("network mobilebert_2_layers", "mobilebert_2_layers", [], None),
    ("network mobilebert_2_layers without-engine", "mobilebert_2_layers", ["--without-engine"], None),
    ("network minilm_s128", "minilm", [], 1.6e6),
    ("network dinov2_small_224", "dinov2_small", [], 6.6e6),
    ("network whisper_tiny_encoder_s512", "whisper_tiny_encoder", [], 5.0e6),
    ("network whisper_tiny_encoder_s1500", "whisper_tiny_encoder_s1500", [], 19.6e6),
    ("network llama_d64_l8_decode", "llama_d64_l8", [], 20e3),
]
COMPILE_GOALS = {"mobilebert_s128": (20, 3)}  # seconds, GiB
LAYER_OFF = 0.25
CASE_WIDTH = 42  # of the longest name
REFUSED = 10  # percent of the engine's port requests; may cost 3 points
SPEED = [("bench_busy", "simulation busy", 250), ("bench_asleep", "simulation asleep", 1500)]
ENGINE_SPEED = ("simulation engine busy", ["--gemm", "512x512x512", "--from-l2", "--speed"], 350)
SPEED_RUNS = 2  # the best counts: others use the machine, too


def run(octant, program, options=()):
    return execute([str(octant), "sim", str(program), "--no-checks", *options])


def execute(command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def speed(args, program):
    """Simulated cycles per second of processor time of the whole run, in kHz: its loading included,
    what others do on the machine not."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = run(args.octant, args.programs / f"{program}.elf", ["--stats", "--watchdog", "0"])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    match = re.search(r"^cycles +(\d+)$", text, re.M)
    if not match:
        sys.exit(f"bench: {program}: no line `cycles ...` in what octant printed")
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return int(match.group(1)) / seconds / 1000


def engine_speed(octant):
    """Simulated cycles per second of processor time while the engine works and all cores sleep, in kHz."""
    text = execute([str(octant), "bench", *ENGINE_SPEED[1]])
    match = re.search(r"of processor time: (\d+) kHz$", text, re.M)
    if not match:
        sys.exit(f"bench: octant bench {' '.join(ENGINE_SPEED[1])} printed\n{text}")
    return float(match.group(1))


def engine(octant, options):
    """Name, cycles and utilisation in percent that `octant bench` prints for one case."""
    text = execute([str(octant), "bench", *options])
    match = re.match(r"bench: (.*): (\d+) cycles, utilisation ([\d.]+) %, [1-9]\d* bytes checked, 0 wrong$", text, re.M)
    if not match:
        sys.exit(f"bench: octant bench {' '.join(options)} printed\n{text}")
    return match.group(1), int(match.group(2)), float(match.group(3))


def engine_rows(octant):
    for options, goal in ENGINE:
        name, cycles, use = engine(octant, options)
        yield row(name, use, "% of all MACs", goal, True, cycles) | {"utilisation": use / 100}
        if "--gemv" in options or "--traffic" in options:
            continue
        name, cycles, refused = engine(octant, [*options, "--refuse", str(REFUSED)])
        yield row(name, use - refused, "points lost", 3, False, cycles)


def network_rows(octant, only):
    """Cycles of whole networks, compared tensor by tensor; what fails is a row that is not met."""
    models = pathlib.Path("build/models")
    for case, name, options, goal in NETWORKS:
        if only and not re.search(only, case):
            continue
        execute([sys.executable, "sw/models/make_model.py", name, "--out", str(models)])
        facts = json.loads((models / f"{name}.json").read_text())
        report = pathlib.Path("build/report") / case.replace(" ", "_")
        report.mkdir(parents=True, exist_ok=True)
        (report / "report.json").unlink(missing_ok=True)
        command = [str(octant), "run", str(models / facts["model"]), "--report", str(report),
                   "--inputs", str(models / facts["inputs"]), "--no-verify",
                   "--calibrate", str(models / facts["calibration"]), *options]
        for dim, size in facts["dims"].items():
            command += ["--dim", f"{dim}={size}"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0 or not (report / "report.json").exists():
            print(f"bench: {' '.join(command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}",
                  file=sys.stderr)
            yield {"case": case, "value": None, "unit": "cycles", "goal": goal, "met": False}
            continue
        r = json.loads((report / "report.json").read_text())
        entry = row(case, r["cycles"], "cycles", goal, False, r["cycles"])
        entry.update(utilisation=r["utilisation"], cosine=min(a["cosine"] for a in r["accuracy"]),
                     khz=r["simulation"]["khz"], estimated_cycles=r.get("estimated_cycles"))
        if entry["cosine"] < 0.99 and entry["met"]:
            entry["met"] = False
        yield entry
        yield from derived_rows(case.removeprefix("network "), r)


def derived_rows(name, r):
    """What compiling took, without calibration, and how far the cost model is off."""
    goals = COMPILE_GOALS.get(name, (None, None))
    off = [layer for layer in r["layers"]
           if abs(layer["estimated_cycles"] - layer["cycles"]) > LAYER_OFF * layer["cycles"]]
    return [row(f"compile {name}", r["compile"]["seconds"], "s", goals[0], False),
            row(f"compile {name} memory", r["compile"]["memory_gib"], "GiB, with calibration", goals[1], False),
            row(f"estimate {name}", 100 * abs(r["estimated_cycles"] / r["cycles"] - 1), "% off", 10, False),
            row(f"estimate {name} layers", 100 * sum(layer["cycles"] for layer in off) / r["cycles"],
                "% in layers 25 % off", 0, False)]


def row(case, value, unit, goal, more, cycles=None):
    entry = {"case": case, "value": round(value, 2), "unit": unit, "goal": goal, "met": None}
    if goal is not None:  # else only for comparison
        entry["goal"] = round(goal, 2)
        entry["met"] = value >= goal if more else value <= goal
    if cycles is not None:
        entry["cycles"] = cycles
    return entry


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--octant", type=pathlib.Path, required=True)
    p.add_argument("--programs", type=pathlib.Path, required=True, help="folder of the ELF files")
    p.add_argument("--networks", nargs="?", const=".", metavar="REGEX",
                   help="whole networks only (those whose case fits)")
    args = p.parse_args()
    if args.networks:
        finish(network_rows(args.octant, args.networks))
    else:
        finish(all_rows(args))


def all_rows(args):
    yield from program_rows(args)
    yield from engine_rows(args.octant)
    for program, case, goal in SPEED:
        yield row(case, max(speed(args, program) for _ in range(SPEED_RUNS)), "kHz", goal, True)
    case, _, goal = ENGINE_SPEED
    yield row(case, max(engine_speed(args.octant) for _ in range(SPEED_RUNS)), "kHz", goal, True)
    yield from network_rows(args.octant, None)


def program_rows(args):
    printed = {}
    texts = [run(args.octant, args.programs / f"{name}.elf") for name in PROGRAMS]
    texts.append(execute([str(args.octant.parent / "bench.handover"),
                          str(args.programs / "bench_handover.elf")]))
    for line in "\n".join(texts).splitlines():
        match = re.match(r"bench: (\S+)((?: \d+)+)$", line)
        if match:
            printed[match.group(1)] = [int(n) for n in match.group(2).split()]
    for mark in MARKS:
        if mark.key not in printed:
            sys.exit(f"bench: no program printed `bench: {mark.key} ...`")
        numbers = printed[mark.key]
        yield row(mark.case, mark.value(*numbers), mark.unit, mark.goal, mark.more, numbers[-1])


def finish(measured):
    """Print each row when it is there; all of them to build/bench.json."""
    rows = []
    for r in measured:
        rows.append(r)
        goal = "" if r["goal"] is None else f"goal {r['goal']:11.2f}  {'met' if r['met'] else 'NOT MET'}"
        value = "     failed" if r["value"] is None else f"{r['value']:11.2f}"
        more = f"  cosine {r['cosine']:.4f}" if "cosine" in r else ""
        print(f"{r['case']:{CASE_WIDTH}} {value} {r['unit']:24} {goal}{more}", flush=True)
    if not rows:
        sys.exit("bench: nothing was measured")
    out = pathlib.Path("build/bench.json")
    out.write_text(json.dumps(rows, indent=2) + "\n")
    goals = [r["met"] for r in rows if r["goal"] is not None]
    print(f"{sum(goals)} of {len(goals)} goals met; {out}")


if __name__ == "__main__":
    main()
