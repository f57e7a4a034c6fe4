"""Which fault hits a request: a pure function of the seed, the request's content, and how often that content has come.

The order of arrival plays no part, so that two runs that ask the same things meet the same faults, however concurrent
they are. An *attempt* is one arrival of a content, counted from 1.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

RetryAfterForm = Literal["float", "integer", "date", "milliseconds"]


class Fault(StrEnum):
    """What can go wrong with a request; the value is the name of its rate in `Faults`."""

    RATE_LIMITED_WITH_RETRY_AFTER = "rate_limited_with_retry_after"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    DROPPED = "dropped"
    TIME_OUT = "time_out"
    TRUNCATED = "truncated"
    PROSE = "prose"
    NONSENSE = "nonsense"
    REFUSAL = "refusal"
    EMPTY_CHOICES = "empty_choices"
    CONTENT_NULL = "content_null"
    BATCH_FAILED = "batch_failed"
    BATCH_EXPIRED = "batch_expired"


RATE_LIMITS = (Fault.RATE_LIMITED_WITH_RETRY_AFTER, Fault.RATE_LIMITED)
TRANSPORT = (*RATE_LIMITS, Fault.SERVER_ERROR, Fault.DROPPED, Fault.TIME_OUT)
CONTENT = (
    Fault.TRUNCATED,
    Fault.PROSE,
    Fault.NONSENSE,
    Fault.REFUSAL,
    Fault.EMPTY_CHOICES,
    Fault.CONTENT_NULL,
)
BATCH = (Fault.BATCH_FAILED, Fault.BATCH_EXPIRED)


class Hit(NamedTuple):
    """What befalls one attempt."""

    fault: Fault | None
    """None where the attempt is answered cleanly."""

    variant: float
    """In [0, 1): picks among the forms of a fault, such as 500 or 503, or where the text is cut."""


CLEAN = Hit(None, 0.0)


@dataclass(frozen=True, slots=True)
class Faults:
    """The rates of the faults, each the share of attempts in [0, 1], and their settings."""

    seed: int = 0

    rate_limited_with_retry_after: float = 0.0
    """429 that says when to come back."""

    rate_limited: float = 0.0
    """429 that does not."""

    server_error: float = 0.0
    """500 or 503."""

    dropped: float = 0.0
    """The connection is closed, before the reply or in the middle of its body."""

    time_out: float = 0.0
    """No reply until the client gives up, for `time_out_s` at most; then the connection is closed."""

    truncated: float = 0.0
    """The text ends in the middle, with finish_reason "length" or "stop"."""

    prose: float = 0.0
    """Text where JSON was asked for."""

    nonsense: float = 0.0
    """The smallest JSON that satisfies the request's schema."""

    refusal: float = 0.0
    """The message holds a refusal and no content."""

    empty_choices: float = 0.0
    """The reply has no choices."""

    content_null: float = 0.0
    """The message holds neither content nor refusal."""

    batch_failed: float = 0.0
    """Share of whole batches that end as failed, without files."""

    batch_expired: float = 0.0
    """Share of whole batches that end as expired, half done."""

    max_consecutive: int | None = 3
    """After so many faulty attempts of one content the next is clean, whatever the kinds; None for no bound."""

    on_batch_api: bool = False
    """Whether the transport faults also hit the calls about files and batches and the list of models."""

    time_out_s: float = 30.0
    retry_after_s: float = 0.05
    retry_after_form: RetryAfterForm = "float"
    """Seconds as a decimal or a whole number, an HTTP date, or the header retry-after-ms; the middle two round up."""

    def __post_init__(self) -> None:
        for kinds in ((*TRANSPORT, *CONTENT), BATCH):
            rates = [self.rate(kind) for kind in kinds]
            if min(rates) < 0 or sum(rates) > 1 + 1e-9:
                raise ValueError(f"the rates of {', '.join(kinds)} must be at least 0 and add up to at most 1: {rates}")
        if self.max_consecutive is not None and self.max_consecutive < 0:
            raise ValueError(f"max_consecutive must be None or at least 0, not {self.max_consecutive!r}")

    @classmethod
    def standard(cls, seed: int = 0) -> Faults:
        """The mixture that a client is expected to live with: 30 % of the attempts."""
        return cls(
            seed=seed,
            rate_limited_with_retry_after=0.05,
            rate_limited=0.05,
            server_error=0.05,
            dropped=0.03,
            time_out=0.03,
            truncated=0.05,
            prose=0.02,
            nonsense=0.02,
        )

    def rate(self, fault: Fault) -> float:
        """The share of attempts that `fault` hits, before `max_consecutive` spares some."""
        return float(getattr(self, fault.value))

    def for_chat(self, content: str, attempt: int) -> Hit:
        """What befalls a chat completion, asked for directly or as a line of a batch."""
        return self._hit((*TRANSPORT, *CONTENT), content, attempt)

    def for_call(self, content: str, attempt: int) -> Hit:
        """What befalls a call about files, batches or models."""
        return self._hit(TRANSPORT, content, attempt) if self.on_batch_api else CLEAN

    def for_batch(self, content: str, attempt: int) -> Hit:
        """What befalls the batch that is the attempt-th made from a content."""
        return self._hit(BATCH, content, attempt)

    def _hit(self, kinds: tuple[Fault, ...], content: str, attempt: int) -> Hit:
        drawn = self._draw(kinds, content, attempt)
        if drawn.fault is None or self.max_consecutive is None:
            return drawn
        before = 0  # draws in a row that were faulty; of these every (max_consecutive + 1)th was spared
        while before < attempt - 1 and self._draw(kinds, content, attempt - 1 - before).fault:
            before += 1
        spared = before % (self.max_consecutive + 1) == self.max_consecutive
        return Hit(None, drawn.variant) if spared else drawn

    def _draw(self, kinds: tuple[Fault, ...], content: str, attempt: int) -> Hit:
        left = unit(self.seed, content, attempt, "fault")
        variant = unit(self.seed, content, attempt, "variant")
        for kind in kinds:
            left -= self.rate(kind)
            if left < 0:
                return Hit(kind, variant)
        return Hit(None, variant)


def unit(*name: str | int) -> float:
    """A number in [0, 1) that depends on nothing but `name`."""
    digest = hashlib.blake2b("\x00".join(map(str, name)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53
