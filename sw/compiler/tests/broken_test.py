# SPDX-License-Identifier: Apache-2.0
"""Models that are broken: each gives one error in words and exit code 2, never a crash or a hang.

usage: broken_test.py FLOW_TOOL [seed]
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import make_graphs

FLIPS = 150  # damaged copies of a good model


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, inits=(), opset=17, **more):
    graph = helper.make_graph(nodes, "broken", inputs, outputs, list(inits), **more)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def array(name, a):
    return numpy_helper.from_array(np.asarray(a), name)


def node(op, ins, outs, **attrs):
    return helper.make_node(op, ins, outs, name=f"the_{op}", **attrs)


def damaged(change, nodes=None, **more):
    """x w, after `change` has seen the model."""
    m = model(nodes or [node("MatMul", ["x", "w"], ["y"])], [value("x", [2, 4])], [value("y", None)],
              [array("w", np.ones((4, 3), np.float32))], **more)
    change(m)
    return m


def external(m, **entries):
    w = m.graph.initializer[0]
    w.ClearField("raw_data")
    w.data_location = TensorProto.EXTERNAL
    for key, text in entries.items():
        w.external_data.add(key=key, value=text)


def cases():
    """name, model, extra arguments, words that the message must have."""
    x, y = value("x", [2, 4]), value("y", None)
    yield "an unknown operator", model([node("Frobnicate", ["x"], ["a"]), node("Relu", ["a"], ["b"]), node("Loop", ["b"], ["y"])], [x], [y]), [], ["2 reasons", "the_Frobnicate (Frobnicate)", "the_Loop", "octant ops"]
    yield "a cycle", model([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Neg", ["b"], ["y"])], [x], [y]), [], ["cycle", "the_Add"]
    yield "a node that reads itself", model([node("Add", ["x", "y"], ["y"])], [x], [y]), [], ["cycle"]
    yield "a name that nothing makes", model([node("Add", ["x", "ghost"], ["y"])], [x], [y]), [], ["ghost", "the_Add"]
    yield "a result made twice", model([node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])], [x], [y]), [], ["'y' is there already"]
    yield "an input twice", model([node("Relu", ["x"], ["y"])], [x, value("x", [3, 4])], [y]), [], ["input 'x'", "twice"]
    yield "an output twice", model([node("Relu", ["x"], ["y"])], [x], [y, y]), [], ["output 'y'", "twice"]
    yield "an output that nothing makes", model([node("Relu", ["x"], ["a"])], [x], [y]), [], ["'y'", "nothing makes it"]
    yield "shapes that do not fit", model([node("MatMul", ["x", "w"], ["y"])], [x], [y], [array("w", np.ones((5, 3), np.float32))]), [], ["the_MatMul", "inner sizes 4 and 5"]
    yield "types that do not fit", model([node("Add", ["x", "w"], ["y"])], [x], [y], [array("w", np.ones(4, np.int64))]), [], ["the_Add", "f32[2, 4]", "i64[4]"]
    yield "no broadcast", model([node("Add", ["x", "w"], ["y"])], [x], [y], [array("w", np.ones(3, np.float32))]), [], ["[2, 4]", "[3]"]
    yield "a NaN", model([node("MatMul", ["x", "w"], ["y"])], [x], [y], [array("w", np.array([[1.0], [2], [np.nan], [3]], np.float32))]), [], ["'w'", "element 2", "NaN"]
    yield "an index out of range", model([node("Gather", ["w", "i"], ["y"])], [x], [y], [array("w", np.ones((4, 3), np.float32)), array("i", np.array([1, 7]))]), [], ["the_Gather", "index 7", "[0, 4)"]
    yield "a single index out of range", model([node("Gather", ["x", "i"], ["y"])], [x], [y], [array("i", np.array(-9))]), [], ["the_Gather", "index -9"]
    yield "an axis out of range", model([node("Softmax", ["x"], ["y"], axis=5)], [x], [y]), [], ["the_Softmax", "axis 5"]
    yield "a shape of run time", model([node("Reshape", ["x", "s"], ["y"])], [x, value("s", [2], TensorProto.INT64)], [y]), [], ["the_Reshape", "shape is known only at run time"]
    yield "a shape that does not fit", model([node("Reshape", ["x", "s"], ["y"])], [x], [y], [array("s", np.array([3, 3]))]), [], ["the_Reshape", "[3, 3]"]
    yield "division by zero", model([node("Div", ["a", "b"], ["s"]), node("Reshape", ["x", "s"], ["y"])], [x], [y], [array("a", np.array([8])), array("b", np.array([0]))]), [], ["the_Div", "divided by zero"]
    yield "an open dimension", model([node("Relu", ["x"], ["y"])], [value("x", ["batch", 4])], [y]), [], ["'batch'", "--dim batch=NUMBER"]
    yield "a dimension without a name", model([node("Relu", ["x"], ["y"])], [value("x", [None, 4])], [y]), [], ["--dim x:0=NUMBER"]
    yield "a dimension that is not there", model([node("Relu", ["x"], ["y"])], [value("x", ["batch", 4])], [y]), ["--dim", "batsch=2"], ["batsch", "it has batch"]
    yield "an operator set of long ago", model([node("Relu", ["x"], ["y"])], [x], [y], opset=7), [], ["operator set 7", "9 to 23"]
    yield "an operator set of the future", model([node("Relu", ["x"], ["y"])], [x], [y], opset=99), [], ["operator set 99"]
    yield "training mode", model([node("Dropout", ["x", "r", "t"], ["y"])], [x], [y], [array("r", np.float32(0.5)), array("t", np.array(True))]), [], ["training mode", "eval"]
    yield "a condition of run time", model([node("If", ["c"], ["y"], then_branch=helper.make_graph([], "a", [], [value("x", [2, 4])]), else_branch=helper.make_graph([], "b", [], [value("x", [2, 4])]))], [x, value("c", [], TensorProto.BOOL)], [y]), [], ["the_If", "run time"]
    yield "a convolution that does not fit", model([node("Conv", ["x", "w"], ["y"])], [value("x", [1, 3, 8, 8])], [y], [array("w", np.ones((4, 2, 3, 3), np.float32))]), [], ["the_Conv", "3 channels"]
    yield "a kernel larger than the image", model([node("Conv", ["x", "w"], ["y"])], [value("x", [1, 3, 2, 2])], [y], [array("w", np.ones((4, 3, 5, 5), np.float32))]), [], ["the_Conv", "window of 5"]
    yield "no strings", model([node("Identity", ["s"], ["y"])], [value("s", [1], TensorProto.STRING)], [y]), [], ["STRING"]
    yield "too large a constant", model([node("ConstantOfShape", ["s"], ["y"])], [x], [y], [array("s", np.array([1 << 20, 1 << 20]))]), [], ["the_ConstantOfShape"]
    yield "a negative size", model([node("ConstantOfShape", ["s"], ["y"])], [x], [y], [array("s", np.array([-3]))]), [], ["negative"]
    yield "too few bytes", damaged(lambda m: m.graph.initializer[0].__setattr__("raw_data", b"1234")), [], ["'w'", "4 bytes", "48"]
    yield "a tensor twice", damaged(lambda m: m.graph.initializer.append(m.graph.initializer[0])), [], ["'w' is there twice"]
    yield "no data outside", damaged(lambda m: external(m, location="gone.bin")), [], ["'w'", "gone.bin"]
    yield "data far outside", damaged(lambda m: external(m, location="../../etc/passwd")), [], ["'w'", "not beside the model"]
    yield "data cut short", damaged(lambda m: external(m, location="short.bin", offset="40")), [], ["'w'", "short.bin", "bytes 40 to 88"]
    yield "an offset that is no number", damaged(lambda m: external(m, location="short.bin", offset="ten")), [], ["ten"]
    yield "no outputs", damaged(lambda m: m.graph.ClearField("output")), [], ["no graph with an output"]
    yield "ten missing operands", damaged(lambda m: m.graph.node[0].ClearField("input")), [], ["the_MatMul", "missing"]


def main():
    tool = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4), "little")
    checked, failed = 0, 0

    def run(path, args=()):
        try:
            return subprocess.run([tool, path, *args], capture_output=True, text=True, timeout=60, errors="replace")
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess([], -99, "", "hangs")

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "short.bin").write_bytes(bytes(50))
        path = folder / "model.onnx"
        for name, m, args, words in cases():
            checked += 1
            path.write_bytes(m.SerializeToString())
            got = run(path, args)
            missing = [w for w in words if w not in got.stderr]
            if got.returncode != 2 or missing:
                failed += 1
                print(f"FAILED {name}: exit code {got.returncode}, without {missing}:\n{got.stderr}")
        for name, data in ("text", b"not a model\n"), ("nothing", b""), ("a folder", None):
            checked += 1
            if data is not None:
                path.write_bytes(data)
            got = run(path if data is not None else folder)
            if got.returncode != 2 or not got.stderr.startswith("flow_tool: "):
                failed += 1
                print(f"FAILED {name}: exit code {got.returncode}: {got.stderr}")
        # Good models, cut short and with bytes changed: taken or refused, nothing else.
        rng = np.random.default_rng(seed)
        good = [c.model.SerializeToString() for c in make_graphs.all_cases()]
        for k in range(FLIPS):
            data = bytearray(good[rng.integers(len(good))])
            if k % 3 == 0:
                data = data[:rng.integers(len(data))]
            else:
                for _ in range(rng.integers(1, 8)):
                    data[rng.integers(len(data))] = rng.integers(256)
            checked += 1
            path.write_bytes(bytes(data))
            got = run(path)
            if got.returncode not in (0, 2):
                failed += 1
                kept = pathlib.Path(f"broken_{seed}_{k}.onnx").absolute()
                kept.write_bytes(bytes(data))
                print(f"FAILED damaged copy {k}, kept as {kept.name} (seed {seed}): exit code {got.returncode}: {got.stderr[-300:]}")
    print(f"{checked - failed} passed, {failed} failed")
    return 1 if failed or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
