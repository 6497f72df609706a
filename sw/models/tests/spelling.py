# SPDX-License-Identifier: Apache-2.0
"""Whether two ONNX graphs are the same node by node, up to names and drawn weights."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper


def _shape(value):
    kind = value.type.tensor_type
    return kind.elem_type, [d.dim_param or d.dim_value for d in kind.shape.dim]


def _attributes(node):
    found = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if isinstance(value, TensorProto):
            array = numpy_helper.to_array(value)
            value = (array.dtype.str, array.shape, array.tobytes())
        found[attribute.name] = value
    return found


class _Names:
    """Our names beside theirs, one to one."""

    def __init__(self):
        self._ours, self._theirs = {"": ""}, {"": ""}

    def meet(self, ours, theirs):
        return (self._ours.setdefault(ours, theirs) == theirs and
                self._theirs.setdefault(theirs, ours) == ours)


def difference(ours, theirs, drawn):
    """The first difference in words, or nothing. `drawn`: their weights, of any value."""
    a, b, names = ours.graph, theirs.graph, _Names()
    if ours.opset_import[0].version != theirs.opset_import[0].version:
        return "operator sets differ"
    for kind, ours_, theirs_ in ("inputs", a.input, b.input), ("outputs", a.output, b.output):
        x, y = ([(v.name, *_shape(v)) for v in values] for values in (ours_, theirs_))
        if x != y:
            return f"{kind}: {x}, not {y}"
    for value in a.input:
        names.meet(value.name, value.name)
    tensors = [{t.name: t for t in graph.initializer} for graph in (a, b)]
    for n, m in zip(a.node, b.node):
        if n.op_type != m.op_type:
            return f"{n.name} is {n.op_type}, {m.name} is {m.op_type}"
        if _attributes(n) != _attributes(m):
            return f"{n.name}: attributes {_attributes(n)}, not {_attributes(m)}"
        if len(n.input) != len(m.input):
            return f"{n.name} has {len(n.input)} inputs, not {len(m.input)}"
        for x, y in zip(n.input, m.input):
            if (x in tensors[0]) != (y in tensors[1]):
                return f"{n.name}: {x} and {y}: only one is a constant"
            if x in tensors[0]:
                s, t = tensors[0][x], tensors[1][y]
                if (s.data_type, list(s.dims)) != (t.data_type, list(t.dims)):
                    return f"{n.name}: {x} {list(s.dims)}, {y} {list(t.dims)}"
                if y not in drawn and not np.array_equal(*map(numpy_helper.to_array, (s, t))):
                    return f"{n.name}: {x} and {y} have other values"
                if y not in drawn:
                    continue  # equal constants may be shared in one graph and not in the other
            if not names.meet(x, y):
                return f"{n.name}: reads {x}, where {m.name} reads {y}"
        for x, y in zip(n.output, m.output):
            if not names.meet(x, y):
                return f"{n.name}: makes {x}, where {m.name} makes {y}"
    if len(a.node) != len(b.node):
        return f"{len(a.node)} nodes, not {len(b.node)}"
    return ""
