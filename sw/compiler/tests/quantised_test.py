# SPDX-License-Identifier: Apache-2.0
"""Networks that ONNX Runtime has quantised: the golden executor against ONNX Runtime on the same file.

usage: quantised_test.py QUANTISED_TOOL [--case NAME] [--keep FOLDER]
At least 99 % of the output elements lie within one step where the file quantises all of them.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime

warnings.filterwarnings("ignore")
import logging  # noqa: E402

logging.disable(logging.WARNING)
import quantised_models  # noqa: E402

RUNS = 8
AT_LEAST = 0.99
BY_COSINE = {"block_qdq_products": 0.9995}  # its file leaves the output a float: no steps to count
COARSE = {"block_qop": 0.93}  # its file leaves norms and GELU floats: those are calibrated here


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # As the file says; the default fuses nodes and rounds a norm or a softmax otherwise.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--keep", type=pathlib.Path)
    args = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name, (make, text) in quantised_models.REFUSED.items():
            if args.case:
                continue
            onnx.save(make(), folder / "refused.onnx")
            np.savez(folder / "refused.npz", **{"in0:x": np.ones((4, 8), np.float32), "want0:y": np.ones(1)})
            tool = subprocess.run([args.tool, folder / "refused.onnx", folder / "refused.npz"], capture_output=True, text=True, timeout=300)
            good = tool.returncode != 0 and text in tool.stderr
            failed += not good
            print(f"{'ok  ' if good else 'FAIL'} refused: {name}: {tool.stderr.strip()}")
        for case in args.case or quantised_models.CASES:
            path = quantised_models.write(case, folder)
            maker, opset, _, _ = quantised_models.CASES[case]
            run, arrays = session(path), {}
            for i, feed in enumerate(quantised_models.feeds(maker(opset), RUNS, 11)):
                arrays |= {f"in{i}:{k}": v for k, v in feed.items()}
                names = [o.name for o in run.get_outputs()]
                arrays |= {f"want{i}:{k}": v for k, v in zip(names, run.run(names, feed))}
            np.savez(folder / f"{case}.npz", **arrays)
            tool = subprocess.run([args.tool, path, folder / f"{case}.npz"], capture_output=True, text=True, timeout=300)
            found = re.search(r"integers: .*within one step ([0-9.]+) cosine ([0-9.]+)", tool.stdout)
            near = found and float(found[1]) >= COARSE.get(case, AT_LEAST)
            if case in BY_COSINE:
                near = found and float(found[2]) >= BY_COSINE[case]
            good = tool.returncode == 0 and near
            failed += not good
            print(f"{'ok  ' if good else 'FAIL'} {case}: {' | '.join((tool.stdout + tool.stderr).splitlines()[:6])}")
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
