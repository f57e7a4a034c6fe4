"""Users with concerns: what their three histories hold, and that only their preference explains them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from builder.users.choice_histories import ChoiceStep, ChoiceUser, ChoiceUserMaker, HistoryDials
from builder.users.choice_rules import PREFERENCE_KINDS, RuleSet
from builder.users.committee import ObservedChoice, read_history
from builder.users.step_pool import CLEAR, OFFERED
from builder.world.concerns import concerns
from builder.world.services import service_jobs
from builder.world.trade_offs import winners
from hf_dataset.schema import HISTORY_TYPES

DIALS = HistoryDials(least_telling=6, most=30)


@pytest.fixture(scope="module")
def maker() -> ChoiceUserMaker:
    return ChoiceUserMaker(service_jobs("train"), RuleSet(), DIALS, np.random.default_rng(1))


@pytest.fixture(scope="module")
def users(maker: ChoiceUserMaker) -> list[ChoiceUser]:
    rng = np.random.default_rng(2)
    drawn = [maker.user(PREFERENCE_KINDS[place % 4], life(1 + place % 3, rng), rng) for place in range(48)]
    found = [user for user in drawn if user is not None]
    assert len(found) >= 40
    return found


def life(number: int, rng: np.random.Generator) -> list[frozenset[str]]:
    """Draw concerns, by their functionalities."""
    available = concerns("train")
    return [available[int(place)].functionalities for place in rng.permutation(len(available))[:number]]


def follows(maker: ChoiceUserMaker, step: ChoiceStep, rule: int) -> bool:
    return int(maker.pool.best[step.step, rule]) == step.choice and bool(maker.pool.lead[step.step, rule] >= CLEAR)


def test_kinds_concerns_and_answers_are_spread(users: list[ChoiceUser]) -> None:
    assert set(Counter(user.kind for user in users)) == set(PREFERENCE_KINDS)
    assert {len(user.rules) for user in users} == {1, 2, 3}
    assert len({user.query.job for user in users}) > 20
    assert {user.query.answer for user in users} >= {0, 1, 2, 3}


def test_the_rule_of_the_query_picks_the_answer_and_all_others_another_candidate(
    maker: ChoiceUserMaker, users: list[ChoiceUser]
) -> None:
    for user in users:
        best = winners(maker.features[user.query.job][list(user.query.candidates)], maker.rules)
        assert best[user.rules[0]] == user.query.answer
        for other in (user.earlier, *user.rules[1:]):
            assert best[other] not in (user.query.answer, -1)
        assert maker.rules.rules[user.rules[0]].kind == user.kind


def test_every_call_is_the_clear_choice_of_its_concern(maker: ChoiceUserMaker, users: list[ChoiceUser]) -> None:
    for user in users:
        for name in HISTORY_TYPES:
            for step in user.histories[name]:
                assert len(set(maker.pool.steps[step.step].tools)) == OFFERED
                assert maker.pool.steps[step.step].job != user.query.job
                if step.is_off_profile:
                    assert int(maker.pool.best[step.step, user.rules[step.concern]]) != step.choice
                elif step.rating == 0:
                    assert int(maker.pool.best[step.step, user.earlier]) == step.choice
                    assert int(maker.pool.best[step.step, user.rules[0]]) != step.choice
                else:
                    rule = user.rules[step.concern] if step.is_current else user.earlier
                    assert follows(maker, step, rule)


def test_histories_have_the_marks_of_their_type(users: list[ChoiceUser]) -> None:
    for user in users:
        plain, rated, ordered = (user.histories[name] for name in HISTORY_TYPES)
        assert {step.rating for step in plain} == {step.rating for step in ordered} == {None}
        assert {step.rating for step in rated} == {0, 1}
        assert all(step.is_current for step in (*plain, *rated))
        assert user.change_of("preferred_only") is None
        change = user.change_of("chronological")
        assert change is not None
        assert all(not step.is_current for step in ordered[:change] if step.concern == 0)
        assert all(step.is_current for step in ordered[change:])


def test_two_steps_contradict_every_rival(maker: ChoiceUserMaker, users: list[ChoiceUser]) -> None:
    for user in users:
        tools = maker.features[user.query.job][list(user.query.candidates)]
        axes = frozenset(maker.jobs[user.query.job].axes)
        picks = maker.rules.choices(tools)
        rivals = ~(picks[user.query.answer] & (picks.sum(axis=0) == 1))
        rivals &= np.array([rule.axes <= axes for rule in maker.rules.rules])
        own = [step for step in user.histories["preferred_only"] if step.concern == 0]
        steps = np.array([step.step for step in own])
        choices = np.array([step.choice for step in own])
        assert (maker.pool.refuted(steps, choices)[:, rivals].sum(axis=0) >= DIALS.refutations).all()


@pytest.mark.parametrize("name", HISTORY_TYPES)
def test_all_readers_of_the_committee_find_the_answer(
    maker: ChoiceUserMaker, users: list[ChoiceUser], name: str
) -> None:
    for user in users:
        tools = maker.features[user.query.job][list(user.query.candidates)]
        own = [step for step in user.histories[name] if step.concern == 0 and step.is_current]
        history = [ObservedChoice(maker.pool.features[step.step], step.choice, step.rating != 0) for step in own]
        assert set(read_history(history, tools, maker.rules).picks()) == {user.query.answer}


def test_some_steps_contradict_the_preference_where_the_history_type_allows_it(users: list[ChoiceUser]) -> None:
    steps = {name: [step for user in users for step in user.histories[name]] for name in HISTORY_TYPES}
    shares = {name: sum(step.is_off_profile for step in steps[name]) / len(steps[name]) for name in HISTORY_TYPES}
    assert shares["preferred_only"] == 0
    assert 0.005 < shares["rating_integrated"] < 0.06
    assert 0.005 < shares["chronological"] < 0.06


def test_every_request_of_a_concern_fits_it(maker: ChoiceUserMaker) -> None:
    rng = np.random.default_rng(3)
    for place in range(12):
        concern, other = life(2, rng)
        user = maker.user(PREFERENCE_KINDS[place % 4], [concern, other], rng)
        if user is None:
            continue
        assert user.query.job in concern
        for step in (step for steps in user.histories.values() for step in steps):
            assert maker.pool.steps[step.step].job in (concern, other)[step.concern]


def test_a_concern_without_fitting_jobs_gives_no_user(maker: ChoiceUserMaker) -> None:
    assert maker.user("single", [frozenset()], np.random.default_rng(4)) is None


def test_the_sum_of_all_facts_is_no_better_than_chance(maker: ChoiceUserMaker, users: list[ChoiceUser]) -> None:
    """The tool that anybody would take, with the best mean goodness, is the answer about as often as any other."""
    right, chance = 0, 0.0
    for user in users:
        tools = maker.features[user.query.job][list(user.query.candidates)][:, :12]
        right += int(np.nanmean(tools, axis=1).argmax()) == user.query.answer
        chance += 1 / len(user.query.candidates)
    assert right <= chance + 2.5 * (chance * 0.78) ** 0.5


def test_the_same_generator_gives_the_same_user(maker: ChoiceUserMaker) -> None:
    lives = life(2, np.random.default_rng(7))
    first, second = (maker.user("limit", lives, np.random.default_rng(7)) for _ in range(2))
    assert first == second is not None
