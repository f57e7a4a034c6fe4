"""Validation of options that have a fixed set of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from .errors import ConfigError

_T = TypeVar("_T", bound=str)


def validate_choice(what: str, value: str, allowed: Sequence[_T]) -> _T:
    """Return the value if it is allowed.

    Args:
        what: Name of the option for the error message, such as `--history`.
        value: The given value.
        allowed: All allowed values.

    Raises:
        ConfigError: If the value is not allowed.
    """
    for choice in allowed:
        if choice == value:
            return choice
    raise ConfigError(f"Invalid value {value!r} for {what}. Allowed values: {', '.join(allowed)}.")
