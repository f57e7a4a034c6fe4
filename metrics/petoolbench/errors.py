"""What a caller of the metric can do about it: mend the predictions, or fetch the answers.

* `MetricError`
    * `PredictionsError`: ids that are unknown, duplicated, or of the wrong type; nothing to score.
    * `ReferencesError`: rows that lack a column or an answer.
"""

from __future__ import annotations


class MetricError(ValueError):
    """Base class of everything that the metric refuses."""


class PredictionsError(MetricError):
    """The predictions do not fit the references."""


class ReferencesError(MetricError):
    """The references cannot be scored against."""


def shown(items: list[str], limit: int = 5) -> str:
    """Name the first few offenders and count the rest, for an error message."""
    rest = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(repr(item) for item in items[:limit]) + rest
