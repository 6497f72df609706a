# SPDX-License-Identifier: Apache-2.0
"""Graphs of published networks, written as PyTorch's two exporters write them, and what goes in."""
