#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Decoding in RTL, on small Llama-shaped models made here: a prompt and tokens behind it, more than
the caches have slots, so that new rows go where the oldest ones were. Every tensor of every token is
compared with the golden executor; the first new token is held against ONNX Runtime with caches that
slide.

  decode_test.py OCTANT [--config NAME]
"""
import argparse
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "models"))
from networks.llama import Llama  # noqa: E402

BYTES = 256


FIRST_WORD = BYTES + 3 + 27
LETTERS = [b"%c" % c for c in range(ord("a"), ord("z") + 1)]


def vocabulary():
    """<unk>, <s>, </s>, all bytes, letters, then words of a letter."""
    pieces = [b"<unk>", b"<s>", b"</s>"] + [f"<0x{i:02X}>".encode() for i in range(BYTES)]
    return pieces + [b" "] + LETTERS + [b" " + c for c in LETTERS]


def write_vocabulary(path, pieces):
    data = struct.pack("<i", max(map(len, pieces)))
    for i, piece in enumerate(pieces):
        data += struct.pack("<fi", float(i), len(piece)) + piece
    path.write_bytes(data)


def run(octant, config, model, *more):
    command = [octant, "run", str(model), "--config", config, *map(str, more)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Sliding:
    """ONNX Runtime; its caches hold the last tokens in order."""

    def __init__(self, model, llama):
        self.session = onnxruntime.InferenceSession(str(model))
        self.cached = llama.cached
        shape = (1, llama.heads, llama.cached, llama.width // llama.heads)
        self.past = {i.name: np.zeros(shape, np.float32) for i in self.session.get_inputs()
                     if i.name.startswith("past")}
        self.names = [o.name for o in self.session.get_outputs()]

    def logits(self, step, token):
        mask = np.zeros((1, self.cached + 1), np.int64)
        mask[0, max(0, self.cached - step):] = 1
        feeds = {"input_ids": np.array([[token]], np.int64),
                 "position_ids": np.array([[step]], np.int64), "attention_mask": mask, **self.past}
        out = dict(zip(self.names, self.session.run(None, feeds)))
        for name in self.past:
            self.past[name] = out[name.replace("past_key_values", "present")][:, :, 1:]
        return out["logits"].reshape(-1)


def check(octant, config, folder, llama, made):
    """A prompt that fills the caches and wraps around, and `made` tokens behind it."""
    model = folder / "decode.onnx"
    onnx.save(llama.build(), model)
    pieces = vocabulary()
    write_vocabulary(folder / "vocabulary.bin", pieces)
    draw = np.random.default_rng(llama.seed)
    words = [int(t) for t in draw.integers(FIRST_WORD, len(pieces), 2 * llama.cached + 3)]
    prompt = "".join(pieces[t].decode() for t in words).strip()
    steps = len(words) + made
    said = run(octant, config, model, "--max-positions", steps, "--steps", steps, "--prompt", prompt,
               "--tokenizer", folder / "vocabulary.bin")
    exact = re.search(r"(\d+) tokens, (\d+) elements, 0 mismatches", said)
    assert exact and int(exact[1]) > len(words) and int(exact[2]) > 0, said
    # The first token that it made is among those that float would choose.
    sliding = Sliding(model, llama)
    for step, token in enumerate([1] + words):
        logits = sliding.logits(step, token)
    text = said.splitlines()[1]
    echo = prompt + "|" + prompt
    assert text.startswith(echo), f"{echo}\n{said}"
    rest = text[len(echo):].encode()
    fits = [t for t in range(BYTES + 3, len(pieces)) if rest.startswith(pieces[t])]
    fits += [3 + rest[0]] if rest else [1, 2]
    away = min((logits.max() - logits[t]) / (logits.max() - logits.mean()) for t in fits)
    assert away < 0.3, f"{away} away from what float chooses, {logits.argmax()}: {fits}\n{said}"
    print(f"{llama}: {steps} steps, {away:.3f} from float's choice\n{said}")


WORDS = len(vocabulary())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("octant")
    parser.add_argument("--config", default="octant")
    a = parser.parse_args()
    for llama in (
            Llama(layers=2, width=32, heads=4, hidden=64, vocabulary=WORDS, cached=7, seed=3),
            Llama(layers=1, width=48, heads=2, hidden=40, vocabulary=WORDS, cached=11, seed=5)):
        with tempfile.TemporaryDirectory() as folder:
            check(str(Path(a.octant).resolve()), a.config, Path(folder), llama, 4)


if __name__ == "__main__":
    main()
