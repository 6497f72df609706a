#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes tb/fast.profdata anew: what the fast model of octant runs how often, for the compiler (cmake/OctModel.cmake).
# Needs clang 22 and llvm-profdata of the same version (Debian package llvm-22). For after changes of the RTL.
set -euo pipefail
cd "$(dirname "$0")/.."
profdata=$(command -v llvm-profdata-22 || echo /usr/lib/llvm-22/bin/llvm-profdata)
[ -x "$profdata" ] || { echo "profile.sh: llvm-profdata of LLVM 22 not found; install llvm-22" >&2; exit 2; }
work=build/profile
scripts/build.sh octant kernels.octant sw/apps/all | tail -n 1
cmake -B "$work" -S . -G Ninja -DOCT_PROFILE_MAKE=ON "-DOCT_ONLY=sw/(octant|compiler|golden|kernels|runtime|apps)" > "$work.log"
ninja -C "$work" oct_model_octant_fast
rm -f "$work"/*.profraw
export OCT_MODEL_DIR=$PWD/$work/bin LLVM_PROFILE_FILE=$PWD/$work/%p.profraw
octant=build/default/bin/octant
# A network counts as much as the engine alone and as nine busy cores; a sleeping cluster, too.
"$octant" bench --gemm 128x512x128 --gemm 256x512x512 --attention 4x128x32 --gemv 512x128 --from-l2
RUN_OPTIONS="--repeat 4" scripts/run.sh digits
"$octant" sim build/default/programs/octant/bench_busy.elf --no-checks --max-cycles 60000 || true  # ends later
"$octant" sim build/default/programs/octant/bench_asleep.elf --no-checks --max-cycles 100000 || true
"$profdata" merge -sparse -o tb/fast.profdata "$work"/*.profraw
echo "tb/fast.profdata is new; existing build folders keep their objects: remove them or ninja -t clean oct_model_octant_fast"
