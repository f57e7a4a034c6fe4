"""What the requests of a build cost, and what came of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from builder.config import LlmConfig
from builder.errors import BudgetError

from .answer_cache import Answer


@dataclass(slots=True)
class Meter:
    """Counts requests, tokens and dollars, and stops before a limit is exceeded."""

    config: LlmConfig
    max_cost_usd: float | None = None
    price: float = 1.0
    """What the requests cost, as a share of the config's prices."""
    paid: Counter[str] = field(default_factory=Counter)
    """Requests answered by the endpoint, by task."""
    cached: Counter[str] = field(default_factory=Counter)
    """Requests answered from the cache, by task."""
    accepted: Counter[str] = field(default_factory=Counter)
    """Replies that were of use, by task."""
    rejected: dict[str, Counter[str]] = field(default_factory=dict)
    """Replies that were of no use: by task, then by reason."""
    faults: Counter[str] = field(default_factory=Counter)
    """Requests that had no answer and were sent again, by reason."""
    input_tokens: int = 0
    output_tokens: int = 0
    accepted_tokens: Counter[str] = field(default_factory=Counter)
    """Tokens of the accepted replies and their requests: `input` and `output`; the same however often was asked."""
    _reserved: float = 0.0

    @property
    def cost_usd(self) -> float:
        """Dollars spent by this run."""
        return self.price * self.config.cost_usd(self.input_tokens, self.output_tokens)

    def reserve(self, input_tokens: int) -> float:
        """Set aside what a request may cost at most.

        Raises:
            BudgetError: If the limit could be exceeded.
        """
        worst = self.price * self.config.cost_usd(input_tokens, self.config.max_output_tokens)
        if self.max_cost_usd is not None and self.cost_usd + self._reserved + worst > self.max_cost_usd:
            raise BudgetError(
                f"Stopped before {self.max_cost_usd:.2f} USD were exceeded: {self.cost_usd:.4f} USD are spent, and the "
                f"next request could cost {worst:.4f} USD. All answers are kept: run the same command with a larger "
                "--max-cost-usd, and it goes on from here."
            )
        self._reserved += worst
        return worst

    def release(self, reserved: float) -> None:
        """Give back what was set aside."""
        self._reserved -= reserved

    def pay(self, task: str, answer: Answer) -> None:
        """Count an answer of the endpoint."""
        self.paid[task] += 1
        self.input_tokens += answer.input_tokens
        self.output_tokens += answer.output_tokens

    def accept(self, task: str, answer: Answer) -> None:
        """Count a reply that is of use."""
        self.accepted[task] += 1
        self.accepted_tokens["input"] += answer.input_tokens
        self.accepted_tokens["output"] += answer.output_tokens

    def reject(self, task: str, reason: str) -> None:
        """Count a reply that is of no use."""
        self.rejected.setdefault(task, Counter())[reason] += 1
