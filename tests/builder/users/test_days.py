"""Days relative to the day of a request: each way to state one means exactly this day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from builder.argument_config import ArgumentConfig
from builder.users.values.context import Situation, ValueSource
from builder.users.values.days import Direction, is_adverb, names_day, read_days, said_day
from builder.users.values.places import draw_home

TODAY = date(2026, 11, 29)  # a Sunday
HOME = draw_home(np.random.default_rng(0))
ALWAYS = Situation(HOME, TODAY, arguments=ArgumentConfig(relative=1))


@pytest.mark.parametrize(
    ("text", "direction", "day"),
    [
        ("on Friday", "coming", "2026-12-04"),
        ("since Friday", "past", "2026-11-27"),
        ("tomorrow", "coming", "2026-11-30"),
        ("five days ago", "past", "2026-11-24"),
        ("in three days", "coming", "2026-12-02"),
        ("on the 3rd", "coming", "2026-12-03"),
        ("since the 30th", "past", "2026-10-30"),
        ("3 February", "coming", "2027-02-03"),
        ("3 February", "past", "2026-02-03"),
        ("3 February 2025", "coming", "2025-02-03"),
    ],
)
def test_words_mean_the_nearest_such_day(text: str, direction: Direction, day: str) -> None:
    assert read_days(text, TODAY, direction) == {day}
    assert names_day(text)


@pytest.mark.parametrize("direction", ["coming", "past"])
def test_all_ways_to_state_a_day_mean_it(direction: Direction) -> None:
    rng = np.random.default_rng(1)
    said = set()
    for ahead in range(1, 200):
        day = TODAY + timedelta(days=ahead if direction == "coming" else -ahead)
        for _ in range(12):
            value = said_day(ValueSource(rng, situation=ALWAYS), day, direction)
            assert value.kind == "date"
            assert value.value == day.isoformat()
            assert read_days(value.said, TODAY, direction) == {value.value}
            said.add(value.said)
    assert {"Friday", "the 10th"} <= said
    assert ("tomorrow" if direction == "coming" else "yesterday") in said
    assert not any("next" in text or "last" in text for text in said)


def test_words_that_need_another_preposition_can_be_left_out() -> None:
    draw = ValueSource(np.random.default_rng(2), situation=ALWAYS)
    days = [said_day(draw, TODAY + timedelta(days=3), after_preposition=True).said for _ in range(60)]
    assert {"Wednesday", "the 2nd", "2 December"} == set(days)
    only = {said_day(draw, TODAY - timedelta(days=3), "past", plain=True).said for _ in range(20)}
    assert only == {"three days ago"}
    assert all(map(is_adverb, only))
    end = {said_day(draw, TODAY + timedelta(days=12), alone=False).said for _ in range(20)}
    assert end == {"11 December"}
