"""Requests to models: history views, order of the candidates, function names, and fit into the context window."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import ConfigError, DataError
from hf_dataset.reader import read_instances
from hf_dataset.schema import Instance, ToolDoc
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ParseFailure
from petoolbench.inference.history_views import apply_history_view
from petoolbench.inference.model_requests import Window, build_requests, check_fit, estimated
from petoolbench.inference.tool_calling import function_tools, safe_names, text_of_calls, text_of_reply
from tests.conftest import Built
from tests.factories import listed_row


@pytest.fixture(scope="module")
def rows(built: Built) -> list[Instance]:
    return read_instances(built.data, "chronological", "validation")


def test_the_default_view_does_not_change_rows(rows: list[Instance]) -> None:
    assert apply_history_view(rows) == rows


def test_the_view_without_history_removes_steps_and_their_tools(rows: list[Instance]) -> None:
    for row, view in zip(rows, apply_history_view(rows, "none"), strict=True):
        assert (view.history, view.history_tools) == ([], [])
        assert (view.instruction, view.candidates, view.answer) == (row.instruction, row.candidates, row.answer)


def test_swapped_histories_are_of_users_of_other_query_groups(rows: list[Instance]) -> None:
    group_of = {json.dumps([(step.instruction, step.name) for step in row.history]): row.query_group for row in rows}
    pairs: set[tuple[str, str]] = set()
    for row, other in zip(rows, apply_history_view(rows, "swapped"), strict=True):
        group = group_of[json.dumps([(step.instruction, step.name) for step in other.history])]
        assert group != row.query_group
        assert {name for step in other.history for name in (step.name, *step.offered)} == {
            tool.name for tool in other.history_tools
        }
        assert (other.instance_id, other.candidates) == (row.instance_id, row.candidates)
        assert (other.instruction, other.today, other.answer) == (row.instruction, row.today, row.answer)
        pairs.add((row.query_group, group))
    assert len({theirs for _, theirs in pairs}) == len({own for own, _ in pairs}), "each history is used once"


def test_metadata_about_steps_belong_to_the_history_that_is_shown() -> None:
    first, second = listed_row(), listed_row(number=1)
    assert second.meta is not None
    longer = [second.history[0], *second.history]
    meta = replace(second.meta, step_concerns=[1, 1, 0, 0, 0], drift_step=3, kind="joint", n_tokens=7)
    second = replace(second, history=longer, evidence=[3, 4], meta=meta)
    swapped, _ = apply_history_view([first, second], "swapped")
    assert swapped.evidence == [3, 4]
    assert swapped.meta is not None
    assert first.meta is not None
    assert (swapped.meta.step_concerns, swapped.meta.drift_step) == ([1, 1, 0, 0, 0], 3)
    assert (swapped.meta.kind, swapped.meta.wanted, swapped.meta.n_tokens) == ("limit", first.meta.wanted, 900)
    none = apply_history_view([first], "none")[0]
    assert (none.evidence, none.meta and none.meta.step_concerns) == ([], None)
    private = replace(first, answer=None, evidence=[], meta=None)
    assert apply_history_view([private, second], "swapped")[0].meta is None
    assert apply_history_view([private], "none")[0].meta is None


def test_histories_are_not_swapped_within_one_query_group(rows: list[Instance]) -> None:
    with pytest.raises(DataError, match="all instances belong to one query group"):
        apply_history_view([row for row in rows if row.query_group == rows[0].query_group], "swapped")


def test_the_order_of_the_candidates_depends_on_the_seed_and_the_instance_only(rows: list[Instance]) -> None:
    first, again, other = (apply_history_view(rows, shuffle_seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert apply_history_view(rows[3:5], shuffle_seed=1) == first[3:5]
    for row, view in zip(rows, first, strict=True):
        assert sorted(tool.name for tool in view.candidates) == sorted(tool.name for tool in row.candidates)
    places = Counter(
        [tool.name for tool in row.candidates].index(row.answer.name) for row in first if row.answer is not None
    )
    assert len(places) > 5


@given(st.lists(st.text(max_size=90), unique=True, min_size=1, max_size=12))
def test_function_names_are_safe_and_distinct(names: list[str]) -> None:
    safe = safe_names(names)
    assert sorted(safe.values()) == sorted(names)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in safe)
    for name in names:
        if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
            assert safe[name] == name


def test_native_calls_are_converted_to_calls_of_the_candidates() -> None:
    tools = [
        ToolDoc(name, "Acme", "Does it.", "Price: 0\nUptime: 99 %", '{"type": "object", "properties": {}}')
        for name in ("a b", "a_b", "a.b")
    ]
    names = safe_names([tool.name for tool in tools])
    assert names == {"a_b": "a_b", "a_b_2": "a b", "a_b_3": "a.b"}
    functions = [tool["function"] for tool in function_tools(tools, names)]
    assert [function["name"] for function in functions] == ["a_b_2", "a_b", "a_b_3"]
    assert functions[0]["description"] == "Provider: Acme. Does it.\nPrice: 0\nUptime: 99 %"
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
    # The same call in the text of a reply gives the same failure.
    assert parse(text_of_calls(calls[-1:], names)) == ParseFailure("duplicate_keys")


def test_a_native_call_in_text_gets_the_name_of_the_candidate() -> None:
    names = safe_names(["a b", "plain"])
    reply = '<tool_call>\n{"name": "a_b", "arguments": {"x": [1]}}\n</tool_call>'
    assert json.loads(text_of_reply(reply, names)) == {"name": "a b", "arguments": {"x": [1]}}
    for text in ("I would not know.", '{"name": "plain", "arguments": {}}', '{"name": "other", "arguments": {}}'):
        assert text_of_reply(text, names) == text


def test_requests_for_native_calls_hold_the_candidates_as_tools_only(rows: list[Instance]) -> None:
    (native,) = build_requests(rows[:1], "full", "tools", Window(None, 100))
    assert len(native.tools) == len(rows[0].candidates)
    assert "candidates" not in json.loads(native.messages[1]["content"])
    assert "functions" in native.messages[0]["content"]
    (plain,) = build_requests(rows[:1], "names", "prompt", Window(None, 100))
    assert plain.tools == []
    assert json.loads(plain.messages[1]["content"]).keys() - {"today"} == {"history", "candidates", "instruction"}


def test_prompts_that_do_not_fit_are_refused_or_skipped(rows: list[Instance]) -> None:
    lengths = [request.tokens for request in build_requests(rows, "full", "prompt", Window(None, 100))]
    context = sorted(lengths)[len(lengths) // 2] + 100
    overlong = sum(length + 100 > context for length in lengths)
    window = Window(context, 100)
    with pytest.raises(
        ConfigError,
        match=rf"{overlong} of {len(rows)} prompts exceed the context window of {context} tokens.*--overlong",
    ):
        check_fit(build_requests(rows, "full", "prompt", window), window)
    skip = Window(context, 100, "skip")
    requests = build_requests(rows, "full", "prompt", skip)
    check_fit(requests, skip)
    assert sum(not request.fits for request in requests) == overlong
    assert all(request.dropped_steps == 0 for request in requests)


def test_the_oldest_steps_are_dropped_until_the_prompt_fits(rows: list[Instance]) -> None:
    row = max(rows, key=lambda row: len(row.history))
    (complete,) = build_requests([row], "full", "prompt", Window(None, 50, "drop-oldest"))
    size = complete.tokens * 2 // 3
    (shortened,) = build_requests([row], "full", "prompt", Window(size, 50, "drop-oldest"))
    assert (complete.dropped_steps, complete.fits) == (0, True)
    assert shortened.fits
    assert shortened.tokens + 50 <= size
    kept = json.loads(shortened.messages[1]["content"])
    assert [step["instruction"] for step in kept["history"]] == [
        step.instruction for step in row.history[shortened.dropped_steps :]
    ]
    shown = {name for step in row.history[shortened.dropped_steps :] for name in (step.name, *step.offered)}
    assert {tool["name"] for tool in kept["history_tools"]} == shown - {tool.name for tool in row.candidates}
    (shorter,) = build_requests([row], "full", "prompt", Window(shortened.tokens + 49, 50, "drop-oldest"))
    assert shorter.dropped_steps == shortened.dropped_steps + 1
    (too_long,) = build_requests([row], "full", "prompt", Window(100, 50, "drop-oldest"))
    assert not too_long.fits


def test_estimates_of_tokens_are_not_too_low(rows: list[Instance]) -> None:
    for row, request in zip(rows, build_requests(rows, "full", "prompt", Window(None, 0)), strict=True):
        assert row.meta is not None
        assert row.meta.n_tokens is not None
        assert request.tokens > row.meta.n_tokens
    assert estimated([{"role": "user", "content": "日" * 100}], []) == 101
