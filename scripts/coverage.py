#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Line, toggle and functional coverage of the RTL by its unit tests: one row for each folder and file.

The tests are built in build/coverage with counters and run once; the table closes the run, and
build/coverage/coverage.json holds it with every line and every cover point that nothing reached.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINDS = {"line": "v_line", "toggle": "v_toggle", "point": "v_user"}


def points(folder):
    """{(kind, file, line, rest of the key): count} of all .dat files; rtl/ only, instances added up."""
    seen = collections.Counter()
    for path in sorted(folder.glob("*.dat")):
        for row in path.read_text(errors="replace").splitlines():
            key, count = row[3:].rsplit("' ", 1)
            part = dict(item.split("\2", 1) for item in key.split("\1") if "\2" in item)
            kind = next((k for k, page in KINDS.items() if part.get("page", "").startswith(page)), None)
            file = part.get("f", "")
            if kind is None or not file.startswith(("rtl/", "tb/coverage/")):
                continue
            seen[kind, file.replace("tb/coverage/", "cover/"), int(part.get("l", 0)),
                 part.get("n", "") + " " + part.get("o", "")] += int(count)
    return seen


def summary(seen):
    """{name: {kind: [reached, all]}} of files, folders and the whole."""
    table = collections.defaultdict(lambda: {kind: [0, 0] for kind in KINDS})
    for (kind, file, _, _), count in seen.items():
        folder = file.split("/")[1] if file.startswith("rtl/") else "cover points"
        for name in (file, folder, "all"):
            table[name][kind][0] += count > 0
            table[name][kind][1] += 1
    return table


def rate(pair):
    return f"{100 * pair[0] / pair[1]:5.1f} % of {pair[1]:6d}" if pair[1] else " " * 17


def build_and_run(args, build, data):
    command = ["cmake", "-B", str(build), "-S", str(ROOT), "-G", "Ninja", "-DOCT_COVERAGE=ON",
               "-DOCT_LINT=OFF"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    listed = json.loads(subprocess.run(
        ["ctest", "--show-only=json-v1", "-R", f"^rtl\\.({args.tests})$", "-LE", "long"], cwd=build,
        capture_output=True, text=True, check=True).stdout)["tests"]
    tests = [t["name"] for t in listed]
    if not tests:
        sys.exit(f"coverage: no test is called rtl.{args.tests}")
    targets = [name.replace("rtl.", "test.", 1) for name in tests]
    if subprocess.run(["ninja", "-C", str(build), f"-j{args.jobs}", *targets], check=False).returncode:
        sys.exit("coverage: the tests do not build")
    if not args.more:
        shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        ["ctest", "-R", "^(" + "|".join(map(re.escape, tests)) + ")$", f"-j{args.jobs}", "--timeout", "1800",
         "--output-on-failure"], cwd=build, env={**os.environ, "OCT_COVERAGE_DIR": str(data)},
        check=False).returncode


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--tests", default=r"[a-z0-9_]+", metavar="REGEX",
                   help="names behind `rtl.`; as it stands, every unit test on the default machine")
    p.add_argument("--more", action="store_true", help="add to what earlier runs have seen")
    p.add_argument("--report", action="store_true", help="build and run nothing")
    p.add_argument("--least", type=float, default=0, help="fail below this rate of lines, in percent")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    args = p.parse_args()
    build = ROOT / "build/coverage"
    data = build / "data"
    failed = 0 if args.report else build_and_run(args, build, data)
    seen = points(data)
    if not seen:
        sys.exit("coverage: nothing was counted")
    table = summary(seen)
    print(f"{'':34} {'lines':>17}   {'bits toggled':>17}   {'cover points':>17}")
    order = sorted(table, key=lambda name: (name != "all", "/" in name, name))
    for name in order:
        print(f"{name:34} " + "   ".join(f"{rate(table[name][kind]):>17}" for kind in KINDS))
    missed = collections.defaultdict(lambda: collections.defaultdict(list))
    for (kind, file, line, rest), count in sorted(seen.items()):
        if count == 0:
            missed[kind][file].append(line if kind == "line" else f"{line} {rest.split(' ', 1)[1]}")
    (build / "coverage.json").write_text(json.dumps({"table": table, "missed": missed}, indent=1) + "\n")
    lines = table["all"]["line"]
    if 100 * lines[0] < args.least * lines[1]:
        print(f"coverage: lines below {args.least} %", file=sys.stderr)
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
