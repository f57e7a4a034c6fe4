"""Scores of a system that draws its reply at random, as expected values.

They are computed from all replies that can be drawn, so they are exact and have no confidence interval.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboard.stores.stored_records import CORE, HISTORY_TYPES, ConfigScores, Outcome, Split, SplitScores
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.records import ERROR_CLASSES, RATES, Reference, Verdict

from .score_submission import Scorer
from .scorer_version import scorer_version

Draw = Callable[[Reference], Sequence[str]]
"""Function that returns the replies to an instance, each drawn with the same probability; none if they are unknown."""
_DECIMALS_OF_TEST: Final = 3


def any_candidate(reference: Reference) -> list[str]:
    """Return a call of each candidate, without arguments."""
    return [_call(name, {}) for name in reference.candidates]


def any_suitable_candidate(reference: Reference) -> list[str]:
    """Return a call of each candidate that can do the job, with the arguments of the answer."""
    suitable = reference.same_function or ()
    return [_call(name, reference.answer.arguments) for name in reference.candidates if name in suitable]


DRAWS: Final[Mapping[str, Draw]] = {"random": any_candidate, "chance": any_suitable_candidate}
"""Random draws, by the name of the baseline."""


class _Expected(NamedTuple):
    """Expected values, one line for each instance of a config."""

    groups: Sequence[str]
    outcomes: NDArray[np.float64]
    """Probability of each of `RATES`, of shape (instances, rates)."""
    classes: NDArray[np.float64]
    """Probability of each of `ERROR_CLASSES`, of shape (instances, classes)."""

    def within(self, core: frozenset[str]) -> _Expected:
        """Return the instances of the core."""
        kept = [index for index, group in enumerate(self.groups) if group in core]
        return _Expected([self.groups[index] for index in kept], self.outcomes[kept], self.classes[kept])


def expected_outcome(scorer: Scorer, submission_id: str, split: Split, draw: Draw, created: str) -> Outcome | None:
    """Return the expected scores of random replies to a whole split.

    Args:
        scorer: Scorer, which provides the references.
        submission_id: Id of the submission that the outcome belongs to.
        split: Split to score.
        draw: Returns the replies that can be drawn.
        created: Current time: UTC, ISO 8601.

    Returns:
        An outcome without intervals and slices, in which rates of the test split are rounded to 0.001; or None if
        `draw` knows no reply to some instance.

    Raises:
        DataError: If the references cannot be read.
    """
    full: dict[str, _Expected] = {}
    for config in HISTORY_TYPES:
        expected = _expected(scorer.references(config, split), draw)
        if expected is None:
            return None
        full[config] = expected
    has_core = scorer.data.main_rows(split) == CORE
    main = {config: part.within(scorer.data.core) for config, part in full.items()} if has_core else full
    decimals = _DECIMALS_OF_TEST if split == "test" else None
    return Outcome(
        submission_id=submission_id,
        status="scored",
        reason="",
        scorer_version=scorer_version(),
        data_revision=scorer.data.revision,
        created=created,
        answers=scorer.answers_version(split),
        rows=scorer.data.main_rows(split),
        full=SplitScores(**_fields(full, decimals)) if has_core else SplitScores(),
        **_fields(main, decimals),
    )


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def _expected(references: Sequence[Reference], draw: Draw) -> _Expected | None:
    """Return the expected values on the instances of a config, or None if a reply is unknown."""
    outcomes, classes = [], []
    for reference in references:
        verdicts = [judge(reply, reference) for reply in draw(reference)]
        if not verdicts:
            return None
        outcomes.append(np.mean([verdict.outcome for verdict in verdicts], axis=0))
        classes.append(_class_shares(verdicts))
    return _Expected([reference.query_group for reference in references], np.array(outcomes), np.array(classes))


def _class_shares(verdicts: Sequence[Verdict]) -> list[float]:
    found = [verdict.error_class for verdict in verdicts]
    return [found.count(name) / len(found) for name in ERROR_CLASSES]


def _fields(parts: Mapping[str, _Expected], decimals: int | None) -> dict[str, Any]:
    """Return the fields of an outcome that hold scores, rounded unless `decimals` is None."""

    def rounded(rate: float) -> float:
        return float(rate) if decimals is None else round(float(rate), decimals)

    means = {config: part.outcomes.mean(axis=0) for config, part in parts.items()}
    scores = {}
    for config, part in parts.items():
        rates: dict[str, Any] = dict(zip(RATES, map(rounded, means[config]), strict=True))
        scores[config] = ConfigScores(
            **rates,
            intervals={},
            error_classes=dict(zip(ERROR_CLASSES, map(rounded, part.classes.mean(axis=0)), strict=True)),
            count=len(part.groups),
            query_groups=len(set(part.groups)),
        )
    overall = np.mean(list(means.values()), axis=0)
    return {"scores": scores, "overall": dict(zip(RATES, map(rounded, overall), strict=True))}
