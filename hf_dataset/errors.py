"""Errors that reading a data set raises."""

from __future__ import annotations

from metrics.petoolbench.errors import PEToolBenchError


class ReadError(PEToolBenchError, ValueError):
    """A folder is not a data set, a file is missing or malformed, or a config or split is unknown."""
