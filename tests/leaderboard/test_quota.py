"""The quota at its edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.stores.stored_records import Split
from leaderboard.submissions.quota import LIMITS, Past, decide

NOW = datetime(2026, 11, 22, 0, 0, 30, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def past(*ages: timedelta, split: Split = "test", failed: bool = False) -> list[Past]:
    return [Past(NOW - age, split, failed) for age in ages]


@pytest.mark.parametrize(
    ("earlier", "split", "left", "next_in"),
    [
        ([], "test", 1, None),
        ([], "validation", 10, None),
        (past(0 * SECOND), "test", 0, DAY),
        (past(DAY - SECOND), "test", 0, SECOND),
        (past(DAY), "test", 1, None),  # to the second a day ago
        (past(DAY, failed=True), "test", 1, None),
        (past(*[SECOND] * 99, failed=True), "test", 1, None),  # what failed costs nothing
        (past(SECOND, split="validation"), "test", 1, None),  # nor does the other split
        (past(*[SECOND] * 9, split="validation"), "validation", 1, None),
        (past(*[SECOND] * 10, split="validation"), "validation", 0, DAY - SECOND),
        (past(*[SECOND] * 9, DAY, split="validation"), "validation", 1, None),
        (past(*[n * DAY for n in (2, 4, 6, 8)]), "test", 1, None),
        (past(*[n * DAY for n in (2, 4, 6, 8, 29)]), "test", 0, DAY),
        (past(*[n * DAY for n in (2, 4, 6, 8, 30)]), "test", 1, None),
        (past(*[n * DAY for n in (2, 4, 6, 8, 10, 12)]), "test", 0, 20 * DAY),  # more than the limit, by an older rule
        (past(SECOND, *[n * DAY for n in (2, 3, 4, 5)]), "test", 0, 25 * DAY),  # both limits hold: the later one
        (past(-DAY / 2), "test", 0, 1.5 * DAY),  # by a clock that is ahead
    ],
)
def test_edges(earlier: list[Past], split: Split, left: int, next_in: timedelta | None) -> None:
    for order in (earlier, earlier[::-1]):
        found = decide(NOW, order, split)
        assert (found.allowed, found.left) == (left > 0, left)
        assert found.next_at == (None if next_in is None else NOW + next_in)
        assert ("Nothing was handed in" in found.text) == (not found.allowed)


def test_midnight_refills_nothing_and_zones_do_not_matter() -> None:
    before_midnight = [Past(datetime(2026, 11, 21, 23, 59, tzinfo=UTC), "test")]
    assert not decide(NOW, before_midnight, "test").allowed
    elsewhere = [Past(one.created.astimezone(timezone(timedelta(hours=14))), "test") for one in before_midnight]
    assert decide(NOW, elsewhere, "test") == decide(NOW, before_midnight, "test")


@given(st.lists(st.integers(0, 40 * 24), max_size=60), st.sampled_from(["test", "validation"]))
def test_no_window_ever_holds_more_than_its_limit(hours: list[int], split: Split) -> None:
    taken: list[Past] = []
    for hour in sorted(hours):
        now = NOW + timedelta(hours=hour)
        found = decide(now, taken, split)
        if found.allowed:
            taken.append(Past(now, split))
        else:
            assert found.next_at is not None
            assert found.next_at > now
            assert decide(found.next_at, taken, split).allowed
            assert not decide(found.next_at - timedelta(microseconds=1), taken, split).allowed
    for limit in LIMITS[split]:
        for one in taken:
            within = [other for other in taken if one.created <= other.created < one.created + limit.period]
            assert len(within) <= limit.count
