# SPDX-License-Identifier: Apache-2.0
"""The fuzzer's corpus: the graphs of make_graphs.py, small.

usage: make_corpus.py FOLDER
"""
import pathlib
import re
import sys

import numpy as np
from onnx import helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import make_graphs  # noqa: E402

LARGE = 300  # bytes; drawn weights beyond become a ConstantOfShape, which import computes at once


def shrunk(model):
    g = model.graph
    for t in list(g.initializer):
        a = numpy_helper.to_array(t)
        # Masks and tables have their meaning in their elements.
        if a.dtype != np.float32 or a.nbytes < LARGE or not np.isfinite(a).all() or np.unique(a).size < a.size // 2:
            continue
        g.initializer.remove(t)
        shape = numpy_helper.from_array(np.array(a.shape, np.int64), t.name + "_shape")
        value = numpy_helper.from_array(np.float32([0.25]))
        g.initializer.append(shape)
        g.node.insert(0, helper.make_node("ConstantOfShape", [shape.name], [t.name], value=value))
    del g.value_info[:]
    for n in g.node:
        n.name = ""
    model.producer_name = ""
    return model


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for case in make_graphs.all_cases():
        name = re.sub(r"[^a-z0-9]+", "_", case.name.lower()).strip("_")
        (folder / f"{name}.onnx").write_bytes(shrunk(case.model).SerializeToString())


if __name__ == "__main__":
    main()
