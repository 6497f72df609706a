# SPDX-License-Identifier: Apache-2.0
"""MobileBERT's encoder (Sun et al., 2020), newer exporter."""
import math
from dataclasses import dataclass

import numpy as np

from .newer import Newer
from .weights import SHARP
from .writer import BOOL, INT64

STEP = 0.5  # what a block adds is smaller than what it is added to, as in a trained network


@dataclass(frozen=True)
class MobileBert:
    tokens: int = 128
    layers: int = 24
    width: int = 512
    bottleneck: int = 128
    heads: int = 4
    hidden: int = 512
    ffns: int = 3  # before the last one
    embedding: int = 128
    vocabulary: int = 30522
    positions: int = 512
    seed: int = 1

    def build(self):
        return _Builder(self).build()


class _Builder:
    def __init__(self, config):
        self.c, self.w = config, Newer(config.seed)

    def build(self):
        c, w = self.c, self.w
        ids, mask, types = (w.input(name, [1, c.tokens], INT64)
                            for name in ("input_ids", "attention_mask", "token_type_ids"))
        x = self.embed(ids, types)
        mask = self.mask(mask)
        for i in range(c.layers):
            x = self.layer(x, mask, f"m.encoder.layer.{i}")
        w.output(x, "last_hidden_state", [1, c.tokens, c.width])
        return w.model()

    def linear(self, x, module, fan_in, fan_out, gain=1.0):
        return self.w.linear(x, module, fan_in, fan_out, bias=0.01, gain=gain)

    def no_norm(self, x, module, width, power=1.0):
        """Gain and offset. `power`: of x, so that what comes out has deviation 1."""
        gain = self.w.parameter(f"{module}.weight", self.w.draw.scale(width, power ** -0.5))
        offset = self.w.parameter(f"{module}.bias", self.w.draw.bias(width, 0.01))
        return self.w.op("Add", [self.w.op("Mul", [x, gain], "mul"), offset], "add")

    def shifted(self, x, starts, ends, pads):
        """x a token on, or a token back, with zeros where nothing is."""
        w = self.w
        one = w.ints(1)
        part = w.op("Slice", [x, w.ints(starts), w.ints(ends), one, one], "slice")
        zero = w.const(0.0, name="zeros")
        return w.op("Pad", [part, w.ints(*pads), zero], "pad", mode="constant")

    def embed(self, ids, types):
        c, w = self.c, self.w

        def table(name, rows, width, index):
            weight = w.parameter(f"m.embeddings.{name}.weight", w.draw.normal(rows, width))
            return w.op("Gather", [weight, index], "embedding", axis=0)

        word = table("word_embeddings", c.vocabulary, c.embedding, ids)
        after = self.shifted(word, 1, np.iinfo(np.int64).max, (0, 0, 0, 0, 1, 0))
        before = self.shifted(word, 0, -1, (0, 1, 0, 0, 0, 0))
        trigram = w.op("Concat", [after, word, before], "cat", axis=2)
        x = self.linear(trigram, "m.embeddings.embedding_transformation",
                        3 * c.embedding, c.width)
        where = w.const([range(c.tokens)], np.int64, name="slice_of_positions")
        position = table("position_embeddings", c.positions, c.width, where)
        kind = table("token_type_embeddings", 2, c.width, types)
        x = w.op("Add", [w.op("Add", [x, position], "add"), kind], "add")
        return self.no_norm(x, "m.embeddings.LayerNorm", c.width, power=3.0)

    def mask(self, mask):
        c, w = self.c, self.w
        truth = w.op("Cast", [mask], "_to_copy", to=BOOL)
        index = [[0, j] for j in range(c.tokens)]
        keys = w.op("GatherND", [truth, w.const([[[index]]], np.int64)], batch_dims=0)
        rows = w.const(np.ones((1, 1, c.tokens, 1)), np.bool_, name="bitwise_and")
        both = w.op("And", [rows, keys], "bitwise_and_1")
        lowest = w.const(np.finfo(np.float32).min)
        return w.op("Where", [both, w.const(0.0, name="zeros"), lowest], "where")

    def attention(self, x, shared, mask, module):
        c, w = self.c, self.w
        head = c.bottleneck // c.heads

        def project(name, source, fan_in, gain=1.0):
            y = self.linear(source, f"{module}.{name}", fan_in, c.bottleneck, gain)
            return w.reshape(y, 1, c.tokens, -1, head)

        query = w.transpose(project("query", shared, c.bottleneck, SHARP), 0, 2, 1, 3)
        key = project("key", shared, c.bottleneck, SHARP)
        value = w.transpose(project("value", x, c.width), 0, 2, 1, 3)
        key = w.transpose(key, 0, 2, 3, 1)
        scores = w.op("MatMul", [query, key], "matmul")
        scores = w.op("Mul", [scores, w.const(1 / math.sqrt(head))], "mul")
        scores = w.op("Add", [scores, mask], "add")
        weights = w.op("Softmax", [scores], "softmax", axis=-1)
        y = w.op("MatMul", [weights, value], "matmul")
        return w.reshape(w.transpose(y, 0, 2, 1, 3), 1, c.tokens, -1)

    def layer(self, x, mask, module):
        c, w = self.c, self.w

        def into_bottleneck(name):
            y = self.linear(x, f"{module}.bottleneck.{name}.dense", c.width, c.bottleneck)
            return self.no_norm(y, f"{module}.bottleneck.{name}.LayerNorm", c.bottleneck)

        def join(y, residual, name, fan_in, width, power):
            """`power`: of y"""
            y = self.linear(y, f"{module}.{name}.dense", fan_in, width, STEP)
            y = w.op("Add", [y, residual], "add")
            return self.no_norm(y, f"{module}.{name}.LayerNorm", width, 1 + STEP ** 2 * power)

        def ffn(y, first, last):
            up = self.linear(y, f"{module}.{first}.dense", c.bottleneck, c.hidden)
            return join(w.op("Relu", [up], "relu"), y, last, c.hidden, c.bottleneck, 0.5)

        y = into_bottleneck("input")
        shared = into_bottleneck("attention")
        heads = self.attention(x, shared, mask, f"{module}.attention.self")
        y = join(heads, y, "attention.output", c.bottleneck, c.bottleneck, 0.3)
        for i in range(c.ffns):
            y = ffn(y, f"ffn.{i}.intermediate", f"ffn.{i}.output")
        y = ffn(y, "intermediate", "output")
        return join(y, x, "output.bottleneck", c.bottleneck, c.width, 1.0)
