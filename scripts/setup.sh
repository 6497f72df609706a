#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Install what is missing: Debian packages of scripts/packages.txt (needs root or sudo; without
# either they are listed) and the Python packages of scripts/requirements.txt into .venv.
# Does nothing, quickly, when nothing is missing. OCT_SKIP_SETUP=1 skips it.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -z "${OCT_SKIP_SETUP:-}" ] || exit 0

say() { echo "setup: $*"; }

# Prints the lines of packages.txt of which no alternative is installed in the wanted version.
missing_packages() {
  local -A installed=()
  local name version line alternative found
  while read -r name version; do
    installed[$name]=$version
  done < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' | sed -n 's/^ii *//p')
  while read -r line; do
    found=
    for alternative in ${line//|/ }; do
      name=${alternative%%=*}
      version=*
      [ "$name" = "$alternative" ] || version=${alternative#*=}
      version=${installed[$name]:+${version}}
      # An epoch such as 1: in front does not count. The pattern is meant as one.
      # shellcheck disable=SC2053
      if [ -n "$version" ] && [[ ${installed[$name]#*:} == $version ]]; then found=1; fi
    done
    [ -n "$found" ] || echo "$line"
  done < <(sed 's/#.*//; s/ //g; /^$/d' scripts/packages.txt)
}

install_packages() {
  local -a lines names=()
  mapfile -t lines < <(missing_packages)
  [ ${#lines[@]} -gt 0 ] || return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo > /dev/null && sudo -n true 2> /dev/null; then
      sudo=(sudo)
    else
      say "these Debian packages are missing, and installing them needs root:"
      printf '  apt-get install --no-install-recommends'
      printf " '%s'" "${lines[@]%%|*}"
      printf '\n'
      exit 1
    fi
  fi
  say "installing Debian packages: ${lines[*]}"
  "${sudo[@]}" apt-get update -qq
  local line alternative
  for line in "${lines[@]}"; do
    for alternative in ${line//|/ }; do
      if apt-cache show "${alternative%%=*}" > /dev/null 2>&1; then break; fi
    done
    names+=("$alternative")
  done
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${names[@]}" > build/setup-apt.log 2>&1 || {
    tail -20 build/setup-apt.log >&2
    say "apt-get failed; the whole log is build/setup-apt.log" >&2
    exit 1
  }
}

install_python() {
  local want
  want=$(sha256sum scripts/requirements.txt)
  [ "$(cat .venv/.octant-stamp 2> /dev/null)" != "$want" ] || return 0
  say "installing Python packages into .venv"
  [ -x .venv/bin/python3 ] || python3 -m venv .venv
  .venv/bin/python3 -m pip install --quiet --disable-pip-version-check -r scripts/requirements.txt
  echo "$want" > .venv/.octant-stamp
}

if ! command -v dpkg-query > /dev/null; then
  say "this is not Debian; install what scripts/packages.txt lists, then set OCT_SKIP_SETUP=1" >&2
  exit 1
fi
mkdir -p build
exec 9> build/.setup.lock
flock 9  # two makes at once must not install the same thing twice
install_packages
install_python
