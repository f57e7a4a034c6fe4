"""Predictor that calls the candidate with the highest score. Ties are broken at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from builder.randomness import generator_for
from hf_dataset.schema import Instance

from .protocol import tool_call

Score = Callable[[Instance], Sequence[float]]
"""Function that returns one score for each candidate of an instance, in order."""


class ScoredPredictor:
    """Predictor that calls the candidate with the highest score, without arguments.

    Args:
        score: Scores the candidates of an instance.
        seed: Seed for breaking ties. The draws do not depend on the order of the instances.
        name: Name of the baseline. Baselines with different names draw independently.
    """

    def __init__(self, score: Score, seed: int, name: str = "") -> None:
        self._name = name
        self._score = score
        self._seed = seed

    def predict(self, instance: Instance) -> str:
        """Return a call to the candidate with the highest score."""
        scores = self._score(instance)
        highest = max(scores) - 1e-9
        best = [tool.name for tool, score in zip(instance.candidates, scores, strict=True) if score >= highest]
        rng = generator_for((self._seed,), *filter(None, [self._name]), instance.instance_id)
        return tool_call(best[int(rng.integers(len(best)))], {})
