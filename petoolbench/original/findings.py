"""The audit of released rows: the gates and checks that can be had without attributes, each with a 95 % interval.

A gate is a rule that should be at chance, one in the candidates that do the job, and is tested as every gate of ours.
Where released rows do not tell which candidates those are, there is no bound, and the rule is reported.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from builder.audit.gates import Outcome, upper_gate
from builder.config import MIN_SAME_FUNCTION
from builder.progress import Progress
from builder.randomness import generator_for
from hf_dataset.reader import read_instances
from hf_dataset.schema import HISTORY_TYPES, Instance
from metrics.petoolbench.uncertainty import intervals

from .importer import SPLIT
from .released_rows import CHARACTERS_A_TOKEN
from .shortcut_rules import RULES, Rule, able, answer_of, answers_provider_was_liked, credit, popular_answers, provider

WINDOW: Final = 4000
"""Tokens to which the released harness cuts a prompt."""
RESAMPLES: Final = 2000
_Z: Final = 1.959964
_SHARES: Final = (1 / 8, 1 / 4, 1 / 2, 1.0)
"""Parts of the rows that popularity is learned from, to see whether it grows with them."""
_DRAWS: Final = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """A rate over rows, 0 to 1, with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    rows: int
    bound: float | None = None
    """What is allowed at most; None where the figure is reported only."""
    margin: float = 0.0
    """What chance may add to the bound."""
    passed: bool = True

    @property
    def holds(self) -> str:
        """`yes`, `no`, or `-` where nothing is required."""
        return "-" if self.bound is None else "yes" if self.passed else "no"


@dataclass(frozen=True, slots=True)
class ConfigFindings:
    """What was found of one config."""

    config: str
    over_all: tuple[Figure, ...]
    """Accuracy of each rule over all candidates."""
    within: tuple[Figure, ...]
    """The same among the candidates that do the job, over the rows that tell; empty where none does."""
    shares: tuple[Figure, ...]
    """Share of the rows of which something holds."""

    @property
    def figures(self) -> list[tuple[str, Figure]]:
        """Every figure, with what it is about."""
        groups = (("over all candidates", self.over_all), ("within the functionality", self.within), ("", self.shares))
        return [(f"{one.name}, {where}" if where else one.name, one) for where, group in groups for one in group]


@dataclass(frozen=True, slots=True)
class Curve:
    """How well popularity does, by how many other rows it is learned from."""

    within: bool
    points: tuple[tuple[int, float], ...]
    """Number of rows, and accuracy, the mean over draws of them."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found of an import."""

    counts: Mapping[str, int]
    same_function: Mapping[int, int]
    """Rows by the number of candidates that do the job; empty where no row tells."""
    curves: tuple[Curve, ...]
    configs: tuple[ConfigFindings, ...]

    @property
    def failed(self) -> list[str]:
        """The gates and checks that do not hold."""
        return [
            f"{item.config}: {name} at {100 * one.value:.1f} % where {100 * one.bound:.1f} % "
            f"(margin {100 * one.margin:.1f}) is allowed"
            for item in self.configs
            for name, one in item.figures
            if one.bound is not None and not one.passed
        ]


def examine(data: Path, manifest: Mapping[str, Any], progress: Progress) -> Findings:
    """Audit an import.

    Args:
        data: Its folder.
        manifest: What it says of itself.
        progress: Called as the work goes on.

    Raises:
        ReadError: If the folder is not what its manifest says.
    """
    found = []
    for number, config in enumerate(HISTORY_TYPES):
        progress("auditing", number, len(HISTORY_TYPES))
        rows = read_instances(data, config, SPLIT)
        found.append(examine_config(config, rows))
    progress("auditing", len(HISTORY_TYPES), len(HISTORY_TYPES))
    # Query, candidates and answer are those of every config, so the last one's rows tell the rest.
    counts = {
        "rows": len(rows),
        "rows that could not be read": int(manifest["counts"]["rows_not_parsed"]),
        "distinct queries": len({row.instruction for row in rows}),
        "distinct pairs of query and answer": len({_pair(row) for row in rows}),
        "distinct tools of answers": len({answer_of(row) for row in rows}),
        "distinct providers of answers": len({provider(answer_of(row)) for row in rows}),
    }
    sizes = Counter(len(names) for row in rows if (names := able(row)) is not None)
    curves = [_curve(rows, within=False)]
    if sizes.total() == len(rows):
        curves.append(_curve(rows, within=True))
    return Findings(counts, dict(sorted(sizes.items())), tuple(curves), tuple(found))


def examine_config(config: str, rows: Sequence[Instance]) -> ConfigFindings:
    """Audit one config.

    Args:
        config: History type.
        rows: At least one.
    """
    rules = [rule for rule in RULES if config in rule.configs]
    telling = [row for row in rows if able(row) is not None]
    gates = len(rules) * (1 + (len(telling) == len(rows))) if telling else 0
    return ConfigFindings(
        config,
        tuple(_rule(rule, rows, rows, gates if len(telling) == len(rows) else 0, within=False) for rule in rules),
        tuple(_rule(rule, rows, telling, gates, within=True) for rule in rules) if telling else (),
        tuple(_share(name, test, rows, required) for name, (test, required) in _tests(rows).items()),
    )


def interval(values: Sequence[float], groups: Sequence[str]) -> tuple[float, float]:
    """Ends of the 95 % interval of a mean: bootstrap over query groups, seeded.

    Where all rows fare alike a bootstrap sees no spread: then Wilson's interval, each query group counting once.

    Args:
        values: One for each row, 0 to 1; at least one.
        groups: Query group of each.
    """
    if len(set(values)) == 1 and values[0] in (0.0, 1.0):
        return wilson(values[0], len(set(groups)))
    ends = intervals(np.array(values, dtype=np.float64)[:, None], groups, resamples=RESAMPLES, seed=0)
    return float(ends[0, 0]), float(ends[0, 1])


def wilson(share: float, count: int) -> tuple[float, float]:
    """Ends of Wilson's 95 % interval of a share of so many independent trials."""
    centre = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _rule(rule: Rule, rows: Sequence[Instance], asked: Sequence[Instance], gates: int, *, within: bool) -> Figure:
    """A rule's accuracy; a gate where there are gates, so that chance is known of all rows that are asked."""
    score = rule.make(rows)
    earned = [credit(row, score(row), able(row) if within else None) for row in asked]
    groups = [row.query_group for row in asked]
    value, (low, high) = sum(earned) / len(earned), interval(earned, groups)
    if not gates:
        return Figure(rule.name, value, low, high, len(asked))
    outcomes = [
        Outcome(row.query_group, right, 1 / len(able(row) or row.candidates))
        for row, right in zip(asked, earned, strict=True)
    ]
    gate = upper_gate(rule.name, outcomes, gates)
    return Figure(rule.name, value, low, high, len(asked), gate.bound, gate.margin, gate.passed)


_Test = Callable[[Instance], bool]


def _tests(rows: Sequence[Instance]) -> dict[str, tuple[_Test, bool]]:
    """What is asked of every row, and whether it must hold of none."""
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
    if all(able(row) is not None for row in rows):
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
    return len(able(row) or ()) < MIN_SAME_FUNCTION


def _curve(rows: Sequence[Instance], *, within: bool) -> Curve:
    points = []
    for share in _SHARES:
        size = max(1, round(share * len(rows)))
        draws = 1 if size == len(rows) else _DRAWS
        total = 0.0
        for draw in range(draws):
            order = generator_for((0,), "popularity", str(size), str(draw)).permutation(len(rows))[:size]
            score = popular_answers(rows, [rows[int(index)] for index in order])
            total += sum(credit(row, score(row), able(row) if within else None) for row in rows) / len(rows)
        points.append((size, total / draws))
    return Curve(within, tuple(points))
