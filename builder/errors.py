"""What a user of the builder can do about it.

* `BuilderError`: printed by the command line as one sentence, without a traceback.
    * `ConfigError`: the config file or an option is wrong.
    * `CatalogueError`: a source cannot be read; names file and line.
    * `BuildError`: the catalogue cannot carry what was asked for.
    * `DataError`: a built data set or a predictions file is not what it should be.
    * `AuditError`: a data set can be answered otherwise than from its histories.
    * `OutputError`: the place to write to is taken, or cannot be written to.
    * `MissingExtraError`: a library of an extra is not installed.
    * `LlmError`: the model's endpoint, or the cache of its answers, cannot be used.
        * `BudgetError`: the next request could cost more than is allowed.
    * `HubError`: something could not be pushed to the Hub, or read from it.
"""

from __future__ import annotations

from pathlib import Path


class BuilderError(Exception):
    """Base class; its text names the offender, what is allowed and the next step."""


class ConfigError(BuilderError):
    """The config file or an option is wrong."""


class CatalogueError(BuilderError):
    """A catalogue source cannot be read."""

    def __init__(self, path: Path, problem: str, expected: str, line: int | None = None) -> None:
        where = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(f"{where}: {problem}. Expected {expected}.")


class BuildError(BuilderError):
    """The catalogue cannot carry what was asked for."""


class DataError(BuilderError):
    """A built data set or a predictions file is not what it should be."""


class AuditError(BuilderError):
    """A data set can be answered otherwise than from its histories."""


class OutputError(BuilderError):
    """The place to write to is taken, or cannot be written to."""


class MissingExtraError(BuilderError):
    """A library of an extra is not installed."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {library}. Install it by: pip install 'petoolbench[{extra}]'")


class LlmError(BuilderError):
    """The model's endpoint, or the cache of its answers, cannot be used."""


class BudgetError(LlmError):
    """The next request could cost more than is allowed."""


class HubError(BuilderError):
    """Something could not be pushed to the Hub, or read from it."""
