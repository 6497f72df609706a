# SPDX-License-Identifier: Apache-2.0
"""Small networks of our own, quantised by ONNX Runtime, and some written out by hand."""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

DIM, HEADS, ROWS = 32, 2, 16


class Reader(CalibrationDataReader):
    def __init__(self, feeds):
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


class Net:
    """Collects nodes and initialisers."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.init, self.count = [], [], 0

    def weight(self, *shape, scale=None, offset=0.0):
        name = f"w{len(self.init)}"
        spread = scale if scale is not None else 1 / np.sqrt(shape[0])
        value = (self.rng.standard_normal(shape) * spread + offset).astype(np.float32)
        self.init.append(numpy_helper.from_array(value, name))
        return name

    def ints(self, *values):
        name = f"i{len(self.init)}"
        self.init.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def __call__(self, op, *inputs, **attrs):
        self.count += 1
        out = f"{op.lower()}{self.count}"
        self.nodes.append(helper.make_node(op, list(inputs), [out], name=f"node_{out}", **attrs))
        return out

    def model(self, x, shape, y, out_shape, opset):
        return self.of({x: (TensorProto.FLOAT, shape)}, y, out_shape, opset)

    def of(self, inputs, y, out_shape, opset):
        assert self.nodes[-1].output[0] == y
        graph = helper.make_graph(
            self.nodes, "net", [helper.make_tensor_value_info(x, t, s) for x, (t, s) in inputs.items()],
            [helper.make_tensor_value_info(y, TensorProto.FLOAT, out_shape)], self.init)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model


def mlp(opset):
    """Products, biases, ReLU, a sum."""
    n = Net(1)
    h = n("Relu", n("Add", n("MatMul", "x", n.weight(DIM, 64)), n.weight(64, scale=0.3)))
    y = n("Add", n("Add", n("MatMul", h, n.weight(64, DIM)), n.weight(DIM, scale=0.3)), "x")
    return n.model("x", [ROWS, DIM], y, [ROWS, DIM], opset)


def gemm(opset):
    """Gemm both ways, sigmoid, a gate."""
    n = Net(2)
    a = n("Gemm", "x", n.weight(48, DIM), n.weight(48, scale=0.2), transB=1)
    b = n("Gemm", "x", n.weight(DIM, 48), n.weight(48, scale=0.2))
    y = n("Gemm", n("Mul", n("Sigmoid", a), b), n.weight(48, DIM), n.weight(DIM, scale=0.2))
    return n.model("x", [ROWS, DIM], y, [ROWS, DIM], opset)


def linear(n, v, rows, columns):
    return n("Add", n("MatMul", v, n.weight(rows, columns)), n.weight(columns, scale=0.2, offset=0.1))


def norm(n, v):
    return n("LayerNormalization", v, n.weight(DIM, scale=0.2, offset=1), n.weight(DIM, scale=0.1), epsilon=1e-5)


def number(n, value):
    return n.weight(1, scale=0, offset=value)


def gelu(n, v, form):
    """As PyTorch's exporters write it, or as the tanh form, or x sigmoid(1.7 x)."""
    if form == "erf":
        erf = n("Add", n("Erf", n("Div", v, number(n, np.sqrt(2)))), number(n, 1))
        return n("Mul", n("Mul", v, erf), number(n, 0.5))
    if form == "tanh":
        cube = n("Mul", n("Pow", v, number(n, 3)), number(n, 0.044715))
        inner = n("Tanh", n("Mul", n("Add", v, cube), number(n, np.sqrt(2 / np.pi))))
        return n("Mul", n("Mul", v, number(n, 0.5)), n("Add", inner, number(n, 1)))
    return n("Mul", v, n("Sigmoid", n("Mul", v, number(n, 1.702))))


def layer(n, x, rows, form="erf", mask=None):
    """Norm, heads, softmax, the activation between two products; sums around."""
    d = DIM // HEADS

    def heads(v):
        return n("Transpose", n("Reshape", v, n.ints(1, rows, HEADS, d)), perm=[0, 2, 1, 3])

    h = norm(n, x)
    q, k, v = (heads(linear(n, h, DIM, DIM)) for _ in range(3))
    logits = n("MatMul", q, n("Transpose", k, perm=[0, 1, 3, 2]))
    logits = n("Mul", logits, number(n, 1 / np.sqrt(d)))
    p = n("Softmax", logits if mask is None else n("Add", logits, mask), axis=-1)
    o = n("Reshape", n("Transpose", n("MatMul", p, v), perm=[0, 2, 1, 3]), n.ints(1, rows, DIM))
    r = n("Add", linear(n, o, DIM, DIM), x)
    u = gelu(n, linear(n, norm(n, r), DIM, 64), form)
    return n("Add", linear(n, u, 64, DIM), r)


def block(opset, form="erf"):
    n = Net(3)
    y = layer(n, "x", ROWS, form)
    return n.model("x", [1, ROWS, DIM], y, [1, ROWS, DIM], opset)


def tanh_block(opset):
    return block(opset, "tanh")


def quick_block(opset):
    return block(opset, "quick")


def bert(opset, masked=-3.4028234663852886e38):
    """Ids, a token mask that is added to the scores, a residual stream with norms."""
    n = Net(4)
    n.init.append(numpy_helper.from_array(np.arange(ROWS, dtype=np.int64).reshape(1, ROWS), "positions"))
    v = n("Add", n("Gather", n.weight(50, DIM, scale=1), "ids"), n("Gather", n.weight(ROWS, DIM, scale=1), "positions"))
    seen = n("Cast", n("Unsqueeze", "mask", n.ints(1, 2)), to=TensorProto.FLOAT)
    added = n("Mul", n("Sub", number(n, 1), seen), number(n, masked))
    for _ in range(2):
        v = layer(n, v, ROWS, mask=added)
    inputs = {x: (TensorProto.INT64, [1, ROWS]) for x in ("ids", "mask")}
    return n.of(inputs, norm(n, v), [1, ROWS, DIM], opset)


def vit(opset):
    """Patches, a class token, positions, a block, a head."""
    n = Net(5)
    patches = n("Conv", "x", n.weight(DIM, 3, 4, 4, scale=0.2), n.weight(DIM, scale=0.1), strides=[4, 4], kernel_shape=[4, 4])
    rows = n("Transpose", n("Reshape", patches, n.ints(1, DIM, ROWS)), perm=[0, 2, 1])
    v = n("Add", n("Concat", n.weight(1, 1, DIM, scale=1), rows, axis=1), n.weight(1, ROWS + 1, DIM, scale=0.3))
    v = norm(n, layer(n, v, ROWS + 1, "tanh"))
    y = n("Gemm", n("Reshape", n("Slice", v, n.ints(0), n.ints(1), n.ints(1)), n.ints(1, DIM)), n.weight(DIM, 16), n.weight(16, scale=0.2))
    return n.model("x", [1, 3, 16, 16], y, [1, 16], opset)


def cnn(opset):
    """Convolutions with strides, groups and borders, ReLU and Clip, pools, a sum, a head."""
    n = Net(6)

    def conv(v, i, o, k=3, group=1, stride=1):
        return n("Conv", v, n.weight(o, i // group, k, k, scale=1.4 / np.sqrt(i // group * k * k)), n.weight(o, scale=0.2),
                 kernel_shape=[k, k], pads=[k // 2] * 4, strides=[stride, stride], group=group)

    v = n("MaxPool", n("Relu", conv("x", 3, 16)), kernel_shape=[2, 2], strides=[2, 2])
    v = n("Add", n("Relu", conv(n("Relu", conv(v, 16, 16)), 16, 16)), v)
    v = n("Clip", conv(v, 16, 32, k=1), number0(n, 0), number0(n, 6))
    v = n("Clip", conv(v, 32, 32, group=32, stride=2), number0(n, 0), number0(n, 6))
    v = n("Mul", v, n("Sigmoid", conv(v, 32, 32, k=1)))
    v = n("MaxPool", v, kernel_shape=[2, 2], strides=[2, 2])
    y = n("Gemm", n("Flatten", v), n.weight(128, 10), n.weight(10, scale=0.2))
    return n.model("x", [1, 3, 16, 16], y, [1, 10], opset)


def number0(n, value):
    n.init.append(numpy_helper.from_array(np.array(value, np.float32), f"n{len(n.init)}"))
    return n.init[-1].name


# name: maker, operator set, format, options of quantize_static
U8, S8 = QuantType.QUInt8, QuantType.QInt8
CASES = {
    "mlp_qdq": (mlp, 13, "qdq", {}),
    "mlp_qdq_u8": (mlp, 13, "qdq", {"activation_type": U8}),
    "mlp_qdq_u8u8": (mlp, 17, "qdq", {"activation_type": U8, "weight_type": U8}),
    "mlp_qdq_channel": (mlp, 19, "qdq", {"per_channel": True}),
    "mlp_qop": (mlp, 13, "qop", {}),
    "mlp_qop_u8": (mlp, 11, "qop", {"activation_type": U8}),
    "gemm_qdq": (gemm, 13, "qdq", {}),
    "gemm_qop": (gemm, 13, "qop", {"activation_type": U8}),
    "block_qdq": (block, 17, "qdq", {}),
    "block_qdq_u8": (block, 17, "qdq", {"activation_type": U8}),
    "block_qdq_tanh": (tanh_block, 17, "qdq", {}),
    "block_qdq_quick": (quick_block, 17, "qdq", {"activation_type": U8, "reduce_range": True}),
    "block_qdq_symmetric": (block, 17, "qdq", {"extra_options": {"ActivationSymmetric": True}}),
    "block_qdq_products": (block, 17, "qdq", {"op_types_to_quantize": ["MatMul"]}),
    "block_qop": (block, 17, "qop", {}),
    "bert_qdq": (bert, 17, "qdq", {}),
    "bert_qdq_u8": (bert, 17, "qdq", {"activation_type": U8, "per_channel": True}),
    "vit_qdq": (vit, 17, "qdq", {}),
    "vit_qdq_channel": (vit, 17, "qdq", {"activation_type": U8, "per_channel": True}),
    "cnn_qdq": (cnn, 17, "qdq", {}),
    "cnn_qdq_channel": (cnn, 13, "qdq", {"activation_type": U8, "per_channel": True}),
    "cnn_qop": (cnn, 13, "qop", {"activation_type": U8}),
}


def by_hand(x_type, scale, zero):
    """x -> quantised with these numbers -> floats -> y."""
    n = Net(8)
    n.init.append(numpy_helper.from_array(np.asarray(scale, np.float32), "scale"))
    n.init.append(numpy_helper.from_array(np.asarray(zero, x_type), "zero"))
    axis = {"axis": 1} if np.ndim(scale) else {}
    floats = n("DequantizeLinear", n("QuantizeLinear", "x", "scale", "zero", **axis), "scale", "zero", **axis)
    y = n("MatMul", floats, n.weight(8, 8))
    return n.model("x", [4, 8], y, [4, 8], 21)


# name: model, what the message must have in it
REFUSED = {
    "activations per channel": (lambda: by_hand(np.int8, [0.1] * 8, [0] * 8), "scale is 8 numbers"),
    "activations of 16 bits": (lambda: by_hand(np.int16, 0.001, 0), "16 bits"),
    "a scale of 0": (lambda: by_hand(np.int8, 0.0, 0), "its scale is 0"),
}


def feeds(model, count, seed):
    """A token mask (`mask`) leaves off some of the last keys; other integers are ids."""
    rng = np.random.default_rng(seed)

    def draw(info):
        shape = [d.dim_value for d in info.type.tensor_type.shape.dim]
        if info.name == "mask":
            return (np.arange(shape[1])[None] < rng.integers(shape[1] // 2, shape[1] + 1)).astype(np.int64)
        if info.type.tensor_type.elem_type == TensorProto.INT64:
            return rng.integers(0, 50, shape)
        return (rng.standard_normal(shape) + 0.3).astype(np.float32)

    return [{i.name: draw(i) for i in model.graph.input} for _ in range(count)]


def write(case, folder):
    """The quantised model of a case; returns its path."""
    maker, opset, form, options = CASES[case]
    model = maker(opset)
    folder = pathlib.Path(folder)
    source, path = folder / f"{case}.float.onnx", folder / f"{case}.onnx"
    onnx.save(model, source)
    quantize_static(source, path, Reader(feeds(model, 16, 7)),
                    quant_format=QuantFormat.QDQ if form == "qdq" else QuantFormat.QOperator, **options)
    return path
