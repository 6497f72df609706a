# SPDX-License-Identifier: Apache-2.0
"""Networks on less L1: with 64 and 48 KiB they compile and every byte is the golden executor's; with 8 KiB
and less they do, too, or the error says how much would do, and that much does.

usage: l1_test.py FLOW_SCHEDULE
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[4]
PAIRS = ROOT.parent / "shared/models/pairs"
OVERHEAD = 12 * 1024 + 512  # the tool leaves so much to the runtime


def networks():
    yield ROOT / "sw/models/digits/digits.onnx", []
    if not PAIRS.is_dir():
        print(f"SKIPPED: {PAIRS} is not there; only digits was checked")
        return
    for name in "bert", "gpt2", "llama", "vit", "whisper_encoder":
        yield PAIRS / name / "dynamo18.onnx", ["--inputs", PAIRS / name / "inputs.npz"]


def main():
    count, failed, refusals = 0, 0, 0

    def tried(model, args, usable):
        command = [sys.argv[1], str(model), *map(str, args), "--simple", "--orders", "1", "--effort", "3000",
                   "--l1", str(usable + OVERHEAD)]
        return subprocess.run(command, capture_output=True, text=True, timeout=200)

    def check(good, text):
        nonlocal count, failed
        count += 1
        if not good:
            failed += 1
            print("FAILED", text)

    def exact(run):
        return run.returncode == 0 and re.search(r"order 0: [1-9]\d* bytes equal", run.stdout)

    for model, args in networks():
        name = f"{model.parent.name}/{model.name}"
        for kib in (64, 48):
            run = tried(model, args, kib * 1024)
            check(exact(run), f"{name} with {kib} KiB: {run.returncode} {run.stderr}")
        for size in (8192, 4096, 2048, 1024):  # the first that is refused says what would do
            run = tried(model, args, size)
            if run.returncode == 0:
                check(exact(run), f"{name} with {size} bytes: {run.stdout}")
                continue
            refusals += 1
            said = re.search(rf"{size} bytes of L1 are too little.*; (\d+) bytes would do", run.stderr)
            check(run.returncode == 2 and said, f"{name} with {size} bytes: {run.returncode} {run.stderr}")
            if said:
                again = tried(model, args, int(said[1]))
                check(exact(again), f"{name} with {said[1]} bytes, as was said: {again.returncode} {again.stderr}")
            break
    check(refusals > 0, "none was refused: the test shows nothing")
    print(f"{count - failed} passed, {failed} failed")
    return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
