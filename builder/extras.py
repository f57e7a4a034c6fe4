"""Import of optional libraries, with an error that names the command to install them."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import MissingExtraError


def import_extra(library: str, extra: str, purpose: str) -> Any:
    """Import an optional library.

    Args:
        library: Name of the module.
        extra: The extra of this distribution that installs the library.
        purpose: The feature that needs the library, as the subject of a sentence: `Drawing plots`.

    Returns:
        The module.

    Raises:
        MissingExtraError: If the library is not installed.
    """
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        raise MissingExtraError(library.partition(".")[0], extra, purpose) from error
