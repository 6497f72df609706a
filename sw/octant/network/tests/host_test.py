# SPDX-License-Identifier: Apache-2.0
"""What the host does in front of the cluster and behind it: arithmetic on ids and masks always, what has no
integer form only with --host-fallback. Near ONNX Runtime's result either way, and never unsaid.

usage: host_test.py OCTANT
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

RNG = np.random.default_rng(3)
C, S, WORDS = 32, 12, 40


def node(op, inputs, output, **attributes):
    return h.make_node(op, inputs.split(), output.split(), name=f"the_{op}_{output.split()[0]}", **attributes)


def weights(*shape):
    return (RNG.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)


def tokens(rng, padded=True):
    ids = rng.integers(4, WORDS, (1, S))
    if padded:
        ids[0, int(rng.integers(S // 2, S)):] = 1
    return ids


def model(nodes, inputs, constants, outputs, opset=17):
    graph = h.make_graph(nodes, "host", [h.make_tensor_value_info(n, t, s) for n, (t, s) in inputs.items()],
                         [h.make_empty_tensor_value_info(o) for o in outputs],
                         [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()])
    return h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=8)


def positions():
    """RoBERTa's: counted from the first token that is no padding."""
    nodes = [node("Equal", "ids one", "pad"), node("Not", "pad", "kept"), node("Cast", "kept", "k", to=T.INT64),
             node("CumSum", "k axis", "count"), node("Mul", "count k", "c"), node("Add", "c one", "p"),
             node("Gather", "words ids", "a"), node("Gather", "places p", "b"), node("Add", "a b", "x"),
             node("MatMul", "x w", "y")]
    constants = {"one": np.array(1), "axis": np.array(1), "words": weights(WORDS, C) * 4, "places": weights(S + 4, C) * 4,
                 "w": weights(C, C)}
    return model(nodes, {"ids": (T.INT64, [1, S])}, constants, ["y"]), lambda rng: {"ids": tokens(rng)}


def last_token():
    """CLIP's: the row of the largest id."""
    nodes = [node("Gather", "words ids", "a"), node("MatMul", "a w", "x"), node("ArgMax", "ids", "at", axis=-1, keepdims=0),
             node("Cast", "at", "i", to=T.INT64), node("Range", "zero one one", "row"),
             node("Unsqueeze", "row last", "r1"), node("Unsqueeze", "i last", "i1"), node("Concat", "r1 i1", "place", axis=-1),
             node("GatherND", "x place", "y")]
    constants = {"words": weights(WORDS, C) * 4, "w": weights(C, C), "zero": np.array(0), "one": np.array(1),
                 "last": np.array([-1])}
    return model(nodes, {"ids": (T.INT64, [1, S])}, constants, ["y"]), lambda rng: {"ids": tokens(rng, False)}


def masked_mean():
    """What sentence encoders end with."""
    nodes = [node("Gather", "words ids", "a"), node("MatMul", "a w", "x"), node("Unsqueeze", "mask last", "m1"),
             node("Cast", "m1", "m", to=T.FLOAT), node("Mul", "x m", "xm"), node("ReduceSum", "xm one", "sum", keepdims=0),
             node("ReduceSum", "m one", "n0", keepdims=0), node("Clip", "n0 tiny", "n"), node("Div", "sum n", "y")]
    constants = {"words": weights(WORDS, C) * 4, "w": weights(C, C), "last": np.array([-1]), "one": np.array([1]),
                 "tiny": np.float32(1e-9)}

    def draw(rng):
        mask = np.ones((1, S), np.int64)
        mask[0, int(rng.integers(S // 2, S + 1)):] = 0
        return {"ids": tokens(rng, False), "mask": mask}
    return model(nodes, {"ids": (T.INT64, [1, S]), "mask": (T.INT64, [1, S])}, constants, ["y"]), draw


def hidden_rows():
    """DeBERTa's mask: of queries and keys, before the softmax and behind it."""
    nodes = [node("Gather", "words ids", "a"), node("MatMul", "a wq", "q"), node("MatMul", "a wk", "k"), node("MatMul", "a wv", "v"),
             node("Unsqueeze", "mask one", "m1"), node("Unsqueeze", "mask two", "m2"), node("Mul", "m1 m2", "both"),
             node("Cast", "both", "kept", to=T.BOOL), node("Not", "kept", "hidden"), node("Transpose", "k", "kt", perm=[0, 2, 1]),
             node("MatMul", "q kt", "s"), node("Mul", "s factor", "s1"), node("Where", "hidden low s1", "s2"),
             node("Softmax", "s2", "p", axis=-1), node("Where", "hidden zero p", "p1"), node("MatMul", "p1 v", "y")]
    constants = {"words": weights(WORDS, C) * 4, "wq": weights(C, C), "wk": weights(C, C), "wv": weights(C, C), "one": np.array([1]),
                 "two": np.array([2]), "factor": np.float32(C ** -0.5), "low": np.float32(np.finfo(np.float32).min), "zero": np.float32(0)}

    def draw(rng):
        mask = np.ones((1, S), np.int64)
        mask[0, int(rng.integers(S // 2, S)):] = 0
        return {"ids": tokens(rng, False), "mask": mask}
    return model(nodes, {"ids": (T.INT64, [1, S]), "mask": (T.INT64, [1, S])}, constants, ["y"]), draw


def floats(nodes, outputs=("y",), **constants):
    def draw(rng):
        return {"x": rng.standard_normal((1, S, C)).astype(np.float32)}
    return model(nodes, {"x": (T.FLOAT, [1, S, C])}, {"w": weights(C, C)} | constants, list(outputs)), draw


def cases():
    """name, model and samples, refused without --host-fallback."""
    yield "positions", *positions(), []
    yield "last token", *last_token(), []
    yield "masked mean", *masked_mean(), []
    yield "hidden rows", *hidden_rows(), []
    yield "behind", *floats([node("MatMul", "x w", "t"), node("LogSoftmax", "t", "u", axis=-1), node("Neg", "u", "y")]), ["the_LogSoftmax_u"]
    yield "in front", *floats([node("CumSum", "x axis", "t"), node("MatMul", "t w", "y")], axis=np.array(1)), ["the_CumSum_t"]
    yield "both ends", *floats([node("CumSum", "x axis", "s"), node("MatMul", "s w", "t"), node("ArgMax", "t", "y", axis=-1),
                                node("Tanh", "t", "z")], ("y", "z"), axis=np.array(1)), ["the_CumSum_s", "the_ArgMax_y"]


def main():
    tool, failed, count = sys.argv[1], [], 0

    def octant(*args):
        return subprocess.run([tool, *map(str, args)], capture_output=True, text=True, timeout=120)

    def check(good, text):
        nonlocal count
        count += 1
        if not good:
            failed.append(text)
            print("FAILED", text)

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name, m, draw, refused in cases():
            path, samples = folder / "m.onnx", folder / "s.npz"
            onnx.save(m, path)
            rng = np.random.default_rng(1)
            drawn = [draw(rng) for _ in range(6)]
            np.savez(samples, **{k: np.concatenate([d[k] for d in drawn]) for k in drawn[0]})
            if refused:
                r = octant("accuracy", path, "--inputs", samples)
                check(r.returncode == 2 and all(n in r.stderr for n in refused) and "--host-fallback" in r.stderr,
                      f"{name}: refused by name, exit code 2: {r.returncode} {r.stderr}")
            r = octant("accuracy", path, "--inputs", samples, "--save-outputs", folder / "o.npz",
                       *(["--host-fallback"] if refused else []))
            check(r.returncode == 0, f"{name}: runs: {r.returncode} {r.stderr}")
            said = ["NOT whole in RTL", *refused] if refused else ["on ids and masks"]
            check(all(w in r.stdout for w in said), f"{name}: says {said}: {r.stdout}")
            if r.returncode:
                continue
            session = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
            outputs = np.load(folder / "o.npz")
            for info in session.get_outputs():
                want = np.stack([session.run([info.name], d)[0] for d in drawn]).astype(np.float64)
                got = outputs[info.name].astype(np.float64).reshape(want.shape)
                if want.dtype.kind == "f" and info.type == "tensor(float)":
                    cosine = (got * want).sum() / np.sqrt((got * got).sum() * (want * want).sum())
                    check(cosine >= 0.99, f"{name}: cosine of {info.name}: {cosine}")
                else:
                    same = (got == want).mean()
                    check(same >= 0.8, f"{name}: {info.name}: {same} equal")
        # Decoders with and without a cache in one file: a truth value chooses, and the user fixes it.
        def branch(w):
            nothing = node("Constant", "", "n", value=numpy_helper.from_array(np.zeros((0, C), np.float32), "n"))
            return h.make_graph([node("MatMul", f"x {w}", "t"), node("Gelu", "t", "y"), node("Identity", "y", f"z_{w}"), nothing], w, [],
                                [h.make_tensor_value_info(o, T.FLOAT, None) for o in (f"z_{w}", "n")])

        nodes = [h.make_node("If", ["use_cache_branch"], ["y", "none"], name="the_If", then_branch=branch("w"), else_branch=branch("v"))]
        m = model(nodes, {"x": (T.FLOAT, [1, S, C]), "use_cache_branch": (T.BOOL, [1])}, {"w": weights(C, C), "v": weights(C, C)}, ["y", "none"], 20)
        onnx.save(m, folder / "if.onnx")
        x = RNG.standard_normal((1, S, C)).astype(np.float32)
        np.savez(folder / "if.npz", x=x, use_cache_branch=np.array([True]))
        r = octant("accuracy", folder / "if.onnx")
        check(r.returncode == 2 and "--dim use_cache_branch=0 or --dim use_cache_branch=1" in r.stderr, f"says what fixes it: {r.stderr}")
        session = onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"])
        for choice in (0, 1):
            r = octant("accuracy", folder / "if.onnx", "--inputs", folder / "if.npz", "--save-outputs", folder / "o.npz", "--dim", f"use_cache_branch={choice}")
            check(r.returncode == 0, f"branch {choice}: {r.returncode} {r.stderr}")
            if r.returncode == 0:
                got, want = np.load(folder / "o.npz")["y"].ravel(), session.run(None, {"x": x, "use_cache_branch": np.array([bool(choice)])})[0].ravel()
                check(got @ want / np.sqrt((got @ got) * (want @ want)) >= 0.99, f"branch {choice} is the one")
        # Nothing but what has no integer form: no network is left.
        m, draw = floats([node("CumSum", "x axis", "y")], axis=np.array(1))
        onnx.save(m, folder / "n.onnx")
        r = octant("compile", folder / "n.onnx", "--host-fallback")
        check(r.returncode == 2 and "nothing of the model is left" in r.stderr, f"nothing left: {r.returncode} {r.stderr}")
    print(f"{count - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
