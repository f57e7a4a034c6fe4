"""Where randomness comes from: one seed, and a generator of its own for each thing that is made.

A thing's generator depends on the seed and on the thing's name, not on what was made before it, so that a stage can
be run in parts and in any order with the same result.
"""

from __future__ import annotations

import zlib

import numpy as np


def generator_for(seed: int, *name: str | int) -> np.random.Generator:
    """The generator of the thing called `name` in a build with `seed`."""
    parts = [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in name]
    return np.random.default_rng([seed, *parts])
