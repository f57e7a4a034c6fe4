"""Tests of drawing candidates and distractors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.config import CandidateConfig
from builder.errors import BuildError
from builder.records import Tool
from builder.users import candidates
from builder.users.candidates import CandidateMaker, distractor_pool
from tests.factories import group as make_group
from tests.factories import tool as make_tool

GROUP = make_group([make_tool(f"own{index}__x") for index in range(3)])
JOBS = ("forecast", "rain", "song", "lyrics")


class WeatherEncoder:
    """Encoder whose vectors depend only on whether a text contains "weather"."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1.0, "weather" in text.lower()] for text in texts], dtype=np.float32)


def others() -> list[Tool]:
    """Return 20 tools that do another job: half in the category of the group, a quarter about weather."""
    return [
        replace(
            make_tool(f"other{index:02d}__y"),
            category="Weather" if index % 2 else "Music",
            functionality=f"job {index}",
            operation="Weather of the past" if index % 4 == 0 else "Songs",
        )
        for index in range(20)
    ]


def drawn(
    level: Literal["random", "same_category", "near_functionality"],
    *,
    look_alikes: frozenset[str] = frozenset(),
    count: int = 8,
    seed: int = 0,
) -> list[str]:
    tools = [*(member.tool for member in GROUP.members), *others()]
    maker = CandidateMaker(
        tools,
        {GROUP.functionality.name: look_alikes},
        CandidateConfig(count=count, distractors=level),
        WeatherEncoder(),
    )
    names = [tool.name for tool in maker.draw(GROUP, np.random.default_rng(seed))]
    assert len(set(names)) == len(names) == count
    assert {member.tool.name for member in GROUP.members} <= set(names)
    return names


def test_random_distractors_come_from_all_other_tools() -> None:
    assert {name for seed in range(40) for name in drawn("random", seed=seed)} >= {tool.name for tool in others()}


def test_distractors_come_from_the_category_until_it_is_exhausted() -> None:
    same_category = {tool.name for index, tool in enumerate(others()) if index % 2}
    assert {name for name in drawn("same_category") if name.startswith("other")} <= same_category
    assert set(drawn("same_category", count=15)) > same_category


def test_near_distractors_are_drawn_from_the_nearest_tools() -> None:
    near = {tool.name for tool in others() if "Weather" in tool.operation}
    draws = [set(drawn("near_functionality", count=4, seed=seed)) for seed in range(40)]
    # A single distractor is drawn from the three nearest tools.
    assert all(len(names & near) == 1 for names in draws)
    assert len(set.union(*draws) & near) == 3


def test_distractors_of_a_large_split_come_from_an_evenly_spaced_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = others()
    assert [tool.name for tool in distractor_pool(reversed(tools))] == [tool.name for tool in tools]
    monkeypatch.setattr(candidates, "_MAX_POOL", 5)
    sample = [tool.name for tool in distractor_pool(reversed(tools))]
    assert sample == [tools[index].name for index in (0, 4, 9, 14, 19)]
    # In `drawn`, the pool also holds the three tools of the group, whose names sort last.
    names = {name for seed in range(5) for name in drawn("random", seed=seed, count=7)}
    assert {name for name in names if name.startswith("other")} == {tools[index].name for index in (0, 5, 11, 16)}


def test_a_functionality_evicted_from_the_cache_gets_the_same_distractors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "_MAX_CACHED", 1)
    maker = CandidateMaker(others(), {}, CandidateConfig(count=8), WeatherEncoder())
    tools = [make_tool(f"own{index}__x") for index in range(3)]
    group, evicting = (make_group(tools, f"job {number}") for number in (1, 2))
    first, _, second = (
        [tool.name for tool in maker.draw(drawn_for, np.random.default_rng(0))]
        for drawn_for in (group, evicting, group)
    )
    assert first == second
    assert len(maker._distractors) == 1


def test_look_alikes_are_not_used_as_distractors() -> None:
    look_alikes = frozenset(tool.name for tool in others()[:10])
    assert not look_alikes & set(drawn("random", look_alikes=look_alikes, count=12))


def test_the_position_of_the_answer_is_uniform() -> None:
    places = [drawn("random", seed=seed).index("own0__x") for seed in range(400)]
    # The expected count is 50 for each of the eight positions; the tolerance is five standard deviations.
    assert all(abs(places.count(place) - 50) < 5 * 6.6 for place in range(8))


def test_too_few_tools_raise_an_error() -> None:
    with pytest.raises(BuildError, match=r"Cannot draw 30 candidates .* 3 tools do the job and 20 can be distractors"):
        drawn("random", count=30)
