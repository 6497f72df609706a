#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What quantisation costs, measured: integers of the golden executor beside ONNX Runtime's floats.

usage: accuracy.py [minilm_s32] [minilm] [stories] [digits] [pairs] [--octant FILE] [--samples N] [--check]

Prints a table for each (default: all that can be had). --samples takes the first N test samples
only; --check ends with 1 where a figure misses its limit. stories and pairs want the models beside
the repository (OCT_SHARED or ../shared).
"""
import argparse
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
try:
    import numpy as np
    import onnxruntime
except ImportError:
    python = ROOT / ".venv" / "bin" / "python3"
    if not python.exists() or pathlib.Path(sys.prefix) == ROOT / ".venv":
        raise SystemExit("accuracy.py needs numpy and onnxruntime; `make setup` installs them") from None
    os.execv(python, [str(python), *sys.argv])
sys.path.insert(0, str(ROOT / "sw" / "models"))
from run_model import embedding  # noqa: E402

SHARED = pathlib.Path(os.environ.get("OCT_SHARED", ROOT.parent / "shared")) / "models"
SKIPPED = 77  # exit code, for ctest
DIGITS = ROOT / "sw" / "models" / "digits"


def session(model, level=None):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    if level:
        options.graph_optimization_level = level
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def runtime(model, arrays, count):
    """Outputs of ONNX Runtime, a list by name, sample by sample."""
    s = session(model)
    names = [o.name for o in s.get_outputs()]
    shapes = {i.name: i.shape for i in s.get_inputs()}
    out = {name: [] for name in names}
    for i in range(count):
        feed = {k: arrays[k][i:i + 1] if np.ndim(arrays[k]) == len(shapes[k]) else arrays[k][i] for k in shapes}
        for name, value in zip(names, s.run(names, feed)):
            out[name].append(value)
    return out


class Judge:
    def __init__(self, args, folder):
        self.octant, self.samples, self.folder, self.failed = args.octant, args.samples, pathlib.Path(folder), []
        self.skipped = False

    def count(self, n):
        return min(n, self.samples or n)

    def integers(self, model, inputs, calibration, count, dims=()):
        """What the golden executor gives, by name, samples along the first axis."""
        file = self.folder / "outputs.npz"
        command = [self.octant, "-q", "accuracy", model, "--inputs", inputs, "--samples", count, "--save-outputs", file]
        command += ["--calibrate", calibration] if calibration else []
        command += [w for d in dims for w in ("--dim", d)]
        run = subprocess.run([str(w) for w in command], stdout=subprocess.PIPE, text=True)
        if run.returncode:
            raise SystemExit(f"accuracy.py: octant accuracy ended with {run.returncode}")
        return np.load(file)

    def limit(self, what, value, least=None, most=None):
        bad = (least is not None and not value >= least) or (most is not None and not value <= most)
        if bad:
            self.failed.append(f"{what} is {value:.5g}, not {'>=' if least is not None else '<='} {least if least is not None else most}")


def cosine(a, b):
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-300))


def dynamically_quantised(model, folder):
    """By ONNX Runtime's own quantiser, with the options that lose least. Weights must be constants first."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(folder / "folded.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    logging.disable(logging.WARNING)
    quantize_dynamic(folder / "folded.onnx", folder / "dynamic.onnx", weight_type=QuantType.QInt8, per_channel=True,
                     reduce_range=True, op_types_to_quantize=["MatMul"])
    return folder / "dynamic.onnx"


def minilm(judge, name, least):
    # build/models may hold a user's sentences.
    folder = ROOT / "build" / "models"
    facts = folder / f"{name}.json"
    if facts.exists() and json.loads(facts.read_text()).get("sentences") != "committed":
        folder = folder / "accuracy"
    made = subprocess.run([sys.executable, str(ROOT / "sw/models/make_model.py"), name, "--out", str(folder)],
                          stdout=subprocess.DEVNULL)
    if made.returncode:
        print(f"{name}: not measured, its package cannot be had")
        judge.skipped = True
        return
    facts = json.loads((folder / f"{name}.json").read_text())
    model, inputs = folder / facts["model"], folder / facts["inputs"]
    arrays = np.load(inputs)
    n = judge.count(len(arrays["attention_mask"]))
    masks = [arrays["attention_mask"][i:i + 1] for i in range(n)]
    exact = [embedding(y, m) for y, m in zip(next(iter(runtime(model, arrays, n).values())), masks)]
    dims = [f"{k}={v}" for k, v in facts["dims"].items()]
    ours = judge.integers(model, inputs, folder / facts["calibration"], n, dims)
    output = next(k for k in ours if not k.startswith("float."))
    rows = {"Octant, integers": [embedding(y.reshape(1, *y.shape[-2:]), m) for y, m in zip(ours[output], masks)]}
    dynamic = runtime(dynamically_quantised(model, judge.folder), arrays, n)
    rows["ONNX Runtime, dynamic"] = [embedding(y, m) for y, m in zip(next(iter(dynamic.values())), masks)]
    print(f"{facts['title']}: embeddings of {n} texts, cosine to float")
    for title, vectors in rows.items():
        found = [cosine(a, b) for a, b in zip(vectors, exact)]
        print(f"  {title:24} mean {np.mean(found):.4f}  worst {min(found):.4f}")
        if title.startswith("Octant"):
            judge.limit(f"{name}: mean cosine", np.mean(found), least=least[0])
            judge.limit(f"{name}: worst cosine", min(found), least=least[1])


def stories(judge):
    folder = SHARED / "stories260k"
    lines = [[int(w) for w in line.split()] for line in (folder / "sampled.txt").read_text().splitlines()]
    greedy = [int(w) for w in (folder / "greedy.txt").read_text().split()]
    model = folder / "score512.onnx"
    name = session(model).get_inputs()[0].name
    tests = lines[4:] + [greedy + [0] * (512 - len(greedy))]
    np.savez(judge.folder / "texts.npz", **{name: np.array(tests, np.int64)})
    np.savez(judge.folder / "first.npz", **{name: np.array(lines[:4], np.int64)})
    ours = judge.integers(model, judge.folder / "texts.npz", judge.folder / "first.npz", len(tests))
    output = next(k for k in ours if not k.startswith("float."))
    exact = runtime(model, {name: np.array(tests, np.int64)}, len(tests))[output]

    def log_softmax(x):
        x = x.astype(np.float64)
        x = x - x.max(-1, keepdims=True)
        return x - np.log(np.exp(x).sum(-1, keepdims=True))

    loss, divergence = np.zeros(2), []
    for ids, got, want in list(zip(tests, ours[output], exact))[:4]:
        p, q = log_softmax(want.reshape(512, -1)), log_softmax(got.reshape(512, -1))
        at = np.arange(511), np.array(ids[1:])
        loss += [-p[at].mean() / 4, -q[at].mean() / 4]
        divergence.append((np.exp(p) * (p - q)).sum(-1)[:511].mean())
    more = 100 * (np.exp(loss[1] - loss[0]) - 1)
    print(f"stories260k, lines 5 to 8 of sampled.txt: perplexity {np.exp(loss[0]):.4f} float, "
          f"{np.exp(loss[1]):.4f} integers ({more:+.2f} %), KL {np.mean(divergence):.4f} nats")
    judge.limit("perplexity, %", more, most=2)
    judge.limit("KL", np.mean(divergence), most=0.018)
    want, got = exact[4].reshape(512, -1)[:200], ours[output][4].reshape(512, -1)[:200]
    order = np.sort(want, -1)
    clear = order[:, -1] - order[:, -2] >= 0.7
    same = want.argmax(-1) == got.argmax(-1)
    print(f"  along greedy.txt: first choice equal in {same.sum()} of 200, with a margin of 0.7 in "
          f"{(same & clear).sum()} of {clear.sum()}")
    judge.limit("first choices", same.sum(), least=188)
    judge.limit("clear first choices that differ", (clear & ~same).sum(), most=0)


def digits(judge):
    arrays = np.load(DIGITS / "test.npz")
    n = judge.count(len(arrays["labels"]))
    exact = np.concatenate(runtime(DIGITS / "digits.onnx", {"image": arrays["image"]}, n)["logits"])
    ours = judge.integers(DIGITS / "digits.onnx", DIGITS / "test.npz", DIGITS / "calibration.npz", n)["logits"].reshape(n, -1)
    right = (exact.argmax(-1) == arrays["labels"][:n]).mean()
    differ = (exact.argmax(-1) != ours.argmax(-1)).sum()
    ours_right = (ours.argmax(-1) == arrays["labels"][:n]).mean()
    print(f"digits: {n} test images, float {100 * right:.1f} % right, integers {100 * ours_right:.1f} %, {differ} predictions differ; "
          f"logits' worst cosine {min(map(cosine, exact, ours)):.4f}")
    judge.limit("digits: float accuracy", right, least=0.97)
    judge.limit("digits: predictions that differ", differ, most=3 * n / 360)


def pairs(judge):
    print("pairs, both spellings: cosine to ONNX Runtime, of the worst output")
    for folder in sorted(f for f in (SHARED / "pairs").iterdir() if f.is_dir()):
        inputs = dict(np.load(folder / "inputs.npz"))
        found = []
        for model in folder / "ts14.onnx", folder / "dynamo18.onnx":
            exact = {k: v[0] for k, v in runtime(model, {k: v[None] for k, v in inputs.items()}, 1).items()}
            ours = judge.integers(model, folder / "inputs.npz", None, 1)
            found.append(min(cosine(ours[k][0], v) for k, v in exact.items()))
        print(f"  {folder.name:16} {found[0]:.4f} {found[1]:.4f}")
        judge.limit(f"pairs {folder.name}: cosine", min(found), least=0.99)


def main():
    tables = {"minilm_s32": lambda j: minilm(j, "minilm_s32", (0.994, 0.99)),
              "minilm": lambda j: minilm(j, "minilm", (0.992, 0.985)),
              "stories": stories, "digits": digits, "pairs": pairs}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help=", ".join(tables))
    parser.add_argument("--octant", type=pathlib.Path, default=ROOT / "build" / "default" / "bin" / "octant")
    parser.add_argument("--samples", type=int)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    unknown = [t for t in args.tables if t not in tables]
    if unknown:
        raise SystemExit(f"accuracy.py: {unknown[0]}: no such table; there are {', '.join(tables)}")
    failed, skipped = [], []
    for name in args.tables or tables:
        if name in ("stories", "pairs") and not SHARED.is_dir():
            print(f"{name}: not measured, {SHARED} is not there")
            skipped.append(name)
            continue
        with tempfile.TemporaryDirectory() as folder:
            judge = Judge(args, folder)
            tables[name](judge)
            failed += judge.failed
            skipped += [name] * judge.skipped
    for line in failed:
        print(f"missed: {line}")
    if args.check and len(skipped) == len(args.tables or tables):
        return SKIPPED
    return 1 if failed and args.check else 0


if __name__ == "__main__":
    sys.exit(main())
