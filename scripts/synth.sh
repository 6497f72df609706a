#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make synth: environment variables to options of synth.py.
#   LIB=file.lib BLOCKS="core icache" FPGA=xilinx|ecp5 CONFIG=tiny PERIOD=8.0 SRAM_ACCESS=4.0
#   SRAM_SETUP=0.5 CHECK=1 (fail if a block misses the period) NO_GATES=1 (no clock gates)
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--jobs "${JOBS:-$(nproc)}")
[ -z "${LIB:-}" ] || options+=(--lib "$LIB")
[ -z "${FPGA:-}" ] || options+=(--fpga "$FPGA")
[ -z "${CONFIG:-}" ] || options+=(--config "$CONFIG")
[ -z "${PERIOD:-}" ] || options+=(--period "$PERIOD")
[ -z "${SRAM_ACCESS:-}" ] || options+=(--sram-access "$SRAM_ACCESS")
[ -z "${SRAM_SETUP:-}" ] || options+=(--sram-setup "$SRAM_SETUP")
[ -z "${CHECK:-}" ] || options+=(--check)
[ -z "${NO_GATES:-}" ] || options+=(--no-gates)
# shellcheck disable=SC2086  # BLOCKS is a list
exec .venv/bin/python3 scripts/synth.py "${options[@]}" ${BLOCKS:-} "$@"
