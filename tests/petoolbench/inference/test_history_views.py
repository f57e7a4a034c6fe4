"""What a model is shown: whose history, which order, which names, and what fits."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import ConfigError, DataError
from hf_dataset.reader import read_instances
from hf_dataset.schema import Instance, ToolDoc
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ParseFailure
from petoolbench.inference.history_views import apply_history_view
from petoolbench.inference.requests import Window, build_requests, check_fit, estimated
from petoolbench.inference.tool_calling import function_tools, safe_names, text_of_calls, text_of_reply
from tests.conftest import Built


@pytest.fixture(scope="module")
def rows(built: Built) -> list[Instance]:
    return read_instances(built.data, "chronological", "validation")


def test_own_histories_are_shown_as_they_are(rows: list[Instance]) -> None:
    assert apply_history_view(rows) == rows


def test_without_history_nothing_of_it_is_left(rows: list[Instance]) -> None:
    for row, shown in zip(rows, apply_history_view(rows, "none"), strict=True):
        assert (shown.history, shown.history_tools) == ([], [])
        assert (shown.instruction, shown.candidates, shown.answer) == (row.instruction, row.candidates, row.answer)


def test_swapped_histories_are_of_users_of_other_query_groups(rows: list[Instance]) -> None:
    group_of = {json.dumps([(step.instruction, step.name) for step in row.history]): row.query_group for row in rows}
    shown = apply_history_view(rows, "swapped")
    whose: Counter[tuple[str, str]] = Counter()
    for row, other in zip(rows, shown, strict=True):
        group = group_of[json.dumps([(step.instruction, step.name) for step in other.history])]
        assert group != row.query_group
        assert {step.name for step in other.history} == {tool.name for tool in other.history_tools}
        assert (other.instance_id, other.candidates) == (row.instance_id, row.candidates)
        whose[(row.query_group, group)] += 1
    assert len({theirs for _, theirs in whose}) == len({own for own, _ in whose}), "nobody's history is used for two"


def test_nobody_can_swap_within_one_query_group(rows: list[Instance]) -> None:
    with pytest.raises(DataError, match="no other user"):
        apply_history_view([row for row in rows if row.query_group == rows[0].query_group], "swapped")


def test_candidates_are_ordered_anew_by_the_seed_alone(rows: list[Instance]) -> None:
    first, again, other = (apply_history_view(rows, shuffle_seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert apply_history_view(rows[3:5], shuffle_seed=1) == first[3:5]
    for row, shown in zip(rows, first, strict=True):
        assert sorted(tool.name for tool in shown.candidates) == sorted(tool.name for tool in row.candidates)
    places = Counter(
        [tool.name for tool in row.candidates].index(row.answer.name) for row in first if row.answer is not None
    )
    assert len(places) > 5


@given(st.lists(st.text(max_size=90), unique=True, min_size=1, max_size=12))
def test_names_are_made_safe_and_can_be_told_apart(names: list[str]) -> None:
    safe = safe_names(names)
    assert sorted(safe.values()) == sorted(names)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in safe)
    for name in names:
        if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
            assert safe[name] == name


def test_native_calls_come_back_under_the_tools_own_names() -> None:
    tools = [
        ToolDoc(name, "Acme", "Does it.", '{"type": "object", "properties": {}}') for name in ("a b", "a_b", "a.b")
    ]
    names = safe_names([tool.name for tool in tools])
    assert names == {"a_b": "a_b", "a_b_2": "a b", "a_b_3": "a.b"}
    sent = function_tools(tools, names)
    assert [one["function"]["name"] for one in sent] == ["a_b_2", "a_b", "a_b_3"]
    assert sent[0]["function"]["description"] == "Provider: Acme. Does it."
    calls = [
        {"type": "function", "function": {"name": "a_b_2", "arguments": '{"x": 1}'}},
        {"type": "function", "function": {"name": "other", "arguments": "{broken"}},
        {"type": "function", "function": {"name": "a_b", "arguments": ""}},
        {"type": "function", "function": {"name": "a_b", "arguments": '{"x": 1, "x": 2}'}},
    ]
    assert [json.loads(line) for line in text_of_calls(calls, names).split("\n")] == [
        {"name": "a b", "arguments": {"x": 1}},
        {"name": "other", "arguments": "{broken"},
        {"name": "a_b", "arguments": {}},
        {"name": "a_b", "arguments": '{"x": 1, "x": 2}'},
    ]
    # As where the same call is written out.
    assert parse(text_of_calls(calls[-1:], names)) == ParseFailure("duplicate_keys")


def test_a_native_call_that_is_written_out_gets_the_tools_own_name() -> None:
    names = safe_names(["a b", "plain"])
    said = '<tool_call>\n{"name": "a_b", "arguments": {"x": [1]}}\n</tool_call>'
    assert json.loads(text_of_reply(said, names)) == {"name": "a b", "arguments": {"x": [1]}}
    for text in ("I would not know.", '{"name": "plain", "arguments": {}}', '{"name": "other", "arguments": {}}'):
        assert text_of_reply(text, names) == text


def test_native_questions_hold_the_candidates_as_tools_and_not_in_the_message(rows: list[Instance]) -> None:
    (question,) = build_requests(rows[:1], "full", "tools", Window(None, 100))
    assert len(question.tools) == len(rows[0].candidates)
    assert "candidates" not in json.loads(question.messages[1]["content"])
    assert "functions" in question.messages[0]["content"]
    (plain,) = build_requests(rows[:1], "names", "prompt", Window(None, 100))
    assert plain.tools == []
    assert json.loads(plain.messages[1]["content"]).keys() == {"history", "candidates", "instruction"}


def test_what_does_not_fit_is_told_before_and_never_cut_in_silence(rows: list[Instance]) -> None:
    lengths = [one.tokens for one in build_requests(rows, "full", "prompt", Window(None, 100))]
    room = sorted(lengths)[len(lengths) // 2] + 100
    long = sum(length + 100 > room for length in lengths)
    window = Window(room, 100)
    asked_ones = build_requests(rows, "full", "prompt", window)
    with pytest.raises(
        ConfigError, match=rf"{long} of {len(rows)} prompts do not fit into --context {room}.*--overlong"
    ):
        check_fit(asked_ones, window)
    skipping = Window(room, 100, "skip")
    skipped = build_requests(rows, "full", "prompt", skipping)
    check_fit(skipped, skipping)
    assert sum(not one.fits for one in skipped) == long


def test_the_oldest_steps_are_dropped_one_by_one_until_it_fits(rows: list[Instance]) -> None:
    row = max(rows, key=lambda row: len(row.history))
    whole, tight = (
        build_requests([row], "full", "prompt", Window(size, 50, "drop-oldest"))[0] for size in (None, 3_000)
    )
    assert (whole.dropped_steps, whole.fits) == (0, True)
    assert tight.fits
    assert tight.tokens + 50 <= 3_000
    kept = json.loads(tight.messages[1]["content"])
    assert [step["instruction"] for step in kept["history"]] == [
        step.instruction for step in row.history[tight.dropped_steps :]
    ]
    assert {tool["name"] for tool in kept["history_tools"]} == {step["call"]["name"] for step in kept["history"]}
    (less,) = build_requests([row], "full", "prompt", Window(tight.tokens + 49, 50, "drop-oldest"))
    assert less.dropped_steps == tight.dropped_steps + 1
    (hopeless,) = build_requests([row], "full", "prompt", Window(100, 50, "drop-oldest"))
    assert not hopeless.fits


def test_an_estimate_is_rather_too_high(rows: list[Instance]) -> None:
    for row, one in zip(rows, build_requests(rows, "full", "prompt", Window(None, 0)), strict=True):
        assert row.meta is not None
        assert row.meta.n_tokens is not None
        assert one.tokens > row.meta.n_tokens
    assert estimated([{"role": "user", "content": "日" * 100}], []) == 76
