# SPDX-License-Identifier: Apache-2.0
"""What both exporters' spellings have in common: inputs, parameters, nodes, the finished model."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .weights import Weights

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


class Writer:
    """Collects a graph. Values are their names; a parameter's name is its module's in PyTorch."""

    opset = ir_version = 0

    def __init__(self, seed):
        self.draw = Weights(seed)
        self._nodes, self._initializers = [], {}
        self._inputs, self._outputs = [], []

    def input(self, name, shape, kind=FLOAT):
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value, name, shape):
        """The graph's output `name` is `value`."""
        for node in self._nodes:
            for names in (node.input, node.output):
                for i, found in enumerate(names):
                    if found == value:
                        names[i] = name
        self._outputs.append(helper.make_tensor_value_info(name, FLOAT, shape))
        return name

    def parameter(self, name, array):
        assert name not in self._initializers, name
        self._initializers[name] = numpy_helper.from_array(np.asarray(array, order="C"), name)
        return name

    def _append(self, op, inputs, output, name, attributes):
        # An empty name stands for an optional input that is left out.
        self._nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return output

    def model(self, graph_name="main_graph"):
        graph = helper.make_graph(self._nodes, graph_name, self._inputs, self._outputs,
                                  list(self._initializers.values()))
        model = helper.make_model(graph, producer_name="octant", ir_version=self.ir_version,
                                  opset_imports=[helper.make_opsetid("", self.opset)])
        onnx.checker.check_model(model, full_check=True)
        return model
