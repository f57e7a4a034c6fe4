"""What is scored: a reference, the tool call read from a reply, and the verdict on the two."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ReferencesError


@dataclass(frozen=True, slots=True)
class ToolCall:
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
    candidates: dict[str, dict[str, Any]]
    """JSON Schema of the parameters of each candidate, by tool name."""
    answer: ToolCall


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one reply was worth."""

    format_valid: bool
    """A tool call could be read from the reply."""
    tool_correct: bool
    parameters_correct: bool
    """The arguments are those of the answer; False where the tool is wrong, whatever the arguments."""
    reason: str
    """Why the reply failed, empty where it is correct."""


REFERENCE_COLUMNS = ("instance_id", "query_group", "candidates", "answer")
"""Columns of a row that scoring reads; every other column is ignored."""


def reference_from_row(row: Mapping[str, Any]) -> Reference:
    """Read the reference out of a dataset row.

    Args:
        row: A row of `preferred_only`, `rating_integrated` or `chronological`; further columns are ignored.

    Raises:
        ReferencesError: If a column is missing, holds malformed JSON, or the answer is not public.
    """
    missing = [column for column in REFERENCE_COLUMNS if column not in row]
    if missing:
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
    try:
        candidates = {tool["name"]: json.loads(tool["parameters"]) for tool in row["candidates"]}
        arguments = json.loads(answer["arguments"])
    except (TypeError, json.JSONDecodeError) as error:
        raise ReferencesError(f"Row {row['instance_id']!r} holds malformed JSON: {error}") from error
    if answer["name"] not in candidates:
        raise ReferencesError(
            f"The answer of row {row['instance_id']!r}, {answer['name']!r}, is none of its candidates. "
            "The answers belong to another build of the data set."
        )
    return Reference(row["instance_id"], row["query_group"], candidates, ToolCall(answer["name"], arguments))
