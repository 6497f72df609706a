#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Measure the performance marks in RTL; prints them beside their goals and writes build/bench.json.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/default}
scripts/build.sh octant oct_model_octant_fast kernels.octant bench.handover sw/apps/all | tail -n 1
exec .venv/bin/python scripts/bench.py --octant "$build/bin/octant" --programs "$build/programs/octant" "$@"
