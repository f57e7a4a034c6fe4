"""Requests of a concern in one life: one voice, names drawn once, and values that fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from builder.argument_config import ArgumentConfig
from builder.execution.partitions import Partition
from builder.records import Scenario, SlotValue
from builder.users.arguments import arguments_of, kinds_of
from builder.users.requests import RequestJob, Voice
from builder.users.values.context import Situation, ValueSource
from builder.users.values.days import read_days
from builder.users.values.places import draw_home
from builder.users.values.slot_values import generator
from builder.users.wording import Habit
from builder.world.concerns import Concern, RequestTexts, concerns
from builder.world.service_catalogue import group_of
from builder.world.services import service_jobs

WHOLE = Partition("train", 0, 1, 0, 10)
JOBS = {job.functionality.name: RequestJob(group_of(job)) for job in service_jobs("train")}
TRANSLATE = "translate a text into a language"
WORD = "synonyms of a word"
CONCERN = Concern(
    "tea room",
    "a tea room",
    "train",
    "trade",
    "formal",
    {"aunt": ("Aunt Ida", "Aunt Olga"), "place": ("the back room", "the front room")},
    {
        TRANSLATE: RequestTexts(
            ("For {aunt}: {text} ({language})", "{place}, in {language}: {text}", "In {language}, please: {text}"),
            {"text": ("Tea at {place}.", "No dogs.", "Two pots.", "Mind the step.", "Closed.")},
        ),
        WORD: RequestTexts(
            ("{aunt} needs words like {word}.", "A word for {word}, for {place}."),
            {"word": ("warm", "quiet", "sweet", "old", "small")},
        ),
    },
)


@pytest.fixture(name="home")
def fixture_home() -> Situation:
    return Situation(draw_home(np.random.default_rng(4)), date(2026, 11, 29))


def voice(seed: int = 0, taken: set[str] | None = None) -> Voice:
    return Voice(CONCERN, set() if taken is None else taken, np.random.default_rng(seed))


def drawn(own: Voice, job: str, home: Situation, number: int, wanted: frozenset[str] = frozenset()) -> list[Scenario]:
    rng = np.random.default_rng(1)
    found = [own.request(JOBS[job], home, wanted, rng) for _ in range(number)]
    assert None not in found
    return [scenario for scenario in found if scenario is not None]


def test_names_are_drawn_once_for_a_life(home: Situation) -> None:
    own = voice()
    texts = [scenario.instruction for scenario in drawn(own, TRANSLATE, home, 12)]
    for alternatives in CONCERN.names.values():
        assert sum(any(name.lower() in text.lower() for text in texts) for name in alternatives) == 1
    assert {voice(seed).names["aunt"] for seed in range(8)} == set(CONCERN.names["aunt"])


def test_names_that_another_concern_has_taken_are_avoided() -> None:
    assert {voice(seed, {"ida"}).names["aunt"] for seed in range(8)} == {"Aunt Olga"}


def test_the_texts_of_a_job_take_turns_and_sentences_begin_with_a_capital(home: Situation) -> None:
    own = voice()
    texts = [scenario.instruction for scenario in drawn(own, TRANSLATE, home, 3)]
    assert sum(text.startswith("For Aunt") for text in texts) == 1
    assert sum(text.startswith(("The back room", "The front room")) for text in texts) == 1
    assert sum(text.startswith("In ") for text in texts) == 1


def test_a_wanted_name_is_shown_first(home: Situation) -> None:
    for seed in range(6):
        own = voice(seed)
        first = drawn(own, TRANSLATE, home, 1, frozenset({"aunt"}))[0]
        assert own.names["aunt"] in first.instruction
        own.restart()
        assert "For Aunt" in drawn(own, TRANSLATE, home, 1, frozenset({"aunt"}))[0].instruction


def test_values_of_final_instructions_are_not_those_of_histories(home: Situation) -> None:
    own = voice()
    rng = np.random.default_rng(2)
    for job in (WORD, TRANSLATE):
        finals = [own.final(JOBS[job], home, WHOLE, rng) for _ in range(40)]
        last = {tuple(value.value for value in found[0].values.values()) for found in finals if found is not None}
        first = {tuple(value.value for value in one.values.values()) for one in drawn(own, job, home, 60)}
        assert last
        assert first
        assert not last & first


def test_a_final_instruction_shows_a_name_and_belongs_to_its_partition(home: Situation) -> None:
    own = voice()
    rng = np.random.default_rng(3)
    seen = []
    for number in range(3):
        part = Partition("train", number, 3, 0, 10)
        for _ in range(10):
            found = own.final(JOBS[TRANSLATE], home, part, rng)
            assert found is not None
            scenario, names = found
            assert names
            assert all(own.names[key].lower() in scenario.instruction.lower() for key in names)
            seen.append((number, scenario.instruction))
    parts: dict[str, set[int]] = {}
    for number, text in seen:
        parts.setdefault(text, set()).add(number)
    assert max(map(len, parts.values())) == 1


def test_dates_and_places_fit_the_person(home: Situation) -> None:
    rng = np.random.default_rng(5)
    cities, days, points = [], [], []
    for _ in range(200):
        draw = ValueSource(rng, situation=home)
        cities.append(str(generator("city")(draw).value))
        points.append(float(generator("latitude")(draw).value))
        days.append(date.fromisoformat(str(generator("date")(draw).value)))
    assert 0.6 < cities.count(home.home.city) / 200 < 0.9
    assert all(home.day <= day <= home.day + timedelta(days=10) for day in days)
    near = [point for point, city in zip(points, cities, strict=True) if city == home.home.city]
    assert len(set(near)) > 6
    assert max(abs(point - home.home.latitude) for point in near) < 0.05


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_every_concern_can_ask_for_each_of_its_jobs(split: str, home: Situation) -> None:
    jobs = {job.functionality.name: RequestJob(group_of(job)) for job in service_jobs(split)}
    rng = np.random.default_rng(6)
    part = replace(WHOLE, split=split)
    for concern in concerns(split):
        own = Voice(concern, set(), rng)
        for job in concern.requests:
            request = own.request(jobs[job], home, frozenset(), rng)
            final = own.final(jobs[job], home, part, rng)
            assert request is not None, (concern.name, job)
            assert final is not None, (concern.name, job)
            for text in (request.instruction, final[0].instruction):
                assert not {"{", "}"} & set(text), text


def test_the_values_of_a_concern_take_turns_in_a_history(home: Situation) -> None:
    jobs = {job.functionality.name: RequestJob(group_of(job)) for job in service_jobs("train")}
    rng = np.random.default_rng(8)
    for concern in concerns("train")[:6]:
        voice = Voice(concern, set(), rng)
        for name, texts in concern.requests.items():
            asked = [voice.request(jobs[name], home, frozenset(), rng) for _ in range(2)]
            for slot, values in texts.values.items():
                drawn = {request.values[slot].value for request in asked if request is not None}
                assert len(drawn) == min(2, len(values)), (concern.name, name, slot)


def test_codes_and_dates_can_follow_from_names_and_from_the_day_of_the_request(home: Situation) -> None:
    rng = np.random.default_rng(7)
    said: dict[str, set[str]] = {"code": set(), "date": set(), "stated": set()}
    for _ in range(150):
        draw = ValueSource(rng, situation=home)
        for concept in ("country_code", "language_code", "currency", "date"):
            value = generator(concept)(draw)
            said[value.kind].add(value.said)
            if value.kind == "code":
                assert str(value.value) not in value.said
            if value.kind == "date":
                day = date.fromisoformat(str(value.value))
                assert read_days(value.said, home.day, "coming") == {value.value}
                assert value.said != f"{day:%A}" or timedelta(1) <= day - home.day <= timedelta(6)
    assert all(len(texts) > 8 for texts in said.values())
    undated = replace(home, relative=False)
    days = [generator("date")(ValueSource(rng, situation=undated)) for _ in range(50)]
    assert {value.kind for value in days} == {"stated"}


RECIPES = "search recipes"
COOK = replace(CONCERN, requests={RECIPES: RequestTexts(("{aunt} cooks {dish}", "{dish} for {place}?"))})


def test_optional_parameters_can_be_asked_for(home: Situation) -> None:
    own = Voice(COOK, set(), np.random.default_rng(0))
    group = group_of(next(job for job in service_jobs("train") if job.functionality.name == RECIPES))
    found = drawn(own, RECIPES, home, 80)
    asked = [scenario for scenario in found if scenario.options]
    assert 20 < len(asked) < 45
    assert {kind for scenario in asked for kind in kinds_of(scenario, group.members[0])} >= {"option", "unit", "enum"}
    for scenario in asked:
        (option,) = scenario.options.values()
        assert option.said.lower() in scenario.instruction.lower()
        assert "cooks" not in scenario.instruction or ". " in scenario.instruction
        for member in group.members:
            assert set(arguments_of(scenario, member)) <= set(member.tool.parameters["properties"])
            assert len(arguments_of(scenario, member)) == len(member.tool.parameters["required"]) + 1
    plain = next(scenario for scenario in found if not scenario.options)
    for member in group.members:
        assert kinds_of(plain, member) == []
        assert set(arguments_of(plain, member)) == set(member.tool.parameters["required"])


def test_a_habit_is_in_all_requests_of_its_concern_and_only_referred_to_in_the_last(home: Situation) -> None:
    own = Voice(COOK, set(), np.random.default_rng(0))
    rng = np.random.default_rng(1)
    measures = next(item for item in JOBS[RECIPES].parameters if item.name == "kitchen measures")
    habit = Habit(measures, SlotValue("cups", "cups and ounces", "enum"))
    requests = [own.request(JOBS[RECIPES], home, frozenset(), rng, habit) for _ in range(20)]
    assert all(one is not None and one.options["kitchen measures"].value == "cups" for one in requests)
    assert len({one.options["kitchen measures"].said for one in requests if one is not None}) == 2
    silent = [own.request(JOBS[RECIPES], home, frozenset(), rng, habit, silent=True) for _ in range(40)]
    assert all(one is not None and "kitchen measures" not in one.options for one in silent)
    final = own.final(JOBS[RECIPES], home, WHOLE, rng, habit)
    assert final is not None
    assert "the measures" in final[0].instruction.lower()
    assert "cups" not in final[0].instruction
    assert final[0].options["kitchen measures"].kind == "implicit"


def test_quantities_of_slots_can_be_stated_in_other_units(home: Situation) -> None:
    always = replace(home, arguments=ArgumentConfig(optional=0, converted=1))
    job = "body mass index"
    concern = replace(CONCERN, requests={job: RequestTexts(("BMI of {aunt}: {weight} kg, {height} cm",))})
    found = drawn(Voice(concern, set(), np.random.default_rng(0)), job, always, 30)
    group = group_of(next(item for item in service_jobs("train") if item.functionality.name == job))
    for scenario in found:
        assert " cm" not in scenario.instruction
        assert kinds_of(scenario, group.members[0]) == ["unit"]
        weight, height = (
            arguments_of(scenario, group.members[0])[group.members[0].bindings[name].path[0]]
            for name in ("weight", "height")
        )
        assert 40 <= weight <= 130
        assert 150 <= height <= 200
