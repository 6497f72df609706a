# SPDX-License-Identifier: Apache-2.0
"""Whisper's encoder (Radford et al., 2022) with its convolutions, in both exporters' spellings."""
from dataclasses import dataclass

import numpy as np

from .newer import Newer
from .older import Older
from .weights import SHARP


@dataclass(frozen=True)
class Whisper:
    tokens: int = 512
    layers: int = 4
    width: int = 384
    heads: int = 6
    hidden: int = 1536
    mels: int = 80
    spelling: str = "older"  # or newer
    seed: int = 1

    def build(self):
        return {"older": _OlderBuilder, "newer": _NewerBuilder}[self.spelling](self).build()


def sinusoids(length, channels):
    """The encoder's positions: not learned, so these are the real ones."""
    rates = np.exp(-np.log(1e4) / (channels // 2 - 1) * np.arange(channels // 2))
    angles = np.arange(length)[:, None] * rates[None]
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


class _Builder:
    writer = None

    def __init__(self, config):
        self.c, self.w = config, self.writer(config.seed)
        self.head = config.width // config.heads

    def build(self):
        c, w = self.c, self.w
        x = w.input("input_features", [1, c.mels, 2 * c.tokens])
        x = w.gelu(self.conv(x, "m.conv1", c.mels, 1), "m")
        x = w.gelu(self.conv(x, "m.conv2", c.width, 2), "m")
        x = self.positions(x)
        for i in range(c.layers):
            module = f"m.layers.{i}"
            y = w.layer_norm(x, f"{module}.self_attn_layer_norm", c.width, 1e-5)
            x = self.add(x, self.attention(y, f"{module}.self_attn"), module)
            y = w.layer_norm(x, f"{module}.final_layer_norm", c.width, 1e-5)
            y = w.linear(y, f"{module}.fc1", c.width, c.hidden)
            y = w.gelu(y, f"{module}.activation_fn")
            x = self.add(x, w.linear(y, f"{module}.fc2", c.hidden, c.width), module)
        x = w.layer_norm(x, "m.layer_norm", c.width, 1e-5)
        w.output(x, "last_hidden_state", [1, c.tokens, c.width])
        return w.model()

    def conv_parameters(self, module, channels):
        w = self.w
        weight = w.draw.linear(self.c.width, channels, 3, fan_in=3 * channels)
        return [w.parameter(f"{module}.weight", weight),
                w.parameter(f"{module}.bias", w.draw.bias(self.c.width))]


class _OlderBuilder(_Builder):
    writer = Older

    def conv(self, x, module, channels, stride):
        return self.w.op("Conv", [x, *self.conv_parameters(module, channels)], module,
                         dilations=[1], group=1, kernel_shape=[3], pads=[1, 1], strides=[stride])

    def positions(self, x):
        w = self.w
        x = w.transpose(x, "m", 0, 2, 1)
        table = w.folded("Add", sinusoids(self.c.tokens, self.c.width))
        return w.op("Add", [x, table], "m")

    def add(self, x, y, module):
        return self.w.op("Add", [x, y], module)

    def attention(self, x, module):
        c, w = self.c, self.w
        split = (1, -1, c.heads, self.head)
        query = w.linear(x, f"{module}.q_proj", c.width, c.width, gain=SHARP)
        query = w.op("Mul", [query, w.const(self.head ** -0.5, module)], module)
        query = w.transpose(w.reshape(query, module, 1, c.tokens, -1, self.head),
                            module, 0, 2, 1, 3)
        key = w.linear(x, f"{module}.k_proj", c.width, c.width, bias=None,
                       gain=SHARP)
        key_shape, value_shape = w.ints(module, *split), w.ints(module, *split)
        key = w.op("Reshape", [key, key_shape], module, allowzero=0)
        value = w.linear(x, f"{module}.v_proj", c.width, c.width)
        value = w.op("Reshape", [value, value_shape], module, allowzero=0)
        value = w.transpose(value, module, 0, 2, 1, 3)
        key = w.transpose(key, module, 0, 2, 3, 1)
        scores = w.op("MatMul", [query, key], module)
        scores = w.op("Mul", [scores, w.const(1.0, module)], module)
        weights = w.op("Softmax", [scores], module, axis=-1)
        y = w.op("MatMul", [weights, value], module)
        y = w.reshape(w.transpose(y, module, 0, 2, 1, 3), module, 1, c.tokens, -1)
        return w.linear(y, f"{module}.out_proj", c.width, c.width)


class _NewerBuilder(_Builder):
    writer = Newer

    def conv(self, x, module, channels, stride):
        return self.w.op("Conv", [x, *self.conv_parameters(module, channels)], "conv1d",
                         group=1, pads=[1, 1], auto_pad="NOTSET", strides=[stride], dilations=[1],
                         kernel_shape=[3])

    def positions(self, x):
        c, w = self.c, self.w
        x = w.transpose(x, 0, 2, 1, aten="permute")
        table = w.parameter("m.embed_positions.weight", sinusoids(c.tokens, c.width))
        index = w.const(range(c.tokens), np.int64, name="arange")
        return self.add(x, w.op("Gather", [table, index], "embedding", axis=0), "m")

    def add(self, x, y, module):
        del module  # only the older spelling names it
        return self.w.op("Add", [x, y], "add")

    def attention(self, x, module):
        c, w = self.c, self.w
        split = (1, -1, c.heads, self.head)
        query = w.linear(x, f"{module}.q_proj", c.width, c.width, gain=SHARP)
        query = w.op("Mul", [query, w.const(self.head ** -0.5)], "mul")
        query = w.transpose(w.reshape(query, 1, c.tokens, -1, self.head), 0, 2, 1, 3)
        key = w.reshape(w.linear(x, f"{module}.k_proj", c.width, c.width, bias=None,
                       gain=SHARP), *split)
        value = w.reshape(w.linear(x, f"{module}.v_proj", c.width, c.width), *split)
        value = w.transpose(value, 0, 2, 1, 3)
        key = w.transpose(key, 0, 2, 3, 1)
        weights = w.op("Softmax", [w.op("MatMul", [query, key], "matmul")], "softmax", axis=-1)
        y = w.transpose(w.op("MatMul", [weights, value], "matmul"), 0, 2, 1, 3)
        return w.linear(w.reshape(y, 1, c.tokens, -1), f"{module}.out_proj", c.width, c.width)
