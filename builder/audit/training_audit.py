"""Audit of the training data: every row must be correct, and `dpo` pairs must not be solvable without their prompt.

Gates apply to the kinds of rejected calls that differ from the chosen call only in the light of the history or the
instruction. A tool for another job and an unreadable reply are recognisable by their nature; their accuracies are only
reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from builder.training.rejected_calls import ERROR_OF
from hf_dataset.errors import ReadError
from hf_dataset.layout import TRAINING, shards_in, split_file
from hf_dataset.reader import files_of, read_file
from hf_dataset.references import references
from hf_dataset.schema import DPO_KINDS, HISTORY_TYPES, DpoRow, Instance, SftRow
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import Reference, ToolCall

from .gates import Gate, Outcome, upper_gate
from .row_checks import Check
from .word_classifier import margins

RECOGNISABLE_KINDS: Final = ("wrong_functionality", "wrong_format")
"""Kinds of rejected calls that are recognisable without the prompt by their nature."""
_MIN_QUERY_GROUPS: Final = 8
"""Minimum number of query groups for a separate gate on a kind; with fewer, chance explains every accuracy."""
_STRAY: Final = "a row is of no train instance"
_LAST: Final = "the last message is not the answer's call"
_CHOSEN: Final = "the chosen reply is not the answer's call"
_REJECTED: Final = "the rejected reply is not wrong in the way of its kind"
_ZERO_MARGIN: Final = 1e-9
"""Margins with a smaller absolute value are rounding errors."""


@dataclass(frozen=True, slots=True)
class TrainingAudit:
    """Results for `sft` and `dpo`."""

    gates: tuple[Gate, ...]
    reported: tuple[Gate, ...]
    """Accuracies that are reported but need not stay below a bound."""
    checks: tuple[Check, ...]
    """Counts over every row, including rows outside the sample."""
    kinds: Mapping[str, int]
    """Number of `dpo` rows by kind and config; keys are `KIND of CONFIG`."""
    pairs: int
    """Number of `dpo` rows on which the gates were measured."""

    @property
    def sample(self) -> str:
        """Description of the sample for the gates; empty if all rows were measured."""
        total = sum(self.kinds.values())
        return "" if self.pairs == total else f"{self.pairs:,} of {total:,} rows of dpo"

    @property
    def failed(self) -> list[str]:
        """Names of the exceeded gates and the failed checks."""
        gates = [gate.name for gate in self.gates if not gate.passed]
        return gates + [check.name for check in self.checks if not check.passed]


@dataclass(frozen=True, slots=True)
class Pair:
    """The chosen and the rejected reply of a `dpo` row."""

    query_group: str
    kind: str
    """Error of the rejected reply; one of `DPO_KINDS`."""
    chosen: str
    rejected: str
    names: tuple[str, str]
    """Names of the tools that the chosen and the rejected reply call; empty if the reply cannot be parsed."""
    places: tuple[int, int]
    """Positions of the two tools among the candidates, from 0; -1 if the tool is not a candidate."""


_Test = tuple[str, Sequence[Pair], Sequence[float]]
"""Name of a gate, its pairs, and the margin by which the gate's rule prefers the chosen reply of each pair."""


class _Violations:
    """Counter of the rows of a config that violate each rule."""

    def __init__(self, config: str, *rules: str) -> None:
        self._config = config
        self._rows = 0
        self._counts = dict.fromkeys((_STRAY, *rules), 0)
        self._first: dict[str, str] = {}

    def find_reference(self, instance_id: str, references: Mapping[str, Reference]) -> Reference | None:
        """Count a row and return its reference; a row without a reference is a violation."""
        self._rows += 1
        if instance_id not in references:
            self.add(_STRAY, instance_id)
        return references.get(instance_id)

    def add(self, rule: str, instance_id: str) -> None:
        """Count a row that violates a rule."""
        self._counts[rule] += 1
        self._first.setdefault(rule, instance_id)

    def checks(self) -> list[Check]:
        """Return a check for each rule."""
        return [
            Check(f"{self._config}: {rule}", count, self._rows, self._first.get(rule, ""))
            for rule, count in self._counts.items()
        ]


def has_training(data: Path) -> bool:
    """Return True if a data set has training data; imported data sets, and those without users in train, have none."""
    files = [data / path for config in TRAINING for path in shards_in(data, split_file(config, "train"))]
    return any(path.is_file() and pq.read_metadata(path).num_rows for path in files)


def audit_training(data: Path, query_groups: Collection[str] | None) -> TrainingAudit:
    """Audit the training data of a data set: check every row, and measure the gates on all or some query groups.

    Args:
        data: Folder of the data set.
        query_groups: Query groups on which the gates are measured; None for all.

    Returns:
        The gates, the checks, and the number of rows of each kind.

    Raises:
        ReadError: If a file is missing or malformed, or the files belong to different builds.
    """
    sft, dpo = _Violations("sft", _LAST), _Violations("dpo", _CHOSEN, _REJECTED)
    pairs: list[Pair] = []
    kinds: Counter[str] = Counter()
    measured = 0
    for train_references, sft_file, dpo_file in _files(data):
        for row in read_file(sft_file, SftRow):
            _check_sft(row, train_references, sft)
        for row in read_file(dpo_file, DpoRow):
            kinds[f"{row.kind} of {row.config}"] += 1
            pair = _check_dpo(row, train_references, dpo)
            if query_groups is None or row.query_group in query_groups:
                measured += 1
                if pair:
                    pairs.append(pair)
    checks = (*sft.checks(), *dpo.checks())
    return TrainingAudit(*measure(pairs), checks, dict(sorted(kinds.items())), measured)


def _check_sft(row: SftRow, references: Mapping[str, Reference], violations: _Violations) -> None:
    reference = violations.find_reference(row.instance_id, references)
    if reference and not _is_answer(row.messages[-1].content, reference):
        violations.add(_LAST, row.instance_id)


def _check_dpo(row: DpoRow, references: Mapping[str, Reference], violations: _Violations) -> Pair | None:
    """Check a row and return its pair; None if it has no reference."""
    reference = violations.find_reference(row.instance_id, references)
    if reference is None:
        return None
    pair = _pair(row, reference)
    if not _is_answer(pair.chosen, reference):
        violations.add(_CHOSEN, row.instance_id)
    if judge(pair.rejected, reference).error_class != ERROR_OF.get(row.kind):
        violations.add(_REJECTED, row.instance_id)
    return pair


def _files(data: Path) -> Iterator[tuple[Mapping[str, Reference], Path, Path]]:
    """Yield, for each partition, the references of its train instances by id, and its files of `sft` and `dpo`.

    Raises:
        ReadError: If the tables are in different numbers of files.
    """
    files = {name: files_of(data, split_file(name, "train")) for name in (*HISTORY_TYPES, *TRAINING)}
    numbers = {name: len(paths) for name, paths in files.items()}
    if len(set(numbers.values())) > 1:
        raise ReadError(
            f"The train splits of {str(data)!r} are in different numbers of files, {numbers}: they belong to different "
            "builds. Build the data set again."
        )
    for number in range(numbers["sft"]):
        rows = (row for name in HISTORY_TYPES for row in read_file(files[name][number], Instance))
        by_id = {reference.instance_id: reference for reference in references(rows)}
        yield by_id, files["sft"][number], files["dpo"][number]


def measure(pairs: Sequence[Pair]) -> tuple[tuple[Gate, ...], tuple[Gate, ...]]:
    """Measure how often rules that do not read the prompt prefer the chosen reply to the rejected one.

    Args:
        pairs: Pairs of all kinds.

    Returns:
        The gates, and the accuracies that are only reported.
    """
    gates = _pooled_tests([pair for pair in pairs if pair.kind not in RECOGNISABLE_KINDS])
    gates += _kind_tests(pairs, [kind for kind in DPO_KINDS if kind not in RECOGNISABLE_KINDS])
    reported = _kind_tests(pairs, [kind for kind in DPO_KINDS if kind in RECOGNISABLE_KINDS])
    return (
        tuple(upper_gate(name, _outcomes(part, margin), len(gates)) for name, part, margin in gates),
        tuple(upper_gate(name, _outcomes(part, margin), 1) for name, part, margin in reported),
    )


def _pooled_tests(pairs: Sequence[Pair]) -> list[_Test]:
    """Return the tests on all gated kinds together."""
    if _count_query_groups(pairs) < 2:
        return []
    lengths = [float(len(pair.chosen) - len(pair.rejected)) for pair in pairs]
    places = [float(pair.places[1] - pair.places[0]) for pair in pairs]
    return [
        ("words of the calls", pairs, _word_margins(pairs)),
        ("the longer call", pairs, lengths),
        ("the shorter call", pairs, [-length for length in lengths]),
        ("the tool that comes first among the candidates", pairs, places),
        ("the tool that comes last among the candidates", pairs, [-place for place in places]),
        ("the tool that is chosen more often elsewhere", pairs, _tool_margins(pairs)),
    ]


def _kind_tests(pairs: Sequence[Pair], kinds: Sequence[str]) -> list[_Test]:
    """Return a test on words for each kind with enough query groups."""
    by_kind = {kind: [pair for pair in pairs if pair.kind == kind] for kind in kinds}
    return [
        (f"words of the calls, {kind}", part, _word_margins(part))
        for kind, part in by_kind.items()
        if _count_query_groups(part) >= _MIN_QUERY_GROUPS
    ]


def _count_query_groups(pairs: Sequence[Pair]) -> int:
    return len({pair.query_group for pair in pairs})


def _word_margins(pairs: Sequence[Pair]) -> list[float]:
    scores = margins([(pair.chosen, pair.rejected) for pair in pairs], [pair.query_group for pair in pairs])
    return [float(score) for score in scores]


def _tool_margins(pairs: Sequence[Pair]) -> list[float]:
    """Return, for each pair, the popularity of the chosen tool minus that of the rejected tool.

    The popularity of a tool is the number of pairs in which it is chosen minus the number in which it is rejected,
    over the pairs of all other query groups.
    """
    totals: Counter[str] = Counter()
    by_group: dict[str, Counter[str]] = {}
    for pair in pairs:
        for name, sign in zip(pair.names, (1, -1), strict=True):
            totals[name] += sign
            by_group.setdefault(pair.query_group, Counter())[name] += sign
    differences = []
    for pair in pairs:
        chosen, rejected = (totals[name] - by_group[pair.query_group][name] for name in pair.names)
        differences.append(float(chosen - rejected))
    return differences


def _outcomes(pairs: Sequence[Pair], margin: Sequence[float]) -> list[Outcome]:
    """Return the outcomes of a rule. Where its margin is zero, every second pair counts as right."""
    outcomes: list[Outcome] = []
    right_by_chance = True
    for pair, value in zip(pairs, margin, strict=True):
        undecided = abs(value) < _ZERO_MARGIN
        if undecided:
            right_by_chance = not right_by_chance
        outcomes.append(Outcome(pair.query_group, right_by_chance if undecided else value > 0, 0.5))
    return outcomes


def _is_answer(text: str, reference: Reference) -> bool:
    return judge(text, reference, "strict").error_class == "correct"


def _pair(row: DpoRow, reference: Reference) -> Pair:
    chosen, rejected = row.chosen[0].content, row.rejected[0].content
    positions = {name: position for position, name in enumerate(reference.candidates)}
    first, second = (call.name if isinstance(call := parse(text), ToolCall) else "" for text in (chosen, rejected))
    places = (positions.get(first, -1), positions.get(second, -1))
    return Pair(row.query_group, row.kind, chosen, rejected, (first, second), places)
