#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Record waves and open them.
#   scripts/waves.sh [test] ["test case"]            of a unit test
#   MODEL=digits LAYER=NAME scripts/waves.sh         of a network's layer: any MODEL that make run takes,
#     LAYER as in report.json (layer or ONNX node); CONFIG=tiny: on another machine;
#     RUN_OPTIONS: more for octant run, e.g. "--layer-cycles 5000 --scope u_cluster.u_attention"
# Without a display the file is only recorded.
set -euo pipefail
cd "$(dirname "$0")/.."

show() {  # file, view
  if [ -n "${DISPLAY:-}" ] && command -v gtkwave > /dev/null; then
    exec gtkwave "$1" $([ -f "$2" ] && echo "$2")
  fi
  echo "waves: open it with gtkwave$([ -f "$2" ] && echo " $1 $2") or any viewer of FST files"
}

if [ -n "${MODEL:-}" ]; then
  config=${CONFIG:-octant}
  if [ -z "${LAYER:-}" ]; then
    echo "waves: LAYER=NAME chooses a layer or an ONNX node; 'LAYER=?' shows names, report.json all" >&2
    exit 2
  fi
  mkdir -p build/waves
  fst="build/waves/$(basename "$MODEL" .onnx)_${LAYER//[^A-Za-z0-9_.-]/_}.fst"
  scripts/build.sh "oct_model_${config}_trace" "kernels.$config" "oct_model_$config" | tail -n 1
  RUN_OPTIONS="--config $config --no-verify --trace $fst --layer $LAYER ${RUN_OPTIONS:-}" scripts/run.sh "$MODEL"
  show "$fst" "${fst%.fst}.gtkw"
  exit
fi

test=${1:-fifo}
build=build/waves
[ -f "$build/build.ninja" ] || cmake -B "$build" -S . -G Ninja -DOCT_TRACE=ON > "$build.log"
ninja -C "$build" -j "${JOBS:-$(nproc)}" "test.$test"
program=$(find "$build/tb" -name "test.$test" -type f | head -1)
fst="$build/$test.fst"
OCT_FST="$fst" "$program" ${2:+"$2"} || echo "waves: the test failed; its waves are recorded" >&2
echo "$fst"
show "$fst" "tb/waves/$test.gtkw"
