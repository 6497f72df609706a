# SPDX-License-Identifier: Apache-2.0
"""Weights drawn with a fixed seed, so that activations keep their scale through the layers."""
import math

import numpy as np

# Gain of query and key projections: scores spread by about 1.5, so that attention chooses.
SHARP = 1.25


class Weights:
    """The same seed and the same calls give the same numbers on every machine."""

    def __init__(self, seed):
        self._rng = np.random.Generator(np.random.Philox(seed))

    def normal(self, *shape):
        return self._rng.standard_normal(shape, dtype=np.float32)

    def linear(self, *shape, fan_in, gain=1.0):
        """With gain 1 what passes through keeps its deviation."""
        return self.normal(*shape) * np.float32(gain / math.sqrt(fan_in))

    def bias(self, n, deviation=0.1):
        return self.normal(n) * np.float32(deviation)

    def scale(self, n, mean=1.0):
        """Gains of norms and layer scales: a tenth around `mean`."""
        return np.float32(mean) * (1 + self.normal(n) * np.float32(0.1))
