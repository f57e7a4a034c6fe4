"""Shortcuts that read texts: of the candidates, of the instruction, and of the tools called in the history."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from builder.grouping.functionalities import VERBS
from builder.words import words
from hf_dataset.schema import Instance, ToolRow

from .audit_split import AuditSplit
from .shortcut import Make, Score

_NUMBER: Final = re.compile(r"\d[\d.,]*\d|\d")
_LABEL: Final = re.compile(r"\W*(?P<label>.*?)\s*(?:[:|=?,.](?=.)|\d|$)")
_PROSE: Final = 2
"""Words at the beginning of a line of prose that count as its label."""


def length(read: Callable[[ToolRow], str], sign: int) -> Make:
    """Score a candidate by the length of a text, or with sign -1 by its shortness."""

    def make(part: AuditSplit) -> Score:
        return lambda _, names: [sign * len(read(part.tools[name])) for name in names]

    return make


def shared_words(part: AuditSplit) -> Score:
    """Score a candidate by the number of words that its name and documentation share with the instruction."""
    texts = {name: set(words(f"{name} {tool.description} {tool.listing}")) for name, tool in part.tools.items()}
    return lambda row, names: [len(texts[name] & set(words(row.instruction))) for name in names]


def stated_schema_values(part: AuditSplit) -> Score:
    """Score a candidate by the number of its parameters' defaults and examples that the instruction states."""
    values = {name: _schema_values(json.loads(tool.parameters)) for name, tool in part.tools.items()}
    return lambda row, names: [sum(value in row.instruction.casefold() for value in values[name]) for name in names]


def _schema_values(schema: Mapping[str, object]) -> set[str]:
    """Return the defaults and examples in a JSON schema, in lower case."""
    examples = schema.get("examples")
    candidates = [*(examples if isinstance(examples, list) else []), schema.get("default")]
    values = {str(value).casefold() for value in candidates if value}
    properties = schema.get("properties")
    if isinstance(properties, dict):
        values |= {value for inner in properties.values() for value in _schema_values(inner)}
    return values


def shared_items(items: Callable[[ToolRow], Iterable[str]]) -> Make:
    """Score a candidate by how often its items, such as words of its name, occur in the tools that the user called.

    Disliked calls are ignored.
    """

    def make(part: AuditSplit) -> Score:
        items_of = {name: frozenset(items(tool)) for name, tool in part.tools.items()}

        def score(row: Instance, names: Sequence[str]) -> list[float]:
            counts = Counter(item for step in row.history if step.rating != 0 for item in items_of[step.name])
            return [sum(counts[item] for item in items_of[name]) for name in names]

        return score

    return make


def shared_layout(part: AuditSplit) -> Score:
    """Score a candidate by how similar the labels of its listing are to those of the called tools' listings."""
    labels_of = {name: frozenset(labels(tool)) for name, tool in part.tools.items()}

    def score(row: Instance, names: Sequence[str]) -> list[float]:
        called = Counter(step.name for step in row.history if step.rating != 0)
        return [
            sum(count * _overlap(labels_of[name], labels_of[other]) for other, count in called.items())
            for name in names
        ]

    return score


def _overlap(first: frozenset[str], second: frozenset[str]) -> float:
    """Return the share of the labels of two listings that both have."""
    return len(first & second) / max(len(first | second), 1)


def numbers(tool: ToolRow) -> list[str]:
    """Return the numbers in a listing, as written."""
    return _NUMBER.findall(tool.listing)


def labels(tool: ToolRow) -> list[str]:
    """Return the labels of the lines of a listing: their beginnings, without values."""
    return [label for line in tool.listing.splitlines() if (label := _label(line))]


def _label(line: str) -> str:
    """Return what stands before the first number or separator of a line; of plain prose, its first words."""
    match = _LABEL.match(line)
    assert match is not None
    label = match["label"].casefold()
    if match.end() == len(line) and not line[-1:].isdigit():
        return " ".join(label.split()[:_PROSE])
    return label


def name_form(tool: ToolRow) -> list[str]:
    """Return the form of the operation in a tool's name: number of underscores, capitals, and a verb at the start."""
    operation = tool.name.partition("__")[2] or tool.name
    has_capitals = any(letter.isupper() for letter in operation)
    return [f"{operation.count('_')} {has_capitals} {words(operation)[0] in VERBS}"]
