"""What is scored: a reference, the tool call read from a reply, and the verdict on the two."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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


class ToolCall(NamedTuple):
    """A tool name with its arguments."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """A reply from which no tool call can be read, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The part of a dataset row that scoring needs."""

    instance_id: str
    query_group: str
    candidates: frozenset[str]
    """Names of the candidates."""
    schema: Mapping[str, Any]
    """JSON Schema of the parameters of the answer's tool."""
    answer: ToolCall
    same_function: frozenset[str] | None = None
    """Names of the candidates that do the job; None where the row does not say."""
    alternatives: tuple[Mapping[str, Any], ...] = field(default=())
    """Further arguments that are as right as the answer's."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one reply was worth."""

    format_valid: bool
    """A tool call could be read from the reply."""
    tool_correct: bool
    parameters_correct: bool
    """The arguments are those of the answer; False where the tool is wrong, but in the mode `legacy`."""
    error_class: ErrorClass
    reason: str
    """What was wrong within the class; empty where nothing was."""


REFERENCE_COLUMNS = ("instance_id", "query_group", "candidates", "answer")
"""Columns of a row that scoring reads; of `meta` it reads `same_function` where there is one, and no other column."""
_REFERENCE_COLUMNS: Final = frozenset(REFERENCE_COLUMNS)


def reference_from_row(row: Mapping[str, Any]) -> Reference:
    """Read the reference out of a dataset row.

    Args:
        row: A row of `preferred_only`, `rating_integrated` or `chronological`; further columns are ignored.

    Raises:
        ReferencesError: If a column is missing, holds malformed JSON, or the answer is not public.
    """
    if not row.keys() >= _REFERENCE_COLUMNS:
        missing = [column for column in REFERENCE_COLUMNS if column not in row]
        raise ReferencesError(
            f"A reference lacks the columns {missing}; it has {sorted(row)}. "
            "Pass rows of a PEToolBench config as they were loaded."
        )
    answer = row["answer"]
    if answer is None or answer["name"] is None:
        raise ReferencesError(
            f"Row {row['instance_id']!r} has no answer: the answers of the test split are private. "
            "Score the validation split, or submit test predictions to the leaderboard."
        )
    parameters = {tool["name"]: tool["parameters"] for tool in row["candidates"]}
    if answer["name"] not in parameters:
        raise ReferencesError(
            f"The answer of row {row['instance_id']!r}, {answer['name']!r}, is none of its candidates. "
            "The answers belong to another build of the data set."
        )
    try:
        schema = _object(parameters[answer["name"]])
        arguments = json.loads(answer["arguments"])
        alternatives = tuple(json.loads(text) for text in answer.get("alternatives") or ())
    except (TypeError, ValueError) as error:
        raise ReferencesError(f"Row {row['instance_id']!r} holds malformed JSON: {error}") from error
    same = (row.get("meta") or {}).get("same_function")
    return Reference(
        row["instance_id"],
        row["query_group"],
        frozenset(parameters),
        schema,
        ToolCall(answer["name"], arguments),
        frozenset(same) if same else None,
        alternatives,
    )


@lru_cache(maxsize=16_384)
def _object(text: str) -> Mapping[str, Any]:
    """A JSON object; not to be changed, since rows share it."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError(f"a {type(value).__name__} where an object is expected")
    return value
