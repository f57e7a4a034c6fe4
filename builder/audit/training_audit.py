"""The audit of the training data: no pair of `dpo` can be told without its prompt, and every row says what it should.

Gated are the kinds of rejected calls that only the history or the instruction tells from the chosen one. A tool for
another job and a reply that nobody can read give themselves away by their nature: they are measured and reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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

TELLABLE: Final = ("wrong_functionality", "wrong_format")
"""Kinds that can be told without a prompt, by their nature."""
_ENOUGH: Final = 8
"""Query groups from which a kind is measured by itself; with fewer, chance explains anything."""
_STRAY: Final = "a row is of no train instance"
_LAST: Final = "the last message is not the answer's call"
_CHOSEN: Final = "the chosen reply is not the answer's call"
_REJECTED: Final = "the rejected reply is not wrong in the way of its kind"
_NOTHING: Final = 1e-9
"""Margins below this are rounding: what the words say cancels out."""


@dataclass(frozen=True, slots=True)
class TrainingAudit:
    """What was found of `sft` and `dpo`."""

    gates: tuple[Gate, ...]
    reported: tuple[Gate, ...]
    """Measured, and not required to pass."""
    checks: tuple[Check, ...]
    kinds: Mapping[str, int]
    """Rows of `dpo` by kind and config, `KIND of CONFIG`."""
    pairs: int
    """Rows of `dpo` that the gates were measured on; the checks are of every row."""

    @property
    def sample(self) -> str:
        """In words, what the gates rest on; empty where it is all rows."""
        total = sum(self.kinds.values())
        return "" if self.pairs == total else f"{self.pairs:,} of {total:,} rows of dpo"

    @property
    def failed(self) -> list[str]:
        """Names of the gates and checks that do not hold."""
        gates = [gate.name for gate in self.gates if not gate.passed]
        return gates + [check.name for check in self.checks if not check.passed]


@dataclass(frozen=True, slots=True)
class Pair:
    """A chosen and a rejected reply, with what is known of them besides their text."""

    query_group: str
    kind: str
    chosen: str
    rejected: str
    names: tuple[str, str]
    """Tools that the two call; empty where none can be read."""
    places: tuple[int, int]
    """Places of the two tools among the candidates, from 0; -1 where none can be read."""


class _Found:
    """The rows of a config of training data that break a rule, by rule."""

    def __init__(self, config: str, *rules: str) -> None:
        self._config = config
        self._count = 0
        self._broken = dict.fromkeys((_STRAY, *rules), 0)
        self._first: dict[str, str] = {}

    def reference(self, instance_id: str, references: Mapping[str, Reference]) -> Reference | None:
        """What a row is judged against; counts the row, and notes it where there is nothing."""
        self._count += 1
        if instance_id not in references:
            self.note(_STRAY, instance_id)
        return references.get(instance_id)

    def note(self, rule: str, instance_id: str) -> None:
        """Note that a row breaks a rule."""
        self._broken[rule] += 1
        self._first.setdefault(rule, instance_id)

    def checks(self) -> list[Check]:
        """The rules, each with the rows that break it."""
        return [
            Check(f"{self._config}: {rule}", number, self._count, self._first.get(rule, ""))
            for rule, number in self._broken.items()
        ]


def has_training(data: Path) -> bool:
    """Whether a data set has training data; imported ones have none."""
    return any((data / shards_in(data, split_file(config, "train"))[0]).is_file() for config in TRAINING)


def audit_training(data: Path, query_groups: Collection[str] | None) -> TrainingAudit:
    """Audit the training data of a data set: every row is checked, file by file with the rows of train beside it.

    Args:
        data: Its folder.
        query_groups: Those whose pairs the gates are measured on; None for all.

    Raises:
        ReadError: If the files are not what they should be.
    """
    sft, dpo = _Found("sft", _LAST), _Found("dpo", _CHOSEN, _REJECTED)
    pairs: list[Pair] = []
    kinds: Counter[str] = Counter()
    measured = 0
    for known, sft_file, dpo_file in _files(data):
        for row in read_file(sft_file, SftRow):
            reference = sft.reference(row.instance_id, known)
            if reference and not _is_answer(row.messages[-1].content, reference):
                sft.note(_LAST, row.instance_id)
        for row in read_file(dpo_file, DpoRow):
            kinds[f"{row.kind} of {row.config}"] += 1
            held = query_groups is None or row.query_group in query_groups
            measured += held
            reference = dpo.reference(row.instance_id, known)
            if reference:
                pair = _pair(row, reference)
                if held:
                    pairs.append(pair)
                if not _is_answer(pair.chosen, reference):
                    dpo.note(_CHOSEN, row.instance_id)
                if judge(pair.rejected, reference).error_class != ERROR_OF.get(row.kind):
                    dpo.note(_REJECTED, row.instance_id)
    checks = (*sft.checks(), *dpo.checks())
    return TrainingAudit(*measure(pairs), checks, dict(sorted(kinds.items())), measured)


def _files(data: Path) -> Iterator[tuple[Mapping[str, Reference], Path, Path]]:
    """Each file of `sft` and of `dpo`, with what replies to the rows of train of the same partition are judged against.

    Raises:
        ReadError: If they are not in as many files.
    """
    files = {name: files_of(data, split_file(name, "train")) for name in (*HISTORY_TYPES, *TRAINING)}
    numbers = {name: len(found) for name, found in files.items()}
    if len(set(numbers.values())) > 1:
        raise ReadError(
            f"The train splits of {str(data)!r} are in different numbers of files, {numbers}: they are not of one "
            "build. Build the data set again."
        )
    for number in range(numbers["sft"]):
        rows = (row for name in HISTORY_TYPES for row in read_file(files[name][number], Instance))
        known = {one.instance_id: one for one in references(rows)}
        yield known, files["sft"][number], files["dpo"][number]


def measure(pairs: Sequence[Pair]) -> tuple[tuple[Gate, ...], tuple[Gate, ...]]:
    """The gates, and what is reported only: how often the chosen reply is told from the rejected one."""
    gated = [pair for pair in pairs if pair.kind not in TELLABLE]
    found: list[tuple[str, Sequence[Pair], Sequence[float]]] = []
    if _query_groups(gated) > 1:
        lengths = [float(len(pair.chosen) - len(pair.rejected)) for pair in gated]
        places = [float(pair.places[1] - pair.places[0]) for pair in gated]
        found = [
            ("words of the calls", gated, _by_words(gated)),
            ("the longer call", gated, lengths),
            ("the shorter call", gated, [-length for length in lengths]),
            ("the tool that comes first among the candidates", gated, places),
            ("the tool that comes last among the candidates", gated, [-place for place in places]),
            ("the tool that is chosen more often elsewhere", gated, _by_name(gated)),
        ]
    kinds = {kind: [pair for pair in pairs if pair.kind == kind] for kind in DPO_KINDS}
    by_kind = [
        (f"words of the calls, {kind}", own, _by_words(own))
        for kind, own in kinds.items()
        if _query_groups(own) >= _ENOUGH
    ]
    found += [item for item in by_kind if item[1][0].kind not in TELLABLE]
    reported = [item for item in by_kind if item[1][0].kind in TELLABLE]
    number = len(found)
    return (
        tuple(upper_gate(name, _outcomes(own, margin), number) for name, own, margin in found),
        tuple(upper_gate(name, _outcomes(own, margin), 1) for name, own, margin in reported),
    )


def _query_groups(pairs: Sequence[Pair]) -> int:
    return len({pair.query_group for pair in pairs})


def _by_words(pairs: Sequence[Pair]) -> list[float]:
    found = margins([(pair.chosen, pair.rejected) for pair in pairs], [pair.query_group for pair in pairs])
    return [float(one) for one in found]


def _by_name(pairs: Sequence[Pair]) -> list[float]:
    """How much more often the chosen tool than the rejected one was chosen, and not rejected, in other query groups."""
    everywhere: Counter[str] = Counter()
    own: dict[str, Counter[str]] = {}
    for pair in pairs:
        for name, sign in zip(pair.names, (1, -1), strict=True):
            everywhere[name] += sign
            own.setdefault(pair.query_group, Counter())[name] += sign
    found = []
    for pair in pairs:
        chosen, rejected = (everywhere[name] - own[pair.query_group][name] for name in pair.names)
        found.append(float(chosen - rejected))
    return found


def _outcomes(pairs: Sequence[Pair], margin: Sequence[float]) -> list[Outcome]:
    """Whether each pair was told; where there is nothing to tell it by, every second one is."""
    found: list[Outcome] = []
    told_by_chance = True
    for pair, one in zip(pairs, margin, strict=True):
        if abs(one) < _NOTHING:
            told_by_chance = not told_by_chance
        found.append(Outcome(pair.query_group, told_by_chance if abs(one) < _NOTHING else one > 0, 0.5))
    return found


def _is_answer(text: str, reference: Reference) -> bool:
    return judge(text, reference, "strict").error_class == "correct"


def _pair(row: DpoRow, reference: Reference) -> Pair:
    chosen, rejected = row.chosen[0].content, row.rejected[0].content
    calls = [call.name if isinstance(call := parse(text), ToolCall) else "" for text in (chosen, rejected)]
    order = {name: place for place, name in enumerate(reference.candidates)}
    one, other = calls
    places = (order.get(one, -1), order.get(other, -1))
    return Pair(row.query_group, row.kind, chosen, rejected, (one, other), places)
