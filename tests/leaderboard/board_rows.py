"""Submissions with invented scores, and the leaderboard rows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from leaderboard.stores.stored_records import (
    CORE,
    FULL_SPLIT,
    HISTORY_TYPES,
    OVERALL,
    ConfigScores,
    Outcome,
    Person,
    Rows,
    Rung,
    Split,
    SplitScores,
    Submission,
    System,
)
from leaderboard.views import html_parts, ranking
from metrics.petoolbench.records import ERROR_CLASSES, RATES

REVISION = "0123abcd"
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "**bold** [x](javascript:alert(1))",
    "${alert(1)} {{constructor}} `x`",
    '=HYPERLINK("http://x")',
    "مرحبا",
    '" onmouseover="alert(1)',
)
"""Names that break a page, a template or a spreadsheet unless they are escaped."""


def scores(tool: float, half: float = 0.02) -> ConfigScores:
    """Return scores with a given tool accuracy, and intervals of half width `half`."""
    rates: dict[str, Any] = dict(zip(RATES, (tool, tool, tool, 1.0, 0.0), strict=True))
    classes: dict[str, float] = {**dict.fromkeys(ERROR_CLASSES, 0.0), "correct": tool, "preference_mismatch": 1 - tool}
    ends = {name: (max(0.0, rate - half), min(1.0, rate + half)) for name, rate in rates.items()}
    return ConfigScores(**rates, intervals=ends, error_classes=classes, count=100, query_groups=50)


def entry(
    number: int,
    tool: float,
    *,
    account: str = "",
    half: float = 0.02,
    configs: Sequence[str] = HISTORY_TYPES,
    created: str = "",
    badge: Any = "self-reported",
    split: Any = "validation",
    revision: str = REVISION,
    **system: Any,
) -> tuple[Submission, Outcome]:
    """Return a submission and its outcome; by default each number has its own account."""
    name = account or f"account-{number}"
    day = created or f"2026-11-{number + 1:02d}T09:00:00.000+00:00"
    submission = Submission(
        id=f"20261101T090000Z-{number:016x}",
        person=Person(f"id-{name}", name),
        system=System(**{"name": f"system {number}", **system}),
        split=split,
        configs=tuple(configs),
        sha256="ab" * 32,
        size=10,
        data_revision=revision,
        scorer_version="scorer-1",
        created=day,
        badge=badge,
    )
    by_config = {config: scores(tool, half) for config in configs}
    is_complete = len(by_config) == len(HISTORY_TYPES)
    overall = scores(tool, half)
    outcome = Outcome(
        submission.id,
        "scored",
        "",
        "scorer-1",
        revision,
        day,
        by_config,
        {name: getattr(overall, name) for name in RATES} if is_complete else {},
        overall.intervals if is_complete else {},
        {"history_length": {"6 to 10": (tool, 60), "11 to 15": (tool, 40)}},
    )
    return submission, outcome


def expected(result: tuple[Submission, Outcome]) -> tuple[Submission, Outcome]:
    """Return a result as that of a random choice: expected values, without intervals, slices and a file."""
    submission, outcome = result
    by_config = {config: replace(scores, intervals={}) for config, scores in outcome.scores.items()}
    return replace(submission, sha256=""), replace(outcome, scores=by_config, overall_intervals={}, slices={})


def on_core(
    result: tuple[Submission, Outcome], full: float | None = None, half: float = 0.02
) -> tuple[Submission, Outcome]:
    """Return a shown result of the test split on the core, and optionally with scores on the full split."""
    submission, outcome = result
    on_full = SplitScores()
    if full is not None:
        rates = scores(full, half)
        overall = {name: getattr(rates, name) for name in RATES} if outcome.overall else {}
        on_full = SplitScores(dict.fromkeys(outcome.scores, rates), overall, rates.intervals if outcome.overall else {})
    names = [*outcome.scores, *([OVERALL] if outcome.overall else [])] if submission.badge != "baseline" else []
    rungs = dict.fromkeys(names, Rung(0.07, 0.28, None))
    core_only = submission.configs if full is None else ()
    return replace(submission, split="test", core_only=core_only), replace(
        outcome, rows=CORE, full=on_full, rungs=rungs
    )


def rows_of(
    *entries: tuple[Submission, Outcome],
    which: str = OVERALL,
    every: bool = False,
    split: Split = "validation",
    main: Rows = FULL_SPLIT,
) -> list[ranking.Row]:
    """Return the rows of a board, by default of `overall`."""
    submissions, outcomes = [submission for submission, _ in entries], [outcome for _, outcome in entries]
    return ranking.rows(submissions, outcomes, which, split, REVISION, every=every, main=main)


def check_no_markup(html: str, name: str) -> None:
    """Check that HTML shows a name as escaped text, without markup or template syntax from it."""
    for mark in ("<img", 'onmouseover="', "${", "{{", "`"):
        assert mark not in html
    assert html_parts.escaped(name) in html
