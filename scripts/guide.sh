#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Type the commands of docs/guide/getting_started.md as they stand there, one part or all; ends at the
# first that fails.
#   scripts/guide.sh [start|ml|verification|chip|power]...
set -euo pipefail
cd "$(dirname "$0")/.."
page=docs/guide/getting_started.md
known=$(echo start; sed -n 's/^## .*<!-- \([a-z]*\) -->$/\1/p' "$page")
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $known

commands() {  # of a part
  awk -v part="$1" 'BEGIN { now = "start" }
    /^## .*<!-- [a-z]+ -->$/ { now = $(NF - 1) }
    /^```/ { inside = !inside && /^```sh$/; next }
    inside && now == part' "$page"
}

for part in "$@"; do
  if ! grep -qx "$part" <<< "$known"; then
    echo "guide.sh: $part: no such part of $page; it has $(tr '\n' ' ' <<< "$known")" >&2
    exit 2
  fi
  mapfile -t lines < <(commands "$part")
  if [ ${#lines[@]} -eq 0 ]; then
    echo "guide.sh: $part: no commands in $page" >&2
    exit 1
  fi
  [ "$part" = start ] || . scripts/env.sh
  began=$SECONDS
  for line in "${lines[@]}"; do
    echo "guide> $line"
    eval "$line" < /dev/null || { echo "guide.sh: $part: failed: $line" >&2; exit 1; }
  done
  echo "guide.sh: $part: ${#lines[@]} commands, $((SECONDS - began)) s"
done
