"""What stands beside the answer."""

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
from tests.factories import group, tool

OWN = group([tool(f"own{index}__x") for index in range(3)])
JOBS = ("forecast", "rain", "song", "lyrics")


class ByWord:
    """Texts are as near as the first letters of their first words."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1.0, "weather" in text.lower()] for text in texts], dtype=np.float32)


def others() -> list[Tool]:
    """Twenty tools that do another job; half of them of the same category, a quarter about weather."""
    return [
        replace(
            tool(f"other{index:02d}__y"),
            category="Weather" if index % 2 else "Music",
            functionality=f"job {index}",
            operation="Weather of the past" if index % 4 == 0 else "Songs",
        )
        for index in range(20)
    ]


def drawn(
    level: Literal["random", "same_category", "near_functionality"],
    *,
    barred: frozenset[str] = frozenset(),
    count: int = 8,
    seed: int = 0,
) -> list[str]:
    tools = [*(member.tool for member in OWN.members), *others()]
    maker = CandidateMaker(
        tools, {OWN.functionality.name: barred}, CandidateConfig(count=count, distractors=level), ByWord()
    )
    found = [one.name for one in maker.draw(OWN, np.random.default_rng(seed))]
    assert len(set(found)) == len(found) == count
    assert {member.tool.name for member in OWN.members} <= set(found)
    return found


def test_distractors_come_from_anywhere() -> None:
    assert {name for seed in range(40) for name in drawn("random", seed=seed)} >= {one.name for one in others()}


def test_distractors_come_from_the_category_as_far_as_it_goes() -> None:
    odd = {one.name for index, one in enumerate(others()) if index % 2}
    assert {name for name in drawn("same_category") if name.startswith("other")} <= odd
    assert set(drawn("same_category", count=15)) > odd


def test_distractors_do_a_near_job() -> None:
    """Of the five nearest, all about weather, and ten more as far away as the rest."""
    near = {one.name for one in others() if "Weather" in one.operation}
    found = [set(drawn("near_functionality", count=4, seed=seed)) for seed in range(40)]
    # One distractor is drawn of the three nearest.
    assert all(len(names & near) == 1 for names in found)
    assert len(set.union(*found) & near) == 3


def test_of_a_large_split_distractors_come_from_an_even_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = others()
    assert [one.name for one in distractor_pool(reversed(tools))] == [one.name for one in tools]
    monkeypatch.setattr(candidates, "_POOL", 5)
    chosen = [one.name for one in distractor_pool(reversed(tools))]
    assert chosen == [tools[index].name for index in (0, 4, 9, 14, 19)]
    # Of the 20 and the 3 of the group itself, which come after them by name.
    found = {name for seed in range(5) for name in drawn("random", seed=seed, count=7)}
    assert {name for name in found if name.startswith("other")} == {tools[index].name for index in (0, 5, 11, 16)}


def test_a_functionality_that_was_forgotten_gets_the_same_distractors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "_REMEMBERED", 1)
    maker = CandidateMaker(others(), {}, CandidateConfig(count=8), ByWord())
    more = [group([tool(f"own{index}__x") for index in range(3)], f"job {number}") for number in (1, 2)]
    first, _, again = (
        [one.name for one in maker.draw(own, np.random.default_rng(0))] for own in (more[0], more[1], more[0])
    )
    assert first == again
    assert len(maker._distractors) == 1


def test_look_alikes_and_tools_of_the_same_job_are_no_distractors() -> None:
    barred = frozenset(one.name for one in others()[:10])
    assert not barred & set(drawn("random", barred=barred, count=12))


def test_the_order_tells_nothing() -> None:
    places = [drawn("random", seed=seed).index("own0__x") for seed in range(400)]
    # 50 for each of the eight places, with five standard deviations
    assert all(abs(places.count(place) - 50) < 5 * 6.6 for place in range(8))


def test_too_few_tools_are_refused() -> None:
    with pytest.raises(
        BuildError, match=r"3 tools of its own and 20 that can stand beside them; candidates.count asks for 30"
    ):
        drawn("random", count=30)
