#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a network, run it whole in RTL, show what it says.

usage: run_model.py NAME --octant FILE [--report DIR] [-- OPTIONS OF octant run]

MiniLM embeds sentences: SENTENCES="One.|Another." gives them, parted by | or new lines; else the
first committed ones. Its embeddings' similarities stand beside those of ONNX Runtime's float.
The exit code is that of the last run that was not exact, else 0.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMMITTED = 2  # sentences when none are given


def sentences():
    return [s.strip() for s in re.split(r"[|\n]", os.environ.get("SENTENCES", "")) if s.strip()]


def make(name, folder, texts):
    command = [sys.executable, str(HERE / "make_model.py"), name, "--out", str(folder)]
    if texts:
        command += ["--sentences", *texts]
    made = subprocess.run(command, stdout=subprocess.DEVNULL)
    if made.returncode != 0:
        raise SystemExit(made.returncode)
    return json.loads((folder / f"{name}.json").read_text())


def run(octant, facts, folder, report, sample, options, extra):
    command = [str(octant), "run", str(folder / facts["model"]),
               "--inputs", str(folder / facts["inputs"]), "--sample", str(sample),
               "--calibrate", str(folder / facts["calibration"]), "--report", str(report), *extra]
    for dim, size in facts["dims"].items():
        command += ["--dim", f"{dim}={size}"]
    return subprocess.run(command + options).returncode


def embedding(hidden, mask):
    """Masked mean over the tokens, divided by its length."""
    import numpy as np
    mean = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return (mean / np.linalg.norm(mean, axis=-1, keepdims=True))[0]


def table(title, texts, vectors):
    print(f"\n{title}")
    for i, text in enumerate(texts):
        row = " ".join(f"{float(vectors[i] @ other):7.4f}" for other in vectors)
        print(f"  {row}  {text[:60]}")


def run_sentences(octant, facts, folder, report, texts, options):
    import numpy as np
    import onnxruntime
    inputs = np.load(folder / facts["inputs"])
    texts = texts or facts["texts"][:COMMITTED]
    session = onnxruntime.InferenceSession(str(folder / facts["model"]),
                                           providers=["CPUExecutionProvider"])
    output = session.get_outputs()[0].name
    wanted = [i.name for i in session.get_inputs()]
    worst = 0
    ours, floats = [], []
    for i, text in enumerate(texts):
        print(f"\n{text}", flush=True)
        file = report / f"outputs{i}.npz"
        code = run(octant, facts, folder, report, i, options, ["--save-outputs", str(file)])
        if not file.exists():
            raise SystemExit(code or 1)
        worst = code or worst
        feed = {name: inputs[name][i:i + 1] for name in wanted}
        mask = feed["attention_mask"]
        ours.append(embedding(np.load(file)[output], mask))
        floats.append(embedding(session.run([output], feed)[0], mask))
    table("similarities, INT8 in RTL", texts, ours)
    table("similarities, float", texts, floats)
    cosines = [float(a @ b) for a, b in zip(ours, floats)]
    print(f"\ncosine of the embeddings to float: mean {np.mean(cosines):.5f}, worst {min(cosines):.5f}")
    return worst


def main():
    argv, options = sys.argv[1:], []
    if "--" in argv:
        cut = argv.index("--")
        argv, options = argv[:cut], argv[cut + 1:]
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--octant", type=pathlib.Path, required=True)
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "build" / "models")
    parser.add_argument("--report", type=pathlib.Path)
    args = parser.parse_args(argv)
    texts = sentences()
    facts = make(args.name, args.models, texts)
    report = args.report or ROOT / "build" / "report" / args.name
    report.mkdir(parents=True, exist_ok=True)
    print(f"{args.name}: {facts['title']}"
          + ("; weights are drawn, so its outputs mean nothing" if facts["weights"] == "drawn" else ""),
          flush=True)
    if "texts" in facts:
        code = run_sentences(args.octant, facts, args.models, report, texts, options)
    else:
        if texts:
            raise SystemExit(f"SENTENCES: {args.name} reads none; minilm does")
        picture = ["--picture"] if args.name == "digits" else []
        code = run(args.octant, facts, args.models, report, 0, options, picture)
    print(f"report: {os.path.relpath(report / 'report.html')}")
    raise SystemExit(code)


if __name__ == "__main__":
    main()
