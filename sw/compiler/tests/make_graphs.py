# SPDX-License-Identifier: Apache-2.0
"""Small ONNX graphs for the flow's tests: operators one by one, and the spellings of exporters.

Each is a Case: a model, inputs to run it on, and how many of which canonical operators must come
out of the passes. All numbers follow from the seed.
"""
import dataclasses

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "bool": TensorProto.BOOL,
         "int32": TensorProto.INT32, "uint8": TensorProto.UINT8, "int8": TensorProto.INT8}


@dataclasses.dataclass
class Case:
    name: str
    model: onnx.ModelProto
    feeds: dict
    expect: dict = dataclasses.field(default_factory=dict)
    raw: bool = True            # run the graph as imported, too
    tolerance: float = 2e-5     # of the largest element


class Builder:
    """Nodes are added by calling methods of their operators' names."""

    def __init__(self, seed=1, opset=17):
        self.rng = np.random.default_rng(seed)
        self.opset = opset
        self.nodes, self.inits, self.inputs, self.feeds = [], [], [], {}
        self.count = 0
        self.functions = []

    def ms(self, op, *inputs, **attrs):
        """One of ONNX Runtime's own operators."""
        return self.node(op, *inputs, domain="com.microsoft", **attrs)

    def input(self, name, array):
        self.feeds[name] = array
        self.inputs.append(helper.make_tensor_value_info(name, TYPES[str(array.dtype)], array.shape))
        return name

    def normal(self, name, *shape):
        return self.input(name, self.rng.standard_normal(shape, dtype=np.float32))

    def ids(self, name, high, *shape):
        return self.input(name, self.rng.integers(0, high, shape, dtype=np.int64))

    def const(self, array, typed=False):
        self.count += 1
        name = f"c{self.count}"
        array = np.asarray(array)
        if typed:  # elements in the typed field, as some exporters store them
            self.inits.append(helper.make_tensor(name, TYPES[str(array.dtype)], array.shape,
                                                 array.flatten().tolist()))
        else:
            self.inits.append(numpy_helper.from_array(array, name))
        return name

    def f(self, value):
        return self.const(np.float32(value))

    def i(self, *values):
        return self.const(np.array(values, np.int64))

    def weight(self, *shape, scale=None):
        array = self.rng.standard_normal(shape, dtype=np.float32)
        return self.const(array * np.float32(scale or shape[0] ** -0.5))

    def node(self, op, *inputs, outputs=1, **attrs):
        self.count += 1
        names = [f"{op}_{self.count}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"n{self.count}_{op}", **attrs))
        return names[0] if outputs == 1 else names

    def __getattr__(self, op):
        if not op[0].isupper():
            raise AttributeError(op)
        return lambda *inputs, **attrs: self.node(op, *inputs, **attrs)

    def case(self, name, outputs, expect=None, **more):
        if isinstance(outputs, str):
            outputs = [outputs]
        infos = [onnx.ValueInfoProto(name=o) for o in outputs]
        graph = helper.make_graph(self.nodes, name, self.inputs, infos, self.inits)
        domains = sorted({n.domain for n in self.nodes if n.domain})
        sets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(d, 1) for d in domains)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=10, functions=self.functions)
        model = onnx.shape_inference.infer_shapes(model)
        # What inference does not know, ONNX Runtime finds out; a type it always needs.
        for o in model.graph.output:
            if not o.type.HasField("tensor_type") or o.type.tensor_type.elem_type == 0:
                o.type.tensor_type.elem_type = TensorProto.FLOAT
        return Case(name, model, self.feeds, expect or {}, **more)


def operators():
    """Every operator that can run on its own, in small odd shapes."""
    unary = "Relu Sigmoid Tanh Erf Exp Neg Abs Sign Floor Ceil Round Sin Cos Softplus Softsign HardSwish Mish LeakyRelu Elu Selu HardSigmoid Softmax LogSoftmax"
    for op in unary.split():
        b = Builder(opset=18)
        yield b.case(op, b.node(op, b.normal("x", 2, 3, 5)))
    for op in ("Sqrt", "Log", "Reciprocal"):
        b = Builder()
        yield b.case(op, b.node(op, b.Add(b.Abs(b.normal("x", 7)), b.f(0.1))))
    for op in "Add Sub Mul Div Min Max".split():
        b = Builder()
        yield b.case(op, b.node(op, b.normal("x", 2, 1, 5), b.normal("y", 3, 1)))
    for op in "Equal Less LessOrEqual Greater GreaterOrEqual".split():
        b = Builder()
        x, y = b.ids("x", 4, 3, 5), b.ids("y", 4, 5)
        yield b.case(op, b.Cast(b.node(op, x, y), to=1))
    for op in "And Or Xor".split():
        b = Builder()
        x, y = b.Cast(b.ids("x", 2, 3, 5), to=9), b.Cast(b.ids("y", 2, 5), to=9)
        yield b.case(op, b.Cast(b.Not(b.node(op, x, y)), to=1))
    for exponent in (2.0, 3.0, 0.5, -0.5, -1.0):
        b = Builder()
        yield b.case(f"Pow {exponent}", b.Pow(b.Add(b.Abs(b.normal("x", 6)), b.f(0.5)), b.f(exponent)))
    b = Builder()
    yield b.case("Mod", b.Cast(b.Mod(b.input("x", np.array([-7, 7, -1, 5], np.int64)), b.i(3, -3, 4, 5)), to=1))
    b = Builder(opset=18)
    x = b.normal("x", 2, 3, 4, 5)
    yield b.case("Reduce", [b.ReduceMean(x, b.i(-1)), b.ReduceSum(x, b.i(1, 2), keepdims=0), b.ReduceMax(x, b.i(0)),
                            b.ReduceMin(x), b.ReduceL2(x, b.i(2)), b.ReduceProd(x, b.i(3))])
    b = Builder(opset=13)
    x = b.normal("x", 2, 3, 4)
    yield b.case("Reduce with attributes", [b.ReduceMean(x, axes=[-1]), b.ReduceMax(x, axes=[0, 2], keepdims=0)])
    b = Builder()
    x = b.normal("x", 3, 4, 5)
    yield b.case("Arg", [b.Cast(b.ArgMax(x, axis=1), to=1), b.Cast(b.ArgMin(x, axis=-1, keepdims=0), to=1)])
    for opset in (9, 12, 13):
        b = Builder(opset=opset)
        yield b.case(f"Softmax over axis 1, opset {opset}", b.Softmax(b.normal("x", 2, 3, 4), axis=1))
    b = Builder()
    x = b.normal("x", 4, 6, 5)
    big = np.iinfo(np.int64).max
    yield b.case("Slice", [b.Slice(x, b.i(1), b.i(3)), b.Slice(x, b.i(-2, 0), b.i(big, -1), b.i(1, 2)),
                           b.Slice(x, b.i(5), b.i(-big - 1), b.i(1), b.i(-2)), b.Slice(x, b.i(10), b.i(2), b.i(0), b.i(-1))])
    b = Builder(opset=9)
    yield b.case("Slice with attributes", b.Slice(b.normal("x", 4, 6), starts=[1, -3], ends=[4, 100], axes=[0, 1]))
    b = Builder()
    x = b.normal("x", 2, 7, 3)
    yield b.case("Split", b.Split(x, b.i(2, 4, 1), outputs=3, axis=1))
    b = Builder(opset=18)
    yield b.case("Split evenly", b.Split(b.normal("x", 7, 2), outputs=3, num_outputs=3))
    b = Builder()
    x, y = b.normal("x", 2, 3), b.normal("y", 2, 2)
    yield b.case("Concat", b.Concat(x, y, b.const(np.zeros((2, 0), np.float32)), axis=-1))
    b = Builder()
    x = b.normal("x", 2, 3, 4)
    yield b.case("Shapes", [b.Reshape(x, b.i(0, -1)), b.Flatten(x, axis=2), b.Unsqueeze(x, b.i(0, -1)),
                            b.Squeeze(b.Reshape(x, b.i(1, 6, 1, 4)), b.i(0)), b.Transpose(x), b.Transpose(x, perm=[1, 2, 0])])
    b = Builder(opset=11)
    x = b.normal("x", 2, 3)
    yield b.case("Shapes with attributes", [b.Unsqueeze(x, axes=[1]), b.Squeeze(b.Unsqueeze(x, axes=[0]), axes=[0])])
    b = Builder()
    x = b.normal("x", 2, 1, 3)
    shape = b.Concat(b.Slice(b.Shape(x), b.i(0), b.i(1)), b.i(4), b.i(3), axis=0)
    yield b.case("Expand and Tile", [b.Expand(x, shape), b.Tile(x, b.i(1, 3, 2))])
    for mode in ("constant", "edge", "reflect"):
        b = Builder()
        yield b.case(f"Pad {mode}", b.Pad(b.normal("x", 3, 4), b.i(1, 2, 0, 1), b.f(0.5), mode=mode))
    b = Builder()
    x, ids = b.normal("x", 5, 4), b.ids("ids", 5, 2, 3)
    yield b.case("Gather", [b.Gather(x, ids), b.Gather(x, b.i(-1), axis=1), b.Gather(x, b.i(2, 0), axis=1)])
    b = Builder()
    x = b.normal("x", 3, 4, 5)
    nd = b.const(np.array([[[0, 1]], [[2, 3]]], np.int64))
    yield b.case("GatherND", [b.GatherND(x, nd), b.GatherElements(x, b.const(np.array([[[0] * 5] * 2] * 3, np.int64)), axis=1)])
    b = Builder()
    x = b.normal("x", 4, 3)
    yield b.case("Scatter", [b.ScatterND(x, b.const(np.array([[1], [3]], np.int64)), b.normal("u", 2, 3)),
                             b.ScatterElements(x, b.const(np.array([[0, 2, 1]], np.int64)), b.normal("v", 1, 3), axis=0)])
    b = Builder()
    m = b.ids("m", 2, 2, 6)
    yield b.case("CumSum", [b.Cast(b.CumSum(m, b.i(1)), to=1), b.Cast(b.CumSum(m, b.i(1), exclusive=1, reverse=1), to=1)])
    b = Builder()
    x = b.normal("x", 4, 4)
    yield b.case("Trilu", [b.Trilu(x, upper=0), b.Trilu(x, b.const(np.array(1, np.int64)))])
    b = Builder()
    values, indices = b.TopK(b.normal("x", 3, 7), b.i(3), outputs=2)
    yield b.case("TopK", [values, b.Cast(indices, to=1)])
    b = Builder()
    yield b.case("OneHot", b.OneHot(b.ids("x", 4, 3), b.i(4), b.const(np.array([0, 1], np.float32)), axis=-1))
    b = Builder()
    yield b.case("Where", b.Where(b.Cast(b.ids("c", 2, 3, 1), to=9), b.normal("x", 1, 4), b.f(2)))
    for alpha, beta, ta, tb in ((1, 1, 0, 1), (2, 3, 1, 0), (0.5, 1, 0, 0)):
        b = Builder()
        x = b.normal("x", 6 if ta else 4, 4 if ta else 6)
        w = b.weight(5, 6) if tb else b.weight(6, 5)
        yield b.case(f"Gemm {alpha} {beta}", b.Gemm(x, w, b.weight(5), alpha=float(alpha), beta=float(beta), transA=ta, transB=tb),
                     {"Linear": 1})
    b = Builder()
    yield b.case("MatMul", [b.MatMul(b.normal("x", 2, 1, 3, 4), b.normal("y", 5, 4, 2)), b.MatMul(b.normal("v", 4), b.normal("w", 4, 3))])
    b = Builder()
    yield b.case("Einsum", [b.Einsum(b.normal("x", 2, 3, 4), b.normal("y", 2, 5, 4), equation="bij,bkj->bik")])
    b = Builder()
    x, y = b.normal("x", 2, 3, 4, 5), b.normal("y", 2, 6, 4, 5)
    yield b.case("Einsum, equations", [b.Einsum(x, y, equation="bihd,bjhd->bhij"), b.Einsum(x, equation="abcd->dba"), b.Einsum(x, y, equation="b i h d, b j h d -> h"),
                                       b.Einsum(b.normal("u", 4), b.normal("v", 3), equation="i,j")])
    b = Builder()
    yield b.case("Einsum with weights", b.Einsum(b.normal("x", 2, 3, 8), b.weight(8, 2, 5), equation="bsd,dhe->bshe"), {"Linear": 1, "MatMul": 0})
    for name, shape, kernel, more in (
            ("patches", (1, 3, 8, 8), (6, 3, 4, 4), dict(strides=[4, 4])), ("1-D", (2, 4, 9), (6, 4, 3), dict(pads=[1, 1], strides=[2])),
            ("grouped", (1, 4, 6, 5), (4, 1, 3, 3), dict(group=4, pads=[1, 1, 1, 1])), ("dilated", (1, 2, 9, 9), (3, 2, 3, 3), dict(dilations=[2, 2])),
            ("same", (1, 2, 7, 7), (3, 2, 3, 3), dict(auto_pad="SAME_UPPER", strides=[2, 2]))):
        b = Builder()
        yield b.case(f"Conv {name}", b.Conv(b.normal("x", *shape), b.weight(*kernel), b.weight(kernel[0]), **more), {"Conv": 1})
    b = Builder()
    yield b.case("ConvTranspose", b.ConvTranspose(b.normal("x", 1, 4, 5, 5), b.weight(4, 3, 2, 2), strides=[2, 2]))
    b = Builder()
    x = b.normal("x", 1, 2, 7, 7)
    yield b.case("Pools", [b.MaxPool(x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]), b.AveragePool(x, kernel_shape=[2, 2], ceil_mode=1, strides=[2, 2]),
                           b.AveragePool(x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1), b.GlobalAveragePool(x)])
    b = Builder()
    x = b.normal("x", 2, 4, 5)
    yield b.case("BatchNormalization", b.BatchNormalization(x, b.weight(4), b.weight(4), b.weight(4), b.const(np.abs(b.rng.standard_normal(4, dtype=np.float32)) + 0.5)))
    b = Builder(opset=21)
    x = b.normal("x", 2, 4, 5)
    yield b.case("Group and instance norm", [b.GroupNormalization(x, b.weight(4), b.weight(4), num_groups=2), b.InstanceNormalization(x, b.weight(4), b.weight(4))])
    b = Builder()
    yield b.case("LpNormalization", b.LpNormalization(b.normal("x", 3, 5), axis=1), {"RmsNorm": 1, "L2Norm": 0})
    for mode, coordinates in (("nearest", "asymmetric"), ("linear", "half_pixel"), ("linear", "align_corners"), ("cubic", "half_pixel"), ("cubic", "pytorch_half_pixel")):
        b = Builder()
        yield b.case(f"Resize {mode} {coordinates}", b.Resize(b.normal("x", 1, 2, 4, 4), "", "", b.i(1, 2, 7, 6), mode=mode, coordinate_transformation_mode=coordinates, cubic_coeff_a=-0.75, nearest_mode="floor"))
    b = Builder()
    x = b.normal("x", 3, 4)
    q = b.QuantizeLinear(x, b.const(np.float32([0.02, 0.03, 0.04, 0.05])), b.const(np.int8([0, 1, 2, 3])), axis=1)
    yield b.case("QDQ by channel", b.DequantizeLinear(q, b.const(np.float32([0.02, 0.03, 0.04, 0.05])), b.const(np.int8([0, 1, 2, 3])), axis=1), tolerance=1e-3)
    b = Builder()
    q, s, z = b.DynamicQuantizeLinear(b.normal("x", 3, 8), outputs=3)
    y = b.MatMulInteger(q, b.const(b.rng.integers(-9, 9, (8, 5), dtype=np.int8)), z)
    yield b.case("Dynamic", b.Mul(b.Cast(y, to=1), s), tolerance=1e-2)
    b = Builder(opset=20)
    x = b.normal("x", 3, 4)
    yield b.case("Gelu", [b.Gelu(x), b.Gelu(x, approximate="tanh")], {"Gelu": 2})
    b = Builder()
    yield b.case("typed fields", b.Add(b.normal("x", 3), b.const(np.float32([1, 2, 3]), typed=True)))
    b = Builder()
    x = b.normal("x", 2, 3)
    condition = b.Equal(b.Gather(b.Shape(x), b.const(np.array(0, np.int64))), b.const(np.array(2, np.int64)))
    branch = lambda op: helper.make_graph([helper.make_node(op, [x], [op + "_out"])], op, [], [helper.make_tensor_value_info(op + "_out", 1, [2, 3])])
    yield b.case("If", b.If(condition, then_branch=branch("Relu"), else_branch=branch("Neg")), {"Relu": 1})


def layer_norm(b, x, n, spelling, affine=True):
    g, s = b.weight(n, scale=1), b.weight(n, scale=1)
    if spelling == "operator":
        return b.LayerNormalization(x, g, s, epsilon=1e-6)
    axes = dict(axes=[-1])
    d = b.Sub(x, b.ReduceMean(x, **axes))
    square = b.Mul(d, d) if spelling == "product" else b.Pow(d, b.f(2))
    root = b.Sqrt(b.Add(b.ReduceMean(square, **axes), b.f(1e-6)))
    y = b.Mul(d, b.Reciprocal(root)) if spelling == "product" else b.Div(d, root)
    return b.Add(b.Mul(g, y), s) if affine else y


def rms_norm(b, x, n, spelling):
    mean = b.ReduceMean(b.Pow(x, b.f(2)), axes=[-1], keepdims=1)
    root = b.Sqrt(b.Add(mean, b.f(1e-5)))
    if spelling == "power":
        y = b.Mul(x, b.Pow(b.Add(mean, b.f(1e-5)), b.f(-0.5)))
    else:
        y = b.Mul(x, {"one over": lambda: b.Div(b.f(1), root), "reciprocal": lambda: b.Reciprocal(root)}[spelling]()) \
            if spelling != "quotient" else b.Div(x, root)
    return b.Mul(b.weight(n, scale=1), y)


def functions():
    gelus = {
        "x*(erf+1)*0.5": lambda b, x: b.Mul(b.Mul(x, b.Add(b.Erf(b.Div(x, b.f(2 ** 0.5))), b.f(1))), b.f(0.5)),
        "x*(0.5*(1+erf))": lambda b, x: b.Mul(x, b.Mul(b.f(0.5), b.Add(b.f(1), b.Erf(b.Mul(x, b.f(2 ** -0.5)))))),
        "(0.5*x)*(1+erf)": lambda b, x: b.Mul(b.Mul(b.f(0.5), x), b.Add(b.Erf(b.Div(x, b.f(2 ** 0.5))), b.f(1))),
        "tanh": lambda b, x: b.Mul(b.Mul(x, b.f(0.5)), b.Add(b.Tanh(b.Mul(b.Add(x, b.Mul(b.Pow(x, b.f(3)), b.f(0.044715))), b.f((2 / np.pi) ** 0.5))), b.f(1))),
        "tanh, factored": lambda b, x: b.Mul(b.Mul(b.f(0.5), x), b.Add(b.f(1), b.Tanh(b.Mul(b.Mul(x, b.f((2 / np.pi) ** 0.5)), b.Add(b.f(1), b.Mul(b.f(0.044715), b.Mul(x, x))))))),
    }
    for name, spell in gelus.items():
        b = Builder()
        x = b.MatMul(b.normal("x", 3, 8), b.weight(8, 16))
        yield b.case("GELU " + name, spell(b, x), {"Gelu": 1, "Linear": 1, "Mul": 0})
    for name, spell, op in (
            ("SiLU", lambda b, x: b.Mul(x, b.Sigmoid(x)), "Silu"), ("quick GELU", lambda b, x: b.Mul(x, b.Sigmoid(b.Mul(b.f(1.702), x))), "Silu"),
            ("SiLU by exp", lambda b, x: b.Div(x, b.Add(b.f(1), b.Exp(b.Neg(x)))), "Silu"), ("Sigmoid", lambda b, x: b.Reciprocal(b.Add(b.Exp(b.Neg(x)), b.f(1))), "Sigmoid"),
            ("ReLU by Max", lambda b, x: b.Max(x, b.f(0)), "Relu"), ("ReLU by Clip", lambda b, x: b.Clip(x, b.f(0)), "Relu"),
            ("Mish", lambda b, x: b.Mul(x, b.Tanh(b.Softplus(x))), "Mish"), ("hard swish", lambda b, x: b.Div(b.Mul(x, b.Clip(b.Add(x, b.f(3)), b.f(0), b.f(6))), b.f(6)), "HardSwish")):
        b = Builder()
        yield b.case(name, spell(b, b.MatMul(b.normal("x", 3, 8), b.weight(8, 16))), {op: 1, "Mul": 0, "Div": 0})
    for spelling in ("quotient", "product", "operator"):
        b = Builder()
        yield b.case(f"LayerNorm, {spelling}", layer_norm(b, b.normal("x", 2, 5, 16), 16, spelling), {"LayerNorm": 1, "Mul": 0, "Add": 0})
    for spelling in ("one over", "reciprocal", "quotient", "power"):
        b = Builder()
        yield b.case(f"RMSNorm, {spelling}", rms_norm(b, b.normal("x", 2, 5, 16), 16, spelling), {"RmsNorm": 1, "Mul": 0})
    b = Builder()
    x = b.normal("x", 2, 5, 16)
    yield b.case("NoNorm", b.Add(b.Mul(b.Relu(x), b.weight(16)), b.weight(16)), {"Affine": 1, "Mul": 0, "Add": 0})
    b = Builder()
    x = b.normal("x", 2, 5, 16)
    y = b.Mul(b.Add(b.MatMul(x, b.weight(16, 8)), b.weight(8)), b.weight(8))
    yield b.case("layer scale", b.Add(y, b.normal("r", 2, 5, 8)), {"Linear": 1, "Mul": 0, "Add": 1})
    b = Builder()
    q = b.const(b.rng.integers(-127, 127, (16, 8), dtype=np.int8))
    scale = b.const(np.abs(b.rng.standard_normal((1, 8), dtype=np.float32)) * 0.01)
    yield b.case("INT8 weights", b.MatMul(b.normal("x", 2, 5, 16), b.Mul(b.Cast(q, to=1), scale)), {"Linear": 1, "Dequantize": 1})
    b = Builder()
    q = b.const(b.rng.integers(-127, 127, (8, 16), dtype=np.int8))
    scale = b.const(np.abs(b.rng.standard_normal(8, dtype=np.float32)) * 0.01)
    w = b.DequantizeLinear(q, scale, axis=0)
    yield b.case("INT8 weights, transposed", b.Gemm(b.normal("x", 5, 16), w, b.weight(8), transB=1), {"Linear": 1, "Dequantize": 1, "Rearrange": 0})
    b = Builder()
    rows = b.const(b.rng.integers(-127, 127, (20, 8), dtype=np.int8))
    scale = b.const(np.abs(b.rng.standard_normal((20, 1), dtype=np.float32)) * 0.01)
    ids = b.ids("ids", 20, 1, 6)
    y = b.Mul(b.Cast(b.Gather(rows, ids), to=1), b.Gather(scale, ids))
    yield b.case("INT8 rows with their scale", y, {"Embedding": 1, "Dequantize": 1})


def heads(b, x, n, h, bias=True, transpose=(0, 2, 1, 3), w=None):
    s, d = 6, n // h
    y = b.MatMul(x, b.weight(n, n) if w is None else w)
    y = b.Add(b.weight(n), y) if bias else y
    return b.Transpose(b.Reshape(y, b.i(1, s, h, d)), perm=list(transpose))


def scaled_scores(b, x, n, h, spelling):
    d = n // h
    root = d ** -0.5
    if spelling == "after":
        return b.Mul(b.MatMul(heads(b, x, n, h), heads(b, x, n, h, transpose=(0, 2, 3, 1))), b.f(root))
    if spelling == "division":
        k = b.Transpose(heads(b, x, n, h), perm=[0, 1, 3, 2])
        return b.Div(b.MatMul(heads(b, x, n, h), k), b.f(d ** 0.5))
    if spelling == "on q":
        q = b.Mul(b.Add(b.MatMul(x, b.weight(n, n)), b.weight(n)), b.f(root))
        q = b.Transpose(b.Reshape(q, b.i(1, 6, h, d)), perm=[0, 2, 1, 3])
        return b.MatMul(q, heads(b, x, n, h, transpose=(0, 2, 3, 1)))
    if spelling == "batched":  # heads as batch, three dimensions
        q = b.Reshape(heads(b, x, n, h), b.i(h, 6, d))
        k = b.Transpose(b.Reshape(heads(b, x, n, h), b.i(h, 6, d)), perm=[0, 2, 1])
        return b.Reshape(b.Mul(b.MatMul(q, k), b.f(root)), b.i(1, h, 6, 6))
    quarter = b.f(d ** -0.25)  # both sides, as torch's scaled_dot_product_attention
    k = b.Reshape(heads(b, x, n, h), b.i(h, 6, d))
    k = b.Reshape(b.Transpose(k, perm=[0, 2, 1]), b.i(1, h, d, 6))
    return b.MatMul(b.Mul(heads(b, x, n, h), quarter), b.Mul(k, quarter))


def merged(b, y, n):
    return b.MatMul(b.Reshape(b.Transpose(y, perm=[0, 2, 1, 3]), b.i(1, 6, n)), b.weight(n, n))


def masks(b, scores):
    """Spellings of masks on scores [1, h, 6, 6]; the mask's input is fed with one key missing."""
    causal = np.tril(np.ones((6, 6), bool))
    keys = lambda: b.input("attention_mask", np.array([[1, 1, 1, 1, 1, 0]], np.int64))
    low = np.finfo(np.float32).min
    yield "none", lambda: scores(), 0
    yield "bert", lambda: b.Add(scores(), b.Mul(b.Sub(b.f(1), b.Cast(b.Unsqueeze(keys(), b.i(1, 2)), to=1)), b.f(-10000))), 1
    yield "where", lambda: b.Where(b.Cast(b.Unsqueeze(keys(), b.i(1, 2)), to=9), scores(), b.f(low)), 1
    yield "inverted", lambda: b.Where(b.Equal(b.Unsqueeze(keys(), b.i(1, 2)), b.i(0)), b.f(-1e9), scores()), 1
    yield "causal constant", lambda: b.Add(scores(), b.const(np.where(causal, 0, low).astype(np.float32)[None, None])), 0
    yield "causal where", lambda: b.Where(b.const(causal[None, None]), scores(), b.f(low)), 0
    yield "causal trilu", lambda: b.Add(scores(), b.Trilu(b.Expand(b.f(-np.inf), b.i(6, 6)), b.const(np.array(1, np.int64)))), 0
    yield "both", lambda: b.Add(scores(), b.Where(b.And(b.const(causal[None, None]), b.Cast(b.Unsqueeze(keys(), b.i(1, 2)), to=9)), b.f(0), b.f(low))), 1
    window = causal & ~np.tril(np.ones((6, 6), bool), -3)
    yield "window", lambda: b.Add(scores(), b.const(np.where(window, 0, low).astype(np.float32)[None, None])), 0
    yield "bias", lambda: b.Add(scores(), b.weight(1, 4, 6, 6, scale=1)), 0


def attentions():
    n, h = 32, 4
    for spelling in ("after", "division", "on q", "batched", "both"):
        b = Builder()
        x = b.normal("x", 1, 6, n)
        p = b.Softmax(scaled_scores(b, x, n, h, spelling), axis=-1)
        yield b.case(f"attention, scale {spelling}", merged(b, b.MatMul(p, heads(b, x, n, h)), n),
                     {"Attention": 1, "Softmax": 0, "MatMul": 0, "Linear": 4, "Rearrange": 4, "Mul": 0})
    for k in range(10):
        b = Builder()
        x = b.normal("x", 1, 6, n)
        name, spell, _ = list(masks(b, lambda: scaled_scores(b, x, n, h, "after")))[k]
        p = b.Softmax(spell(), axis=-1)
        yield b.case(f"attention, mask {name}", merged(b, b.MatMul(p, heads(b, x, n, h)), n),
                     {"Attention": 1, "Softmax": 0, "Where": 0, "Add": 0})
    b = Builder()  # windows of an image, Swin's spelling: four windows, masks for each
    x = b.normal("x", 4, 6, n)
    q, k, v = (b.Transpose(b.Reshape(b.MatMul(x, b.weight(n, n)), b.i(4, 6, h, n // h)), perm=[0, 2, 1, 3]) for _ in range(3))
    s = b.Add(b.Mul(b.MatMul(q, b.Transpose(k, perm=[0, 1, 3, 2])), b.f((n // h) ** -0.5)), b.weight(1, h, 6, 6, scale=1))
    m = np.where(b.rng.random((1, 4, 1, 6, 6)) < 0.8, 0, -100).astype(np.float32)
    s = b.Reshape(b.Add(b.Reshape(s, b.i(1, 4, h, 6, 6)), b.const(m)), b.i(4, h, 6, 6))
    y = b.Reshape(b.Transpose(b.MatMul(b.Softmax(s, axis=-1), v), perm=[0, 2, 1, 3]), b.i(4, 6, n))
    yield b.case("attention in windows", b.MatMul(y, b.weight(n, n)), {"Attention": 1, "Softmax": 0})
    b = Builder()  # a guard against rows without a key
    x = b.normal("x", 1, 6, n)
    m = b.input("attention_mask", np.array([[1, 1, 1, 1, 1, 0]], np.int64))
    s = b.Add(scaled_scores(b, x, n, h, "both"), b.Where(b.Cast(b.Unsqueeze(m, b.i(1, 2)), to=9), b.f(0), b.f(-np.inf)))
    p = b.Softmax(s, axis=-1)
    p = b.Where(b.IsNaN(p), b.f(0), p)
    yield b.case("attention, guarded", merged(b, b.MatMul(p, heads(b, x, n, h)), n), {"Attention": 1, "IsNan": 0})
    for layout in ("split", "heads first", "head by head"):
        b = Builder()
        x = b.normal("x", 1, 6, n)
        packed = b.Add(b.MatMul(x, b.weight(n, 3 * n)), b.weight(3 * n))
        if layout == "split":
            parts = [b.Transpose(b.Reshape(v, b.i(1, 6, h, n // h)), perm=[0, 2, 1, 3]) for v in b.Split(packed, b.i(n, n, n), outputs=3, axis=2)]
        elif layout == "heads first":  # timm
            y = b.Transpose(b.Reshape(packed, b.i(1, 6, 3, h, n // h)), perm=[2, 0, 3, 1, 4])
            parts = [b.Gather(y, b.const(np.array(k, np.int64)), axis=0) for k in range(3)]
        else:  # GPT-NeoX
            y = b.Transpose(b.Reshape(packed, b.i(1, 6, h, 3 * n // h)), perm=[0, 2, 1, 3])
            parts = b.Split(y, b.i(n // h, n // h, n // h), outputs=3, axis=3)
        q, k, v = parts
        s = b.Mul(b.MatMul(q, b.Transpose(k, perm=[0, 1, 3, 2])), b.f((n // h) ** -0.5))
        yield b.case(f"packed projections, {layout}", merged(b, b.MatMul(b.Softmax(s, axis=-1), v), n),
                     {"Attention": 1, "Linear": 4, "Slice": 0, "Rearrange": 4})
    b = Builder()  # two query heads share one key head
    x = b.normal("x", 1, 6, n)
    kv = [heads(b, x, n, 2, w=b.weight(n, 16)) if False else
          b.Transpose(b.Reshape(b.MatMul(x, b.weight(n, 16)), b.i(1, 6, 2, 8)), perm=[0, 2, 1, 3]) for _ in range(2)]
    kv = [b.Reshape(b.Expand(b.Unsqueeze(v, b.i(2)), b.i(1, 2, 2, 6, 8)), b.i(1, 4, 6, 8)) for v in kv]
    s = b.Mul(b.MatMul(heads(b, x, n, h), b.Transpose(kv[0], perm=[0, 1, 3, 2])), b.f(8 ** -0.5))
    yield b.case("grouped heads", merged(b, b.MatMul(b.Softmax(s, axis=-1), kv[1]), n), {"Attention": 1, "Expand": 0})


def rotary_tables(b, d, source):
    inverse = (10000.0 ** (-np.arange(0, d, 2) / d)).astype(np.float32)
    if source == "constant":
        angles = np.arange(6, dtype=np.float32)[:, None] * inverse
        angles = np.concatenate([angles, angles], -1)
        return b.const(np.cos(angles)[None, None]), b.const(np.sin(angles)[None, None])
    p = b.input("position_ids", np.array([[3, 4, 5, 9, 10, 11]], np.int64))
    angles = b.Mul(b.Cast(b.Unsqueeze(p, b.i(2)), to=1), b.const(inverse))
    both = b.Concat(angles, angles, axis=-1)
    return b.Unsqueeze(b.Cos(both), b.i(1)), b.Unsqueeze(b.Sin(both), b.i(1))


def rotaries():
    n, h, d = 32, 4, 8
    big = np.iinfo(np.int64).max
    for source in ("constant", "positions"):
        b = Builder()
        x = heads(b, b.normal("x", 1, 6, n), n, h)
        cos, sin = rotary_tables(b, d, source)
        half = b.Concat(b.Neg(b.Slice(x, b.i(4), b.i(big), b.i(3))), b.Slice(x, b.i(0), b.i(4), b.i(3)), axis=-1)
        yield b.case(f"rotary, {source}", b.Add(b.Mul(x, cos), b.Mul(half, sin)), {"Rotary": 1, "Concat": 0, "Cos": 0})
    b = Builder()  # only the first half of each head turns
    x = heads(b, b.normal("x", 1, 6, n), n, h)
    turned, rest = b.Split(x, b.i(4, 4), outputs=2, axis=3)
    cos, sin = rotary_tables(b, 4, "constant")
    half = b.Concat(b.Neg(b.Slice(turned, b.i(2), b.i(big), b.i(3))), b.Slice(turned, b.i(0), b.i(2), b.i(3)), axis=-1)
    y = b.Concat(b.Add(b.Mul(turned, cos), b.Mul(half, sin)), rest, axis=-1)
    yield b.case("rotary, partial", y, {"Rotary": 1, "Concat": 0, "Slice": 0})
    for form in ("halves", "interleaved"):
        b = Builder()
        x = heads(b, b.normal("x", 1, 6, n), n, h)
        angles = np.arange(6, dtype=np.float32)[:, None] * (10000.0 ** (-np.arange(4) / 4)).astype(np.float32)
        cos, sin = b.const(np.cos(angles)), b.const(np.sin(angles))
        if form == "halves":
            x1, x2 = b.Split(x, b.i(4, 4), outputs=2, axis=3)
        else:
            x1 = b.Slice(x, b.i(0), b.i(big), b.i(3), b.i(2))
            x2 = b.Slice(x, b.i(1), b.i(big), b.i(3), b.i(2))
        low, high = b.Sub(b.Mul(x1, cos), b.Mul(x2, sin)), b.Add(b.Mul(x1, sin), b.Mul(x2, cos))
        if form == "halves":
            y = b.Concat(low, high, axis=-1)
        else:
            y = b.Reshape(b.Concat(b.Unsqueeze(low, b.i(-1)), b.Unsqueeze(high, b.i(-1)), axis=-1), b.i(1, h, 6, d))
        yield b.case(f"rotary, {form}", y, {"Rotary": 1, "Concat": 0, "Slice": 0})


def caches():
    n, h, d = 32, 4, 8
    b = Builder()
    x = b.normal("x", 1, 6, n)
    new = [heads(b, x, n, h) for _ in range(3)]
    k = b.Concat(b.normal("past_key", 1, h, 5, d), new[1], axis=-2)
    v = b.Concat(b.normal("past_value", 1, h, 5, d), new[2], axis=2)
    mask = np.where(np.arange(11)[None, :] <= np.arange(6)[:, None] + 5, 0, -np.inf).astype(np.float32)
    s = b.Add(b.Mul(b.MatMul(new[0], b.Transpose(k, perm=[0, 1, 3, 2])), b.f(d ** -0.5)), b.const(mask))
    yield b.case("cache", [merged(b, b.MatMul(b.Softmax(s, axis=-1), v), n), k, v], {"KvAppend": 2, "Attention": 1})


def fused():
    """Operators that are whole patterns: ONNX 23 and ONNX Runtime's."""
    n, h, d = 32, 4, 8
    causal = np.tril(np.ones((6, 6), bool))
    for name, more, mask in (("", {}, None), ("causal", dict(is_causal=1), None), ("mask", {}, causal), ("scale", dict(scale=0.5), None), ("softcap", dict(softcap=2.0), None)):
        b = Builder(opset=23)
        q, k, v = (b.normal(x, 1, 6, n) for x in "qkv")
        inputs = [q, k, v] + ([b.const(mask)] if mask is not None else [])
        # Capped scores are products and a softmax on the workers.
        form = {"Attention": 0, "Tanh": 1, "Softmax": 1} if name == "softcap" else {"Attention": 1, "Where": 0}
        yield b.case(f"Attention-23 {name}", b.Attention(*inputs, q_num_heads=h, kv_num_heads=h, **more), form)
    b = Builder(opset=23)
    q, k, v = b.normal("q", 1, h, 6, d), b.normal("k", 1, 2, 6, d), b.normal("v", 1, 2, 6, d)
    y, pk, pv = b.Attention(q, k, v, "", b.normal("past_k", 1, 2, 5, d), b.normal("past_v", 1, 2, 5, d), outputs=3)
    yield b.case("Attention-23 grouped, with a past", [y, pk, pv], {"Attention": 1, "KvAppend": 2})
    b = Builder(opset=23)
    yield b.case("RMSNormalization", b.RMSNormalization(b.normal("x", 2, 5, 16), b.weight(16), epsilon=1e-6), {"RmsNorm": 1})
    angles = np.arange(12, dtype=np.float32)[:, None] * (10000.0 ** (-np.arange(4) / 4)).astype(np.float32)
    for interleaved in (0, 1):
        b = Builder(opset=23)
        p = b.input("position_ids", np.array([[3, 4, 5, 9, 10, 11]], np.int64))
        x = b.normal("x", 1, h, 6, d)
        yield b.case(f"RotaryEmbedding {interleaved}", b.RotaryEmbedding(x, b.const(np.cos(angles)), b.const(np.sin(angles)), p, interleaved=interleaved), {"Rotary": 1})
    b = Builder()
    p = b.input("position_ids", np.array([[3, 4, 5, 9, 10, 11]], np.int64))
    y = b.ms("RotaryEmbedding", b.normal("x", 1, h, 6, d), p, b.const(np.cos(angles)), b.const(np.sin(angles)))
    yield b.case("com.microsoft RotaryEmbedding", y, {"Rotary": 1})
    b = Builder()
    x = b.normal("x", 1, 6, n)
    q, k, v = (b.MatMul(x, b.weight(n, n)) for _ in range(3))
    keys = b.input("mask", np.array([[1, 1, 1, 1, 1, 0]], np.int32))
    yield b.case("MultiHeadAttention", b.ms("MultiHeadAttention", q, k, v, b.weight(3 * n), keys, num_heads=h), {"Attention": 1})
    b = Builder()
    keys = b.input("mask", np.array([[1, 1, 1, 1, 1, 0]], np.int32))
    y = b.ms("Attention", b.normal("x", 1, 6, n), b.weight(n, 3 * n), b.weight(3 * n), keys, num_heads=h)
    yield b.case("com.microsoft Attention", y, {"Attention": 1, "Linear": 3})
    b = Builder()
    x, skip = b.normal("x", 1, 6, n), b.normal("skip", 1, 6, n)
    y = b.ms("SkipLayerNormalization", x, skip, b.weight(n), b.weight(n), b.weight(n), epsilon=1e-5)
    z = b.ms("SkipSimplifiedLayerNormalization", x, skip, b.weight(n), epsilon=1e-5)
    yield b.case("skip norms", [y, z], {"LayerNorm": 1, "RmsNorm": 1})
    b = Builder()
    x = b.MatMul(b.normal("x", 3, 8), b.weight(8, 16))
    yield b.case("com.microsoft activations", [b.ms("Gelu", x), b.ms("FastGelu", x, b.weight(16)), b.ms("QuickGelu", x, alpha=1.702), b.ms("BiasGelu", x, b.weight(16))], {"Gelu": 3, "Silu": 1})
    b = Builder()
    yield b.case("FusedMatMul", b.ms("FusedMatMul", b.normal("x", 2, 3, 4), b.normal("y", 2, 5, 4), transB=1, alpha=0.5))
    b = Builder()
    ids, kinds = b.ids("ids", 20, 2, 6), b.input("kinds", np.int32(b.rng.integers(0, 2, (2, 6))))
    keep = b.input("mask", np.array([[1] * 6, [1, 1, 1, 1, 0, 0]], np.int32))
    b.nodes.append(helper.make_node("Cast", [ids], ["ids32"], to=TensorProto.INT32))
    tables = [b.weight(20, n, scale=1), b.weight(9, n, scale=1), b.weight(2, n, scale=1), b.weight(n), b.weight(n)]
    y, length = b.ms("EmbedLayerNormalization", "ids32", kinds, *tables, keep, epsilon=1e-5, outputs=2)
    z = b.ms("Attention", y, b.weight(n, 3 * n), b.weight(3 * n), length, num_heads=h)
    yield b.case("EmbedLayerNormalization", [y, z], {"LayerNorm": 1, "Attention": 1})
    for bits, zeros in ((4, False), (4, True), (8, False)):
        b = Builder()
        k, block = 40, 16
        blocks = -(-k // block)
        packed = b.const(b.rng.integers(0, 256, (n, blocks, block * bits // 8)).astype(np.uint8))
        scales = b.const((b.rng.random(n * blocks) * 0.02 + 0.01).astype(np.float32))
        more = [b.const(b.rng.integers(0, 256, n * -(-blocks * bits // 8)).astype(np.uint8))] if zeros else []
        yield b.case(f"MatMulNBits {bits} {zeros}", b.ms("MatMulNBits", b.normal("x", 1, 5, k), packed, scales, *more, K=k, N=n, bits=bits, block_size=block),
                     {"Linear": 1}, tolerance=1e-4)
    b = Builder()
    x, w = b.normal("x", 1, 5, 8), b.const(b.rng.integers(-63, 64, (8, n)).astype(np.int8))  # sums of two fit INT16 in ONNX Runtime
    y = b.ms("DynamicQuantizeMatMul", x, w, b.f(0.01), b.const(np.int8(0)), b.weight(n))
    yield b.case("DynamicQuantizeMatMul", y, {"Linear": 1}, tolerance=0.03)
    b = Builder()
    yield b.case("FusedGemm", b.ms("FusedGemm", b.normal("x", 5, 8), b.weight(n, 8), b.weight(n), transB=1, activation="Relu"), {"Linear": 1, "Relu": 1})
    turns = np.arange(12, dtype=np.float32)[:, None] * (10000.0 ** (-np.arange(8) / 8)).astype(np.float32)
    for past in (0, 5):
        for rotary in (0, 1):
            b = Builder()
            rows = 6 if past == 0 else 1
            q, k, v = b.normal("q", 1, rows, h * 2 * d), b.normal("k", 1, rows, 2 * 2 * d), b.normal("v", 1, rows, 2 * 2 * d)
            cache = [b.normal("past_k", 1, 2, past, 2 * d), b.normal("past_v", 1, 2, past, 2 * d)]
            length, total = b.input("seqlens_k", np.int32([[past + rows - 1]]).reshape(1)), b.const(np.int32(past + rows))
            tables = [b.const(f(turns).astype(np.float32)) for f in (np.cos, np.sin)] if rotary else []
            outs = b.ms("GroupQueryAttention", q, k, v, *cache, length, total, *tables, num_heads=h, kv_num_heads=2, do_rotary=rotary, outputs=3)
            yield b.case(f"GroupQueryAttention {past} {rotary}", outs, {"Attention": 1, "Rotary": 2 * rotary})
    b = Builder()  # a function of the model's own
    body = [helper.make_node("Mul", ["a", "a"], ["square"]), helper.make_node("Add", ["square", "b"], ["sum"]), helper.make_node("LeakyRelu", ["sum"], ["out"])]
    body[2].attribute.append(onnx.AttributeProto(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope"))
    b.functions = [helper.make_function("ours", "SquareAdd", ["a", "b"], ["out"], body, [helper.make_opsetid("", 17)], ["slope"])]
    y = b.node("SquareAdd", b.normal("x", 3, 4), b.normal("y", 4), domain="ours", slope=0.25)
    yield b.case("function", y, {"LeakyRelu": 1})


def quantised():
    """QOperator form: within a step or two of the output's scale."""
    def q(b, values, kind):
        return b.const(np.asarray(values, kind))

    b = Builder()
    x = b.QuantizeLinear(b.normal("x", 3, 8), b.f(0.03), q(b, 120, np.uint8))
    w = q(b, b.rng.integers(-100, 100, (8, 5)), np.int8)
    y = b.QLinearMatMul(x, b.f(0.03), q(b, 120, np.uint8), w, b.const(np.float32([0.01] * 5)), q(b, [0] * 5, np.int8), b.f(0.1), q(b, 128, np.uint8))
    yield b.case("QLinearMatMul", b.DequantizeLinear(y, b.f(0.1), q(b, 128, np.uint8)), tolerance=0.03)
    b = Builder()
    x = b.QuantizeLinear(b.normal("x", 1, 3, 6, 6), b.f(0.03), q(b, 120, np.uint8))
    w = q(b, b.rng.integers(-100, 100, (4, 3, 3, 3)), np.int8)
    bias = q(b, b.rng.integers(-900, 900, 4), np.int32)
    y = b.QLinearConv(x, b.f(0.03), q(b, 120, np.uint8), w, b.const(np.float32([0.01, 0.02, 0.01, 0.03])), q(b, [0] * 4, np.int8), b.f(0.1), q(b, 128, np.uint8), bias, pads=[1, 1, 1, 1])
    yield b.case("QLinearConv", b.DequantizeLinear(y, b.f(0.1), q(b, 128, np.uint8)), tolerance=0.03)
    b = Builder()
    x = b.QuantizeLinear(b.normal("x", 3, 8), b.f(0.03), q(b, 120, np.uint8))
    y = b.QuantizeLinear(b.normal("y", 3, 8), b.f(0.04), q(b, 100, np.uint8))
    args = [x, b.f(0.03), q(b, 120, np.uint8), y, b.f(0.04), q(b, 100, np.uint8), b.f(0.05), q(b, 110, np.uint8)]
    back = lambda v: b.DequantizeLinear(v, b.f(0.05), q(b, 110, np.uint8))
    yield b.case("QLinearAdd, QLinearMul", [back(b.ms("QLinearAdd", *args)), back(b.ms("QLinearMul", *args))], tolerance=0.03)


def at_run_time():
    """quantize_dynamic: within the steps that ONNX Runtime takes from each input and this flow does not."""
    n, h = 32, 4
    for kind in ("ConvInteger", "MatMulIntegerToFloat", "QAttention"):
        b = Builder()
        w = lambda *shape: b.const(b.rng.integers(-60, 61, shape).astype(np.int8))  # sums of two fit INT16 in ONNX Runtime
        x = b.normal("x", 1, 3, 12, 12) if kind == "ConvInteger" else b.normal("x", 1, 6, n)
        q, scale, zero = b.DynamicQuantizeLinear(x, outputs=3)
        numbers = [b.f(0.004), "", zero, b.const(np.int8(0))]
        if kind == "ConvInteger":
            y = b.Mul(b.Cast(b.ConvInteger(q, w(n, 3, 4, 4), zero, numbers[3], strides=[4, 4]), to=1), b.Mul(scale, numbers[0]))
            form = {"Conv": 1, "ConvInteger": 0}
        elif kind == "QAttention":
            y, form = b.ms(kind, q, w(n, 3 * n), b.weight(3 * n), scale, *numbers, num_heads=h), {"Attention": 1, "Linear": 3}
        else:
            y, form = b.ms(kind, q, w(n, n), scale, numbers[0], *numbers[2:], b.weight(n)), {"Linear": 1}
        yield b.case(kind, y, form, tolerance=0.03, raw=False)
    b = Builder()
    w = lambda *shape: b.const(b.rng.integers(0, 256, shape).astype(np.uint8))
    tables = [w(20, n), w(9, n), w(2, n), w(n), w(n)]
    scales, zeros = [b.f(0.01 + 0.002 * i) for i in range(5)], [b.const(np.uint8(120 + i)) for i in range(5)]
    ids = b.input("ids", np.int32(b.rng.integers(0, 20, (2, 6))))
    y, _ = b.ms("QEmbedLayerNormalization", ids, b.input("kinds", np.int32(b.rng.integers(0, 2, (2, 6)))), *tables, "", *scales, *zeros, outputs=2)
    yield b.case("QEmbedLayerNormalization", y, {"LayerNorm": 1, "Embedding": 2})


def all_cases():
    for make in (operators, functions, attentions, rotaries, caches, fused, quantised, at_run_time):
        yield from make()
