#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a network ready to compile and run.

usage: make_model.py NAME [--out DIR]        (DIR: build/models)
       make_model.py minilm --sentences "First one." "Second one." [--out DIR]

Writes DIR/NAME.onnx, DIR/NAME.inputs.npz, DIR/NAME.calibration.npz and DIR/NAME.json, which says
what they are; does nothing when they are there and newer than what makes them. In an .npz, each
array has the name of an input and holds one sample in each row of its first axis.
--sentences writes DIR/NAME.inputs.npz for these sentences instead of the committed ones.
"""
import argparse
import json
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
try:
    import numpy as np
    import onnx
except ImportError:
    python = ROOT / ".venv" / "bin" / "python3"
    if not python.exists() or pathlib.Path(sys.prefix) == ROOT / ".venv":
        raise SystemExit("make_model.py needs the Python packages numpy and onnx; `make setup` "
                         "installs them into .venv") from None
    os.execv(python, [str(python), *sys.argv])

from networks import minilm, samples  # noqa: E402
from networks.dinov2 import DinoV2  # noqa: E402
from networks.llama import Llama  # noqa: E402
from networks.mobilebert import MobileBert  # noqa: E402
from networks.whisper import Whisper  # noqa: E402

DRAWN = {
    "mobilebert": (MobileBert(), "MobileBERT encoder, 24 layers, 128 tokens"),
    "mobilebert_2_layers": (MobileBert(layers=2), "two layers of MobileBERT, 128 tokens"),
    "dinov2_small": (DinoV2(), "DINOv2-small, 224x224 pixels, 257 tokens"),
    "whisper_tiny_encoder": (Whisper(), "Whisper-tiny encoder, 1024 mel frames, 512 tokens"),
    "whisper_tiny_encoder_s1500": (Whisper(tokens=1500, spelling="newer"),
                                   "Whisper-tiny encoder, 3000 mel frames, 1500 tokens"),
    "llama_d64_l8": (Llama(), "Llama-shaped story model, one decoding step, 64 tokens cached"),
}
MINILM = {"minilm": 128, "minilm_s32": 32}
INPUTS, CALIBRATION = 2, 8  # samples of drawn networks


class Output:
    """The files of one network. The .json comes last: where it is, the others are whole."""

    def __init__(self, folder, name):
        self.name, self.folder = name, folder
        folder.mkdir(parents=True, exist_ok=True)
        self.description = self.path("json")

    def path(self, what):
        return self.folder / f"{self.name}.{what}"

    def _write(self, what, write):
        # What is half written bears another name, so two that make it at once do no harm.
        part = self.folder / f".{self.name}.{os.getpid()}.{what}"
        write(part)
        part.replace(self.path(what))

    def model(self, model):
        self._write("onnx", lambda part: onnx.save(model, part))

    def samples(self, what, arrays):
        self._write(f"{what}.npz", lambda part: np.savez(part, **arrays))

    def copy(self, what, source):
        self._write(what, lambda part: shutil.copyfile(source, part))

    def describe(self, **facts):
        facts = {"name": self.name, "model": self.path("onnx").name,
                 "inputs": self.path("inputs.npz").name,
                 "calibration": self.path("calibration.npz").name, **facts}
        self._write("json", lambda part: part.write_text(json.dumps(facts, indent=2) + "\n"))

    def current(self):
        if not self.description.exists():
            return False
        sources = [f for f in HERE.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
        made = self.description.stat().st_mtime
        return all(f.stat().st_mtime <= made for f in sources)


def make_digits(out):
    folder = HERE / "digits"
    out.copy("onnx", folder / "digits.onnx")
    out.copy("inputs.npz", folder / "images.npz")
    out.copy("calibration.npz", folder / "calibration.npz")
    out.copy("test.npz", folder / "test.npz")
    out.describe(title="small vision Transformer on handwritten digits", weights="trained",
                 dims={}, test=out.path("test.npz").name)


def make_drawn(out):
    config, title = DRAWN[out.name]
    model = config.build()
    out.model(model)
    out.samples("inputs", samples.draw(model, INPUTS, seed=100))
    out.samples("calibration", samples.draw(model, CALIBRATION, seed=200))
    out.describe(title=title, weights="drawn", dims={})


def make_minilm(out, sentences=None):
    length = MINILM[out.name]
    pieces = minilm.tokenizer(out.folder)
    texts = sentences or minilm.texts("test", pieces, length)
    model = minilm.MODEL.fetch(out.folder / "minilm.onnx")
    if out.name != "minilm":
        out.copy("onnx", model)
    out.samples("inputs", pieces.encode(texts, length))
    calibration = minilm.texts("calibration", pieces, length)
    out.samples("calibration", pieces.encode(calibration, length))
    out.describe(title=f"all-MiniLM-L6-v2 sentence encoder, {length} tokens", weights="trained",
                 dims={"batch": 1, "sequence": length}, pooling="masked mean, L2 norm",
                 vocabulary="minilm.vocab.txt", texts=texts,
                 sentences="given" if sentences else "committed")


def main():
    names = ["digits", *MINILM, *DRAWN]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="make_model.py NAME [--out DIR] [--sentences TEXT...] | --list")
    parser.add_argument("name", nargs="?", help=", ".join(names))
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "models")
    parser.add_argument("--sentences", nargs="+", metavar="TEXT")
    parser.add_argument("--list", action="store_true", help="names only, a line each")
    args = parser.parse_args()
    if args.list:
        print("\n".join(names))
        return
    if args.name not in names:
        said = f"{args.name}: no such network" if args.name else "which network?"
        raise SystemExit(f"make_model.py: {said}; there are: {', '.join(names)}")
    if args.sentences and args.name not in MINILM:
        raise SystemExit(f"make_model.py: {args.name} reads no sentences; "
                         f"those that do: {', '.join(MINILM)}")
    if args.sentences and not all(text.strip() for text in args.sentences):
        raise SystemExit("make_model.py: --sentences: one of them is empty")
    out = Output(args.out, args.name)
    given = args.sentences or (out.description.exists() and
                               json.loads(out.description.read_text()).get("sentences") == "given")
    if given or not out.current():
        if args.name == "digits":
            make_digits(out)
        elif args.name in MINILM:
            make_minilm(out, args.sentences)
        else:
            make_drawn(out)
    print(out.path("onnx"))


if __name__ == "__main__":
    main()
