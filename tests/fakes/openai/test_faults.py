"""Limits of consecutive faults, and minimal values for schemas."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from .asking import SCHEMA
from .faults import Faults
from .nonsense import nonsense


@given(bound=st.integers(0, 4), rate=st.sampled_from([0.5, 0.9, 1.0]), content=st.text(max_size=5))
def test_consecutive_faults_are_limited(bound: int, rate: float, content: str) -> None:
    faults = Faults(truncated=rate / 2, dropped=rate / 2, max_consecutive=bound)
    hits = [bool(faults.for_chat(content, attempt).fault) for attempt in range(1, 30)]
    runs = "".join("x" if hit else " " for hit in hits).split()
    assert max(map(len, runs), default=0) <= bound
    if rate == 1:
        assert hits == [attempt % (bound + 1) != 0 for attempt in range(1, 30)]


@pytest.mark.parametrize(
    "schema",
    [
        SCHEMA,
        {"type": "string", "minLength": 12},
        {"type": ["null", "integer"], "minimum": 4},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
        {"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "required": ["next"], "properties": {
            "next": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]}}}}},
    ],
)  # fmt: skip
def test_nonsense_satisfies_its_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator(schema).validate(nonsense(schema))
