# SPDX-License-Identifier: Apache-2.0
"""Parts of the synthesis flow; scripts/synth.py puts them together."""
