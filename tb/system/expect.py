#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a command; its exit code and its text must be what is expected.

  expect.py --code 130 --text 'illegal instruction' -- octant sim faults.elf --args illegal
"""
import argparse
import re
import subprocess
import sys


def main():
    split = sys.argv.index("--")
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--code", type=int, default=0)
    p.add_argument("--text", action="append", default=[], help="regular expression; repeatable")
    p.add_argument("--timeout", type=float, default=600)
    args = p.parse_args(sys.argv[1:split])
    command = sys.argv[split + 1:]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=args.timeout, check=False)
    except subprocess.TimeoutExpired as late:
        print((late.stdout or b"").decode(errors="replace"))
        sys.exit(f"expect: no end within {args.timeout:.0f} s: {' '.join(command)}")
    text = done.stdout.decode(errors="replace")
    print(text, end="")
    problems = []
    if done.returncode != args.code:
        problems.append(f"exit code {done.returncode}, expected {args.code}")
    problems += [f"not in the text: {t}" for t in args.text if not re.search(t, text)]
    if problems:
        sys.exit(f"expect: {'; '.join(problems)}: {' '.join(command)}")


if __name__ == "__main__":
    main()
