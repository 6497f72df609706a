# SPDX-License-Identifier: Apache-2.0
"""One small model for each operator that `octant ops` lists, down to integers: what the list does not
call off the cluster must run, near ONNX Runtime's result; what it does must be refused by name.

usage: operators_test.py RANDOM_ONNX_TOOL [--only REGEX] [--keep FOLDER]
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

import families

SAMPLES, RUNS = 8, 2
FLOAT, INT64, BOOL, INT32 = T.FLOAT, T.INT64, T.BOOL, T.INT32
RNG = np.random.default_rng(7)


class Case:
    """Nodes between inputs and outputs. `least` is the signal to noise expected, in dB; `host`: refused."""

    def __init__(self, name, nodes, inputs, constants=None, least=20, host=False, draw=None, outputs=("y",), opset=17):
        self.name, self.nodes, self.inputs, self.least, self.host = name, nodes, inputs, least, host
        self.constants, self.draw, self.outputs, self.opset = constants or {}, draw or {}, outputs, opset

    def model(self):
        domains = {n.domain for n in self.nodes}
        opsets = [h.make_opsetid("", self.opset)] + [h.make_opsetid(d, 1) for d in domains if d]
        graph = h.make_graph(
            self.nodes, "g", [h.make_tensor_value_info(n, t, s) for n, (t, s) in self.inputs.items()],
            [h.make_empty_tensor_value_info(o) for o in self.outputs],
            [numpy_helper.from_array(np.asarray(v), n) for n, v in self.constants.items()])
        return h.make_model(graph, opset_imports=opsets, ir_version=8 if self.opset < 21 else 10)

    def feeds(self, rng):
        made = {}
        for name, (kind, shape) in self.inputs.items():
            if name in self.draw:
                made[name] = self.draw[name](rng)
            elif kind == FLOAT:
                made[name] = rng.standard_normal(shape).astype(np.float32)
            elif kind == BOOL:
                made[name] = rng.random(shape) < 0.7
            else:
                made[name] = rng.integers(0, 4, shape).astype(np.int64 if kind == INT64 else np.int32)
        return made


class Built(Case):
    """A graph that a builder has made."""

    def __init__(self, family, **more):
        super().__init__(family.name, [], {}, outputs=family.outputs, **more)
        self.family, self.built = family, family.b.case(family.name, family.outputs).model

    def model(self):
        return self.built

    def feeds(self, rng):
        return {name: draw(rng) for name, draw in self.family.draw.items()}


def node(op, inputs, output="y", domain="", **attributes):
    return h.make_node(op, inputs.split(), output.split(), name=f"{op}_{output.split()[0]}", domain=domain, **attributes)


def weights(*shape, gain=1.0):
    return (RNG.standard_normal(shape) * gain / np.sqrt(shape[0])).astype(np.float32)


X = {"x": (FLOAT, [1, 12, 32])}
IMAGE = {"x": (FLOAT, [1, 8, 12, 12])}
TWO = {"x": (FLOAT, [1, 12, 32]), "z": (FLOAT, [1, 12, 32])}


def positive(shape):
    return lambda rng: (rng.random(shape) + 0.25).astype(np.float32)


def unary(op, draw=None, **attributes):
    """Alone, and behind a product."""
    least = 15 if op in ("Round", "Sign", "Ceil", "Floor") else 20  # steps: one side or the other
    yield Case(op, [node(op, "x", **attributes)], X, draw=draw, least=least)
    if draw is None:
        yield Case(op + "_behind_MatMul", [node("MatMul", "x w", "t"), node(op, "t", **attributes)], X,
                   {"w": weights(32, 24)}, least=least)


def binary(op, draw=None):
    return [Case(op, [node(op, "x z")], TWO, draw=draw),
            Case(op + "_constant", [node(op, "x c")], X, {"c": (RNG.random(32) + 0.5).astype(np.float32)}, draw=draw),
            Case(op + "_scalar", [node(op, "x c")], X, {"c": np.float32(1.5)}, draw=draw),
            Case(op + "_row", [node(op, "x z")], {"x": (FLOAT, [1, 12, 32]), "z": (FLOAT, [1, 1, 32])},
                 draw={"z": positive([1, 1, 32])})]


def reductions(op, least=20, **rest):
    for axes in ([1], [2], [1, 2]):
        for keep in (0, 1):
            name = f"{op}_{''.join(map(str, axes))}_{keep}"
            yield Case(name, [node(op, "x", axes=axes, keepdims=keep)], {"x": (FLOAT, [2, 12, 32])}, opset=12,
                       least=least, **rest)


def hidden_scores():
    """Masks that zero the scores first, and masks that are taken off them."""
    seen = np.tril(np.ones((16, 16), np.float32))
    c = {"w": weights(32, 32), "t": np.array([0, 2, 1]), "ones": seen[None], "low": np.float32(-10000) * (1 - seen)[None], "one": np.float32(1),
         "many": np.float32(1e6), "axes": np.array([1])}
    scores = [node("MatMul", "x w", "q"), node("Transpose", "x", "k", perm=[0, 2, 1]), node("MatMul", "q k", "s")]
    rest = [node("Softmax", "m", "p", axis=-1), node("MatMul", "p x")]
    yield Case("attention_of_zeroed_scores", scores + [node("Mul", "s ones", "z"), node("Add", "z low", "m")] + rest, {"x": (FLOAT, [1, 16, 32])}, c, least=15)
    yield Case("attention_mask_taken_off", scores + [node("Cast", "mask", "f", to=FLOAT), node("Unsqueeze", "f axes", "g"), node("Sub", "one g", "h"),
                                                     node("Mul", "h many", "i"), node("Sub", "s i", "m")] + rest,
               {"x": (FLOAT, [1, 16, 32]), "mask": (INT64, [1, 16])}, c, least=15,
               draw={"mask": lambda rng: (np.arange(16) < rng.integers(9, 17)).astype(np.int64)[None]})


def attention(mask_kind=None, mask_shape=None, add=None, softcap=None):
    """softmax(q k' / 4 + mask) v as exporters write it, one projection before it."""
    inputs = {"x": (FLOAT, [1, 16, 32])}
    c = {"wq": weights(32, 32), "wk": weights(32, 32), "wv": weights(32, 32), "heads": np.array([1, 16, 2, 16]),
         "merged": np.array([1, 16, 32]), "scale": np.float32(0.25)}
    nodes = []
    for part in "qkv":
        nodes += [node("MatMul", f"x w{part}", f"{part}0"), node("Reshape", f"{part}0 heads", f"{part}1"),
                  node("Transpose", f"{part}1", part, perm=[0, 2, 3, 1] if part == "k" else [0, 2, 1, 3])]
    nodes += [node("MatMul", "q k", "s0"), node("Mul", "s0 scale", "s1")]
    scores = "s1"
    if softcap:
        c |= {"cap": np.float32(softcap)}
        nodes += [node("Div", "s1 cap", "s2"), node("Tanh", "s2", "s3"), node("Mul", "s3 cap", "s4")]
        scores = "s4"
    draw = {}
    if mask_kind is not None:
        inputs["mask"] = (mask_kind, mask_shape)
        if mask_kind == FLOAT:
            def additive(rng):
                hidden = np.where(rng.random(mask_shape) < 0.3, np.float32(-10000 if add is None else add), np.float32(0))
                hidden[..., 0] = 0
                return hidden.astype(np.float32)
            draw["mask"] = additive
            nodes.append(node("Add", f"{scores} mask", "sm"))
        else:
            def ones(rng):
                m = rng.random(mask_shape) < 0.7
                m[..., 0] = True
                return m.astype({BOOL: bool, INT64: np.int64, INT32: np.int32}[mask_kind])
            draw["mask"] = ones
            c |= {"low": np.float32(-10000), "zero": np.float32(0), "axes": np.array([1, 2])}
            flat = "mask"
            if len(mask_shape) == 2:
                nodes.append(node("Unsqueeze", "mask axes", "mask4"))
                flat = "mask4"
            nodes += [node("Cast", flat, "mask_b", to=BOOL), node("Where", "mask_b zero low", "mask_f"),
                      node("Add", f"{scores} mask_f", "sm")]
        scores = "sm"
    nodes += [node("Softmax", scores, "p", axis=-1), node("MatMul", "p v", "o"),
              node("Transpose", "o", "o1", perm=[0, 2, 1, 3]), node("Reshape", "o1 merged")]
    return nodes, inputs, c, draw


def attentions():
    for name, arguments in {
            "plain": {}, "softcap": {"softcap": 4.0}, "mask_int64": {"mask_kind": INT64, "mask_shape": [1, 16]},
            "mask_int32": {"mask_kind": INT32, "mask_shape": [1, 16]}, "mask_bool": {"mask_kind": BOOL, "mask_shape": [1, 16]},
            "mask_bool_1_1_s_s": {"mask_kind": BOOL, "mask_shape": [1, 1, 16, 16]},
            "mask_float_1_1_1_s": {"mask_kind": FLOAT, "mask_shape": [1, 1, 1, 16]},
            "mask_float_lowest": {"mask_kind": FLOAT, "mask_shape": [1, 1, 1, 16], "add": np.finfo(np.float32).min},
            "mask_float_1_1_s_s": {"mask_kind": FLOAT, "mask_shape": [1, 1, 16, 16]}}.items():
        nodes, inputs, constants, draw = attention(**arguments)
        yield Case("attention_" + name, nodes, inputs, constants, draw=draw, least=15)


def cases():
    for op in ("Relu Sigmoid Tanh Erf Exp Sin Cos Elu Selu Softplus Softsign HardSigmoid HardSwish LeakyRelu Abs Neg "
               "Ceil Floor Round Sign").split():
        yield from unary(op)
    for op in ("Log", "Sqrt", "Reciprocal"):
        yield from unary(op, {"x": positive([1, 12, 32])})
    yield Case("Mish", [node("Mish", "x")], X, opset=18)
    yield Case("Gelu", [node("Gelu", "x")], X, opset=20)
    yield Case("PRelu", [node("PRelu", "x c")], X, {"c": np.full(32, 0.2, np.float32)})
    yield Case("PRelu_channels", [node("PRelu", "x c")], X, {"c": RNG.random(32).astype(np.float32)})
    for name, bounds in {"both": "x lo hi", "low": "x lo", "high": "x  hi"}.items():
        yield Case("Clip_" + name, [h.make_node("Clip", bounds.split(" "), ["y"], name="Clip")], X,
                   {"lo": np.float32(-0.5), "hi": np.float32(0.75)})
    for op in ("Add", "Sub", "Mul", "Min", "Max"):
        yield from binary(op)
    yield from binary("Div", {"z": positive([1, 12, 32])})
    yield Case("Pow_2", [node("Pow", "x c")], X, {"c": np.float32(2)})
    yield Case("Pow_half", [node("Pow", "x c")], X, {"c": np.float32(0.5)}, draw={"x": positive([1, 12, 32])})
    yield Case("Pow", [node("Pow", "x z")], TWO, draw={"x": positive([1, 12, 32]), "z": positive([1, 12, 32])}, host=True)
    for op in ("Sum", "Mean", "Min", "Max"):
        yield Case(op + "_three", [node(op, "x z v")], TWO | {"v": (FLOAT, [1, 12, 32])})
    for mask in (BOOL, INT64):
        to_bool = [node("Cast", "m", "b", to=BOOL)]
        yield Case(f"Where_{mask}", to_bool + [node("Where", "b x z")], TWO | {"m": (mask, [1, 12, 1])})
    yield Case("Where_computed", [node("Greater", "x z", "b"), node("Where", "b x z")], TWO, host=True)
    yield Case("Where_constant", [node("Where", "c x z")], TWO, {"c": RNG.random((1, 12, 32)) < 0.5})
    yield from [Case("MatMul", [node("MatMul", "x w")], X, {"w": weights(32, 24)}),
                Case("MatMul_two", [node("Transpose", "z", "t", perm=[0, 2, 1]), node("MatMul", "x t")], TWO),
                Case("MatMul_plain_two", [node("MatMul", "x z")], {"x": (FLOAT, [1, 12, 32]), "z": (FLOAT, [1, 32, 20])}),
                Case("MatMul_vector", [node("MatMul", "x w")], X, {"w": weights(32)}),
                Case("MatMul_odd", [node("MatMul", "x w")], {"x": (FLOAT, [1, 5, 7])}, {"w": weights(7, 3)}),
                Case("Gemm", [node("Gemm", "x w b", transB=1, alpha=0.5)], {"x": (FLOAT, [12, 32])},
                     {"w": weights(24, 32), "b": weights(24)}),
                Case("Einsum", [node("Einsum", "x w", equation="bsk,kn->bsn")], X, {"w": weights(32, 24)}),
                Case("Einsum_two", [node("Einsum", "x z", equation="bik,bjk->bij")], TWO)]
    for name, k, c in [("3x3", 3, {"pads": [1, 1, 1, 1]}), ("1x1", 1, {}), ("stride", 3, {"strides": [2, 2]}),
                       ("dilated", 3, {"dilations": [2, 2], "pads": [2, 2, 2, 2]})]:
        yield Case("Conv_" + name, [node("Conv", "x w b", **c)], IMAGE, {"w": weights(16, 8, k, k, gain=0.5), "b": weights(16)})
    yield Case("Conv_depthwise", [node("Conv", "x w", group=8, pads=[1, 1, 1, 1])], IMAGE, {"w": weights(8, 1, 3, 3)})
    yield Case("Conv_groups", [node("Conv", "x w", group=2)], IMAGE, {"w": weights(16, 4, 3, 3)})
    yield Case("Conv_1d", [node("Conv", "x w", pads=[1, 1])], {"x": (FLOAT, [1, 8, 30])}, {"w": weights(16, 8, 3)})
    yield Case("Conv_3_channels", [node("Conv", "x w", strides=[4, 4])], {"x": (FLOAT, [1, 3, 16, 16])}, {"w": weights(16, 3, 4, 4)})
    yield Case("Conv_3d_patches", [node("Conv", "x w b", strides=[2, 4, 4])], {"x": (FLOAT, [1, 3, 5, 8, 8])},
               {"w": weights(16, 3, 2, 4, 4), "b": weights(16)})
    yield Case("Conv_3d", [node("Conv", "x w")], {"x": (FLOAT, [1, 3, 5, 8, 8])}, {"w": weights(16, 3, 2, 4, 4)}, host=True)
    yield Case("Conv_1x1_of_a_pixel", [node("Conv", "x w", "t"), node("Relu", "t", "u"), node("Conv", "u v")], {"x": (FLOAT, [1, 16, 1, 1])},
               {"w": weights(4, 16, 1, 1), "v": weights(16, 4, 1, 1)}, least=15)
    yield Case("Conv_of_standard_weights", [h.make_node("BatchNormalization", ["r", "g", "b", "m", "v"], ["n", "n1", "n2"], training_mode=1),
                                            node("Reshape", "n s", "w"), node("Conv", "x w")], IMAGE,
               {"r": weights(1, 16, 72), "s": np.array([16, 8, 3, 3])} | {k: np.full(16, k in "gv", np.float32) for k in "gbmv"})
    yield Case("ConvTranspose", [node("ConvTranspose", "x w", strides=[2, 2])], IMAGE, {"w": weights(8, 4, 2, 2)}, host=True)
    norm = {"g": RNG.random(8).astype(np.float32) + 0.5, "b": weights(8), "m": weights(8), "v": RNG.random(8).astype(np.float32) + 0.5}
    yield Case("BatchNormalization", [node("BatchNormalization", "x g b m v")], IMAGE, norm)
    yield Case("BatchNormalization_behind_Conv", [node("Conv", "x w", "t"), node("BatchNormalization", "t g b m v")], IMAGE,
               norm | {"w": weights(8, 8, 3, 3)})
    yield Case("GroupNormalization", [node("GroupNormalization", "x g b", num_groups=2)], IMAGE,
               {"g": norm["g"], "b": norm["b"]}, opset=21)
    yield Case("InstanceNormalization", [node("InstanceNormalization", "x g b")], IMAGE, {"g": norm["g"], "b": norm["b"]})
    ln = {"g": RNG.random(32).astype(np.float32) + 0.5, "b": weights(32)}
    yield Case("LayerNormalization", [node("LayerNormalization", "x g b", axis=-1)], X, ln)
    yield Case("LpNormalization", [node("LpNormalization", "x", axis=-1, p=2)], X)
    for op in ("SimplifiedLayerNormalization",):
        yield Case(op, [node(op, "x g", axis=-1)], X, {"g": ln["g"]})
    for op in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"):
        yield from reductions(op)
    for op in ("ReduceL1", "ReduceL2", "ReduceSumSquare"):
        yield Case(op, [node(op, "x", axes=[2], keepdims=1)], X, opset=12)
    yield Case("ReduceProd", [node("ReduceProd", "x", axes=[2], keepdims=1)], X, opset=12, host=True)
    for op in ("MaxPool", "AveragePool"):
        yield Case(op, [node(op, "x", kernel_shape=[2, 2], strides=[2, 2])], IMAGE)
        yield Case(op + "_padded", [node(op, "x", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])], IMAGE)
    yield Case("MaxPool_1d", [node("MaxPool", "x", kernel_shape=[2], strides=[2])], {"x": (FLOAT, [1, 8, 30])})
    for op in ("GlobalAveragePool", "GlobalMaxPool"):
        yield Case(op, [node(op, "x")], IMAGE)
    for axis in (-1, 1):
        yield Case(f"Softmax_{axis}", [node("Softmax", "x", axis=axis)], X, least=15)
    yield Case("LogSoftmax", [node("LogSoftmax", "x", axis=-1)], X, host=True)
    for axis in (0, 1, 2):
        yield Case(f"Concat_{axis}", [node("Concat", "x z", axis=axis)], TWO)
        yield Case(f"Split_{axis}", [node("Split", "x s", "y w", axis=axis)], {"x": (FLOAT, [5, 15, 25])},
                   {"s": np.array([2, 3] if axis == 0 else [7, 8] if axis == 1 else [9, 16])}, outputs=("y", "w"))
    yield Case("Concat_odd", [node("Concat", "x z", axis=2)], {"x": (FLOAT, [1, 5, 3]), "z": (FLOAT, [1, 5, 6])})
    yield Case("Slice", [node("Slice", "x a b c")], X, {"a": np.array([1, 3]), "b": np.array([11, 30]), "c": np.array([1, 2])})
    yield Case("Slice_steps", [node("Slice", "x a b c s")], X,
               {"a": np.array([1, 3]), "b": np.array([11, 30]), "c": np.array([1, 2]), "s": np.array([2, 3])})
    yield Case("Slice_back", [node("Slice", "x a b c s")], X,
               {"a": np.array([11]), "b": np.array([-100]), "c": np.array([1]), "s": np.array([-1])})
    for mode in ("constant", "edge", "reflect", "wrap"):
        yield Case("Pad_" + mode, [node("Pad", "x p", mode=mode)], IMAGE, {"p": np.array([0, 0, 1, 2, 0, 0, 2, 1])},
                   opset=19)
    yield Case("Pad_1d_reflect", [node("Pad", "x p", mode="reflect")], {"x": (FLOAT, [1, 8, 30])}, {"p": np.array([0, 0, 3, 0, 0, 3])})
    yield Case("Reshape", [node("Reshape", "x s")], X, {"s": np.array([1, 24, 16])})
    yield Case("Flatten", [node("Flatten", "x", axis=1)], IMAGE)
    yield Case("Squeeze", [node("Squeeze", "x a")], X, {"a": np.array([0])})
    yield Case("Unsqueeze", [node("Unsqueeze", "x a")], X, {"a": np.array([2])})
    for perm in ([0, 2, 1], [2, 1, 0], [1, 0, 2]):
        yield Case(f"Transpose_{''.join(map(str, perm))}", [node("Transpose", "x", perm=perm)], {"x": (FLOAT, [3, 12, 32])})
    yield Case("Tile", [node("Tile", "x r")], X, {"r": np.array([1, 2, 3])})
    yield Case("Expand", [node("Expand", "x s")], {"x": (FLOAT, [1, 12, 1])}, {"s": np.array([2, 12, 16])})
    yield Case("Col2Im", [node("Col2Im", "x i b", strides=[2, 3])], {"x": (FLOAT, [1, 48, 16])}, {"i": np.array([8, 12]), "b": np.array([2, 3])}, opset=18)
    yield Case("DepthToSpace", [node("DepthToSpace", "x", blocksize=2)], IMAGE)
    for mode in ("nearest", "linear", "cubic"):
        yield Case("Resize_" + mode, [node("Resize", "x r s", mode=mode)], IMAGE,
                   {"r": np.zeros(0, np.float32), "s": np.array([1, 1, 2, 2], np.float32)})
    yield Case("Resize_by_thirds", [h.make_node("Resize", ["x", "", "", "s"], ["y"], mode="linear", coordinate_transformation_mode="align_corners")], IMAGE,
               {"s": np.array([1, 8, 21, 5])})
    yield Case("Gather_table", [node("Gather", "c i")], {"i": (INT64, [1, 6])}, {"c": weights(10, 32)},
               draw={"i": lambda rng: rng.integers(0, 10, (1, 6))})
    yield Case("Gather_row", [node("Gather", "x i", axis=1)], X, {"i": np.array(3)})
    yield Case("Gather_rows", [node("Gather", "x i", axis=1)], X, {"i": np.array([3, 7, 1])})
    yield Case("Trilu", [node("Trilu", "x")], {"x": (FLOAT, [1, 16, 16])})
    for op in ("ArgMax", "ArgMin"):
        yield Case(op, [node(op, "x", axis=-1)], X, host=True)
    yield Case("TopK", [node("TopK", "x k", "y i")], X, {"k": np.array([3])}, host=True)
    yield Case("CumSum", [node("CumSum", "x a")], X, {"a": np.array(1)}, host=True)
    yield Case("Mod", [node("Mod", "x z", fmod=1)], TWO, draw={"z": positive([1, 12, 32])}, host=True)
    for op, inputs, constants in [("BiasGelu", "x b", {"b": weights(32)}), ("FastGelu", "x", {}), ("QuickGelu", "x", {}), ("Gelu", "x", {})]:
        yield Case("ms_" + op, [node(op, inputs, domain="com.microsoft")], X, constants)
    yield Case("ms_FusedMatMul", [node("FusedMatMul", "x z", domain="com.microsoft", transB=1, alpha=0.25)], TWO)
    yield Case("ms_SkipLayerNormalization", [node("SkipLayerNormalization", "x z g b", domain="com.microsoft")], TWO, ln)
    yield Case("ms_SkipSimplifiedLayerNormalization", [node("SkipSimplifiedLayerNormalization", "x z g", domain="com.microsoft")],
               TWO, {"g": ln["g"]})
    yield Case("ms_MultiHeadAttention", [node("MultiHeadAttention", "x z v", domain="com.microsoft", num_heads=2)],
               TWO | {"v": (FLOAT, [1, 12, 32])}, least=15)
    yield from attentions()
    yield from hidden_scores()
    yield from layouts()
    for make in families.FAMILIES:
        yield Built(make())


def layouts():
    """What exporters write around images, windows and relative positions."""
    c = {"g": (RNG.random((8, 1, 1)) + 0.5).astype(np.float32), "b": weights(8, 1, 1), "two": np.float32(2), "eps": np.float32(1e-6)}
    yield Case("LayerNorm_over_channels",
               [node("ReduceMean", "x", "u", axes=[1]), node("Sub", "x u", "d"), node("Pow", "d two", "d2"),
                node("ReduceMean", "d2", "v", axes=[1]), node("Add", "v eps", "ve"), node("Sqrt", "ve", "r"),
                node("Div", "d r", "n"), node("Mul", "g n", "gn"), node("Add", "gn b")], IMAGE, c)
    yield Case("Mean_of_one_row", [node("MatMul", "x w", "t"), node("ReduceMean", "t", "u", axes=[2], keepdims=1), node("Mul", "t u")],
               {"x": (FLOAT, [1, 1, 32])}, {"w": weights(32, 24)}, least=15)
    yield Case("Max_of_lowest", [node("MatMul", "x w", "t"), node("Max", "t low", "m"), node("Softmax", "m", axis=-1)], X,
               {"w": weights(32, 24), "low": np.array(np.finfo(np.float32).min)}, least=15)
    where = np.stack(np.meshgrid(*map(np.arange, (1, 12, 32)), indexing="ij"), -1)
    yield Case("ScatterND_all", [node("MatMul", "x w", "t"), node("ScatterND", "zero at t")], X,
               {"w": weights(32, 32), "zero": np.zeros((1, 12, 32), np.float32), "at": where})
    # Windows of 4 x 4, shifted, a product in them, back, and the residual that went around them.
    c = {"shape": np.array([1, 2, 4, 2, 4, 16]), "windows": np.array([4, 16, 16]), "back": np.array([1, 2, 2, 4, 4, 16]),
         "image": np.array([1, 8, 8, 16]), "w": weights(16, 16), "a": np.array([2]), "e": np.array([99]), "z": np.array([0]), "one": np.array([1]),
         "down": np.array([6])}
    for shifted in (False, True):
        roll = [node("Slice", "x a e one", "r0"), node("Slice", "x z a one", "r1"), node("Concat", "r0 r1", "in", axis=1)]
        unroll = [node("Slice", "o down e one", "q0"), node("Slice", "o z down one", "q1"), node("Concat", "q0 q1", "out", axis=1)]
        yield Case(f"Windows_{int(shifted)}",
                   (roll if shifted else []) +
                   [node("Reshape", f"{'in' if shifted else 'x'} shape", "s"), node("Transpose", "s", "t", perm=[0, 1, 3, 2, 4, 5]),
                    node("Reshape", "t windows", "u"), node("MatMul", "u w", "v"), node("Reshape", "v back", "f"),
                    node("Transpose", "f", "h", perm=[0, 1, 3, 2, 4, 5]), node("Reshape", "h image", "o")] +
                   (unroll if shifted else []) + [node("Add", f"x {'out' if shifted else 'o'}")], {"x": (FLOAT, [1, 8, 8, 16])}, c)
    yield Case("Max_between", [node("Reshape", "x s", "a"), node("Transpose", "a", "b", perm=[0, 3, 2, 1, 4]), node("ReduceMax", "b", axes=[3], keepdims=0)],
               {"x": (FLOAT, [1, 64, 32])}, {"s": np.array([1, 16, 4, 2, 16])}, opset=12)
    rows, columns, k = 12, 9, 10
    bucket = np.clip(np.arange(columns)[None] - np.arange(rows)[:, None] + k // 2, 0, k - 1)
    yield Case("GatherElements_by_distance", [node("MatMul", "x w", "t"), node("GatherElements", "t at", axis=-1)],
               {"x": (FLOAT, [2, rows, 32])}, {"w": weights(32, k), "at": np.stack([bucket, bucket])})
    yield Case("residual_of_short_rows", [node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("MatMul", "t w", "m"),
                                          node("Transpose", "m", "b", perm=[0, 3, 1, 2]), node("Add", "b x")],
               {"x": (FLOAT, [1, 48, 2, 2])}, {"w": weights(48, 48)})
    yield Case("GatherElements_any", [node("GatherElements", "x at", axis=-1)], X,
               {"at": RNG.integers(0, 32, (1, 12, 9))}, host=True)


def write(case, folder):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    model = case.model()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(5)
    arrays = {}
    for i in range(SAMPLES):
        arrays |= {f"sample{i}:{k}": v for k, v in case.feeds(rng).items()}
    for i in range(RUNS):
        feeds = case.feeds(rng)
        arrays |= {f"in{i}:{k}": v for k, v in feeds.items()}
        arrays |= {f"want{i}:{k}": v for k, v in zip(case.outputs, session.run(list(case.outputs), feeds))}
    # Shapes of outputs as ONNX Runtime knows them.
    for out, info in zip(model.graph.output, session.get_outputs()):
        kind = {"tensor(float)": FLOAT, "tensor(int64)": INT64, "tensor(bool)": BOOL}[info.type]
        out.CopyFrom(h.make_tensor_value_info(out.name, kind, info.shape))
    onnx.save(model, folder / f"{case.name}.onnx")
    np.savez(folder / f"{case.name}.npz", **arrays)


def judge(args, folder, chosen):
    """Verdicts by name; a model that ends the tool is left out the next time."""
    verdicts, command = {}, [args.tool, str(folder)]
    if args.schedule:
        command += ["--schedule-every", "1", "--host-every", "5"]
    while True:
        for name in chosen:
            if name in verdicts:
                (folder / f"{name}.onnx").unlink(missing_ok=True)
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        for line in result.stdout.splitlines():
            name, _, words = line.partition(": ")
            if name in chosen:
                verdicts[name] = words if words != "start" else f"crashed, exit code {result.returncode}"
        if result.returncode == 0:
            return verdicts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--only", default=".")
    parser.add_argument("--keep", type=pathlib.Path, help="models stay here")
    parser.add_argument("--no-schedule", dest="schedule", action="store_false")
    args = parser.parse_args()
    chosen = {c.name: c for c in cases() if re.search(args.only, c.name)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for case in chosen.values():
            try:
                write(case, folder)
            except Exception as error:  # the test is wrong then
                sys.exit(f"{case.name}: {error}")
        verdicts = judge(args, folder, chosen)
    bad = 0
    for name, case in chosen.items():
        words = verdicts.get(name, "nothing")
        kind = words.split()[0]
        good = kind == "refused" if case.host else kind in ("ok", "noisy") and float(words.split()[1]) >= case.least
        bad += not good
        if (not good or args.only != "."):
            print(f"{name}: {words}{'' if not case.host else ' (host)'}")
    print(f"{len(chosen)} models, {bad} not as they should be")
    sys.exit(bad != 0 or not chosen)


if __name__ == "__main__":
    main()
