#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Build, run tests, close with the line "N passed, N failed". A run without tests fails.
#   scripts/test.sh          all but the long ones        scripts/test.sh quick|long
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/default}
case ${1:-default} in
  default) select=(-LE long) ;;
  quick) select=(-L quick) ;;
  long) select=() ;;
  *) echo "test.sh: $1: not a set of tests; quick, long or nothing" >&2; exit 2 ;;
esac
scripts/build.sh
log="$build/test.log"
set +e
ctest --test-dir "$build" -j "${JOBS:-$(nproc)}" --output-on-failure --no-tests=error \
  "${select[@]}" | tee "$log"
status=${PIPESTATUS[0]}
set -e
# One line per test: "3/6 Test #3: rtl.fifo ....   Passed    0.08 sec"
passed=$(grep -cE '^ *[0-9]+/[0-9]+ +Test +#.* Passed +[0-9.]+ sec' "$log" || true)
total=$(grep -cE '^ *[0-9]+/[0-9]+ +Test +#' "$log" || true)
skipped=$(grep -cE '^ *[0-9]+/[0-9]+ +Test +#.*\*\*\*Skipped' "$log" || true)
failed=$((total - passed - skipped))
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
if [ "$((total - skipped))" -eq 0 ]; then echo "test.sh: nothing was tested" >&2; failed=1; fi
if [ "$skipped" -ne 0 ]; then echo "$skipped skipped: what they need is not here (above)"; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
