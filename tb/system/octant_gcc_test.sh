#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A program that is no part of the repository: octant_gcc_test.sh OCTANT OCTANT_GCC MACHINE
set -euo pipefail
octant=$1 gcc=$2 machine=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir "with space"
cat > "with space/mine.c" <<'C'
#include "oct.h"
#include <math.h>
#include <string.h>
#include "scale.h"
static OCT_L1 OCT_ALIGNED int32_t buffer[1024];
static OCT_L2 OCT_ALIGNED int32_t far[1024];
unsigned twice(unsigned);

static int work(void* arg, unsigned rank, unsigned count) {
  (void)arg;
  for (unsigned i = rank; i < 1024; i += count) buffer[i] *= SCALE;
  return 0;
}

int main(void) {
  char text[16];
  for (int i = 0; i < 1024; i++) far[i] = i;
  if (oct_dma_in_wait(oct_dma_in(buffer, far, sizeof buffer)) != 0) return 1;
  if (oct_parallel(work, 0) != 0) return 2;
  for (int i = 0; i < 1024; i++) {
    if (buffer[i] != SCALE * i) return 3;
  }
  if (twice(21) != 42) return 4;
  volatile float two = 2;
  if ((int)(sqrtf(two) * 1000) != 1414) return 5;
  strcpy(text, "all ");
  printf("%sright %s\n", text, WORD);
  return 7;
}
C
echo '#define SCALE 3' > scale.h
printf '.globl twice\ntwice:\n  slli a0, a0, 1\n  ret\n' > twice.S

expect() {  # expect CODE TEXT COMMAND...: ends with this code and says this
  local code=$1 text=$2 got=0 said
  shift 2
  said=$("$@" 2>&1) || got=$?
  if [ $got -ne "$code" ] || [[ $said != *"$text"* ]]; then
    printf 'FAILED: %s\nended with %d (expected %d) and said (expected "%s"):\n%s\n' "$*" $got "$code" "$text" "$said"
    exit 1
  fi
}
expect 0 "" "$gcc" --config "$machine" -Wall -Werror -I . -D WORD='"now"' "with space/mine.c" twice.S -o mine.elf
expect 7 "all right now" "$octant" sim mine.elf --config "$machine"
# Piece by piece, with other options.
expect 0 "" "$gcc" --config="$machine" -O0 -I. -DWORD='"again"' -c "with space/mine.c" -o mine.o
expect 0 "" "$gcc" --config "$machine" mine.o twice.S -o pieces.elf
expect 7 "all right again" "$octant" sim pieces.elf --config "$machine"
# What cannot be.
expect 2 "no such machine; there is:" "$gcc" --config none twice.S -o x.elf
expect 2 "no source" "$gcc" -O2 -o x.elf
expect 1 "undefined reference to \`main'" "$gcc" --config "$machine" twice.S -o x.elf
[ ! -e x.elf ] || { echo "FAILED: x.elf was written"; exit 1; }
echo "octant-gcc: passed"
