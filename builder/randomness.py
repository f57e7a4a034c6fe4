"""Random number generators: one for each named draw, derived from the seed of the build.

A generator depends only on the seed and the name of the draw, not on earlier draws. Stages can therefore run in parts
and in any order with the same result.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from functools import cache

import numpy as np


def generator_for(seed: Sequence[int], *name: str | int) -> np.random.Generator:
    """Return the generator for a named draw.

    Args:
        seed: 32-bit numbers: the seed of the build and, for the test split, the numbers of its secret.
        name: Parts of the name of the draw.
    """
    parts = [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in name]
    return np.random.default_rng([*seed, *parts])


@cache
def secret_key(secret: str) -> bytes:
    """Derive the 32-byte key of a secret, slowly: scrypt (RFC 7914) with 64 MiB of memory.

    Seeds and ids depend on the key, not on the secret itself. Testing a guess of the secret against published rows
    therefore costs one derivation, about 0.2 s on one core in 2026.

    Args:
        secret: The secret of a config; at least 16 characters.
    """
    return hashlib.scrypt(secret.encode(), salt=b"petoolbench", n=2**16, r=8, p=1, maxmem=2**27, dklen=32)


def secret_numbers(secret: str) -> tuple[int, ...]:
    """Return the key of a secret as 8 numbers of 32 bits, for seeds."""
    key = secret_key(secret)
    return tuple(int.from_bytes(key[start : start + 4], "big") for start in range(0, len(key), 4))
