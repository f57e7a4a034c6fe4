"""What must hold of every row, whoever answers it: counts of the rows where it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from builder.text import words
from hf_dataset.schema import Instance

from .evidence import Evidence

_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_LEAST_ABLE: Final = 3


@dataclass(frozen=True, slots=True)
class Check:
    """How many rows break a rule."""

    name: str
    violations: int
    rows: int
    example: str
    """Instance id of the first row that breaks it; empty where none does."""

    @property
    def passed(self) -> bool:
        """No row breaks the rule."""
        return self.violations == 0


def run_checks(parts: Sequence[Evidence]) -> list[Check]:
    """Check every row of a config.

    Args:
        parts: The splits whose answers are known.
    """
    past = {step.instruction for part in parts if part.split == "train" for row in part.rows for step in row.history}
    broken: dict[str, list[str]] = {name: [] for name in _RULES}
    broken["an instruction of another split stands in a train history"] = []
    count = 0
    for part in parts:
        for row in part.rows:
            count += 1
            for name, rule in _RULES.items():
                if rule(part, row):
                    broken[name].append(row.instance_id)
            if part.split != "train" and row.instruction in past:
                broken["an instruction of another split stands in a train history"].append(row.instance_id)
    return [Check(name, len(ids), count, ids[0] if ids else "") for name, ids in broken.items()]


def _repeats(_: Evidence, row: Instance) -> bool:
    instructions = [row.instruction, *(step.instruction for step in row.history)]
    return len(set(instructions)) < len(instructions)


def _names_the_answer(part: Evidence, row: Instance) -> bool:
    """The instruction names the answer's tool or provider."""
    assert row.answer is not None
    said = f" {' '.join(words(row.instruction))} "
    provider = " ".join(words(part.tools[row.answer.name].provider))
    return row.answer.name in row.instruction or f" {provider} " in said


def _unreadable(_: Evidence, row: Instance) -> bool:
    """A value of the answer cannot be read from the instruction."""
    assert row.answer is not None
    return not all(stated(value, row.instruction) for value in _leaves(json.loads(row.answer.arguments)))


def _no_arguments(_: Evidence, row: Instance) -> bool:
    assert row.answer is not None
    return not json.loads(row.answer.arguments)


def _too_few(part: Evidence, row: Instance) -> bool:
    return len(part.able(row)) < _LEAST_ABLE


def _alike(part: Evidence, row: Instance) -> bool:
    able = part.able(row)
    return len({part.tools[name].description for name in able}) < len(able)


def _answer_is_no_candidate(part: Evidence, row: Instance) -> bool:
    return row.answer is None or row.answer.name not in part.able(row)


def _seen(part: Evidence, row: Instance) -> bool:
    """The provider of a candidate stands in the history."""
    seen = {part.tools[step.name].provider for step in row.history}
    return any(tool.provider in seen for tool in row.candidates)


_RULES: Final = {
    "an instruction comes twice in an instance": _repeats,
    "the instruction names the answer's tool or provider": _names_the_answer,
    "a value of the answer cannot be read from the instruction": _unreadable,
    "the answer has no arguments": _no_arguments,
    "fewer than 3 candidates do the job": _too_few,
    "two candidates that do the job have one description": _alike,
    "the answer is no candidate that does the job": _answer_is_no_candidate,
    "the provider of a candidate stands in the history": _seen,
}


def stated(value: str | float, instruction: str) -> bool:
    """Whether an instruction states a value: as it is written, or a date as people say it."""
    day = _DATE.fullmatch(str(value))
    if day and f"{int(day[3])} {_MONTHS[int(day[2]) - 1]} {day[1]}" in instruction:
        return True
    return str(value) in instruction


def _leaves(value: Any) -> Iterator[str | float]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    else:
        yield value
