"""Shortcuts: predictors that use less information than the task requires.

Every shortcut chooses only among the candidates that do the job, because choosing the functionality is not what the
benchmark tests. If several candidates have the highest score, it draws one of them, so that a shortcut without
information is correct as often as chance.
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
"""Function that scores some candidates of an instance, given their names; the highest score is chosen."""
Bound = Literal["chance", "half"]
"""Maximum accuracy of a shortcut: one in the number of same-function candidates, or one half."""
_ALL: Final = ("preferred_only", "rating_integrated", "chronological")


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A rule that chooses the candidate with the highest score."""

    name: str
    bound: Bound
    configs: tuple[str, ...]
    make: Callable[[AuditSplit], Score]
    """Fits the rule on a split. It may use the answers of other query groups than the predicted one."""


class ShortcutPredictor:
    """A shortcut as a predictor.

    Args:
        shortcut: The rule.
        part: The split on which it is fitted and evaluated.
    """

    def __init__(self, shortcut: Shortcut, part: AuditSplit) -> None:
        self._name = shortcut.name
        self._score = shortcut.make(part)
        self._capable_tools = part.capable_tools

    def predict(self, instance: Instance) -> str:
        """Return a call to the candidate with the highest score, without arguments."""
        capable_tools = self._capable_tools(instance)
        scores = self._score(instance, capable_tools)
        highest = max(scores) - 1e-9
        best = [name for name, score in zip(capable_tools, scores, strict=True) if score >= highest]
        if len(best) > 1:
            rng = generator_for((0,), self._name, instance.instance_id)
            return tool_call(best[int(rng.integers(len(best)))], {})
        return tool_call(best[0], {})


def _popularity(read: Callable[[AuditSplit, Instance, str], object]) -> Callable[[AuditSplit], Score]:
    """Score a candidate by how often answers of other query groups have the same value of `read`."""

    def make(part: AuditSplit) -> Score:
        totals: Counter[object] = Counter()
        by_group: dict[str, Counter[object]] = {}
        for row in part.rows:
            assert row.answer is not None
            value = read(part, row, row.answer.name)
            totals[value] += 1
            by_group.setdefault(row.query_group, Counter())[value] += 1

        def score(row: Instance, names: Sequence[str]) -> list[float]:
            values = [read(part, row, name) for name in names]
            return [totals[value] - by_group[row.query_group][value] for value in values]

        return score

    return make


def _position(row: Instance, name: str) -> int:
    """Return the position of a tool among the candidates."""
    return [tool.name for tool in row.candidates].index(name)


def _description_length(part: AuditSplit, sign: int) -> Score:
    return lambda _, names: [sign * len(part.tools[name].description) for name in names]


def _shared_words(part: AuditSplit) -> Score:
    """Score a candidate by the number of words that its name and documentation share with the instruction."""
    texts = {name: set(words(f"{name} {tool.description}")) for name, tool in part.tools.items()}
    return lambda row, names: [len(texts[name] & set(words(row.instruction))) for name in names]


def _stated_schema_values(part: AuditSplit) -> Score:
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


def _familiarity(part: AuditSplit) -> Score:
    """Score a candidate by how common its attributes are in the catalogue."""
    return lambda _, names: [part.reader.familiarity(part.attributes[name]) for name in names]


def _provider_count(pick: Callable[[AuditSplit, Instance], Sequence[str]]) -> Callable[[AuditSplit], Score]:
    """Score a candidate by how often its provider is among those that `pick` returns."""

    def make(part: AuditSplit) -> Score:
        def score(row: Instance, names: Sequence[str]) -> list[float]:
            picked = list(pick(part, row))
            return [picked.count(part.tools[name].provider) for name in names]

        return score

    return make


def _providers(part: AuditSplit, row: Instance, *, liked: bool = False) -> list[str]:
    """Return the providers of the calls in the history, or only of the liked calls."""
    return [part.tools[step.name].provider for step in row.history if not liked or step.rating == 1]


def _reader_scores(choose: Callable[[AuditSplit, Instance], Sequence[Step]]) -> Callable[[AuditSplit], Score]:
    """Score candidates with the preference reader on the steps that `choose` returns, without their order."""

    def make(part: AuditSplit) -> Score:
        def score(row: Instance, names: Sequence[str]) -> list[float]:
            candidates = [part.attributes[name] for name in names]
            return part.reader.scores(choose(part, row), candidates, changes=0)

        return score

    return make


def _two_preferences(
    which: Literal["rarer", "commoner"], choose: Callable[[AuditSplit, Instance], Sequence[Step]]
) -> Callable[[AuditSplit], Score]:
    """Explain the calls by a mixture of two preferences, without their order, and choose one preference's candidate."""

    def make(part: AuditSplit) -> Score:
        def score(row: Instance, names: Sequence[str]) -> list[float]:
            candidates = [part.attributes[name] for name in names]
            rarer, commoner = part.reader.two_preferences(choose(part, row), candidates)
            chosen = rarer if which == "rarer" else commoner
            return [float(index == chosen) for index in range(len(names))]

        return score

    return make


def _swapped_history(part: AuditSplit) -> Score:
    """Score candidates with the preference reader on the history of a user of another query group."""
    other_rows = swap_histories(part.rows)

    def score(row: Instance, names: Sequence[str]) -> list[float]:
        steps = part.steps(other_rows[row.query_group], rated=True)
        return part.reader.scores(steps, [part.attributes[name] for name in names], changes=part.facts.changes)

    return score


def _without_first_provider(part: AuditSplit, row: Instance) -> list[Step]:
    """Return the history without the calls of its first call's provider."""
    providers = _providers(part, row)
    steps = part.steps(row)
    return [step for step, provider in zip(steps, providers, strict=True) if provider != providers[0]]


SHORTCUTS: Final = (
    Shortcut("most popular tool elsewhere", "chance", _ALL, _popularity(lambda _, __, name: name)),
    Shortcut(
        "most popular provider elsewhere",
        "chance",
        _ALL,
        _popularity(lambda part, _, name: part.tools[name].provider),
    ),
    Shortcut("best position elsewhere", "chance", _ALL, _popularity(lambda _, row, name: _position(row, name))),
    Shortcut("longest description", "chance", _ALL, lambda part: _description_length(part, 1)),
    Shortcut("shortest description", "chance", _ALL, lambda part: _description_length(part, -1)),
    Shortcut("lexical match with the instruction", "chance", _ALL, _shared_words),
    Shortcut("default or example in the instruction", "chance", _ALL, _stated_schema_values),
    Shortcut("no history, usual attributes", "chance", _ALL, _familiarity),
    Shortcut("history of another user", "chance", _ALL, _swapped_history),
    Shortcut("most frequent provider of own history", "chance", _ALL, _provider_count(_providers)),
    Shortcut(
        "latest provider of own history",
        "chance",
        _ALL,
        _provider_count(lambda part, row: _providers(part, row)[-1:]),
    ),
    Shortcut(
        "liked provider of own history",
        "chance",
        ("rating_integrated",),
        _provider_count(lambda part, row: _providers(part, row, liked=True)),
    ),
    Shortcut("ratings ignored", "half", ("rating_integrated",), _reader_scores(AuditSplit.steps)),
    Shortcut("order ignored", "half", ("chronological",), _reader_scores(AuditSplit.steps)),
    Shortcut(
        "order ignored, commoner of two preferences",
        "half",
        ("chronological",),
        _two_preferences("commoner", AuditSplit.steps),
    ),
    Shortcut(
        "order ignored, rarer of two preferences",
        "half",
        ("chronological",),
        _two_preferences("rarer", AuditSplit.steps),
    ),
    Shortcut(
        "first half only",
        "half",
        ("chronological",),
        _reader_scores(lambda part, row: part.steps(row)[: len(row.history) // 2]),
    ),
    Shortcut("first provider skipped", "half", ("chronological",), _reader_scores(_without_first_provider)),
    Shortcut(
        "first provider skipped, the commoner preference",
        "half",
        ("chronological",),
        _two_preferences("commoner", _without_first_provider),
    ),
)
"""Shortcuts that are gates."""


def _shared_text(items: Callable[[ToolRow], Iterable[str]]) -> Callable[[AuditSplit], Score]:
    """Score a candidate by how often items of its documentation occur in that of the tools called in the history.

    Disliked calls are ignored.
    """

    def make(part: AuditSplit) -> Score:
        items_of = {name: frozenset(items(tool)) for name, tool in part.tools.items()}

        def score(row: Instance, names: Sequence[str]) -> list[float]:
            counts = Counter(item for step in row.history if step.rating != 0 for item in items_of[step.name])
            return [sum(counts[item] for item in items_of[name]) for name in names]

        return score

    return make


REPORTED: Final = (
    Shortcut(
        "sentences of own liked history",
        "chance",
        _ALL,
        _shared_text(lambda tool: [fact.stated for fact in tool.facts]),
    ),
    Shortcut("words of own liked history", "chance", _ALL, _shared_text(lambda tool: words(tool.description))),
)
"""Shortcuts that are reported but are not gates: they read the history, though only its wording."""


def skipping(first: int) -> Shortcut:
    """Return a shortcut that ignores the first steps of a `chronological` history.

    The shortcut is reported only; docs/explanation/validity.md states why it is not a gate.

    Args:
        first: Number of steps to ignore.
    """
    return Shortcut(
        f"first {first} steps skipped",
        "half",
        ("chronological",),
        _reader_scores(lambda part, row: part.steps(row)[first:]),
    )


def majority(axis: str) -> Shortcut:
    """Return a shortcut that reads one axis of a `preferred_only` history; reported only.

    It chooses the candidate whose value on the axis is the most frequent in the history.
    """

    def make(part: AuditSplit) -> Score:
        def score(row: Instance, names: Sequence[str]) -> list[float]:
            counts = Counter(part.attributes[step.name].get(axis) for step in row.history)
            values = [part.attributes[name].get(axis) for name in names]
            return [float(counts[value]) if value is not None else 0.0 for value in values]

        return score

    return Shortcut(f"majority of {axis}", "chance", ("preferred_only",), make)
