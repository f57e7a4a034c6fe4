"""The shape of histories, whatever the dials say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from builder.config import CandidateConfig, HistoryConfig, PreferenceConfig
from builder.records import Group, GroupTool, History, Interaction, Profile, Query, Scenario, SlotValue
from builder.users.histories import HistoryWriter, PreferenceHolder, flip
from builder.users.preferences import PreferredTools
from tests.factories import NoEncoder, group, tool

FREE, PAID, MIXED = (Profile({("pricing", value): 1.0}) for value in ("free", "paid", "freemium"))


def groups(number: int = 8, wording: int | None = None) -> list[Group]:
    """Groups of three tools, each free, paid or in between; the first one is the target."""
    return [
        group(
            [tool(f"{value}{index}__x", pricing=value) for value in ("free", "paid", "freemium")],
            f"job {index}",
            wording=None if wording is None else (index + wording) % 2,
        )
        for index in range(number)
    ]


def writer(
    config: HistoryConfig, made: Sequence[Group], candidates: CandidateConfig | None = None, seed: int = 0
) -> HistoryWriter:
    pools = {
        one.key: [Scenario(f"{one.key} {index}", {"city": SlotValue(str(index), str(index))}) for index in range(40)]
        for one in made
    }
    target = made[0]
    query = Query("q", target, pools[target.key][0], tuple(member.tool for member in target.members))
    preferred = PreferredTools(made, PreferenceConfig(), NoEncoder())
    return HistoryWriter(query, preferred, pools, config, candidates or CandidateConfig(), np.random.default_rng(seed))


def holder(profile: Profile, target: Group) -> PreferenceHolder:
    return PreferenceHolder(profile, next(m.tool for m in target.members if profile.utility(m.tool) == 1))


def prices(history: History) -> list[str]:
    return [call.tool.values["pricing"] for call in history.interactions]


def runs(values: Sequence[str]) -> list[str]:
    return [value for index, value in enumerate(values) if index == 0 or values[index - 1] != value]


def written(config: HistoryConfig, *earlier: Profile, seed: int) -> dict[str, History]:
    made = groups()
    rng = np.random.default_rng(seed)
    own = holder(FREE, made[0])
    before = [own if profile is FREE else holder(profile, made[0]) for profile in earlier]
    one = writer(config, made)
    found = one.write(own, before, one.shape(rng), rng)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(20))
def test_the_three_types_follow_the_preferences(seed: int) -> None:
    found = written(HistoryConfig(), PAID, seed=seed)
    assert set(prices(found["preferred_only"])) == {"free"}
    rated = found["rating_integrated"].interactions
    assert {(call.tool.values["pricing"], call.rating) for call in rated} == {("free", 1), ("paid", 0)}
    assert Counter(call.rating for call in rated)[0] == len(rated) / 2
    turns = found["chronological"]
    assert runs(prices(turns)) == ["paid", "free"]
    assert prices(turns).index("free") == turns.drift_step
    assert list(turns.evidence) == list(range(turns.drift_step or 0, len(turns.interactions)))


@pytest.mark.parametrize("seed", range(10))
def test_more_changes_put_short_stretches_before(seed: int) -> None:
    found = written(HistoryConfig(changes=2, min_length=12), MIXED, PAID, seed=seed)["chronological"]
    assert runs(prices(found)) == ["freemium", "paid", "free"]
    assert prices(found)[:3] == ["freemium", "freemium", "paid"]


@pytest.mark.parametrize("seed", range(10))
def test_a_reversal_goes_back_to_what_was_wanted_before(seed: int) -> None:
    found = written(HistoryConfig(changes=2, reversal=True, min_length=12), FREE, PAID, seed=seed)["chronological"]
    assert runs(prices(found)) == ["free", "paid", "free"]
    assert found.drift_step is not None
    assert min(found.evidence) == found.drift_step, "calls from before the change are no evidence"
    assert prices(found)[found.drift_step - 1] == "paid"
    assert len({call.instruction for call in found.interactions}) == len(found.interactions)


def test_a_gradual_change_mixes_both_around_its_middle() -> None:
    mixed = 0
    for seed in range(100):
        config = HistoryConfig(transition="gradual", transition_steps=6, min_length=20)
        found = written(config, PAID, seed=seed)["chronological"]
        assert found.drift_step is not None
        seen = prices(found)
        assert set(seen[: found.drift_step - 3]) == {"paid"}
        assert set(seen[found.drift_step + 3 :]) <= {"free"}
        assert [seen[index] for index in found.evidence] == ["free"] * seen.count("free")
        mixed += len(runs(seen)) > 2
    assert 35 < mixed < 65


def test_every_place_of_the_change_is_as_likely() -> None:
    """Of the late ones, and of the early ones, which are drawn a little less often."""
    rng = np.random.default_rng(0)
    one = writer(HistoryConfig(min_length=20, max_length=20), groups())
    places = Counter(one.shape(rng).drift_step for _ in range(5000))
    assert sorted(places) == [4, 5, 6, 7, 8, 12, 13, 14, 15, 16]
    # With five standard deviations of a binomial.
    for place, count in places.items():
        expected = 5000 * (0.53 if place > 10 else 0.47) / 5
        assert abs(count - expected) < 5 * expected**0.5


@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_providers_of_candidates_occur_only_as_far_as_the_config_says(overlap: float) -> None:
    made = groups(4)
    shared = group(
        [tool("free0__y", pricing="free"), tool("a__y", pricing="paid"), tool("b__y", pricing="freemium")], "more"
    )
    one = writer(HistoryConfig(), [*made, shared], CandidateConfig(provider_overlap=overlap))
    rng = np.random.default_rng(0)
    found = one.write(holder(FREE, made[0]), [holder(PAID, made[0])], one.shape(rng), rng)
    assert found is not None
    providers = {call.tool.provider for call in found["preferred_only"].interactions}
    assert ("free0" in providers) == (overlap == 1.0)
    assert "free1" in providers


def test_no_tool_is_documented_with_the_words_of_the_candidates() -> None:
    made = groups(9, wording=0)
    one = writer(HistoryConfig(), made)
    rng = np.random.default_rng(0)
    found = one.write(holder(FREE, made[0]), [holder(PAID, made[0])], one.shape(rng), rng)
    assert found is not None
    assert {call.tool.name for call in found["preferred_only"].interactions} == {
        f"free{index}__x" for index in (1, 3, 5, 7)
    }


def test_a_preference_that_shows_in_one_group_only_gives_no_history() -> None:
    made = groups(2)
    one = writer(HistoryConfig(), made)
    rng = np.random.default_rng(0)
    assert one.write(holder(FREE, made[0]), [holder(PAID, made[0])], one.shape(rng), rng) is None


@pytest.mark.parametrize(("number", "noise"), [(0, 0.0), (1, 0.25), (2, 0.5), (9, 1.0)])
def test_as_many_liked_as_disliked_ratings_flip(number: int, noise: float) -> None:
    made = GroupTool(tool("a__x", pricing="free"), {})
    calls = tuple(Interaction(Scenario(str(index), {}), made, int(index < 4)) for index in range(8))
    flipped = flip(History(calls, (0, 1, 2, 3)), number, np.random.default_rng(1))
    ratings = [call.rating for call in flipped.interactions]
    assert ratings.count(1) == ratings.count(0) == 4
    assert ratings[:4].count(1) == 4 - min(number, 4)
    assert flipped.noise == noise
    assert list(flipped.evidence) == [index for index in range(4) if ratings[index] == 1]
