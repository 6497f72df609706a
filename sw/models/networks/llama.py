# SPDX-License-Identifier: Apache-2.0
"""One decoding step of a Llama-shaped story model with a KV cache, newer exporter."""
import math
from dataclasses import dataclass

import numpy as np

from .newer import Newer
from .weights import SHARP
from .writer import BOOL, FLOAT, INT64


@dataclass(frozen=True)
class Llama:
    layers: int = 8
    width: int = 64
    heads: int = 8
    hidden: int = 256
    vocabulary: int = 512
    cached: int = 64
    seed: int = 1

    def build(self):
        return _Builder(self).build()


class _Builder:
    def __init__(self, config):
        self.c, self.w = config, Newer(config.seed)
        self.head = config.width // config.heads

    def build(self):
        c, w = self.c, self.w
        ids = w.input("input_ids", [1, 1], INT64)
        positions = w.input("position_ids", [1, 1], INT64)
        mask = w.input("attention_mask", [1, c.cached + 1], INT64)
        for i in range(c.layers):
            for part in "key", "value":
                w.input(f"past_key_values.{i}.{part}", [1, c.heads, c.cached, self.head], FLOAT)
        table = w.parameter("m.lm_head.weight", w.draw.normal(c.vocabulary, c.width))
        x = w.op("Gather", [table, ids], "embedding", axis=0)
        mask = self.mask(mask)
        angles = list(self.rotary(positions))
        present = []
        for i in range(c.layers):
            x = self.layer(x, mask, angles, i, present)
        x = self.rms_norm(x, "m.model.norm")
        logits = w.op("MatMul", [x, w.op("Transpose", [table], perm=[1, 0])], "linear")
        w.output(logits, "logits", [1, 1, c.vocabulary])
        for value, name in present:
            w.output(value, name, [1, c.heads, c.cached + 1, self.head])
        return w.model()

    def mask(self, mask):
        c, w = self.c, self.w
        truth = w.op("Cast", [mask], "_to_copy", to=BOOL)
        index = [[0, j] for j in range(c.cached + 1)]
        keys = w.op("GatherND", [truth, w.const([[[index]]], np.int64)], batch_dims=0)
        causal = w.const(np.ones((1, 1, 1, c.cached + 1)), np.bool_, name="bitwise_and")
        both = w.op("And", [causal, keys], "bitwise_and_1")
        lowest = w.const(np.finfo(np.float32).min)
        return w.op("Where", [both, w.const(0.0, name="zeros"), lowest], "where")

    def rotary(self, positions):
        w = self.w
        place = w.op("Unsqueeze", [positions, w.ints(2)], "unsqueeze")
        place = w.op("Cast", [place], "_to_copy", to=FLOAT)
        steps = np.arange(0, self.head, 2) / self.head
        frequency = w.parameter("m.model.rotary_emb.inv_freq", (1e4 ** -steps).astype(np.float32))
        angle = w.op("Mul", [place, frequency], "mul")
        angle = w.op("Concat", [angle, angle], "cat", axis=-1)
        return w.op("Cos", [angle], "cos"), w.op("Sin", [angle], "sin")

    def rms_norm(self, x, module):
        w = self.w
        square = w.op("Pow", [x, w.const(2.0)], "pow")
        mean = w.op("ReduceMean", [square, w.ints(-1)], "mean", keepdims=1, noop_with_empty_axes=0)
        root = w.op("Sqrt", [w.op("Add", [mean, w.const(1e-6)], "add")])
        unit = w.op("Mul", [x, w.op("Reciprocal", [root], "rsqrt")], "mul")
        gain = w.parameter(f"{module}.weight", w.draw.scale(self.c.width))
        return w.op("Mul", [gain, unit], "mul")

    def turn(self, x, cos, sin):
        """x cos + rotate_half(x) sin"""
        w, half = self.w, self.head // 2

        def part(start, end):
            return w.op("Slice", [x, w.ints(start), w.ints(end), w.ints(3), w.ints(1)], "slice")

        plain = w.op("Mul", [x, cos], "mul")
        low, high = part(0, half), part(half, np.iinfo(np.int64).max)
        turned = w.op("Concat", [w.op("Neg", [high], "neg"), low], "cat", axis=-1)
        return w.op("Add", [plain, w.op("Mul", [turned, sin], "mul")], "add")

    def attention(self, x, mask, angles, i, present):
        c, w = self.c, self.w

        def project(gain=1.0):
            y = w.linear(x, "", c.width, c.width, bias=None, gain=gain)
            return w.transpose(w.reshape(y, 1, 1, -1, self.head), 0, 2, 1, 3)

        query, key, value = project(SHARP), project(SHARP), project()
        if i == 0:  # later layers read the same two values
            angles[:] = [w.op("Unsqueeze", [angle, w.ints(1)], "unsqueeze") for angle in angles]
        query, key = self.turn(query, *angles), self.turn(key, *angles)
        for part, new in ("key", key), ("value", value):
            joined = w.op("Concat", [f"past_key_values.{i}.{part}", new], "cat", axis=-2)
            present.append((joined, f"present.{i}.{part}"))
        (key, _), (value, _) = present[-2:]
        scores = w.op("MatMul", [query, w.transpose(key, 0, 1, 3, 2)], "matmul")
        scores = w.op("Mul", [scores, w.const(1 / math.sqrt(self.head))], "mul")
        weights = w.op("Softmax", [w.op("Add", [scores, mask], "add")], axis=-1)
        y = w.transpose(w.op("MatMul", [weights, value], "matmul"), 0, 2, 1, 3)
        return w.linear(w.reshape(y, 1, 1, -1), "", c.width, c.width, bias=None)

    def layer(self, x, mask, angles, i, present):
        c, w = self.c, self.w
        module = f"m.model.layers.{i}"
        y = self.rms_norm(x, f"{module}.input_layernorm")
        x = w.op("Add", [x, self.attention(y, mask, angles, i, present)], "add")
        y = self.rms_norm(x, f"{module}.post_attention_layernorm")
        gate = w.linear(y, "", c.width, c.hidden, bias=None)
        gate = w.op("Mul", [gate, w.op("Sigmoid", [gate])], "silu")
        up = w.linear(y, "", c.width, c.hidden, bias=None)
        down = w.linear(w.op("Mul", [gate, up], "mul"), "", c.hidden, c.width, bias=None)
        return w.op("Add", [x, down], "add")
