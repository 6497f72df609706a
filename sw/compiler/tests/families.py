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


def past_in_one_tensor(fused):
    """GPT-2's cache: keys and values of a layer in one tensor, as plain operators or as ONNX Runtime's Attention."""
    f = Family(f"past_in_one_tensor_{'fused' if fused else 'plain'}")
    b, past, rows = f.b, 7, 2
    x = f.norm(f.tokens(rows))
    mask = f.fixed("attention_mask", np.ones((1, past + rows), np.int64))
    cache = f.normal("past", 2, 1, H, past, D)
    if fused:
        y, present = b.ms("Attention", x, b.weight(N, 3 * N), b.weight(3 * N, scale=0.1), b.Cast(mask, to=6), cache, num_heads=H, unidirectional=1, outputs=2)
        f.outputs = [b.Add(x, f.linear(y)), present]
        return f
    q, k, v = (f.heads(t, 1, rows) for t in b.Split(f.linear(x, 3 * N), b.i(N, N, N), outputs=3, axis=2))
    k, v = (b.Concat(b.Gather(cache, b.const(np.int64(i)), axis=0), t, axis=2) for i, t in enumerate((k, v)))
    s = b.Div(b.MatMul(q, b.Transpose(k, perm=[0, 1, 3, 2])), b.f(D ** 0.5))
    causal = np.tril(np.ones((past + rows, past + rows), bool))[-rows:][None, None]
    s = b.Where(b.const(causal), s, b.f(LOW))
    s = b.Add(s, b.Mul(b.Sub(b.f(1), b.Cast(b.Unsqueeze(mask, b.i(1, 2)), to=1)), b.f(LOW)))
    f.outputs = [b.Add(x, f.merged(b.MatMul(b.Softmax(s, axis=-1), v), 1, rows)), b.Concat(b.Unsqueeze(k, b.i(0)), b.Unsqueeze(v, b.i(0)), axis=0)]
    return f


def grouped_query_step(rows):
    """ONNX Runtime's GroupQueryAttention as its model builder writes it: lengths from the mask, rotary inside."""
    f = Family(f"grouped_query_{rows}")
    b, past = f.b, 9 if rows == 1 else 0
    x = f.tokens(rows)
    x = b.SimplifiedLayerNormalization(x, b.const(np.float32(1 + 0.1 * b.rng.standard_normal(N))), axis=-1)
    mask = f.fixed("attention_mask", np.ones((1, past + rows), np.int64))
    last = b.Cast(b.Sub(b.ReduceSum(mask, b.i(1), keepdims=0), b.i(1)), to=6)
    total = b.Cast(b.Gather(b.Shape(mask), b.const(np.int64(1)), axis=0), to=6)
    angles = np.arange(32, dtype=np.float32)[:, None] * (10000.0 ** (-np.arange(D // 2) / (D // 2))).astype(np.float32)
    tables = [b.const(t(angles).astype(np.float32)) for t in (np.cos, np.sin)]
    cache = [f.normal(f"past_key_values.0.{w}", 1, 2, past, D) for w in ("key", "value")]
    q, k, v = b.MatMul(x, b.weight(N, N)), b.MatMul(x, b.weight(N, 2 * D)), b.MatMul(x, b.weight(N, 2 * D))
    y, k, v = b.ms("GroupQueryAttention", q, k, v, *cache, last, total, *tables, num_heads=H, kv_num_heads=2, do_rotary=1, outputs=3)
    y, z = b.ms("SkipSimplifiedLayerNormalization", x, b.MatMul(y, b.weight(N, N)), b.weight(N, scale=0.9), outputs=4)[::3]
    f.outputs = [b.Add(z, b.MatMul(y, b.weight(N, N))), k, v]
    return f


def capped_with_mask():
    """Gemma 2: limited scores, a padding mask, a causal one."""
    f = Family("capped_with_mask")
    b, rows = f.b, 12
    x = f.norm(f.tokens(rows))
    q, k, v = (f.heads(f.linear(x), 1, rows) for _ in range(3))
    s = b.Mul(b.Tanh(b.Div(b.Mul(b.MatMul(q, b.Transpose(k, perm=[0, 1, 3, 2])), b.f(D ** -0.5)), b.f(3))), b.f(3))
    keep = b.Cast(b.Unsqueeze(f.input("attention_mask", lambda g: (np.arange(rows) < g.integers(3, rows + 1, (1, 1))).astype(np.int64)), b.i(1, 2)), to=9)
    seen = b.And(b.const(np.tril(np.ones((rows, rows), bool))[None, None]), keep)
    s = b.Add(s, b.Where(seen, b.f(0), b.f(LOW)))
    f.outputs = [b.Add(x, f.merged(b.MatMul(b.Softmax(s, axis=-1), v), 1, rows))]
    return f


def norm_over_two_axes():
    f = Family("norm_over_two_axes")
    b = f.b
    x = b.MatMul(f.normal("x", 2, 6, 32), b.weight(32, 16))
    f.outputs = [b.LayerNormalization(x, b.const(np.float32(1 + 0.1 * b.rng.standard_normal((6, 16)))), b.weight(6, 16, scale=0.2), axis=-2)]
    return f


FAMILIES = [clip_text, step_with_tables, two_borders, lambda: past_in_one_tensor(False), lambda: past_in_one_tensor(True),
            lambda: grouped_query_step(1), lambda: grouped_query_step(8), capped_with_mask, norm_over_two_axes]
