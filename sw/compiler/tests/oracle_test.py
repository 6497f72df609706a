# SPDX-License-Identifier: Apache-2.0
"""The importer, the passes and the float reference against ONNX Runtime: on the graphs of
make_graphs.py, and on the models beside the repository where they are there.

usage: oracle_test.py FLOW_TOOL [part of a case's name]
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

import make_graphs

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODELS = ROOT.parent / "shared" / "models"
onnxruntime.set_default_logger_severity(3)


def ort_outputs(model, feeds):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, feeds)))


def compare(got, want, tolerance):
    """An error text, or nothing."""
    for name, y in want.items():
        if name not in got:
            return f"output {name} is missing"
        x = got[name]
        if x.shape != y.shape:
            return f"{name}: shape {x.shape}, not {y.shape}"
        if x.size == 0:
            continue
        error = np.abs(x.astype(np.float64) - y.astype(np.float64)).max()
        if not error <= tolerance * max(1e-6, np.abs(y).max()):
            return f"{name}: off by {error:.3g}, largest element {np.abs(y).max():.3g}"
    return ""


class Runner:
    def __init__(self, tool, only):
        self.tool, self.only = tool, only
        self.checked, self.failed, self.skipped = 0, [], []

    def tool_run(self, *args):
        return subprocess.run([self.tool, *map(str, args)], capture_output=True, text=True, timeout=300)

    def check(self, name, model, feeds, want, expect=None, raw=True, tolerance=2e-5, dims=(), integer=False):
        if self.only and self.only not in name:
            return
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            np.savez(folder / "in.npz", **feeds)
            problems = []
            for mode in (["--raw"] if raw else []), []:
                if mode == [] and problems:
                    break
                run = self.tool_run(model, *mode, *dims, *(["--integer"] if integer and not mode else []), "--dump", "operand_order", "--inputs", folder / "in.npz",
                                    "--outputs", folder / "out.npz")
                label = "as imported" if mode else "canonical"
                if run.returncode != 0:
                    problems.append(f"{label}: {run.stderr.strip()}")
                    continue
                problem = compare(np.load(folder / "out.npz"), want, tolerance)
                if problem:
                    problems.append(f"{label}: {problem}")
            found = re.findall(r"^  %\d+ = (\w+)\(", run.stdout, re.M)
            for op, count in (expect or {}).items():
                if found.count(op) != count:
                    problems.append(f"{found.count(op)} {op}, not {count}: {' '.join(found)}")
        self.checked += 1
        if problems:
            self.failed.append(name)
            print(f"FAILED {name}\n  " + "\n  ".join(problems))

    def generated(self):
        with tempfile.TemporaryDirectory() as folder:
            for case in make_graphs.all_cases():
                path = pathlib.Path(folder) / "case.onnx"
                onnx.save(case.model, path)
                try:
                    want = ort_outputs(str(path), case.feeds)
                except Exception as problem:
                    self.failed.append(case.name)
                    print(f"FAILED {case.name}: ONNX Runtime itself: {problem}")
                    continue
                self.check(case.name, path, case.feeds, want, case.expect, case.raw, case.tolerance)

    def pairs(self):
        for folder in sorted((MODELS / "pairs").iterdir()):
            if not folder.is_dir():
                continue
            feeds, want = np.load(folder / "inputs.npz"), dict(np.load(folder / "outputs.npz"))
            for spelling in "ts14", "dynamo18":
                self.check(f"pairs {folder.name} {spelling}", folder / f"{spelling}.onnx", feeds, want,
                           {"Softmax": 0, "MatMul": 0, "Where": 0, "Erf": 0}, tolerance=5e-5, integer=True)
            if self.only and self.only not in f"pairs {folder.name} same":
                continue
            run = self.tool_run(folder / "ts14.onnx", "--same-as", folder / "dynamo18.onnx")
            self.checked += 1
            if run.returncode != 0:
                self.failed.append(f"pairs {folder.name} same")
                print(f"FAILED pairs {folder.name}: the spellings differ: {run.stdout}{run.stderr}")

    def stories(self):
        rng = np.random.default_rng(7)
        folder = MODELS / "stories260k"
        tokens = [int(t) for t in (folder / "sampled.txt").read_text().split()]
        cache = {f"past_key_values.{i}.{kind}": rng.standard_normal((1, 4, 64, 8), dtype=np.float32)
                 for i in range(5) for kind in ("key", "value")}
        feeds = {"input_ids": np.array([[403]]), "position_ids": np.array([[64]]), "attention_mask": np.ones((1, 65), np.int64), **cache}
        feeds["attention_mask"][0, :3] = 0
        model = folder / "decode.onnx"
        self.check("stories260k decode", model, feeds, ort_outputs(str(model), feeds), {"Attention": 5, "KvAppend": 10, "Rotary": 10},
                   integer=True)
        model = folder / "prefill16.onnx"
        feeds = {"input_ids": np.array([tokens[:16]]), "position_ids": np.arange(16)[None], "attention_mask": np.ones((1, 16), np.int64)}
        feeds |= {k: v[:, :, :0] for k, v in cache.items()}
        self.check("stories260k prefill16", model, feeds, ort_outputs(str(model), feeds), {"Attention": 5, "Rotary": 10},
                   dims=["--dim", "past_sequence_length=0", "--dim", "total_sequence_length=16"])
        model = folder / "score512.onnx"
        names = [i.name for i in onnxruntime.InferenceSession(str(model)).get_inputs()]
        self.check("stories260k score512", model, {names[0]: np.array([tokens[:512]])},
                   ort_outputs(str(model), {names[0]: np.array([tokens[:512]])}), {"Attention": 5, "Rotary": 10}, tolerance=1e-4)

    def drawn(self):
        """Large models with drawn weights."""
        rng = np.random.default_rng(9)
        for name, attentions in (("mobilebert_s128", 24), ("dinov2_small_224", 12), ("whisper_tiny_encoder_s512", 4), ("llama_d64_l8_decode", 8)):
            if self.only and self.only not in name:
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "model.onnx"
                subprocess.run([sys.executable, MODELS / "fill_weights.py", name, path], check=True)
                feeds = {}
                for i in onnxruntime.InferenceSession(str(path)).get_inputs():
                    shape = [d if isinstance(d, int) else 1 for d in i.shape]
                    if "mask" in i.name:
                        feeds[i.name] = np.ones(shape, np.int64)
                    elif "float" in i.type:
                        feeds[i.name] = rng.standard_normal(shape, dtype=np.float32)
                    else:
                        feeds[i.name] = rng.integers(0, 2 if "type" in i.name else 60, shape, dtype=np.int64)
                self.check(name, path, feeds, ort_outputs(str(path), feeds), {"Attention": attentions, "Softmax": 0}, raw=False,
                           tolerance=2e-3, integer=True)


def main():
    runner = Runner(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
    runner.generated()
    if (MODELS / "pairs").is_dir():
        runner.pairs()
        runner.stories()
        runner.drawn()
    else:
        print(f"SKIPPED: {MODELS} is not there; only generated graphs were checked")
    print(f"{runner.checked - len(runner.failed)} passed, {len(runner.failed)} failed")
    return 1 if runner.failed or runner.checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
