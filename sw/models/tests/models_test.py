# SPDX-License-Identifier: Apache-2.0
"""The networks of sw/models are what their pages say, and the flow takes them.

usage: models_test.py [FLOW_TOOL]     (without one, only the graphs themselves are checked)
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import onnx
import onnxruntime

MODELS = pathlib.Path(__file__).resolve().parents[1]
FLOW_TOOL = sys.argv.pop(1) if len(sys.argv) > 1 else None
onnxruntime.set_default_logger_severity(3)


def session_of(model):
    source = str(model) if isinstance(model, pathlib.Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])


def flow_agrees(test, model, feeds, tolerance=2e-5):
    """The flow's own float executor, after all passes, against ONNX Runtime."""
    if FLOW_TOOL is None:
        test.skipTest("no flow_tool given")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if not isinstance(model, pathlib.Path):
            onnx.save(model, folder / "model.onnx")
            model = folder / "model.onnx"
        np.savez(folder / "in.npz", **feeds)
        run = subprocess.run(
            [FLOW_TOOL, model, "--integer", "--inputs", folder / "in.npz",
             "--outputs", folder / "out.npz"], capture_output=True, text=True, timeout=120)
        test.assertEqual(run.returncode, 0, run.stderr)
        session = session_of(model)
        found = np.load(folder / "out.npz")
        for output, want in zip(session.get_outputs(), session.run(None, feeds)):
            error = np.abs(found[output.name] - want).max()
            test.assertLess(error, tolerance * np.abs(want).max(), output.name)


class Digits(unittest.TestCase):
    folder = MODELS / "digits"

    def archive(self, name):
        return np.load(self.folder / f"{name}.npz")

    def test_split(self):
        test, calibration, images = map(self.archive, ("test", "calibration", "images"))
        self.assertEqual(test["image"].shape, (360, 1, 8, 8))
        self.assertEqual(len(set(test["index"])), 360)
        self.assertFalse(set(test["index"]) & set(calibration["index"]), "calibrated on test images")
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


if __name__ == "__main__":
    unittest.main()
