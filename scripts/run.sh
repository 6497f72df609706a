#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Build what one program needs and run it on the simulated cluster.
#   scripts/run.sh              the parallel INT8 matrix product, checked against the golden model
#   scripts/run.sh hello        another program of sw/apps
#   scripts/run.sh my.elf       a program of your own
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/default}
what=${1:-matmul}
targets=(octant oct_model_octant)
if [ -f "$what" ]; then
  elf=$what
elif [ -d "sw/apps/$what" ]; then
  elf="$build/programs/octant/$what.elf"
  targets+=("program.$what.octant")
else
  echo "run.sh: $what: neither an ELF file nor a program of sw/apps ($(ls sw/apps | grep -v CMake | tr '\n' ' '))" >&2
  exit 2
fi
scripts/build.sh "${targets[@]}" | tail -n 1
exec "$build/bin/octant" sim "$elf" --stats
