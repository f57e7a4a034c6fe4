"""Tests of the HTML of an instance and of a reply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hf_dataset.schema import to_dict
from leaderboard.public_data import Call, Fact, Instance, Interaction, ToolDoc
from leaderboard.views import instance_view
from tests.factories import listed_row, listed_tools

from .board_rows import HOSTILE, check_no_markup

TOOL = ToolDoc(
    "tides__oslo", "tides", "High water <b>today</b>.", "", '{"properties": {"day": {"type": "string", "enum": ["a"]}}}'
)
INSTANCE = Instance(
    "chronological-0-validation-u1", "u1", "q1", "Sea", "tides", "When is high water in Oslo?", None,
    (Interaction("Tides <i>please</i>", TOOL.name, '{"day": "a"}', 1), Interaction("Again", "gone", "{}", 0)),
    (TOOL,), (TOOL,), Call(TOOL.name, '{"day": "a"}'), (1,),
    {"axes": ["sign_up"], "drift_step": 1, "noise": 0.0, "same_function": [TOOL.name]},
)  # fmt: skip


def test_an_instance_hides_its_answer_unless_revealed() -> None:
    hidden, revealed = instance_view.instance_html(INSTANCE), instance_view.instance_html(INSTANCE, revealed=True)
    for mark in ("Answer", "the answer", "evidence", "preference changes here", "sign up"):
        assert mark not in hidden
        assert mark in revealed
    assert "liked" in hidden
    assert "disliked" in hidden
    assert "<i>please" not in revealed
    assert "<b>today" not in revealed


def test_a_revealed_instance_states_what_the_user_wants_and_marks_where_it_is_documented() -> None:
    tool = ToolDoc("tides__oslo", "Oslo <Sea>", "High water today. No sign-up & no key.", "", "{}")
    row = replace(INSTANCE, candidates=(tool,), history_tools=(tool,))
    facts = {tool.name: {"sign_up": Fact("none", "No sign-up & no key.")}}
    html = instance_view.instance_html(row, facts, revealed=True)
    assert "sign up = none" in html
    assert html.count("<mark>No sign-up &amp; no key.</mark>") == 2
    assert "<mark>" not in instance_view.instance_html(row, facts)


FACTS = {
    tool.name: {fact.axis: Fact(f"{fact.value} {fact.unit}".rstrip(), fact.stated) for fact in tool.facts}
    for tool in listed_tools()
}


def listed(config: str = "chronological") -> Instance:
    """Return the instance of `listed_row` as the board reads it."""
    row = to_dict(listed_row(config))
    return Instance(
        **{
            **row,
            "history": tuple(Interaction(**step) for step in row["history"]),
            "history_tools": tuple(ToolDoc(**tool) for tool in row["history_tools"]),
            "candidates": tuple(ToolDoc(**tool) for tool in row["candidates"]),
            "answer": Call(row["answer"]["name"], row["answer"]["arguments"]),
            "evidence": tuple(row["evidence"]),
        }
    )


def test_dates_offered_tools_and_listings_are_shown() -> None:
    html = instance_view.instance_html(listed())
    assert '<time datetime="2026-11-29">2026-11-29</time>' in html
    assert html.count('<div class="date">') == 4
    assert html.count('<span class="mark">called</span>') == 4
    assert html.count("Offered:") == 4
    assert '<b><bdi>alfa__geocode</bdi></b><span class="mark">called</span>' in html
    # Three offered tools in each of four steps, and four candidates.
    assert html.count('<pre class="listing">## Limits and pricing\n- **Hosting**: ') == 16
    assert html.count('<th scope="row"><code>city</code></th>') == 4, "only candidates show parameters"
    assert "&#36;4.00 per 1,000 calls" in html
    assert "{{high}}" not in html
    for mark in ("<mark>", "Wants", "region: EU", "Kind of", "concern ", "evidence", "preference changes", "sudden"):
        assert mark not in html
    assert "Today is" not in instance_view.instance_html(listed("preferred_only"))


def test_a_revealed_instance_says_what_the_user_wants_and_what_the_choices_were() -> None:
    html = instance_view.instance_html(listed(), FACTS, revealed=True)
    for name, value in (
        ("Wants", "<bdi>region: EU; lower price (1.00)</bdi>"),
        ("Kind of preference", "limit"),
        ("Concerns of the user", "2"),
        ("Telling steps", "2"),
        ("Change of preference", "sudden"),
        ("Arguments", "relative date"),
    ):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in html
    assert "Supported by history steps 3, 4." in html
    assert [html.count(f'<span class="tag">concern {letter}</span>') for letter in "AB"] == [3, 1]
    table = html.partition("Choices in these steps, and now")[2].partition("</table>")[0]
    assert '<th scope="row">step 3</th><td><b><bdi>alfa__geocode</bdi></b></td><td><bdi>EU</bdi></td>' in table
    assert '<th scope="row">now</th><td><bdi>delta__forecast</bdi></td>' in table
    assert "<b><bdi>foxtrot__forecast</bdi></b></td><td><bdi>EU</bdi></td><td><bdi>2.0 USD per 1,000 calls" in table
    assert html.count("<mark>**Hosting**: EU (Paris)</mark>") == 2
    assert html.count("<mark>&#36;2.00 per 1,000 calls</mark>") == 2
    assert "preference changes here" in html
    assert "preference changes here" not in instance_view.instance_html(listed("preferred_only"), FACTS, revealed=True)


@pytest.mark.parametrize("name", HOSTILE)
def test_listings_and_wishes_are_escaped(name: str) -> None:
    row = listed()
    tool = replace(row.candidates[0], listing=name, description=name, provider=name)
    wanted = [{"axis": "region", "bound": name, "direction": None, "weight": None}]
    meta = {**row.meta, "wanted": wanted, "kind": name, "change": name, "arguments": [name]}
    step = replace(row.history[0], date=name, offered=(name,), name=name)
    changed = replace(
        row, candidates=(tool,), history_tools=(tool,), history=(step,), evidence=(0,), meta=meta, today=name
    )
    facts = {tool.name: {"region": Fact(name, name)}}
    check_no_markup(instance_view.instance_html(changed, facts, revealed=True), name)


@pytest.mark.parametrize(
    ("reply", "error_class"),
    [
        ('{"name": "tides__oslo", "arguments": {"day": "a"}}', "correct"),
        ('{"name": "tides__oslo", "arguments": {"day": "b"}}', "parameter_value_mismatch"),
        ('{"name": "nobody", "arguments": {}}', "tool_hallucination"),
        ("", "invalid_format"),
    ],
)
def test_a_reply_is_shown_with_its_error_class(reply: str, error_class: str) -> None:
    assert f'data-class="{error_class}"' in instance_view.reply_html(INSTANCE, reply, "wren")


def test_a_missing_reply_is_reported() -> None:
    assert "does not answer this config" in instance_view.reply_html(INSTANCE, None, "wren")


@pytest.mark.parametrize("name", HOSTILE)
def test_replies_and_system_names_are_escaped(name: str) -> None:
    check_no_markup(instance_view.reply_html(INSTANCE, name, name), name)
