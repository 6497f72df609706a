# SPDX-License-Identifier: Apache-2.0
"""The newer exporter's spelling (torch.export, opset 18): constants are initialisers that nodes
share, values are named after the ATen operator (`linear_3`) or, inside one, numbered (`val_17`)."""
import math
from collections import Counter

import numpy as np

from .writer import Writer


class Newer(Writer):
    opset, ir_version = 18, 10

    def __init__(self, seed):
        super().__init__(seed)
        self._numbers, self._aten, self._constants = 0, Counter(), {}

    def _number(self):
        self._numbers += 1
        return f"val_{self._numbers - 1}"

    def const(self, value, dtype=np.float32, name=None):
        """A shared constant; integers are given with dtype=np.int64."""
        array = np.array(value, dtype=dtype)
        number = self._number()
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.parameter(name or number, array)
        return self._constants[key]

    def ints(self, *values):
        return self.const(values, np.int64)

    def op(self, op, inputs, aten=None, **attributes):
        """A node. `aten`: the operator whose result it is; without one the value is numbered."""
        if aten:
            count = self._aten[aten]
            self._aten[aten] += 1
            output = f"{aten}_{count}" if count else aten
            return self._append(op, inputs, output, f"node_{output}", attributes)
        output = self._number()
        return self._append(op, inputs, output, f"node_{op}_{output[4:]}", attributes)

    def weight(self, array):
        """A matrix as MatMul wants it: transposed while exporting, so it lost its name."""
        return self.parameter(self._number(), array)

    def linear(self, x, module, fan_in, fan_out, bias=0.1, gain=1.0):
        """`bias`: its deviation, or None for none."""
        weight = self.weight(self.draw.linear(fan_in, fan_out, fan_in=fan_in, gain=gain))
        if bias is None:
            return self.op("MatMul", [x, weight], "linear")
        product = self.op("MatMul", [x, weight])
        offset = self.parameter(f"{module}.bias", self.draw.bias(fan_out, bias))
        return self.op("Add", [product, offset], "linear")

    def layer_norm(self, x, module, width, epsilon):
        weight = self.parameter(f"{module}.weight", self.draw.scale(width))
        bias = self.parameter(f"{module}.bias", self.draw.bias(width))
        return self.op("LayerNormalization", [x, weight, bias], "layer_norm",
                       axis=-1, epsilon=epsilon, stash_type=1)

    def gelu(self, x, module):
        del module  # only the older spelling names it
        erf = self.op("Erf", [self.op("Div", [x, self.const(math.sqrt(2))])])
        one = self.op("Add", [erf, self.const(1.0)])
        return self.op("Mul", [x, self.op("Mul", [self.const(0.5), one])], "gelu")

    def reshape(self, x, *shape):
        return self.op("Reshape", [x, self.ints(*shape)], "view", allowzero=1)

    def transpose(self, x, *perm, aten="transpose"):
        return self.op("Transpose", [x], aten, perm=perm)
