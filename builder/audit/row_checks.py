"""Rules that every row must satisfy, and the number of rows that violate each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from builder.config import MIN_SAME_FUNCTION
from builder.predictors.reading import AttributeReading, View
from builder.users.preference_readers import attributes_of
from builder.words import is_word_of_job, mentions, spoken
from hf_dataset.schema import Instance, ToolRow

from .argument_checks import argument_does_not_follow
from .audit_split import AuditSplit
from .fact_checks import (
    FactRules,
    called_tool_not_offered,
    meta_does_not_fit,
    names_answer,
    offers_several_jobs,
    provider_of_job_in_history,
    tools_in_train_layouts,
)
from .text_quality import leaves, stated

REPEATED: Final = 0.03
"""Share of the query groups that may have the instruction of another one."""
_HASH_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Check:
    """Number of violations of one rule."""

    name: str
    """Description of a violation."""
    violations: int
    rows: int
    """Number of rows, or tools, that were checked."""
    example: str
    """Id of the first row, or name of the first tool, that violates the rule; empty if none does."""
    required: bool = True
    """True if the rule must hold; False if violations are only reported."""
    allowed: int = 0
    """Number of violations up to which the rule holds."""

    @property
    def passed(self) -> bool:
        """True if the rule holds or is not required."""
        return self.violations <= self.allowed or not self.required


def run_checks(parts: Sequence[AuditSplit]) -> list[Check]:
    """Check every row of a config, including rows outside the sample.

    Rows are streamed. Only the distinct instructions of the train histories, and the answers and a hash of the
    instruction of each query group, are held in memory; the number of the former is limited by the number of scenarios,
    not by the number of users.

    Args:
        parts: The splits whose answers are known, train first.

    Returns:
        One check for each rule, with its number of violations.
    """
    train_instructions: set[str] = set()
    rules = _rules_for(parts, train_instructions)
    groups = _QueryGroups()
    violations = Counter[str]()
    examples: dict[str, str] = {}
    rows = 0
    for part in parts:
        for row in part.every_row:
            rows += 1
            groups.add(part.split, row)
            if part.split == "train":
                train_instructions.update(step.instruction for step in row.history)
            for name, rule in rules.items():
                if rule(part, row):
                    violations[name] += 1
                    examples.setdefault(name, row.instance_id)
    optional = _provider_in_history if parts[0].settings.provider_overlap else None
    checks = [
        Check(name, violations[name], rows, examples.get(name, ""), rule is not optional)
        for name, rule in rules.items()
    ]
    if parts[0].by_facts:
        return [*checks, *groups.checks(), _check_layouts(parts)]
    return [*checks, _check_phrases(parts)]


def _rules_for(parts: Sequence[AuditSplit], train_instructions: Collection[str]) -> dict[str, _Rule]:
    """Return the rules for a config by name; each returns True if a row violates it.

    Args:
        parts: The splits of the config.
        train_instructions: Instructions of the train histories; the caller fills it before it checks other splits.
    """
    rules = {**_RULES, **(_fact_rules(parts) if parts[0].by_facts else _attribute_rules(parts))}
    rules["an instruction of another split stands in a train history"] = lambda part, row: (
        part.split != "train" and row.instruction in train_instructions
    )
    return rules


def _fact_rules(parts: Sequence[AuditSplit]) -> dict[str, _Rule]:
    rules = FactRules(parts)
    return {
        "the instruction names the answer's tool, provider or category": names_answer,
        "the provider of a candidate for the job stands in the history": provider_of_job_in_history,
        "a candidate for the job is worse than another on every stated axis": rules.has_worse_candidate,
        "a wanted axis is not stated": rules.hides_wanted_axis,
        "the called tool was not offered": called_tool_not_offered,
        "tools for different jobs were offered together": offers_several_jobs,
        "the metadata does not fit the history": meta_does_not_fit,
        "an argument does not follow from instruction, schema, day and history": argument_does_not_follow,
    }


def _attribute_rules(parts: Sequence[AuditSplit]) -> dict[str, _Rule]:
    rules: dict[str, _Rule] = {
        "the instruction names the answer's tool, provider or attribute": _names_the_answer,
        "the provider of a candidate stands in the history": _provider_in_history,
    }
    if parts[0].settings.changes:
        rules["the tool wanted before the last change is no candidate"] = _stale_tool_missing(parts)
    return rules


class _QueryGroups:
    """Instruction of each query group, and the different answers in it."""

    def __init__(self) -> None:
        self._rows = Counter[str]()
        self._answers: dict[str, set[str]] = {}
        self._instructions: dict[str, bytes] = {}

    def add(self, split: str, row: Instance) -> None:
        """Count the answer of a row."""
        group = f"{split}/{row.query_group}"
        self._rows[group] += 1
        if group not in self._instructions:
            self._instructions[group] = blake2b(row.instruction.encode(), digest_size=_HASH_BYTES).digest()
        if row.answer is not None:
            self._answers.setdefault(group, set()).add(row.answer.name)

    def checks(self) -> list[Check]:
        """Return checks that answers and instructions differ, and the number of query groups with no equal answers."""
        several = {group: answers for group, answers in self._answers.items() if self._rows[group] > 1}
        equal = sorted(group for group, answers in several.items() if len(answers) == 1)
        distinct = sorted(group for group, answers in several.items() if len(answers) == self._rows[group])
        return [
            Check("query groups: all users want one tool", len(equal), len(several), (*equal, "")[0]),
            Check("query groups: no two users want one tool", len(distinct), len(several), (*distinct, "")[0], False),
            self._repeated_instructions(),
        ]

    def _repeated_instructions(self) -> Check:
        """Return a check that nearly every query group has an instruction of its own."""
        seen: set[bytes] = set()
        repeated = []
        for group, instruction in self._instructions.items():
            if instruction in seen:
                repeated.append(group)
            seen.add(instruction)
        groups = len(self._instructions)
        title = f"query groups: the instruction is that of an earlier one ({REPEATED:.0%} allowed)".replace("%", " %")
        allowed = int(REPEATED * groups)
        return Check(title, len(repeated), groups, (*repeated, "")[0], allowed=allowed)


def _check_layouts(parts: Sequence[AuditSplit]) -> Check:
    """Count the tools of other splits whose listing has the layout of a train tool."""
    names, of_tools = tools_in_train_layouts(parts)
    title = "tools: the layout of a train tool documents a tool of another split"
    return Check(title, len(names), of_tools, (*names, "")[0], parts[0].settings.worded)


def _check_phrases(parts: Sequence[AuditSplit]) -> Check:
    """Count the tools of other splits that are documented with a phrase of a train tool."""
    phrases = {fact.stated for tool in _tools(parts, train=True) for fact in tool.facts}
    others = _tools(parts, train=False)
    names = sorted(tool.name for tool in others if any(fact.stated in phrases for fact in tool.facts))
    title = "tools: a phrase of a train tool documents a tool of another split"
    return Check(title, len(names), len(others), names[0] if names else "", parts[0].settings.worded)


def _tools(parts: Sequence[AuditSplit], *, train: bool) -> list[ToolRow]:
    """Return the tools of train, or of all other splits."""
    return [tool for part in parts if (part.split == "train") == train for tool in part.tools.values()]


def _repeated_instruction(_: AuditSplit, row: Instance) -> bool:
    instructions = [row.instruction, *(step.instruction for step in row.history)]
    return len(set(instructions)) < len(instructions)


def _names_the_answer(part: AuditSplit, row: Instance) -> bool:
    """Return True if the instruction names the answer's tool, its provider, or an attribute that singles it out.

    A name that consists of words of the job does not count, nor a value without its axis: "low" in "a low voice". An
    attribute singles the answer out if not all candidates that do the job have it.
    """
    assert row.answer is not None
    candidates = [attributes_of(part.tools[name]) for name in part.capable_tools(row)]
    names = [row.answer.name, part.tools[row.answer.name].provider]
    if any(mentions(row.instruction, name) for name in names if not is_word_of_job(name, row.functionality)):
        return True
    return any(
        mentions(row.instruction, spoken(value)) and mentions(row.instruction, spoken(axis))
        for axis, value in attributes_of(part.tools[row.answer.name]).items()
        if any(attributes.get(axis) != value for attributes in candidates)
    )


def _unstated_argument(_: AuditSplit, row: Instance) -> bool:
    assert row.answer is not None
    if row.meta is not None and row.meta.kind is not None:
        return False  # another rule reads the arguments of these rows, some of which do not stand in the instruction
    return not all(stated(value, row.instruction) for value in leaves(json.loads(row.answer.arguments)))


def _no_arguments(_: AuditSplit, row: Instance) -> bool:
    assert row.answer is not None
    return not json.loads(row.answer.arguments)


def _too_few_candidates(part: AuditSplit, row: Instance) -> bool:
    return len(part.capable_tools(row)) < MIN_SAME_FUNCTION


def _equal_descriptions(part: AuditSplit, row: Instance) -> bool:
    capable_tools = part.capable_tools(row)
    texts = {(part.tools[name].description, part.tools[name].listing) for name in capable_tools}
    return len(texts) < len(capable_tools)


def _answer_not_a_candidate(part: AuditSplit, row: Instance) -> bool:
    return row.answer is None or row.answer.name not in part.capable_tools(row)


def _provider_in_history(part: AuditSplit, row: Instance) -> bool:
    history_providers = {part.tools[step.name].provider for step in row.history}
    return any(tool.provider in history_providers for tool in row.candidates)


def _stale_tool_missing(parts: Sequence[AuditSplit]) -> _Rule:
    """Return a rule that the tool preferred before the last change is a candidate.

    This is the tool that a reader infers from the calls before the change, among all tools that do the job.
    """
    readings = {part.split: AttributeReading(part.tools.values(), part.settings.changes - 1) for part in parts}

    def is_missing(part: AuditSplit, row: Instance) -> bool:
        assert row.meta is not None
        names = sorted(part.doing[row.functionality])
        before = range(len(row.history))[: row.meta.drift_step]
        scores = readings[part.split].scores(row, names, View(before))
        return names[max(range(len(names)), key=lambda index: scores[index])] not in part.capable_tools(row)

    return is_missing


_Rule = Callable[[AuditSplit, Instance], bool]
_RULES: Final[Mapping[str, _Rule]] = {
    "an instruction comes twice in an instance": _repeated_instruction,
    "a value of the answer cannot be read from the instruction": _unstated_argument,
    "the answer has no arguments": _no_arguments,
    "fewer than 3 candidates do the job": _too_few_candidates,
    "two candidates that do the job have one description": _equal_descriptions,
    "the answer is no candidate that does the job": _answer_not_a_candidate,
}
"""Rules for all data sets; each returns True if a row violates it."""
