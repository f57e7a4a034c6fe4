"""Stored records: submissions with their systems, outcomes and tallies, and their JSON form.

All records are frozen dataclasses; `store` defines how they are stored. The public process reads submissions, outcomes
and the public part of the data set. Only the evaluator reads the answers.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

Split = Literal["validation", "test"]
SPLITS: Final[tuple[Split, ...]] = ("validation", "test")
HISTORY_TYPES: Final = ("preferred_only", "rating_integrated", "chronological")
Rows = Literal["full split", "core"]
"""Rows of a split that a figure is on: all of them, or those of the core, which the manifest of the data set names."""
FULL_SPLIT: Final[Rows] = "full split"
CORE: Final[Rows] = "core"
OVERALL: Final = "overall"
"""Name of the board over all history types."""
HistoryShown = Literal["own", "none", "swapped"]
"""History that a system was shown: the user's own, none, or another user's (for the personalisation lift)."""
HISTORIES_SHOWN: Final[tuple[HistoryShown, ...]] = ("own", "none", "swapped")
Badge = Literal["baseline", "self-reported", "reproduced"]
"""Origin of a row: computed by the maintainers, submitted by a user, or submitted and rerun by the maintainers."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """Account that is signed in, as confirmed by the Hub and never taken from a form."""

    sub: str
    """Permanent id of the account; quotas are counted by it."""
    name: str
    """Display name of the account, which may change."""


@dataclass(frozen=True, slots=True)
class System:
    """Description of a system by its submitter; displayed without verification."""

    name: str
    team: str = ""
    link: str = ""
    """Repository on the Hub, `ORG/NAME`, or empty."""
    licence: str = ""
    parameters_b: float | None = None
    """Number of parameters, in billions."""
    cost_usd: float | None = None
    """Cost of the whole run, in US dollars."""
    description: str = ""
    history: HistoryShown = "own"


@dataclass(frozen=True, slots=True)
class Submission:
    """Accepted predictions file with its metadata; never changes."""

    id: str
    """Id assigned by the server, see `store.new_id`. Paths are derived from it and never from user input."""
    person: Person
    system: System
    split: Split
    configs: tuple[str, ...]
    """History types that the file answers, in the order of `HISTORY_TYPES`."""
    sha256: str
    """SHA-256 of the submitted file."""
    size: int
    """Size of the file in bytes."""
    data_revision: str
    """Hash of the data files of the data set; see `PublicData.revision`."""
    scorer_version: str
    created: str
    """Time of the submission: UTC, ISO 8601."""
    badge: Badge = "self-reported"
    core_only: tuple[str, ...] = ()
    """History types of which the file answers the core alone, in the order of `HISTORY_TYPES`."""


@dataclass(frozen=True, slots=True)
class RepeatScores:
    """Scores of several replies to each instance, from 0 to 1; those of the test split are rounded to 0.001."""

    replies: int
    """Number of replies to each instance."""
    pass_1: float
    """Share of the replies that call the correct tool."""
    pass_all: float
    """Share of the instances to which all replies call the correct tool: `pass^k` for the number of replies."""
    pass_all_interval: tuple[float, float]
    """Bounds of its 95 % bootstrap confidence interval."""
    agreement: float
    """Share of the pairs of replies to an instance that call the same tool."""


@dataclass(frozen=True, slots=True)
class Rung:
    """Rule by which a tool accuracy of a submitted system on the test split is shown or not, see `leaderboard.ladder`.

    All values are from 0 to 1, and whole percentage points.
    """

    step: float
    """Figures are multiples of it, rounded down."""
    lowest: float
    """Lowest figure that any account is shown."""
    best: float | None
    """Best figure that the account was shown before; None if there is none."""


@dataclass(frozen=True, slots=True)
class ConfigScores:
    """Scores on one config. Rates are from 0 to 1; those of the test split are rounded to 0.001.

    Submitted systems on the test split have no parameter and call accuracy and no error classes.
    """

    tool_accuracy: float
    parameter_accuracy: float | None
    call_accuracy: float | None
    format_rate: float
    hallucination_rate: float
    intervals: Mapping[str, tuple[float, float]]
    """Bounds of the 95 % confidence interval of each rate, by the rate's name."""
    error_classes: Mapping[str, float]
    """Share of the instances in each error class."""
    count: int
    """Number of instances."""
    query_groups: int
    """Number of query groups."""
    cut: float | None = None
    """Share of the replies that were cut at the limit of output tokens; None if the file does not state it."""
    refused: float | None = None
    """Share of the replies that the model refused or a content filter withheld; None if the file does not state it."""
    repeats: RepeatScores | None = None
    """Scores of all replies, if each instance has several; the rates above are those of the first replies."""


@dataclass(frozen=True, slots=True)
class SplitScores:
    """Scores on the full split, next to the main figure on its core."""

    scores: Mapping[str, ConfigScores] = field(default_factory=dict)
    """Scores by config; only the configs that were answered in full."""
    overall: Mapping[str, float] = field(default_factory=dict)
    """Macro mean of each rate over the three configs; empty unless all three were answered in full."""
    overall_intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    rungs: Mapping[str, Rung] = field(default_factory=dict)
    """As in `Outcome`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of scoring a submission; never changes. Rescoring adds a further outcome."""

    submission_id: str
    status: Literal["scored", "failed"]
    reason: str
    """Reason of the failure, or empty."""
    scorer_version: str
    data_revision: str
    created: str
    """Time of the scoring: UTC, ISO 8601."""
    scores: Mapping[str, ConfigScores] = field(default_factory=dict)
    """Scores by config."""
    overall: Mapping[str, float] = field(default_factory=dict)
    """Macro mean of each rate over the three configs; empty unless all three were answered."""
    overall_intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    slices: Mapping[str, Mapping[str, tuple[float, int]]] = field(default_factory=dict)
    """Tool accuracy and number of instances, by a property (history length, position of the preference change, rating
    noise, axis) and its value."""
    answers: str = ""
    """Version of the answers: first digits of a SHA-256, which change when the answers or the core are changed."""
    rows: Rows = FULL_SPLIT
    """Rows that `scores`, `overall` and `slices` are on. Outcomes of before the core was scored lack the field and are
    on the full split."""
    full: SplitScores = field(default_factory=SplitScores)
    """Scores on the full split where `rows` is `core` and the full split was answered; otherwise empty."""
    rungs: Mapping[str, Rung] = field(default_factory=dict)
    """Rule for the figure of each config and `overall`, for submitted systems on the test split: figures that are
    missing above do not reach the next rung. Empty if the scores are exact."""

    @property
    def key(self) -> str:
        """Unique key: submission, scorer version and version of the answers."""
        return f"{self.submission_id}.{self.scorer_version}.{self.answers or '0'}"


@dataclass(frozen=True, slots=True)
class Result:
    """Public part of an outcome and its submission."""

    submission: Submission
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Tallies:
    """Counts that a paired comparison of two systems needs: correct tools and instances per query group and config.

    The order of the groups depends on the private answers and is the same for all configs and submissions. Without the
    answers, the counts do not reveal which instances are correct.
    """

    answers: str
    """Version of the answers, as in `Outcome`."""
    groups: Mapping[str, tuple[tuple[int, int], ...]]
    """Correct tools and instances of each query group, by config; (0, 0) for a group without instances there."""
    rows: Rows = FULL_SPLIT
    """Rows that are counted, as in `Outcome`."""


def latest(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """Return the current outcome of each submission, by its id: the latest scored one, else the latest failed one.

    Args:
        outcomes: Outcomes, oldest first.
    """
    current: dict[str, Outcome] = {}
    for outcome in outcomes:
        former = current.get(outcome.submission_id)
        if former is None or outcome.status == "scored" or former.status != "scored":
            current[outcome.submission_id] = outcome
    return current


def to_json(record: Any) -> str:
    """Return a record as one line of JSON, with keys in the order of its fields."""
    return json.dumps(dataclasses.asdict(record), ensure_ascii=False, allow_nan=False)


def from_json(kind: type[T], text: str | bytes) -> T:
    """Parse a record written by `to_json`. Unknown fields, from later versions, are ignored.

    Raises:
        ValueError: If the text is not a record of that kind.
    """
    try:
        record: T = _adapter(cast("Hashable", kind)).validate_json(text)
    except ValidationError as error:  # its text quotes the record
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"not a {kind.__name__}: {where}{': ' if where else ''}{first['msg']}") from None
    return record


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter[Any](cast("Any", kind))
