# SPDX-License-Identifier: Apache-2.0
# Thin: every target is one script or one program of the build.
.DEFAULT_GOAL := help
BUILD ?= build/default
JOBS  ?= $(shell nproc)
export BUILD JOBS

.PHONY: help setup build run test test-quick test-long coverage bench waves synth docs lint format clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "make %-11s %s\n", $$1, $$2}'

setup:  ## install what is missing (Debian and PyPI packages); instant when nothing is
	@scripts/setup.sh

build: setup  ## compile everything
	@scripts/build.sh

run: setup  ## a network in RTL, checked: digits, or MODEL=minilm (SENTENCES="A.|B."), a file.onnx, a program of sw/apps, an ELF file
	@scripts/run.sh $(MODEL)

test: setup  ## all tests that CI runs
	@scripts/test.sh

test-quick: setup  ## the tests that take seconds
	@scripts/test.sh quick

test-long: setup  ## everything, for hours
	@scripts/test.sh long

coverage: setup  ## lines, bits and cover points of the RTL that unit tests reach (TESTS=regex)
	@.venv/bin/python3 scripts/coverage.py --jobs $(JOBS) $(if $(TESTS),--tests '$(TESTS)')

bench: setup  ## the performance marks beside their goals
	@scripts/bench.sh

waves: setup  ## record waves and open them: a test (TEST=fifo), a network's layer (MODEL=digits LAYER=NAME)
	@scripts/waves.sh $(TEST)

synth: setup  ## area and timing of every block (LIB=file.lib, BLOCKS="...", FPGA=xilinx|ecp5)
	@scripts/synth.sh

docs: setup  ## generated reference pages, and docs/ as a site in build/site
	@scripts/docs.sh

lint: setup  ## both front ends and the formatters, on all machine descriptions
	@scripts/lint.sh

format: setup  ## format SystemVerilog and C++ in place
	@scripts/format.sh

clean:  ## remove build/
	rm -rf build
