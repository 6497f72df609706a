# SPDX-License-Identifier: Apache-2.0
"""Small networks as exporters spell whole families: what only shows where several idioms meet. Cases for
operators_test.py: each goes the whole way to integers and a schedule."""
import numpy as np

import make_graphs

LOW = float(np.finfo(np.float32).min)
N, H, D = 64, 4, 16


class Family:
    """A graph and how each of its inputs is drawn."""

    def __init__(self, name, opset=17):
        self.name, self.b, self.draw, self.outputs = name, make_graphs.Builder(seed=11, opset=opset), {}, []

    def input(self, name, draw):
        self.draw[name] = draw
        return self.b.input(name, draw(np.random.default_rng(1)))

    def normal(self, name, *shape):
        return self.input(name, lambda g: g.standard_normal(shape).astype(np.float32))

    def fixed(self, name, array):
        return self.input(name, lambda g: np.asarray(array))

    def tokens(self, rows, batch=1, words=50):
        ids = self.input("input_ids", lambda g: g.integers(0, words, (batch, rows)))
        return self.b.Gather(self.b.weight(words, N, scale=1), ids)

    def norm(self, x):
        b = self.b
        return b.LayerNormalization(x, b.const(np.float32(1 + 0.1 * b.rng.standard_normal(N))), b.weight(N, scale=0.1), axis=-1)

    def linear(self, x, n=N):
        b = self.b
        return b.Add(b.MatMul(x, b.weight(N, n)), b.weight(n, scale=0.1))

    def heads(self, x, batch, rows, heads=H):
        b = self.b
        return b.Transpose(b.Reshape(x, b.i(batch, rows, heads, D)), perm=[0, 2, 1, 3])

    def merged(self, y, batch, rows):
        b = self.b
        return self.linear(b.Reshape(b.Transpose(y, perm=[0, 2, 1, 3]), b.i(batch, rows, H * D)), N)


def clip_text():
    """Heads as batch, a causal and a padding mask added one after the other, two texts."""
    f = Family("clip_text")
    b, rows, batch = f.b, 12, 2
    x = f.norm(f.tokens(rows, batch))

    def lengths(g):
        return (np.arange(rows) < g.integers(3, rows + 1, (batch, 1))).astype(np.int64)

    q, k, v = (b.Reshape(f.heads(f.linear(x), batch, rows), b.i(batch * H, rows, D)) for _ in range(3))
    s = b.MatMul(b.Mul(q, b.f(D ** -0.5)), b.Transpose(k, perm=[0, 2, 1]))
    causal = np.where(np.tril(np.ones((rows, rows), bool)), 0, LOW).astype(np.float32)[None, None]
    s = b.Reshape(b.Add(b.Reshape(s, b.i(batch, H, rows, rows)), b.const(causal)), b.i(batch * H, rows, rows))
    keep = b.Expand(b.Unsqueeze(f.input("attention_mask", lengths), b.i(1, 2)), b.i(batch, 1, rows, rows))
    hidden = b.Sub(b.f(1), b.Cast(keep, to=1))
    s = b.Add(b.Reshape(s, b.i(batch, H, rows, rows)), b.Where(b.Cast(hidden, to=9), b.f(LOW), hidden))
    y = b.MatMul(b.Softmax(b.Reshape(s, b.i(batch * H, rows, rows)), axis=-1), v)
    f.outputs = [b.Add(x, f.merged(b.Reshape(y, b.i(batch, H, rows, D)), batch, rows))]
    return f


def step_with_tables():
    """One token behind a cache; rotary tables of as many rows as there are tokens, looked up by position_ids."""
    f = Family("step_with_tables")
    b, past = f.b, 9
    x = f.norm(f.tokens(1))
    mask, at = f.fixed("attention_mask", np.ones((1, past + 1), np.int64)), f.fixed("position_ids", np.array([[past]]))
    angles = np.arange(32, dtype=np.float32)[:, None] * (10000.0 ** (-np.arange(D // 2) / (D // 2))).astype(np.float32)
    angles = np.concatenate([angles, angles], -1)
    cos, sin = (b.Unsqueeze(b.Gather(b.Slice(b.const(t(angles).astype(np.float32)), b.i(0), b.i(past + 1), b.i(0)), at), b.i(1))
                for t in (np.cos, np.sin))

    def turned(x):
        half = b.Concat(b.Neg(b.Slice(x, b.i(D // 2), b.i(99), b.i(3))), b.Slice(x, b.i(0), b.i(D // 2), b.i(3)), axis=-1)
        return b.Add(b.Mul(x, cos), b.Mul(half, sin))

    q, k, v = (f.heads(f.linear(x, n * D), 1, 1, n) for n in (H, 2, 2))
    k = b.Concat(f.normal("past_key", 1, 2, past, D), turned(k), axis=2)
    v = b.Concat(f.normal("past_value", 1, 2, past, D), v, axis=2)
    wide = [b.Reshape(b.Expand(b.Unsqueeze(t, b.i(2)), b.i(1, 2, 2, past + 1, D)), b.i(1, H, past + 1, D)) for t in (k, v)]
    s = b.Mul(b.MatMul(turned(q), b.Transpose(wide[0], perm=[0, 1, 3, 2])), b.f(D ** -0.5))
    hidden = b.Equal(b.Unsqueeze(mask, b.i(1, 2)), b.i(0))
    s = b.Add(s, b.Where(hidden, b.f(LOW), b.f(0)))
    f.outputs = [b.Add(x, f.merged(b.MatMul(b.Softmax(s, axis=-1), wide[1]), 1, 1)), k, v]
    return f


def two_borders():
    """Two convolutions of one image that want different borders of it (ResNet's shortcut)."""
    f = Family("two_borders")
    b = f.b
    x = b.Relu(b.Conv(f.normal("x", 1, 8, 12, 12), b.weight(16, 8, 3, 3, scale=0.1), pads=[1, 1, 1, 1]))
    y = b.Conv(x, b.weight(16, 16, 3, 3, scale=0.1), pads=[1, 1, 1, 1], strides=[2, 2])
    wide = b.Conv(x, b.weight(16, 16, 5, 5, scale=0.1), pads=[2, 2, 2, 2], strides=[2, 2])
    f.outputs = [b.Relu(b.Add(b.Add(y, wide), b.Conv(x, b.weight(16, 16, 1, 1, scale=0.3), strides=[2, 2])))]
    return f


FAMILIES = [clip_text, step_with_tables, two_borders]
