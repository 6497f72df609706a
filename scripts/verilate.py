#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run Verilator and pack what it generates into a fixed set of C++ files.

CMake must know a library's files before Verilator has run. So the generated .cpp files are
included by <prefix>__fast_<i>.cpp and <prefix>__slow.cpp, whose names follow from the command line
alone. Ninja then compiles them like any other source, in parallel and through ccache.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys

import idle_instances
import share_instances


def parse_args():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--verilator", default="verilator")
    p.add_argument("--prefix", required=True, help="class name of the model, for example Voct_fifo")
    p.add_argument("--out", required=True, type=pathlib.Path, help="folder for generated files")
    p.add_argument("--chunks", type=int, default=1, help="number of C++ files of hot code")
    p.add_argument("--depfile", required=True, type=pathlib.Path)
    p.add_argument("--target", required=True, help="name of the target inside the depfile")
    p.add_argument("--rest", metavar="MODULES",
                   help="let idle instances cost nothing; modules that are never idle, with commas between")
    p.add_argument("arguments", nargs="+", help="passed to Verilator as they are (after --)")
    return p.parse_args()


def chunk_names(prefix, chunks):
    return [f"{prefix}__fast_{i}.cpp" for i in range(chunks)] + [f"{prefix}__slow.cpp"]


def write_chunks(out, prefix, chunks):
    """Spread the hot files over the chunks, largest first, so that they compile equally long."""
    ours = set(chunk_names(prefix, chunks))
    files = [f for f in sorted(out.glob(f"{prefix}*.cpp")) if f.name not in ours]
    # The file without a suffix is the model's interface: eval() lives there.
    slow = [f for f in files if f.stem.endswith("__Slow") or "__Trace__" in f.stem and "Slow" in f.stem]
    fast = [f for f in files if f not in slow]
    bins = [[] for _ in range(chunks)]
    sizes = [0] * chunks
    for f in sorted(fast, key=lambda f: (-f.stat().st_size, f.name)):
        i = sizes.index(min(sizes))
        bins[i].append(f.name)
        sizes[i] += f.stat().st_size
    for name, members in zip(chunk_names(prefix, chunks), bins + [[f.name for f in slow]]):
        text = "".join(f'#include "{m}"\n' for m in sorted(members))
        (out / name).write_text("// Made by scripts/verilate.py\n" + text)


def write_depfile(out, prefix, depfile, target):
    """Verilator's own dependency file, with the target that Ninja expects."""
    deps = (out / f"{prefix}__ver.d").read_text().replace("\\\n", " ").split(":", 1)[1].split()
    deps = [str(pathlib.Path(d).resolve()) for d in deps]
    deps = [d.replace(" ", "\\ ") for d in deps if not d.startswith(str(out.resolve()))]
    depfile.write_text(f"{target}: " + " \\\n  ".join(deps) + "\n")


def main():
    args = parse_args()
    if not shutil.which(args.verilator):
        sys.exit(f"verilate: {args.verilator} not found; run `make setup`")
    args.out.mkdir(parents=True, exist_ok=True)
    for old in args.out.glob(f"{args.prefix}*"):
        old.unlink()
    command = [args.verilator, "--cc", "--prefix", args.prefix, "--Mdir", str(args.out)]
    status = subprocess.run(command + args.arguments, check=False).returncode
    if status:
        return 1
    share_instances.share(args.out)
    if args.rest:
        try:
            idle_instances.rest(args.out, args.prefix, args.rest.split(","))
        except idle_instances.Cannot as problem:
            print(f"verilate: {args.prefix} evaluates idle instances, too: {problem}", file=sys.stderr)
    write_chunks(args.out, args.prefix, args.chunks)
    write_depfile(args.out, args.prefix, args.depfile, args.target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
