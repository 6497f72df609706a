#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random networks and small ones of whole families in RTL: the emitted C on the cores, the integer graph and
the RTL agree in every element of every tensor, and the outputs are near the floats.

usage: drawn_test.py OCTANT [--config NAME] [--seeds 1,62,..] [--keep FOLDER]
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "compiler/tests"))

import families  # noqa: E402
import random_onnx  # noqa: E402

SEEDS = "1,46,91,136,181,226,271"  # of the 300 of flow.random_onnx
SAMPLES = 8


def models(seeds):
    """Name, model, a function that draws its inputs."""
    for seed in seeds:
        model, draw, _ = random_onnx.network(seed)
        yield f"random_{seed}", model, draw
    for make in families.FAMILIES:
        f = make()
        yield f.name, f.b.case(f.name, f.outputs).model, lambda rng, f=f: {k: d(rng) for k, d in f.draw.items()}


def problem(args, folder, name, model, draw):
    """What is wrong, or nothing; and a line about it."""
    onnx.save(model, folder / f"{name}.onnx")
    rng = np.random.default_rng([7, 7])
    used = {i.name for i in model.graph.input}
    np.savez(folder / f"{name}.inputs.npz", **{k: v for k, v in draw(rng).items() if k in used})
    samples = [draw(rng) for _ in range(SAMPLES)]
    np.savez(folder / f"{name}.samples.npz", **{k: np.stack([s[k] for s in samples]) for k in samples[0] if k in used})
    run = subprocess.run([args.octant, "run", folder / f"{name}.onnx", "--config", args.config, "--inputs", folder / f"{name}.inputs.npz",
                          "--calibrate", folder / f"{name}.samples.npz"], capture_output=True, text=True, timeout=600, check=False)
    said = run.stdout + run.stderr
    exact = re.search(r"(\d+) tensors, .*, 0 mismatches", said)
    cosines = [float(c) for c in re.findall(r"cosine ([0-9.]+)", said)]
    if run.returncode or not exact or not cosines:
        return said.strip(), "failed"
    return "" if min(cosines) >= 0.99 else f"cosine {min(cosines)}", f"{exact[1]} tensors exact, cosine {min(cosines)}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("octant")
    parser.add_argument("--config", default="octant")
    parser.add_argument("--seeds", default=SEEDS)
    parser.add_argument("--keep", type=pathlib.Path, help="models stay here")
    args = parser.parse_args()
    failed, count = 0, 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name, model, draw in models([int(s) for s in args.seeds.split(",") if s]):
            wrong, line = problem(args, folder, name, model, draw)
            print(f"{name}: {line}\n{wrong}".rstrip(), flush=True)
            failed += bool(wrong)
            count += 1
    print(f"{count} networks, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
