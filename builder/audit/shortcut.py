"""A shortcut: a predictor that uses less information than the task requires.

Every shortcut chooses only among the candidates that do the job, because choosing the functionality is not what the
benchmark tests. If several candidates have the highest score, it draws one of them, so that a shortcut without
information is correct as often as chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from builder.predictors.protocol import tool_call
from builder.randomness import generator_for
from hf_dataset.schema import Instance

from .audit_split import AuditSplit

Score = Callable[[Instance, Sequence[str]], Sequence[float]]
"""Function that scores some candidates of an instance, given their names; the highest score is chosen."""
Make = Callable[[AuditSplit], Score]
"""Function that fits a rule on a split. It may use the answers of other query groups than the predicted one."""
Bound = Literal["chance", "half"]
"""Maximum accuracy of a shortcut: one in the number of same-function candidates, or one half."""
Kind = Literal["any", "attributes", "facts"]
"""Kind of tools that a shortcut is for: with labelled attributes, with facts and listings, or any."""
ALL: Final = ("preferred_only", "rating_integrated", "chronological")


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A rule that chooses the candidate with the highest score."""

    name: str
    bound: Bound
    configs: tuple[str, ...]
    make: Make
    tools: Kind = "any"

    def applies_to(self, part: AuditSplit) -> bool:
        """Return True if the shortcut is for the config and the kind of tools of a split."""
        return part.config in self.configs and self.tools in ("any", "facts" if part.by_facts else "attributes")


class ShortcutPredictor:
    """A shortcut as a predictor.

    Args:
        shortcut: The rule.
        part: The split on which it is fitted and evaluated.
    """

    def __init__(self, shortcut: Shortcut, part: AuditSplit) -> None:
        self._name = shortcut.name
        self._score = shortcut.make(part)
        self._capable_tools = part.capable_tools

    def predict(self, instance: Instance) -> str:
        """Return a call to the candidate with the highest score, without arguments."""
        capable_tools = self._capable_tools(instance)
        scores = self._score(instance, capable_tools)
        highest = max(scores) - 1e-9
        best = [name for name, score in zip(capable_tools, scores, strict=True) if score >= highest]
        if len(best) > 1:
            rng = generator_for((0,), self._name, instance.instance_id)
            return tool_call(best[int(rng.integers(len(best)))], {})
        return tool_call(best[0], {})
