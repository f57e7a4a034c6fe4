"""Tests of generating histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from builder.config import CandidateConfig, HistoryConfig, PreferenceConfig
from builder.records import Group, GroupTool, History, Interaction, Profile, Query, Scenario, SlotValue
from builder.users.histories import HistoryWriter, PreferenceHolder, flip
from builder.users.preferences import PreferredTools
from tests.factories import NoEncoder, tool
from tests.factories import group as make_group

FREE, PAID, MIXED = (Profile({("pricing", value): 1.0}) for value in ("free", "paid", "freemium"))


def groups(number: int = 8, wording: int | None = None) -> list[Group]:
    """Return groups of a free, a paid and a freemium tool; the first group is the target."""
    return [
        make_group(
            [tool(f"{value}{index}__x", pricing=value) for value in ("free", "paid", "freemium")],
            f"job {index}",
            wording=None if wording is None else (index + wording) % 2,
        )
        for index in range(number)
    ]


def writer(
    config: HistoryConfig, split: Sequence[Group], candidates: CandidateConfig | None = None, seed: int = 0
) -> HistoryWriter:
    pools = {
        group.key: [
            Scenario(f"{group.key} {index}", {"city": SlotValue(str(index), str(index))}) for index in range(40)
        ]
        for group in split
    }
    target = split[0]
    query = Query("q", target, pools[target.key][0], tuple(member.tool for member in target.members))
    preferred = PreferredTools(split, PreferenceConfig(), NoEncoder())
    return HistoryWriter(query, preferred, pools, config, candidates or CandidateConfig(), np.random.default_rng(seed))


def holder(profile: Profile, target: Group) -> PreferenceHolder:
    return PreferenceHolder(profile, next(m.tool for m in target.members if profile.utility(m.tool) == 1))


def prices(history: History) -> list[str]:
    return [call.tool.values["pricing"] for call in history.interactions]


def runs(values: Sequence[str]) -> list[str]:
    """Return the values with repetitions collapsed."""
    return [value for index, value in enumerate(values) if index == 0 or values[index - 1] != value]


def written(config: HistoryConfig, *earlier: Profile, seed: int) -> dict[str, History]:
    split = groups()
    rng = np.random.default_rng(seed)
    current = holder(FREE, split[0])
    before = [current if profile is FREE else holder(profile, split[0]) for profile in earlier]
    history_writer = writer(config, split)
    histories = history_writer.write(current, before, history_writer.shape(rng), rng)
    assert histories is not None
    return histories


def written_for_free(history_writer: HistoryWriter, target: Group) -> dict[str, History] | None:
    """Return the histories of a user who prefers free tools and preferred paid ones before."""
    rng = np.random.default_rng(0)
    return history_writer.write(holder(FREE, target), [holder(PAID, target)], history_writer.shape(rng), rng)


@pytest.mark.parametrize("seed", range(20))
def test_the_three_types_follow_the_preferences(seed: int) -> None:
    histories = written(HistoryConfig(), PAID, seed=seed)
    assert set(prices(histories["preferred_only"])) == {"free"}
    rated = histories["rating_integrated"].interactions
    assert {(call.tool.values["pricing"], call.rating) for call in rated} == {("free", 1), ("paid", 0)}
    assert Counter(call.rating for call in rated)[0] == len(rated) / 2
    chronological = histories["chronological"]
    assert runs(prices(chronological)) == ["paid", "free"]
    assert prices(chronological).index("free") == chronological.drift_step
    assert list(chronological.evidence) == list(range(chronological.drift_step or 0, len(chronological.interactions)))


@pytest.mark.parametrize("seed", range(10))
def test_further_changes_add_short_stretches_at_the_start(seed: int) -> None:
    history = written(HistoryConfig(changes=2, min_length=12), MIXED, PAID, seed=seed)["chronological"]
    assert runs(prices(history)) == ["freemium", "paid", "free"]
    assert prices(history)[:3] == ["freemium", "freemium", "paid"]


@pytest.mark.parametrize("seed", range(10))
def test_a_reversal_returns_to_an_earlier_preference(seed: int) -> None:
    history = written(HistoryConfig(changes=2, reversal=True, min_length=12), FREE, PAID, seed=seed)["chronological"]
    assert runs(prices(history)) == ["free", "paid", "free"]
    assert history.drift_step is not None
    assert min(history.evidence) == history.drift_step, "calls before the change are not evidence"
    assert prices(history)[history.drift_step - 1] == "paid"
    assert len({call.instruction for call in history.interactions}) == len(history.interactions)


def test_a_gradual_change_mixes_both_preferences_around_its_middle() -> None:
    mixed = 0
    for seed in range(100):
        config = HistoryConfig(transition="gradual", transition_steps=6, min_length=20)
        history = written(config, PAID, seed=seed)["chronological"]
        assert history.drift_step is not None
        seen = prices(history)
        assert set(seen[: history.drift_step - 3]) == {"paid"}
        assert set(seen[history.drift_step + 3 :]) <= {"free"}
        assert [seen[index] for index in history.evidence] == ["free"] * seen.count("free")
        mixed += len(runs(seen)) > 2
    assert 35 < mixed < 65


def test_the_position_of_the_change_is_uniform_among_early_and_among_late_ones() -> None:
    rng = np.random.default_rng(0)
    history_writer = writer(HistoryConfig(min_length=20, max_length=20), groups())
    places = Counter(history_writer.shape(rng).drift_step for _ in range(5000))
    assert sorted(places) == [4, 5, 6, 7, 8, 12, 13, 14, 15, 16]
    # The tolerance is about five standard deviations of a binomial.
    for place, count in places.items():
        expected = 5000 * (0.53 if place > 10 else 0.47) / 5
        assert abs(count - expected) < 5 * expected**0.5


@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_providers_of_candidates_occur_only_if_the_config_allows_it(overlap: float) -> None:
    split = groups(4)
    shared = make_group(
        [tool("free0__y", pricing="free"), tool("a__y", pricing="paid"), tool("b__y", pricing="freemium")], "more"
    )
    history_writer = writer(HistoryConfig(), [*split, shared], CandidateConfig(provider_overlap=overlap))
    histories = written_for_free(history_writer, split[0])
    assert histories is not None
    providers = {call.tool.provider for call in histories["preferred_only"].interactions}
    assert ("free0" in providers) == (overlap == 1.0)
    assert "free1" in providers


def test_tools_documented_with_the_phrases_of_the_candidates_do_not_occur() -> None:
    split = groups(9, wording=0)
    histories = written_for_free(writer(HistoryConfig(), split), split[0])
    assert histories is not None
    assert {call.tool.name for call in histories["preferred_only"].interactions} == {
        f"free{index}__x" for index in (1, 3, 5, 7)
    }


def test_a_preference_that_shows_in_only_one_group_gives_no_history() -> None:
    split = groups(2)
    assert written_for_free(writer(HistoryConfig(), split), split[0]) is None


@pytest.mark.parametrize(("number", "noise"), [(0, 0.0), (1, 0.25), (2, 0.5), (9, 1.0)])
def test_equal_numbers_of_liked_and_disliked_ratings_flip(number: int, noise: float) -> None:
    member = GroupTool(tool("a__x", pricing="free"), {})
    calls = tuple(Interaction(Scenario(str(index), {}), member, int(index < 4)) for index in range(8))
    flipped = flip(History(calls, (0, 1, 2, 3)), number, np.random.default_rng(1))
    ratings = [call.rating for call in flipped.interactions]
    assert ratings.count(1) == ratings.count(0) == 4
    assert ratings[:4].count(1) == 4 - min(number, 4)
    assert flipped.noise == noise
    assert list(flipped.evidence) == [index for index in range(4) if ratings[index] == 1]
