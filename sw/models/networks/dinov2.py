# SPDX-License-Identifier: Apache-2.0
"""DINOv2 (Oquab et al., 2023), older exporter: shapes are computed in the graph, and the table of
positions, learned for 518x518 pixels, is resized in it."""
from dataclasses import dataclass

import numpy as np
from onnx import numpy_helper

from .older import Older
from .weights import SHARP


@dataclass(frozen=True)
class DinoV2:
    pixels: int = 224
    patch: int = 14
    layers: int = 12
    width: int = 384
    heads: int = 6
    hidden: int = 1536
    table: int = 37  # patches a side that the positions were learned for
    seed: int = 1

    def build(self):
        return _Builder(self).build()


class _Builder:
    def __init__(self, config):
        self.c, self.w = config, Older(config.seed)
        self.head = config.width // config.heads

    def build(self):
        c, w = self.c, self.w
        x = w.input("pixel_values", [1, 3, c.pixels, c.pixels])
        x = self.embed(x)
        for i in range(c.layers):
            module = f"m.encoder.layer.{i}"
            y = w.layer_norm(x, f"{module}.norm1", c.width, 1e-6)
            x = self.join(x, self.attention(y, f"{module}.attention"), module, 1)
            y = w.layer_norm(x, f"{module}.norm2", c.width, 1e-6)
            y = w.linear(y, f"{module}.mlp.fc1", c.width, c.hidden)
            y = w.gelu(y, f"{module}.mlp.activation_fn")
            y = w.linear(y, f"{module}.mlp.fc2", c.hidden, c.width)
            x = self.join(x, y, module, 2)
        x = w.layer_norm(x, "m.layernorm", c.width, 1e-6)
        # The exporter did not follow the number of tokens and gave it a name.
        w.output(x, "last_hidden_state", [1, "Addlast_hidden_state_dim_1", c.width])
        return w.model()

    def join(self, x, y, module, number):
        """x + scale * y"""
        w, scale = self.w, f"{module}.layer_scale{number}"
        gain = w.parameter(f"{scale}.lambda1", w.draw.scale(self.c.width))
        return w.op("Add", [w.op("Mul", [y, gain], scale), x], module)

    def first_two(self, x, scope):
        """Batch and channels of x, as shape arithmetic."""
        w = self.w
        shape = w.op("Shape", [x], scope)
        axes, start, end = w.ints(scope, 0), w.ints(scope, 0), w.ints(scope, 2)
        return w.op("Slice", [shape, start, end, axes], scope)

    def patches(self, x):
        c, w = self.c, self.w
        scope = "m.embeddings.patch_embeddings"
        x = w.op("Cast", [x], scope, to=1)
        module = f"{scope}.projection"
        size = [c.patch, c.patch]
        weight = w.draw.linear(c.width, 3, *size, fan_in=3 * c.patch * c.patch)
        x = w.op("Conv", [x, w.parameter(f"{module}.weight", weight),
                          w.parameter(f"{module}.bias", w.draw.bias(c.width))], module,
                 dilations=[1, 1], group=1, kernel_shape=size, pads=[0, 0, 0, 0], strides=size)
        front = self.first_two(x, scope)
        shape = w.op("Concat", [front, w.ints(scope, -1)], scope, axis=0)
        return w.transpose(w.op("Reshape", [x, shape], scope, allowzero=0), scope, 0, 2, 1)

    def class_token(self):
        """expand(1, -1, -1), which this exporter spells out."""
        c, w, scope = self.c, self.w, "m.embeddings"
        token = w.parameter("m.embeddings.cls_token", w.draw.bias(c.width).reshape(1, 1, -1))
        wanted = w.ints(scope, 1, -1, -1)
        ones = w.op("ConstantOfShape", [w.ints(scope, 3)], scope,
                    value=numpy_helper.from_array(np.array([1], np.int64)))
        keep = w.op("Mul", [ones, w.const(-1, scope, np.int64)], scope)
        shape = w.op("Where", [w.op("Equal", [wanted, keep], scope), ones, wanted], scope)
        return w.op("Expand", [token, shape], scope)

    def positions(self):
        c, w, scope = self.c, self.w, "m.embeddings"
        root = w.op("Pow", [w.const(float(c.table ** 2), scope), w.const(0.5, scope)], scope)
        side = w.op("Cast", [root], scope, to=7)
        one = w.ints(scope, 1)
        sides = [w.unsqueeze(side, scope), w.unsqueeze(side, scope)]
        shape = w.op("Concat", [one, *sides, w.ints(scope, c.width)], scope, axis=0)
        draw = w.draw.normal(1 + c.table ** 2, c.width)[None] * np.float32(0.1)
        first, rest = w.folded("Concat", draw[:, :1]), w.folded("Reshape", draw[:, 1:])
        grid = w.op("Reshape", [rest, shape], scope, allowzero=0)
        grid = w.op("Cast", [w.transpose(grid, scope, 0, 3, 1, 2)], scope, to=1)
        front = self.first_two(grid, scope)
        patches = c.pixels // c.patch
        size = w.op("Concat", [front, w.ints(scope, patches, patches)], scope, axis=0)
        grid = w.op("Resize", [grid, "", "", size], scope, cubic_coeff_a=-0.75, mode="cubic",
                    coordinate_transformation_mode="half_pixel", nearest_mode="floor")
        grid = w.op("Cast", [grid], scope, to=1)
        grid = w.reshape(w.transpose(grid, scope, 0, 2, 3, 1), scope, 1, -1, c.width)
        return w.op("Concat", [first, grid], scope, axis=1)

    def embed(self, x):
        w, scope = self.w, "m.embeddings"
        patches = self.patches(x)
        x = w.op("Concat", [self.class_token(), patches], scope, axis=1)
        return w.op("Add", [x, self.positions()], scope)

    def attention(self, x, module):
        c, w = self.c, self.w

        def dimension(axis):
            shape = w.op("Shape", [x], module)
            return w.op("Gather", [shape, w.const(axis, module, np.int64)], module, axis=0)

        batch, tokens = dimension(0), dimension(1)

        def shape(*tail):
            front = [w.unsqueeze(batch, module), w.unsqueeze(tokens, module)]
            rest = [w.ints(module, n) for n in tail]
            return w.op("Concat", [*front, *rest], module, axis=0)

        def project(name, gain=1.0):
            return w.linear(x, f"{module}.{name}", c.width, c.width, gain=gain)

        def view(y, to):
            return w.op("Reshape", [y, to], module, allowzero=0)

        query = project("q_proj", SHARP)
        split = [shape(-1, self.head) for _ in range(3)]
        query = w.transpose(view(query, split[0]), module, 0, 2, 1, 3)
        key = view(project("k_proj", SHARP), split[1])
        value = w.transpose(view(project("v_proj"), split[2]), module, 0, 2, 1, 3)
        key = w.transpose(key, module, 0, 2, 3, 1)
        scores = w.op("MatMul", [query, key], module)
        scores = w.op("Mul", [scores, w.const(self.head ** -0.5, module)], module)
        weights = w.op("Softmax", [scores], module, axis=-1)
        y = w.transpose(w.op("MatMul", [weights, value], module), module, 0, 2, 1, 3)
        return w.linear(view(y, shape(-1)), f"{module}.o_proj", c.width, c.width)
