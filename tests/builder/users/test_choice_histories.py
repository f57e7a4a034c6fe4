"""Users who choose by facts: what their histories hold, and that only their preference explains them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.choice_config import ChoiceConfig
from builder.users.choice_histories import ChoiceHistory, ChoiceUser, ChoiceUserMaker
from builder.users.choice_rules import DIRECTED, PREFERENCE_KINDS, RuleSet, rules_on
from builder.users.committee import ObservedChoice, read_history
from builder.users.lives import CHANGES, Life, PlannedStep, choose_jobs, draw_plans
from builder.world.concerns import Concern, RequestTexts, concerns
from builder.world.services import service_jobs
from builder.world.trade_offs import winners
from hf_dataset.schema import HISTORY_TYPES

DIALS = ChoiceConfig()
CONCERNS = concerns("train")[::6]
"""Some concerns, of all spheres."""


class Drawn(NamedTuple):
    """A life, with a user for each of its candidates."""

    life: Life
    users: list[ChoiceUser]


@pytest.fixture(scope="module")
def maker() -> ChoiceUserMaker:
    """A maker for the jobs of some concerns."""
    known = {name for concern in CONCERNS for name in concern.requests}
    jobs = [job for job in service_jobs("train") if job.functionality.name in known]
    return ChoiceUserMaker(jobs, RuleSet(rules_on([frozenset(job.axes) for job in jobs])), DIALS, 6)


def draw_life(maker: ChoiceUserMaker, number: int, rng: np.random.Generator, evidence: int | None = None) -> Life:
    """Draw a life with some concerns; the query is of a job of the first."""
    while True:
        chosen = [CONCERNS[int(place)] for place in rng.permutation(len(CONCERNS))[:number]]
        targets = [job for job in maker.targets if job in chosen[0].requests]
        life = maker.life(targets[int(rng.integers(len(targets)))], chosen, rng, evidence)
        if life is not None:
            return life


@pytest.fixture(scope="module")
def drawn(maker: ChoiceUserMaker) -> list[Drawn]:
    """Lives of one, two and three concerns, whose candidates can all be wanted, with a user for each."""
    rng = np.random.default_rng(2)
    kept: list[Drawn] = []
    kinds = Counter[str]()
    while len(kept) < 9:
        life = draw_life(maker, 1 + len(kept) % 3, rng)
        users = []
        for answer in range(len(life.query.candidates)):
            user = maker.user(life, answer, sorted(PREFERENCE_KINDS, key=lambda kind: kinds[kind]), rng)
            if user is None:
                break
            users.append(user)
        else:
            kept.append(Drawn(life, users))
            kinds.update(user.kind for user in users)
    return kept


@pytest.fixture(scope="module")
def users(drawn: list[Drawn]) -> list[tuple[Life, ChoiceUser]]:
    return [(life, user) for life, found in drawn for user in found]


def histories(users: list[tuple[Life, ChoiceUser]]) -> Iterator[tuple[Life, ChoiceUser, str, ChoiceHistory]]:
    return ((life, user, name, user.histories[name]) for life, user in users for name in HISTORY_TYPES)


def candidates(maker: ChoiceUserMaker, life: Life) -> NDArray[np.float64]:
    """Return the features of the candidates of a life."""
    features: NDArray[np.float64] = maker.features[life.query.job][list(life.query.candidates)]
    return features


def rivals(maker: ChoiceUserMaker, life: Life, answer: int) -> NDArray[np.bool_]:
    """Return the rules about stated axes that could pick another candidate than the answer."""
    picks = maker.rules.choices(candidates(maker, life))
    axes = frozenset(maker.jobs[life.query.job].axes)
    stated = np.array([rule.axes <= axes for rule in maker.rules.rules])
    could: NDArray[np.bool_] = stated & ~(picks[answer] & (picks.sum(axis=0) == 1))
    return could


def test_every_candidate_and_every_kind_of_preference_can_be_wanted(drawn: list[Drawn]) -> None:
    for life, users in drawn:
        assert [user.answer for user in users] == list(range(len(life.query.candidates)))
    kinds = Counter(user.kind for _, users in drawn for user in users)
    assert set(kinds) == set(PREFERENCE_KINDS)
    # As a rule, the kind that is asked for first can be had, so that kinds can be kept even.
    assert max(kinds.values()) <= 6 * min(kinds.values())


def test_only_the_preference_of_the_query_picks_the_answer(
    maker: ChoiceUserMaker, users: list[tuple[Life, ChoiceUser]]
) -> None:
    for life, user in users:
        best = winners(candidates(maker, life), maker.rules)
        assert best[user.rules[0]] == user.answer
        assert maker.rules.rules[user.rules[0]].kind == user.kind
        assert len(user.rules) == len(life.concerns)
        assert best[user.earlier] == user.rival
        for other in (user.earlier, *user.rules[1:]):
            assert best[other] not in (user.answer, -1)


def test_the_whole_committee_finds_the_answer_and_the_change(
    maker: ChoiceUserMaker, users: list[tuple[Life, ChoiceUser]]
) -> None:
    for life, user, name, history in histories(users):
        seen = [
            ObservedChoice(maker.pool.features[step.step], step.choice, step.rating != 0)
            for step in history.steps
            if step.planned.concern == 0
        ]
        about = RuleSet([rule for rule in maker.rules.rules if rule.axes <= set(maker.jobs[life.query.job].axes)])
        verdicts = read_history(seen, candidates(maker, life), about, changes=int(name == "chronological"))
        assert set(verdicts.picks()) == {user.answer}, name
        assert verdicts.bayes[user.answer] >= 0.9


def test_users_of_a_life_differ_only_in_the_tools_they_call(
    maker: ChoiceUserMaker, users: list[tuple[Life, ChoiceUser]]
) -> None:
    for life, _, name, history in histories(users):
        assert tuple(step.planned for step in history.steps) == life.plans[name]
        for step in history.steps:
            assert maker.pool.steps[step.step].job == step.planned.job


def test_histories_show_neither_the_job_of_the_query_nor_a_provider_of_its_candidates(
    maker: ChoiceUserMaker, users: list[tuple[Life, ChoiceUser]]
) -> None:
    for life, _, _, history in histories(users):
        services = maker.jobs[life.query.job].services
        providers = {services[place].provider.name for place in life.query.candidates}
        for step in history.steps:
            possible = maker.pool.steps[step.step]
            offered = [maker.jobs[possible.job].services[place] for place in possible.tools]
            assert len({service.name for service in offered}) == DIALS.offered
            assert not {service.provider.name for service in offered} & providers
            assert possible.job in set(life.concerns[step.planned.concern].requests) - {life.query.job}


def test_every_call_is_a_choice_of_the_preference_that_it_follows(
    maker: ChoiceUserMaker, users: list[tuple[Life, ChoiceUser]]
) -> None:
    clear = total = 0
    for _, user, name, history in histories(users):
        for step in history.steps:
            role, rule = step.planned.role, user.rules[step.planned.concern]
            preferred = bool(maker.pool.ties[step.step, step.choice, rule])
            indifferent = bool(maker.pool.ties[step.step, :, rule].all())
            if name != "rating_integrated":
                assert step.rating is None
                if role == "earlier":
                    preferred = bool(maker.pool.ties[step.step, step.choice, user.earlier])
                assert (preferred != (role == "off")) or indifferent
            elif role == "off":
                assert preferred == (step.rating == 0) or indifferent, "it is the rating or the call that is off"
            else:
                assert step.rating == (role == "current")
                assert preferred == (role == "current") or indifferent, "nobody dislikes what they prefer"
            clear += maker.pool.lead[step.step, rule] >= 0.1
            total += 1
    assert clear > 0.8 * total


def test_telling_steps_are_enough_and_contradict_rivals_that_still_fit(
    maker: ChoiceUserMaker, users: list[tuple[Life, ChoiceUser]]
) -> None:
    for life, user, _, history in histories(users):
        left = np.where(rivals(maker, life, user.answer), DIALS.refutations, 0)
        current = [
            place
            for place, step in enumerate(history.steps)
            if step.planned.concern == 0 and step.planned.role == "current"
        ]
        telling = []
        for place in current:
            step = history.steps[place]
            contradicted = maker.pool.ties[step.step, step.choice] == 0
            if (contradicted & (left > 0)).any():
                telling.append(place)
            left = left - contradicted
        assert history.telling == len(telling) >= DIALS.telling
        wanted = maker.rules.rules[user.rules[0]].axes
        stated = [place for place in telling if wanted <= set(maker.jobs[history.steps[place].planned.job].axes)]
        assert list(history.evidence) == stated != []
        assert not (left > 0).any(), "some rival still fits"


def test_the_same_generator_gives_the_same_life_and_user(maker: ChoiceUserMaker) -> None:
    def draw() -> tuple[Life, ChoiceUser | None]:
        rng = np.random.default_rng(7)
        life = draw_life(maker, 2, rng)
        return life, maker.user(life, 0, PREFERENCE_KINDS, rng)

    (life, user), (again, same) = draw(), draw()
    assert (life.query, life.jobs, life.change, life.plans) == (again.query, again.jobs, again.change, again.plans)
    assert user == same


@pytest.mark.parametrize("evidence", [1, 2, 8])
def test_a_number_of_telling_steps_can_be_asked_for(maker: ChoiceUserMaker, evidence: int) -> None:
    rng = np.random.default_rng(evidence)
    found = 0
    for _ in range(4):
        life = draw_life(maker, 1, rng, evidence)
        user = maker.user(life, 0, PREFERENCE_KINDS, rng)
        for history in user.histories.values() if user else ():
            current = [step for step in history.steps if step.planned.role == "current"]
            assert history.telling == len(current) == evidence
            found += 1
    assert found >= 3


def test_a_concern_without_enough_jobs_gives_no_life(maker: ChoiceUserMaker) -> None:
    texts = {job: RequestTexts(("Thanks.",)) for job in maker.targets[:4]}
    few = Concern("few", "few", "train", "hobby", "terse", {}, texts)
    assert maker.life(maker.targets[0], [few], np.random.default_rng(4)) is None


def test_the_tool_that_anybody_would_take_is_no_better_than_chance(
    maker: ChoiceUserMaker, users: list[tuple[Life, ChoiceUser]]
) -> None:
    right, chance = 0, 0.0
    for life, user in users:
        goodness = np.nanmean(candidates(maker, life)[:, : len(DIRECTED)], axis=1)
        right += int(goodness.argmax()) == user.answer
        chance += 1 / len(life.query.candidates)
    assert right <= chance + 2.5 * (chance * 0.78) ** 0.5


JOBS = (("a", "b", "c", "d", "e"), ("f", "g"))
"""Jobs of two concerns."""


Plans = dict[str, tuple[PlannedStep, ...]]
"""Plans by history type."""


def plans(number: int, change: str = "sudden", dials: ChoiceConfig = DIALS) -> list[Plans]:
    """Return the plans of some lives."""
    rng = np.random.default_rng(0)
    return [draw_plans(JOBS, dials, change, None, rng) for _ in range(number)]


def roles(plan: tuple[PlannedStep, ...]) -> list[str]:
    """Return the roles of the steps of the query's concern that follow a preference, in order."""
    return [step.role for step in plan if step.concern == 0 and step.role != "off"]


def test_ratings_and_changes_are_balanced_over_lives() -> None:
    """Each of two preferences has more steps in half of the lives, by itself in each history type."""
    more = Counter[tuple[bool, bool]]()
    for of_type in plans(400):
        rated, ordered = Counter(roles(of_type["rating_integrated"])), Counter(roles(of_type["chronological"]))
        few, many = sorted({*rated.values()})
        assert few == len(JOBS[0]) * DIALS.calls_per_job < many
        assert {*ordered.values()} == {few, many}
        assert Counter(roles(of_type["preferred_only"])) == {"current": many}
        more[rated["current"] > rated["earlier"], ordered["current"] > ordered["earlier"]] += 1
    assert len(more) == 4
    assert all(70 < number < 130 for number in more.values()), more


def test_several_changes_take_turns() -> None:
    dials = ChoiceConfig(changes=3, calls_per_job=6)
    rng = np.random.default_rng(0)
    found = roles(draw_plans([("one", "two")], dials, "several", None, rng)["chronological"])
    runs = [(role, len(list(run))) for role, run in groupby(role for role in found if role != "off")]
    assert [role for role, _ in runs] == ["earlier", "current"] * 3
    assert min(length for _, length in runs) >= 4


@pytest.mark.parametrize(
    ("change", "runs"),
    [
        ("sudden", ["earlier", "current"]),
        ("one priority", ["earlier", "current"]),
        ("there and back", ["current", "earlier", "current"]),
        ("gradual", ["earlier", "current", "earlier", "current", "earlier", "current", "earlier", "current"]),
    ],
)
def test_a_preference_changes_in_its_way(change: str, runs: list[str]) -> None:
    for of_type in plans(20, change):
        found = roles(of_type["chronological"])
        in_order = [role for role, _ in groupby(found)]
        # The last step before a gradual change and the first one after it can extend a run, but not merge two.
        assert in_order == runs or (change == "gradual" and in_order[:2] == runs[:2] and in_order[-1] == runs[-1])
        assert found[-4:] == ["current"] * 4


def test_changes_are_spread(maker: ChoiceUserMaker) -> None:
    rng = np.random.default_rng(5)
    changes = Counter(draw_life(maker, 1, rng).change for _ in range(80))
    assert set(changes) == set(CHANGES)
    assert max(changes.values()) < 35


def test_steps_off_the_profile_have_their_share_where_the_history_type_allows_them() -> None:
    steps: dict[str, list[PlannedStep]] = {name: [] for name in HISTORY_TYPES}
    for of_type in plans(200):
        for name, plan in of_type.items():
            steps[name] += plan
    shares = {name: sum(step.role == "off" for step in part) / len(part) for name, part in steps.items()}
    assert shares["preferred_only"] == 0
    assert shares["rating_integrated"] == pytest.approx(0.05, abs=0.01)
    assert shares["chronological"] == pytest.approx(0.05, abs=0.01)
    (never,) = plans(1, dials=ChoiceConfig(off_profile=0))
    assert not [step for plan in never.values() for step in plan if step.role == "off"]


def test_jobs_of_a_concern_state_each_axis_of_the_query_about_equally_often() -> None:
    stated = {
        "a": frozenset({"price", "latency"}),
        "b": frozenset({"price"}),
        "c": frozenset({"region"}),
        "d": frozenset({"uptime"}),
    }
    target = frozenset({"price", "latency", "region"})
    for seed in range(5):
        assert choose_jobs(stated, target, 3, np.random.default_rng(seed)) == ["a", "c", "b"]
    assert len(choose_jobs(stated, target, 9, np.random.default_rng(0))) == 4
