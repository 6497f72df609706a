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
        last = self.nodes[-1]
        assert last.output[0] == y
        graph = helper.make_graph(
            self.nodes, "net", [helper.make_tensor_value_info(x, TensorProto.FLOAT, shape)],
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


def block(opset):
    """An attention block: norm, heads, softmax, GELU."""
    n = Net(3)
    d = DIM // HEADS

    def linear(v, rows, columns):
        return n("Add", n("MatMul", v, n.weight(rows, columns)), n.weight(columns, scale=0.2, offset=0.1))

    def norm(v):
        return n("LayerNormalization", v, n.weight(DIM, scale=0.2, offset=1), n.weight(DIM, scale=0.1), epsilon=1e-5)

    def heads(v):
        return n("Transpose", n("Reshape", v, n.ints(1, ROWS, HEADS, d)), perm=[0, 2, 1, 3])

    h = norm("x")
    q, k, v = (heads(linear(h, DIM, DIM)) for _ in range(3))
    logits = n("MatMul", q, n("Transpose", k, perm=[0, 1, 3, 2]))
    p = n("Softmax", n("Mul", logits, n.weight(1, scale=0, offset=1 / np.sqrt(d))), axis=-1)
    o = n("Reshape", n("Transpose", n("MatMul", p, v), perm=[0, 2, 1, 3]), n.ints(1, ROWS, DIM))
    r = n("Add", linear(o, DIM, DIM), "x")
    u = linear(norm(r), DIM, 64)
    erf = n("Add", n("Erf", n("Div", u, n.weight(1, scale=0, offset=np.sqrt(2)))), n.weight(1, scale=0, offset=1))
    gelu = n("Mul", n("Mul", u, erf), n.weight(1, scale=0, offset=0.5))
    y = n("Add", linear(gelu, 64, DIM), r)
    return n.model("x", [1, ROWS, DIM], y, [1, ROWS, DIM], opset)


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
    "block_qop": (block, 17, "qop", {}),
}


def feeds(model, count, seed):
    rng = np.random.default_rng(seed)
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    return [{"x": (rng.standard_normal(shape) + 0.3).astype(np.float32)} for _ in range(count)]


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
