"""Errors that reading a data set raises."""

from __future__ import annotations


class ReadError(ValueError):
    """A folder is not a data set, a file is missing or malformed, or a config or split is unknown."""
