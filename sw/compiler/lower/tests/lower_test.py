# SPDX-License-Identifier: Apache-2.0
"""Models down to integer graphs, in the golden executor against the float reference: the graphs of
make_graphs.py, and the models beside the repository where they are there.

usage: lower_test.py FLOW_LOWER [part of a case's name]
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx

ROOT = pathlib.Path(__file__).resolve().parents[4]
MODELS = ROOT.parent / "shared" / "models"
sys.path.insert(0, str(ROOT / "sw" / "compiler" / "tests"))
import make_graphs  # noqa: E402

# Generated graphs that have no integer form: each must be refused with the node's name.
REFUSED = {
    "LogSoftmax", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor",
    "Mod", "Reduce", "Arg", "Gather", "GatherND", "Scatter", "CumSum", "TopK", "OneHot",
    "ConvTranspose", "QDQ by channel", "Dynamic", "EmbedLayerNormalization",
    "GroupQueryAttention 5 0", "GroupQueryAttention 5 1",
}
COARSE = {"Round": 0.98}  # steps of the function are as large as those of its operand


class Runner:
    def __init__(self, tool, only):
        self.tool, self.only = tool, only
        self.checked, self.failed = 0, []

    def run(self, name, *args, code=0):
        if self.only and self.only not in name:
            return
        self.checked += 1
        run = subprocess.run([self.tool, *map(str, args)], capture_output=True, text=True, timeout=600)
        if self.only:
            print(run.stdout)
        if run.returncode != code or (code == 2 and "cannot run on the cluster" not in run.stderr):
            self.failed.append(name)
            print(f"FAILED {name} ({run.returncode}, not {code})\n{run.stdout}{run.stderr}")

    def generated(self, folder):
        for case in make_graphs.all_cases():
            onnx.save(case.model, folder / "case.onnx")
            np.savez(folder / "in.npz", **case.feeds)
            self.run(case.name, folder / "case.onnx", "--inputs", folder / "in.npz", "--simple",
                     "--at-least", COARSE.get(case.name, 0.99), code=2 if case.name in REFUSED else 0)

    def models(self):
        for folder in sorted((MODELS / "pairs").iterdir()):
            if not folder.is_dir():
                continue
            inputs = ["--inputs", folder / "inputs.npz", "--simple"]
            # Eight bits on NoNorm's way are not enough for this one.
            at_least = 0.98 if folder.name == "mobilebert" else 0.99
            for spelling in "ts14", "dynamo18":
                self.run(f"pairs {folder.name} {spelling}", folder / f"{spelling}.onnx", *inputs,
                         "--at-least", at_least)
            self.run(f"pairs {folder.name} same", folder / "ts14.onnx", "--same-as",
                     folder / "dynamo18.onnx", *inputs)
        stories = MODELS / "stories260k"
        self.run("stories260k decode", stories / "decode.onnx", "--at-least", 0.98)
        self.run("stories260k prefill16", stories / "prefill16.onnx", "--dim",
                 "past_sequence_length=0", "--dim", "total_sequence_length=16", "--at-least", 0.98)


def main():
    runner = Runner(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
    with tempfile.TemporaryDirectory() as folder:
        runner.generated(pathlib.Path(folder))
    if MODELS.is_dir():
        runner.models()
    print(f"{runner.checked} checked, {len(runner.failed)} failed")
    return 1 if runner.failed or runner.checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
