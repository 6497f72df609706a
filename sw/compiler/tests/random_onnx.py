# SPDX-License-Identifier: Apache-2.0
"""Random networks like Transformers, as ONNX: all choices and weights follow from the seed.

usage: random_onnx.py SEED FILE.onnx
"""
import sys

import numpy as np
import onnx

import make_graphs

LOW = float(np.finfo(np.float32).min)


class Net:
    """Grows from front to head; every method returns the name of its result, [1, S, C]."""

    def __init__(self, seed):
        self.r = np.random.default_rng([seed, 77])
        self.b = make_graphs.Builder(seed=seed, opset=int(self.r.choice([17, 20])))
        self.draw = {}  # name -> a new sample of the input
        self.s, self.c = int(self.r.integers(3, 20)), 8 * int(self.r.integers(2, 9))
        self.log = []

    def pick(self, *options):
        choice = options[int(self.r.integers(len(options)))]
        self.log.append(choice if isinstance(choice, (str, int, float)) else getattr(choice, "__name__", str(choice)))
        return choice

    def chance(self, p):
        return bool(self.r.random() < p)

    def input(self, name, draw):
        self.draw[name] = draw
        return self.b.input(name, draw(np.random.default_rng(1)))

    # Fronts.

    def plain(self):
        s, c = self.s, self.c
        return self.input("x", lambda g: g.standard_normal((1, s, c), dtype=np.float32))

    def tokens(self):
        b, s, c, words = self.b, self.s, self.c, int(self.r.integers(10, 60))
        ids = self.input("input_ids", lambda g: g.integers(0, words, (1, s), dtype=np.int64))
        x = b.Gather(b.weight(words, c, scale=1), ids)
        if self.chance(0.7):
            x = b.Add(x, self.positions())
        if self.chance(0.3):
            types = self.input("token_type_ids", lambda g: g.integers(0, 2, (1, s), dtype=np.int64))
            x = b.Add(x, b.Gather(b.weight(2, c, scale=0.5), types))
        return self.norm(x) if self.chance(0.5) else x

    def positions(self):
        shape = self.pick((1, self.s, self.c), (self.s, self.c))
        return self.b.weight(*shape, scale=0.5)

    def image(self):
        b, c = self.b, self.c
        p, rows, columns, channels = self.pick(2, 4, 8), int(self.r.integers(2, 5)), int(self.r.integers(2, 5)), self.pick(1, 3, 4)
        x = self.input("image", lambda g: g.standard_normal((1, channels, p * rows, p * columns), dtype=np.float32))
        w = b.weight(c, channels, p, p, scale=(channels * p * p) ** -0.5)
        x = b.Conv(x, w, *([b.weight(c, scale=0.2)] if self.chance(0.7) else []), strides=[p, p], kernel_shape=[p, p])
        self.s = rows * columns
        x = b.Transpose(b.Reshape(x, b.i(1, c, self.s)), perm=[0, 2, 1])
        if self.chance(0.6):
            x = b.Concat(b.weight(1, 1, c, scale=1), x, axis=1)
            self.s += 1
        return b.Add(x, self.positions()) if self.chance(0.8) else x

    def sound(self):
        b, c, bands = self.b, self.c, 4 * int(self.r.integers(1, 8))
        length = 2 * self.s
        x = self.input("sound", lambda g: g.standard_normal((1, bands, length), dtype=np.float32))
        x = b.Conv(x, b.weight(c, bands, 3, scale=(3 * bands) ** -0.5), b.weight(c, scale=0.2), pads=[1, 1], kernel_shape=[3])
        x = self.activation(x)
        x = b.Conv(x, b.weight(c, c, 3, scale=(3 * c) ** -0.5), b.weight(c, scale=0.2), pads=[1, 1], strides=[2], kernel_shape=[3])
        x = b.Transpose(self.activation(x), perm=[0, 2, 1])
        return b.Add(x, self.positions())

    # Parts.

    def linear(self, x, n, k, bias=None):
        b = self.b
        w = b.weight(k, n, scale=k ** -0.5)
        y = b.MatMul(x, w)
        if bias or (bias is None and self.chance(0.7)):
            bias = b.weight(n, scale=0.2)
            y = b.Add(bias, y) if self.chance(0.5) else b.Add(y, bias)
        return y

    def norm(self, x, kind=None):
        b, c = self.b, self.c
        kind = kind or self.pick("operator", "quotient", "product", "rms", "rms", "none", "nonorm")
        g = b.const((1 + 0.3 * b.rng.standard_normal(c)).astype(np.float32))
        if kind == "operator":
            return b.LayerNormalization(x, g, b.weight(c, scale=0.2), epsilon=1e-5)
        if kind in ("quotient", "product"):
            return make_graphs.layer_norm(b, x, c, kind) if b.opset < 18 else b.LayerNormalization(x, g, epsilon=1e-5)
        if kind == "rms":
            mean = b.ReduceMean(b.Mul(x, x) if self.chance(0.5) else b.Pow(x, b.f(2)), *([b.i(-1)] if b.opset >= 18 else []),
                                **({} if b.opset >= 18 else dict(axes=[-1])))
            root = b.Sqrt(b.Add(mean, b.f(1e-5)))
            y = b.Div(x, root) if self.chance(0.5) else b.Mul(x, b.Reciprocal(root))
            return b.Mul(y, g)
        if kind == "nonorm":
            return b.Add(b.Mul(x, g), b.weight(c, scale=0.2))
        return x

    def activation(self, x):
        b = self.b
        kind = self.pick("Relu", "gelu", "tanh gelu", "silu", "quick", "HardSwish", "LeakyRelu", "Tanh", "Elu", "Mish", "Sigmoid", "relu6", "Softplus")
        if kind == "gelu":
            return b.Mul(b.Mul(x, b.Add(b.Erf(b.Div(x, b.f(2 ** 0.5))), b.f(1))), b.f(0.5))
        if kind == "tanh gelu":
            inner = b.Mul(b.f((2 / np.pi) ** 0.5), b.Add(x, b.Mul(b.f(0.044715), b.Pow(x, b.f(3)))))
            return b.Mul(b.Mul(b.f(0.5), x), b.Add(b.f(1), b.Tanh(inner)))
        if kind in ("silu", "quick"):
            return b.Mul(x, b.Sigmoid(x if kind == "silu" else b.Mul(x, b.f(1.702))))
        if kind == "relu6":
            return b.Clip(x, b.f(0), b.f(6))
        if kind == "Mish" and b.opset < 18:
            return b.Mul(x, b.Tanh(b.Softplus(x)))
        return b.node(kind, x)

    def heads(self, x, h, d):
        return self.b.Transpose(self.b.Reshape(x, self.b.i(1, -1, h, d)), perm=[0, 2, 1, 3])

    def rotary(self, x, d):
        b = self.b
        angles = np.arange(self.s, dtype=np.float32)[:, None] * (10000.0 ** (-np.arange(0, d, 2) / d)).astype(np.float32)
        angles = np.concatenate([angles, angles], -1)[None, None]
        big = np.iinfo(np.int64).max
        half = b.Concat(b.Neg(b.Slice(x, b.i(d // 2), b.i(big), b.i(3))), b.Slice(x, b.i(0), b.i(d // 2), b.i(3)), axis=-1)
        return b.Add(b.Mul(x, b.const(np.cos(angles))), b.Mul(half, b.const(np.sin(angles))))

    def masked(self, scores):
        b, s = self.b, self.s
        kind = self.pick("none", "none", "causal", "keys", "both", "window")
        seen = np.tril(np.ones((s, s), bool))
        if kind == "window":
            seen &= ~np.tril(np.ones((s, s), bool), -3)
        if kind in ("keys", "both"):
            if "attention_mask" not in self.draw:
                def keys(g, s=s):
                    m = np.ones((1, s), np.int64)
                    m[0, int(g.integers(s // 2 + 1, s + 1)):] = 0
                    return m
                self.mask = (self.input("attention_mask", keys), s)
            name, length = self.mask
            if length == s:
                m = b.Cast(b.Unsqueeze(name, b.i(1, 2)), to=1)
                scores = b.Add(scores, b.Mul(b.Sub(b.f(1), m), b.f(self.pick(-10000.0, LOW))))
        if kind in ("causal", "both", "window"):
            scores = self.pick(lambda: b.Add(scores, b.const(np.where(seen, 0, LOW).astype(np.float32))),
                               lambda: b.Where(b.const(seen[None, None]), scores, b.f(LOW)))()
        return scores

    def attention(self, x, other=None):
        b, c = self.b, self.c
        h, d = self.pick(1, 2, 3, 4), self.pick(4, 8, 8, 12, 16, 16, 24, 32)
        g = self.pick(*[g for g in (h, h, 1, 2) if h % g == 0])
        if g == h and self.chance(0.3):  # one product for the three
            packed = self.linear(x, 3 * h * d, c)
            q, k, v = (self.heads(p, h, d) for p in b.Split(packed, b.i(h * d, h * d, h * d), outputs=3, axis=2))
        else:
            q = self.heads(self.linear(x, h * d, c), h, d)
            k, v = (self.heads(self.linear(x, g * d, c), g, d) for _ in range(2))
        if self.chance(0.3):
            q, k = self.rotary(q, d), self.rotary(k, d)
        if g != h:
            k, v = (b.Reshape(b.Expand(b.Unsqueeze(t, b.i(2)), b.i(1, g, h // g, self.s, d)), b.i(1, h, self.s, d)) for t in (k, v))
        if self.chance(0.3):
            q = b.Mul(q, b.f(d ** -0.5))
            scores = b.MatMul(q, b.Transpose(k, perm=[0, 1, 3, 2]))
        else:
            scores = b.MatMul(q, b.Transpose(k, perm=[0, 1, 3, 2]))
            scores = b.Div(scores, b.f(d ** 0.5)) if self.chance(0.5) else b.Mul(scores, b.f(d ** -0.5))
        y = b.MatMul(b.Softmax(self.masked(scores), axis=-1), v)
        y = b.Reshape(b.Transpose(y, perm=[0, 2, 1, 3]), b.i(1, -1, h * d))
        return self.linear(y, c, h * d)

    def mlp(self, x):
        b, c = self.b, self.c
        n = self.pick(c, 2 * c, 4 * c, 24, 40)
        if self.chance(0.3):
            return self.linear(b.Mul(self.activation(self.linear(x, n, c)), self.linear(x, n, c)), c, n)
        return self.linear(self.activation(self.linear(x, n, c)), c, n)

    def convolution(self, x):
        """Along the sequence, with all channels or each on its own."""
        b, c = self.b, self.c
        k, group = self.pick(3, 5), self.pick(1, c)
        y = b.Transpose(x, perm=[0, 2, 1])
        y = b.Conv(y, b.weight(c, c // group, k, scale=(k * c // group) ** -0.5), b.weight(c, scale=0.2), pads=[k // 2, k // 2], group=group, kernel_shape=[k])
        return self.activation(b.Transpose(y, perm=[0, 2, 1]))

    def bottleneck(self, x):
        b, c = self.b, self.c
        n = self.pick(8, 16, 24)
        y = self.linear(x, n, c)
        if self.chance(0.5):  # two ways side by side
            return self.linear(b.Concat(self.activation(y), self.linear(x, 16, c), axis=-1), c, n + 16)
        return self.linear(y, c, n)

    def layer(self, x):
        b = self.b
        pattern = self.pick("pre", "pre", "post", "parallel", "sandwich")
        kind = self.pick("operator", "quotient", "rms", "operator", "nonorm")
        if pattern == "parallel":
            y = self.norm(x, kind)
            return b.Add(b.Add(x, self.attention(y)), self.mlp(y))
        parts = [self.attention, self.mlp]
        if self.chance(0.25):
            parts.insert(1, self.pick(self.convolution, self.bottleneck))
        for part in parts:
            y = part(x if pattern == "post" else self.norm(x, kind))
            if pattern == "sandwich":
                y = self.norm(y, "operator" if kind == "nonorm" else kind)
            if self.chance(0.15):
                y = b.Mul(y, b.const((0.5 + 0.1 * b.rng.standard_normal(self.c)).astype(np.float32)))  # layer scale
            x = b.Add(x, y) if self.chance(0.5) else b.Add(y, x)
            if pattern == "post":
                x = self.norm(x, kind)
        return x

    def reshaped(self, x):
        """Fewer or more tokens."""
        b, s, c = self.b, self.s, self.c
        kind = self.pick("slice", "pad", "concat", "merge", "none")
        big = np.iinfo(np.int64).max
        if kind == "slice" and s > 3:
            start = int(self.r.integers(0, 3))
            self.s = s - start
            return b.Slice(x, b.i(start), b.i(big), b.i(1))
        if kind == "pad":
            self.s = s + 3
            # Never rows of zeros: a norm of one depends on nothing but rounding.
            return b.Add(b.Pad(x, b.i(0, 1, 0, 0, 2, 0), b.f(0)), self.positions())
        if kind == "concat":
            self.s = s + 2
            return b.Concat(x, b.weight(1, 2, c, scale=1), axis=1)
        if kind == "merge" and s % 2 == 0:  # pairs of tokens, as Swin's
            self.s = s // 2
            return self.linear(b.Reshape(x, b.i(1, s // 2, 2 * c)), c, 2 * c)
        return x

    def head(self, x):
        b, c, n = self.b, self.c, int(self.r.integers(8, 40))
        kind = self.pick("all", "first", "mean", "pooler", "hidden", "softmax")
        # One token alone may be much smaller than the others, for which there is one scale.
        x = self.norm(x, self.pick("operator", "rms") if kind in ("first", "pooler") else None)
        if kind == "hidden":
            return b.Identity(x)
        if kind == "first":
            return self.linear(b.Gather(x, b.const(np.array(0, np.int64)), axis=1), n, c)
        if kind == "mean":
            return self.linear(b.node("ReduceMean", x, *([b.i(1)] if b.opset >= 18 else []), **(dict(keepdims=0) if b.opset >= 18 else dict(axes=[1], keepdims=0))), n, c)
        if kind == "pooler":
            return b.Tanh(self.linear(b.Gather(x, b.const(np.array(0, np.int64)), axis=1), c, c))
        y = self.linear(x, n, c)
        return b.Softmax(y, axis=-1) if kind == "softmax" else y

    def grow(self):
        x = self.pick(self.plain, self.tokens, self.image, self.sound)()
        for _ in range(self.pick(1, 1, 2, 3)):
            x = self.layer(x)
            if self.chance(0.2):
                x = self.reshaped(x)
        return self.head(x)


def network(seed):
    """model, function from a generator to inputs, description."""
    net = Net(seed)
    case = net.b.case(f"random_{seed}", net.grow())
    return case.model, lambda g: {k: draw(g) for k, draw in net.draw.items()}, net.log


if __name__ == "__main__":
    onnx.save(network(int(sys.argv[1]))[0], sys.argv[2])
