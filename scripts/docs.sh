#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Regenerate every generated file (constants, registers, reference pages), then the site of docs/.
set -euo pipefail
cd "$(dirname "$0")/.."
for generator in scripts/gen_*.py; do
  echo "$generator"
  .venv/bin/python3 "$generator"
done
.venv/bin/mkdocs build --strict --quiet
echo "build/site/index.html"
