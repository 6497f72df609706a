# SPDX-License-Identifier: Apache-2.0
"""The older exporter's spelling (TorchScript, opset 14): a Constant node before each use, values
named after the module (`/m/layer.0/fc1/MatMul_output_0`), norms taken apart."""
import math
from collections import Counter

import numpy as np
from onnx import numpy_helper

from .writer import Writer


class Older(Writer):
    opset, ir_version = 14, 7

    def __init__(self, seed):
        super().__init__(seed)
        self._names, self._numbers = Counter(), 500

    def _next(self, text):
        count = self._names[text]
        self._names[text] += 1
        return f"{text}_{count}" if count else text

    def _number(self):
        self._numbers += 1
        return self._numbers

    def op(self, op, inputs, scope, **attributes):
        """A node of the module `scope`, such as layers.0.fc1."""
        name = self._next("/" + scope.replace("layer.", "layer#").replace("layers.", "layers#")
                          .replace(".", "/").replace("#", ".") + f"/{op}")
        return self._append(op, inputs, f"{name}_output_0", name, attributes)

    def const(self, value, scope, dtype=np.float32):
        return self.op("Constant", [], scope,
                       value=numpy_helper.from_array(np.array(value, dtype=dtype)))

    def ints(self, scope, *values):
        return self.const(values, scope, np.int64)

    def unsqueeze(self, x, scope):
        """A scalar becomes a vector; this constant belongs to no module."""
        axes = self._append("Constant", [], f"onnx::Unsqueeze_{self._number()}",
                            f"Constant_{self._number()}",
                            {"value": numpy_helper.from_array(np.array([0], np.int64))})
        return self.op("Unsqueeze", [x, axes], scope)

    def folded(self, op, array):
        """A parameter that constant folding has changed: named after the node that reads it."""
        return self.parameter(f"onnx::{op}_{self._number()}", array)

    def linear(self, x, module, fan_in, fan_out, bias=0.1, gain=1.0):
        weight = self.folded(
            "MatMul", self.draw.linear(fan_in, fan_out, fan_in=fan_in, gain=gain))
        product = self.op("MatMul", [x, weight], module)
        if bias is None:
            return product
        offset = self.parameter(f"{module}.bias", self.draw.bias(fan_out, bias))
        return self.op("Add", [offset, product], module)

    def layer_norm(self, x, module, width, epsilon):
        mean = self.op("ReduceMean", [x], module, axes=[-1])
        centred = self.op("Sub", [x, mean], module)
        square = self.op("Pow", [centred, self.const(2.0, module)], module)
        variance = self.op("ReduceMean", [square], module, axes=[-1])
        safe = self.op("Add", [variance, self.const(epsilon, module)], module)
        unit = self.op("Div", [centred, self.op("Sqrt", [safe], module)], module)
        weight = self.parameter(f"{module}.weight", self.draw.scale(width))
        bias = self.parameter(f"{module}.bias", self.draw.bias(width))
        return self.op("Add", [self.op("Mul", [unit, weight], module), bias], module)

    def gelu(self, x, module):
        ratio = self.op("Div", [x, self.const(math.sqrt(2), module)], module)
        erf = self.op("Erf", [ratio], module)
        one = self.op("Add", [erf, self.const(1.0, module)], module)
        product = self.op("Mul", [x, one], module)
        return self.op("Mul", [product, self.const(0.5, module)], module)

    def reshape(self, x, scope, *shape):
        return self.op("Reshape", [x, self.ints(scope, *shape)], scope, allowzero=0)

    def transpose(self, x, scope, *perm):
        return self.op("Transpose", [x], scope, perm=perm)
