#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Run something on the simulated cluster, building what it needs.
#   scripts/run.sh              the default network: handwritten digits, whole in RTL
#   scripts/run.sh minilm       another network of sw/models (SENTENCES="A.|B." for your own)
#   scripts/run.sh my.onnx      a network of your own
#   scripts/run.sh hello        a program of sw/apps, or an ELF file
# RUN_OPTIONS is handed to octant run (docs/guide/running_networks.md).
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/default}
what=${1:-digits}
read -ra options <<< "${RUN_OPTIONS:-}"
names() { .venv/bin/python sw/models/make_model.py --list | tr '\n' ' '; }

if [ -d "sw/apps/$what" ] || [[ $what == *.elf && -f $what ]]; then
  targets=(octant oct_model_octant)
  elf=$what
  if [ -d "sw/apps/$what" ]; then
    elf="$build/programs/octant/$what.elf"
    targets+=("program.$what.octant")
  fi
  scripts/build.sh "${targets[@]}" | tail -n 1
  exec "$build/bin/octant" sim "$elf" --stats
fi

scripts/build.sh octant oct_model_octant_fast kernels.octant | tail -n 1
if [ -f "$what" ]; then
  exec "$build/bin/octant" run "$what" --report "build/report/$(basename "$what" .onnx)" "${options[@]}"
fi
if ! grep -qx -- "$what" <<< "$(.venv/bin/python sw/models/make_model.py --list)"; then
  echo "run.sh: $what: neither a file nor one of the networks ($(names)) or programs" \
    "($(ls sw/apps | grep -v CMake | tr '\n' ' '))" >&2
  exit 2
fi
exec .venv/bin/python sw/models/run_model.py "$what" --octant "$build/bin/octant" -- "${options[@]}"
