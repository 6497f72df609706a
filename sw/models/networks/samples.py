# SPDX-License-Identifier: Apache-2.0
"""Inputs for networks whose weights are drawn: drawn, too, with a fixed seed."""
import numpy as np

from .weights import SHARP


def draw(model, count, seed):
    """`count` samples for each input of the model, stacked along the first axis, which is 1."""
    rng = np.random.Generator(np.random.Philox(seed))
    arrays = {}
    vocabulary = {node.input[1]: next(t.dims[0] for t in model.graph.initializer
                                      if t.name == node.input[0])
                  for node in model.graph.node if node.op_type == "Gather"
                  and any(node.input[1] == i.name for i in model.graph.input)}
    for value in model.graph.input:
        name = value.name
        shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
        assert shape[0] == 1, name
        shape[0] = count
        if name == "attention_mask":
            arrays[name] = np.ones(shape, np.int64)
        elif name == "position_ids":  # the token behind a full cache
            cached = next(i for i in model.graph.input if i.name.startswith("past"))
            place = cached.type.tensor_type.shape.dim[2].dim_value
            arrays[name] = np.full(shape, place, np.int64)
        elif name == "token_type_ids":
            half = np.arange(shape[1]) >= rng.integers(shape[1] // 4, shape[1] + 1, (count, 1))
            arrays[name] = half.astype(np.int64)
        elif name in vocabulary:
            arrays[name] = rng.integers(0, vocabulary[name], shape)
        else:
            # Keys spread as the network's own do.
            scale = SHARP if name.endswith(".key") else 1
            arrays[name] = rng.standard_normal(shape, dtype=np.float32) * np.float32(scale)
    return arrays
