# SPDX-License-Identifier: Apache-2.0
"""The rules of the integer dialect in NumPy, element by element, with Python's whole numbers."""
import math

import numpy as np


def tdiv(a, b):
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def each(f, *arrays):
    arrays = np.broadcast_arrays(*arrays)
    flat = [f(*map(int, v)) for v in zip(*(a.ravel() for a in arrays))]
    return np.array(flat, dtype=np.int64).reshape(arrays[0].shape)


def each_row(f, x):
    rows = [f([int(v) for v in r]) for r in x.reshape(-1, x.shape[-1])]
    return np.array(rows, dtype=np.int64).reshape(x.shape)


def clip(v, n, signed=True):
    return max(-(n // 2), min(n // 2 - 1, v)) if signed else max(0, min(n - 1, v))


def requant_shift(x, mul, add, div, n=256, signed=True):
    return each(lambda v, m, a: clip((2 * (v * m + a) + div) // (2 * div), n, signed), x, mul, add)


def isoftmax(x, a, b, c, log2, n=256):
    def row(v):
        top = max(v)
        e = []
        for u in v:
            d = u - top
            z = -d // log2
            e.append((a * (d + z * log2 + b) ** 2 + c) >> z)
        return [u * (n - 1) // sum(e) for u in e]
    return each_row(row, x)


def ita_max(x, n=256):
    def row(v):
        s = [(max(v) - u + 16) // 32 for u in v]
        inverse = (n - 1) * 256 // sum(256 >> k for k in s)
        return [inverse >> k for k in s]
    return each_row(row, x)


def ita_partial_max(x, n=256, g=16):
    def row(v):
        top, total = -128, 0
        for i in range(0, len(v), g):
            now = max(v[i:i + g])
            if now > top:
                total >>= (now - top + 16) // 32
                top = now
            total += sum(256 >> ((top - u + 16) // 32) for u in v[i:i + g])
        inverse = (n // 2 - 1) * 256 // total
        return [inverse >> ((top - u + 16) // 32) for u in v]
    return each_row(row, x)


def gelu(x, b, one):
    sign = lambda v: (v > 0) - (v < 0)
    return each(lambda v: v * ((one + sign(v) * (one - (min(abs(v), -b) + b) ** 2)) // 2), x)


def layernorm(x, w, bias, d, n=256):
    def row(v):
        mu = tdiv(sum(v), len(v))
        sigma = math.isqrt(sum((u - mu) ** 2 for u in v) // len(v) + 1)
        return [clip((tdiv((u - mu) * int(k), sigma) + int(o)) // d, n) for u, k, o in zip(v, w, bias)]
    return each_row(row, x)


def rmsnorm(x, w, d, n=256):
    def row(v):
        sigma = math.isqrt(sum(u * u for u in v) // len(v) + 1)
        return [clip(tdiv(u * int(k), sigma) // d, n) for u, k in zip(v, w)]
    return each_row(row, x)


def nonorm(x, w, bias, mul, d, n=256):
    return each(lambda v, k, o: clip((v * k + o) * mul // d, n), x, w, bias)


def hardswish(x, sixth, three, six):
    return each(lambda v: v * (max(0, min(six, v + three)) * sixth), x)


def mean(x, axes, keep):
    n = int(np.prod([x.shape[a] for a in axes]))
    return (2 * x.sum(axis=tuple(axes), keepdims=keep) + n) // (2 * n)


def conv(x, w, stride, pads, dilation, groups):
    """x {N, C, H, W} or {N, C, W}."""
    flat = x.ndim == 3
    if flat:
        x, w = x[:, :, None], w[:, :, None]
        stride, dilation, pads = [1] + stride, [1] + dilation, [0, pads[0], 0, pads[1]]
    x = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
    kh, kw = (w.shape[2] - 1) * dilation[0] + 1, (w.shape[3] - 1) * dilation[1] + 1
    oh, ow = (x.shape[2] - kh) // stride[0] + 1, (x.shape[3] - kw) // stride[1] + 1
    per, outs = w.shape[1], w.shape[0] // groups
    y = np.zeros((x.shape[0], w.shape[0], oh, ow), np.int64)
    for g in range(groups):
        for i in range(oh):
            for j in range(ow):
                p = x[:, g * per:(g + 1) * per, i * stride[0]:i * stride[0] + kh:dilation[0],
                      j * stride[1]:j * stride[1] + kw:dilation[1]]
                y[:, g * outs:(g + 1) * outs, i, j] = np.einsum("nchw,ochw->no", p, w[g * outs:(g + 1) * outs])
    return y[:, :, 0] if flat else y
