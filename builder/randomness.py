"""Where randomness comes from: one seed, and a generator of its own for each thing that is made.

A thing's generator depends on the seed and on the thing's name, not on what was made before it, so that a stage can
be run in parts and in any order with the same result.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence

import numpy as np


def generator_for(seed: Sequence[int], *name: str | int) -> np.random.Generator:
    """The generator of the thing called `name` in a build with `seed`.

    Args:
        seed: Numbers of 32 bits; one for a plain seed, more where a secret goes in.
        name: What the generator is for.
    """
    parts = [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in name]
    return np.random.default_rng([*seed, *parts])


def secret_numbers(secret: str) -> tuple[int, ...]:
    """A secret as 8 numbers of 32 bits, none of which tells it."""
    digest = hashlib.sha256(secret.encode()).digest()
    return tuple(int.from_bytes(digest[start : start + 4], "big") for start in range(0, len(digest), 4))
