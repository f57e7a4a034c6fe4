"""Fault injection: the fault of a request is a pure function of the seed, its content and its attempt number.

It does not depend on the order of arrival. Two runs with the same requests meet the same faults, whatever their
concurrency. The *attempt* counts the arrivals of the same content, from 1.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

RetryAfterForm = Literal["float", "integer", "date", "milliseconds"]


class Fault(StrEnum):
    """Kinds of faults. The value is the name of the rate in `Faults`."""

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
    """Fault of one attempt."""

    fault: Fault | None
    """None if the attempt succeeds."""

    variant: float
    """Random number in [0, 1) that selects a variant of the fault: 500 or 503, or where a text is cut."""


CLEAN = Hit(None, 0.0)


@dataclass(frozen=True, slots=True)
class Faults:
    """Fault rates, as shares of the attempts in [0, 1], and settings of the faults."""

    seed: int = 0

    rate_limited_with_retry_after: float = 0.0
    """429 with a Retry-After header."""

    rate_limited: float = 0.0
    """429 without a Retry-After header."""

    server_error: float = 0.0
    """500 or 503."""

    dropped: float = 0.0
    """The connection is closed before the reply or within its body."""

    time_out: float = 0.0
    """No reply until the client times out; the connection is closed after `time_out_s`."""

    truncated: float = 0.0
    """The text is cut, with finish_reason "length" or "stop"."""

    prose: float = 0.0
    """Prose instead of JSON."""

    nonsense: float = 0.0
    """Meaningless JSON that satisfies the requested schema."""

    refusal: float = 0.0
    """The message has a refusal and no content."""

    empty_choices: float = 0.0
    """The reply has no choices."""

    content_null: float = 0.0
    """The message has neither content nor refusal."""

    batch_failed: float = 0.0
    """Share of batches that end as failed, without output files."""

    batch_expired: float = 0.0
    """Share of batches that end as expired, with half of the results."""

    max_consecutive: int | None = 3
    """Maximum number of consecutive faulty attempts of one content; None for no maximum."""

    on_batch_api: bool = False
    """Apply the transport faults also to requests for files, batches and the list of models."""

    time_out_s: float = 30.0
    retry_after_s: float = 0.05
    retry_after_form: RetryAfterForm = "float"
    """Format of Retry-After: decimal or whole seconds, an HTTP date, or the header retry-after-ms. All but the decimal round up."""

    def __post_init__(self) -> None:
        for kinds in ((*TRANSPORT, *CONTENT), BATCH):
            rates = [self.rate(kind) for kind in kinds]
            if min(rates) < 0 or sum(rates) > 1 + 1e-9:
                raise ValueError(
                    f"The rates of {', '.join(kinds)} must be at least 0 and sum to at most 1, not {rates}."
                )
        if self.max_consecutive is not None and self.max_consecutive < 0:
            raise ValueError(f"max_consecutive must be None or at least 0, not {self.max_consecutive!r}.")

    @classmethod
    def standard(cls, seed: int = 0) -> Faults:
        """Return the mixture of faults that clients must tolerate: 30 % of the attempts."""
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
        """Return the rate of a fault, before the effect of `max_consecutive`."""
        return float(getattr(self, fault.value))

    def for_chat(self, content: str, attempt: int) -> Hit:
        """Return the fault of a chat completion, requested directly or in a batch."""
        return self._hit((*TRANSPORT, *CONTENT), content, attempt)

    def for_call(self, content: str, attempt: int) -> Hit:
        """Return the fault of a request for files, batches or models."""
        return self._hit(TRANSPORT, content, attempt) if self.on_batch_api else CLEAN

    def for_batch(self, content: str, attempt: int) -> Hit:
        """Return the fault of a whole batch. The attempt counts the batches with the same content."""
        return self._hit(BATCH, content, attempt)

    def _hit(self, kinds: tuple[Fault, ...], content: str, attempt: int) -> Hit:
        drawn = self._draw(kinds, content, attempt)
        if drawn.fault is None or self.max_consecutive is None:
            return drawn
        before = 0  # number of consecutive faulty draws before this one; every (max_consecutive + 1)th is skipped
        while before < attempt - 1 and self._draw(kinds, content, attempt - 1 - before).fault:
            before += 1
        skipped = before % (self.max_consecutive + 1) == self.max_consecutive
        return Hit(None, drawn.variant) if skipped else drawn

    def _draw(self, kinds: tuple[Fault, ...], content: str, attempt: int) -> Hit:
        left = unit(self.seed, content, attempt, "fault")
        variant = unit(self.seed, content, attempt, "variant")
        for kind in kinds:
            left -= self.rate(kind)
            if left < 0:
                return Hit(kind, variant)
        return Hit(None, variant)


def unit(*name: str | int) -> float:
    """Return a pseudo-random number in [0, 1) that depends only on `name`."""
    digest = hashlib.blake2b("\x00".join(map(str, name)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53
