"""Data classes for scoring: references, tool calls and verdicts; and a function that reads references from rows."""

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
"""Every prediction is in exactly one class: `correct`, or the first of the others that applies."""
ERROR_CLASSES: Final[tuple[ErrorClass, ...]] = get_args(ErrorClass)
RATES: Final = ("tool_accuracy", "parameter_accuracy", "call_accuracy", "format_rate", "hallucination_rate")
"""Rates that have a confidence interval: the means of `Verdict.outcome`, in its order."""


class ToolCall(NamedTuple):
    """A call to a tool."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """A prediction that contains no readable tool call."""

    reason: str
    """Name of the reason: `empty`, `only_reasoning`, `no_json_object`, `malformed_json`, `duplicate_keys`,
    `nested_too_deep`, `too_long`, `lone_surrogate`, `several_calls`, `no_tool_name` or `arguments_not_an_object`;
    followed by the syntax in parentheses, if the reply is in that of a model."""


class Reference(NamedTuple):
    """The part of a dataset row that scoring needs.

    A named tuple, because it is created faster than a dataclass, once for every scored row.
    """

    instance_id: str
    query_group: str
    tools: Sequence[Mapping[str, Any]]
    """The candidates; each has a `name`."""
    parameters: str
    """JSON Schema of the parameters of the correct tool, as JSON text."""
    answer: ToolCall
    """The correct call."""
    same_function: Collection[str] | None = None
    """Names of the candidates that do the requested job; None if the row does not state them."""
    alternatives: tuple[Mapping[str, Any], ...] = ()
    """Other arguments that are also correct."""

    @property
    def candidates(self) -> list[str]:
        """Names of the candidates."""
        return [tool["name"] for tool in self.tools]

    @property
    def schema(self) -> Mapping[str, Any]:
        """`parameters` as a mapping. References share it: do not modify it.

        Raises:
            ReferencesError: If `parameters` is not a JSON object.
        """
        try:
            return _object(self.parameters)
        except (TypeError, ValueError) as error:
            raise ReferencesError(
                f"The parameters of {self.answer.name!r} in row {self.instance_id!r} are not a JSON object: {error}. "
                "Pass rows of a PEToolBench config as they were loaded."
            ) from error


@dataclass(frozen=True, slots=True)
class Verdict:
    """Score of one prediction: which of its parts are correct."""

    format_valid: bool
    """True if the prediction contains a tool call that can be parsed."""
    tool_correct: bool
    """True if the prediction calls the correct tool."""
    parameters_correct: bool
    """True if the arguments are correct. Always False for a wrong tool, except with the scorer `legacy`."""
    error_class: ErrorClass
    reason: str
    """Name of the error within the class; empty for correct predictions."""

    @property
    def outcome(self) -> tuple[bool, ...]:
        """Contribution of the prediction to each rate, in the order of `RATES`."""
        return (
            self.tool_correct,
            self.parameters_correct,
            self.tool_correct and self.parameters_correct,
            self.format_valid,
            self.error_class == "tool_hallucination",
        )


REFERENCE_COLUMNS = ("instance_id", "query_group", "candidates", "answer")
"""Columns that scoring requires. It also reads `meta.same_function` if a row has it, and ignores all other columns."""
MAX_DEPTH: Final = 64
"""Maximum nesting depth of tool calls and answers: comparing deeper values could exhaust the stack."""
_scan: Final = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_NO_META: Final[Mapping[str, Any]] = {}


def reference_from_row(row: Mapping[str, Any]) -> Reference:
    """Read the reference of a dataset row.

    Args:
        row: A row of `preferred_only`, `rating_integrated` or `chronological`; additional columns are ignored.

    Raises:
        ReferencesError: If a column is missing or malformed, or the answer is not public.
    """
    return reference_of(row, checked_columns(row))


Columns = tuple[str, str, Mapping[str, Any], str]
"""Instance id, query group, answer with its arguments as text, and the parameters of its tool. It is a plain tuple,
because it is created for every row."""


def reference_of(row: Mapping[str, Any], columns: Columns) -> Reference:
    """Return the reference of a row whose columns were checked.

    Args:
        row: The row.
        columns: Result of `checked_columns`.

    Raises:
        ReferencesError: If the arguments of the answer are malformed.
    """
    instance_id, query_group, answer, parameters = columns
    try:
        arguments = _arguments(answer["arguments"])
        others = answer.get("alternatives")
        alternatives = tuple(map(_arguments, others)) if others else ()
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ReferencesError(
            f"Row {instance_id!r} has malformed arguments: {error}. Build or download the data set again."
        ) from error
    same_function = (row.get("meta") or _NO_META).get("same_function")
    return Reference(
        instance_id,
        query_group,
        row["candidates"],
        parameters,
        ToolCall(answer["name"], arguments),
        same_function or None,
        alternatives,
    )


def checked_columns(row: Mapping[str, Any]) -> Columns:
    """Return the columns of a row that scoring needs.

    Args:
        row: A row of `preferred_only`, `rating_integrated` or `chronological`; additional columns are ignored.

    Raises:
        ReferencesError: If a column is missing or malformed, or the answer is not public.
    """
    try:
        instance_id, query_group, answer = row["instance_id"], row["query_group"], row["answer"]
        name = answer["name"] if answer else None
        for tool in row["candidates"]:
            if tool["name"] == name:
                parameters = tool["parameters"]
                break
        else:
            raise ReferencesError(_no_answer(instance_id, name))
    except (KeyError, TypeError) as error:
        raise ReferencesError(_malformed(row, error)) from error
    if type(instance_id) is not str or type(query_group) is not str:
        raise ReferencesError(
            f"The instance_id and query_group of row {instance_id!r} must be strings. "
            "Pass rows of a PEToolBench config as they were loaded."
        )
    return instance_id, query_group, answer, parameters


def _arguments(text: str) -> dict[str, Any]:
    """Parse arguments from JSON text.

    Raises:
        ValueError: If the text is not a JSON object, or nested too deep.
    """
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        value, end = None, -1
    if end != len(text):
        value = json.loads(text)
    if type(value) is not dict:
        raise ValueError(f"a {type(value).__name__} instead of an object")
    if len(text) > 2 * MAX_DEPTH and text.count("{") + text.count("[") > MAX_DEPTH and deeper_than(value, MAX_DEPTH):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    return value


def deeper_than(value: Any, depth: int) -> bool:
    """Return True if a JSON value is nested deeper than a number of levels.

    Args:
        value: The value.
        depth: The number of levels, at least 1. Scalars and empty containers have one level.
    """
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
        f"The answer of row {instance_id!r} calls {name!r}, which is not one of its candidates. "
        "Use the answers of the same build of the data set."
    )


def _malformed(row: Mapping[str, Any], error: Exception) -> str:
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
        raise TypeError(f"a {type(value).__name__} instead of an object")
    return value
