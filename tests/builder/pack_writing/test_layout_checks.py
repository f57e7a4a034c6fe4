"""Checks of a written layout by a program, and the comparison of the facts that a model reads from its listings."""

from __future__ import annotations

from typing import Any

import pytest

from builder.llm.builder_tasks import ReadFact
from builder.llm.task import RejectedReply
from builder.pack_writing.form_units import forms_to_write, unit_of
from builder.pack_writing.layout_checks import Fault, layout_faults
from builder.pack_writing.pack_tasks import LAY_OUT, PLAN, READ, PlannedLayout, layout_payload, plan_payload
from builder.pack_writing.read_back import UNITS, axes_of_listings, listings_to_read, reading_faults
from builder.pack_writing.written_layouts import WrittenLayout, template_of
from builder.world.axes import AXES
from builder.world.facts import Facts
from builder.world.forms import Stated
from builder.world.listings import Layout
from builder.world.pack_samples import NOUNS, TODAY
from tests.fakes.openai.pack_script import read, sound_layout, statement_of

NAME = "ledger"


def faults_of(layout: dict[str, Any], others: tuple[Layout, ...] = ()) -> list[Fault]:
    return layout_faults(NAME, WrittenLayout.model_validate(layout), others)


def test_a_sound_layout_has_no_faults() -> None:
    assert faults_of(sound_layout(NAME)) == []


@pytest.mark.parametrize(
    ("axis", "text", "kind", "problem"),
    [
        ("latency", "wait entry: {seconds} ms", "unit_changed", "'seconds', but does not state seconds"),
        ("price", "fare entry: {usd_per_call} USD per 1,000 calls", "fact_added", "has the number 1,000"),
        ("price", "fare entry: {usd_per_1000} USD per call", "unit_changed", "does not state the 1,000 calls"),
        ("price", "fare entry: 1{cents_per_100} US cents for 100 calls", "number_changed", "a digit next to a form"),
        (
            "price",
            "fare entry: {plan.fee} USD a month",
            "parts_are_wrong",
            "needs one of these beside it: plan.included",
        ),
        ("rate_limit", "pace entry: {per_day} calls an hour", "unit_changed", "does not state the day"),
        ("rate_limit", "pace entry: {per_hour} calls an hour, 50 at once", "fact_added", "has the number 50"),
        ("rate_limit", "pace entry: {per_hour} thousand calls an hour", "fact_added", "has the number 1,000"),
        ("uptime", "dark entry: {failed_checks} calls fail", "unit_changed", "does not state the 10000 checks"),
        ("standing", "fame entry: {points}", "unit_changed", "the scale of 100"),
        ("standing", "fame entry: high", "parts_are_wrong", "its number is lost"),
        ("coverage", "reach entry: {count} places", "parts_are_wrong", "put {noun} in it"),
        ("archive", "depth entry: {ms} ms", "parts_are_wrong", "archive has no form 'ms'"),
    ],
)
def test_a_number_without_its_unit_is_refused(axis: str, text: str, kind: str, problem: str) -> None:
    layout = sound_layout(NAME)
    statement_of(layout, axis)["text"] = text
    found = faults_of(layout)
    assert [fault.kind for fault in found] == [kind], found
    assert problem in found[0].problem


def test_an_axis_that_is_dropped_or_stated_twice_is_refused() -> None:
    layout = sound_layout(NAME)
    layout["lines"][0]["statements"] = layout["lines"][1]["statements"]
    assert [fault.problem for fault in faults_of(layout)] == [
        "price is stated 0 times; state each axis once",
        "rate_limit is stated 2 times; state each axis once",
    ]


def test_a_level_in_the_words_of_another_one_is_refused() -> None:
    layout = sound_layout(NAME)
    words = statement_of(layout, "region")["levels"]
    words[0]["words"], words[1]["words"] = words[1]["words"], words[0]["words"]
    (fault,) = faults_of(layout)
    assert fault.kind == "fact_changed"
    assert fault.problem.startswith("region 'EU' reads as 'US' in")


def test_a_number_beside_the_facts_is_refused() -> None:
    layout = sound_layout(NAME)
    layout["after"] = "Three hundred clients since 1999"
    (fault,) = faults_of(layout)
    assert (fault.kind, fault.problem) == (
        "fact_added",
        "the beginning or end of the layout has the number 300, which no fact has",
    )


def test_texts_are_no_statements_of_a_template() -> None:
    layout = sound_layout(NAME)
    layout["before"] = '{% include "x" %} {{ facts }} "quoted" \\ {"json": [1'
    found = faults_of(layout)
    assert found
    text = Layout(NAME, template_of(WrittenLayout.model_validate(layout))).render({"region": "EU"}, TODAY)
    assert text.splitlines()[0] == layout["before"]


def test_a_copy_is_refused() -> None:
    earlier = Layout("earlier", template_of(WrittenLayout.model_validate(sound_layout(NAME))))
    (fault,) = faults_of(sound_layout(NAME), (earlier,))
    assert fault.kind == "copy"
    assert "those of the layout 'earlier'" in fault.problem


def test_every_form_has_a_text_and_a_unit_that_its_own_words_satisfy() -> None:
    payload = layout_payload(PlannedLayout(name=NAME, manner="a ledger of a clerk"), "v", None)
    assert [item["axis"] for item in payload["axes"]] == list(AXES)
    for item in payload["axes"]:
        axis = item["axis"]
        assert set(item["forms"]) - {"noun"} == set(forms_to_write(axis))
        assert bool(item["levels"]) != AXES[axis].is_number
        for form in item["forms"]:
            assert unit_of(axis, form).numbers <= {
                1,
                5,
                10,
                12,
                15,
                24,
                30,
                40,
                50,
                60,
                95,
                100,
                300,
                365,
                900,
                1e3,
                1e4,
                1e6,
            }


@pytest.mark.parametrize(
    ("axis", "form", "unit"),
    [
        ("price", "usd_per_call", "USD per call"),
        ("price", "calls_for_10_usd", "calls for 10 USD"),
        ("rate_limit", "minutes_for_1000", "minutes for 1,000 calls"),
        ("rate_limit", "per_fifteen_minutes", "calls per 15 minutes"),
        ("latency", "answers_per_minute", "answers per minute"),
        ("uptime", "downtime_percent", "% down"),
        ("uptime", "downtime_minutes", "minutes down in 30 days"),
        ("uptime", "downtime_hours", "hours down in a year"),
        ("uptime", "one_failure_in", "calls of which one fails"),
        ("uptime", "failed_checks", "failures in 10,000"),
        ("retention", "hours", "hours"),
        ("archive", "months", "months"),
        ("archive", "since_year", "first year"),
        ("standing", "stars", "of 5"),
    ],
)
def test_units_of_readings_give_forms_back(axis: str, form: str, unit: str) -> None:
    value = {"price": 2.4, "rate_limit": 120, "latency": 480, "uptime": 99.5}.get(axis, 8.0)
    stated = float(str(getattr(Stated(axis, value, TODAY), form)).replace(",", ""))
    assert UNITS[axis][unit](stated) == pytest.approx(value, rel=0.01)


def test_facts_that_are_read_otherwise_are_named() -> None:
    stated: Facts = {"latency": 480.0, "region": "EU", "price": 0.0, "standing": 8.0}
    faults = list(
        reading_faults(
            stated,
            [
                ReadFact(axis="latency", number=4.8, value="seconds", quote="4.8 s"),
                ReadFact(axis="region", number=None, value="EU", quote="Vienna"),
                ReadFact(axis="region", number=None, value="US", quote="Boston"),
                ReadFact(axis="price", number=0, value="USD per call", quote="free"),
                ReadFact(axis="payload", number=None, value="full", quote="all"),
            ],
        )
    )
    assert faults == [
        ("fact_changed", "latency 480 ms was read as 4.8 seconds from '4.8 s'"),
        ("fact_added", "region 'EU' was also read as 'US' from 'Boston'"),
        ("fact_lost", "standing 8 of 10 was not read from the listing"),
        ("fact_added", "payload is not among the facts, but 'all' was read as 'full'"),
    ]


def test_listings_to_read_have_every_level_and_leave_out_every_axis() -> None:
    listings = listings_to_read(NAME)
    for name, axis in AXES.items():
        values = [facts[name] for facts in listings if name in facts]
        assert set(axis.levels) <= set(values)
        assert any(name not in facts for facts in listings)
    assert any(facts.get("price") == 0 for facts in listings)
    assert any(facts.get("retention") == 0 for facts in listings)


def test_replies_that_do_not_support_their_payload_are_rejected() -> None:
    layout = Layout(NAME, template_of(WrittenLayout.model_validate(sound_layout(NAME))))
    listing = layout.render(listings_to_read(NAME)[0], TODAY, NOUNS[0])
    payload = {"listing": listing, "axes": axes_of_listings()}
    facts = read(payload)["facts"]

    def fault(task: Any, reply: dict[str, Any], own: Any) -> str | None:
        found = task.check(own, task.reply.model_validate(reply))
        return None if found is None else str(found)

    assert fault(READ, {"facts": facts}, payload) is None
    for change, reason in (
        ({"quote": "nothing of the listing"}, "quote_not_in_the_listing"),
        ({"value": "USD per week"}, "fact_not_on_the_axes"),
        ({"number": None}, "number_without_unit"),
    ):
        assert fault(READ, {"facts": [facts[0] | change]}, payload) == reason
    planned = plan_payload(2, ["taken"], "v")
    for names, reason in (
        (["one"], "too_few_layouts"),
        (["one", "one"], "name_is_taken"),
        (["one", "taken"], "name_is_taken"),
        (["one", "Two"], "name_is_not_of_the_form"),
    ):
        reply = {"layouts": [{"name": name, "manner": "a ledger of an old clerk"} for name in names]}
        assert fault(PLAN, reply, planned) == reason
    assert LAY_OUT.read('{"before": "", "lines": [], "after": ""}', {}) == RejectedReply("no_statement")
