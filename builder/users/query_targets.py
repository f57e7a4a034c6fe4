"""Query of users who choose by facts, as the search for a user sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .choice_rules import RuleSet


@dataclass(frozen=True, slots=True)
class Target:
    """Features of the candidates, and what the rules pick among them."""

    tools: NDArray[np.float64]
    """Features of the candidates."""
    best: NDArray[np.intp]
    """Candidate that each rule picks by a clear margin, -1 where none leads clearly or meets the requirement."""
    ties: NDArray[np.uint8]
    """Among how many candidates each stated rule picks evenly, 0 for one that it cannot pick; of shape (candidates,
    stated rules)."""
    stated: NDArray[np.intp]
    """Indexes of the rules that look at no other axes than those that the job states."""
    stated_rules: RuleSet
    """These rules."""

    def rivals(self, answer: int) -> NDArray[np.bool_]:
        """Return the rules that could pick another candidate than the answer."""
        rivals = np.zeros(len(self.best), dtype=bool)
        rivals[self.stated] = self.ties[answer] != 1
        return rivals
