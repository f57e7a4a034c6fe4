"""What is stored: a submission, what came of it, and the system that a board shows.

All are plain frozen records that go to JSON and back; `store.py` says where they lie. The public process sees
submissions, outcomes and the public rows of the data set; answers are read by the evaluator alone.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal, TypeVar, cast

from pydantic import TypeAdapter

Split = Literal["validation", "test"]
SPLITS: Final[tuple[Split, ...]] = ("validation", "test")
HISTORY_TYPES: Final = ("preferred_only", "rating_integrated", "chronological")
OVERALL: Final = "overall"
"""Of all history types together."""
HistoryShown = Literal["own", "none", "swapped"]
"""Whose history a system was shown: the user's own, none, or another user's (for the personalisation lift)."""
HISTORIES_SHOWN: Final[tuple[HistoryShown, ...]] = ("own", "none", "swapped")
Badge = Literal["baseline", "self-reported", "reproduced"]
"""Made by us from the data; handed in by a user; handed in, and run again by us."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, as the Hub says; never what a form says."""

    sub: str
    """The account's id, which does not change; the key of every quota."""
    name: str
    """The account's name, as it is shown."""


@dataclass(frozen=True, slots=True)
class System:
    """What a submitter says of a system; shown, and never believed."""

    name: str
    team: str = ""
    link: str = ""
    """A repository on the Hub, `ORG/NAME`, or empty."""
    licence: str = ""
    parameters_b: float | None = None
    """Parameters, in billions."""
    cost_usd: float | None = None
    """Dollars for the whole run."""
    description: str = ""
    history: HistoryShown = "own"


@dataclass(frozen=True, slots=True)
class Submission:
    """A file of predictions that was acknowledged; it never changes."""

    id: str
    """Made by the server: UTC time and random hexadecimal digits; the only thing that paths are made of."""
    person: Person
    system: System
    split: Split
    configs: tuple[str, ...]
    """History types that the file answers, sorted as in `HISTORY_TYPES`."""
    sha256: str
    """Of the file as it was handed in."""
    size: int
    """Bytes of it."""
    data_revision: str
    """`build_id` of the data set."""
    scorer_version: str
    created: str
    """UTC, ISO 8601."""
    badge: Badge = "self-reported"


@dataclass(frozen=True, slots=True)
class ConfigScores:
    """Rates of one config, 0 to 1; of the test split rounded to 0.001."""

    tool_accuracy: float
    parameter_accuracy: float
    call_accuracy: float
    format_rate: float
    hallucination_rate: float
    intervals: Mapping[str, tuple[float, float]]
    """Ends of the 95 % interval of each rate, by its name."""
    error_classes: Mapping[str, float]
    count: int
    query_groups: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a submission; written once by the evaluator, and followed by another where it is scored again."""

    submission_id: str
    status: Literal["scored", "failed"]
    reason: str
    """Why it failed; empty where it did not."""
    scorer_version: str
    data_revision: str
    created: str
    """UTC, ISO 8601."""
    scores: Mapping[str, ConfigScores] = field(default_factory=dict)
    """By config."""
    overall: Mapping[str, float] = field(default_factory=dict)
    """Macro mean of each rate over the three configs; empty where not all three were answered."""
    overall_intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    slices: Mapping[str, Mapping[str, tuple[float, int]]] = field(default_factory=dict)
    """Tool accuracy and number of rows by history length, position of the change, rating noise and axis: name of the
    slicing, then its value."""
    answers: str = ""
    """First digits of the SHA-256 of the answers it was scored against, so that mended answers can be told apart."""

    @property
    def key(self) -> str:
        """What there is one outcome of: submission, scorer and answers."""
        return f"{self.submission_id}.{self.scorer_version}.{self.answers or '0'}"


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome with its submission: what is public of both."""

    submission: Submission
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Tallies:
    """What comparing two systems needs, and no more: right tools and rows of each query group, by config.

    The groups stand in an order that only the answers tell, the same in every config and for every submission that was
    scored against them; so this does not say which rows were right.
    """

    answers: str
    """As in `Outcome`."""
    groups: Mapping[str, tuple[tuple[int, int], ...]]
    """Right tools and rows of each query group; (0, 0) of one that the config has no row of."""


def latest(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """The outcome that counts of each submission: the last with scores; the last where none has any.

    Args:
        outcomes: The oldest first.
    """
    found: dict[str, Outcome] = {}
    for one in outcomes:
        former = found.get(one.submission_id)
        if former is None or one.status == "scored" or former.status != "scored":
            found[one.submission_id] = one
    return found


def to_json(record: Any) -> str:
    """A record as one line of JSON, keys in the order of its fields."""
    return json.dumps(dataclasses.asdict(record), ensure_ascii=False, allow_nan=False)


def from_json(kind: type[T], text: str | bytes) -> T:
    """The record that `to_json` wrote; fields of a later version are passed over.

    Raises:
        ValueError: If it is no such record.
    """
    found: T = _adapter(cast("Hashable", kind)).validate_json(text)
    return found


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter[Any](cast("Any", kind))
