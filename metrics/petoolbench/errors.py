"""Errors that the metric raises.

* `PEToolBenchError`: base class of all errors of PEToolBench that a user can resolve.
    * `MetricError`
        * `PredictionsError`: predictions with unknown or duplicate ids, of the wrong number, or nothing to score.
        * `ReferencesError`: references that lack a column or an answer.
"""

from __future__ import annotations


class PEToolBenchError(Exception):
    """Base class of all errors that a user can resolve. Messages name the cause and the next step."""


class MetricError(PEToolBenchError, ValueError):
    """Base class of the metric's errors."""


class PredictionsError(MetricError):
    """The predictions do not match the references."""


class ReferencesError(MetricError):
    """A reference cannot be scored against."""


def shown(items: list[str], limit: int = 5) -> str:
    """List the first items, quoted, and the number of the others, for an error message.

    Args:
        items: The items to list.
        limit: Number of items to list, at least 1.
    """
    rest = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(repr(item) for item in items[:limit]) + rest
