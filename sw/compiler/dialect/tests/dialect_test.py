#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The integer dialect, case by case, against goldens: cases made here (by NumPy, from the rules as
docs/architecture/dialect.md writes them), and those of shared/models/deeploy_integer where that
folder lies beside the repository.

dialect_test.py --tool FLOW_DIALECT            golden executor and job list, both machines' L1
dialect_test.py --octant OCTANT --config C     RTL
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import cases

ROOT = pathlib.Path(__file__).resolve().parents[4]
SHARED = ROOT.parent / "shared" / "models" / "deeploy_integer"


def arrays(path):
    z = np.load(path)
    return [(k, z[k]) for k in z.files]


def compare(model, got_file, want_file):
    """What differs, in words; outputs go by the model's order, goldens by the file's."""
    import onnx
    names = [o.name for o in onnx.load(model).graph.output]
    got = dict(arrays(got_file))
    for name, (key, want) in zip(names, arrays(want_file)):
        if name not in got:
            return f"no output {name}"
        g = got[name]
        if g.shape != want.shape:
            return f"output {name} is {g.shape}, golden {want.shape}"
        wrong = np.argwhere(g.astype(np.float64) != want.astype(np.float64))
        if len(wrong):
            at = tuple(wrong[0])
            return f"output {name}: {len(wrong)} of {g.size} differ, first {at}: {g[at]}, golden {want[at]}"
    return ""


def first_layer(case, layers):
    """The first activation of the golden that no value of its name and size equals."""
    import onnx
    if not (case / "activations.npz").exists():
        return "no activations.npz: no layer to name"
    have = dict(arrays(layers))
    short = lambda s: "".join(c if c.isalnum() else "_" for c in s.lower()).strip("_")
    nodes = onnx.load(case / "network.onnx").graph.node
    for key, want in arrays(case / "activations.npz"):
        for n in nodes:
            stem = short(n.name)
            stem = stem[: -len(n.op_type) - 1] if stem.endswith(n.op_type.lower()) else stem
            if not stem or not short(key).endswith(stem) or n.output[0] not in have:
                continue
            got = have[n.output[0]]
            if got.size == want.size and not np.array_equal(got.ravel(), want.ravel()):
                bad = int((got.ravel() != want.ravel()).sum())
                return f"first layer that differs: {n.name} ({n.op_type}), {bad} of {want.size} elements"
    return "no layer differs whose activation is known by name"


def run(command):
    p = subprocess.run(command, capture_output=True, text=True)
    return p.returncode, p.stdout + p.stderr


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tool")
    p.add_argument("--octant")
    p.add_argument("--config", default="octant")
    p.add_argument("--only", default="", help="cases whose name has this in it")
    p.add_argument("--without", default="", help="and not this")
    p.add_argument("--own", action="store_true", help="only the cases that are made here")
    p.add_argument("--keep", help="folder for the cases made here")
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        folder = pathlib.Path(a.keep or temp)
        list_ = [(n, folder / n) for n in cases.write(folder)]
        if not a.own:
            found = sorted(x.parent for x in SHARED.glob("**/network.onnx"))
            if not found:
                print(f"{SHARED} is not there: only the cases made here")
            list_ += [(str(f.relative_to(SHARED)), f) for f in found]
        failed = 0
        count = 0
        for name, case in list_:
            if a.only not in name or (a.without and a.without in name):
                continue
            model, inputs = str(case / "network.onnx"), str(case / "inputs.npz")
            out, layers = f"{temp}/out.npz", f"{temp}/layers.npz"
            if a.tool:
                commands = [[a.tool, model, "--inputs", inputs, "--outputs", out, "--layers", layers],
                            [a.tool, model, "--inputs", inputs, "--outputs", out, "--l1", "24576",
                             "--workers", "2"]]
            else:
                commands = [[a.octant, "run", model, "--inputs", inputs, "--config", a.config,
                             "--save-outputs", out]]
            for command in commands:
                if os.path.exists(out):
                    os.remove(out)
                code, said = run(command)
                wrong = said.strip()[-400:] if code else compare(model, out, case / "outputs.npz")
                count += 1
                if wrong:
                    failed += 1
                    print(f"{name}: {wrong}")
                    if a.tool and not code and os.path.exists(layers):
                        print("   ", first_layer(case, layers))
                    break
                last = [s for s in said.strip().splitlines() if "cycles" in s][-1:]
                print(f"{name}: exact; {last[0].strip() if last else ''}", flush=True)
        print(f"{count} runs, {failed} wrong")
        return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
