"""Check of arguments: rows whose values follow pass, and each kind of defect is found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest

from builder.audit.argument_checks import argument_kinds
from builder.predictors.protocol import tool_call
from builder.records import Group, GroupTool, Scenario, SlotValue
from builder.users.arguments import alternatives_of, arguments_of, kinds_of
from builder.users.rows import to_json
from builder.world.service_catalogue import group_of
from builder.world.services import service_jobs
from hf_dataset.references import references
from hf_dataset.schema import AnswerRow, Instance, InteractionRow, MetaRow, ToolDoc
from metrics.petoolbench.aggregation import judge

TODAY = date(2026, 11, 29)
RECIPES = Scenario("", {"dish": SlotValue("soup", "soup")})
BMI = Scenario(
    "My BMI, with 5 foot 11 and 165 pounds?",
    {"weight": SlotValue(165, "165 pounds", "unit", "lb"), "height": SlotValue(71, "5 foot 11", "unit", "in")},
)


@cache
def group(job: str) -> Group:
    return group_of(next(item for item in service_jobs("test") if item.functionality.name == job))


def doc(member: GroupTool) -> ToolDoc:
    tool = member.tool
    return ToolDoc(tool.name, tool.provider, tool.description, tool.listing, to_json(tool.parameters))


def row(job: str, scenario: Scenario, place: int = 0, steps: Sequence[tuple[int, Scenario]] = ()) -> Instance:
    """Return a row with the answer of one tool of a job; steps are concerns with requests for the same job."""
    members = group(job).members
    member, past = members[place], members[-1]
    history = [
        InteractionRow(past_request.instruction, past.tool.name, to_json(arguments_of(past_request, past)), None)
        for _, past_request in steps
    ]
    return Instance(
        "chronological-1", "u", "q", "c", job, scenario.instruction, TODAY.isoformat(), history, [doc(past)],
        [doc(member)],
        AnswerRow(
            member.tool.name,
            to_json(arguments_of(scenario, member)),
            [to_json(other) for other in alternatives_of(scenario, member)],
        ),
        [],
        MetaRow(
            kind="single", step_concerns=[concern for concern, _ in steps], arguments=kinds_of(scenario, member)
        ),
    )  # fmt: skip


def asking(text: str, **options: SlotValue) -> Scenario:
    return replace(RECIPES, instruction=f"A recipe for soup, please. {text}", options=options)


def with_argument(instance: Instance, old: Any, new: Any) -> Instance:
    """Return a row whose answer has another value."""
    assert instance.answer is not None
    arguments = json.loads(instance.answer.arguments)
    assert old in arguments.values()
    changed = {name: new if value == old else value for name, value in arguments.items()}
    return replace(instance, answer=replace(instance.answer, arguments=to_json(changed)))


LIMIT = asking("No more than five results are required.", limit=SlotValue(5, "five", "option"))
LONGEST = asking(
    "Kindly leave out what takes more than an hour and a half.",
    longest=SlotValue(1.5, "an hour and a half", "unit", "h"),
)


@pytest.mark.parametrize("place", range(8))
def test_values_in_the_words_and_units_of_each_tool_follow(place: int) -> None:
    assert argument_kinds(row("search recipes", LIMIT, place)) == {"option"}
    longest = row("search recipes", LONGEST, place)
    assert longest.answer is not None
    assert {90, 5400, 1.5} & set(json.loads(longest.answer.arguments).values())
    assert argument_kinds(longest) == set(longest.meta.arguments or []) if longest.meta else False
    measures = asking(
        "The quantities should be in cups and ounces.",
        **{"kitchen measures": SlotValue("cups", "cups and ounces", "enum")},
    )
    assert argument_kinds(row("search recipes", measures, place)) == {"enum"}


def test_all_ways_to_round_a_quantity_are_accepted() -> None:
    instance = row("body mass index", BMI)
    assert instance.answer is not None
    assert sorted(json.loads(instance.answer.arguments).values()) == [75, 180]
    assert argument_kinds(instance) == {"unit"}
    near = asking_for_stations("Kindly search within three kilometres.", 3, "km")
    member = next(item for item in group("charging stations near coordinates").members if is_in_miles(item))
    place = group("charging stations near coordinates").members.index(member)
    instance = row("charging stations near coordinates", near, place)
    assert instance.answer is not None
    assert len(instance.answer.alternatives) > 3
    assert argument_kinds(instance) == {"unit"}
    (reference,) = references([instance])
    name = member.options["radius"].name
    for number, right in ((1.86, True), (1.864, True), (1.9, True), (3, False), (1.5, False)):
        call = {**reference.answer.arguments, name: number}
        reply = tool_call(member.tool.name, call)
        assert judge(reply, reference).parameters_correct == right
    fewer = replace(instance, answer=replace(instance.answer, alternatives=instance.answer.alternatives[1:]))
    assert argument_kinds(fewer) is None


def asking_for_stations(text: str, amount: float, unit: str) -> Scenario:
    return Scenario(
        f"Which stations are near 59.9, 10.7? {text}",
        {"latitude": SlotValue(59.9, "59.9"), "longitude": SlotValue(10.7, "10.7")},
        {"radius": SlotValue(amount, text, "unit", unit)},
    )


def is_in_miles(member: GroupTool) -> bool:
    return member.options["radius"].unit == "mi"


@pytest.mark.parametrize(
    ("scenario", "old", "new"),
    [
        (LIMIT, 5, 6),
        (replace(LIMIT, instruction=LIMIT.instruction.replace("five", "six")), 5, 5),
        (replace(LIMIT, instruction=f"{LIMIT.instruction} No more than six results are required."), 5, 5),
        (replace(LIMIT, instruction="A recipe for soup, please."), 5, 5),
        (LIMIT, "soup", "stew"),
    ],
)
def test_another_value_or_another_reading_is_found(scenario: Scenario, old: Any, new: Any) -> None:
    assert argument_kinds(with_argument(row("search recipes", scenario), old, new)) is None


def test_codes_and_days_follow_from_names_and_from_today() -> None:
    flight = Scenario(
        "How is LH408 on Friday?",
        {"flight": SlotValue("LH408", "LH408"), "date": SlotValue("2026-12-04", "Friday", "date")},
    )
    instance = row("flight status", flight)
    assert argument_kinds(instance) == {"date"}
    assert argument_kinds(replace(instance, today="2026-12-06")) is None
    text = Scenario(
        'Put "it rains" into Italian.',
        {"text": SlotValue("it rains", "it rains"), "language": SlotValue("it", "Italian", "code")},
    )
    instance = row("translate a text into a language", text)
    assert argument_kinds(instance) == {"code"}
    assert argument_kinds(with_argument(instance, "it", "de")) is None
    assert argument_kinds(replace(instance, instruction='Put "it rains" into Italian (it).')) == set()


def habit(instruction: str, said: str = "grams and millilitres", meaning: str = "grams") -> Scenario:
    return asking(instruction, **{"kitchen measures": SlotValue(meaning, said, "enum")})


USUAL = asking(
    "My usual measures, please.",
    **{"kitchen measures": SlotValue("grams", "the measures", "implicit")},
)
EARLIER = habit("The quantities should be in grams and millilitres.")
OTHERWISE = habit("The quantities should be in cups and ounces.", "cups and ounces", "cups")
SILENT = asking("")


def test_what_a_person_always_asks_for_follows_from_the_history() -> None:
    for place in range(4):
        assert argument_kinds(row("search recipes", USUAL, place, [(0, EARLIER), (1, SILENT), (0, EARLIER)])) == {
            "implicit"
        }


@pytest.mark.parametrize(
    "steps",
    [
        [(0, EARLIER)],
        [(0, EARLIER), (0, OTHERWISE)],
        [(0, EARLIER), (0, EARLIER), (0, SILENT)],
        [(0, EARLIER), (0, EARLIER), (1, OTHERWISE)],
        [(0, OTHERWISE), (0, OTHERWISE)],
        [],
    ],
)
def test_a_reference_that_the_history_does_not_settle_is_found(steps: Sequence[tuple[int, Scenario]]) -> None:
    assert argument_kinds(row("search recipes", USUAL, 0, steps)) is None
