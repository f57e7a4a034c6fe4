"""A baseline is a score for each candidate; the highest is called, and among equals one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from builder.randomness import generator_for
from hf_dataset.schema import Instance

from .protocol import tool_call

Score = Callable[[Instance], Sequence[float]]
"""One number for each candidate of an instance, in their order."""


class ScoredPredictor:
    """Calls the candidate with the highest score, without arguments.

    Args:
        score: What it goes by.
        seed: The same seed gives the same replies, whatever the order of the instances.
        name: Of the baseline, so that two of them do not draw alike.
    """

    def __init__(self, score: Score, seed: int, name: str = "") -> None:
        self._name = name
        self._score = score
        self._seed = seed

    def predict(self, instance: Instance) -> str:
        """Call the candidate that the score is most for."""
        scores = self._score(instance)
        highest = max(scores) - 1e-9
        best = [tool.name for tool, score in zip(instance.candidates, scores, strict=True) if score >= highest]
        rng = generator_for((self._seed,), *filter(None, [self._name]), instance.instance_id)
        return tool_call(best[int(rng.integers(len(best)))], {})
