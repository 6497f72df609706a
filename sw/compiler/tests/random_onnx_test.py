# SPDX-License-Identifier: Apache-2.0
"""Random networks down to integers, in the golden executor against ONNX Runtime: signal to
quantisation noise of 20 dB and more, few refusals, all of them in words. The C that is emitted for
them runs on the host, every tensor equal to the golden executor's.

usage: random_onnx_test.py RANDOM_ONNX_TOOL [--count N] [--seed FIRST] [--keep FOLDER] [--layers]
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

import random_onnx

SAMPLES = 16  # to calibrate with
RUNS = 3     # to compare, drawn anew
REFUSED_AT_MOST = 0.1


def write(seed, folder):
    model, draw, _ = random_onnx.network(seed)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng([seed, 5])
    used = {i.name for i in session.get_inputs()}
    names = [o.name for o in session.get_outputs()]
    arrays = {}
    for i in range(SAMPLES):
        arrays |= {f"sample{i}:{k}": v for k, v in draw(rng).items()}
    for i in range(RUNS):
        feeds = draw(rng)
        arrays |= {f"in{i}:{k}": v for k, v in feeds.items()}
        results = session.run(names, {k: v for k, v in feeds.items() if k in used})
        arrays |= {f"want{i}:{k}": v for k, v in zip(names, results)}
    onnx.save(model, folder / f"{seed:06}.onnx")
    np.savez(folder / f"{seed:06}.npz", **arrays)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schedule-every", type=int, default=10)
    parser.add_argument("--host-every", type=int, default=1, help="emitted C of every N-th on the host")
    parser.add_argument("--keep", type=pathlib.Path, help="models stay here")
    parser.add_argument("--layers", action="store_true", help="accuracy of each value")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for seed in range(args.seed, args.seed + args.count):
            write(seed, folder)
        command = [args.tool, str(folder), "--schedule-every", str(args.schedule_every), "--host-every", str(args.host_every)]
        command += ["--layers"] * args.layers
        run = subprocess.run(command, capture_output=True, text=True, timeout=1500)
    verdicts, last = {}, "none"
    for line in run.stdout.splitlines():
        if args.layers and line.startswith(" "):
            print(line)
            continue
        name, _, text = line.partition(": ")
        last = name if text == "start" else last
        verdicts[name] = text
    counts = collections.Counter(text.split()[0] for text in verdicts.values())
    for name, text in sorted(verdicts.items()):
        if not text.startswith("ok"):
            print(f"seed {name}: {text}")
    decibels = sorted(float(t.split()[1]) for t in verdicts.values() if t.startswith(("ok", "noisy")))
    if decibels:
        print(f"signal to quantisation noise: least {decibels[0]:.1f}, median {decibels[len(decibels) // 2]:.1f} dB")
    hosted = [int(m[1]) for m in (re.search(r"(\d+) bytes on the host", t) for t in verdicts.values()) if m]
    print(f"emitted C on the host: {len(hosted)} networks, {sum(hosted)} bytes equal")
    print(f"seeds {args.seed} to {args.seed + args.count - 1}: {dict(counts)}")
    if run.returncode:
        print(f"the tool ended with {run.returncode} at seed {last}\n{run.stderr}")
    unhosted = args.host_every == 1 and len(hosted) < counts["ok"] + counts["noisy"]
    failed = unhosted or run.returncode or counts["failed"] or counts["noisy"] or counts["start"] or len(verdicts) < args.count
    return 1 if failed or counts["refused"] > REFUSED_AT_MOST * args.count else 0


if __name__ == "__main__":
    sys.exit(main())
