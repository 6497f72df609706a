#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Run a command on a bare Debian 12: a fresh chroot with git, make and python3 and nothing else, and a
# clone of the committed state of this repository. Needs root and debootstrap.
#   scripts/chroot_test.sh [options] [command...]       the command is "make test" by default
#     --dir DIR         where the chroot is made (default /tmp/octant-chroot)
#     --mirror URL      Debian mirror (default http://deb.debian.org/debian)
#     --copy PATH       copy a file or folder of this machine into the chroot, for example its
#                       certificates or package client configuration; may be given several times
#     --keep            reuse the chroot if it is there, instead of starting from nothing
set -euo pipefail
cd "$(dirname "$0")/.."
repo=$PWD
dir=/tmp/octant-chroot
mirror=http://deb.debian.org/debian
keep=
copies=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=$2; shift 2 ;;
    --mirror) mirror=$2; shift 2 ;;
    --copy) copies+=("$2"); shift 2 ;;
    --keep) keep=1; shift ;;
    --*) echo "chroot_test: $1: unknown option; the top of this script lists them" >&2; exit 2 ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || set -- make test
[ "$(id -u)" -eq 0 ] || { echo "chroot_test: needs root, for chroot" >&2; exit 1; }
command -v debootstrap > /dev/null || { echo "chroot_test: install debootstrap" >&2; exit 1; }

unmount() {
  if mountpoint -q "$dir/proc"; then umount -l "$dir/proc"; fi
}
trap unmount EXIT

unmount
if [ -z "$keep" ] || [ ! -e "$dir/etc/debian_version" ]; then
  rm -rf --one-file-system "$dir"
  debootstrap --variant=minbase --include=git,make,python3,ca-certificates bookworm "$dir" "$mirror"
  # What an installed Debian 12 has: security updates beside the release.
  printf 'deb %s bookworm main\ndeb %s bookworm-updates main\ndeb %s bookworm-security main\n' \
    "$mirror" "$mirror" "${mirror%/debian*}/debian-security" > "$dir/etc/apt/sources.list"
fi
for path in "${copies[@]}"; do
  mkdir -p "$dir$(dirname "$path")"
  cp -rL --remove-destination "$path" "$dir$(dirname "$path")/"
done
cp -L /etc/resolv.conf "$dir/etc/resolv.conf"
mount -t proc proc "$dir/proc"

rm -rf "$dir/octant"
git clone -q "$repo" "$dir/octant"
# Only what a login gives, and what tells package clients how to reach their registries.
env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 CI="${CI:-}" \
  $(env | grep -E '^(PIP_(CERT|INDEX_URL|DEFAULT_TIMEOUT)|SSL_CERT_FILE|https?_proxy|no_proxy)=') \
  chroot "$dir" sh -c 'cd /octant && exec "$@"' sh "$@"
