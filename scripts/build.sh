#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Configure (once) and compile. Arguments go to ninja. BUILD and JOBS come from the Makefile.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/default}
[ -f "$build/build.ninja" ] || cmake -B "$build" -S . -G Ninja
exec ninja -C "$build" -j "${JOBS:-$(nproc)}" "$@"
