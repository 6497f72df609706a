#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lint with slang, a second front end beside Verilator: lint_slang.py LIST.f TOP..."""
import sys

from pyslang import driver

# Off, because the house style wants the opposite or because the check is about sets of files:
OFF = [
    "case-redundant-default",  # a default in a full case is our habit: X never latches a value
    "case-enum-explicit",
    "useless-cast",  # needed for the sizes of another machine description
    "unused-package-parameter",  # a package offers more than one design uses
    "unused-package-typedef",
    "unused-package-subroutine",
    "unused-but-set-variable",  # Verilator tells these, and knows the name "unused"
    "empty-output-connection",  # .count_o() says that the output is not wanted
]


def main():
    file_list, tops = sys.argv[1], sys.argv[2:]
    d = driver.Driver()
    d.addStandardArgs()
    command = f"slang -f {file_list} -Wextra -Wunused -Werror --color-diagnostics=false"
    command += "".join(f" -Wno-{name}" for name in OFF) + "".join(f" --top {top}" for top in tops)
    ok = d.parseCommandLine(command, driver.CommandLineOptions())
    ok = ok and d.processOptions() and d.parseAllSources() and d.runFullCompilation(True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
