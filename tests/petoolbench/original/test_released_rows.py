"""Conversion of released prompts and rows to instances, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hf_dataset.reader import read_instances
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.original.importer import import_original
from petoolbench.original.released_prompts import UnparsedError, read_prompt, write_prompt
from petoolbench.original.released_rows import (
    number_of,
    read_entry,
    released_candidates,
    released_history,
    to_instances,
)
from tests.conftest import silent

from .released import PROMPTS, PROVIDERS, candidates, name, parameter, prompt, row, step, tool, write


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_prompt_is_parsed_and_restored(ascii_only: bool) -> None:
    text = prompt([step("Sol & Söhne", "Available tools [2], please")], candidates(), ascii_only=ascii_only)
    parsed = read_prompt(text)
    assert parsed.history == [step("Sol & Söhne", "Available tools [2], please")]
    assert parsed.candidates == candidates()
    assert parsed.ascii_only is ascii_only
    assert write_prompt(parsed) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no marks", "the prompt lacks 'Interaction history is:'"),
        ("Interaction history is: none", "the prompt has no list after 'Interaction history is:'"),
        ("Interaction history is: [1, ", "the list after 'Interaction history is:' is not valid JSON"),
        ("Interaction history is: [NaN]", "NaN is not valid JSON"),
        ("Interaction history is: []", "the prompt lacks 'Available tools'"),
        ("Interaction history is: [] Available tools: [", "the list after 'Available tools' is not valid JSON"),
        ("Interaction history is: " + "[" * 100_000, "is not valid JSON"),
    ],
)
def test_malformed_prompts_are_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(UnparsedError, match=reason):
        read_prompt(text)


def test_a_row_becomes_an_instance_of_each_config() -> None:
    rows = to_instances(read_entry(row(1), 12), "0123abcd")
    assert list(rows) == list(HISTORY_TYPES)
    assert len({instance.query_group for instance in rows.values()}) == 1
    for config, instance in rows.items():
        assert instance.instance_id == f"{config}-0123abcd-000012"
        assert number_of(instance) == 12
        assert (instance.user_id, instance.category, instance.functionality) == ("entry-101", "Weather", "func-7")
        assert instance.instruction == "Weather in Oslo?"
        assert instance.answer is not None
        assert (instance.answer.name, instance.answer.arguments) == (name("Nimbus"), '{"city": "Oslo"}')


def test_meta_contains_only_what_a_row_specifies() -> None:
    for config, instance in to_instances(read_entry(row(1), 12), "b").items():
        meta = instance.meta
        assert meta is not None
        assert meta.same_function == sorted(map(name, PROVIDERS))
        assert meta.n_tokens == -(-len(row(1)[PROMPTS[HISTORY_TYPES.index(config)]]) // 4)
        assert (instance.evidence, meta.axes, meta.noise, meta.drift_step) == ([], None, None, None)


def test_histories_keep_ratings_and_tools() -> None:
    rows = to_instances(read_entry(row(1), 12), "b")
    assert [interaction.rating for interaction in rows["rating_integrated"].history] == [1, 1, 0, 0, 0]
    assert {interaction.rating for interaction in rows["chronological"].history} == {None}
    tools = {doc.name: doc for doc in rows["chronological"].history_tools}
    assert tools[name("Elsewhere", "News")].provider == "Elsewhere"
    assert tools[name("Elsewhere", "News")].description == ""


def test_defaults_of_required_parameters_are_examples() -> None:
    first, second, third = (
        json.loads(doc.parameters) for doc in to_instances(read_entry(row(1), 1), "b")[HISTORY_TYPES[0]].candidates[:3]
    )
    assert first["required"] == ["city"]
    assert first["properties"]["days"] == {"type": "number", "description": "The days", "default": 3}
    assert second["properties"]["city"] == {"type": "string", "description": "The city", "examples": ["Turku"]}
    assert second["properties"]["days"]["type"] == "number"
    assert second["properties"]["days"]["x-original"]["type"] == "number"
    assert third["properties"]["flag"] == {"type": "boolean", "description": "The flag"}
    assert third["properties"]["day"] | {"x-original": 0} == {
        "type": "string", "format": "date", "description": "The day", "x-original": 0
    }  # fmt: skip


@pytest.mark.parametrize(
    "unusual",
    [
        tool(name("Nimbus"), [parameter()], [parameter(kind="string")]),  # listed twice
        tool(name("Nimbus"), [{"name": "city", "type": None}], [{"name": "x", "extra": [1], "default": None}]),
        tool(name("Nimbus"), [parameter(default=0), parameter("b", default=False)]),
        tool("<Weather>.<A>.<B>.<C>"),
    ],
)
def test_unusual_tools_are_restored(unusual: dict[str, Any]) -> None:
    tools = [unusual, *candidates()[1:]]
    record = {**row(1, wanted=PROVIDERS[1]), "apis_candidate": tools}
    record |= {key: prompt([step("X", "Y", 1 if "ratings" in key else None)], tools) for key in PROMPTS}
    for instance in to_instances(read_entry(record, 1), "b").values():
        assert json.dumps(released_candidates(instance)) == json.dumps(tools)
        assert released_history(instance)[0]["instruction"] == "Y"


def test_the_later_form_specifies_no_functionality() -> None:
    instance = to_instances(read_entry(row(1, early=False), 3), "b")["chronological"]
    assert (instance.user_id, instance.functionality) == ("row-000003", "")
    assert instance.meta is not None
    assert instance.meta.same_function is None


def changed(key: str, value: Any) -> Callable[[], Any]:
    return lambda: {**row(1), key: value}


def steps(*history: Any, key: str = PROMPTS[0]) -> Callable[[], Any]:
    return lambda: {**row(1), key: prompt(list(history), candidates())}


def offered(*tools: Any) -> Callable[[], Any]:
    all_tools = [*tools, *candidates()[1:]]
    plain, rated = prompt([step("X", "Y")], all_tools), prompt([step("X", "Y", 1)], all_tools)
    record = {**row(1, early=False), PROMPTS[0]: plain, PROMPTS[1]: rated, PROMPTS[2]: plain}
    return lambda: record


MALFORMED: list[tuple[Callable[[], Any], str]] = [
    (lambda: ["a"], "it is a JSON list, not an object"),
    (lambda: {"query": "x"}, "it lacks 'instruction_preferred', 'instruction_ratings'"),
    (changed("query", 3), "'query' is a JSON int, not a string"),
    (changed("query", "\ud800"), "'query' contains an unpaired surrogate"),
    (changed(PROMPTS[1], "nothing"), "instruction_ratings: the prompt lacks"),
    (changed(PROMPTS[2], prompt([step("X", "Y")], [])), "the candidates of instruction_chronological differ from those"),
    (changed("apis_candidate", "[]"), "apis_candidate differs from the candidates of the prompts"),
    (changed("apis_candidate", "1 +"), "'apis_candidate' is neither valid JSON nor a Python literal"),
    (changed("apis_same_func", [{"tool_name": "x"}]), "apis_same_func is not a list of tools"),
    (changed("apis_same_func", []), "apis_same_func lacks the answer"),
    (changed("api_call_ground_truth", "[]"), "'api_call_ground_truth' is a list, not an object"),
    (changed("api_call_ground_truth", {"tool_name": "x"}), "api_call_ground_truth is not a tool call"),
    (changed("api_call_ground_truth", {"tool_name": "x", "parameters": {}}), "'x' does not have the form <category>.<provider>"),
    (lambda: {**row(1, early=False), "api_call_ground_truth": {"tool_name": name("None"), "parameters": {}}}, "it cannot be scored"),
    (steps(), "instruction_preferred: the history is empty"),
    (steps({"instruction": "x"}), "an interaction of the history has no 'instruction' and 'tool_call'"),
    (steps(step("X", "Y", 1)), "an interaction has the rating 1; ratings are 0 and 1, in instruction_ratings"),
    (steps(step("X", "Y", 2), key=PROMPTS[1]), "an interaction has the rating 2"),
    (steps({**step("X", "Y"), "rating": True}, key=PROMPTS[1]), "an interaction has the rating True"),
    (steps(step("X", "\ud800")), "an unpaired surrogate"),
    (offered({"tool_name": name("A")}), "lacks a description or a list of parameters"),
    (offered({**tool(name("A")), "required_parameters": [{}]}), "a parameter of the candidate .* has no name"),
    (offered({}), "a candidate has no tool_name"),
    (offered(tool(name("A"), [parameter(default="\ud800")])), "an unpaired surrogate"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), MALFORMED)
def test_a_malformed_row_is_listed_with_its_reason(make: Callable[[], Any], reason: str, tmp_path: Path) -> None:
    done = import_original([write(tmp_path / "rows.json", [make(), row(9)])], tmp_path / "out", silent)
    (unparsed,) = done.unparsed
    assert (unparsed.file, unparsed.row) == ("rows.json", 1)
    assert re.search(reason, unparsed.reason)
    assert [json.loads(line) for line in (tmp_path / "out" / "unparsed.jsonl").read_text().splitlines()] == [
        {"file": "rows.json", "row": 1, "reason": unparsed.reason}
    ]
    (kept,) = read_instances(tmp_path / "out", "chronological", "validation")
    assert number_of(kept) == 2  # the number in the file, so that replies are still assigned by order
