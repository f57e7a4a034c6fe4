"""Errors of reading a data set."""

from __future__ import annotations


class ReadError(ValueError):
    """A folder is not a data set, or lacks the requested config or split; the message lists what it has."""
