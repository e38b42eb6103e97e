"""Chance that repeats: one independent numpy Generator for each named use of a seed."""

from zlib import crc32

import numpy as np


def chance(seed: int, use: str) -> np.random.Generator:
    """A generator of its own for ``use``: the same seed and use give the same numbers, whatever else was drawn."""
    return np.random.default_rng([seed, crc32(use.encode())])
