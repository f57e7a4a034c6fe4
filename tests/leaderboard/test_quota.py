"""Quota decisions at the limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.stores.stored_records import Split
from leaderboard.submissions.quota import LIMITS, PastSubmission, decide

NOW = datetime(2026, 11, 22, 0, 0, 30, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def submitted(*ages: timedelta, split: Split = "test", failed: bool = False) -> list[PastSubmission]:
    return [PastSubmission(NOW - age, split, failed) for age in ages]


@pytest.mark.parametrize(
    ("earlier", "split", "left", "next_in"),
    [
        ([], "test", 1, None),
        ([], "validation", 10, None),
        (submitted(0 * SECOND), "test", 0, DAY),
        (submitted(DAY - SECOND), "test", 0, SECOND),
        (submitted(DAY), "test", 1, None),  # exactly one day ago
        (submitted(DAY, failed=True), "test", 1, None),
        (submitted(*[SECOND] * 99, failed=True), "test", 1, None),  # failed submissions do not count
        (submitted(SECOND, split="validation"), "test", 1, None),  # submissions of the other split do not count
        (submitted(*[SECOND] * 9, split="validation"), "validation", 1, None),
        (submitted(*[SECOND] * 10, split="validation"), "validation", 0, DAY - SECOND),
        (submitted(*[SECOND] * 9, DAY, split="validation"), "validation", 1, None),
        (submitted(*[n * DAY for n in (2, 4, 6, 8)]), "test", 1, None),
        (submitted(*[n * DAY for n in (2, 4, 6, 8, 29)]), "test", 0, DAY),
        (submitted(*[n * DAY for n in (2, 4, 6, 8, 30)]), "test", 1, None),
        (
            submitted(*[n * DAY for n in (2, 4, 6, 8, 10, 12)]),
            "test",
            0,
            20 * DAY,
        ),  # more than the limit, under an earlier rule
        (submitted(SECOND, *[n * DAY for n in (2, 3, 4, 5)]), "test", 0, 25 * DAY),  # both limits apply: the later time
        (submitted(-DAY / 2), "test", 0, 1.5 * DAY),  # from a clock that is ahead
    ],
)
def test_decision_at_a_limit(earlier: list[PastSubmission], split: Split, left: int, next_in: timedelta | None) -> None:
    for order in (earlier, earlier[::-1]):
        decision = decide(NOW, order, split)
        assert (decision.allowed, decision.left) == (left > 0, left)
        assert decision.next_at == (None if next_in is None else NOW + next_in)
        assert ("Nothing was submitted" in decision.text) == (not decision.allowed)


def test_quota_depends_on_neither_midnight_nor_time_zone() -> None:
    before_midnight = [PastSubmission(datetime(2026, 11, 21, 23, 59, tzinfo=UTC), "test")]
    assert not decide(NOW, before_midnight, "test").allowed
    other_zone = [
        PastSubmission(past.created.astimezone(timezone(timedelta(hours=14))), "test") for past in before_midnight
    ]
    assert decide(NOW, other_zone, "test") == decide(NOW, before_midnight, "test")


@given(st.lists(st.integers(0, 40 * 24), max_size=60), st.sampled_from(["test", "validation"]))
def test_no_window_exceeds_its_limit(hours: list[int], split: Split) -> None:
    accepted: list[PastSubmission] = []
    for hour in sorted(hours):
        now = NOW + timedelta(hours=hour)
        decision = decide(now, accepted, split)
        if decision.allowed:
            accepted.append(PastSubmission(now, split))
        else:
            assert decision.next_at is not None
            assert decision.next_at > now
            assert decide(decision.next_at, accepted, split).allowed
            assert not decide(decision.next_at - timedelta(microseconds=1), accepted, split).allowed
    for limit in LIMITS[split]:
        for first in accepted:
            end = first.created + limit.period
            window = [past for past in accepted if first.created <= past.created < end]
            assert len(window) <= limit.count
