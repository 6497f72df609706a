#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plant one-line bugs in the RTL and see that the ordinary tests notice them.

tb/mutants/<block>.yaml lists bugs: {file, from, to, test}. `from` occurs exactly once in `file`;
`test` is the ctest name that must fail when it reads `to`. A copy of the tree is built with one
bug at a time; a bug that no test notices makes this script fail, and so does an empty list.

A result is kept in build/mutants/results until the mutant, the sources of its kind (RTL, programs) or
its test change, so that a run that was ended, or given --minutes, goes on where it stopped.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["cmake", "rtl", "tb", "sw", "scripts", "docs"]
FILES = ["CMakeLists.txt", "Makefile"]


class MutantError(Exception):
    """A list that cannot be used as it stands."""


def read_list(folder):
    mutants = []
    for path in sorted(folder.glob("*.yaml")):
        entries = yaml.safe_load(path.read_text()) or []
        for number, entry in enumerate(entries, 1):
            name = f"{path.stem}-{number:02d}"
            missing = [k for k in ("file", "from", "to", "test") if k not in entry]
            if missing:
                raise MutantError(f"{path.name}: entry {number}: no key {missing[0]}")
            text = (ROOT / entry["file"]).read_text() if (ROOT / entry["file"]).exists() else None
            if text is None:
                raise MutantError(f"{path.name}: entry {number}: {entry['file']}: no such file")
            count = text.count(entry["from"])
            if count != 1:
                raise MutantError(f"{path.name}: entry {number}: `{entry['from']}` occurs {count} "
                                  f"times in {entry['file']}; it must occur once")
            mutants.append({"name": name, **entry})
    return mutants


def sync(tree):
    """Copy the sources; unchanged files keep their time, so nothing is rebuilt without need."""
    tree.mkdir(parents=True, exist_ok=True)
    for item in FOLDERS:
        for source in (ROOT / item).rglob("*"):
            if source.is_file() and "__pycache__" not in source.parts:
                copy(source, tree / source.relative_to(ROOT))
    for item in FILES:
        copy(ROOT / item, tree / item)
    link = tree / ".venv"
    if not link.exists() and (ROOT / ".venv").exists():
        link.symlink_to(ROOT / ".venv")


def copy(source, target):
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    shutil.copymode(source, target)


def fingerprint(mutants):
    """For each mutant what its result depends on: RTL and test benches, or all software."""
    kinds = {}
    for kind, folders in (("rtl", ("cmake", "rtl", "tb")), ("sw", ("cmake", "sw", "tb/programs"))):
        digest = hashlib.sha256()
        for folder in folders:
            for path in sorted((ROOT / folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts and "mutants" not in path.parts:
                    digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
        kinds[kind] = digest.hexdigest()
    return {m["name"]: hashlib.sha256((kinds["rtl" if m["file"].startswith("rtl/") else "sw"]
            + json.dumps([m[k] for k in ("file", "from", "to", "test")])).encode()).hexdigest()
            for m in mutants}


def command_of(test, build):
    """What ctest would run, its folder, and for a test of ours: the first failure will do."""
    listed = subprocess.run(["ctest", "--show-only=json-v1", "-R", f"^{test}$"], cwd=build,
                            capture_output=True, text=True, check=True).stdout
    found = json.loads(listed)["tests"]
    if len(found) != 1:
        raise MutantError(f"{test}: {len(found)} tests of this name")
    command = found[0]["command"]
    folder = next((p["value"] for p in found[0]["properties"] if p["name"] == "WORKING_DIRECTORY"), build)
    if pathlib.Path(command[0]).name.startswith("test."):
        command = [*command, "--abort"]
    return command, folder


def run(command, cwd, log, timeout):
    with open(log, "ab") as out:
        try:
            return subprocess.run(command, cwd=cwd, stdout=out, stderr=subprocess.STDOUT,
                                  timeout=timeout, check=False).returncode
        except subprocess.TimeoutExpired:
            return "timeout"


def try_mutant(mutant, tree, build, jobs, timeout):
    """'caught', 'caught (build)', 'caught (timeout)' or 'survived'."""
    path = tree / mutant["file"]
    good = path.read_text()
    log = build / f"{mutant['name']}.log"
    log.unlink(missing_ok=True)
    target = mutant["test"].replace("rtl.", "test.", 1)
    try:
        path.write_text(good.replace(mutant["from"], mutant["to"]))
        if run(["ninja", f"-j{jobs}", target], build, log, 3600) != 0:
            return "build"
        command, folder = command_of(mutant["test"], build)
        status = run(command, folder, log, timeout)
    finally:
        path.write_text(good)
    if status == "timeout":
        return "caught (timeout)"
    return "caught" if status != 0 else "survived"


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--list", action="store_true", help="show the list and check it; build nothing")
    p.add_argument("--only", default="", help="only mutants whose name begins with one of A,B,...")
    p.add_argument("--minutes", type=float, help="begin no other mutant after this time (exit 3)")
    p.add_argument("--again", action="store_true", help="forget results kept")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("--timeout", type=int, default=900, help="seconds for one test")
    args = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("mutants: ended"))  # and leave the tree as it was
    try:
        mutants = [m for m in read_list(ROOT / "tb/mutants")
                   if m["name"].startswith(tuple(args.only.split(",")))]
    except MutantError as error:
        sys.exit(f"mutants: {error}")
    if not mutants:
        sys.exit(f"mutants: no mutant is named `{args.only}...` in tb/mutants")
    if args.list:
        for m in mutants:
            print(f"{m['name']:16} {m['test']:28} {m['file']}: {m['from']} -> {m['to']}")
        print(f"{len(mutants)} mutants, each found once in its file")
        return 0
    tree = ROOT / "build/mutants/tree"
    build = tree / "build/default"  # where people build: ccache knows most objects
    sync(tree)
    build.mkdir(parents=True, exist_ok=True)
    configure = build / "configure.log"
    configure.unlink(missing_ok=True)
    command = ["cmake", "-G", "Ninja", "-DOCT_LINT=OFF", "-S", str(tree), "-B", str(build)]
    if run(command, build, configure, 600) != 0:
        sys.exit(f"mutants: cmake failed; see {configure.relative_to(ROOT)}")
    kept, keys, rows, began = ROOT / "build/mutants/results", fingerprint(mutants), [], time.monotonic()
    kept.mkdir(exist_ok=True)
    for m in mutants:
        stamp = kept / f"{keys[m['name']]}.json"
        if stamp.exists() and not args.again:
            row = {**json.loads(stamp.read_text()), "name": m["name"]}
        elif args.minutes and time.monotonic() - began > 60 * args.minutes:
            print(f"time is up: {len(rows)} of {len(mutants)} mutants have a result")
            return 3
        else:
            start = time.monotonic()
            result = try_mutant(m, tree, build, args.jobs, args.timeout)
            row = {**m, "result": result, "seconds": round(time.monotonic() - start, 1)}
            stamp.write_text(json.dumps(row) + "\n")
        rows.append(row)
        print(f"{row['name']:16} {row['result']:18} {row['seconds']:6.1f} s {m['test']:28} {m['file']}: "
              f"{m['from'].strip()} -> {m['to'].strip()}", flush=True)
    (ROOT / "build/mutants/mutants.json").write_text(json.dumps(rows, indent=2) + "\n")
    good = sum(r["result"].startswith("caught") for r in rows)
    print(f"{good} of {len(rows)} mutants caught; build/mutants/mutants.json")
    return 0 if good == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
