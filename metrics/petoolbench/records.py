"""What is scored: a reference, the tool call read from a reply, and the verdict on the two."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, get_args

from .errors import ReferencesError

ErrorClass = Literal[
    "correct",
    "invalid_format",
    "tool_hallucination",
    "functionality_mismatch",
    "preference_mismatch",
    "parameter_name_mismatch",
    "parameter_value_mismatch",
]
"""Every prediction falls in exactly one, the first of them that applies after `correct`."""
ERROR_CLASSES: Final[tuple[ErrorClass, ...]] = get_args(ErrorClass)
RATES: Final = ("tool_accuracy", "parameter_accuracy", "call_accuracy", "format_rate", "hallucination_rate")
"""What is measured with an interval: means of `Verdict.outcome`."""


class ToolCall(NamedTuple):
    """A tool name with its arguments."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """A reply from which no tool call can be read, and why."""

    reason: str


class Reference(NamedTuple):
    """The part of a dataset row that scoring needs.

    A named tuple and no dataclass, since one is made for every row that is scored, which took a tenth of the time.
    """

    instance_id: str
    query_group: str
    tools: Sequence[Mapping[str, Any]]
    """The candidates, each with its `name`."""
    parameters: str
    """JSON Schema of the parameters of the answer's tool, as JSON text."""
    answer: ToolCall
    same_function: Collection[str] | None = None
    """Names of the candidates that do the job; None where the row does not say."""
    alternatives: tuple[Mapping[str, Any], ...] = ()
    """Further arguments that are as right as the answer's."""

    @property
    def candidates(self) -> list[str]:
        """Names of the candidates."""
        return [tool["name"] for tool in self.tools]

    @property
    def schema(self) -> Mapping[str, Any]:
        """`parameters`, read; not to be changed, since references share it.

        Raises:
            ReferencesError: If it is no JSON object.
        """
        try:
            return _object(self.parameters)
        except (TypeError, ValueError) as error:
            raise ReferencesError(
                f"The parameters of {self.answer.name!r} in row {self.instance_id!r} are no JSON object: {error}."
            ) from error


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one reply was worth."""

    format_valid: bool
    """A tool call could be read from the reply."""
    tool_correct: bool
    parameters_correct: bool
    """The arguments are those of the answer; False where the tool is wrong, but in the scorer `legacy`."""
    error_class: ErrorClass
    reason: str
    """What was wrong within the class; empty where nothing was."""

    @property
    def outcome(self) -> tuple[bool, ...]:
        """What the reply adds to each rate, in the order of `RATES`."""
        return (
            self.tool_correct,
            self.parameters_correct,
            self.tool_correct and self.parameters_correct,
            self.format_valid,
            self.error_class == "tool_hallucination",
        )


REFERENCE_COLUMNS = ("instance_id", "query_group", "candidates", "answer")
"""Columns of a row that scoring reads; of `meta` it reads `same_function` where there is one, and no other column."""
MAX_DEPTH: Final = 64
"""Values nested deeper than this are no tool call, and no answer; comparing them would exhaust the stack."""
_first_value: Final = json.JSONDecoder().raw_decode
_NO_META: Final[Mapping[str, Any]] = {}


def reference_from_row(row: Mapping[str, Any]) -> Reference:
    """Read the reference out of a dataset row.

    Args:
        row: A row of `preferred_only`, `rating_integrated` or `chronological`; further columns are ignored.

    Raises:
        ReferencesError: If a column is missing, holds malformed JSON, or the answer is not public.
    """
    try:
        instance_id, query_group, answer = row["instance_id"], row["query_group"], row["answer"]
        tools = row["candidates"]
        name = answer["name"] if answer else None
        for tool in tools:
            if tool["name"] == name:
                break
        else:
            raise ReferencesError(_no_answer(instance_id, name))
        parameters = tool["parameters"]
    except (KeyError, TypeError) as error:
        raise ReferencesError(_what_lacks(row, error)) from error
    if type(instance_id) is not str or type(query_group) is not str:
        raise ReferencesError(
            f"instance_id and query_group of row {instance_id!r} are no text, as they are in the data."
        )
    try:
        arguments = _read(answer["arguments"])
        others = answer.get("alternatives")
        alternatives = tuple(map(_read, others)) if others else ()
    except (TypeError, ValueError, RecursionError) as error:
        raise ReferencesError(f"Row {instance_id!r} holds malformed JSON: {error}") from error
    same = (row.get("meta") or _NO_META).get("same_function")
    return Reference(
        instance_id,
        query_group,
        tools,
        parameters,
        ToolCall(name, arguments),
        same or None,
        alternatives,
    )


def _read(text: str) -> dict[str, Any]:
    """The arguments in a JSON text.

    Raises:
        ValueError: If it is no JSON object, or one nested too deep to be compared.
    """
    value, end = _first_value(text)
    if end != len(text):
        value = json.loads(text)
    if type(value) is not dict:
        raise ValueError(f"arguments are an object, not a {type(value).__name__}")
    if len(text) > 2 * MAX_DEPTH and text.count("{") + text.count("[") > MAX_DEPTH and deeper_than(value, MAX_DEPTH):
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return value


def deeper_than(value: Any, depth: int) -> bool:
    """Whether a JSON value is nested deeper than so many levels."""
    level = [value]
    for _ in range(depth):
        level = [
            item
            for outer in level
            if isinstance(outer, dict | list)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _no_answer(instance_id: str, name: str | None) -> str:
    if name is None:
        return (
            f"Row {instance_id!r} has no answer: the answers of the test split are private. "
            "Score the validation split, or submit test predictions to the leaderboard."
        )
    return (
        f"The answer of row {instance_id!r}, {name!r}, is none of its candidates. "
        "The answers belong to another build of the data set."
    )


def _what_lacks(row: Mapping[str, Any], error: Exception) -> str:
    missing = [column for column in REFERENCE_COLUMNS if column not in row]
    if missing:
        return (
            f"A reference lacks the columns {missing}; it has {sorted(row)}. "
            "Pass rows of a PEToolBench config as they were loaded."
        )
    return (
        f"The candidates of row {row['instance_id']!r} are not tools with name and parameters ({error!r}). "
        "Pass rows of a PEToolBench config as they were loaded."
    )


@lru_cache(maxsize=16_384)
def _object(text: str) -> Mapping[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError(f"a {type(value).__name__} where an object is expected")
    return value
