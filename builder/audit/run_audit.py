"""Audit of a data set: all gates and checks of each config and of the training data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from builder.embedding import Encoder
from builder.predictors.oracle import best_of
from builder.predictors.protocol import Predictor, tool_call
from builder.predictors.reading import ORACLE
from builder.predictors.scored_choice import ScoredPredictor
from builder.predictors.simple import uniform
from builder.progress import Progress
from builder.single_threads import single_threads
from hf_dataset.manifest import AuditSummary, Manifest
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.aggregation import judge

from .audit_split import AuditSplit, read_audit_splits
from .gates import Gate, Outcome, in_each_split, upper_gate
from .oracle_breakdown import Breakdown, break_down
from .reader_gates import reader_gates
from .request_texts import split_texts
from .row_checks import Check, run_checks
from .row_sampling import MAX_ROWS_IN_MEMORY, Basis, in_words
from .shortcut import Shortcut, ShortcutPredictor
from .shortcuts import gated_shortcuts, reported_shortcuts
from .text_quality import Asked, TextQuality, asked, text_quality
from .text_repetition import SplitTexts, text_repetition
from .training_audit import TrainingAudit, audit_training, has_training


@dataclass(frozen=True, slots=True)
class ConfigAudit:
    """Results for one config."""

    config: str
    gates: tuple[Gate, ...]
    reported: tuple[Gate, ...]
    """Accuracies that are reported but need not stay below a bound."""
    checks: tuple[Check, ...]
    """Counts over every row, including rows outside the sample."""
    oracle: tuple[Breakdown, ...]
    basis: tuple[Basis, ...]
    """Size of the sample that everything except the checks was measured on, for each split."""

    @property
    def sample(self) -> str:
        """Description of the sample; empty if all rows were measured."""
        return in_words(self.basis)

    @property
    def failed(self) -> list[str]:
        """Names of the exceeded gates and the failed checks."""
        gates = [gate.name for gate in self.gates if not gate.passed]
        return gates + [check.name for check in self.checks if not check.passed]


@dataclass(frozen=True, slots=True)
class Audit:
    """Results for a data set."""

    configs: tuple[ConfigAudit, ...]
    instructions: TextQuality
    texts: tuple[SplitTexts, ...]
    """Figures on the texts of each split; histories are those of the last config."""
    training: TrainingAudit | None = None
    """None if the data set has no training data."""

    @property
    def rows(self) -> tuple[int, int]:
        """Number of measured rows of a config, and number of all its rows. Checks cover all rows."""
        basis = self.configs[-1].basis
        return sum(split.rows for split in basis), sum(split.of_rows for split in basis)

    @property
    def sampled(self) -> bool:
        """True if anything was measured on a sample."""
        return any(item.sample for _, item in self.parts)

    @property
    def summary(self) -> AuditSummary:
        """Numbers of gates and checks, for the manifest."""
        return AuditSummary(
            gates=sum(len(item.gates) for _, item in self.parts),
            gates_that_cannot_tell=sum(not gate.decides for _, item in self.parts for gate in item.gates),
            checks=sum(check.required for _, item in self.parts for check in item.checks),
            gates_on_rows=self.rows[0] if self.sampled else None,
        )

    @property
    def parts(self) -> list[tuple[str, ConfigAudit | TrainingAudit]]:
        """Results for each config and for the training data, with their names."""
        training = [("training data", self.training)] if self.training else []
        return [*((item.config, item) for item in self.configs), *training]

    @property
    def failed(self) -> list[str]:
        """Descriptions of the gates and checks that do not hold, with the measured values."""
        failures = []
        for name, item in self.parts:
            failures += [f"{name}: {_gate_failure(gate)}" for gate in item.gates if not gate.passed]
            failures += [
                f"{name}: {check.name}, {check.violations} times, first in {check.example!r}"
                for check in item.checks
                if not check.passed
            ]
        return failures


def _gate_failure(gate: Gate) -> str:
    """Describe a gate that does not hold."""
    limit = "required" if gate.is_lower else "allowed"
    splits = (f", in {split} at {100 * gate.splits[split]:.1f} %" for split in gate.failed_in)
    return (
        f"{gate.name} at {100 * gate.accuracy:.1f} % where {100 * gate.bound:.1f} % "
        f"(margin {100 * gate.margin:.1f}) is {limit}{''.join(splits)}"
    )


def audit(
    data: Path,
    answers: Path | None,
    manifest: Manifest,
    encoder: Encoder,
    progress: Progress,
    *,
    most: int = MAX_ROWS_IN_MEMORY,
    workers: int = 1,
) -> Audit:
    """Audit a data set. Every row is checked; gates are measured on a sample of each split that is too large.

    Args:
        data: Folder of the data set.
        answers: Folder of the private answers; without it the test split is left out.
        manifest: Manifest of the data set.
        encoder: Sentence encoder for the similarity of instructions.
        progress: Progress callback.
        most: Maximum number of rows of a split that are measured without sampling.
        workers: Number of processes. With several, configs are audited at the same time; the result is the same.

    Returns:
        The gates and checks of each config and of the training data, and the figures on texts.

    Raises:
        ReadError: If a file of the data set or the answers is missing or malformed.
    """
    audit_one = partial(_audit_one, data, answers, manifest, most)
    found: dict[str, _OfConfig] = {}
    training = None
    with _pool(workers) as pool:
        # Known without the configs only if all rows are measured: the sample has the same query groups.
        is_whole = manifest.rows[HISTORY_TYPES[0]].get("train", 0) <= most
        early = pool.submit(audit_training, data, None) if pool and is_whole and has_training(data) else None
        audits = (pool.map if pool else map)(audit_one, HISTORY_TYPES)
        for number, (config, of_config) in enumerate(zip(HISTORY_TYPES, audits, strict=True)):
            progress("auditing", number, len(HISTORY_TYPES))
            found[config] = of_config
        # All configs have the same instructions and query groups.
        last = found[HISTORY_TYPES[-1]]
        if early is not None:
            training = early.result()
        elif has_training(data):
            training = audit_training(data, last.sampled_groups)
    progress("auditing", len(HISTORY_TYPES), len(HISTORY_TYPES))
    return Audit(
        tuple(of_config.audit for of_config in found.values()),
        text_quality(last.instructions, encoder),
        last.texts,
        training,
    )


@dataclass(frozen=True, slots=True)
class _OfConfig:
    """Result for one config, with what is measured only once."""

    audit: ConfigAudit
    instructions: Sequence[Asked]
    """Instructions of the last config, which the others share; empty for these."""
    texts: tuple[SplitTexts, ...]
    """Figures on the texts of the last config; empty for the others."""
    sampled_groups: frozenset[str] | None
    """Query groups of the sample of the first split; None if it was measured completely."""


def _audit_one(data: Path, answers: Path | None, manifest: Manifest, most: int, config: str) -> _OfConfig:
    parts = read_audit_splits(data, config, answers, manifest, most)
    sampled = parts[0].sampled.query_groups if parts[0].sampled else None
    if config != HISTORY_TYPES[-1]:
        return _OfConfig(audit_config(parts), (), (), sampled)
    texts = text_repetition({part.split: split_texts(part) for part in parts if part.rows})
    instructions = [item for part in parts for item in asked(part.rows, part.split)]
    return _OfConfig(audit_config(parts), instructions, texts, sampled)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    """Yield processes for all parts of an audit, or None to run them in this process."""
    if workers == 1:
        yield None
        return
    # One process for each part, even with two workers: the last part would otherwise wait for the first ones.
    with single_threads(), ProcessPoolExecutor(len(HISTORY_TYPES) + 1, mp_context=get_context("spawn")) as pool:
        yield pool


def audit_config(parts: Sequence[AuditSplit]) -> ConfigAudit:
    """Audit one config.

    Args:
        parts: The splits whose answers are known; together they have at least one row.

    Returns:
        The gates, the checks and the breakdowns of the oracle's accuracy.
    """
    shortcuts = gated_shortcuts(parts)
    tests_per_gate = len(parts) + 1  # all rows, and each split
    tests = (len(shortcuts) + 1) * tests_per_gate  # the other gate is `random`
    read = _read(parts)
    random = _outcomes(parts, lambda _: ScoredPredictor(uniform, 0), "tenth")
    gates, reported = reader_gates(parts, read)
    gates += [
        in_each_split(lambda rows: upper_gate("random", rows, tests), random),
        *(shortcut_gate(parts, shortcut, tests) for shortcut in shortcuts),
    ]
    reported += [shortcut_gate(parts, shortcut, tests) for shortcut in reported_shortcuts(parts)]
    return ConfigAudit(
        parts[0].config,
        tuple(gates),
        tuple(reported),
        tuple(run_checks(parts)),
        break_down(
            [row for part in parts for row in part.rows],
            [bool(outcome.right) for part in parts for outcome in read[ORACLE][part.split]],
        ),
        tuple(part.basis for part in parts),
    )


def _read(parts: Sequence[AuditSplit]) -> dict[str, dict[str, list[Outcome]]]:
    """Infer the tool of every row by every reader; return the outcomes by reader, the oracle first."""
    outcomes: dict[str, dict[str, list[Outcome]]] = {}
    for part in parts:
        replies: dict[str, dict[str, str]] = {}
        for row in part.rows:
            names = part.capable_tools(row)
            for reader, scores in part.reading.verdicts(row, names).items():
                replies.setdefault(reader, {})[row.instance_id] = tool_call(names[best_of(scores)], {})
        for reader, of_reader in replies.items():
            outcomes.setdefault(reader, {})[part.split] = _scored(part, of_reader, "chance")
    return outcomes


def shortcut_gate(parts: Sequence[AuditSplit], shortcut: Shortcut, tests: int) -> Gate:
    """Return the gate on a shortcut.

    Args:
        parts: The splits of a config.
        shortcut: The shortcut.
        tests: Number of tests that share the level.
    """
    outcomes = _outcomes(parts, lambda part: ShortcutPredictor(shortcut, part), shortcut.bound)
    return in_each_split(lambda rows: upper_gate(shortcut.name, rows, tests), outcomes)


def _outcomes(
    parts: Sequence[AuditSplit], make: Callable[[AuditSplit], Predictor], bound: str
) -> dict[str, list[Outcome]]:
    """Predict every row; return the outcomes by split."""
    outcomes: dict[str, list[Outcome]] = {}
    for part in parts:
        predictor = make(part)
        replies = {row.instance_id: predictor.predict(row) for row in part.rows}
        outcomes[part.split] = _scored(part, replies, bound)
    return outcomes


def _scored(part: AuditSplit, replies: Mapping[str, str], bound: str) -> list[Outcome]:
    """Score replies with the code that scores models; the same reply to a row is scored once."""
    outcomes = []
    for row, reference in zip(part.rows, part.references, strict=True):
        reply = replies[row.instance_id]
        if (row.instance_id, reply) not in part.judged:
            part.judged[row.instance_id, reply] = judge(reply, reference).tool_correct
        if bound == "chance":
            expected = 1 / len(part.capable_tools(row))
        else:
            expected = 0.5 if bound == "half" else 1 / len(row.candidates)
        outcomes.append(Outcome(f"{part.split}/{row.query_group}", part.judged[row.instance_id, reply], expected))
    return outcomes
