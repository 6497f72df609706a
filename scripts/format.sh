#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Format C++ in place, and take trailing blanks and tabs out of SystemVerilog. Why SystemVerilog is
# not formatted further: docs/decisions/formatting.md.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files '*.cpp' '*.hpp' '*.c' '*.h' | grep -vE '/generated/|/programs/' | xargs -r clang-format-19 -i
git ls-files '*.sv' '*.svh' | grep -v /generated/ | xargs -r sed -i 's/[ \t]*$//; s/\t/  /g'
