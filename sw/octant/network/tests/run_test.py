#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""octant run and compile, from the outside: whole networks in RTL, the report, every bad input.

usage: run_test.py OCTANT [--config NAME] [CASE...]
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[4]
DIGITS = ROOT / "sw/models/digits"
PAIRS = ROOT.parent / "shared/models/pairs"
CASES = []


def case(function):
    CASES.append(function)
    return function


class Runner:
    def __init__(self, octant, config, folder):
        self.octant, self.config, self.folder = octant, config, pathlib.Path(folder)

    def __call__(self, command, *args, code=0, text=()):
        words = [self.octant, command, *map(str, args), "--config", self.config]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
        said = done.stdout.decode(errors="replace")
        assert done.returncode == code, f"exit code {done.returncode}, not {code}: {' '.join(words)}\n{said}"
        for t in (text,) if isinstance(text, str) else text:
            assert re.search(t, said), f"not in the text: {t}\n{' '.join(words)}\n{said}"
        return said


def digits(sample):
    return [DIGITS / "digits.onnx", "--inputs", DIGITS / "images.npz", "--calibrate",
            DIGITS / "calibration.npz", "--sample", sample]


def embedding(run, seed=7):
    """Ten ids of fifty, their rows, a product."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(50, 48)).astype(np.float32)
    weight = rng.normal(size=(48, 40)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "ids"], ["rows"], name="/embed/Gather"),
         helper.make_node("MatMul", ["rows", "weight"], ["y"], name="/head/MatMul")],
        "embedding", [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, 10])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10, 40])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(weight, "weight")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, run.folder / "embedding.onnx")
    good, bad = rng.integers(0, 50, size=(1, 10)), rng.integers(0, 50, size=(1, 10))
    bad[0, 6] = 50
    np.savez(run.folder / "good.npz", ids=good)
    np.savez(run.folder / "bad.npz", ids=bad)
    return run.folder / "embedding.onnx", table[good] @ weight


@case
def digits_are_exact(run):
    report, outputs = run.folder / "report", run.folder / "outputs.npz"
    run("run", *digits(3), "--checks", "--repeat", 3, "--report", report, "--save-outputs", outputs,
        text=[r"tensors, [0-9 ]+ elements, 0 mismatches", r"logits: cosine 0\.99"])
    label = np.load(DIGITS / "images.npz")["labels"][3]
    assert np.load(outputs)["logits"].argmax() == label
    r = json.loads((report / "report.json").read_text())
    assert list(r)[:7] == ["schema", "model", "config", "cycles", "macs", "utilisation",
                           "estimated_cycles"], list(r)
    assert r["schema"] == "octant-report-1" and r["config"] == run.config
    assert r["bit_exact"]["mismatches"] == 0 and r["bit_exact"]["tensors"] > 20
    assert r["bit_exact"]["elements"] > 20000
    assert abs(r["utilisation"] - r["macs"] / (r["cycles"] * r["machine"]["macs_per_cycle"])) < 1e-9
    assert sum(layer["cycles"] for layer in r["layers"]) == r["cycles"]
    assert any(layer["nodes"] for layer in r["layers"])
    assert sum(r["lost"].values()) == r["cycles"], r["lost"]
    for layer in r["layers"]:
        assert sum(layer["lost"].values()) == layer["cycles"], layer
    assert r["lost"]["useful"] == r["macs"] // r["machine"]["macs_per_cycle"], r["lost"]
    assert abs(sum(layer["estimated_cycles"] for layer in r["layers"]) - r["estimated_cycles"]) < len(r["layers"])
    assert r["compile"]["seconds"] > 0 and r["compile"]["memory_gib"] > 0
    assert r["accuracy"][0]["output"] == "logits" and r["accuracy"][0]["cosine"] > 0.99
    assert len(r["layer_accuracy"]) > 10 and r["simulation"]["khz"] > 0
    assert "<html" in (report / "report.html").read_text()
    events = json.loads((report / "timeline.json").read_text())["traceEvents"]
    assert sum(e["ph"] == "X" for e in events) > 50
    assert max(e["ts"] + e["dur"] for e in events if e["ph"] == "X") == r["cycles"]


@case
def many_digits(run):
    """A test set in one simulation: the golden model's predictions, image by image."""
    outputs, golden = run.folder / "rtl.npz", run.folder / "golden.npz"
    images = [DIGITS / "digits.onnx", "--inputs", DIGITS / "test.npz", "--calibrate",
              DIGITS / "calibration.npz", "--samples", 64]
    run("run", *images, "--save-outputs", outputs, text="64 samples, 64 of them exact")
    run("accuracy", *images, "--save-outputs", golden, text="the same largest element in 6[1-4] of 64")
    got, wanted = np.load(outputs), np.load(golden)
    assert (got["logits"] == wanted["logits"]).all() and got["logits"].shape == (64, 1, 10)
    assert (got["float.logits"] == wanted["float.logits"]).all()


@case
def reports_side_by_side(run):
    a, b, page = run.folder / "a", run.folder / "b", run.folder / "both.html"
    run("run", *digits(3), "--report", a)
    run("run", *digits(3), "--report", b, "--latency", 300)
    words = [run.octant, "report", str(a), str(b / "report.json"), "-o", str(page)]
    said = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout.decode()
    cycles = [json.loads((d / "report.json").read_text())["cycles"] for d in (a, b)]
    change = 100 * (cycles[1] / cycles[0] - 1)
    assert cycles[1] > cycles[0] and re.search(rf"cycles +{cycles[0]} +{cycles[1]}  \+{change:.1f} %", said), said
    assert "semaphore_dma_in" in said and "layers that differ most" in said
    assert page.read_text().count('"octant-report-1"') == 2
    (run.folder / "x.json").write_text("{}")
    for bad, text in ((run.folder / "none", "cannot be read"), (run.folder / "x.json", "is no report")):
        done = subprocess.run([run.octant, "report", str(bad)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 2 and text in done.stdout.decode(), done.stdout


@case
def waves_of_a_layer(run):
    """On the machine whose tracing model is always there."""
    tiny = Runner(run.octant, "tiny", run.folder)
    fst = run.folder / "layer.fst"
    said = tiny("run", *digits(3), "--trace", fst, "--layer", "node_MatMul_62", "--layer-cycles", 300, "--scope",
                "u_cluster.u_queues", "--scope", "u_cluster.u_attention.u_regs", text="0 mismatches")
    assert re.search(r"waves +node_MatMul_62: cycles [0-9 ]+ to [0-9 ]+ of the network, of [0-9 ]+ \(--layer", said), said
    assert fst.stat().st_size > 1000
    view = fst.with_suffix(".gtkw").read_text()
    for signal in ("u_attention.u_regs.step[8:0]", "u_queues.g_queue[0].u_head.tag_q[15:0]",
                   "u_queues.g_queue[4].u_head.valid_q"):
        assert f"TOP.oct_top.u_cluster.{signal}\n" in view, view
    tiny("run", *digits(3), "--trace", fst, "--layer", "linear_99", code=2, text="--layer linear_99: no such layer")
    tiny("run", *digits(3), "--trace", fst, "--layer", "linear", code=2, text=r"There are:\n  node_linear_18\n")
    tiny("run", *digits(3), "--layer", "node_MatMul_62", code=2, text="--layer needs --trace")


@case
def digits_with_less_memory_are_the_same(run):
    first, second = run.folder / "a.npz", run.folder / "b.npz"
    run("run", *digits(5), "--save-outputs", first)
    run("run", *digits(5), "--save-outputs", second, "--l1", 20000, "--latency", 333, "--seed", 9)
    assert (np.load(first)["logits"] == np.load(second)["logits"]).all()


@case
def rows_by_id(run):
    model, want = embedding(run)
    outputs = run.folder / "y.npz"
    run("run", model, "--inputs", run.folder / "good.npz", "--save-outputs", outputs,
        text="0 mismatches")
    got = np.load(outputs)["y"]
    assert np.linalg.norm(got - want) < 0.02 * np.linalg.norm(want)


@case
def pairs(run):
    """Networks beside the repository; where they are not, the others have to do."""
    names = ["bert", "vit"] if PAIRS.exists() else []
    for name in names:
        run("run", PAIRS / name / "dynamo18.onnx", "--inputs", PAIRS / name / "inputs.npz",
            text=[r"0 mismatches", r"cosine 0\.99"])


@case
def compile_writes_files(run):
    out = run.folder / "compiled"
    run("compile", *digits(0), "-o", out, text="network.elf")
    for name in ("network.c", "network.bin", "network.json", "network.elf", "main.c", "integer.txt",
                 "integer.onnx", "canonical.txt"):
        assert (out / name).stat().st_size > 0, name
    described = json.loads((out / "network.json").read_text())
    assert described["schema"] == "octant-network-1"
    port = described["inputs"][0]
    assert port["name"] == "image" and port["type"] == "int8" and port["scale"] > 0
    assert port["address"] >= described["l2"]["address"]
    onnx.load(out / "integer.onnx")
    assert "node_" in (out / "network.c").read_text()  # names of ONNX nodes


@case
def bad_inputs(run):
    model, _ = embedding(run)
    bad = run.folder / "x.npz"
    run("run", model, "--inputs", run.folder / "bad.npz", "--calibrate", run.folder / "good.npz",
        "--no-verify", code=2, text="id 50 in row 6 of ids")
    np.savez(bad, other=np.zeros(3))
    run("run", DIGITS / "digits.onnx", "--inputs", bad, code=2,
        text=[r"no 'image': the model needs f32 \[1, 1, 8, 8\]", r"it has other f32 \[3\]"])
    np.savez(bad, image=np.zeros((1, 1, 8, 9), np.float32))
    run("run", DIGITS / "digits.onnx", "--inputs", bad, code=2,
        text=r"'image' is \[1, 1, 8, 9\], the model needs \[1, 1, 8, 8\]")
    run("run", *digits(99), code=2, text=r"--sample 99: .* has 10 \(0 to 9\)")
    run("run", DIGITS / "digits.onnx", "--inputs", run.folder / "none.npz", code=2, text="none.npz")
    run("run", run.folder / "none.onnx", code=2, text="none.onnx")
    run("run", *digits(0), "--l1", 10_000_000, code=2, text=r"--l1 10000000: networks may use")
    run("run", *digits(0), "--l1", 1024, code=2, text=r"L1")
    run("run", *digits(0), "--dump-after=nothing", code=2, text="no such stage; there are import")
    run("run", *digits(0), "--dim", "n", code=2, text="write NAME=NUMBER")
    run("run", *digits(0), "--scope", "u_cluster", code=2, text="need --trace")
    run("run", *digits(0), "--max-cycles", 4000, code=3,
        text=[r"not finished after 4000 cycles", r"dma-in +\d+ of \d+ ended, at dma-in job \d+ \(.*\), layer "])


@case
def unknown_machine(run):
    other = Runner(run.octant, "huge", run.folder)
    other("run", *digits(0), code=2, text="no machine 'huge'; there are:")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("octant")
    p.add_argument("--config", default="octant")
    p.add_argument("cases", nargs="*")
    args = p.parse_intermixed_args()  # cases stand behind --config, too
    chosen = [c for c in CASES if not args.cases or c.__name__ in args.cases]
    if not chosen:
        sys.exit(f"no such case; there are {' '.join(c.__name__ for c in CASES)}")
    failed = 0
    for c in chosen:
        with tempfile.TemporaryDirectory() as folder:
            try:
                c(Runner(args.octant, args.config, folder))
                print(f"ok    {c.__name__}")
            except AssertionError as problem:
                failed += 1
                print(f"FAIL  {c.__name__}: {problem}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
