"""Audit of released rows: the gates and checks that need no facts of tools, each with a 95 % interval.

A gate requires that a rule is not better than chance: a random choice among the candidates with the requested
functionality. The test is that of all gates of the audit. If the released rows do not specify these candidates, a rule
has no bound and is only reported.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.audit.gates import Outcome, upper_gate
from builder.config import MIN_SAME_FUNCTION
from builder.progress import Progress
from builder.randomness import generator_for
from hf_dataset.manifest import Manifest
from hf_dataset.reader import read_instances
from hf_dataset.schema import HISTORY_TYPES, Instance
from petoolbench.rate_intervals import interval

from .importer import SPLIT
from .released_rows import CHARACTERS_A_TOKEN
from .shortcut_rules import (
    RULES,
    Rule,
    answer_of,
    answers_provider_was_liked,
    capable_tools,
    credit,
    popular_answers,
    provider,
)

WINDOW: Final = 4000
"""Length in tokens to which the released harness truncates a prompt."""
"""97.5th percentile of the standard normal distribution."""
_SHARES: Final = (1 / 8, 1 / 4, 1 / 2, 1.0)
"""Shares of the rows with known answers, for the curves of popularity."""
_DRAWS: Final = 20
"""Number of random subsets per point of a curve."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Rate over instances, 0 to 1, with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    rows: int
    bound: float | None = None
    """Upper bound, 0 to 1; None if the figure is only reported."""
    margin: float = 0.0
    """Margin above the bound within which a gate passes, 0 to 1."""
    passed: bool = True

    @property
    def holds(self) -> str:
        """Result of the gate or check: `yes`, `no`, or `-` if there is no bound."""
        return "-" if self.bound is None else "yes" if self.passed else "no"


@dataclass(frozen=True, slots=True)
class ConfigFindings:
    """Figures of one config."""

    config: str
    over_all: tuple[Figure, ...]
    """Accuracy of each rule that chooses among all candidates."""
    within: tuple[Figure, ...]
    """Accuracy of each rule that chooses among the candidates with the requested functionality.

    Only over the rows that specify these candidates; empty if none does."""
    shares: tuple[Figure, ...]
    """Share of the rows with each checked property."""

    @property
    def figures(self) -> list[tuple[str, Figure]]:
        """All figures, with their names."""
        groups = (("over all candidates", self.over_all), ("within the functionality", self.within), ("", self.shares))
        return [
            (f"{figure.name}, {where}" if where else figure.name, figure) for where, group in groups for figure in group
        ]


@dataclass(frozen=True, slots=True)
class Curve:
    """Accuracy of the most popular provider, by the number of rows with known answers."""

    within: bool
    """True if the rule chooses only among the candidates with the requested functionality."""
    points: tuple[tuple[int, float], ...]
    """Number of rows with known answers, and accuracy, averaged over random subsets of this size."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Result of the audit of an import."""

    counts: Mapping[str, int]
    """Number of rows, queries, tools and providers."""
    same_function: Mapping[int, int]
    """Number of rows by number of candidates with the requested functionality; empty if no row specifies these."""
    curves: tuple[Curve, ...]
    configs: tuple[ConfigFindings, ...]

    @property
    def failed(self) -> list[str]:
        """Descriptions of the failed gates and checks."""
        return [
            f"{item.config}: {name} at {100 * figure.value:.1f} %, allowed are {100 * figure.bound:.1f} % "
            f"(margin {100 * figure.margin:.1f})"
            for item in self.configs
            for name, figure in item.figures
            if figure.bound is not None and not figure.passed
        ]


def examine(data: Path, manifest: Manifest, progress: Progress) -> Findings:
    """Return the result of auditing imported data of the original benchmark.

    Args:
        data: Folder of the imported data set.
        manifest: Manifest of the folder.
        progress: Progress callback.

    Raises:
        ReadError: If the instances cannot be read.
    """
    configs = []
    for number, config in enumerate(HISTORY_TYPES):
        progress("auditing", number, len(HISTORY_TYPES))
        rows = read_instances(data, config, SPLIT)
        configs.append(examine_config(config, rows))
    progress("auditing", len(HISTORY_TYPES), len(HISTORY_TYPES))
    # The configs share queries, candidates and answers, so the rest is computed from the last one.
    counts = {
        "rows": len(rows),
        "rows that could not be read": int(manifest.counts["rows_not_parsed"]),
        "distinct queries": len({row.instruction for row in rows}),
        "distinct pairs of query and answer": len({_pair(row) for row in rows}),
        "distinct tools of answers": len({answer_of(row) for row in rows}),
        "distinct providers of answers": len({provider(answer_of(row)) for row in rows}),
    }
    sizes = Counter(len(names) for row in rows if (names := capable_tools(row)) is not None)
    curves = [_curve(rows, within=False)]
    if sizes.total() == len(rows):
        curves.append(_curve(rows, within=True))
    return Findings(counts, dict(sorted(sizes.items())), tuple(curves), tuple(configs))


def examine_config(config: str, rows: Sequence[Instance]) -> ConfigFindings:
    """Audit one config.

    Args:
        config: History type.
        rows: Instances of the config; not empty.

    Returns:
        The accuracies of the shortcut rules and the shares of rows with each checked property.
    """
    over_all, within = _rule_figures(config, rows)
    shares = tuple(_share(name, test, rows, required) for name, (test, required) in _tests(rows).items())
    return ConfigFindings(config, over_all, within, shares)


def _rule_figures(config: str, rows: Sequence[Instance]) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
    """Return the accuracy of each rule over all candidates, and among those with the requested functionality."""
    rules = [rule for rule in RULES if config in rule.configs]
    specified = [row for row in rows if capable_tools(row) is not None]
    complete = len(specified) == len(rows)
    # Bonferroni's correction counts all gates of the config. Over all candidates, chance is known only if every row
    # specifies the candidates with the requested functionality.
    gates = (2 if complete else 1) * len(rules)
    over_all = tuple(_rule(rule, rows, rows, gates if complete else 0, within=False) for rule in rules)
    if not specified:
        return over_all, ()
    return over_all, tuple(_rule(rule, rows, specified, gates, within=True) for rule in rules)


def _rule(rule: Rule, rows: Sequence[Instance], asked: Sequence[Instance], gates: int, *, within: bool) -> Figure:
    """Return the accuracy of a rule on rows, tested as one of `gates` gates unless `gates` is 0."""
    score = rule.make(rows)
    earned = [credit(row, score(row), capable_tools(row) if within else None) for row in asked]
    groups = [row.query_group for row in asked]
    value, (low, high) = sum(earned) / len(earned), interval(earned, groups)
    if not gates:
        return Figure(rule.name, value, low, high, len(asked))
    outcomes = [
        Outcome(row.query_group, right, 1 / len(capable_tools(row) or row.candidates))
        for row, right in zip(asked, earned, strict=True)
    ]
    gate = upper_gate(rule.name, outcomes, gates)
    return Figure(rule.name, value, low, high, len(asked), gate.bound, gate.margin, gate.passed)


_Test = Callable[[Instance], bool]


def _tests(rows: Sequence[Instance]) -> dict[str, tuple[_Test, bool]]:
    """Return the checks of each row by name, each with True if no row may have the property."""
    queries = Counter(row.instruction for row in rows)
    pairs = Counter(_pair(row) for row in rows)
    tests: dict[str, tuple[_Test, bool]] = {
        "the answer's provider stands in the own liked history": (answers_provider_was_liked, False),
        "the query stands word for word in the own history": (_verbatim, True),
        "the query is that of another row too": (lambda row: queries[row.instruction] > 1, False),
        "query and answer are those of another row too": (lambda row: pairs[_pair(row)] > 1, False),
        "the answer has no arguments": (_no_arguments, True),
        f"the prompt is over {WINDOW:,} tokens ({CHARACTERS_A_TOKEN} characters each)": (_too_long, False),
    }
    if all(capable_tools(row) is not None for row in rows):
        tests[f"fewer than {MIN_SAME_FUNCTION} candidates do the job"] = (_too_few, True)
    return tests


def _share(name: str, test: _Test, rows: Sequence[Instance], required: bool) -> Figure:
    values = [float(test(row)) for row in rows]
    low, high = interval(values, [row.query_group for row in rows])
    value = sum(values) / len(values)
    return Figure(name, value, low, high, len(rows), 0.0 if required else None, passed=not (required and value))


def _pair(row: Instance) -> tuple[str, str, str]:
    assert row.answer is not None
    return row.instruction, row.answer.name, row.answer.arguments


def _verbatim(row: Instance) -> bool:
    return any(step.instruction == row.instruction for step in row.history)


def _no_arguments(row: Instance) -> bool:
    assert row.answer is not None
    return not json.loads(row.answer.arguments)


def _too_long(row: Instance) -> bool:
    return row.meta is not None and (row.meta.n_tokens or 0) > WINDOW


def _too_few(row: Instance) -> bool:
    return len(capable_tools(row) or ()) < MIN_SAME_FUNCTION


def _curve(rows: Sequence[Instance], *, within: bool) -> Curve:
    points = []
    for share in _SHARES:
        size = max(1, round(share * len(rows)))
        draws = 1 if size == len(rows) else _DRAWS
        total = 0.0
        for draw in range(draws):
            order = generator_for((0,), "popularity", str(size), str(draw)).permutation(len(rows))[:size]
            score = popular_answers(rows, [rows[int(index)] for index in order])
            total += sum(credit(row, score(row), capable_tools(row) if within else None) for row in rows) / len(rows)
        points.append((size, total / draws))
    return Curve(within, tuple(points))
