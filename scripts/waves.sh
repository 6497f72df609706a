#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Record a unit test and open its waves: scripts/waves.sh [test] ["test case"]
# The view is tb/waves/<test>.gtkw where there is one. Without a display the file is only recorded.
set -euo pipefail
cd "$(dirname "$0")/.."
test=${1:-fifo}
build=build/waves
[ -f "$build/build.ninja" ] || cmake -B "$build" -S . -G Ninja -DOCT_TRACE=ON > "$build.log"
ninja -C "$build" -j "${JOBS:-$(nproc)}" "test.$test"
program=$(find "$build/tb" -name "test.$test" -type f | head -1)
fst="$build/$test.fst"
OCT_FST="$fst" "$program" ${2:+"$2"} || echo "waves: the test failed; its waves are recorded" >&2
echo "$fst"
if [ -n "${DISPLAY:-}" ] && command -v gtkwave > /dev/null; then
  view="tb/waves/$test.gtkw"
  exec gtkwave "$fst" $([ -f "$view" ] && echo "$view")
fi
echo "waves: open it with gtkwave or any viewer of FST files"
