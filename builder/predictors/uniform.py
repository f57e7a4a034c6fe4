"""`baseline:random`: any candidate, without arguments. Looks at the number of candidates and their names."""

from __future__ import annotations

from builder.randomness import generator_for
from hf_dataset.schema import Instance

from .protocol import tool_call


class RandomPredictor:
    """Picks each candidate with the same probability.

    Args:
        seed: The same seed gives the same replies, whatever the order of the instances.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def predict(self, instance: Instance) -> str:
        """Draw one of the candidates."""
        rng = generator_for((self._seed,), instance.instance_id)
        return tool_call(instance.candidates[int(rng.integers(len(instance.candidates)))].name, {})
