#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MiniLM as ONNX Runtime's quantize_static leaves it, default options, 32 tokens: how many of the output's
integers equal ONNX Runtime's on the same file, and how far a single step carries in ONNX Runtime itself.

usage: quantised_minilm.py QUANTISED_TOOL [--format QDQ|QOperator] [--texts N] [--keep FOLDER]
"""
import argparse
import logging
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODELS = ROOT / "build" / "models"
NAME, LENGTH = "minilm_s32", 32
FLIPS = 4  # elements tried at each place
logging.disable(logging.WARNING)


def session(model, level=onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL, **more):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level, options.graph_optimization_level = 1, 4, level
    for key, value in more.items():
        setattr(options, key, value)
    for name, size in (("batch", 1), ("sequence", LENGTH)):
        options.add_free_dimension_override_by_name(name, size)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Texts(CalibrationDataReader):
    def __init__(self, file):
        arrays = np.load(file)
        self.feeds = [{k: arrays[k][i:i + 1] for k in arrays} for i in range(len(arrays["input_ids"]))]
        self.rest = iter(self.feeds)

    def get_next(self):
        return next(self.rest, None)


def quantised(folder, kind):
    """The file; its shapes are fixed before, which the quantiser wants."""
    fixed, file = folder / "minilm_fixed.onnx", folder / f"minilm_{kind}.onnx"
    session(str(MODELS / f"{NAME}.onnx"), onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC, optimized_model_filepath=str(fixed))
    quantize_static(fixed, file, Texts(MODELS / f"{NAME}.calibration.npz"), quant_format=QuantFormat[kind])
    return file


def integers_of_norms(model):
    """Quantised results of the norms, in order."""
    producer = {o: n for n in model.graph.node for o in n.output}
    return [n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear" and n.input[0] in producer
            and producer[n.input[0]].op_type == "LayerNormalization"]


def carried(file, feed, step):
    """For each norm: what is left within one step when one element of its result is off by one, in ONNX Runtime."""
    model = onnx.load(file)
    places, out = integers_of_norms(model), model.graph.output[0].name
    model.graph.output.extend(helper.make_empty_tensor_value_info(p) for p in places)
    exact, *values = session(model.SerializeToString()).run(None, feed)
    rng = np.random.default_rng(1)
    for place, value in zip(places, values):
        cut = onnx.load(file)
        cut.graph.node.remove(next(n for n in cut.graph.node if place in n.output))
        cut.graph.input.append(helper.make_tensor_value_info(place, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape))
        run = session(cut.SerializeToString())
        names = {i.name for i in run.get_inputs()} - {place}
        near = []
        for _ in range(FLIPS):
            off = value.copy()
            at = 0, int(rng.integers(feed["attention_mask"].sum())), int(rng.integers(value.shape[-1]))
            off[at] += 1 if off[at] < 100 else -1
            got = run.run([out], {**{k: v for k, v in feed.items() if k in names}, place: off})[0]
            near.append(np.mean(np.abs(got - exact) < 1.5 * step))
        print(f"  one element of {place:44} off by one: {min(near):.3f} to {max(near):.3f} within one step")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--format", action="append", choices=["QDQ", "QOperator"], default=[])
    parser.add_argument("--texts", type=int, default=8)
    parser.add_argument("--keep", type=pathlib.Path)
    args = parser.parse_args()
    subprocess.run([sys.executable, ROOT / "sw/models/make_model.py", NAME], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for kind in args.format or ["QDQ", "QOperator"]:
            file = quantised(folder, kind)
            feeds = Texts(MODELS / f"{NAME}.inputs.npz").feeds[:args.texts]
            run, arrays = session(str(file)), {}
            default = session(str(file), onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL)
            name, same = run.get_outputs()[0].name, []
            for i, feed in enumerate(feeds):
                exact = run.run([name], feed)[0]
                same.append(np.mean(default.run([name], feed)[0] == exact))
                arrays |= {f"in{i}:{k}": v for k, v in feed.items()} | {f"want{i}:{name}": exact}
            np.savez(file.with_suffix(".npz"), **arrays)
            print(f"{kind}: ONNX Runtime with and without its optimiser: {np.mean(same):.4f} equal", flush=True)
            subprocess.run([args.tool, file, file.with_suffix(".npz")], check=True)
            if kind == "QDQ":
                levels = np.unique(np.concatenate([v.ravel() for k, v in arrays.items() if k.startswith("want")]))
                carried(file, feeds[0], np.diff(levels).min())


if __name__ == "__main__":
    main()
