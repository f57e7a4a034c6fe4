"""Counters of requests, tokens and cost, with a budget."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from builder.errors import BudgetError
from builder.llm_config import LlmConfig

from .answer_cache import Answer


@dataclass(slots=True)
class Meter:
    """Counters of the requests, tokens and dollars of a run, with an optional budget.

    Args:
        config: Prices and the maximum number of output tokens.
        max_cost_usd: Budget in dollars; None for no limit.
        price: Price of a request, as a share of the config's prices.
        prices: Origin of the prices; empty if it is not stated.
    """

    config: LlmConfig
    max_cost_usd: float | None = None
    price: float = 1.0
    prices: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    """Requests that the tasks have asked for so far."""
    finished: Counter[str] = field(default_factory=Counter)
    """Requests that have an accepted reply, or none in all attempts, by task."""
    paid: Counter[str] = field(default_factory=Counter)
    """Requests answered by the endpoint, by task."""
    cached: Counter[str] = field(default_factory=Counter)
    """Requests answered from the cache, by task."""
    accepted: Counter[str] = field(default_factory=Counter)
    """Replies that passed all checks, by task."""
    rejected: dict[str, Counter[str]] = field(default_factory=dict)
    """Replies that failed a check, by task and reason."""
    faults: Counter[str] = field(default_factory=Counter)
    """Failed requests, by reason."""
    input_tokens: int = 0
    output_tokens: int = 0
    accepted_tokens: Counter[str] = field(default_factory=Counter)
    """Tokens of accepted replies (`output`) and of their requests (`input`), independent of retries and the cache."""
    task_usd: dict[str, float] = field(default_factory=dict)
    """Dollars spent by this run, by task."""
    _reserved: float = 0.0
    _expected: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Expected requests and dollars, by task in the order in which tasks begin."""

    @property
    def cost_usd(self) -> float:
        """Dollars spent by this run."""
        return self.price * self.config.cost_usd(self.input_tokens, self.output_tokens)

    @property
    def _by_prices(self) -> str:
        return f" (prices: {self.prices})" if self.prices else ""

    def reserve(self, input_tokens: int) -> float:
        """Reserve the maximum cost of a request.

        Args:
            input_tokens: Estimated tokens of the request.

        Returns:
            Reserved dollars, to be passed to `release`.

        Raises:
            BudgetError: If the request could exceed the budget.
        """
        worst = self.price * self.config.cost_usd(input_tokens, self.config.max_output_tokens)
        if self.max_cost_usd is not None and self.cost_usd + self._reserved + worst > self.max_cost_usd:
            raise BudgetError(
                f"Stopped before the budget of {self.max_cost_usd:.2f} USD is exceeded: {self.cost_usd:.4f} USD are "
                f"spent, and the next request could cost {worst:.4f} USD{self._by_prices}. All answers are kept. To "
                "resume, run the same command with a larger --max-cost-usd."
            )
        self._reserved += worst
        return worst

    def release(self, reserved: float) -> None:
        """Cancel a reservation.

        Args:
            reserved: Dollars that `reserve` returned.
        """
        self._reserved -= reserved

    def pay(self, task: str, answer: Answer) -> None:
        """Count an answer of the endpoint and its cost."""
        self.paid[task] += 1
        cost = self.price * self.config.cost_usd(answer.input_tokens, answer.output_tokens)
        self.task_usd[task] = self.task_usd.get(task, 0.0) + cost
        self.input_tokens += answer.input_tokens
        self.output_tokens += answer.output_tokens

    def expect(self, task: str, requests: int, input_tokens: int, output_tokens: int) -> None:
        """Note what a task is expected to need; call it for the tasks in their order."""
        self._expected[task] = (requests, self.price * self.config.cost_usd(input_tokens, output_tokens))

    def to_come_usd(self, task: str) -> float:
        """Return the expected cost of the requests of a task that are not finished.

        Each of them is expected to cost the average of the finished requests of the task. A task that has not begun, or
        has open requests, is expected to send at least the number of requests that was noted. If its requests are all
        finished, or a later task has begun, it is expected to send no more.
        """
        requests, usd = self._expected.get(task, (0, 0.0))
        order = list(self._expected)
        later = order[order.index(task) + 1 :] if task in self._expected else []
        waits = 0 < self.asked[task] == self.finished[task] or any(self.asked[name] for name in later)
        total = self.asked[task] if waits else max(self.asked[task], requests)
        each = self.task_usd[task] / self.paid[task] if self.paid[task] else usd / max(requests, 1)
        return max(total - self.finished[task], 0) * each

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks that are expected or have begun, in their order."""
        return list(dict.fromkeys([*self._expected, *self.asked]))

    def accept(self, task: str, answer: Answer) -> None:
        """Count a reply that passed all checks."""
        self.accepted[task] += 1
        self.accepted_tokens["input"] += answer.input_tokens
        self.accepted_tokens["output"] += answer.output_tokens

    def take_back(self, task: str, reason: str) -> None:
        """Count an accepted reply as rejected, because of a check that needs more than the reply."""
        self.accepted[task] -= 1
        self.reject(task, reason)

    def reject(self, task: str, reason: str) -> None:
        """Count a reply that failed a check."""
        self.rejected.setdefault(task, Counter())[reason] += 1
