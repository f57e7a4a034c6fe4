"""What must hold of every row, whoever answers it: counts of the rows where it does not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from builder.config import MIN_SAME_FUNCTION
from builder.words import mentions, spoken
from hf_dataset.schema import Instance

from .audit_split import AuditSplit
from .text_quality import leaves, stated


@dataclass(frozen=True, slots=True)
class Check:
    """How many rows break a rule."""

    name: str
    violations: int
    rows: int
    example: str
    """Id of the first row, or name of the first tool, that breaks it; empty where none does."""
    required: bool = True
    """Whether the rule must hold, or is counted and reported only."""

    @property
    def passed(self) -> bool:
        """The rule holds, or need not."""
        return self.violations == 0 or not self.required


def run_checks(parts: Sequence[AuditSplit]) -> list[Check]:
    """Check every row of a config, those outside of a sample included.

    Rows are gone through and not held. What is kept of them is the instructions of the histories of train, of which
    there are as many as the scenarios that they are drawn from, however many users.

    Args:
        parts: The splits whose answers are known, train first.
    """
    past: set[str] = set()
    facts = parts[0].facts
    rules = dict(_RULES)
    rules["an instruction of another split stands in a train history"] = lambda part, row: (
        part.split != "train" and row.instruction in past
    )
    if facts.changes:
        rules["the tool wanted before the last change is no candidate"] = _stale_tool_is_missing
    violations = Counter[str]()
    examples: dict[str, str] = {}
    rows = 0
    for part in parts:
        for row in part.every_row:
            rows += 1
            if part.split == "train":
                past.update(step.instruction for step in row.history)
            for name, rule in rules.items():
                if rule(part, row):
                    violations[name] += 1
                    examples.setdefault(name, row.instance_id)
    checks = [
        Check(name, violations[name], rows, examples.get(name, ""), rule is not _seen or facts.provider_overlap == 0)
        for name, rule in rules.items()
    ]
    return [*checks, _phrases_of_train(parts)]


def _phrases_of_train(parts: Sequence[AuditSplit]) -> Check:
    """Tools of other splits that are documented with a phrase of a train tool."""
    phrases = {
        attribute.evidence
        for part in parts
        if part.split == "train"
        for tool in part.tools.values()
        for attribute in tool.attributes
    }
    others = [tool for part in parts if part.split != "train" for tool in part.tools.values()]
    names = sorted(tool.name for tool in others if any(item.evidence in phrases for item in tool.attributes))
    title = "tools: a phrase of a train tool documents a tool of another split"
    return Check(title, len(names), len(others), names[0] if names else "", parts[0].facts.worded)


def _repeats(_: AuditSplit, row: Instance) -> bool:
    instructions = [row.instruction, *(step.instruction for step in row.history)]
    return len(set(instructions)) < len(instructions)


def _names_the_answer(part: AuditSplit, row: Instance) -> bool:
    """The instruction names the answer's tool or provider, or an attribute that not all able candidates have."""
    assert row.answer is not None
    others = [part.attributes[name] for name in part.able(row)]
    words = [row.answer.name, part.tools[row.answer.name].provider]
    words += [
        spoken(value)
        for axis, value in part.attributes[row.answer.name].items()
        if any(attributes.get(axis) != value for attributes in others)
    ]
    return any(mentions(row.instruction, word) for word in words)


def _unreadable(_: AuditSplit, row: Instance) -> bool:
    """A value of the answer cannot be read from the instruction."""
    assert row.answer is not None
    return not all(stated(value, row.instruction) for value in leaves(json.loads(row.answer.arguments)))


def _no_arguments(_: AuditSplit, row: Instance) -> bool:
    assert row.answer is not None
    return not json.loads(row.answer.arguments)


def _too_few(part: AuditSplit, row: Instance) -> bool:
    return len(part.able(row)) < MIN_SAME_FUNCTION


def _alike(part: AuditSplit, row: Instance) -> bool:
    able = part.able(row)
    return len({part.tools[name].description for name in able}) < len(able)


def _answer_is_no_candidate(part: AuditSplit, row: Instance) -> bool:
    return row.answer is None or row.answer.name not in part.able(row)


def _seen(part: AuditSplit, row: Instance) -> bool:
    """The provider of a candidate stands in the history."""
    seen = {part.tools[step.name].provider for step in row.history}
    return any(tool.provider in seen for tool in row.candidates)


def _stale_tool_is_missing(part: AuditSplit, row: Instance) -> bool:
    """What a reader would have picked before the last change, of all tools that do the job, is no candidate."""
    assert row.meta is not None
    before = part.steps(row)[: row.meta.drift_step]
    doing = sorted(part.doing[row.functionality])
    scores = part.reader.scores(before, [part.attributes[name] for name in doing], changes=part.facts.changes - 1)
    return doing[max(range(len(doing)), key=lambda index: scores[index])] not in part.able(row)


_Rule = Callable[[AuditSplit, Instance], bool]
_RULES: Final[Mapping[str, _Rule]] = {
    "an instruction comes twice in an instance": _repeats,
    "the instruction names the answer's tool, provider or attribute": _names_the_answer,
    "a value of the answer cannot be read from the instruction": _unreadable,
    "the answer has no arguments": _no_arguments,
    "fewer than 3 candidates do the job": _too_few,
    "two candidates that do the job have one description": _alike,
    "the answer is no candidate that does the job": _answer_is_no_candidate,
    "the provider of a candidate stands in the history": _seen,
}
