"""Checking that something is one of the few values that it may have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from .errors import ConfigError

_T = TypeVar("_T", bound=str)


def validate_choice(what: str, value: str, allowed: Sequence[_T]) -> _T:
    """A value that is allowed.

    Args:
        what: What has it, as people name it: `--history`.
        value: What was given.
        allowed: What may be given.

    Raises:
        ConfigError: If it is none of these.
    """
    for one in allowed:
        if one == value:
            return one
    raise ConfigError(f"There is no {what} {value!r}. Allowed are {', '.join(allowed)}.")
