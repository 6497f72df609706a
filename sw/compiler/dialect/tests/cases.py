# SPDX-License-Identifier: Apache-2.0
"""Small networks of the integer dialect with goldens from rules.py, in all the spellings: domains,
attribute forms, shapes of factors, odd sizes, inputs without elements, weights among the inputs."""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import rules as r

F = TensorProto.FLOAT


class Net:
    def __init__(self, name, opset=11, seed=1):
        self.name, self.opset = name, opset
        self.nodes, self.inits, self.inputs, self.outputs, self.given, self.want = [], [], [], [], {}, {}
        self.random = np.random.default_rng(seed)
        self.domains = set()

    def input(self, shape, low=-128, high=127, name=None, key=None):
        name = name or f"input_{len(self.inputs)}"
        v = self.random.integers(low, high + 1, shape)
        self.inputs.append(helper.make_tensor_value_info(name, F, shape))
        self.given[key or name] = v
        return name, v

    def const(self, v, dtype=np.float32):
        name = f"const_{len(self.inits)}"
        self.inits.append(numpy_helper.from_array(np.asarray(v).astype(dtype), name))
        return name

    def weights(self, shape, low=-128, high=127):
        v = self.random.integers(low, high + 1, shape)
        return self.const(v), v

    def node(self, op, inputs, domain="", **attrs):
        out = f"{op}_{len(self.nodes)}_out"
        for k, v in list(attrs.items()):
            if isinstance(v, np.ndarray):
                attrs[k] = numpy_helper.from_array(v, k)
        self.domains.add(domain)
        self.nodes.append(helper.make_node(op, inputs, [out], name=f"{op}_{len(self.nodes)}", domain=domain, **attrs))
        return out

    def requant(self, x, mul, add, div, n=256, signed=1, key="n_levels_out", domain="", tensor=True):
        number = (lambda v: np.array([v], np.float32)) if tensor else float
        return self.node("RequantShift", [x, self.const(mul), self.const(add)], domain,
                         **{"div": number(div), key: number(n), "signed": number(signed)})

    def output(self, name, v):
        self.outputs.append(helper.make_tensor_value_info(name, F, v.shape))
        self.want[name] = v

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.inits)
        sets = [helper.make_opsetid(d, self.opset if d == "" else 1) for d in sorted(self.domains | {""})]
        onnx.save(helper.make_model(graph, opset_imports=sets, ir_version=8), str(folder / "network.onnx"))
        np.savez(folder / "inputs.npz", **self.given)
        np.savez(folder / "outputs.npz", **self.want)


def factors():
    """Every shape of factors, the three domains, both names of the levels; negative factors."""
    for i, (shape, x_shape) in enumerate([([], [1, 5, 7]), ([1], [3, 8]), ([7], [2, 5, 7]), ([5, 1], [5, 9]),
                                          ([6, 1, 1], [1, 6, 3, 4]), ([1, 6, 1, 1], [2, 6, 3, 4]),
                                          ([1, 1], [4, 4]), ([6, 1, 1], [1, 6, 11]), ([6, 1], [1, 6, 11])]):
        n = Net(f"factors_{i}", seed=i)
        x, v = n.input(x_shape, -20000, 20000)
        mul = n.random.integers(-400, 400, shape)
        add = n.random.integers(-200000, 200000, shape)
        signed = i % 2
        wide = 1 << 14 if i == 3 else 1
        y = n.requant(x, mul * wide, add * wide, 65536 * wide, 256, signed, ["n_levels", "n_levels_out"][i % 2],
                      ["", "PACTOps", "ai.onnx.contrib"][i % 3], i % 2 == 0)
        m, a = np.array(mul * wide), np.array(add * wide)
        if m.size == 6:
            m, a = (z.reshape([1, 6] + [1] * (v.ndim - 2)) for z in (m, a))
        n.output(y, r.requant_shift(v, m, a, 65536 * wide, 256, bool(signed)))
        yield n


def windows():
    """1-D and 2-D, strides, pads on one side, dilations, groups, uint8 activations, several images."""
    forms = [([1, 3, 9, 8], [5, 3, 3, 2], [2, 1], [1, 0, 2, 1], [1, 1], 1),
             ([2, 6, 7, 7], [6, 1, 3, 3], [1, 1], [1, 1, 1, 1], [1, 1], 6),
             ([1, 8, 6, 6], [12, 2, 2, 2], [2, 2], [0, 0, 0, 0], [2, 2], 4),
             ([1, 16, 5, 5], [7, 16, 1, 1], [1, 1], [0, 0, 0, 0], [1, 1], 1),
             ([1, 4, 40], [8, 4, 5], [3], [2, 1], [2], 1),
             ([1, 8, 20], [8, 1, 4], [1], [3, 0], [1], 8)]
    for i, (xs, ws, stride, pads, dilation, groups) in enumerate(forms):
        n = Net(f"conv_{i}", seed=i + 20)
        x, v = n.input(xs, 0 if i % 2 else -128, 255 if i % 2 else 127)
        w, wv = n.weights(ws)
        args = dict(strides=stride, pads=pads, dilations=dilation, group=groups)
        inputs = [x, w]
        y = r.conv(v, wv, stride, pads, dilation, groups)
        if i == 0:
            b, bv = n.weights([ws[0]], -5000, 5000)
            inputs.append(b)
            y = y + bv.reshape([1, -1] + [1] * (y.ndim - 2))
        out = n.node("Conv", inputs, kernel_shape=ws[2:], **args)
        mul, add = n.random.integers(1, 300, [ws[0], 1, 1]), n.random.integers(-90000, 90000, [ws[0], 1, 1])
        z = n.requant(out, mul, add, 65536, 256, 0)
        shape = [1, -1] + [1] * (y.ndim - 2)
        zv = r.requant_shift(y, mul.reshape(shape), add.reshape(shape), 65536, 256, False)
        if y.ndim == 4 and min(y.shape[2:]) >= 3:
            p = n.node("MaxPool", [z], kernel_shape=[3, 2], strides=[1, 2], pads=[1, 0, 1, 1])
            padded = np.pad(zv, ((0, 0), (0, 0), (1, 1), (0, 1)), constant_values=-999)
            cols = (padded.shape[3] - 2) // 2 + 1
            pv = np.max([padded[:, :, a:a + zv.shape[2], b:b + 2 * cols - 1:2] for a in range(3) for b in range(2)], axis=0)
            n.output(p, pv)
        n.output(out, y)
        n.output(z, zv)
        yield n


def products():
    n = Net("gemm", opset=9, seed=40)
    x, v = n.input([13, 5])
    w, wv = n.weights([13, 6])
    c, cv = n.weights([6])
    y = n.node("Gemm", [x, w, c], alpha=2.0, beta=3.0, transA=1)
    n.output(y, 2 * (v.T @ wv) + 3 * cv)
    yield n
    n = Net("matmul_wide", seed=41)  # INT32 by INT8, K too long for one block of a small L1
    x, v = n.input([3, 1500], -3000, 3000)
    w, wv = n.weights([1500, 10], -20, 20)
    n.output(n.node("MatMul", [x, w]), v @ wv)
    yield n
    n = Net("matmul_runtime", seed=42)  # both at run time, broadcast, odd sizes, UINT8 by INT8
    a, av = n.input([2, 3, 5, 7], 0, 255)
    b, bv = n.input([3, 7, 9])
    n.output(n.node("MatMul", [a, b]), av @ bv)
    t = n.node("Transpose", [b], perm=[0, 2, 1])
    y = n.node("MatMul", [t, b])
    n.output(y, bv.transpose(0, 2, 1) @ bv)
    yield n
    n = Net("mlp_one_row", seed=43)  # nodes out of order, one row
    x, v = n.input([1, 1, 64])
    w, wv = n.weights([64, 256])
    b, bv = n.weights([256], -900, 900)
    y = n.node("MatMul", [x, w])
    s = n.node("Add", [b, y])
    q = n.requant(s, 77, 0, 65536)
    g = n.node("iGELU", [q], b=-26, one=770)
    z = n.requant(g, 9, 50, 16384)
    n.nodes.reverse()
    qv = r.requant_shift(v @ wv + bv, 77, 0, 65536)
    n.output(z, r.requant_shift(r.gelu(qv, -26, 770), 9, 50, 16384))
    yield n


def rows():
    n = Net("softmaxes", seed=50)
    x, v = n.input([2, 3, 5, 37])
    numbers = lambda **k: {a: np.array([b], np.float32) for a, b in k.items()}
    y = n.node("iSoftmax", [x], "PACTOps", **numbers(coeffA=1, coeffB=345, coeffC=62395, log2=255, n_levels=256))
    n.output(y, r.isoftmax(v, 1, 345, 62395, 255))
    y = n.node("iSoftmax", [x], **numbers(coeffA=1, coeffB=13, coeffC=86, log2=9, n_levels=256))
    n.output(y, r.isoftmax(v, 1, 13, 86, 9))
    y = n.node("iSoftmax", [x], **numbers(coeffA=3, coeffB=30000, coeffC=5, log2=20, n_levels=200))  # 64 bits
    n.output(y, r.isoftmax(v, 3, 30000, 5, 20, 200))
    n.output(n.node("ITAMax", [x], **numbers(n_levels=256)), r.ita_max(v))
    n.output(n.node("ITAPartialMax", [x], **numbers(n_levels=256, group_width=16)), r.ita_partial_max(v))
    n.output(n.node("ITAPartialMax", [x], n_levels=256), r.ita_partial_max(v))
    yield n
    n = Net("norms", seed=51)
    x, v = n.input([1, 6, 50])
    w, wv = n.weights([50], -460000, 460000)
    b, bv = n.weights([50], -75000, 75000)
    n.output(n.node("iLayerNorm", [x, w, b], D=np.array([16384.0], np.float32), n_levels=256),
             r.layernorm(v, wv, bv, 16384))
    big, gv = n.weights([50], 3000000, 4000000)
    n.output(n.node("iRMSNorm", [x, big], D=65536, n_levels=256), r.rmsnorm(v, gv, 65536))
    wide = n.requant(x, 5000, 0, 1, 1 << 24)  # operands of 24 bits: 64 bits on the way
    n.output(n.node("iLayerNorm", [wide, big, b], D=131072, n_levels=256),
             r.layernorm(r.requant_shift(v, 5000, 0, 1, 1 << 24), gv, bv, 131072))
    each, ev = n.weights([6, 50], -118, 127)
    n.output(n.node("iNoNorm", [x, each, b], D=np.array([65536.0], np.float32), mul=425, n_levels=256),
             r.nonorm(v, ev, bv, 425, 65536))
    yield n
    n = Net("means", opset=11, seed=52)
    x, v = n.input([2, 7, 6, 10])
    for axes, keep in [([1], 0), ([3], 1), ([2, 3], 0), ([0, 2], 1), ([0, 1, 2, 3], 0)]:
        n.output(n.node("ReduceMean", [x], axes=axes, keepdims=keep), np.asarray(r.mean(v, axes, bool(keep))))
        n.output(n.node("ReduceSum", [x], axes=axes, keepdims=keep), np.asarray(v.sum(axis=tuple(axes), keepdims=bool(keep))))
    n.output(n.node("ReduceMax", [x], axes=[2], keepdims=0), v.max(axis=2))
    n.output(n.node("IntegerMean", [x], axes=[1], keepdims=0), r.mean(v, [1], False))
    yield n


def others():
    n = Net("elements", seed=60)
    x, v = n.input([1, 4, 5, 6])
    y, u = n.input([4, 1, 6], 0, 200)
    n.output(n.node("iHardswish", [x], one_over_six=33, six=1530, three=765), r.hardswish(v, 33, 765, 1530))
    n.output(n.node("Add", [x, y]), v + u)
    n.output(n.node("Sub", [y, x]), u - v)
    n.output(n.node("Mul", [x, y]), v * u)
    n.output(n.node("Max", [x, y]), np.maximum(v, u))
    n.output(n.node("Relu", [x]), np.maximum(v, 0))
    n.output(n.node("Neg", [x]), -v)
    d = n.node("TrueIntegerDiv", [x], Delta=16384, eps=1, eta=200000, y=2)
    n.output(d, v * (16384 * 200000 // (2 * 200000 + 1)))
    n.output(n.node("Mul", [x, n.const(-3)]), v * -3)
    n.output(n.node("Add", [x, n.const(np.arange(4).reshape(4, 1, 1))]), v + np.arange(4).reshape(4, 1, 1))
    yield n
    n = Net("moves", opset=9, seed=61)  # attribute forms; an input without elements
    past, none = n.input([1, 4, 0, 6], name="past")
    x, v = n.input([1, 4, 5, 6], -30000, 30000)
    c = n.node("Concat", [past, x], axis=-2)
    s = n.node("Slice", [c], axes=[1, 3], starts=[1, -5], ends=[9223372036854775807, 6])
    n.output(n.node("Unsqueeze", [s], axes=[0]), v[:, 1:, :, 1:][None])
    p = n.node("Pad", [x], pads=[0, 1, 0, 2, 0, 0, 3, 0], value=-7.0)
    n.output(p, np.pad(v, ((0, 0), (1, 0), (0, 3), (2, 0)), constant_values=-7))
    t = n.node("Transpose", [x], perm=[0, 3, 1, 2])
    n.output(n.node("Reshape", [t, n.const([2, -1], np.int64)]), v.transpose(0, 3, 1, 2).reshape(2, -1))
    n.output(n.node("Gather", [x, n.const(3, np.int64)], axis=1), v[:, 3])
    k = n.requant(x, 1, 0, 256)
    n.output(n.node("Concat", [k, x], axis=1), np.concatenate([r.requant_shift(v, 1, 0, 256), v], 1))
    yield n
    n = Net("keys", seed=62)  # other names than the inputs', a weight behind them, eleven inputs
    total = 0
    names = []
    for i in range(11):
        name, v = n.input([3], 10 * i, 10 * i + 9, f"x{i}", f"arr_{i}")
        names.append(name)
        total = total + v * (1 if i == 0 else 1)
    y = names[0]
    for name in names[1:]:
        y = n.node("Add", [y, name])
    z = n.requant(y, 3, 0, 4)
    n.given["arr_11"] = np.ones((9, 9), np.float32)
    n.output(z, r.requant_shift(total, 3, 0, 4))
    yield n


def write(folder):
    names = []
    for kind in (factors, windows, products, rows, others):
        for n in kind():
            n.write(pathlib.Path(folder) / n.name)
            names.append(n.name)
    return names
