"""Errors that a user can resolve.

The command line prints them as one sentence, without a traceback.

* `BuilderError`: base class.
    * `ConfigError`: the config file or an option is invalid.
    * `CatalogueError`: a catalogue source cannot be read.
    * `BuildError`: the catalogue does not support the requested build.
    * `DataError`: a data set or a predictions file is malformed.
    * `AuditError`: a data set failed the audit.
    * `OutputError`: the output path exists already, or cannot be written to.
    * `MissingExtraError`: an optional library is not installed.
    * `LlmError`: the endpoint of the language model, or the cache of its replies, cannot be used.
        * `BudgetError`: the next request could exceed the budget.
    * `HubError`: the Hub could not be read or written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metrics.petoolbench.errors import PEToolBenchError

from .words import printable


class BuilderError(PEToolBenchError):
    """Base class of the errors of builder and library."""


class ConfigError(BuilderError):
    """The config file or an option is invalid."""


class CatalogueError(BuilderError):
    """A catalogue source cannot be read.

    Args:
        path: File of the source.
        problem: Description of the problem.
        expected: Description of the expected content.
        line: Number of the line with the problem, from 1.
    """

    def __init__(self, path: Path, problem: str, expected: str, line: int | None = None) -> None:
        where = f"{path}, line {line}" if line is not None else str(path)
        # Problems quote what a server or a file contains, and the command line prints them.
        super().__init__(" ".join(printable(f"{where}: {problem}. Expected {expected}.").splitlines()))


class BuildError(BuilderError):
    """The catalogue does not support the requested build."""

    funnel: Mapping[str, Mapping[str, Any]] | None = None
    """Counters of the build up to the error, as `builder.funnel.Funnel.as_dict` returns them; None without any."""


class DataError(BuilderError):
    """A data set or a predictions file is malformed."""


class AuditError(BuilderError):
    """A data set failed the audit: its answers do not follow from the histories alone."""


class OutputError(BuilderError):
    """The output path exists already, or cannot be written to."""


class MissingExtraError(BuilderError):
    """An optional library is not installed.

    Args:
        library: Name of the library.
        extra: The extra of this distribution that installs the library.
        purpose: The feature that needs the library, as the subject of a sentence.
    """

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {library}. Install it with: pip install 'petoolbench[{extra}]'")


class LlmError(BuilderError):
    """The endpoint of the language model, or the cache of its replies, cannot be used."""


class BudgetError(LlmError):
    """The next request could exceed the budget."""


class HubError(BuilderError):
    """The Hub could not be read or written."""
