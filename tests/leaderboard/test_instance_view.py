"""Tests of the HTML of an instance and of a reply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leaderboard.public_data import Attribute, Call, Instance, Interaction, ToolDoc
from leaderboard.views import instance_view

from .board_rows import HOSTILE, check_no_markup

TOOL = ToolDoc(
    "tides__oslo", "tides", "High water <b>today</b>.", '{"properties": {"day": {"type": "string", "enum": ["a"]}}}'
)
INSTANCE = Instance(
    "chronological-0-validation-u1", "u1", "q1", "Sea", "tides", "When is high water in Oslo?",
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
    tool = ToolDoc("tides__oslo", "Oslo <Sea>", "High water today. No sign-up & no key.", "{}")
    row = replace(INSTANCE, candidates=(tool,), history_tools=(tool,))
    attributes = {tool.name: {"sign_up": Attribute("none", "No sign-up & no key.")}}
    html = instance_view.instance_html(row, attributes, revealed=True)
    assert "sign up = none" in html
    assert html.count("<mark>No sign-up &amp; no key.</mark>") == 2
    assert "<mark>" not in instance_view.instance_html(row, attributes)


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
