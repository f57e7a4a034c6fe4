"""Libraries that only some commands need: imported when they are used, with a word on how to get them."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import MissingExtraError


def import_extra(library: str, extra: str, purpose: str) -> Any:
    """An optional library.

    Args:
        library: Name of the module.
        extra: The extra of this distribution that installs it.
        purpose: What needs it, as the beginning of a sentence.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        raise MissingExtraError(library.partition(".")[0], extra, purpose) from error
