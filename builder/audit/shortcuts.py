"""Predictors that look at less than they should, each on the protocol of all predictors.

All of them are told which candidates do the job: choosing the right functionality is not what the benchmark tests.
Where a shortcut says nothing, or the same of several candidates, it draws among them, so that it is at chance and not
below.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from builder.predictors.protocol import tool_call
from builder.randomness import generator_for
from builder.users.preference_readers import Step
from builder.words import words
from hf_dataset.schema import Instance, ToolRow

from .audit_split import AuditSplit
from .swapping import swap_histories

Score = Callable[[Instance, Sequence[str]], Sequence[float]]
"""How much a shortcut is for each of some candidates of a row."""
Bound = Literal["chance", "half"]
"""What a shortcut may reach: one in the same-function candidates, or one of two preferences."""
_ALL: Final = ("preferred_only", "rating_integrated", "chronological")


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A rule that chooses the candidate with the highest score."""

    name: str
    bound: Bound
    configs: tuple[str, ...]
    make: Callable[[AuditSplit], Score]
    """Fits the rule on a split; it may look at the answers of other query groups."""


class ShortcutPredictor:
    """A shortcut as a predictor.

    Args:
        shortcut: The rule.
        part: The split that it is fitted on and predicts.
    """

    def __init__(self, shortcut: Shortcut, part: AuditSplit) -> None:
        self._name = shortcut.name
        self._score = shortcut.make(part)
        self._able = part.able

    def predict(self, instance: Instance) -> str:
        """Call the candidate that the rule is most for."""
        able = self._able(instance)
        scores = self._score(instance, able)
        highest = max(scores) - 1e-9
        best = [name for name, score in zip(able, scores, strict=True) if score >= highest]
        if len(best) > 1:
            rng = generator_for((0,), self._name, instance.instance_id)
            return tool_call(best[int(rng.integers(len(best)))], {})
        return tool_call(best[0], {})


def _popular(read: Callable[[AuditSplit, Instance, str], object]) -> Callable[[AuditSplit], Score]:
    """How often something of a candidate is the answer's in other query groups."""

    def make(part: AuditSplit) -> Score:
        everywhere: Counter[object] = Counter()
        own: dict[str, Counter[object]] = {}
        for row in part.rows:
            assert row.answer is not None
            of_answer = read(part, row, row.answer.name)
            everywhere[of_answer] += 1
            own.setdefault(row.query_group, Counter())[of_answer] += 1

        def score(row: Instance, names: Sequence[str]) -> list[float]:
            found = [read(part, row, name) for name in names]
            return [everywhere[item] - own[row.query_group][item] for item in found]

        return score

    return make


def _place(row: Instance, name: str) -> int:
    return [tool.name for tool in row.candidates].index(name)


def _described(part: AuditSplit, sign: int) -> Score:
    return lambda _, names: [sign * len(part.tools[name].description) for name in names]


def _lexical(part: AuditSplit) -> Score:
    """Words that the instruction shares with a candidate's name and documentation."""
    texts = {name: set(words(f"{name} {tool.description}")) for name, tool in part.tools.items()}
    return lambda row, names: [len(texts[name] & set(words(row.instruction))) for name in names]


def _leaked_values(part: AuditSplit) -> Score:
    """Defaults and examples of a candidate's parameters that the instruction states."""
    values = {name: _catalogue_values(json.loads(tool.parameters)) for name, tool in part.tools.items()}
    return lambda row, names: [sum(value in row.instruction.casefold() for value in values[name]) for name in names]


def _catalogue_values(schema: Mapping[str, object]) -> set[str]:
    found = {str(value).casefold() for value in (*_list(schema.get("examples")), schema.get("default")) if value}
    properties = schema.get("properties")
    if isinstance(properties, dict):
        found |= {value for inner in properties.values() for value in _catalogue_values(inner)}
    return found


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _no_history(part: AuditSplit) -> Score:
    """How usual a candidate's attributes are."""
    return lambda _, names: [part.reader.familiarity(part.attributes[name]) for name in names]


def _provider_of_history(pick: Callable[[AuditSplit, Instance], Sequence[str]]) -> Callable[[AuditSplit], Score]:
    """How often a candidate's provider is among those picked from the own history."""

    def make(part: AuditSplit) -> Score:
        def score(row: Instance, names: Sequence[str]) -> list[float]:
            picked = list(pick(part, row))
            return [picked.count(part.tools[name].provider) for name in names]

        return score

    return make


def _providers(part: AuditSplit, row: Instance, *, liked: bool = False) -> list[str]:
    return [part.tools[step.name].provider for step in row.history if not liked or step.rating == 1]


def _reading(choose: Callable[[AuditSplit, Instance], Sequence[Step]]) -> Callable[[AuditSplit], Score]:
    """What a reader infers from part of what there is, order ignored."""

    def make(part: AuditSplit) -> Score:
        def score(row: Instance, names: Sequence[str]) -> list[float]:
            wanted = [part.attributes[name] for name in names]
            return part.reader.scores(choose(part, row), wanted, changes=0)

        return score

    return make


def _apart(rarer: bool, choose: Callable[[AuditSplit, Instance], Sequence[Step]]) -> Callable[[AuditSplit], Score]:
    """The rarer or the commoner of the two preferences that explain the calls best, order ignored."""

    def make(part: AuditSplit) -> Score:
        def score(row: Instance, names: Sequence[str]) -> list[float]:
            wanted = [part.attributes[name] for name in names]
            chosen = part.reader.two_preferences(choose(part, row), wanted)[0 if rarer else 1]
            return [float(index == chosen) for index in range(len(names))]

        return score

    return make


def _swapped(part: AuditSplit) -> Score:
    """What a reader infers from the history of a user of another query group."""
    other = swap_histories(part.rows)

    def score(row: Instance, names: Sequence[str]) -> list[float]:
        steps = part.steps(other[row.query_group], rated=True)
        return part.reader.scores(steps, [part.attributes[name] for name in names], changes=part.facts.changes)

    return score


def _without_first_provider(part: AuditSplit, row: Instance) -> list[Step]:
    providers = _providers(part, row)
    steps = part.steps(row)
    return [step for step, provider in zip(steps, providers, strict=True) if provider != providers[0]]


SHORTCUTS: Final = (
    Shortcut("most popular tool elsewhere", "chance", _ALL, _popular(lambda _, __, name: name)),
    Shortcut(
        "most popular provider elsewhere",
        "chance",
        _ALL,
        _popular(lambda part, _, name: part.tools[name].provider),
    ),
    Shortcut("best position elsewhere", "chance", _ALL, _popular(lambda _, row, name: _place(row, name))),
    Shortcut("longest description", "chance", _ALL, lambda part: _described(part, 1)),
    Shortcut("shortest description", "chance", _ALL, lambda part: _described(part, -1)),
    Shortcut("lexical match with the instruction", "chance", _ALL, _lexical),
    Shortcut("default or example in the instruction", "chance", _ALL, _leaked_values),
    Shortcut("no history, usual attributes", "chance", _ALL, _no_history),
    Shortcut("history of another user", "chance", _ALL, _swapped),
    Shortcut("most frequent provider of own history", "chance", _ALL, _provider_of_history(_providers)),
    Shortcut(
        "latest provider of own history",
        "chance",
        _ALL,
        _provider_of_history(lambda part, row: _providers(part, row)[-1:]),
    ),
    Shortcut(
        "liked provider of own history",
        "chance",
        ("rating_integrated",),
        _provider_of_history(lambda part, row: _providers(part, row, liked=True)),
    ),
    Shortcut("ratings ignored", "half", ("rating_integrated",), _reading(AuditSplit.steps)),
    Shortcut("order ignored", "half", ("chronological",), _reading(AuditSplit.steps)),
    Shortcut("order ignored, commoner of two preferences", "half", ("chronological",), _apart(False, AuditSplit.steps)),
    Shortcut("order ignored, rarer of two preferences", "half", ("chronological",), _apart(True, AuditSplit.steps)),
    Shortcut(
        "first half only",
        "half",
        ("chronological",),
        _reading(lambda part, row: part.steps(row)[: len(row.history) // 2]),
    ),
    Shortcut("first provider skipped", "half", ("chronological",), _reading(_without_first_provider)),
    Shortcut(
        "first provider skipped, the commoner preference",
        "half",
        ("chronological",),
        _apart(False, _without_first_provider),
    ),
)


def _shared(texts: Callable[[ToolRow], Iterable[str]]) -> Callable[[AuditSplit], Score]:
    """How often a candidate's documentation stands, in parts, in that of the tools of the own history."""

    def make(part: AuditSplit) -> Score:
        parts = {name: frozenset(texts(tool)) for name, tool in part.tools.items()}

        def score(row: Instance, names: Sequence[str]) -> list[float]:
            seen = Counter(part for step in row.history if step.rating != 0 for part in parts[step.name])
            return [sum(seen[part] for part in parts[name]) for name in names]

        return score

    return make


REPORTED: Final = (
    Shortcut(
        "sentences of own liked history",
        "chance",
        _ALL,
        _shared(lambda tool: [item.evidence for item in tool.attributes]),
    ),
    Shortcut("words of own liked history", "chance", _ALL, _shared(lambda tool: words(tool.description))),
)
"""Ways of reading the history by its wording alone: measured, and no gates, since they do read it."""


def skipping(first: int) -> Shortcut:
    """Reading all but the first steps of a `chronological` history; reported, not bounded (docs/validity.md)."""
    return Shortcut(
        f"first {first} steps skipped",
        "half",
        ("chronological",),
        _reading(lambda part, row: part.steps(row)[first:]),
    )


def majority(axis: str) -> Shortcut:
    """Reading one axis of a `preferred_only` history alone: the value that most of its tools have; reported."""

    def make(part: AuditSplit) -> Score:
        def score(row: Instance, names: Sequence[str]) -> list[float]:
            seen = Counter(part.attributes[step.name].get(axis) for step in row.history)
            values = [part.attributes[name].get(axis) for name in names]
            return [float(seen[value]) if value is not None else 0.0 for value in values]

        return score

    return Shortcut(f"majority of {axis}", "chance", ("preferred_only",), make)
