#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the fuzzer: fuzz.sh BUILD_FOLDER COMPILER SECONDS. What it finds stays in
# BUILD_FOLDER/fuzz_found.
set -euo pipefail
build=$1 compiler=$2 seconds=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$build/fuzz_corpus
found=$build/fuzz_found
mkdir -p "$work" "$found"

if ! echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
  "$compiler" -fsanitize=fuzzer,address -x c++ - -o "$work/../fuzz_probe"; then
  echo "flow.fuzz: $compiler has no libFuzzer here; with clang 22 on Debian: apt-get install" \
    "libclang-rt-22-dev" >&2
  exit 1
fi
cmake --build "$build" --target fuzz_import
# Blocks above 512 MB are a bug: constants are limited to far less for the fuzzer.
nice -n 19 "$(find "$build" -name fuzz_import -type f -perm -u+x | head -1)" "$work" "$here/corpus" \
  -max_total_time="$seconds" -max_len=16384 -timeout=60 -malloc_limit_mb=512 \
  -rss_limit_mb=3000 -artifact_prefix="$found/" -print_final_stats=1
