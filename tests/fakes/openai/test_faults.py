"""The table of faults, the log, and the nonsense: what needs no server."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from .asking import SCHEMA
from .completions import Options, Settings, content_hash
from .faults import BATCH, CONTENT, TRANSPORT, Fault, Faults
from .log import ANSWERED, CHAT, LINE, RequestLog
from .nonsense import nonsense


def test_every_fault_has_a_rate_and_a_kind() -> None:
    assert {*TRANSPORT, *CONTENT, *BATCH} == set(Fault)
    assert all(Faults().rate(fault) == 0 for fault in Fault)
    assert set(Options.__annotations__) == {field.name for field in fields(Settings)}


def test_the_standard_mixture_is_what_it_says() -> None:
    faults = Faults.standard(seed=3)
    drawn = Counter(faults.for_chat(str(number), 1).fault for number in range(20_000))
    for fault in (*TRANSPORT, *CONTENT):
        assert drawn[fault] / 20_000 == pytest.approx(faults.rate(fault), abs=0.006), fault
    assert drawn[None] / 20_000 == pytest.approx(0.7, abs=0.015)


def test_seeds_differ() -> None:
    tables = [[Faults.standard(seed).for_chat(str(one), 1) for one in range(100)] for seed in (1, 1, 2)]
    assert tables[0] == tables[1] != tables[2]


@given(bound=st.integers(0, 4), rate=st.sampled_from([0.5, 0.9, 1.0]), content=st.text(max_size=5))
def test_no_more_faults_in_a_row_than_allowed(bound: int, rate: float, content: str) -> None:
    faults = Faults(truncated=rate / 2, dropped=rate / 2, max_consecutive=bound)
    hits = [bool(faults.for_chat(content, attempt).fault) for attempt in range(1, 30)]
    runs = "".join("x" if hit else " " for hit in hits).split()
    assert max(map(len, runs), default=0) <= bound
    if rate == 1:
        assert hits == [attempt % (bound + 1) != 0 for attempt in range(1, 30)]


def test_without_a_bound_every_attempt_fails() -> None:
    assert all(Faults(prose=1, max_consecutive=None).for_chat("x", attempt).fault for attempt in range(1, 20))


@pytest.mark.parametrize(
    "wrong",
    [
        {"dropped": -0.1},
        {"dropped": 0.6, "prose": 0.6},
        {"batch_failed": 0.7, "batch_expired": 0.7},
        {"max_consecutive": -1},
    ],
)
def test_wrong_rates_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Faults(**wrong)


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert content_hash({"a": 1, "b": [2]}) == content_hash({"b": [2], "a": 1}) != content_hash({"a": 1, "b": [3]})


def test_the_log_reads_back_what_it_wrote(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "log.jsonl")
    first, second, line = log.arrive(CHAT, "a"), log.arrive(CHAT, "a"), log.arrive(LINE, "a")
    other = log.arrive("GET /v1/models", "a")
    assert [visit.attempt for visit in (first, second, line, other)] == [1, 2, 3, 1]
    log.record(first, ANSWERED, 5, 2)
    log.record(second, Fault.PROSE.value)
    assert log.answered_twice() == []
    log.record(line, ANSWERED)
    log.leave(first)
    log.record(other, ANSWERED)
    log.close()
    with (tmp_path / "log.jsonl").open("a") as stream:
        stream.write('{"endpoint": "cut o')
    read = RequestLog.read(tmp_path / "log.jsonl")
    assert read.entries() == log.entries()
    assert read.done() == log.done() == {ANSWERED: 2, "prose": 1}
    assert (read.requests, read.peak, read.answered_twice()) == (log.requests, log.peak, ["a"]) == (3, 2, ["a"])


SCHEMAS: list[dict[str, Any]] = [
    SCHEMA,
    {"type": "string", "minLength": 12},
    {"type": "string", "maxLength": 2},
    {"type": ["null", "integer"], "minimum": 4},
    {"type": "integer", "maximum": -3},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
    {"const": None},
    {"allOf": [{"$ref": "#/$defs/a"}, {"properties": {"y": {"enum": [3]}}, "required": ["y"]}],
     "$defs": {"a": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}}},
    {"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "required": ["next"], "properties": {
        "next": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]}}}}},
]  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS)
def test_nonsense_satisfies_its_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator(schema).validate(nonsense(schema))


def test_nonsense_is_minimal() -> None:
    assert nonsense(SCHEMA) == {"tool": "alpha", "reason": "lorem", "scores": []}
