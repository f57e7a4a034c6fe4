"""Tests of the earlier benchmark's rule, against its regular expression."""

from __future__ import annotations

import ast
import gzip
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.petoolbench.legacy import RULE, LegacyVerdict, first_match, legacy_judge

PIECES = [
    "{",
    "}",
    "}}",
    '"',
    '"tool_name":',
    ' "a"',
    '"parameters":',
    '", "parameters": {',
    ",",
    "\n",
    " ",
    "x",
    '"tool_name": "b"',
    '"parameters": {}}',
    "\\",
]


@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join))
def test_first_match_agrees_with_the_regular_expression(text: str) -> None:
    match = re.search(RULE, text)
    assert first_match(text) == (match[0] if match else None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["{", "{ ", 'draft "tool_name": {']),
            st.sampled_from(["a", "b c"]),
            st.sampled_from(["{}}", '{"x": 1}}', '{"y": {"z": 1}}}', "{", '{"x": "}}"}}', '{\n"x": 1}}', '{"x": 1} }']),
        ),
        max_size=4,
    )
)
def test_first_match_agrees_with_the_regular_expression_on_calls(calls: list[tuple[str, str, str]]) -> None:
    for separator in ("", " ", "\n", " then "):
        text = separator.join(f'{opening}"tool_name": "{name}", "parameters": {rest}' for opening, name, rest in calls)
        match = re.search(RULE, text)
        assert first_match(text) == (match[0] if match else None)


def test_unclosed_calls_take_bounded_time() -> None:
    """The released regular expression took 54 seconds for 200 unclosed calls."""
    start = time.process_time()
    assert first_match('{"tool_name": "a", "parameters": {' * 200) is None
    assert first_match('{"tool_name": "a", "parameters": {' * 20_000) is None
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("prediction", "verdict"),
    [
        ('{"tool_name": "a", "parameters": {"x": 1}}', (True, True, True)),
        ('{"tool_name": "b", "parameters": {"x": 1}}', (True, False, True)),
        ('{"tool_name": "a", "parameters": {"x": true}}', (True, True, True)),
        ('{"tool_name": "a", "parameters": {"x": "1"}}', (True, True, False)),
        ('{"tool_name": "a", "parameters": {"x": {"y": 1}}}', (False, False, False)),
        ('{"tool_name": "a", "parameters": {"x": 1} }', (False, False, False)),
        ('{"parameters": {"x": 1}, "tool_name": "a"}', (False, False, False)),
        ('{"call": {"tool_name": "a", "parameters": {"x": 1}}}', (False, False, False)),
        ("no idea", (False, False, False)),
    ],
)
def test_faults_are_kept_except_crashes(prediction: str, verdict: tuple[bool, bool, bool]) -> None:
    assert legacy_judge(prediction, "a", {"x": 1}) == LegacyVerdict(*verdict)


MUTATIONS: dict[str, Callable[[dict[str, Any]], str]] = {
    "plain": json.dumps,
    "prose around": lambda call: f"Sure! {json.dumps(call)} Hope it helps.",
    "pretty": lambda call: json.dumps(call, indent=2),
    "other tool": lambda call: json.dumps({**call, "tool_name": "invented"}),
    "no arguments": lambda call: json.dumps({**call, "parameters": {}}),
    "additional argument": lambda call: json.dumps({**call, "parameters": {**call["parameters"], "z": 1}}),
    "numbers as text": lambda call: json.dumps(
        {**call, "parameters": {name: str(value) for name, value in call["parameters"].items()}}
    ),
    "keys reversed": lambda call: json.dumps(dict(reversed(call.items()))),
    "single quotes": str,
    "truncated": lambda call: json.dumps(call)[:-2],
    "twice": lambda call: f"{json.dumps(call)} {json.dumps(call)}",
    "capitals": lambda call: (
        json.dumps(call).upper().replace("TOOL_NAME", "tool_name").replace("PARAMETERS", "parameters")
    ),
}


@pytest.mark.realdata
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_verdicts_on_released_rows_agree_with_the_regular_expression(real_data: Path, mutation: str) -> None:
    """The predictions are mutated answers of 150 released rows."""
    with gzip.open(real_data / "petoolbench_original_sample.json.gz", "rt", encoding="utf-8") as file:
        rows = json.load(file)
    for row in rows:
        call = row["api_call_ground_truth"]
        call = ast.literal_eval(call) if isinstance(call, str) else call
        prediction = MUTATIONS[mutation](call)
        match = re.search(RULE, prediction)
        try:
            parsed = json.loads(match[0]) if match else {}
        except ValueError:
            parsed = {}
        expected = (parsed.get("tool_name") == call["tool_name"], parsed.get("parameters") == call["parameters"])
        assert legacy_judge(prediction, call["tool_name"], call["parameters"])[1:] == (
            expected if "tool_name" in parsed and "parameters" in parsed else (False, False)
        )
